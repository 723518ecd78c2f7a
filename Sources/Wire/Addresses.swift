/// An IPv6 address, its 128 bits in network order.
public struct IPv6Address: Hashable, Sendable, Comparable {
  /// The 128 bits; the most significant is the first on the wire.
  public var value: UInt128

  @inline(__always) public init(_ value: UInt128) { self.value = value }

  public static func < (a: Self, b: Self) -> Bool { a.value < b.value }

  /// `::`
  public static let unspecified = IPv6Address(0)
  /// `ff02::1`
  public static let allNodes = IPv6Address(0xff02_0000_0000_0000_0000_0000_0000_0001)

  /// The 16 octets, first on the wire first.
  public var octets: [UInt8] { (0..<16).map { UInt8(truncatingIfNeeded: value >> UInt128(120 - 8 * $0)) } }

  /// `ff00::/8` (RFC 4291 2.7).
  public var isMulticast: Bool { value >> 120 == 0xff }
  /// Multicast of interface-local or link-local scope, `ff01::/16` and `ff02::/16` (RFC 4291 2.7).
  public var isLinkScopeMulticast: Bool { value >> 112 == 0xff02 || value >> 112 == 0xff01 }
  /// `fe80::/10` (RFC 4291 2.5.6).
  public var isLinkLocal: Bool { value >> 118 == 0xfe80 >> 6 }
  /// `::1`
  public var isLoopback: Bool { value == 1 }
  /// Neither multicast, unspecified, loopback nor link-local: what RFC 6275 6.3 asks of a home address.
  public var isRoutableUnicast: Bool { !isMulticast && value > 1 && !isLinkLocal }
  /// The solicited-node multicast address of this address (RFC 4291 2.7.1).
  public var solicitedNode: IPv6Address { IPv6Address(0xff02_0000_0000_0000_0000_0001_ff00_0000 | value & 0xff_ffff) }

  /// This address with `offset` added to its value; wraps at the end of the address space.
  public func advanced(by offset: Int) -> IPv6Address { IPv6Address(value &+ UInt128(truncatingIfNeeded: offset)) }
}

extension IPv6Address: CustomStringConvertible, LosslessStringConvertible {
  /// RFC 5952 text: lower case, the longest run of zero groups as `::`.
  public var description: String {
    let groups = (0..<8).map { UInt16(truncatingIfNeeded: value >> UInt128(112 - 16 * $0)) }
    var best = 0..<0
    var start = 0
    while start < 8 {
      guard groups[start] == 0 else {
        start += 1
        continue
      }
      var end = start
      while end < 8, groups[end] == 0 { end += 1 }
      if end - start > 1, end - start > best.count { best = start..<end }
      start = end
    }
    func text(_ range: Range<Int>) -> String { groups[range].map { String($0, radix: 16) }.joined(separator: ":") }
    return best.isEmpty ? text(0..<8) : text(0..<best.lowerBound) + "::" + text(best.upperBound..<8)
  }

  /// Reads the text forms of RFC 4291 2.2, a dotted IPv4 tail included.
  public init?(_ text: String) {
    var halves: [[UInt16]] = []
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count >= 3 else { return nil }
    var groups: [UInt16] = []
    var index = 0
    var compressed = false
    while index < parts.count {
      let part = parts[index]
      if part.isEmpty {
        let atStart = index == 0
        let atEnd = index == parts.count - 1
        if atStart {
          guard parts.count > 1, parts[1].isEmpty else { return nil }
          index += 1
        } else if atEnd {
          return nil
        }
        guard !compressed else { return nil }
        compressed = true
        halves.append(groups)
        groups = []
        if index == parts.count - 2, parts[index + 1].isEmpty { index += 1 }
      } else if part.contains("."), index == parts.count - 1, let v4 = IPv4Address(String(part)) {
        groups.append(UInt16(truncatingIfNeeded: v4.value >> 16))
        groups.append(UInt16(truncatingIfNeeded: v4.value))
      } else {
        guard part.count <= 4, let group = UInt16(part, radix: 16), part.first != "+", part.first != "-" else { return nil }
        groups.append(group)
      }
      index += 1
    }
    halves.append(groups)
    let count = halves.reduce(0) { $0 + $1.count }
    guard compressed ? count <= 7 : count == 8 else { return nil }
    let zeros = [UInt16](repeating: 0, count: 8 - count)
    let all = compressed ? halves[0] + zeros + halves[1] : halves[0]
    self.init(all.reduce(UInt128(0)) { $0 << 16 | UInt128($1) })
  }
}

extension IPv6Address {
  /// The IPv4-mapped address of an IPv4 address, `::ffff:192.0.2.1` (RFC 4291 2.5.5.2).
  public init(mapped address: IPv4Address) { self.init(0xffff << 32 | UInt128(address.value)) }

  /// The IPv4 address that this one maps; nil for any other.
  public var ipv4: IPv4Address? { value >> 32 == 0xffff ? IPv4Address(UInt32(truncatingIfNeeded: value)) : nil }
}

/// An IPv4 address, its 32 bits in network order.
public struct IPv4Address: Hashable, Sendable {
  /// The 32 bits; the most significant is the first on the wire.
  public var value: UInt32

  public init(_ value: UInt32) { self.value = value }
}

extension IPv4Address: CustomStringConvertible, LosslessStringConvertible {
  public var description: String { (0..<4).map { String(value >> UInt32(24 - 8 * $0) & 0xff) }.joined(separator: ".") }

  /// Reads four decimal octets.
  public init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
      guard !part.isEmpty, part.allSatisfy(\.isASCII), part.allSatisfy(\.isNumber), let octet = UInt8(part) else { return nil }
      value = value << 8 | UInt32(octet)
    }
    self.init(value)
  }
}

/// An Ethernet address, its 48 bits in network order.
public struct MACAddress: Hashable, Sendable {
  /// The 48 bits, in the low bits of the word.
  public var value: UInt64

  public init(_ value: UInt64) { self.value = value & 0xffff_ffff_ffff }

  /// `ff:ff:ff:ff:ff:ff`
  public static let broadcast = MACAddress(0xffff_ffff_ffff)

  /// The Ethernet multicast address of an IPv6 multicast address, `33:33` and its last 32 bits (RFC 2464 7).
  public init(multicast address: IPv6Address) {
    self.init(0x3333_0000_0000 | UInt64(truncatingIfNeeded: address.value & 0xffff_ffff))
  }
}

extension MACAddress: CustomStringConvertible, LosslessStringConvertible {
  public var description: String {
    (0..<6).map {
      let octet = UInt8(truncatingIfNeeded: value >> UInt64(40 - 8 * $0))
      return (octet < 16 ? "0" : "") + String(octet, radix: 16)
    }.joined(separator: ":")
  }

  /// Reads six colon-separated hexadecimal octets.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 6 else { return nil }
    var value: UInt64 = 0
    for part in parts {
      guard part.count == 2, part.allSatisfy(\.isHexDigit), let octet = UInt8(part, radix: 16) else { return nil }
      value = value << 8 | UInt64(octet)
    }
    self.init(value)
  }
}
