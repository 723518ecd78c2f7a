import Judging

/// Who speaks of a requirement.
struct Relations: Sendable {
  let suite: Suite
  private let rules: [String: [Rule]]
  private let cases: [String: [Case]]

  init(_ suite: Suite) {
    self.suite = suite
    var rules: [String: [Rule]] = [:]
    for rule in suite.rules {
      for requirement in Set(rule.requirements) { rules[requirement, default: []].append(rule) }
    }
    var cases: [String: [Case]] = [:]
    for testCase in suite.cases {
      for rule in testCase.exercises { cases[rule, default: []].append(testCase) }
    }
    self.rules = rules
    self.cases = cases
  }

  /// The rules that decide it.
  func rules(of requirement: String) -> [Rule] { rules[requirement] ?? [] }

  /// The cases that exercise a rule.
  func cases(ofRule rule: String) -> [Case] { cases[rule] ?? [] }

  /// The cases whose verdict it is part of.
  func cases(of requirement: String) -> [String] {
    let ids = Set(rules(of: requirement).flatMap { cases(ofRule: $0.id).map(\.id) })
    return suite.cases.map(\.id).filter(ids.contains)
  }

  /// What shows it where the wire does not: `probe forwarding`, `hook revoke`.
  func sights(of requirement: String) -> [String] {
    var seen: Set<String> = []
    for rule in rules(of: requirement) {
      if case .event(let event, let attributes) = rule.when { seen.insert("\(event) \(attributes["name"] ?? "")".trimmed) }
      for condition in rule.while where condition.subject == .shown {
        for name in condition.allowed { seen.insert("probe \(name)") }
      }
    }
    return seen.sorted()
  }

  /// The defects that the kill matrix expects to be blamed on it.
  func killers(of requirement: String) -> [String] {
    suite.expectations.filter { expectation in
      guard expectation.variations.isEmpty else { return false }
      return expectation.blames.contains(requirement) || expectation.byProfile.values.contains { $0.contains(requirement) }
    }.map(\.defect)
  }

  /// Its level by text, those first that have the sentence: `shall` where all agree.
  func levels(_ requirement: Requirement) -> [(text: String, level: Level)] {
    suite.texts.map { ($0.id, requirement.level(in: $0.id)) }
  }

  func levelWords(_ requirement: Requirement) -> String {
    let levels = levels(requirement)
    guard let first = levels.first, levels.contains(where: { $0.level != first.level }) else {
      return (levels.first?.level ?? requirement.level).words
    }
    return levels.map { "\($0.level.words) (\($0.text))" }.joined(separator: ", ")
  }
}

extension String {
  fileprivate var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
