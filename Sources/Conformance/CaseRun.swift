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
  private var step = 0
  /// Which awaiting steps the messages seen since the last stimulus satisfy.
  private var seen: [(home: IPv6Address, steps: Set<Int>)] = []
  /// What was seen since the case began.
  private var kinds: Set<MessageKind> = []
  private var inconclusive: String?
  private var error: String?
  /// The tester did something later than it meant to, by this much.
  private(set) var lateness = Interval.zero
  /// How often the race of this case was tried.
  var races = 0
  /// What the attempts so far have taught.
  var aimCorrection = Interval.zero
  /// When the device was asked to revoke, until its BRI comes.
  private var triggered: [IPv6Address: Instant] = [:]
  private let exercised: Set<String>
  /// The steps that wait for a message.
  private let awaiting: [(step: Int, template: MessageTemplate, home: IPv6Address)]
  private let hooks: any HookRunner

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

  private var hookHome: IPv6Address?
  /// Home addresses whose IKE SA a step has deleted.
  private var deletedKeys: Set<Int> = []
  private var currentStep: Step? { testCase.steps.indices.contains(step) ? testCase.steps[step] : nil }

  // MARK: Steps

  /// Goes as far as it can without waiting.
  func advance(_ session: Session, _ stimuli: inout Stimuli) {
    while true {
      let before = step
      let now = session.network.now
      switch phase {
      case .done, .hook: return
      case .ready: start(session, &stimuli)
      case .awaiting(let index, let until):
        if take(index) {
          phase = .ready
          step += 1
        } else if session.network.readUpTo > until {
          if case .endUnless? = currentStep {
            phase = .ready
            step = testCase.steps.count
            continue
          }
          guard case .await(let template, _, _, let isOptional)? = currentStep else { return }
          // Where another stimulus is to follow for want of an answer, the case goes on.
          var isReplaced = false
          if testCase.steps.indices.contains(step + 1), case .send(let next) = testCase.steps[step + 1] {
            isReplaced = next.unless == template.kind
          }
          if isOptional || isReplaced {
            phase = .ready
            step += 1
            continue
          }
          stop("awaited \(template.kind.rawValue)\(template.from.map { " from the \($0.rawValue)" } ?? ""): none came", session)
        } else {
          return
        }
      case .waiting(let until):
        guard session.network.readUpTo > until else { return }
        noteLateness(now - until, session)
        phase = .ready
        step += 1
      case .registering(let home, let attempt, let until): register(home, attempt, until, session)
      case .keying(let home, let until):
        if session.hasKeys(homes[home]) {
          phase = .ready
        } else if session.network.readUpTo > until {
          stop("the preamble failed: no IKE SA for \(homes[home])", session)
        } else {
          return
        }
      case .settling: if !settle(session) { return }
      case .racing: if !race(session, &stimuli) { return }
      case .cleaning(let until):
        guard session.network.readUpTo > until else {
          // The answer that ended the last binding is still on its way.
          let soon = now + session.setup.timers.grace
          if until > soon, homes.allSatisfy({ !isBound($0, session) && !isOwed($0, session) }) { phase = .cleaning(until: soon) }
          return
        }
        for home in homes { session.releaseKeys(home) }
        phase = .done
        return
      }
      if case .registering = phase, step == before, !canGoOn(session) { return }
    }
  }

  /// A registration that has neither come about nor run out has to wait.
  private func canGoOn(_ session: Session) -> Bool {
    guard case .registering(let home, _, let until) = phase else { return true }
    return isRegistered(homes[home], session) || session.network.readUpTo > until
  }

  /// Takes what satisfies an awaiting step out of what was seen.
  private func take(_ index: Int) -> Bool {
    guard let position = seen.firstIndex(where: { $0.steps.contains(index) }) else { return false }
    seen.removeFirst(position + 1)
    return true
  }

  private func start(_ session: Session, _ stimuli: inout Stimuli) {
    let now = session.network.now
    guard let current = currentStep else {
      // What was just sent has to be seen before anybody knows which windows it opens.
      phase = .settling(until: now + session.setup.timers.grace)
      return
    }
    if let home = keyedHome(of: current, session), !session.hasKeys(homes[home]) {
      session.withheldKeys.remove(homes[home])
      session.establishKeys(homes[home])
      phase = .keying(home: home, until: now + session.setup.timers.guardTime)
      return
    }
    switch current {
    case .register(let home):
      seen.removeAll()
      session.withheldKeys.remove(homes[home])
      forgetBinding(homes[home], session)
      switch session.setup.role {
      case .ha:
        sendUpdate(homes[home], session)
        phase = .registering(home: home, attempt: 1, until: now + .seconds(1))
      case .ue: phase = .hook(ask(.register, home, session), .register)
      }
    case .send(let stimulus):
      if let kind = stimulus.unless, kinds.contains(kind) {
        step += 1
        if case .await? = currentStep { step += 1 }
        return
      }
      if transmit(stimulus, session, &stimuli) { step += 1 }
    case .await(_, let window, _, _), .endUnless(_, let window, _):
      var event = Event(.awaiting)
      event.testCase = testCase.id
      event.text = "step \(step + 1)"
      session.note(event)
      phase = .awaiting(step: step, until: now + session.setup.timers.duration(window))
    case .wait(let window): phase = .waiting(until: now + session.setup.timers.duration(window))
    case .hook(let name, let home):
      seen.removeAll()
      guard let hook = HookName(rawValue: name) else { return stop("no hook is called '\(name)'", session) }
      phase = .hook(ask(hook, home, session), hook)
    case .race(let offset, let home): beginRace(offset, home, session)
    case .establishKeys(let home):
      seen.removeAll()
      deletedKeys.remove(home)
      if session.hasKeys(homes[home]) {
        step += 1
      } else if session.setup.role == .ue {
        phase = .hook(ask(.register, home, session), .register)
      } else {
        session.establishKeys(homes[home])
        phase = .keying(home: home, until: now + session.setup.timers.guardTime)
      }
    case .deleteKeys(let home):
      deletedKeys.insert(home)
      session.releaseKeys(homes[home])
      step += 1
    case .deleteAgain(let home):
      seen.removeAll()
      session.deleteAgain(homes[home])
      step += 1
    case .withhold("keys", let home):
      session.withheldKeys.insert(homes[home])
      step += 1
    case .withhold(let what, let home):
      withhold(what, homes[home], session)
      step += 1
    case .probe(let name, let home): probe(name, homes[home], session)
    }
  }

  /// The home address whose keys a step needs: a UE has to have them before it can send a BU, a Home Agent gets them by its first.
  private func keyedHome(of step: Step, _ session: Session) -> Int? {
    guard session.setup.security.agreement != nil, session.setup.role == .ha else { return nil }
    switch step {
    case .register(let home):
      deletedKeys.remove(home)
      return home
    case .send(let stimulus): return deletedKeys.contains(stimulus.home) ? nil : stimulus.home
    default: return nil
    }
  }

  /// False: it could not be made, and the case ends.
  func transmit(_ stimulus: Stimulus, _ session: Session, _ stimuli: inout Stimuli) -> Bool {
    seen.removeAll()
    do throws(StepFailure) {
      let home = homes[stimulus.home]
      var keys = home
      if case .home(let other) = stimulus.sealing { keys = homes[other] }
      let packet = session.protect(
        try stimuli.packet(stimulus, home: home, homes: homes, session), of: keys, isSealed: stimulus.sealing != .none,
        isForged: stimulus.sealing == .wrong)
      let frame = packet.encoded()
      announce(frame, home, session)
      session.send(frame, to: packet.destination, on: session.setup.accessPort)
      return true
    } catch {
      stop(error.reason, session)
      return false
    }
  }

  func ask(_ name: HookName, _ home: Int, _ session: Session) -> HookToken {
    var event = Event(.hook)
    event.name = name.rawValue
    event.home = HomeAddress(homes[home])
    session.note(event)
    hookHome = homes[home]
    if name == .revoke { triggered[homes[home]] = session.network.now }
    return hooks.start(name, context(homes[home], session), at: session.network.now)
  }

  func passStep() { step += 1 }

  /// The registration that a race rests on.
  func lastRegistration(of home: Int) -> Int? {
    testCase.steps.indices.prefix(step).last {
      if case .register(home) = testCase.steps[$0] { true } else { false }
    }
  }

  func goBack(to index: Int) { step = index }

  private func context(_ home: IPv6Address, _ session: Session) -> HookContext {
    HookContext(homeAddress: home, homeAgent: session.setup.homeAgent, careOfAddress: careOf(home, session), caseID: testCase.id)
  }

  private func careOf(_ home: IPv6Address, _ session: Session) -> IPv6Address? {
    switch session.party {
    case .userEquipment(let party): party.bindings[home]?.careOf
    case .homeAgent(let party): party.bindings[home].flatMap { $0.careOf == .unspecified ? nil : $0.careOf }
    }
  }

  private func probe(_ name: String, _ home: IPv6Address, _ session: Session) {
    guard let probe = session.judge.suite.probes.first(where: { $0.id == name }) else {
      return stop("no probe is called '\(name)'", session)
    }
    seen.removeAll()
    var event = Event(.probe)
    event.name = name
    event.home = HomeAddress(home)
    session.note(event)
    if probe.stimulus == "echo-to-home" {
      guard let (packet, port) = Stimuli.echo(to: home, session) else {
        return stop("the probe '\(name)' needs a correspondent on the home link", session)
      }
      session.send(packet, on: port)
    }
    if probe.stimulus == "question" { session.askInIKE(home) }
    phase = .waiting(until: session.network.now + session.setup.timers.duration(probe.window))
  }

  /// A frame that a step sends is deliberate: the tester is not blamed for it, whatever the device made of the message before it.
  private func announce(_ frame: [UInt8], _ home: IPv6Address, _ session: Session) {
    var event = Event(.stimulus)
    event.digest = String(Monitor.digest(frame.span), radix: 16)
    event.home = HomeAddress(home)
    event.altered = true
    session.note(event)
  }

  // MARK: Registration

  private func sendUpdate(_ home: IPv6Address, lifetime: UInt16? = nil, _ session: Session) {
    var packet: Packet?
    session.party.withUserEquipment { packet = $0.update(home, lifetime: lifetime ?? $0.bindings[home]?.lifetime ?? 150) }
    if let packet { session.send(packet, on: session.setup.accessPort) }
  }

  private func isBound(_ home: IPv6Address, _ session: Session) -> Bool {
    switch session.party {
    case .userEquipment(let party): party.bindings[home]?.isBound ?? false
    case .homeAgent(let party): party.bindings[home]?.isBound ?? false
    }
  }

  /// A UE that was left without a BA to its BU, which the BRI it answered meanwhile did not make up for.
  private func isOwed(_ home: IPv6Address, _ session: Session) -> Bool {
    guard case .homeAgent(let party) = session.party else { return false }
    return party.bindings[home]?.isOwedAcknowledgement ?? false
  }

  /// The party knows it, and the judge has seen it.
  private func isRegistered(_ home: IPv6Address, _ session: Session) -> Bool {
    let agent = session.setup.homeAgent
    guard isBound(home, session) else { return false }
    let states = session.withMonitor { $0.bindingStates(home: home, homeAgent: agent) }
    return states.contains("bound") && !states.contains("unbound")
  }

  /// Only what comes from here on counts as registered.
  private func forgetBinding(_ home: IPv6Address, _ session: Session) {
    session.party.withUserEquipment { $0.configure(home) { $0.isBound = false } }
    session.party.withHomeAgent { $0.configure(home) { $0.isBound = false } }
  }

  private func register(_ home: Int, _ attempt: Int, _ until: Instant, _ session: Session) {
    if isRegistered(homes[home], session) {
      // The registration itself is not what a later step waits for.
      seen.removeAll()
      phase = .ready
      step += 1
    } else if session.network.readUpTo > until {
      guard session.setup.role == .ha, attempt < 3 else { return stop("the preamble failed: \(homes[home]) was not registered", session) }
      sendUpdate(homes[home], session)
      phase = .registering(home: home, attempt: attempt + 1, until: session.network.now + Interval.seconds(1) * (1 << Int64(attempt)))
    }
  }

  // MARK: The end

  /// Goes no further: the rules decide what that means; where they do not, the case is inconclusive with this reason.
  func stop(_ reason: String, _ session: Session) {
    inconclusive = reason
    step = testCase.steps.count
    phase = .settling(until: session.network.now + session.setup.timers.grace)
  }

  private func noteLateness(_ late: Interval, _ session: Session) {
    let excess = Interval(nanoseconds: max(0, late.nanoseconds &- LiveNetwork.settling.nanoseconds))
    if excess > session.setup.timers.tolerance { lateness = max(lateness, excess) }
  }

  /// Waits for the windows of the rules that the case exercises, then ends it. False while it has to wait.
  private func settle(_ session: Session) -> Bool {
    guard case .settling(let until) = phase, session.network.readUpTo > until else { return false }
    let open = session.withMonitor { monitor in
      homes.compactMap { monitor.lastDeadline(home: $0, homeAgent: session.setup.homeAgent, rules: exercised) }.max()
    }
    if let open, open >= session.network.readUpTo, open != .distantFuture {
      phase = .settling(until: open)
      return false
    }
    var event = Event(.caseEnd)
    event.testCase = testCase.id
    if lateness > .zero {
      if attempt == 1 { event.superseded = true }
      inconclusive = "the tester was late by \(lateness)"
    }
    event.inconclusive = inconclusive
    event.error = error
    session.note(event)
    clean(session)
    return true
  }

  /// Takes the bindings down, so that the next case finds nothing of this one.
  private func clean(_ session: Session) {
    for home in homes { session.withheldKeys.remove(home) }
    // A UE that was left without an answer sends its BU(0) again when its timer says so (RFC 6275 11.8).
    let patience = session.setup.role == .ha ? Interval.milliseconds(500) : session.setup.timers.guardTime
    phase = .cleaning(until: session.network.now + patience)
    guard session.setup.hasMobileIPv6 else { return }
    for home in homes
    where isBound(home, session) || isOwed(home, session)
      || session.withMonitor({ $0.bindingStates(home: home, homeAgent: session.setup.homeAgent) }) != ["unbound"]
    {
      restoreBehaviour(home, session)
      switch session.setup.role {
      case .ha: sendUpdate(home, lifetime: 0, session)
      case .ue:
        // Of a UE that has detached of itself nothing is left to take down.
        if isBound(home, session), !hooks.isExclusive(.detach) { _ = hooks.start(.detach, context(home, session), at: session.network.now) }
      }
    }
  }

  private func withhold(_ what: String, _ home: IPv6Address, _ session: Session) {
    session.party.withUserEquipment { $0.configure(home) { $0.acknowledgesRevocations = what != "revocations" } }
    session.party.withHomeAgent { $0.configure(home) { $0.acknowledgesUpdates = what != "updates" } }
  }

  private func restoreBehaviour(_ home: IPv6Address, _ session: Session) {
    session.party.withUserEquipment { $0.configure(home) { $0.acknowledgesRevocations = true } }
    session.party.withHomeAgent {
      $0.configure(home) {
        $0.acknowledgesUpdates = true
        $0.lifetime = 150
      }
    }
  }
}
