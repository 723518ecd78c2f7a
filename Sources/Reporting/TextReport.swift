package import Judging

/// A report for people to read at a terminal.
package struct TextReport: Sendable {
  private let style: TextStyle
  let wording: Wording
  /// Wide enough for every verdict.
  private static let verdictWidth = 15

  package init(_ suite: Suite, _ style: TextStyle = TextStyle()) {
    self.style = style
    wording = Wording(suite)
  }

  /// The whole report, a line feed at the end of every line.
  ///
  /// - Parameter folder: where the report folder is; nil: none was written.
  package func text(_ report: Report, folder: String? = nil) -> String {
    var lines: [String] = []
    for index in report.runs.indices { lines += section(report, index) }
    return lines.map { $0 + "\n" }.joined() + summary(report, folder: folder)
  }

  private func section(_ report: Report, _ index: Int) -> [String] {
    let run = report.runs[index]
    let outcomes = report.outcomes(of: index, wording)
    return [heading(run)] + outcomes.filter { $0.kind == .testCase }.flatMap { block($0, run.capture) } + ending(run, outcomes)
  }

  /// What no case decided, and a blank line.
  func ending(_ run: RunReport, _ outcomes: [Outcome]) -> [String] {
    var lines: [String] = []
    let outside = outcomes.filter { outcome in
      guard outcome.kind == .requirement else { return false }
      return outcome.verdict == .fail || outcome.verdict == .inconclusive || outcome.warnings > 0
    }
    if !outside.isEmpty {
      if !run.verdicts.cases.isEmpty { lines.append("Outside of the cases, by requirement:") }
      for outcome in outside { lines += block(outcome, run.capture) }
    }
    for error in run.statistics.testerErrors {
      lines.append(style.paint("ERROR".padded(to: Self.verdictWidth), .red) + "  the tester itself: \(printable(error))")
    }
    if run.verdicts.cases.isEmpty { lines.append(requirementCounts(run)) }
    return lines + [""]
  }

  func heading(_ run: RunReport) -> String {
    let who = run.role.map { "\($0.words) as the device" } ?? "HA and UE"
    return style.paint("\(who), profile \(run.profile)\(run.capture.map { ", \(printable($0))" } ?? "")", .bold)
  }

  private func requirementCounts(_ run: RunReport) -> String {
    let requirements = run.verdicts.requirements
    let broken = requirements.count { $0.broken > 0 }
    let reached = requirements.count(where: \.isReached)
    return "\(requirements.count) requirements: \(reached - broken) held, \(broken) broken, \(requirements.count - reached) never decided"
  }

  /// A line, and the proof below it.
  func block(_ outcome: Outcome, _ capture: String?) -> [String] {
    let known = outcome.known.map { "  (known: \(printable($0)))" } ?? ""
    let clause = outcome.clause.isEmpty ? "" : "  \(outcome.clause)"
    let title = outcome.kind == .testCase ? "  \(printable(outcome.title))" : ""
    let word = style.paint(outcome.word.padded(to: Self.verdictWidth), ink(outcome))
    var lines = ["\(word)  \(outcome.id)\(clause)\(title) [\(outcome.profile)]\(known)"]
    if let reason = outcome.reason, outcome.kind == .testCase || outcome.findings.isEmpty { lines.append("    \(printable(reason))") }
    if let stale = outcome.stale { lines.append("    listed as known to fail, which no longer holds: \(printable(stale))") }
    for finding in outcome.findings where finding.verdict != .inconclusive || outcome.kind == .requirement {
      if finding.verdict == .note {
        lines.append("    note \(wording.line(finding))")
        continue
      }
      let block = wording.block(finding, capture: capture)
      lines.append("    \(finding.verdict.rawValue): \(block[0])")
      lines += block.dropFirst().map { "      \($0)" }
    }
    lines += outcome.alternatives.map { "    \(printable($0))" }
    return lines
  }

  private func ink(_ outcome: Outcome) -> TextStyle.Ink {
    switch outcome.verdict {
    case .pass, .note, .warning: outcome.warnings > 0 ? .yellow : .green
    case .fail, .error: .red
    case .inconclusive: .magenta
    case .notApplicable: .dim
    }
  }

  // MARK: Summary

  /// Counts over all runs, and the exit status.
  ///
  /// - Parameter folder: where the report folder is; nil: none was written.
  package func summary(_ report: Report, folder: String? = nil) -> String {
    let summary = report.summary
    let cases = summary.cases
    var lines: [String] = []
    if cases.total > 0 {
      lines.append(
        "\(counted(cases.total, "case")): \(cases.pass) pass (\(cases.warnings) with warnings), \(cases.fail) fail, "
          + "\(cases.inconclusive) inconclusive, \(cases.error) error, \(cases.notApplicable) not applicable"
          + (cases.known > 0 ? "; \(cases.known) of them known" : ""))
      if summary.outside.fail + summary.outside.warning > 0 {
        lines.append("outside of the cases: \(summary.outside.fail) fail, \(counted(summary.outside.warning, "warning"))")
      }
    }
    let requirements = summary.requirements
    lines.append(
      "\(counted(requirements.reached + requirements.neverReached.count, "requirement")): \(requirements.reached) reached, "
        + "\(requirements.broken) of them broken, \(requirements.neverReached.count) never reached")
    if !requirements.neverReached.isEmpty {
      lines += "never reached: \(requirements.neverReached.joined(separator: ", "))".wrapped(to: style.width - 2).enumerated().map {
        $0.offset == 0 ? $0.element : "  \($0.element)"
      }
    }
    let statistics = report.runs.map(\.statistics)
    let frames = statistics.map(\.frames).reduce(0, &+)
    let mobilityHeaders = statistics.map(\.mobilityHeaders).reduce(0, &+)
    let drops = statistics.map(\.drops).reduce(0, &+)
    let seconds = rounded(statistics.map(\.seconds).reduce(0, +))
    lines.append("\(counted(frames, "frame")), \(mobilityHeaders) with a Mobility Header, \(drops) lost, \(seconds) s of capture")
    for entry in summary.stale {
      let place = [entry.testCase, entry.requirement].compactMap(\.self).joined(separator: " ")
      lines.append("no longer \(entry.verdict.rawValue) as listed: \(place) (\(printable(entry.reason)))")
    }
    for difference in report.drift {
      lines.append(
        "drift: \(printable(difference.run)) \(difference.testCase ?? difference.requirement ?? "") was "
          + "\(difference.before?.rawValue ?? "not in the baseline"), is \(difference.now.rawValue)")
    }
    if let folder { lines.append("report folder: \(printable(folder))") }
    lines.append("exit status \(report.exitStatus.rawValue): \(report.exitStatus.meaning)")
    return lines.map { $0 + "\n" }.joined()
  }
}

/// `1 case`, `2 cases`
package func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

/// With at most three decimals.
func rounded(_ seconds: Double) -> String {
  let value = (seconds * 1000).rounded() / 1000
  return value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
}
