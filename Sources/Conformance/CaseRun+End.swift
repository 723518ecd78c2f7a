import Judging
import Link
import Parties
import Wire

/// The verdict of a case, and what it takes down behind it.
extension CaseRun {
  /// Goes no further: the rules decide what that means; where they do not, the case is inconclusive with this reason.
  func stop(_ reason: String, _ session: Session) {
    inconclusive = reason
    step = testCase.steps.count
    phase = .settling(until: session.network.now + session.setup.timers.grace)
  }

  func noteLateness(_ late: Interval, _ session: Session) {
    let excess = Interval(nanoseconds: max(0, late.nanoseconds &- LiveNetwork.settling.nanoseconds))
    if excess > session.setup.timers.tolerance { lateness = max(lateness, excess) }
  }

  /// Waits for the windows of the rules that the case exercises, then ends it. False while it has to wait.
  func settle(_ session: Session) -> Bool {
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

  func withhold(_ what: String, _ home: IPv6Address, _ session: Session) {
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
