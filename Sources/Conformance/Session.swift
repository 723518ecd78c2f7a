package import Judging
package import Link
package import Parties
package import Security
package import Wire

/// The tester on its links: sends for its party, hears everything, writes it down and has it judged.
///
/// One packet's way: captured, written to the evidence, judged, offered to Neighbour Discovery and the party, and told to whoever waits.
package final class Session {
  package let network: any Network
  package let setup: Setup
  package private(set) var judge: Judge
  package var party: Party
  package private(set) var evidence: Evidence
  private var neighbours: NeighbourDiscovery
  /// None where the party's messages go in clear, else one: in an array, so that whoever asks it something copies no more than a reference.
  private var protection: [BindingProtection]
  private var keysInUse = 0
  private var keysDeadline = Instant.distantFuture
  /// The home addresses whose IKE messages get no answer.
  var withheldKeys: Set<IPv6Address> = []
  /// Nil where they go natively.
  private var tunnel: BindingTunnel?
  /// Nil where the device has its addresses already.
  private var access: AccessNetwork?
  private var outbox = Outbox()
  private var drops: UInt64 = 0
  /// How long the device took from the trigger to its BRI, each time, in order of length.
  private var triggerDelays: [Interval] = []
  /// Called for every frame that belongs to a conversation.
  var observe: ((Span<UInt8>, Dissection, Monitor.Seen) -> Void)?

  /// Called with what happened to the party's IKE SAs.
  var observeKeys: (([IKEEvent]) -> Void)?

  /// - Parameter judge: one that was made for such a setup and has seen nothing; nil: one is made.
  package init(network: any Network, setup: Setup, suite: Suite, evidence: Evidence, judge: Judge? = nil) {
    self.network = network
    self.setup = setup
    self.evidence = evidence
    self.judge =
      judge
      ?? Judge(suite, profile: setup.profile, role: setup.role, timers: setup.timers, ics: setup.ics, homeAgents: [setup.homeAgent])
    let address = network.address(ofPort: setup.accessPort)
    var generator = SeededGenerator(seed: setup.seed)
    switch setup.role {
    case .ha:
      var ue = UserEquipmentParty(dialect: setup.profile.dialect, homeAgent: setup.homeAgent, address: address)
      for (home, careOf) in zip(setup.homes, setup.careOf) {
        ue.add(home: home, careOf: careOf, firstSequence: UInt16.random(in: 1...30_000, using: &generator))
      }
      party = .userEquipment(ue)
    case .ue:
      // A high octet of neither 1 nor 2, so that neither layout of the BRI can be taken for the other.
      party = .homeAgent(
        HomeAgentParty(
          dialect: setup.profile.dialect, homeAgent: setup.homeAgent, address: address,
          firstRevocation: UInt16.random(in: 0x1000...0x7000, using: &generator)))
    }
    protection = setup.protection.map { [$0] } ?? []
    tunnel = setup.tunnel
    neighbours = NeighbourDiscovery(ports: (0..<network.portCount).map { network.address(ofPort: $0) })
    if setup.role == .ue {
      neighbours.own(setup.homeAgent, on: setup.accessPort)
      if let ipv4 = setup.ipv4HomeAgent { neighbours.own(ipv4, on: setup.accessPort) }
      if setup.hasMobileIPv6 { for home in setup.homes { neighbours.own(home, on: setup.accessPort) } }
    }
    for careOf in setup.careOf {
      if let ipv4 = careOf.ipv4 { neighbours.own(ipv4, on: setup.accessPort) } else { neighbours.own(careOf, on: setup.accessPort) }
    }
    if let correspondent = setup.correspondent, let port = setup.homePort { neighbours.own(correspondent, on: port) }
    access = setup.network.map { AccessNetwork($0, address: address, start: network.now, seed: setup.seed ^ 0x6e65_7477) }
    access?.claim(in: &neighbours, on: setup.accessPort)
    var run = Event(.run)
    run.run = RunDescription(
      tool: "detachspec", suite: suite.digest, role: setup.role, profile: setup.profile.id, homeAgents: [setup.homeAgent.description],
      ics: setup.ics, timers: setup.timers)
    note(run)
    useKeys()
  }

  /// Asks the monitor.
  func withMonitor<Answer>(_ body: (Monitor) -> Answer) -> Answer { judge.withMonitor(body) }

  // MARK: Times

  func noteTriggerDelay(_ delay: Interval) {
    triggerDelays.insert(delay, at: triggerDelays.firstIndex { $0 > delay } ?? triggerDelays.endIndex)
  }

  /// The median; nil before the first BRI.
  var usualTriggerDelay: Interval? { triggerDelays.isEmpty ? nil : triggerDelays[triggerDelays.count / 2] }

  // MARK: Events

  /// Writes an event down and has it judged. Its time is that up to which every port has been read, so that no frame that is still to come is
  /// older.
  package func note(_ event: Event) {
    let time = max(network.readUpTo, Instant(nanoseconds: 0))
    let number = evidence.event(event, at: time)
    judge.event(event, at: time, number: number)
  }

  // MARK: Sending

  /// Sends a packet of the tester's; the Ethernet destination is found by Neighbour Discovery.
  package func send(_ packet: Packet, on port: Int) {
    let packet = protect(packet)
    send(packet.encoded(), to: packet.destination, on: port)
  }

  /// Sends octets, from the Ethernet header on, to a next hop; an IPv4-mapped one is found by ARP.
  package func send(_ frame: [UInt8], to nextHop: IPv6Address, on port: Int) {
    if let ipv4 = nextHop.ipv4 {
      neighbours.send(frame, to: ipv4, on: port, at: network.now, &outbox)
    } else {
      neighbours.send(frame, to: nextHop, on: port, at: network.now, &outbox)
    }
    drain()
  }

  // MARK: Protection

  /// The packet as it goes out: sealed, where the party has the keys of its binding, and in a tunnel where its care-of address is one of IPv4.
  ///
  /// - Parameters:
  ///   - home: whose keys; nil: those of the binding that it names.
  ///   - isSealed: false: it goes in clear though there are keys.
  ///   - isForged: with a wrong integrity check value.
  func protect(_ packet: Packet, of home: IPv6Address? = nil, isSealed: Bool = true, isForged: Bool = false) -> Packet {
    var packet = packet
    let headers = tunnel?.headers(for: &packet)
    // Without keys a tester still may say something: in clear, as nobody should.
    if isSealed, !protection.isEmpty {
      packet = protection[0].seal(packet, of: home, usesRetired: true, isForged: isForged).packet ?? packet
    }
    return headers?.around(packet) ?? packet
  }

  /// Puts the options into a message that go with a tunnel, so that a step can change them.
  func addTunnelOptions(_ packet: inout Packet) { _ = tunnel?.headers(for: &packet) }

  func hasKeys(_ home: IPv6Address) -> Bool { protection.isEmpty || protection[0].isReady(home) }

  /// Begins the IKE SA of a UE that the tester plays.
  func establishKeys(_ home: IPv6Address) {
    guard case .userEquipment(let party) = party, let careOf = party.bindings[home]?.careOf else { return }
    let agent = setup.ipv4HomeAgent.map { IPv6Address(mapped: $0) } ?? setup.homeAgent
    exchangeKeys { $0.establish(home, from: careOf, to: agent, at: network.now, &$1) }
  }

  func releaseKeys(_ home: IPv6Address) {
    if !protection.isEmpty, protection[0].isReady(home) { exchangeKeys { $0.release(home, at: network.now, &$1) } }
  }

  /// Asks in the IKE SA that a binding has, or had last, for an answer and nothing else.
  func askInIKE(_ home: IPv6Address) { exchangeKeys { $0.ask(home, at: network.now, &$1) } }

  func deleteAgain(_ home: IPv6Address) { exchangeKeys { $0.deleteAgain(home, &$1) } }

  func deleteFalsely(_ home: IPv6Address, isSealed: Bool) {
    exchangeKeys { $0.deleteFalsely(home, isSealed: isSealed, at: network.now, &$1) }
  }

  private func exchangeKeys(_ body: (inout BindingProtection, inout IKEOutput) -> Void) {
    guard var changed = protection.popLast() else { return }
    var output = IKEOutput()
    body(&changed, &output)
    observeKeys?(output.events)
    let unnamed = changed.takeUnnamed()
    keysDeadline = changed.nextDeadline
    protection.append(changed)
    useKeys()
    for (spi, home) in unnamed {
      var event = Event(.association)
      event.home = HomeAddress(home)
      event.spi = String(spi, radix: 16)
      note(event)
    }
    for datagram in output.datagrams {
      guard let packet = datagram.packet else { continue }
      var framed = packet
      framed.headers.insert(.ethernet(from: network.address(ofPort: setup.accessPort), to: MACAddress(0)), at: 0)
      send(framed.encoded(), to: packet.destination, on: setup.accessPort)
    }
  }

  /// The keys of everything that was sealed.
  package var keys: KeyTables { protection.isEmpty ? KeyTables() : protection[0].tables }

  /// What the party has the keys of, the judge can open.
  private func useKeys() {
    guard !protection.isEmpty, protection[0].tables.count != keysInUse else { return }
    let tables = protection[0].tables
    keysInUse = tables.count
    judge.use(tables)
  }

  /// Plays one more address on a port, where a stimulus speaks in its name.
  package func own(_ address: IPv6Address, on port: Int) {
    if address.isRoutableUnicast, !neighbours.owns(address, on: port) { neighbours.own(address, on: port) }
  }

  private func drain() {
    for item in outbox.items { network.send(item.frame, on: item.port) }
    outbox.items.removeAll(keepingCapacity: true)
  }

  /// The Ethernet address of a neighbour, where it is known.
  package func linkAddress(of neighbour: IPv6Address, on port: Int) -> MACAddress? {
    neighbour.ipv4.map { neighbours.linkAddress(of: $0, on: port) } ?? neighbours.linkAddress(of: neighbour, on: port)
  }

  /// Asks for a neighbour's Ethernet address until it answers or `patience` is over.
  package func resolve(_ neighbour: IPv6Address, on port: Int, from source: IPv6Address, within patience: Interval) -> Bool {
    let ethernet = Packet.Header.ethernet(from: network.address(ofPort: port), to: MACAddress(0))
    if let ipv4 = neighbour.ipv4, let own = source.ipv4 ?? setup.ipv4HomeAgent {
      // An empty datagram is a keepalive to everybody (RFC 5555 4.3).
      send(Packet([ethernet, .ipv4(from: own, to: ipv4), .udp(from: BindingTunnel.port, to: BindingTunnel.port)]), on: port)
    } else {
      send(Packet([ethernet, .ipv6(from: source, to: neighbour), .init(.icmpv6, .rfc5846, [(.icmpType, 128)])]), on: port)
    }
    let deadline = network.now + patience
    while linkAddress(of: neighbour, on: port) == nil, network.now < deadline { pump(until: deadline) }
    return linkAddress(of: neighbour, on: port) != nil
  }

  // MARK: Hearing

  /// Waits for something to happen, at most until `deadline`, and deals with it.
  package func pump(until deadline: Instant) {
    let due = keysDeadline
    let advertisement = access?.nextDeadline ?? .distantFuture
    network.wait(until: min(min(deadline, advertisement), min(neighbours.nextDeadline, due))) { bytes, info in self.take(bytes, info) }
    if advertisement <= network.now {
      access?.wake(at: network.now, on: setup.accessPort, &outbox)
      drain()
    }
    if due <= network.now { exchangeKeys { _ = $0.wake(at: network.now, &$1) } }
    if neighbours.nextDeadline <= network.now {
      neighbours.wake(at: network.now, &outbox)
      drain()
    }
    let lost = network.drops.reduce(0, &+)
    if lost > drops {
      var event = Event(.drops)
      event.count = lost - drops
      drops = lost
      note(event)
    }
    judge.advance(to: network.readUpTo)
  }

  private func take(_ bytes: Span<UInt8>, _ info: FrameInfo) {
    let number = evidence.frame(bytes, info)
    judge.frame(bytes, at: info.time, originalLength: info.originalLength, number: number, isOutgoing: info.isOutgoing)
    var dissection = Dissection()
    var last: Monitor.Seen?
    var opened: [UInt8] = []
    // Reading them off the judge would copy it.
    judge.last { (dissection, last, opened) = ($0, $1, $2) }
    if opened.isEmpty {
      take(bytes, info, dissection, last)
    } else {
      noteTunnel(bytes, info, opened.span, dissection)
      take(opened.span, info, dissection, last)
    }
    let isWithheld = last.map { withheldKeys.contains($0.home) } ?? false
    if !protection.isEmpty, !info.isOutgoing, !isWithheld, dissection.layer(.ike) != nil, let datagram = IKEDatagram(bytes, dissection) {
      exchangeKeys { _ = $0.receive(datagram, at: network.now, &$1) }
    }
  }

  /// Notes by which tunnel a frame came that the judge has opened.
  private func noteTunnel(_ bytes: Span<UInt8>, _ info: FrameInfo, _ opened: Span<UInt8>, _ dissection: Dissection) {
    guard tunnel != nil, !info.isOutgoing, info.port == setup.accessPort else { return }
    var outer = Dissection()
    if tunnel?.opened(bytes, with: Decoder(dialect: setup.profile.dialect), into: &outer) != nil { tunnel?.learn(opened, dissection) }
  }

  private func take(_ bytes: Span<UInt8>, _ info: FrameInfo, _ dissection: Dissection, _ last: Monitor.Seen?) {
    if let last { evidence.own(last.home) }
    if !info.isOutgoing {
      if neighbours.receive(bytes, dissection, on: info.port, &outbox) {
        drain()
      } else if dissection.mobility >= 0, info.port == setup.accessPort {
        for packet in party.receive(bytes, dissection) { send(packet, on: setup.accessPort) }
      } else if access != nil, info.port == setup.accessPort {
        access?.receive(bytes, dissection, on: info.port, at: network.now, &outbox)
        drain()
      }
    }
    if let last { observe?(bytes, dissection, last) }
  }

  /// Ends the evidence and gives the verdicts.
  package func finish() -> Verdicts {
    access?.cease(on: setup.accessPort, &outbox)
    drain()
    network.flush()
    note(Event(.runEnd))
    return judge.finish()
  }

  package func closeEvidence() throws(CaptureFileError) { try evidence.close(drops: network.drops) }
}

extension Packet {
  /// The destination in its outermost header; an IPv4 one as an IPv4-mapped address.
  var destination: IPv6Address {
    if let ipv4 = chosen(.ipv4Destination) { return IPv6Address(mapped: IPv4Address(UInt32(truncatingIfNeeded: ipv4))) }
    return IPv6Address(headers.first { $0.kind == .ipv6 }?.values.last { $0.path == .ipv6Destination }?.value ?? 0)
  }
}

extension Setup {
  /// The tunnels of the bindings of the party that the tester plays.
  fileprivate var tunnel: BindingTunnel? {
    guard tunnelling != .native, let ipv4HomeAgent else { return nil }
    return BindingTunnel(
      role == .ha ? .mobileNode : .homeAgent, tunnelling, homeAgent: homeAgent, ipv4HomeAgent: ipv4HomeAgent, dialect: profile.dialect)
  }

  /// What protects the bindings of the party that the tester plays.
  fileprivate var protection: BindingProtection? {
    guard security.isProtected else { return nil }
    let agent = ipv4HomeAgent.map { IPv6Address(mapped: $0) } ?? homeAgent
    return BindingProtection(
      role == .ha ? .mobileNode : .homeAgent, security, homeAgent: homeAgent, own: role == .ha ? careOf.first ?? homeAgent : agent,
      homes: homes, rehearsal, generator: SeededGenerator(seed: seed ^ 0x7465_7374 ^ (rehearsal?.salt ?? 0)))
  }
}
