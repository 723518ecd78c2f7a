package import Wire

/// The destinations that the tester may send to: what the device's description names, nothing else.
package struct AddressGuard: Sendable {
  private var ipv6: Set<IPv6Address> = []
  private var ipv4: Set<IPv4Address> = []
  private var ipv6Prefixes: [(value: UInt128, mask: UInt128)] = []
  private var ipv4Prefixes: [(value: UInt32, mask: UInt32)] = []

  /// Allows nothing but link-scope multicast and ARP.
  package init() {}

  package init(_ addresses: [IPv6Address], _ ipv4Addresses: [IPv4Address] = []) {
    ipv6 = Set(addresses)
    ipv4 = Set(ipv4Addresses)
  }

  package mutating func allow(_ address: IPv6Address) { ipv6.insert(address) }
  package mutating func allow(_ address: IPv4Address) { ipv4.insert(address) }

  /// Allows all addresses that begin with the first `length` bits of `prefix`; lengths outside 0...128 are taken as the nearest.
  package mutating func allow(_ prefix: IPv6Address, length: Int) {
    let mask = length <= 0 ? 0 : UInt128.max << UInt128(128 - min(length, 128))
    ipv6Prefixes.append((prefix.value & mask, mask))
  }

  /// As for IPv6; lengths outside 0...32 are taken as the nearest.
  package mutating func allow(_ prefix: IPv4Address, length: Int) {
    let mask = length <= 0 ? 0 : UInt32.max << UInt32(32 - min(length, 32))
    ipv4Prefixes.append((prefix.value & mask, mask))
  }

  /// Allows an address or a prefix in text, `2001:db8::1`, `2001:db8::/64`, `192.0.2.0/24`; false if it is neither.
  package mutating func allow(_ text: String) -> Bool {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    let length = parts.count == 2 ? Int(parts[1]) : 128
    guard let first = parts.first, let length, (0...128).contains(length) else { return false }
    if let address = IPv6Address(String(first)) {
      parts.count == 2 ? allow(address, length: length) : allow(address)
    } else if let address = IPv4Address(String(first)), parts.count == 1 || length <= 32 {
      parts.count == 2 ? allow(address, length: length) : allow(address)
    } else {
      return false
    }
    return true
  }

  package func allows(_ address: IPv6Address) -> Bool {
    address.value >> 112 == 0xff02 || ipv6.contains(address) || ipv6Prefixes.contains { address.value & $0.mask == $0.value }
  }

  package func allows(_ address: IPv4Address) -> Bool {
    ipv4.contains(address) || ipv4Prefixes.contains { address.value & $0.mask == $0.value }
  }

  /// Whether a frame, from its Ethernet header on, may leave: by its outermost IP destination, behind at most two VLAN tags.
  ///
  /// ARP may. What is neither IP nor ARP, or too short to hold a destination, may not.
  package func allows(_ frame: Span<UInt8>) -> Bool {
    var offset = 12
    var tags = 0
    while let type = Self.word(frame, offset) {
      offset += 2
      switch type {
      case 0x0806: return true
      case 0x8100, 0x88a8:
        tags += 1
        guard tags <= 2 else { return false }
        offset += 2
      case 0x86dd:
        guard frame.count >= offset + 40 else { return false }
        var value: UInt128 = 0
        for index in offset + 24..<offset + 40 { value = value << 8 | UInt128(frame[index]) }
        return allows(IPv6Address(value))
      case 0x0800:
        guard frame.count >= offset + 20 else { return false }
        var value: UInt32 = 0
        for index in offset + 16..<offset + 20 { value = value << 8 | UInt32(frame[index]) }
        return allows(IPv4Address(value))
      default: return false
      }
    }
    return false
  }

  private static func word(_ frame: Span<UInt8>, _ offset: Int) -> UInt16? {
    frame.count >= offset + 2 ? UInt16(frame[offset]) << 8 | UInt16(frame[offset + 1]) : nil
  }
}
