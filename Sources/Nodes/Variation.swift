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
    case baPaddedWithPad1 = "ba-padded-with-pad1"
    case briExtraPadding = "bri-extra-padding"
    case baPrefixDiscovery = "ba-prefix-discovery"
    case slowRegistrations = "slow-registrations"
    case slowCopies = "slow-copies"
    case solicitsNeighbours = "solicits-neighbours"
    case advertisesItself = "advertises-itself"
    case otherSubscribers = "other-subscribers"
    case errorsRateLimited = "errors-rate-limited"
    case keptAfterLastCopy = "kept-after-last-copy"
    case repeatedDeregistrationAccepted = "repeated-deregistration-accepted"
    case removesAfterAnyBRA = "removes-after-any-bra"
    case silentToLateBRA = "silent-to-late-bra"
    case markedPackets = "marked-packets"
    case slowBRA = "slow-bra"
    case braPaddedWithPad1 = "bra-padded-with-pad1"
    case silentToCopies = "silent-to-copies"
    case buSequenceWraps = "bu-sequence-wraps"
    case buExtraOption = "bu-extra-option"
    case neighbourNoise = "neighbour-noise"
    case be1ToHAOBRI = "be1-to-hao-bri"
    case braPaddedWithPadN = "bra-padded-with-padn"
    case braExtraOption = "bra-extra-option"
    case reorderedBRAs = "reordered-bras"
    case silentWhileDetaching = "silent-while-detaching"
    case refusesWhileDetaching = "refuses-while-detaching"
    case refusesUnbound = "refuses-unbound"
    case deregistersAfterBRA = "deregisters-after-bra"
    case slowDetach = "slow-detach"
    case earlyRefresh = "early-refresh"
    case lateRetransmission = "late-retransmission"
    case buLSet = "bu-l-set"
    case buKClear = "bu-k-clear"
    case lowHopLimit = "low-hop-limit"
    case flowLabelSet = "flow-label-set"
    case routerSolicitations = "router-solicitations"
    case unsolicitedAdvertisements = "unsolicited-advertisements"
    case duplicateAddressDetection = "duplicate-address-detection"
    case listenerReports = "listener-reports"
    case spacedUpdates = "spaced-updates"
    case firstBALost = "first-ba-lost"
    case firstBULost = "first-bu-lost"
  }

  /// What slow nodes wait: well inside every timer that their peer runs.
  static let slowness = Interval.milliseconds(300)
  /// How late a timer of theirs may be at most.
  static let delay = Interval.milliseconds(40)
  /// How often a noisy node says something.
  static let noiseInterval = Interval.milliseconds(500)

  /// What a BRI in a Home Address option decides: nothing of a UE that answers each with Binding Error 1.
  private static let undecidedWithoutOption = [
    "24303-5.4.2.1-02", "24303-5.4.2.1-03", "24303-5.4.2.1-05", "24303-5.4.2.1-06", "24303-5.4.2.1-07", "24303-5.4.2.1-08", "BR01-5.1-02",
    "BR01-5.1-03", "BR01-6.1-02", "BR01-6.1-03", "BR01-6.1-04a", "BR01-6.2-02", "BR01-6.2-01a", "BR01-6.2-01b", "BR01-10.1-01a",
    "BR01-10.1-04", "BR01-10.1-05", "BR01-10.2-02", "BR01-10.2-03",
    "BR01-10.2-04", "MH-send-01",
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
    Variation(id: .baPaddedWithPad1, role: .homeAgent, summary: "pads the BA with four Pad1 options; RFC 6275 6.2.2"),
    Variation(id: .briExtraPadding, role: .homeAgent, summary: "pads the BRI with twelve octets of PadN; RFC 6275 6.2.3"),
    Variation(
      id: .baPrefixDiscovery, role: .homeAgent, summary: "accepts registrations with status 1, prefix discovery necessary; RFC 6275 6.1.8"),
    Variation(
      id: .slowRegistrations, role: .homeAgent,
      summary: "answers registrations after 600 ms, after what it has to say of other bindings; RFC 6275 12: the UE waits 1 s"),
    Variation(
      id: .slowCopies, role: .homeAgent, summary: "sends its copies 40 ms late; draft-01 11, RFC 5846 11: 1 s is a default, no upper bound"),
    Variation(id: .solicitsNeighbours, role: .homeAgent, summary: "solicits an address that nobody has on both links; RFC 4861 7.2.2"),
    Variation(id: .advertisesItself, role: .homeAgent, summary: "advertises its own address unsolicited; RFC 4861 7.2.6"),
    Variation(
      id: .otherSubscribers, role: .homeAgent, summary: "has another subscriber attach and be detached all the while; 24.303 5.4.3.1"),
    Variation(
      id: .errorsRateLimited, role: .homeAgent, summary: "sends three errors in a second at most; RFC 4443 2.4 (f), RFC 6275 9.3.3"),
    Variation(
      id: .keptAfterLastCopy, role: .homeAgent,
      summary: "keeps a binding when its copies are used up; 24.303 5.4.3.1: not removed before the BRA (draft-01 6.3 lets it go)"),
    Variation(
      id: .repeatedDeregistrationAccepted, role: .homeAgent,
      summary: "acknowledges a BU(0) again after the binding went by one; 24.303 5.4.3.2: any existing entry is deleted, a BA is sent"),
    Variation(
      id: .removesAfterAnyBRA, role: .homeAgent,
      summary: "removes the binding whatever the status of the BRA; draft-01 7.2 does not say, RFC 5846 7.2: local policy"),
    Variation(
      id: .silentToLateBRA, role: .homeAgent,
      summary: "draft-01: ignores a BRA that it no longer waits for, without Binding Error; draft-01 6.2"),
    Variation(
      id: .markedPackets, role: .homeAgent,
      summary: "sends with Hop Limit 255, a traffic class and a flow label; RFC 8200 3, 6, 7 leave them to the sender"),
    Variation(
      id: .firstBALost, role: .homeAgent,
      summary: "loses the BA that makes a binding; a link may lose any packet, and the UE asks again (RFC 6275 11.8)",
      inconclusive: Dictionary(
        uniqueKeysWithValues: Dialect.allCases.map { ($0, ["M-08c": "the BA to the only BU after the end of the lifetime is lost"]) })),
    Variation(
      id: .firstBULost, role: .userEquipment,
      summary: "loses the first BU of a registration, and asks again after 1 s; a link may lose any packet (RFC 6275 11.8)"),
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
    Variation(
      id: .braPaddedWithPadN, role: .userEquipment, summary: "pads the BRA with 12 octets of PadN more than it needs; RFC 6275 6.2.3"),
    Variation(
      id: .braExtraOption, role: .userEquipment,
      summary: "adds an unknown option to the BRA; draft-01 5.2, RFC 5846 6.1.2: skipped"),
    Variation(
      id: .reorderedBRAs, role: .userEquipment,
      summary: "answers for every second home address 300 ms later than for the others; draft-01 11, RFC 5846 11: the Home Agent waits 1 s"),
    Variation(
      id: .silentWhileDetaching, role: .userEquipment,
      summary: "does not answer a BRI once its BU(0) is sent; draft-01 10.2, RFC 5846 10.1: no entry any more, silently discarded"),
    Variation(
      id: .refusesWhileDetaching, role: .userEquipment,
      summary: "answers a BRI with status 2 (draft-01) or 128 once its BU(0) is sent; draft-01 10.1, RFC 5846 6.2.1"),
    Variation(
      id: .refusesUnbound, role: .userEquipment,
      summary: "answers a BRI for a home address without a binding with status 128; RFC 5846 6.2.1"),
    Variation(
      id: .deregistersAfterBRA, role: .userEquipment,
      summary: "sends a BU(0) behind the BRA; 24.303 5.4.2.1 points at 5.4.2.2, which begins with one",
      inconclusive: [
        .draft01: ["24303-5.4.2.1-06": "its DELETE follows its own BU(0)"],
        .rfc5846: ["24303-5.4.2.1-06": "its DELETE follows its own BU(0)"],
      ]),
    Variation(id: .slowDetach, role: .userEquipment, summary: "sends the BU(0) 300 ms after the trigger; 24.303 5.4.2.2 gives no number"),
    Variation(id: .earlyRefresh, role: .userEquipment, summary: "refreshes after half the lifetime; RFC 6275 11.7.1: before it ends"),
    Variation(
      id: .lateRetransmission, role: .userEquipment,
      summary: "waits a twentieth longer for each BA; RFC 6275 11.8 asks for no more than a timer"),
    Variation(id: .buLSet, role: .userEquipment, summary: "sets the L bit of its BUs; RFC 6275 11.7.1, by the interface identifier"),
    Variation(id: .buKClear, role: .userEquipment, summary: "clears the K bit of its BUs; RFC 6275 11.7.1, with manual keys"),
    Variation(id: .lowHopLimit, role: .userEquipment, summary: "sends with hop limit 31; RFC 8200 3 gives no number"),
    Variation(
      id: .flowLabelSet, role: .userEquipment, summary: "sends with a flow label and a traffic class; RFC 8200 6 and 7"),
    Variation(id: .routerSolicitations, role: .userEquipment, summary: "asks for routers all the while; RFC 4861 6.3.7"),
    Variation(
      id: .unsolicitedAdvertisements, role: .userEquipment, summary: "announces its care-of address unasked; RFC 4861 7.2.6"),
    Variation(
      id: .duplicateAddressDetection, role: .userEquipment, summary: "looks for duplicates of a tentative address; RFC 4862 5.4.2"),
    Variation(id: .listenerReports, role: .userEquipment, summary: "reports as a multicast listener; RFC 3810 5.2"),
    Variation(
      id: .spacedUpdates, role: .userEquipment,
      summary: "waits 400 ms with the BU that follows a BA of status 135; RFC 6275 11.7.3, 11.8: at most three a second"),
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
