import Judging

/// What the program's exit status says. A script may depend on it.
package enum ExitStatus: Int32, Codable, Sendable, CaseIterable {
  // In order of precedence: the first that holds is the status.
  case interrupted = 130
  case usage = 64
  case privilege = 77
  case unreachable = 69
  case testerError = 2
  case fail = 1
  case drift = 4
  case inconclusive = 3
  case success = 0

  package var meaning: String {
    switch self {
    case .interrupted: "interrupted; what had ended by then is judged"
    case .usage: "the command line or a file is wrong"
    case .privilege: "a privilege is missing"
    case .unreachable: "the device could not be reached before the first case"
    case .testerError: "the tester itself failed"
    case .fail: "a sentence was broken that is not known to fail"
    case .drift: "something listed as known no longer holds, or the verdicts differ from the baseline"
    case .inconclusive: "something stayed inconclusive that is not known to, or nothing applied to the device"
    case .success: "nothing was broken"
    }
  }

  /// The one that comes first.
  package static func first(of statuses: [ExitStatus]) -> ExitStatus { allCases.first { statuses.contains($0) } ?? .success }

  /// The status of a report.
  ///
  /// - Parameters:
  ///   - known: nil: what the report was made with.
  ///   - callers: what the verdicts do not show: interrupted, usage, privilege, unreachable.
  package static func of(_ report: Report, known: KnownFailing? = nil, callers: [ExitStatus] = []) -> ExitStatus {
    var statuses = callers
    let application = KnownFailing.Application(known ?? report.known, to: report.runs)
    let cases = report.runs.flatMap(\.verdicts.cases)
    if report.runs.contains(where: { !$0.statistics.testerErrors.isEmpty }) || cases.contains(where: { $0.verdict == .error }) {
      statuses.append(.testerError)
    }
    if application.uncovered.contains(where: { $0.verdict == .fail }) { statuses.append(.fail) }
    if !application.stale.isEmpty || !report.drift.isEmpty { statuses.append(.drift) }
    let isApplicable =
      cases.isEmpty
      ? report.runs.contains { $0.verdicts.requirements.contains(where: \.isReached) } : cases.contains { $0.verdict != .notApplicable }
    if !isApplicable || application.uncovered.contains(where: { $0.verdict == .inconclusive }) { statuses.append(.inconclusive) }
    return first(of: statuses)
  }
}
