package import Judging

extension KillMatrix {
  /// How much there is to show that an assertion says anything.
  package struct AssertionCount: Sendable {
    package var assertion: AssertionID
    /// How often it was decided of the clean node; 0: it holds for want of an occasion.
    package var decidedOfClean: Int
    /// Nodes that break it, those with a modifier apart.
    package var killers: Int
    package var conditionalKillers: Int
  }

  /// Counts who breaks what. An assertion that no defect breaks could say anything; one that every occasion of a defect breaks may look at the
  /// first occasion alone.
  mutating func count(_ suite: Suite, _ recordings: [Recording], _ known: [AssertionID], _ standing: Assertions) {
    let clean = recordings.first { $0.name == "clean" }
    let decided = Dictionary(zip(known, clean?.decided ?? []), uniquingKeysWith: +)
    for rule in standing.rules {
      for requirement in standing.requirements(ofRule: rule).sorted() {
        let assertion = AssertionID(rule: rule, requirement: requirement)
        let killers = recordings.filter { $0.broken.contains(assertion) }
        let conditional = killers.count { $0.name.contains("@") }
        assertions.append(
          AssertionCount(
            assertion: assertion, decidedOfClean: decided[assertion] ?? 0, killers: killers.count - conditional,
            conditionalKillers: conditional))
      }
    }
    func isExcused(_ name: String) -> Bool { suite.equivalents.contains { $0.covers(name) } }
    for count in assertions where count.killers + count.conditionalKillers == 0 {
      let (rule, requirement) = (count.assertion.rule, count.assertion.requirement)
      if !isExcused("\(rule) \(requirement) never-broken") { problems.append("no defect breaks \(requirement) as rule \(rule) has it") }
    }
    // A sentence that several rules hold has its killers where any of them breaks.
    for (requirement, counts) in Dictionary(grouping: assertions, by: \.assertion.requirement).sorted(by: { $0.key < $1.key }) {
      let killers = counts.reduce(0) { $0 + $1.killers }
      let conditional = counts.reduce(0) { $0 + $1.conditionalKillers }
      guard killers + conditional > 0 else { continue }
      if killers == 0 { problems.append("no defect without a modifier breaks \(requirement)") }
      if conditional == 0 { problems.append("no defect with a modifier breaks \(requirement)") }
    }
  }
}
