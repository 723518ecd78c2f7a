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
    let octets = copy(frame, start..<start + 40 + Int(length))
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

  /// An unsolicited Router Advertisement on every port that offers nothing (RFC 4861 4.2).
  mutating func sendNoise(at now: Instant, _ outbox: inout Outbox) {
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
