import Link
import Security
import Wire

extension NodeConfiguration {
  /// What protects the bindings of a node of this role.
  func protection(of role: NodeRole) -> BindingProtection? {
    guard let sharedKey else { return nil }
    let generator = SeededGenerator(seed: seed ^ 0x6b65_7973)
    let last = firstHomeAddress.advanced(by: max(0, homeAddressCount - 1))
    return switch role {
    case .homeAgent:
      BindingProtection(
        .homeAgent, .homeAgent(homeAgent, homeAddresses: firstHomeAddress...last, sharedKey: sharedKey), generator: generator)
    case .userEquipment:
      BindingProtection(.mobileNode, .mobileNode(homeAgent: homeAgent, sharedKey: sharedKey), generator: generator)
    }
  }
}

extension NodeStack {
  /// The frame as it is behind ESP, decoded; nil where nothing is sealed in it, or nobody has the key.
  mutating func opened(_ frame: Span<UInt8>) -> [UInt8]? {
    protection.isEmpty ? nil : protection[0].opened(frame, with: decoder, into: &dissection)
  }

  /// Whether a Mobility Header came as the policy asks: those of a binding by its own security association (RFC 4301 5.2, RFC 4877 4).
  func isProtected(_ arrival: Arrival) -> Bool {
    guard !protection.isEmpty, let home = arrival.homeAddressOption ?? arrival.routing, dissection.mobility >= 0 else { return true }
    return protection[0].isOf(home, dissection.layers[dissection.mobility].protection)
  }

  /// Takes an IKE message, and says what it has changed.
  /// - Parameter isAnswered: told that, whether the answer goes out.
  mutating func exchangeKeys(
    _ frame: Span<UInt8>, at now: Instant, _ outbox: inout Outbox,
    isAnswered: ([BindingProtection.Event]) -> Bool = { _ in true }
  ) -> [BindingProtection.Event] {
    guard !protection.isEmpty, let datagram = IKEDatagram(frame, dissection) else { return [] }
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
    protection[0].establish(home, from: configuration.careOf, to: configuration.homeAgent, at: now, &output)
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

  private mutating func send(_ output: IKEOutput, at now: Instant, _ outbox: inout Outbox) {
    for datagram in output.datagrams {
      guard case .ipv6(let destination) = datagram.destination.host, let packet = datagram.packet else { continue }
      send(packet, to: destination, at: now, &outbox)
    }
  }
}
