/// What was found, as reports have it.
extension Monitor {
  package func level(_ assertion: Int) -> Level { program.levels[assertion] }

  /// The findings but those of leases that another attempt replaced.
  func findings(without superseded: Set<Int>) -> [Finding] {
    guard !superseded.isEmpty else { return findings }
    let dropped = Set(findingIndex.filter { superseded.contains(Int($0.key.lease)) }.values)
    return findings.enumerated().filter { !dropped.contains($0.offset) }.map(\.element)
  }

  /// All assertions of a requirement taken together.
  var byRequirement: [Verdicts.RequirementResult] {
    program.requirements.map { id, assertions in
      var sum = Tally()
      for assertion in assertions {
        sum.passed += tallies[assertion].passed
        sum.broken += tallies[assertion].broken
        sum.inconclusive += tallies[assertion].inconclusive
      }
      let severity = assertions.last.map { program.severities[$0] } ?? .inconclusive
      let verdict: Verdict = sum.broken > 0 ? severity : sum.passed > 0 ? .pass : .inconclusive
      return Verdicts.RequirementResult(
        requirement: id, verdict: verdict, passed: sum.passed, broken: sum.broken, inconclusive: sum.inconclusive)
    }
  }
}
