package import Wire

/// Behaviour that the documents allow and that a tester must not blame.
package struct Variation: Sendable {
  package let id: Name
  package let role: NodeRole
  /// What it does, and why that is lawful.
  package let summary: String
  /// Requirements that may stay undecided because of it, by the text they are read in, and why.
  package var inconclusive: [Dialect: [String: String]] = [:]

  package var name: String { id.rawValue }

  package enum Name: String, Sendable, CaseIterable {
    case briPaddedWithPad1 = "bri-padded-with-pad1"
    case baExtraOptions = "ba-extra-options"
    case slowBRI = "slow-bri"
    case slowBA = "slow-ba"
    case briSequenceWraps = "bri-sequence-wraps"
    case grantsLess = "grants-less"
    case routerNoise = "router-noise"
    case slowBRA = "slow-bra"
    case braPaddedWithPad1 = "bra-padded-with-pad1"
    case silentToCopies = "silent-to-copies"
    case buSequenceWraps = "bu-sequence-wraps"
    case buExtraOption = "bu-extra-option"
    case neighbourNoise = "neighbour-noise"
    case be1ToHAOBRI = "be1-to-hao-bri"
  }

  /// What slow nodes wait: well inside every timer that their peer runs.
  static let slowness = Interval.milliseconds(300)
  /// How often a noisy node says something.
  static let noiseInterval = Interval.milliseconds(500)

  /// What a BRI in a Home Address option decides: nothing of a UE that answers each with Binding Error 1.
  private static let undecidedWithoutOption = [
    "24303-5.4.2.1-02", "24303-5.4.2.1-03", "24303-5.4.2.1-05", "24303-5.4.2.1-08", "BR01-5.1-02", "BR01-5.1-03", "BR01-6.1-03",
    "BR01-6.1-04a", "BR01-10.1-01a", "BR01-10.1-04", "BR01-10.1-05", "BR01-10.2-02", "BR01-10.2-03", "BR01-10.2-04", "MH-send-01",
    "M-01a", "M-01b", "M-01c", "M-01d", "M-01e", "M-01f", "M-01g", "M-02a", "M-02b", "M-03", "M-05",
  ]

  package static let all: [Variation] = [
    Variation(id: .briPaddedWithPad1, role: .homeAgent, summary: "pads the BRI with four Pad1 options; RFC 6275 6.2.2"),
    Variation(
      id: .baExtraOptions, role: .homeAgent,
      summary: "adds Binding Refresh Advice and an unknown option to the BA of a registration; RFC 6275 6.2.1, 6.2.4"),
    Variation(id: .slowBRI, role: .homeAgent, summary: "sends the BRI 300 ms after the trigger; 24.303 5.4.3.1 gives no number"),
    Variation(id: .slowBA, role: .homeAgent, summary: "answers Binding Updates after 300 ms; RFC 6275 12: the UE waits 1 s"),
    Variation(
      id: .briSequenceWraps, role: .homeAgent, summary: "numbers its BRIs from 65534, past 65535 to 0; RFC 6275 9.5.1 counts modulo 65536"),
    Variation(id: .grantsLess, role: .homeAgent, summary: "grants half the lifetime asked for; RFC 6275 9.5.1"),
    Variation(id: .routerNoise, role: .homeAgent, summary: "sends Router Advertisements; RFC 4861 6.2.4"),
    Variation(
      id: .slowBRA, role: .userEquipment, summary: "answers a BRI after 300 ms; draft-01 11, RFC 5846 11: the Home Agent waits 1 s"),
    Variation(id: .braPaddedWithPad1, role: .userEquipment, summary: "pads the BRA with four Pad1 options; RFC 6275 6.2.2"),
    Variation(
      id: .silentToCopies, role: .userEquipment,
      summary: "does not answer a BRI again once its binding is gone; draft-01 10.2, RFC 5846 10.1: silently discarded"),
    Variation(
      id: .buSequenceWraps, role: .userEquipment, summary: "numbers its BUs from 65534, past 65535 to 0; RFC 6275 9.5.1 counts modulo 65536"
    ),
    Variation(id: .buExtraOption, role: .userEquipment, summary: "adds an unknown option to its BUs; RFC 6275 6.2.1: skipped"),
    Variation(
      id: .neighbourNoise, role: .userEquipment,
      summary: "solicits the Home Agent's address and sends it echo requests; RFC 4861 7.2, RFC 4443 4.1"),
    Variation(
      id: .be1ToHAOBRI, role: .userEquipment,
      summary:
        "draft-01: answers a BRI in a Home Address option with Binding Error 1, takes one in a type 2 routing header; RFC 3775 9.3.1",
      inconclusive: [
        .draft01: Dictionary(
          uniqueKeysWithValues: undecidedWithoutOption.map { ($0, "the UE handles a BRI in a type 2 routing header only") })
      ]),
  ]

  /// Reads a name.
  /// - Throws: `VariationError`, which names the mend.
  package static func named(_ name: String, role: NodeRole) throws(VariationError) -> Variation {
    if let found = all.first(where: { $0.name == name && $0.role == role }) { return found }
    guard all.contains(where: { $0.name == name }) else {
      throw .unknown(name, nearest: nearestNames(to: name, among: all.filter { $0.role == role }.map(\.name)))
    }
    throw .wrongRole(name, asked: role)
  }
}

/// Why a variation cannot be had; the command line's status 64.
package enum VariationError: Error, Equatable, CustomStringConvertible {
  case unknown(String, nearest: [String])
  case wrongRole(String, asked: NodeRole)

  package var description: String {
    switch self {
    case .unknown(let name, let nearest):
      "variation \(name): unknown; "
        + (nearest.isEmpty ? "`detachspec list variations` names them all" : "did you mean \(nearest.joined(separator: ", "))?")
    case .wrongRole(let name, let asked):
      "variation \(name): not one of the \(asked.rawValue)'s; take --role \(asked == .homeAgent ? "ue" : "ha") or another variation"
    }
  }
}
