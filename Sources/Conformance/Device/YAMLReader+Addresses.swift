import Judging
import Wire

/// Which addresses may stand in a place of a device's description.
enum AddressFamily {
  case ipv6, ipv4, either

  var words: String {
    switch self {
    case .ipv6: "a unicast IPv6 address such as 2001:db8:a::1"
    case .ipv4: "a unicast IPv4 address such as 192.0.2.1"
    case .either: "a unicast address such as 2001:db8:a::1 or 192.0.2.1"
    }
  }
}

extension YAMLReader {
  /// A unicast address; an IPv4 one as an IPv4-mapped one.
  /// - Parameter remark: why it is of this family, behind what was found.
  func address(_ node: YAMLNode?, _ family: AddressFamily, _ remark: String = "") -> IPv6Address? {
    guard let node else { return nil }
    if case .scalar(let text, _) = node.content {
      if family != .ipv4, let address = IPv6Address(text), address.isRoutableUnicast, address.ipv4 == nil { return address }
      if family != .ipv6, let address = IPv4Address(text), address.isUnicast { return IPv6Address(mapped: address) }
    }
    fail(node.location, "expected \(family.words), found \(node.found)\(remark)")
    return nil
  }

  /// An IPv6 address, or all of a prefix.
  func prefix(_ node: YAMLNode?) -> ClosedRange<IPv6Address>? {
    guard let node else { return nil }
    if case .scalar(let text, _) = node.content {
      let parts = text.split(separator: "/", omittingEmptySubsequences: false)
      if let address = parts.first.flatMap({ IPv6Address(String($0)) }), parts.count <= 2,
        let length = parts.count == 2 ? Int(parts[1]) : 128, (0...128).contains(length)
      {
        let mask = length == 0 ? 0 : UInt128.max << UInt128(128 - length)
        return IPv6Address(address.value & mask)...IPv6Address(address.value & mask | ~mask)
      }
    }
    expected("an IPv6 address or a prefix such as 2001:db8:a::/64", node)
    return nil
  }
}

extension IPv4Address {
  /// Neither of 0.0.0.0/8, nor loopback, multicast or reserved (RFC 6890).
  var isUnicast: Bool {
    let first = value >> 24
    return first != 0 && first != 127 && first < 224
  }
}
