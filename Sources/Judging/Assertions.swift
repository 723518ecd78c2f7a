/// A sentence as one rule has it.
package struct AssertionID: Hashable, Sendable {
  package var rule: String
  package var requirement: String

  package init(rule: String, requirement: String) {
    self.rule = rule
    self.requirement = requirement
  }
}

/// Which assertions of a suite stand under a profile, for roles and an ICS.
package struct Assertions: Sendable {
  private var byRule: [String: Set<String>]

  package init(_ suite: Suite, _ profile: Profile, _ roles: Set<Role>, ics: [String: Bool]) {
    let program = Program(suite, profile: profile, roles: roles, ics: ics)
    // A *may* is observed; nothing breaks it.
    byRule = program.assertionsOfRule.compactMapValues { indices in
      let requirements = Set(indices.filter { program.severities[$0] != .note }.map { program.assertions[$0].requirement })
      return requirements.isEmpty ? nil : requirements
    }
  }

  /// Without the rules that others have too.
  package func subtracting(_ others: Self) -> Self {
    var left = self
    left.byRule = byRule.filter { others.byRule[$0.key] == nil }
    return left
  }

  /// The rules that have an assertion left.
  package var rules: [String] { byRule.keys.sorted() }
  package func requirements(ofRule rule: String) -> Set<String> { byRule[rule] ?? [] }
}
