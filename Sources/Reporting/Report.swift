package import Foundation
package import Judging
package import Wire

/// Everything that one invocation of `run` or `check` found; `report.json`, and what every other format is made of.
///
/// It names no host and no time but its own beginning and end, so that two reports of the same verdicts can be compared.
package struct Report: Codable, Sendable, Equatable {
  /// The version of `docs/report.schema.json`.
  package static let currentFormat = 1

  package private(set) var format = Report.currentFormat
  package let tool: String
  package let version: String
  /// The subcommand: `run`, `check`.
  package let command: String
  /// The command line behind the subcommand.
  package let arguments: [String]
  /// ISO 8601, UTC.
  package let started: String
  package let finished: String
  /// The suite's digest.
  package let suite: String
  /// One a role and profile of `run`, one a file of `check`.
  package let runs: [RunReport]
  /// What `--known-failing` listed.
  package let known: KnownFailing
  /// Where the verdicts differ from those of `--baseline`.
  package let drift: [Difference]
  package private(set) var summary: Summary
  package private(set) var exitStatus: ExitStatus

  /// - Parameters:
  ///   - baseline: the report of `--baseline`.
  ///   - callers: what the caller knows of the exit status: interrupted, unreachable, privilege, usage.
  package init(
    tool: String = "detachspec", version: String, command: String, arguments: [String], started: Date, finished: Date, suite: String,
    runs: [RunReport], known: KnownFailing = KnownFailing(), baseline: Report? = nil, callers: [ExitStatus] = []
  ) {
    self.tool = tool
    self.version = version
    self.command = command
    self.arguments = arguments
    self.started = started.formatted(.iso8601)
    self.finished = finished.formatted(.iso8601)
    self.suite = suite
    self.runs = runs
    self.known = known
    drift = baseline.map { differences(between: $0.runs, and: runs) } ?? []
    let application = KnownFailing.Application(known, to: runs)
    summary = Summary(runs, application)
    exitStatus = .success
    exitStatus = ExitStatus.of(self, callers: callers)
  }

  enum CodingKeys: String, CodingKey {
    case format, tool, version, command, arguments, started, finished, suite, runs
    case known = "known-failing"
    case drift, summary
    case exitStatus = "exit-status"
  }
}

/// The verdicts of one capture.
package struct RunReport: Codable, Sendable, Equatable {
  /// The device's role; nil in a capture of others, in which both are judged.
  package var role: Role?
  package var profile: String
  /// The capture that the frame numbers are those of: a path below the report folder, or as `check` was given it.
  package var capture: String?
  package var statistics: Statistics
  package var verdicts: Verdicts
  /// The verdicts under further profiles; they stand beside and count for nothing.
  package var alternatives: [Verdicts]

  package init(capture: String?, statistics: Statistics, verdicts: Verdicts, alternatives: [Verdicts] = []) {
    role = verdicts.role
    profile = verdicts.profile
    self.capture = capture
    self.statistics = statistics
    self.verdicts = verdicts
    self.alternatives = alternatives
  }

  /// What people call them: `ue rfc5846`; the file too, where that alone would not tell them apart.
  package static func names(of runs: [RunReport]) -> [String] {
    let short = runs.map { run in "\(run.role?.rawValue ?? run.capture ?? "both") \(run.profile)" }
    return zip(runs, short).map { run, name in short.count { $0 == name } == 1 ? name : "\(name) \(run.capture ?? "")" }
  }

  package struct Statistics: Codable, Sendable, Equatable {
    package var frames: Int
    /// Frames with a Mobility Header.
    package var mobilityHeaders: Int
    /// Frames that the capture lost.
    package var drops: UInt64
    /// Capture time from first to last.
    package let seconds: Double
    package var testerErrors: [String]

    package init(frames: Int = 0, mobilityHeaders: Int = 0, drops: UInt64 = 0, duration: Interval = .zero, testerErrors: [String] = []) {
      self.frames = frames
      self.mobilityHeaders = mobilityHeaders
      self.drops = drops
      seconds = duration.seconds
      self.testerErrors = testerErrors
    }

    enum CodingKeys: String, CodingKey {
      case frames
      case mobilityHeaders = "mobility-headers"
      case drops, seconds
      case testerErrors = "tester-errors"
    }
  }
}
