import Judging

/// A line of a list: an object in JSON, cells in text.
protocol ListRow: Encodable, Sendable {
  static var header: [String] { get }
  /// The columns that may wrap.
  static var wrapping: Set<Int> { get }
  var cells: [String] { get }
}

struct CaseRow: ListRow {
  var id: String
  var role: Role
  var clause: String
  var title: String
  /// Empty: all.
  var profiles: [String]
  var exercises: [String]
  var requirements: [String]

  static let header = ["case", "device", "clause", "title"]
  static let wrapping: Set<Int> = [3]
  var cells: [String] { [id, role.rawValue, clause, title + (profiles.isEmpty ? "" : " [\(profiles.joined(separator: ", "))]")] }
}

struct RuleRow: ListRow {
  var id: String
  var when: String
  /// Empty: all.
  var texts: [String]
  var requirements: [String]
  var cases: [String]

  static let header = ["rule", "when", "requirements", "cases"]
  static let wrapping: Set<Int> = [1, 2]
  var cells: [String] { [id, when, requirements.joined(separator: ", "), "\(cases.count)"] }
}

struct RequirementRow: ListRow {
  var id: String
  var document: String
  var clause: String
  var roles: [Role]
  var levels: [String: Level]
  var paraphrase: String
  var rules: [String]
  var cases: [String]
  /// The probes and hooks that show it.
  var sights: [String]
  /// The defects that must be blamed on it.
  var killers: [String]
  /// Why no rule judges it; empty where one does, or nobody has to.
  var unjudged: String
  /// The levels in words.
  var level: String

  enum CodingKeys: String, CodingKey {
    case id, document, clause, roles, levels, paraphrase, rules, cases, unjudged
    case sights = "seen-by"
    case killers
  }

  static let header = ["requirement", "role", "level", "sentence", "decided by"]
  static let wrapping: Set<Int> = [2, 3, 4]
  var cells: [String] {
    let parts = [
      ("rules", rules), ("seen by", sights), ("cases", cases), ("killers", killers),
    ].filter { !$0.1.isEmpty }.map { "\($0.0): \($0.1.joined(separator: ", "))" }
    return [
      id, roles.map(\.rawValue).joined(separator: ", "), level, paraphrase,
      parts.isEmpty ? "no rule" + (unjudged.isEmpty ? "" : ": \(unjudged)") : parts.joined(separator: "; "),
    ]
  }
}

struct ProfileRow: ListRow {
  var id: String
  var dialect: String
  var text: String
  var title: String

  static let header = ["profile", "dialect", "text", "documents"]
  static let wrapping: Set<Int> = [3]
  var cells: [String] { [id, dialect, text, title] }
}

struct PlanRow: ListRow {
  var id: String
  var role: Role
  var message: String
  var layers: [String]
  var spares: [String]
  var title: String

  static let header = ["plan", "device", "message", "layers", "title"]
  static let wrapping: Set<Int> = [3, 4]
  var cells: [String] { [id, role.rawValue, message, layers.joined(separator: ", "), title] }
}

struct BehaviourRow: ListRow {
  var name: String
  var role: Role
  var summary: String
  var requirements: [String]
  var modifiers: [String]

  static let header = ["name", "node", "what it does", "breaks", "modifiers"]
  static let wrapping: Set<Int> = [2, 3, 4]
  var cells: [String] {
    [name, role.rawValue, summary, requirements.joined(separator: ", "), modifiers.map { "@\($0)" }.joined(separator: " ")]
  }
}
