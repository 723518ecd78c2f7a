package import Judging
package import Link
import Parties
import Security
import Wire

/// Goes the road to a device step by step, up to the first that fails: is it a neighbour, does it speak IKE, does it believe the tester, does
/// it seal, does it register.
///
/// It judges nothing: what it says is for whoever writes the device's description.
package final class RoadProbe {
  /// A step that was tried.
  package struct Step: Sendable, Equatable {
    package var name: String
    /// What was seen.
    package var seen: String
    /// What to do about it; nil: it was reached.
    package var mend: String?

    package init(name: String, seen: String, mend: String? = nil) {
      self.name = name
      self.seen = seen
      self.mend = mend
    }
  }

  private let session: Session
  private let hooks: any HookRunner
  private let home: IPv6Address
  private let watched: [Int32]
  /// Told of each step when it has been tried, and of what a person has to do.
  package var tell: (Step) -> Void = { _ in }
  package var ask: (String) -> Void = { _ in }
  private(set) var exchange = KeyExchangeSeen()
  private var acknowledgement: (status: UInt8, lifetime: UInt16)?
  private var hookOutcome: HookOutcome?
  /// A Mobility Header of the device came outside of ESP.
  private var wasClear = false

  /// - Parameter setup: of a device with at least one home address.
  package init?(_ setup: Setup, suite: Suite, network: any Network, hooks: any HookRunner) {
    guard let home = setup.homes.first else { return nil }
    self.home = home
    self.hooks = hooks
    watched = network.watched
    session = Session(network: network, setup: setup, suite: suite, evidence: Evidence(writer: nil, keeps: false))
    session.observeKeys = { [unowned self] events in exchange.take(events) }
    session.observe = { [unowned self] bytes, dissection, seen in
      guard seen.home == home, seen.from == setup.role, dissection.mobility >= 0 else { return }
      if !dissection.layers[dissection.mobility].protection.isOpened { wasClear = true }
      guard seen.kind == .ba, let status = dissection.value(.baStatus, in: bytes) else { return }
      acknowledgement = (
        UInt8(truncatingIfNeeded: status), UInt16(truncatingIfNeeded: dissection.value(.baLifetime, in: bytes) ?? 0)
      )
    }
  }

  private var setup: Setup { session.setup }
  private var now: Instant { session.network.now }
  private var isReady: Bool { session.hasKeys(home) }

  /// Goes as far as it gets, and takes down again what came about. True: every step was reached.
  package func run() -> Bool {
    var isThrough = false
    for step in steps {
      let result = step()
      if let result { tell(result) }
      isThrough = result?.mend == nil
      if !isThrough { break }
    }
    leave()
    return isThrough
  }

  private var steps: [() -> Step?] {
    let keys = setup.security.agreement == nil ? [] : [initial, authentication, encapsulation]
    let attach = setup.hasMobileIPv6 ? [binding] : []
    return [neighbour] + (setup.role == .ue ? [hook] : []) + keys + attach
  }

  // MARK: Steps

  private func neighbour() -> Step? {
    let (device, source) = (setup.device ?? setup.homeAgent, setup.role == .ha ? setup.careOf.first : setup.homeAgent)
    let isIPv4 = device.ipv4 != nil
    // One that gets its address from the tester has yet to get it.
    let isThere = (0..<(setup.network == nil ? 1 : 8)).contains { _ in
      session.resolve(device, on: setup.accessPort, from: source ?? setup.homeAgent, within: .seconds(4))
    }
    if isThere, let hardware = session.linkAddress(of: device, on: setup.accessPort) {
      return Step(name: "neighbour", seen: "\(words(device)) is at \(hardware)")
    }
    return Step(
      name: "neighbour",
      seen:
        "\(words(device)) did not answer \(isIPv4 ? "ARP requests" : "Neighbour Solicitations") in \(setup.network == nil ? "4" : "32") s",
      mend: "check the address in 'device', the cable and the VLAN; \(isIPv4 ? "arping" : "ndisc6") from another host shows whether the "
        + "device answers at all")
  }

  /// Has a UE attach, by its hook or by a person.
  private func hook() -> Step? {
    guard hooks.names.contains(.register) else {
      ask("make the device attach now; \(setup.timers.triggerTime) are waited for it")
      return nil
    }
    let context = HookContext(homeAddress: home, homeAgent: setup.homeAgent, careOfAddress: setup.device, caseID: nil)
    let token = hooks.start(.register, context, at: now)
    // A hook ends by itself, if need be by being killed.
    while hookOutcome == nil {
      pump(until: min(hooks.nextDeadline, now + .seconds(1)))
      for (ended, outcome) in hooks.finished(at: now) where ended == token { hookOutcome = outcome }
    }
    guard case .failed(let why)? = hookOutcome else { return Step(name: "hook register", seen: "it returned") }
    // What came before it failed says more.
    if let failure = exchange.failure { return failed(failure, isAuthentication: !session.keys.ike.records.isEmpty) }
    return Step(name: "hook register", seen: why, mend: "run the command by hand with the same environment until it ends with status 0")
  }

  private func initial() -> Step? {
    if setup.role == .ha { session.establishKeys(home) }
    wait(patience) { !self.session.keys.ike.records.isEmpty || self.exchange.failure != nil }
    guard session.keys.ike.records.isEmpty else {
      return Step(name: "IKE_SA_INIT", seen: setup.role == .ha ? "the device answered" : "the device began, and was answered")
    }
    return failed(exchange.failure ?? .silence, isAuthentication: false)
  }

  private func authentication() -> Step? {
    wait(setup.timers.guardTime) { self.exchange.established != nil || self.exchange.failure != nil }
    guard let sa = exchange.established else { return failed(exchange.failure ?? .silence, isAuthentication: true) }
    return Step(
      name: "IKE_AUTH",
      seen: "\(sa.peerIdentity) proved who it is; \(AlgorithmSuite.words(sa.algorithms.encryption, sa.algorithms.integrity, sa.group))")
  }

  private func encapsulation() -> Step? {
    guard setup.security.agreement?.child != nil else { return nil }
    wait(setup.timers.guardTime) { self.exchange.child != nil || self.exchange.failure != nil }
    guard let child = exchange.child else { return failed(exchange.failure ?? .noChild, isAuthentication: true) }
    let mode = child.isTransportMode ? "transport" : "tunnel"
    return Step(
      name: "ESP",
      seen: "SAs in \(mode) mode, SPIs \(hexadecimal(child.outboundSPI)) to the device and \(hexadecimal(child.inboundSPI)) from it; "
        + AlgorithmSuite.words(child.inbound.encryption, child.inbound.integrity))
  }

  private func binding() -> Step? { setup.role == .ha ? register() : awaitRegistration() }

  /// The tester's UE registers.
  private func register() -> Step? {
    for _ in 0..<3 where acknowledgement == nil {
      var packet: Packet?
      session.party.withUserEquipment { packet = $0.update(home, lifetime: 150) }
      if let packet { session.send(packet, on: setup.accessPort) }
      wait(.seconds(1)) { self.acknowledgement != nil }
    }
    guard let (status, lifetime) = acknowledgement else {
      let sealed = setup.security.isProtected
      return Step(
        name: "attach", seen: "no BA came to three BUs for \(home)\(sealed ? ", which were sealed" : "")",
        mend: sealed
          ? "look into the device's log and counters of ESP (on Linux /proc/net/xfrm_stat): keys, SPIs or selectors differ, or Mobile IPv6 is off"
          : "see that Mobile IPv6 is on, that \(home) is one of the device's home addresses, and that it does without IPsec; else describe 'security'"
      )
    }
    if let inClear { return inClear }
    guard status < 128 else {
      return Step(
        name: "attach", seen: "the BA has status \(status)",
        mend:
          "let the device accept \(home) (RFC 6275 6.1.8 says what the status means; 132 not for this home subnet, 133 not the Home Agent, "
          + "129 administratively prohibited)")
    }
    return Step(name: "attach", seen: "\(home) is registered for \(Int(lifetime) * 4) s (BA status \(status))")
  }

  private func awaitRegistration() -> Step? {
    wait(setup.security.agreement == nil ? patience : setup.timers.guardTime) { self.isBound }
    guard isBound else {
      return Step(
        name: "attach", seen: "no BU for \(home) that could be accepted came from the device",
        mend: "see that the device takes \(setup.homeAgent) for its Home Agent and \(home) for its home address, and that "
          + (setup.security.isProtected ? "it seals its BUs as 'security' says" : "it does without IPsec; else describe 'security'"))
    }
    return inClear ?? Step(name: "attach", seen: "\(home) is registered")
  }

  /// The device registers, or answers, without the protection that its description promises.
  private var inClear: Step? {
    guard wasClear, setup.security.isProtected else { return nil }
    return Step(
      name: "attach", seen: "the device's Mobility Headers come in clear",
      mend: "let its security policy ask for ESP between \(home) and \(setup.homeAgent), or say 'security: none'")
  }

  private var isBound: Bool {
    switch session.party {
    case .userEquipment(let party): party.bindings[home]?.isBound ?? false
    case .homeAgent(let party): party.bindings[home]?.isBound ?? false
    }
  }

  private func failed(_ failure: KeyExchangeSeen.Failure, isAuthentication: Bool) -> Step {
    KeyExchangeSeen.step(failure, isAuthentication: isAuthentication, setup, patience)
  }

  /// How long a device may take to begin: a Home Agent answers, a UE has to be told by a person where there is no hook.
  private var patience: Interval {
    setup.role == .ue && !hooks.names.contains(.register) ? setup.timers.triggerTime : setup.timers.guardTime
  }

  // MARK: Waiting

  private func wait(_ patience: Interval, until isDone: () -> Bool) {
    let deadline = now + patience
    while !isDone(), now < deadline { pump(until: deadline) }
  }

  private func pump(until deadline: Instant) {
    session.network.watched = watched + hooks.descriptors
    session.pump(until: max(deadline, now) + Interval(nanoseconds: 1))
  }

  /// Leaves the device as it was found.
  private func leave() {
    if setup.role == .ha, isBound {
      var packet: Packet?
      session.party.withUserEquipment { packet = $0.update(home, lifetime: 0) }
      if let packet { session.send(packet, on: setup.accessPort) }
      wait(.seconds(1)) { !self.isBound }
    }
    if setup.role == .ue, hookOutcome != nil, hooks.names.contains(.detach) {
      let context = HookContext(homeAddress: home, homeAgent: setup.homeAgent, careOfAddress: setup.device, caseID: nil)
      let token = hooks.start(.detach, context, at: now)
      var isOver = false
      while !isOver {
        pump(until: min(hooks.nextDeadline, now + .seconds(1)))
        isOver = hooks.finished(at: now).contains { $0.0 == token }
      }
    }
    session.releaseKeys(home)
    let end = now + .milliseconds(300)
    while now < end { pump(until: end) }
    session.network.watched = watched
  }

  private func words(_ address: IPv6Address) -> String { address.ipv4?.description ?? address.description }
  private func hexadecimal(_ spi: UInt32) -> String { "0x" + String(spi, radix: 16) }
}
