package import Conformance
package import Judging
package import Link
import Wire

/// Runs a plan's cases, many at once, and keeps what breaks a sentence.
package final class Campaign {
  package struct Options: Sendable {
    /// How many cases, from which on, and each how far behind the one before (a shard runs every n-th).
    package var count = 100_000
    package var first = 0
    package var stride = 1
    /// Ends it sooner; nil: when all cases are run.
    package var duration: Duration?
    package var seed: UInt64 = 1
    /// Cases in flight that have to be answered, at most.
    package var window = 256
    /// Every n-th message is the valid one.
    package var controlEvery = 16
    /// Findings kept, at most; more are counted with those that are like them, or not at all.
    package var maximumFindings = 100
    /// What a command needs, besides the case's name, role and profile, to meet the same device again; as a shell reads it.
    package var replayArguments = ""

    package init() {}
  }

  /// Called now and then; and for each finding, with the frames that show it.
  package var progress: ((FuzzProgress) -> Void)?
  package var found: ((FuzzFinding, [FuzzFrame]) -> Void)?
  package var isCancelled: () -> Bool = { false }

  let driver: Driver
  let plan: Plan
  let options: Options
  let table: CaseTable
  var summary: FuzzSummary
  let pristine: Monitor

  // What is in flight.
  var flights = ContiguousArray<Flight>(repeating: Flight(), count: 1 << 16)
  /// The next stimulus's number; the oldest that may still be open; the youngest that was answered: the device has seen all before it.
  var next = 1
  private var oldest = 1
  private var reached = 0
  private var lastControl = 0
  private var waiting = 0
  private var open = 0
  private var sinceControl = 0
  private var silentControls = 0
  /// What the rules said of the last control that was not answered.
  var unanswered: Finding?
  private var offered = 0
  /// The time for the campaign is over: what is in flight ends, nothing more is sent.
  private var isTimeOver = false
  private var again: [Int] = []
  var suspects = Suspects()
  private var drops: UInt64 = 0
  private let clock = ContinuousClock()

  /// A stimulus that was sent, and what became of it.
  struct Flight {
    var ordinal = 0
    /// The case; -1: a valid message, -2: one that shows whether the binding stands.
    var index = -1
    var home: Int32 = 0
    var sent = Instant.distantPast
    var mustAnswer = false
    var isOpen = false
    var isSuspect = false
  }

  /// Resolves and registers nothing yet.
  ///
  /// - Parameter hooks: with `register`, how the UE under test is made to register; a UE that does so by itself needs none.
  package init(
    network: any Network, setup: Setup, suite: Suite, plan: Plan, options: Options, hooks: any HookRunner
  ) throws(FuzzError) {
    guard plan.role == setup.role else { throw .plan("the plan '\(plan.id)' is for a device of the other role") }
    self.plan = plan
    self.options = options
    driver = Driver(network: network, setup: setup, suite: suite, hooks: hooks)
    guard let sample = Campaign.sample(plan, setup) else {
      throw .plan("the plan '\(plan.id)' sends a \(plan.message.rawValue), which the tester does not send to a device of this role")
    }
    table = CaseTable(plan: plan, dialect: setup.profile.dialect, seed: options.seed, sample: sample)
    pristine = driver.monitor
    driver.monitor.keepsDecisions = true
    summary = FuzzSummary(plan: plan.id, seed: options.seed, role: setup.role, profile: setup.profile.id)
  }

  /// How many cases the plan has.
  package var caseCount: Int { table.count }

  // MARK: The run

  /// Registers the home addresses, sends controls, then the cases.
  /// - Throws: `FuzzError` before the first case.
  package func run() throws(FuzzError) -> FuzzSummary {
    try prepare(homes: driver.homes.count)
    try measure()
    let start = clock.now
    var reported = start
    var isOver = false
    while !isOver {
      isOver = fill()
      if isOver { prove() }
      driver.pump(until: deadline())
      hear()
      expire()
      if isOver { isOver = open == 0 && again.isEmpty }
      if suspects.isUrgent(after: summary.cases) || (isOver && !suspects.pending.isEmpty) { examine() }
      if driver.drops > drops { repeatLost() }
      if silentControls >= 3 { checkAlive() }
      if next & 0xff == 0 || isOver, clock.now - reported > .milliseconds(200) {
        reported = clock.now
        tell(start)
      }
      if summary.end != .finished { isOver = true }
      if let duration = options.duration, clock.now - start > duration { isTimeOver = true }
      if isCancelled() {
        summary.end = .cancelled
        isOver = true
      }
    }
    examine()
    tell(start)
    summary.rate = rate(start)
    summary.late = driver.late
    summary.drops = driver.drops
    summary.nextIndex = nextIndex
    return summary
  }

  private func rate(_ start: ContinuousClock.Instant) -> Double {
    let elapsed = clock.now - start
    let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
    return seconds > 0 ? Double(summary.cases) / seconds : 0
  }

  private func tell(_ start: ContinuousClock.Instant) {
    progress?(
      FuzzProgress(
        cases: summary.cases, total: options.count, rate: rate(start), findings: summary.findings.count, unconfirmed: summary.unconfirmed))
  }

  // MARK: Sending

  /// Sends as much as the window has room for. True when no case is left.
  private func fill() -> Bool {
    freshen()
    // In bursts: what is queued at the device stays short against the silence that counts.
    var room = 64
    while room > 0, waiting < options.window, next - reached <= 2 * options.window + 16 {
      room -= 1
      let isControl = sinceControl >= controlEvery
      guard isControl || !again.isEmpty || hasMore else { return true }
      guard let home = driver.takeIdle() else { return false }
      guard driver.isBound(home) else {
        driver.homes[home].phase = .stale
        continue
      }
      if isControl {
        sinceControl = 0
        summary.controls += 1
        launch(-1, home)
      } else if let index = again.popLast() {
        launch(index, home)
      } else {
        let index = nextIndex
        offered += 1
        sinceControl += 1
        launch(index, home)
      }
    }
    return false
  }

  /// The number of the next case to be sent for the first time.
  private var nextIndex: Int { options.first &+ offered &* options.stride }
  private var hasMore: Bool { !isTimeOver && offered < options.count && (0..<table.count).contains(nextIndex) }

  /// With few home addresses, all would be taken by cases that have to stay silent.
  private var controlEvery: Int { max(1, min(options.controlEvery, driver.homes.count / 2)) }

  /// Sends a valid message behind the last case: its answer shows that the device has seen all of them.
  private func prove() {
    guard open > 0, lastControl < next - 1, let home = driver.takeIdle() else { return }
    summary.controls += 1
    launch(-1, home)
  }

  /// Sends a case, or the valid message, to a home address that is bound.
  private func launch(_ index: Int, _ home: Int) {
    guard let valid = driver.valid(plan, home) else { return }
    let packet = table[index].map { valid.mutated(by: $0, driver.live(home)) } ?? valid
    let ordinal = next
    next += 1
    let mustAnswer = driver.stimulate(packet, home, ordinal: ordinal, isAltered: index >= 0) || index == -1
    flights[ordinal & 0xffff] = Flight(
      ordinal: ordinal, index: index, home: Int32(clamping: home), sent: driver.lastSent, mustAnswer: mustAnswer, isOpen: true)
    if index == -1 { lastControl = ordinal }
    open += 1
    if mustAnswer { waiting += 1 }
  }

  /// Brings home addresses whose binding is not known back into use.
  private func freshen() {
    let now = driver.network.now
    guard driver.setup.role == .ha || now >= nextLook || !driver.hasIdle else { return }
    nextLook = now + .milliseconds(20)
    var room = options.window
    var usable = 0
    for home in driver.homes.indices {
      switch driver.homes[home].phase {
      case .stale:
        guard room > 0 else { continue }
        room -= 1
        if driver.setup.role == .ha {
          driver.register(home, within: .seconds(1))
        } else if waiting < options.window, driver.homes[home].attempts == 0 {
          driver.homes[home].attempts = 1
          launch(-2, home)
        } else if driver.homes[home].attempts > 0, !driver.register(home, within: .seconds(2)) {
          driver.homes[home].phase = .lost
        }
      case .registering where driver.homes[home].deadline < driver.network.readUpTo:
        if driver.homes[home].attempts > 3 || !driver.register(home, within: .seconds(2)) { driver.homes[home].phase = .lost }
      default: break
      }
      if driver.homes[home].phase != .lost { usable += 1 }
    }
    if usable == 0 { if silentControls > 0 { checkAlive() } else { summary.end = .noBinding } }
  }
  private var nextLook = Instant.distantPast

  private func deadline() -> Instant {
    let canSend =
      driver.hasIdle && waiting < options.window && next - reached <= 2 * options.window + 16
      && (hasMore || !again.isEmpty)
    return canSend ? driver.network.now : quiet
  }

  /// When the next silence is over, or something else is to be looked at.
  private var quiet: Instant {
    let now = driver.network.now
    let tick = now + .milliseconds(20)
    guard oldest < next, oldest <= reached else { return tick }
    // A nanosecond more: it is over when it has passed.
    return max(now, min(tick, flights[oldest & 0xffff].sent + silence + Interval(nanoseconds: 1)))
  }

  var silence: Interval { Interval(nanoseconds: summary.silenceWait) }

  // MARK: Hearing

  private func hear() {
    for answer in driver.answers {
      let flight = flights[answer.ordinal & 0xffff]
      guard flight.ordinal == answer.ordinal, flight.isOpen, Int(flight.home) == answer.home else { continue }
      close(answer.ordinal, answer)
    }
  }

  /// The rules' breaches, by the stimulus that they belong to.
  private func takeDecisions() {
    for decision in driver.monitor.takeDecisions() {
      var ordinal = decision.trigger
      if ordinal == Driver.answerNumber {
        // What an answer is in itself: it belongs to the stimulus that was under way, or has just ended.
        guard let home = driver.homeIndex[decision.home] else { continue }
        ordinal = driver.homes[home].ordinal
      }
      let flight = flights[ordinal & 0xffff]
      guard ordinal > 0, flight.ordinal == ordinal, !flight.isSuspect, flight.index != -2 else { continue }
      flights[ordinal & 0xffff].isSuspect = true
      if flight.index == -1 { unanswered = driver.monitor.findings.last { $0.rule == decision.assertion.rule }.map(Self.decided) }
      note(decision, flight.index)
    }
  }

  /// A stimulus is done with: answered, or not.
  private func close(_ ordinal: Int, _ answer: Answer?) {
    let flight = flights[ordinal & 0xffff]
    flights[ordinal & 0xffff].isOpen = false
    open -= 1
    if flight.mustAnswer { waiting -= 1 }
    if answer != nil || driver.network.readUpTo > flight.sent + driver.setup.timers.guardTime { reached = max(reached, ordinal) }
    let home = Int(flight.home)
    let isAccepted = answer.map { driver.isAcceptance($0) } ?? false
    if flight.index >= 0 {
      summary.cases += 1
      if answer == nil { summary.silent += 1 } else { summary.answered += 1 }
    } else if flight.index == -1 {
      silentControls = isAccepted ? 0 : silentControls + 1
    }
    driver.homes[home].ordinal = ordinal
    // A UE that comes back at once may have done so in the same breath.
    if driver.isBound(home), isAccepted || flight.index != -2 {
      driver.release(home)
    } else if driver.setup.role == .ha {
      driver.homes[home].attempts = 0
      driver.register(home, within: .seconds(1))
    } else if isAccepted {
      driver.homes[home].phase = .registering
      driver.homes[home].attempts = 1
      driver.homes[home].deadline = driver.network.now + .milliseconds(500)
      if driver.setup.ics["reattaches-by-itself"] != true { driver.register(home, within: .seconds(2)) }
    } else {
      driver.homes[home].phase = .stale
    }
  }

  /// Declares silence where the ports have been read empty past the deadline and the device has answered something that was sent later: one
  /// that does nothing at all for a while has seen none of it, and is waited for as long as the guard time allows.
  private func expire() {
    let now = driver.network.readUpTo
    var limit = now
    var ordinal = max(oldest, reached + 1)
    while ordinal < next, !flights[ordinal & 0xffff].isOpen { ordinal += 1 }
    if ordinal < next, !isOver(flights[ordinal & 0xffff].sent) { limit = min(now, flights[ordinal & 0xffff].sent + silence) }
    driver.monitor.advance(to: limit)
    while oldest < next {
      let flight = flights[oldest & 0xffff]
      if flight.isOpen {
        guard now > flight.sent + silence, oldest < reached || isOver(flight.sent) else { break }
        close(oldest, nil)
      }
      oldest += 1
    }
    takeDecisions()
  }

  private func isOver(_ sent: Instant) -> Bool { driver.network.readUpTo > sent + driver.setup.timers.guardTime }

  /// The capture lost frames: nothing that is in flight can be judged.
  private func repeatLost() {
    drops = driver.drops
    for ordinal in oldest..<next where flights[ordinal & 0xffff].isOpen {
      let index = flights[ordinal & 0xffff].index
      close(ordinal, nil)
      guard index >= 0 else { continue }
      summary.cases -= 1
      summary.silent -= 1
      summary.repeated += 1
      again.append(index)
    }
    silentControls = 0
    oldest = next
  }

  /// Lets what is in flight end.
  func drain() {
    while oldest < next {
      prove()
      driver.pump(until: quiet)
      hear()
      expire()
    }
    // Registrations too: a case alone hears nothing of others.
    let end = driver.network.now + .seconds(1)
    while driver.network.now < end, driver.homes.contains(where: { if case .registering = $0.phase { true } else { false } }) {
      driver.pump(until: end)
      hear()
    }
  }

  /// Several controls in a row got no answer: they are sent again, each alone, with all the time that the device has.
  private func checkAlive() {
    silentControls = 0
    let last = (max(1, next - options.window)..<next).map { flights[$0 & 0xffff].index }.filter { $0 >= 0 }
    drain()
    var outcome: Alone?
    for home in driver.homes.indices.prefix(3) {
      let alone = runAlone(nil, home)
      if alone.isAccepted { return }
      outcome = alone
    }
    summary.end = .deviceSilent
    keepSilence(outcome, last)
  }
}
