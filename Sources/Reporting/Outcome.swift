import Judging

/// One line of a report, whatever its format: a case; a requirement that no case decided; the tester itself.
struct Outcome: Sendable {
  enum Kind: Sendable { case testCase, requirement, tester }

  var kind: Kind
  var id: String
  var title: String
  var clause: String
  var profile: String
  var verdict: Verdict
  /// Why it is inconclusive, an error or not applicable.
  var reason: String?
  /// What it rests on.
  var findings: [Finding] = []
  /// Sentences weaker than *shall* that were broken.
  var warnings = 0
  /// Why it is known to be so.
  var known: String?
  /// Why it was listed as known, when that no longer holds.
  var stale: String?
  /// The requirement to which it owes its verdict, where that is one.
  var blamed: String?
  /// Verdicts under further profiles that differ.
  var alternatives: [String] = []
  /// Capture time that it took.
  var seconds = 0.0

  /// `PASS (warnings)`
  var word: String {
    switch verdict {
    case .pass, .note, .warning: warnings > 0 ? "PASS (warnings)" : "PASS"
    case .fail: "FAIL"
    case .inconclusive: "INCONCLUSIVE"
    case .error: "ERROR"
    case .notApplicable: "n/a"
    }
  }

  /// `TP_UE_NID_BV_01 The UE acknowledges …`
  var name: String { printable(title.isEmpty ? id : "\(id) \(title)") }

  /// What to say in one line of a verdict other than pass.
  func message(_ wording: Wording) -> String {
    let words =
      verdict == .fail ? findings.first { $0.verdict == .fail }.map(wording.line) ?? reason : reason ?? findings.first.map(wording.line)
    return printable(words ?? blamed ?? word)
  }
}

extension Report {
  /// The outcomes of one of its runs.
  func outcomes(of index: Int, _ wording: Wording) -> [Outcome] {
    guard runs.indices.contains(index) else { return [] }
    return runs[index].outcomes(known, KnownFailing.Application(known, to: runs), at: index, wording)
  }
}

extension RunReport {
  /// The cases, then what no case decided: what broke, or, in a run without cases, every requirement; then the tester's errors.
  ///
  /// - Parameters:
  ///   - known: the known-failing file.
  ///   - application: what has become of its entries.
  ///   - index: which of the runs that it was held against this one is.
  ///   - wording: how findings are put.
  func outcomes(_ known: KnownFailing, _ application: KnownFailing.Application, at index: Int, _ wording: Wording) -> [Outcome] {
    let (byCase, outside) = verdicts.attributed
    var outcomes = verdicts.cases.map { result in
      var outcome = Outcome(result, byCase[result.testCase] ?? [], profile: profile)
      outcome.known = application.reason(run: index, testCase: result.testCase)
      outcome.stale = application.stale.first { $0.testCase == result.testCase }?.reason
      outcome.alternatives = alternatives(of: result, wording)
      return outcome
    }
    let byRequirement = Dictionary(grouping: outside, by: \.requirement)
    let levels = Dictionary(verdicts.requirements.map { ($0.requirement, $0) }, uniquingKeysWith: { first, _ in first })
    for requirement in Set(levels.keys).union(byRequirement.keys).sorted() {
      let findings = (byRequirement[requirement] ?? []).filter { $0.verdict != .note }
      let broken = findings.filter { $0.verdict == .fail || $0.verdict == .warning }
      guard verdicts.cases.isEmpty || !broken.isEmpty else { continue }
      // A judge keeps only so many findings; a requirement's own count is complete.
      let isFail = broken.contains { $0.verdict == .fail } || (verdicts.cases.isEmpty && levels[requirement]?.verdict == .fail)
      var outcome = Outcome(
        kind: .requirement, id: requirement, title: wording.paraphrase(requirement) ?? "", clause: findings.first?.clause ?? "",
        profile: profile, verdict: isFail ? .fail : .pass, findings: verdicts.cases.isEmpty ? findings : broken, blamed: requirement
      )
      outcome.warnings = broken.count { $0.verdict == .warning }
      if broken.isEmpty, let result = levels[requirement], !result.isReached {
        outcome.verdict = result.inconclusive > 0 ? .inconclusive : .notApplicable
        outcome.reason = findings.first?.reason ?? "never reached"
      }
      if isFail, broken.allSatisfy({ $0.verdict != .fail || application.lists($0, run: index) }) {
        outcome.known = known.entries.first { $0.requirement == requirement && $0.verdict == .fail }?.reason ?? "listed"
      }
      outcomes.append(outcome)
    }
    if !statistics.testerErrors.isEmpty {
      outcomes.append(
        Outcome(
          kind: .tester, id: "tester", title: "The tester keeps the sentences that it judges by", clause: "", profile: profile,
          verdict: .error, reason: statistics.testerErrors.joined(separator: "; ")))
    }
    return outcomes
  }

  /// `pass under rfc5846, fail under ts24303-0.4.1: 24303-5.4.3.1-03a: field bri.a: expected 1, seen absent`
  private func alternatives(of result: CaseResult, _ wording: Wording) -> [String] {
    alternatives.compactMap { verdicts in
      guard let other = verdicts.cases.first(where: { $0.testCase == result.testCase }), other.verdict != result.verdict else { return nil }
      let outcome = Outcome(other, verdicts.attributed.byCase[result.testCase] ?? [], profile: verdicts.profile)
      let why = other.verdict == .pass ? "" : ": \(outcome.message(wording))"
      return "\(result.verdict.rawValue) under \(profile), \(other.verdict.rawValue) under \(verdicts.profile)\(why)"
    }
  }
}

extension Outcome {
  init(_ result: CaseResult, _ findings: [Finding], profile: String) {
    kind = .testCase
    id = result.testCase
    title = result.title
    clause = result.clause
    self.profile = profile
    verdict = result.verdict
    reason = result.reason
    self.findings = findings
    warnings = result.warnings
    blamed = result.assertions.first { $0.verdict == result.verdict }?.requirement
    seconds = Double(max(0, result.end.subtractingReportingOverflow(result.begin).partialValue)) / 1e9
  }
}
