package import Wire

/// How the packets of a binding reach its care-of address.
package enum Tunnelling: String, Sendable, CaseIterable {
  /// Over IPv6, as they are.
  case native
  /// Over IPv4, everything in UDP: the F flag of the BU asks for it (RFC 5555 3.1.3).
  case udp
  /// Over IPv4; in UDP what has to be, the rest as IPv6 in IPv4 (RFC 5555 4.1, RFC 4213).
  case ipv4
}

/// The headers that go around a packet on its way through a tunnel over IPv4.
package struct TunnelHeaders: Sendable {
  var isFromHomeAgent: Bool
  var home: IPv6Address
  var source: IPv4Address
  var destination: IPv4Address
  /// Nil: IPv6 in IPv4.
  var ports: (source: UInt16, destination: UInt16)?

  /// The same as IPv6 in IPv4.
  package var withoutUDP: TunnelHeaders {
    var headers = self
    headers.ports = nil
    return headers
  }

  /// The same with another port of the mobile node's.
  package var withOtherPort: TunnelHeaders {
    var headers = self
    if isFromHomeAgent { headers.ports?.destination ^= 1 } else { headers.ports?.source ^= 1 }
    return headers
  }

  /// The packet in its tunnel. A Home Address option and a type 2 routing header go: the inner addresses say what they say (RFC 5555 3.3).
  package func around(_ packet: Packet) -> Packet {
    guard let ip = packet.index(of: .ipv6) else { return packet }
    var tunnelled = packet
    if packet.carriesPacket {
      tunnelled.headers.remove(at: ip)
    } else {
      tunnelled.set(isFromHomeAgent ? .ipv6Destination : .ipv6Source, home.value)
      tunnelled.headers.removeAll { $0.kind == .rh2 || $0.isHomeAddress }
    }
    tunnelled.headers.insert(.ipv4(from: source, to: destination), at: ip)
    if let ports { tunnelled.headers.insert(.udp(from: ports.source, to: ports.destination), at: ip + 1) }
    if packet.carriesPacket, ports == nil, let field = FieldPath(.ipv4, "protocol") { tunnelled.set(field, 41) }
    return tunnelled
  }
}

extension Packet {
  /// Behind its IPv6 header stands another packet, which is no more than octets here.
  var carriesPacket: Bool { chosen(.ipv6NextHeader) == 41 && headers.last?.kind == .ipv6 && payload.count >= 40 }
}

extension Packet.Header {
  var isHomeAddress: Bool { kind == .destinationOptions && options.contains { $0.kind == .hao } }
}
