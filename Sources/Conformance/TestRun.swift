package import Judging
package import Link
package import Security
package import Wire

/// One run: one role and one profile of a device, all chosen cases.
package struct TestRun {
  /// What came of it.
  package struct Outcome: Sendable {
    package var verdicts: Verdicts
    /// Errors of the tester itself.
    package var testerErrors: [String]
    package var frames: Int
    package var mobilityHeaders: Int
    package var drops: UInt64
    package var refused: Int
    /// In the time of the run: virtual in a simulation.
    package var duration: Interval
    /// Frames and events, where they were kept.
    package var items: [Evidence.Item]
    /// The keys of everything that was sealed.
    package var keys: KeyTables
    package var wasCancelled: Bool
    /// As it is when everything was seen.
    package var judge: Judge
  }

  package var setup: Setup
  package var suite: Suite
  package var cases: [Case]
  package var jobs = Int.max
  package var keepsItems = false
  /// The judge, where one was made already.
  var judge: Judge?
  /// Told of each case that has ended for good, with everything that was found so far.
  package var ended: ((CaseResult, Verdicts) -> Void)?
  package var changed: ((Scheduler.Progress) -> Void)?
  package var isCancelled: () -> Bool = { false }

  package init(setup: Setup, suite: Suite, cases: [Case]) {
    self.setup = setup
    self.suite = suite
    self.cases = cases
  }

  /// Runs the cases over a network; frames and events go to `writer`, and cuts by case to `cuts`.
  package func run(
    over network: any Network, hooks: any HookRunner, writer: PcapngWriter?, cuts: String? = nil
  ) throws(TestRun.Failure) -> Outcome {
    let session = Session(network: network, setup: setup, suite: suite, evidence: Evidence(writer: writer, keeps: keepsItems), judge: judge)
    let began = network.now
    try reach(session)
    var scheduler = Scheduler(session, hooks: hooks, cases: cases, jobs: jobs)
    scheduler.ended = ended
    scheduler.changed = changed
    scheduler.isCancelled = isCancelled
    scheduler.run()
    settle(session)
    let verdicts = session.finish()
    do {
      try session.closeEvidence()
      if let writer, let cuts { try CaseCuts(session.evidence, verdicts).write(from: writer.path, to: cuts) }
    } catch {
      throw .capture(error)
    }
    return Outcome(
      verdicts: verdicts, testerErrors: session.judge.testerErrors, frames: session.judge.frames,
      mobilityHeaders: session.judge.monitor.mobilityHeaders,
      drops: network.drops.reduce(0, &+), refused: network.refused, duration: network.now - began, items: session.evidence.items,
      keys: session.keys, wasCancelled: isCancelled(), judge: session.judge)
  }

  /// Waits for what the end of the last cases set off; for one that is right that is next to nothing.
  private func settle(_ session: Session) {
    let limit = session.network.now + setup.timers.guardTime
    // The DELETE of the last IKE SA is still to leave, and to be answered; a wait is over with whatever comes first.
    let answered = setup.security.agreement == nil ? Instant.distantPast : session.network.now + setup.timers.grace
    while !isCancelled() {
      let last = max(answered, session.withMonitor { $0.lastDeadline(before: limit) } ?? .distantPast)
      guard last >= session.network.readUpTo else { return }
      session.pump(until: last + Interval(nanoseconds: 1))
    }
  }

  package enum Failure: Error {
    /// The device did not answer before the first case.
    case unreachable(IPv6Address)
    case capture(CaptureFileError)
  }

  /// Makes sure that the device is there before the first case; falling silent later is a finding.
  ///
  /// Every destination is a neighbour, and whatever the device has to say or not, Neighbour Discovery it has to answer (RFC 4861 7.2.4).
  private func reach(_ session: Session) throws(Failure) {
    let source = setup.role == .ha ? setup.careOf.first : setup.homeAgent
    guard let source, let device = setup.device else { return }
    // One that gets its address from the tester has yet to get it.
    for _ in 0..<(setup.network == nil ? 1 : 8) {
      if session.resolve(device, on: setup.accessPort, from: source, within: .seconds(4)) { return }
    }
    throw .unreachable(device)
  }
}
