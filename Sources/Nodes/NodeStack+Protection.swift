import Link
import Security
import Wire

extension NodeConfiguration {
  /// What protects the bindings of a node of this role.
  func protection(of role: NodeRole) -> BindingProtection? {
    guard security.isProtected else { return nil }
    return BindingProtection(
      role == .homeAgent ? .homeAgent : .mobileNode, security, homeAgent: homeAgent,
      own: role == .homeAgent ? ipv4HomeAgent.map { IPv6Address(mapped: $0) } ?? homeAgent : careOf,
      homes: (0..<max(1, homeAddressCount)).map { firstHomeAddress.advanced(by: $0) },
      rehearsal, generator: SeededGenerator(seed: seed ^ 0x6b65_7973 ^ (rehearsal?.salt ?? 0)))
  }
}

extension NodeConfiguration {
  /// The Home Agent's address on the UE's access: an IPv4-mapped one where that is IPv4.
  var reachableHomeAgent: IPv6Address { careOf.ipv4 == nil ? homeAgent : ipv4HomeAgent.map { IPv6Address(mapped: $0) } ?? homeAgent }

  /// The tunnels of the bindings of a node of this role.
  func tunnel(of role: NodeRole) -> BindingTunnel? {
    guard tunnelling != .native, let ipv4HomeAgent else { return nil }
    return BindingTunnel(
      role == .homeAgent ? .homeAgent : .mobileNode, tunnelling, homeAgent: homeAgent, ipv4HomeAgent: ipv4HomeAgent, dialect: dialect)
  }
}

/// By which ESP SA a message goes out.
enum Sealing {
  case own
  /// By none.
  case clear
  /// By that of this home address, if it has one.
  case of(IPv6Address)
}

extension DefectSet {
  /// A DELETE is answered, but by another Message ID or in clear.
  func answersWrongly(_ occasion: Occasion) -> Bool {
    hits(.deleteAnsweredWithOtherMessageID, occasion) || hits(.deleteAnsweredInClear, occasion)
  }
}

/// How a message goes through its tunnel.
enum Carriage {
  case own
  /// IPv6 in IPv4, where it should go in UDP.
  case withoutUDP
  /// In UDP, to or from another port of the UE's.
  case otherPort

  func of(_ headers: TunnelHeaders) -> TunnelHeaders {
    switch self {
    case .own: headers
    case .withoutUDP: headers.withoutUDP
    case .otherPort: headers.withOtherPort
    }
  }
}

extension NodeStack {
  /// The frame as it is out of its tunnel and behind ESP, decoded; nil where there is neither, or nobody has the key.
  mutating func opened(_ frame: Span<UInt8>) -> [UInt8]? {
    (isForged, isReplayed, isTakenSilently) = (false, false, false)
    if protection.isEmpty, tunnel == nil { return nil }
    let decoder = decoder
    guard let native = tunnel?.opened(frame, with: decoder, into: &dissection) else { return unsealed(frame) }
    let octets = unsealed(native.span) ?? native
    tunnel?.learn(octets.span, dissection)
    return octets
  }

  private mutating func unsealed(_ frame: Span<UInt8>) -> [UInt8]? {
    guard !protection.isEmpty else { return nil }
    let decoder = decoder
    if let octets = protection[0].opened(frame, with: decoder, into: &dissection) { return octets }
    if defects.contains(.replayedESPAccepted),
      let octets = protection[0].opened(frame, with: decoder, admitsReplays: true, into: &dissection)
    {
      isReplayed = true
      return octets
    }
    let isTrusting = [Defect.Name.forgedBUAccepted, .forgedBRAAccepted, .forgedBRIAccepted, .forgedBAAccepted].contains {
      defects.contains($0)
    }
    guard isTrusting, let octets = protection[0].opened(frame, with: decoder, isTrusting: true, into: &dissection) else { return nil }
    isForged = true
    return octets
  }

  /// Nil: it must not go out, for want of keys.
  mutating func sealed(_ packet: Packet, _ sealing: Sealing) -> Packet? {
    guard !protection.isEmpty else { return packet }
    switch sealing {
    case .clear: return packet
    case .of(let home) where protection[0].covers(home): return protection[0].seal(packet, of: home).packet
    default: return protection[0].seal(packet, usesRetired: defects.contains(.deleteBeforeBRA)).packet
    }
  }

  /// IKE over IPv4, to this node; nil for anything else over IPv4.
  func acceptOverIPv4(_ frame: Span<UInt8>, on port: Int) -> Arrival? {
    let own = role == .homeAgent ? configuration.ipv4HomeAgent : configuration.careOf.ipv4
    guard tunnel != nil, !protection.isEmpty, dissection.ike >= 0, !dissection.hasFlaws(before: dissection.ike), let own,
      let from = dissection.value(.ipv4Source, in: frame), dissection.value(.ipv4Destination, in: frame) == UInt128(own.value)
    else { return nil }
    return Arrival(
      port: port, source: IPv6Address(mapped: IPv4Address(UInt32(truncatingIfNeeded: from))), destination: IPv6Address(mapped: own),
      octets: Int(dissection.layers[1].offset)..<frame.count, content: .keyExchange)
  }

  /// Hands a packet to the link: IPv4 where it goes in a tunnel, and nowhere where it should but there is none.
  mutating func leave(_ packet: Packet, to nextHop: IPv6Address, on port: Int, at now: Instant, _ outbox: inout Outbox) {
    if let destination = packet.chosen(.ipv4Destination) {
      let hop = IPv4Address(UInt32(truncatingIfNeeded: destination))
      neighbours.send(packet.encoded(), to: hop, on: port, at: now, &outbox)
    } else if nextHop.ipv4 == nil {
      neighbours.send(packet.encoded(), to: nextHop, on: port, at: now, &outbox)
    }
  }

  /// Whether a Mobility Header came as the policy asks: those of a binding by its own security association (RFC 4301 5.2, RFC 4877 4).
  mutating func isProtected(_ frame: Span<UInt8>, _ arrival: Arrival) -> Bool {
    guard !protection.isEmpty, let home = arrival.homeAddressOption ?? arrival.routing, dissection.mobility >= 0 else { return true }
    if isReplayed, !shows(.replayedESPAccepted, of: home) { return false }
    let layer = dissection.layers[dissection.mobility].protection
    if protection[0].isOf(home, layer), !isForged { return true }
    let fault = isForged ? 2 : layer.isOpened ? 1 : 0
    let defects: [Defect.Name]? =
      switch (role, dissection.value(.mhType, in: frame)) {
      case (.homeAgent, 5): [.unprotectedBUAccepted, .foreignSABUAccepted, .forgedBUAccepted]
      case (.homeAgent, 16): [.unprotectedBRAAccepted, .foreignSABRAAccepted, .forgedBRAAccepted]
      case (.userEquipment, 16): [.unprotectedBRIAccepted, .foreignSABRIAccepted, .forgedBRIAccepted]
      case (.userEquipment, 6): [.unprotectedBAAccepted, .foreignSABAAccepted, .forgedBAAccepted]
      default: nil
      }
    guard let defects else { return false }
    isTakenSilently = fault == 0 && defects[0] == .unprotectedBUAccepted && shows(.unprotectedBUTakenSilently, of: home)
    return isTakenSilently || shows(defects[fault], of: home)
  }

  /// The initiator's SPI of an IKE message.
  func ikeSPI(of frame: Span<UInt8>) -> UInt64? { dissection.value(.ikeInitiatorSPI, in: frame).map { UInt64(truncatingIfNeeded: $0) } }

  /// Takes an IKE message, and says what it has changed.
  /// - Parameter isAnswered: told that, whether the answer goes out.
  mutating func exchangeKeys(
    _ frame: Span<UInt8>, at now: Instant, _ outbox: inout Outbox,
    isAnswered: ([BindingProtection.Event]) -> Bool = { _ in true }
  ) -> [BindingProtection.Event] {
    guard !protection.isEmpty, let datagram = IKEDatagram(frame, dissection) else { return [] }
    if defects.contains(.forgedDeleteAccepted) || defects.contains(.unprotectedDeleteAccepted),
      let (home, isSealed) = protection[0].doubted(datagram),
      shows(isSealed ? .forgedDeleteAccepted : .unprotectedDeleteAccepted, of: home)
    {
      protection[0].trust(home)
    }
    var output = IKEOutput()
    let events = protection[0].receive(datagram, at: now, &output)
    if isAnswered(events) { send(output, at: now, &outbox) }
    return events
  }

  /// Time has passed for Neighbour Discovery and IKE.
  mutating func wake(at now: Instant, _ outbox: inout Outbox) -> [BindingProtection.Event] {
    neighbours.wake(at: now, &outbox)
    guard !protection.isEmpty, protection[0].nextDeadline <= now else { return [] }
    var output = IKEOutput()
    let events = protection[0].wake(at: now, &output)
    send(output, at: now, &outbox)
    return events
  }

  var nextDeadline: Instant {
    protection.isEmpty ? neighbours.nextDeadline : min(neighbours.nextDeadline, protection[0].nextDeadline)
  }

  /// Begins the IKE SA of a binding. False where it needs none, or has one.
  mutating func establishKeys(_ home: IPv6Address, at now: Instant, _ outbox: inout Outbox) -> Bool {
    guard !protection.isEmpty, !protection[0].covers(home) else { return false }
    var output = IKEOutput()
    protection[0].establish(home, from: configuration.careOf, to: configuration.reachableHomeAgent, at: now, &output)
    send(output, at: now, &outbox)
    return true
  }

  /// Deletes the IKE SA of a binding, if it has one.
  mutating func releaseKeys(
    _ home: IPv6Address, _ how: BindingProtection.Release = .ikeSA, at now: Instant, _ outbox: inout Outbox
  ) {
    guard !protection.isEmpty else { return }
    var output = IKEOutput()
    protection[0].release(home, how, at: now, &output)
    send(output, at: now, &outbox)
  }

  /// Answers the DELETE of a binding's IKE SA by another Message ID, or in clear, where a defect asks for it.
  mutating func answerWrongly(_ home: IPv6Address, _ occasion: Occasion, at now: Instant, _ outbox: inout Outbox) {
    guard !protection.isEmpty, defects.answersWrongly(occasion) else { return }
    var output = IKEOutput()
    protection[0].answerWrongly(home, isSealed: !defects.hits(.deleteAnsweredInClear, occasion), at: now, &output)
    send(output, at: now, &outbox)
  }

  private mutating func send(_ output: IKEOutput, at now: Instant, _ outbox: inout Outbox) {
    for datagram in output.datagrams {
      guard let packet = datagram.packet else { continue }
      switch datagram.destination.host {
      case .ipv6(let destination): send(packet, to: destination, at: now, &outbox)
      case .ipv4(let destination): send(packet, to: IPv6Address(mapped: destination), at: now, &outbox)
      }
    }
  }
}
