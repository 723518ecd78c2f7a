package import Judging

/// What a run has to say for people to read while it goes on: its heading, each case when it has ended, and the rest when the run is over.
package struct LiveText: Sendable {
  private let report: TextReport
  private let capture: String?
  private let known: KnownFailing
  private var told: Set<String> = []

  /// - Parameters:
  ///   - capture: the capture that the frame numbers are those of.
  ///   - known: what is known to fail.
  package init(_ report: TextReport, capture: String?, known: KnownFailing = KnownFailing()) {
    self.report = report
    self.capture = capture
    self.known = known
  }

  /// A case that has ended for good.
  ///
  /// - Parameter verdicts: everything that was found so far.
  package mutating func text(_ result: CaseResult, in verdicts: Verdicts) -> String {
    var own = verdicts
    own.cases = [result]
    let run = RunReport(capture: capture, statistics: RunReport.Statistics(), verdicts: own)
    let heading = heading(run)
    told.insert(result.testCase)
    return (heading + blocks(outcomes(run).filter { $0.kind == .testCase }, run)).map { $0 + "\n" }.joined()
  }

  /// What no case has said, when the run is over: what other profiles think of the cases, and what was found outside of them.
  package func rest(of run: RunReport) -> String {
    let outcomes = outcomes(run)
    let untold = outcomes.filter { $0.kind == .testCase && !told.contains($0.id) }
    var lines = heading(run) + blocks(untold, run)
    let differing = outcomes.filter { told.contains($0.id) && !$0.alternatives.isEmpty }
    if !differing.isEmpty { lines.append("Under the further profiles:") }
    for outcome in differing { lines += outcome.alternatives.map { "    \(outcome.id): \(printable($0))" } }
    lines += report.ending(run, outcomes)
    return lines.map { $0 + "\n" }.joined()
  }

  private func heading(_ run: RunReport) -> [String] { told.isEmpty ? [report.heading(run)] : [] }

  private func blocks(_ outcomes: [Outcome], _ run: RunReport) -> [String] { outcomes.flatMap { report.block($0, run.capture) } }

  /// Whether an entry of the known-failing file holds no more is known when all runs are over, and said in the summary.
  private func outcomes(_ run: RunReport) -> [Outcome] {
    run.outcomes(known, KnownFailing.Application(known, to: [run]), at: 0, report.wording).map { outcome in
      var outcome = outcome
      outcome.stale = nil
      return outcome
    }
  }
}
