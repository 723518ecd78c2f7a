package import Wire

/// A network address and port translator (RFC 3022 2.2): whoever is inside has one IPv4 address outside, and a port of
/// its own for each of its own ports. IPv6 passes as it is; of IPv4 nothing passes but UDP, and inward only what answers something.
package struct NAT: Sendable {
  private struct Host: Hashable, Sendable {
    var address: UInt32
    var port: UInt16
  }

  private let outside: IPv4Address
  private var ports: [Host: UInt16] = [:]
  private var hosts: [UInt16: Host] = [:]
  /// The last host that asked for an Ethernet address.
  private var asker: UInt32
  private var next: UInt16 = 20_000

  /// - Parameters:
  ///   - outside: the address that everybody inside has outside.
  ///   - inside: who answers ARP for it; there is one Ethernet address inside.
  package init(outside: IPv4Address, inside: IPv4Address) {
    self.outside = outside
    asker = inside.value
  }

  /// Forgets all ports, as a NAT does that was idle for too long.
  package mutating func forget() {
    ports.removeAll()
    hosts.removeAll()
  }

  /// A frame on its way out; nil: it does not pass.
  mutating func outward(_ frame: [UInt8]) -> [UInt8]? {
    guard let kind = Kind(frame) else { return frame }
    var frame = frame
    switch kind {
    case .arp:
      asker = frame.number32(28)
      frame.write(outside.value, at: 28)
    case .udp(let header):
      let host = Host(address: frame.number32(26), port: frame.number16(header))
      guard let port = port(of: host) else { return nil }
      frame.replace(address: 26, outside.value, port: header, port, udp: header)
    case .other: return nil
    }
    return frame
  }

  /// A frame on its way in; nil: it does not pass.
  mutating func inward(_ frame: [UInt8]) -> [UInt8]? {
    guard let kind = Kind(frame) else { return frame }
    var frame = frame
    switch kind {
    case .arp:
      guard frame.number32(38) == outside.value else { return nil }
      frame.write(asker, at: 38)
    case .udp(let header):
      guard frame.number32(30) == outside.value, let host = hosts[frame.number16(header + 2)] else { return nil }
      frame.replace(address: 30, host.address, port: header + 2, host.port, udp: header)
    case .other: return nil
    }
    return frame
  }

  private mutating func port(of host: Host) -> UInt16? {
    if let port = ports[host] { return port }
    guard next < .max else { return nil }
    defer { next += 1 }
    ports[host] = next
    hosts[next] = host
    return next
  }

  private enum Kind {
    case arp
    /// Where the UDP header is.
    case udp(Int)
    case other

    /// Nil for what is neither IPv4 nor ARP.
    init?(_ frame: [UInt8]) {
      guard frame.count >= 14 else { return nil }
      switch frame.number16(12) {
      case 0x0806 where frame.count >= 42: self = .arp
      case 0x0806: self = .other
      case 0x0800:
        let header = frame.count >= 34 ? 14 + Int(frame[14] & 0xf) * 4 : 0
        self = header >= 34 && frame.count >= header + 8 && frame[23] == 17 ? .udp(header) : .other
      default: return nil
      }
    }
  }
}

extension [UInt8] {
  fileprivate func number16(_ offset: Int) -> UInt16 { UInt16(self[offset]) << 8 | UInt16(self[offset + 1]) }
  fileprivate func number32(_ offset: Int) -> UInt32 { UInt32(number16(offset)) << 16 | UInt32(number16(offset + 2)) }

  fileprivate mutating func write(_ value: UInt32, at offset: Int) {
    for index in 0..<4 { self[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * index)) }
  }

  /// Puts another address and port in, and mends the checksums by what has changed (RFC 1624 3), so that a wrong one stays wrong.
  fileprivate mutating func replace(address: Int, _ newAddress: UInt32, port: Int, _ newPort: UInt16, udp: Int) {
    let before = [number16(address), number16(address + 2), number16(port)]
    write(newAddress, at: address)
    self[port] = UInt8(newPort >> 8)
    self[port + 1] = UInt8(truncatingIfNeeded: newPort)
    let after = [number16(address), number16(address + 2), number16(port)]
    mend(24, before.prefix(2), after.prefix(2))
    // Zero: the sender made none.
    if number16(udp + 6) != 0 { mend(udp + 6, before[...], after[...]) }
  }

  private mutating func mend(_ offset: Int, _ before: ArraySlice<UInt16>, _ after: ArraySlice<UInt16>) {
    var sum = UInt32(~number16(offset))
    for word in before { sum += UInt32(~word) }
    for word in after { sum += UInt32(word) }
    while sum >> 16 != 0 { sum = sum & 0xffff + sum >> 16 }
    let checksum = ~UInt16(truncatingIfNeeded: sum)
    self[offset] = UInt8(checksum >> 8)
    self[offset + 1] = UInt8(truncatingIfNeeded: checksum)
  }
}
