package import Wire

/// One way in which a reference node can break a sentence.
package struct Defect: Sendable {
  package let id: Name
  package let role: NodeRole
  /// What it does, and the clause that says otherwise.
  package let summary: String
  private let breaks: Requirements
  private let modified: [Modifier: Requirements]

  init(_ id: Name, _ role: NodeRole, _ breaks: Requirements, _ modified: [Modifier: Requirements], _ summary: String) {
    self.id = id
    self.role = role
    self.breaks = breaks
    self.modified = modified
    self.summary = summary
  }

  package var name: String { id.rawValue }

  /// It shows only in a node whose bindings have an IKE SA.
  package var needsKeys: Bool { Self.namesThatNeedKeys.contains(id) }
  /// It shows only in a node whose bindings are tunnelled over IPv4.
  package var needsTunnel: Bool { Self.namesThatNeedTunnel.contains(id) }

  /// Whether it shows in a node whose bindings have an IKE SA, or have none.
  package func shows(withKeys: Bool, modifier: Modifier? = nil) -> Bool {
    guard withKeys else { return !needsKeys }
    // A UE that has answered a BRI has no keys any more for an answer to its copy (TS 24.303 5.4.2.1).
    return !Self.namesThatNeedClear.contains(id) && !(modifier == .copyOnly && id.rawValue.hasPrefix("bra-"))
  }

  /// The modifiers under which it still breaks a sentence of at least one text.
  package var modifiers: [Modifier] { Modifier.allCases.filter { modified[$0] != nil } }

  /// The requirements that it breaks under the text that goes with a dialect; empty where that text allows what it does.
  package func requirements(under dialect: Dialect, modifier: Modifier? = nil) -> [String] {
    guard let modifier else { return breaks[dialect] }
    return modified[modifier]?[dialect] ?? []
  }

  /// When a defect shows, or how.
  package enum Modifier: String, Sendable, CaseIterable {
    /// Only the first, only the second procedure of that kind of a home address since the node started; of a defect that lets something pass,
    /// or drops or answers it wrongly, only the first, the second such message.
    case first, second
    /// Only where the number in hand is 0 or 65535.
    case wrap
    /// Only with a BRI and a BU(0) both outstanding.
    case race
    /// Only in a retransmission, or in the answer to one.
    case copyOnly = "copy-only"
    /// It hits another binding instead.
    case otherBinding = "other-binding"
    /// Only after a malformed message for that binding.
    case afterError = "after-error"
    /// What was due is done one and a half windows of 5 s late.
    case late
  }

  /// What `@late` waits.
  static let lateness = Interval.milliseconds(7_500)
}

/// Requirement ids by the text that they are read in.
struct Requirements: Sendable {
  var draft01: [String] = []
  var rfc5846: [String] = []

  static func both(_ ids: String...) -> Self { Self(draft01: ids, rfc5846: ids) }
  /// TS 24.303 v0.4.1 with draft-01.
  static func seed(_ ids: String...) -> Self { Self(draft01: ids) }
  /// Rel-17 with RFC 5846.
  static func rfc(_ ids: String...) -> Self { Self(rfc5846: ids) }

  subscript(dialect: Dialect) -> [String] { dialect == .draft01 ? draft01 : rfc5846 }
  static func + (a: Self, b: Self) -> Self { Self(draft01: a.draft01 + b.draft01, rfc5846: a.rfc5846 + b.rfc5846) }
}

/// A defect as somebody asks for it: `bri-p-bit-set@second`.
package struct DefectUse: Sendable, CustomStringConvertible {
  package let defect: Defect
  package let modifier: Defect.Modifier?

  package init(_ defect: Defect, _ modifier: Defect.Modifier? = nil) {
    self.defect = defect
    self.modifier = modifier
  }

  /// Reads `name` or `name@modifier`.
  /// - Throws: `DefectError`, which names the mend.
  package init(parsing text: String, role: NodeRole) throws(DefectError) {
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let name = parts[0]
    guard let id = Defect.Name(rawValue: name) else {
      throw .unknown(name, nearest: nearestNames(to: name, among: Defect.all.filter { $0.role == role }.map(\.name)))
    }
    guard let defect = Defect.all.first(where: { $0.id == id && $0.role == role }) else { throw .wrongRole(name, asked: role) }
    guard parts.count > 1 else {
      self.init(defect)
      return
    }
    guard let modifier = Defect.Modifier(rawValue: parts[1]), defect.modifiers.contains(modifier) else {
      throw .modifier(name, parts[1], listed: defect.modifiers.map(\.rawValue))
    }
    self.init(defect, modifier)
  }

  package var description: String { defect.name + (modifier.map { "@\($0.rawValue)" } ?? "") }
}

/// Why a defect cannot be had; the command line's status 64.
package enum DefectError: Error, Equatable, CustomStringConvertible {
  case unknown(String, nearest: [String])
  case wrongRole(String, asked: NodeRole)
  case modifier(String, String, listed: [String])

  package var description: String {
    switch self {
    case .unknown(let name, let nearest):
      "defect \(name): unknown; "
        + (nearest.isEmpty ? "`detachspec list defects` names them all" : "did you mean \(nearest.joined(separator: ", "))?")
    case .wrongRole(let name, let asked):
      "defect \(name): not one of the \(asked.rawValue)'s; take --role \(asked == .homeAgent ? "ue" : "ha") or another defect"
    case .modifier(let name, let modifier, let listed):
      "defect \(name): breaks no sentence under @\(modifier); take "
        + (listed.isEmpty ? "it without a modifier" : "one of \(listed.map { "@\($0)" }.joined(separator: ", "))")
    }
  }
}
