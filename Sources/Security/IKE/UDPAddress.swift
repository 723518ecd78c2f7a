package import Wire

/// An IPv4 or IPv6 address.
package enum HostAddress: Hashable, Sendable {
  case ipv4(IPv4Address)
  case ipv6(IPv6Address)

  /// 4 or 16 octets, first on the wire first.
  package var octets: [UInt8] {
    switch self {
    case .ipv4(let address): [UInt8](bigEndian: address.value)
    case .ipv6(let address): address.octets
    }
  }

  /// The address of 4 or 16 octets; nil for any other number.
  package init?(octets: some Collection<UInt8>) {
    switch octets.count {
    case 4: self = .ipv4(IPv4Address(octets.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }))
    case 16: self = .ipv6(IPv6Address(octets.reduce(UInt128(0)) { $0 << 8 | UInt128($1) }))
    default: return nil
    }
  }

  /// The address itself; the IPv4 one that an IPv4-mapped one stands for.
  init(unmapped address: IPv6Address) { self = address.ipv4.map { .ipv4($0) } ?? .ipv6(address) }

  /// The bits as a number, an IPv4 address in the low 32.
  var value: UInt128 {
    switch self {
    case .ipv4(let address): UInt128(address.value)
    case .ipv6(let address): address.value
    }
  }
}

extension HostAddress: CustomStringConvertible {
  package var description: String {
    switch self {
    case .ipv4(let address): address.description
    case .ipv6(let address): address.description
    }
  }
}

/// An address and a port of UDP.
package struct UDPAddress: Hashable, Sendable {
  package var host: HostAddress
  package var port: UInt16

  package init(_ host: HostAddress, port: UInt16) {
    self.host = host
    self.port = port
  }
}

/// What UDP carries, and between whom.
package struct IKEDatagram: Hashable, Sendable {
  package var source: UDPAddress
  package var destination: UDPAddress
  /// Behind the UDP header: on port 4500 with the non-ESP marker in front of IKE (RFC 3948 2.2).
  package var payload: [UInt8]

  package init(from source: UDPAddress, to destination: UDPAddress, payload: [UInt8]) {
    self.source = source
    self.destination = destination
    self.payload = payload
  }
}
