package import Wire

/// A DHCPv4 message (RFC 2131 2) of an Ethernet client, and its options (RFC 2132).
package struct DHCPMessage: Sendable, Equatable {
  /// What its option 53 says.
  package enum Kind: UInt8, Sendable {
    case discover = 1
    case offer, request, decline, ack, nak, release, inform
  }

  package enum Option {
    package static let subnetMask: UInt8 = 1
    package static let router: UInt8 = 3
    package static let nameServer: UInt8 = 6
    package static let requestedAddress: UInt8 = 50
    package static let leaseTime: UInt8 = 51
    package static let messageType: UInt8 = 53
    package static let serverIdentifier: UInt8 = 54
  }

  package var kind: Kind
  /// Op 1: of a client's; else 2.
  package var isRequest: Bool
  /// xid.
  package var transaction: UInt32
  package var isBroadcast = false
  /// ciaddr: the client's own address, which it can be reached at; 0.0.0.0: none.
  package var clientAddress = IPv4Address(0)
  /// yiaddr: the address that it is given.
  package var yourAddress = IPv4Address(0)
  /// giaddr: the relay's.
  package var relay = IPv4Address(0)
  /// chaddr.
  package var hardware: MACAddress
  /// Options in order, pads, the end and the message type apart. Of one that comes in parts (RFC 3396) each is on its own.
  package var options: [(code: UInt8, value: [UInt8])] = []

  package static let magic: [UInt8] = [99, 130, 83, 99]

  package init(_ kind: Kind, isRequest: Bool, transaction: UInt32, hardware: MACAddress) {
    self.kind = kind
    self.isRequest = isRequest
    self.transaction = transaction
    self.hardware = hardware
  }

  /// Nil for what is no DHCP message of an Ethernet client. What stands in sname and file (RFC 2132 9.3) is not read: no client's request
  /// needs the room.
  package init?(_ octets: [UInt8]) {
    guard octets.count >= 240, octets[0] == 1 || octets[0] == 2, octets[1] == 1, octets[2] == 6, Array(octets[236..<240]) == Self.magic
    else { return nil }
    func word(_ offset: Int) -> UInt32 { octets[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) } }
    var options: [(code: UInt8, value: [UInt8])] = []
    var kind: Kind?
    var offset = 240
    while offset < octets.count, octets[offset] != 255 {
      if octets[offset] == 0 {
        offset += 1
        continue
      }
      guard offset + 1 < octets.count, offset + 2 + Int(octets[offset + 1]) <= octets.count else { return nil }
      let value = Array(octets[offset + 2..<offset + 2 + Int(octets[offset + 1])])
      if octets[offset] == Option.messageType {
        guard value.count == 1, kind == nil, let known = Kind(rawValue: value[0]) else { return nil }
        kind = known
      } else {
        options.append((octets[offset], value))
      }
      offset += 2 + value.count
    }
    guard let kind else { return nil }
    self.init(
      kind, isRequest: octets[0] == 1, transaction: word(4),
      hardware: MACAddress(octets[28..<34].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }))
    isBroadcast = octets[10] & 0x80 != 0
    clientAddress = IPv4Address(word(12))
    yourAddress = IPv4Address(word(16))
    relay = IPv4Address(word(24))
    self.options = options
  }

  package static func == (a: Self, b: Self) -> Bool { a.octets == b.octets }

  /// At least the 300 octets that BOOTP clients ask for (RFC 1542 2.1).
  package var octets: [UInt8] {
    func word(_ value: UInt32) -> [UInt8] { (0..<4).reversed().map { UInt8(truncatingIfNeeded: value >> UInt32($0 * 8)) } }
    var out: [UInt8] = [isRequest ? 1 : 2, 1, 6, 0] + word(transaction) + [0, 0, isBroadcast ? 0x80 : 0, 0]
    out += word(clientAddress.value) + word(yourAddress.value) + word(0) + word(relay.value)
    out += (0..<6).reversed().map { UInt8(truncatingIfNeeded: hardware.value >> UInt64($0 * 8)) }
    out += [UInt8](repeating: 0, count: 236 - out.count) + Self.magic
    for (code, value) in [(Option.messageType, [kind.rawValue])] + options {
      out += [code, UInt8(truncatingIfNeeded: min(value.count, 255))] + value.prefix(255)
    }
    out.append(255)
    return out + [UInt8](repeating: 0, count: max(0, 300 - out.count))
  }

  /// The address in an option of four octets; nil without one.
  package func address(_ code: UInt8) -> IPv4Address? {
    guard let value = options.first(where: { $0.code == code })?.value, value.count == 4 else { return nil }
    return IPv4Address(value.reduce(0) { $0 << 8 | UInt32($1) })
  }

  package mutating func add(_ code: UInt8, _ value: UInt32) {
    options.append((code, (0..<4).reversed().map { UInt8(truncatingIfNeeded: value >> UInt32($0 * 8)) }))
  }
}
