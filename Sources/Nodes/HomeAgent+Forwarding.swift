import Link
import Wire

extension ReferenceHomeAgent {
  /// A packet for a home address, from the home link or out of another tunnel: into the tunnel to its care-of address (RFC 6275 10.4.2).
  /// One for an address that is not bound goes nowhere.
  mutating func forward(_ packet: [UInt8], to home: IPv6Address, at now: Instant, _ outbox: inout Outbox) {
    guard let careOf = bound(home)?.careOf, let packet = forwarded(packet) else { return }
    var tunnel = Packet([.ipv6(from: stack.own, to: careOf)], payload: packet)
    tunnel.set(.ipv6NextHeader, 41)
    stack.send(tunnel, to: careOf, at: now, &outbox)
  }

  /// A packet that a mobile node sent through the tunnel (RFC 6275 10.4.5): only from its own care-of and home address.
  mutating func leaveTunnel(_ frame: Span<UInt8>, _ inner: Int, _ arrival: Arrival, at now: Instant, _ outbox: inout Outbox) {
    guard !stack.has(.lengthBeyond, inner), !stack.has(.truncated, inner),
      let source = stack.dissection.value(.ipv6Source, ofLayer: inner, in: frame).map({ IPv6Address($0) }),
      let destination = stack.dissection.value(.ipv6Destination, ofLayer: inner, in: frame).map({ IPv6Address($0) }),
      let length = stack.dissection.value(.ipv6PayloadLength, ofLayer: inner, in: frame), bound(source)?.careOf == arrival.source,
      !destination.isMulticast, destination != stack.own
    else { return }
    let start = Int(stack.dissection.layers[inner].offset)
    let octets = [UInt8](frame, start..<start + 40 + Int(length))
    if bound(destination) != nil { return forward(octets, to: destination, at: now, &outbox) }
    guard let packet = forwarded(octets) else { return }
    stack.send(Packet(payload: packet), to: destination, on: 1, at: now, &outbox)
  }

  /// The packet with its Hop Limit one lower; nil when it has come too far (RFC 8200 3).
  private func forwarded(_ packet: [UInt8]) -> [UInt8]? {
    let octet = (FieldPath.ipv6HopLimit.range(in: .rfc5846)?.bit ?? 0) >> 3
    guard octet < packet.count, packet[octet] > 1 else { return nil }
    var packet = packet
    packet[octet] -= 1
    return packet
  }

  /// What the variations have a Home Agent say unasked.
  mutating func sendNoise(at now: Instant, _ outbox: inout Outbox) {
    noises += 1
    if stack.varies(.routerNoise) { advertiseRouter(&outbox) }
    if stack.varies(.solicitsNeighbours) { solicitNeighbours(&outbox) }
    if stack.varies(.advertisesItself) { advertiseItself(&outbox) }
    if stack.varies(.otherSubscribers) { serveOther(&outbox) }
  }

  /// A Neighbour Solicitation on every port for an address that nobody has (RFC 4861 7.2.2).
  private func solicitNeighbours(_ outbox: inout Outbox) {
    let target = configuration.firstHomeAddress.advanced(by: configuration.homeAddressCount + 0x200)
    for (port, address) in configuration.hardware.enumerated() {
      let packet = Packet([
        .ethernet(from: address, to: MACAddress(multicast: target.solicitedNode)),
        .ipv6(from: stack.own, to: target.solicitedNode, hopLimit: 255),
        .init(.neighbourSolicitation, .rfc5846, [(.solicitedTarget, target.value)], options: [.linkLayerAddress(type: 1, address)]),
      ])
      outbox.send(packet.encoded(), on: port)
    }
  }

  /// An unsolicited Neighbour Advertisement of its own address on every port (RFC 4861 7.2.6).
  private func advertiseItself(_ outbox: inout Outbox) {
    for (port, address) in configuration.hardware.enumerated() {
      let packet = Packet([
        .ethernet(from: address, to: MACAddress(multicast: .allNodes)), .ipv6(from: stack.own, to: .allNodes, hopLimit: 255),
        .init(
          .neighbourAdvertisement, .rfc5846, [(.advertisedTarget, stack.own.value)], options: [.linkLayerAddress(type: 2, address)]),
      ])
      outbox.send(packet.encoded(), on: port)
    }
  }

  /// Another subscriber, whom nobody here plays, attaches, and next time is detached: both sides of it as they pass on the access link.
  private mutating func serveOther(_ outbox: inout Outbox) {
    let home = configuration.firstHomeAddress.advanced(by: configuration.homeAddressCount + 0x100)
    let careOf = IPv6Address(0x2001_0db8_000b_0001 << 64 | 1)
    let hardware = MACAddress(0x0200_0000_0aaa)
    let sequence = UInt128(noises & 0xffff)
    func send(_ packet: Packet) { outbox.send(packet.encoded(), on: 0) }
    func toOther(_ headers: [Packet.Header]) -> Packet {
      Packet([.ethernet(from: configuration.hardware[0], to: hardware), .ipv6(from: stack.own, to: careOf)] + headers)
    }
    func toHomeAgent(_ headers: [Packet.Header]) -> Packet {
      Packet([.ethernet(from: hardware, to: configuration.hardware[0]), .ipv6(from: careOf, to: stack.own)] + headers)
    }
    if noises % 2 == 1 {
      send(
        toHomeAgent([
          .homeAddress(home),
          .message(
            .bu, configuration.dialect, [(.buSequence, sequence), (.buA, 1), (.buH, 1), (.buLifetime, 150)],
            options: [.alternateCareOfAddress(careOf)]),
        ]))
      send(
        toOther([
          .routing(to: home), .message(.ba, configuration.dialect, [(.baStatus, 0), (.baSequence, sequence), (.baLifetime, 150)]),
        ]))
    } else {
      let number = UInt128(takeSequence(home))
      send(
        toOther([
          configuration.dialect == .draft01 ? .homeAddress(home) : .routing(to: home),
          .message(.bri, configuration.dialect, [(.briSequence, number), (.briTrigger, 1), (.briA, 1)]),
        ]))
      send(
        toHomeAgent([.homeAddress(home), .message(.bra, configuration.dialect, [(.braSequence, number), (.braStatus, 0)])]))
    }
  }

  /// An unsolicited Router Advertisement on every port that offers nothing (RFC 4861 4.2).
  private func advertiseRouter(_ outbox: inout Outbox) {
    for (port, address) in configuration.hardware.enumerated() {
      let packet = Packet([
        .ethernet(from: address, to: MACAddress(multicast: .allNodes)),
        .ipv6(from: IPv6Address(0xfe80 << 112 | UInt128(port + 1)), to: .allNodes, hopLimit: 255),
        .init(.routerAdvertisement, .rfc5846, options: [.linkLayerAddress(type: 1, address)]),
      ])
      outbox.send(packet.encoded(), on: port)
    }
  }
}
