import Judging
import Link
import Parties
import Security
import Wire

/// One case on its way: which step it is at, and what it waits for.
final class CaseRun {
  enum Phase {
    case ready
    /// A message that the step at this index waits for.
    case awaiting(step: Int, until: Instant)
    case waiting(until: Instant)
    case hook(HookToken, HookName)
    case racing(Race)
    case registering(home: Int, attempt: Int, until: Instant)
    /// The IKE SA of a UE is coming about.
    case keying(home: Int, until: Instant)
    /// All steps are done; windows of the rules that it exercises are still open.
    case settling(until: Instant)
    /// The verdict is given; the bindings are taken down.
    case cleaning(until: Instant)
    case done
  }

  let testCase: Case
  let homes: [IPv6Address]
  let attempt: Int
  var phase = Phase.ready
  var step = 0
  /// Which awaiting steps the messages seen since the last stimulus satisfy.
  var seen: [(home: IPv6Address, steps: Set<Int>)] = []
  /// What was seen since the case began.
  var kinds: Set<MessageKind> = []
  var inconclusive: String?
  var error: String?
  /// The tester did something later than it meant to, by this much.
  var lateness = Interval.zero
  /// How often the race of this case was tried.
  var races = 0
  /// What the attempts so far have taught.
  var aimCorrection = Interval.zero
  /// When the device was asked to revoke, until its BRI comes.
  var triggered: [IPv6Address: Instant] = [:]
  let exercised: Set<String>
  /// The steps that wait for a message.
  private let awaiting: [(step: Int, template: MessageTemplate, home: IPv6Address)]
  let hooks: any HookRunner

  init(_ testCase: Case, homes: [IPv6Address], attempt: Int, hooks: any HookRunner) {
    self.testCase = testCase
    self.homes = homes
    self.attempt = attempt
    self.hooks = hooks
    exercised = Set(testCase.exercises + testCase.mayExercise)
    awaiting = testCase.steps.enumerated().compactMap { index, step in
      guard let (template, _, home) = step.awaited, homes.indices.contains(home) else { return nil }
      return (index, template, homes[home])
    }
  }

  /// When it wants to go on, if nothing happens before.
  var deadline: Instant {
    switch phase {
    case .ready: .distantPast
    case .awaiting(_, let until), .waiting(let until), .registering(_, _, let until), .keying(_, let until), .settling(let until),
      .cleaning(let until):
      until
    case .racing(let race): race.deadline
    case .hook, .done: .distantFuture
    }
  }

  var isDone: Bool { if case .done = phase { true } else { false } }

  // MARK: What happens

  /// A frame belonged to one of its home addresses.
  func observe(_ bytes: Span<UInt8>, _ dissection: Dissection, _ last: Monitor.Seen, _ session: Session) {
    kinds.insert(last.kind)
    if last.kind == .bri, last.from == .ha, let began = triggered.removeValue(forKey: last.home) {
      session.noteTriggerDelay(last.time - began)
    }
    observeRace(last)
    var matching: Set<Int> = []
    for awaited in awaiting where awaited.step >= step && awaited.home == last.home {
      if session.withMonitor({ $0.lastMatches(awaited.template, bytes, dissection) }) { matching.insert(awaited.step) }
    }
    if !matching.isEmpty { seen.append((last.home, matching)) }
  }

  func finished(_ token: HookToken, _ outcome: HookOutcome, _ session: Session) {
    let name: HookName
    switch phase {
    case .hook(token, let asked): name = asked
    case .racing(let race) where race.token == token: name = .revoke
    default: return
    }
    var event = Event(.hookReturned)
    event.name = name.rawValue
    event.home = hookHome.map(HomeAddress.init)
    switch outcome {
    case .done:
      session.note(event)
      if case .racing = phase { return }
      phase = .ready
      if name == .register, case .register(let home)? = currentStep {
        phase = .registering(home: home, attempt: 1, until: session.network.now + session.setup.timers.guardTime)
        return
      }
      if name == .register, case .establishKeys(let home)? = currentStep {
        phase = .keying(home: home, until: session.network.now + session.setup.timers.guardTime)
        return
      }
      step += 1
    case .failed(let why):
      event.error = why
      session.note(event)
      // Where the BU came first there may be nothing left to revoke.
      if case .racing = phase { return }
      stop("the hook '\(name.rawValue)' failed: \(why)", session)
    }
  }

  var hookHome: IPv6Address?
  /// Home addresses whose IKE SA a step has deleted.
  var deletedKeys: Set<Int> = []
  var currentStep: Step? { testCase.steps.indices.contains(step) ? testCase.steps[step] : nil }
}
