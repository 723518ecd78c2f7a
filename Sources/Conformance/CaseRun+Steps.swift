import Judging
import Link
import Parties
import Security
import Wire

/// The steps of a case, one after the other.
extension CaseRun {
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
    case .falseDelete(let isSealed, let home):
      session.deleteFalsely(homes[home], isSealed: isSealed)
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
      var packet = try stimuli.packet(stimulus, home: home, homes: homes, session)
      if stimulus.sealing == .again {
        packet = try stimuli.sealedAgain(stimulus, home: home)
      } else {
        packet = session.protect(packet, of: keys, isSealed: stimulus.sealing != .none, isForged: stimulus.sealing == .wrong)
        stimuli.keep(packet, stimulus, home: home)
      }
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

  func context(_ home: IPv6Address, _ session: Session) -> HookContext {
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
}
