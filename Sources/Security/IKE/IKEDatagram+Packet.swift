package import Wire

extension IKEDatagram {
  /// What UDP carries in a frame; nil where there is no UDP on port 500 or 4500, or no such packet of its own (an ICMP error embeds others').
  package init?(_ frame: Span<UInt8>, _ dissection: Dissection) {
    guard let udp = dissection.layer(.udp), let from = dissection.value(.udpSourcePort, in: frame),
      let to = dissection.value(.udpDestinationPort, in: frame), [from, to].contains(where: { $0 == 500 || $0 == 4500 }),
      let length = dissection.value(.udpLength, in: frame)
    else { return nil }
    let source: HostAddress
    let destination: HostAddress
    switch dissection.network >= 0 ? dissection.layers[dissection.network].kind : .ethernet {
    case .ipv6:
      guard let one = dissection.value(.ipv6Source, in: frame), let other = dissection.value(.ipv6Destination, in: frame) else {
        return nil
      }
      (source, destination) = (.ipv6(IPv6Address(one)), .ipv6(IPv6Address(other)))
    case .ipv4:
      guard let one = dissection.value(.ipv4Source, in: frame), let other = dissection.value(.ipv4Destination, in: frame) else {
        return nil
      }
      (source, destination) = (
        .ipv4(IPv4Address(UInt32(truncatingIfNeeded: one))), .ipv4(IPv4Address(UInt32(truncatingIfNeeded: other)))
      )
    default: return nil
    }
    // What stands behind the datagram is the link's, not its.
    let end = min(frame.count, Int(udp.offset) + max(8, Int(length)))
    var payload: [UInt8] = []
    payload.reserveCapacity(end - udp.end)
    for index in udp.end..<max(udp.end, end) { payload.append(frame[index]) }
    self.init(
      from: UDPAddress(source, port: UInt16(truncatingIfNeeded: from)), to: UDPAddress(destination, port: UInt16(truncatingIfNeeded: to)),
      payload: payload)
  }

  /// The datagram with its IP and UDP headers; nil between addresses of two kinds.
  package var packet: Packet? {
    let udp = Packet.Header.udp(from: source.port, to: destination.port)
    switch (source.host, destination.host) {
    case (.ipv6(let from), .ipv6(let to)): return Packet([.ipv6(from: from, to: to), udp], payload: payload)
    case (.ipv4(let from), .ipv4(let to)): return Packet([.ipv4(from: from, to: to), udp], payload: payload)
    default: return nil
    }
  }
}
