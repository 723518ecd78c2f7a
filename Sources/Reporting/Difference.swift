package import Judging

/// A verdict that is not what it was in the baseline.
package struct Difference: Codable, Sendable, Equatable {
  /// The run, as people call it: `ue rfc5846`.
  package var run: String
  package var testCase: String?
  package var requirement: String?
  /// Nil: the baseline does not have it.
  package var before: Verdict?
  package var now: Verdict

  enum CodingKeys: String, CodingKey {
    case run
    case testCase = "case"
    case requirement, before, now
  }
}

/// Cases and requirements that both have and that came out otherwise, and failures that the baseline does not have.
///
/// What was not judged this time is no difference: a selection may be narrower.
func differences(between baseline: [RunReport], and runs: [RunReport]) -> [Difference] {
  let before = Dictionary(zip(RunReport.names(of: baseline), baseline), uniquingKeysWith: { first, _ in first })
  return zip(runs, RunReport.names(of: runs)).flatMap { run, name -> [Difference] in
    let earlier = before[name]?.verdicts
    let cases = Dictionary(earlier?.cases.map { ($0.testCase, $0.verdict) } ?? [], uniquingKeysWith: { first, _ in first })
    let requirements = Dictionary(earlier?.requirements.map { ($0.requirement, $0.verdict) } ?? [], uniquingKeysWith: { first, _ in first })
    func differs(_ before: Verdict?, _ now: Verdict) -> Bool { before.map { $0 != now } ?? (now == .fail) }
    let byCase = run.verdicts.cases.filter { differs(cases[$0.testCase], $0.verdict) }.map {
      Difference(run: name, testCase: $0.testCase, before: cases[$0.testCase], now: $0.verdict)
    }
    // A requirement that a narrower selection did not reach is no news; one that broke, or holds again, is.
    let byRequirement = run.verdicts.requirements.filter { $0.isReached && differs(requirements[$0.requirement], $0.verdict) }.filter {
      $0.verdict == .fail || requirements[$0.requirement] == .fail
    }.map { Difference(run: name, requirement: $0.requirement, before: requirements[$0.requirement], now: $0.verdict) }
    return byCase + byRequirement
  }
}
