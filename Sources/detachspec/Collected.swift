import CLinux
import Conformance
import Foundation
import Glibc
import Judging
import Link
import Reporting
import Security
import Wire

/// What the runs of one invocation have given so far.
struct Collected {
  let suite: Suite
  private let text: TextReport?
  private let known: KnownFailing
  let started = Date()
  private(set) var runs: [RunReport] = []
  private(set) var isInterrupted = false
  private let signals = Signals()

  /// - Parameters:
  ///   - text: tells of each case when it ends; nil: nothing is told before the report.
  ///   - known: what is known to fail.
  init(suite: Suite, text: TextReport?, known: KnownFailing) {
    self.suite = suite
    self.text = text
    self.known = known
  }

  /// One run, its capture and its cuts; further profiles judge the same capture beside it.
  mutating func run(
    _ setup: Setup, cases: [Case], jobs: Int, network: any Network, hooks: any HookRunner, also: [Profile], in folder: ReportFolder,
    ports: [String]
  ) throws {
    let name = "run-\(setup.role.rawValue)-\(setup.profile.id).pcapng"
    var run = TestRun(setup: setup, suite: suite, cases: cases.filter { $0.role == setup.role })
    run.jobs = jobs
    var progress = ProgressLine(environment: ProcessInfo.processInfo.environment)
    let began = Date()
    run.changed = { state in
      progress.update(
        done: state.done, total: state.total, running: state.running, elapsed: .seconds(Date().timeIntervalSince(began)))
    }
    var live = text.map { LiveText($0, capture: name, known: known) }
    if text != nil {
      run.ended = { result, verdicts in
        progress.clear()
        if let text = live?.text(result, in: verdicts) { print(now: text) }
      }
    }
    let signals = signals
    network.watched.append(signals.descriptor)
    run.isCancelled = { signals.isPending }
    let outcome: TestRun.Outcome
    do {
      let writer = try PcapngWriter(
        path: "\(folder.path)/\(name)", ports: ports.prefix(network.portCount).map { PcapngWriter.Port(name: $0) })
      outcome = try run.run(
        over: network, hooks: hooks, writer: writer, cuts: "\(folder.path)/captures/\(setup.role.rawValue)-\(setup.profile.id)")
    } catch let error as CaptureFileError {
      throw Stop(.usage, error.description)
    } catch let failure as TestRun.Failure {
      progress.clear()
      switch failure {
      case .capture(let error): throw Stop(.usage, error.description)
      case .unreachable(let address):
        throw Stop(
          .unreachable,
          "the device at \(address) does not answer Neighbour Solicitations on the access link; check the interface, the address and the cable"
        )
      }
    }
    progress.clear()
    isInterrupted = outcome.wasCancelled
    try KeyFolder.write(outcome.keys, to: folder, "\(setup.role.rawValue)-\(setup.profile.id)")
    let alternatives = try also.map { try judge("\(folder.path)/\(name)", setup, $0, outcome.keys) }
    let report = RunReport(
      capture: name,
      statistics: .init(
        frames: outcome.frames, mobilityHeaders: outcome.mobilityHeaders, drops: outcome.drops,
        duration: outcome.duration, testerErrors: outcome.testerErrors),
      verdicts: outcome.verdicts, alternatives: alternatives)
    runs.append(report)
    if let rest = live?.rest(of: report) { print(now: rest) }
  }

  /// The same capture under another text: the dialect that was spoken stays.
  private func judge(_ path: String, _ setup: Setup, _ profile: Profile, _ keys: KeyTables) throws -> Verdicts {
    let pair = Profile(id: profile.id, dialect: setup.profile.dialect, text: profile.text, location: profile.location)
    do throws(Audit.Failure) {
      let outcome = try Audit(suite, profile: pair, device: nil, keys: keys).check(path)
      guard let verdicts = outcome.verdicts.first else { throw .profile("\(path): nothing was judged") }
      return verdicts
    } catch {
      throw Stop(.usage, error.description)
    }
  }
}

/// SIGINT and SIGTERM, as a descriptor that the loop watches.
final class Signals {
  let descriptor: Int32
  private var wasSeen = false

  init() { descriptor = cl_termination_signals() }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// One of them came.
  var isPending: Bool {
    guard descriptor >= 0, !wasSeen else { return wasSeen }
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    wasSeen = unsafe cl_poll(&entry, 1, 0) > 0
    return wasSeen
  }
}
