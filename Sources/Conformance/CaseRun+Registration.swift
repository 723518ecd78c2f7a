import Judging
import Link
import Parties
import Wire

/// The binding that a case rests on.
extension CaseRun {
  func sendUpdate(_ home: IPv6Address, lifetime: UInt16? = nil, _ session: Session) {
    var packet: Packet?
    session.party.withUserEquipment { packet = $0.update(home, lifetime: lifetime ?? $0.bindings[home]?.lifetime ?? 150) }
    if let packet { session.send(packet, on: session.setup.accessPort) }
  }

  func isBound(_ home: IPv6Address, _ session: Session) -> Bool {
    switch session.party {
    case .userEquipment(let party): party.bindings[home]?.isBound ?? false
    case .homeAgent(let party): party.bindings[home]?.isBound ?? false
    }
  }

  /// A UE that was left without a BA to its BU, which the BRI it answered meanwhile did not make up for.
  func isOwed(_ home: IPv6Address, _ session: Session) -> Bool {
    guard case .homeAgent(let party) = session.party else { return false }
    return party.bindings[home]?.isOwedAcknowledgement ?? false
  }

  /// The party knows it, and the judge has seen it.
  func isRegistered(_ home: IPv6Address, _ session: Session) -> Bool {
    let agent = session.setup.homeAgent
    guard isBound(home, session) else { return false }
    let states = session.withMonitor { $0.bindingStates(home: home, homeAgent: agent) }
    return states.contains("bound") && !states.contains("unbound")
  }

  /// Only what comes from here on counts as registered.
  func forgetBinding(_ home: IPv6Address, _ session: Session) {
    session.party.withUserEquipment { $0.configure(home) { $0.isBound = false } }
    session.party.withHomeAgent { $0.configure(home) { $0.isBound = false } }
  }

  func register(_ home: Int, _ attempt: Int, _ until: Instant, _ session: Session) {
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
}
