import Wire

/// Who a party says that it is (RFC 7296 3.5).
package struct IKEIdentity: Hashable, Sendable {
  /// ID Type, for instance 2 for a domain name.
  package var type: UInt8
  package var data: [UInt8]

  package init(type: UInt8, data: [UInt8]) {
    self.type = type
    self.data = data
  }

  /// ID_FQDN.
  package static func domainName(_ name: String) -> Self { Self(type: 2, data: Array(name.utf8)) }
  /// ID_RFC822_ADDR, for instance a network access identifier.
  package static func mailAddress(_ name: String) -> Self { Self(type: 3, data: Array(name.utf8)) }
  /// ID_IPV4_ADDR or ID_IPV6_ADDR.
  package static func address(_ address: HostAddress) -> Self {
    switch address {
    case .ipv4: Self(type: 1, data: address.octets)
    case .ipv6: Self(type: 5, data: address.octets)
    }
  }
  /// ID_DER_ASN1_DN.
  package static func distinguishedName(_ der: [UInt8]) -> Self { Self(type: 9, data: der) }

  /// The ID payload without its generic header, which AUTH signs (RFC 7296 2.15).
  var signedOctets: [UInt8] { [type, 0, 0, 0] + data }

  /// The identity of an ID payload.
  init?(_ payload: Packet.Option) {
    guard let octets = Self.signedOctets(of: payload), let type = octets.first else { return nil }
    self.init(type: type, data: payload.data)
  }

  /// An ID payload without its generic header; what is reserved is signed as it came.
  static func signedOctets(of payload: Packet.Option) -> [UInt8]? {
    let isInitiator = payload.kind == .idi
    guard let type = payload.value(isInitiator ? .idiType : .idrType),
      let reserved = payload.value(isInitiator ? .idiReserved : .idrReserved)
    else { return nil }
    return [UInt8](bigEndian: UInt32(truncatingIfNeeded: type << 24 | reserved)) + payload.data
  }
}

extension IKEIdentity: CustomStringConvertible {
  package var description: String {
    switch type {
    case 1, 5: HostAddress(octets: data)?.description ?? "type \(type)"
    case 2, 3, 11: String(decoding: data, as: UTF8.self)
    default: "type \(type)"
    }
  }
}
