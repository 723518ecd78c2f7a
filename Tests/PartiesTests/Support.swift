import Link
import Parties
import Wire

func address(_ text: String) -> IPv6Address { IPv6Address(text) ?? .unspecified }
func ipv4(_ text: String) -> IPv4Address { IPv4Address(text) ?? IPv4Address(0) }

func octets(_ text: String) -> [UInt8] {
  let digits = text.compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// A network, a clock, and the client's end of the link.
struct AccessScene {
  static let network = MACAddress(0x0200_0000_0100)
  static let client = MACAddress(0x0200_0000_0200)
  static let clientLinkLocal = address("fe80::ff:fe00:200")
  static let start = Instant(nanoseconds: 1_700_000_000_000_000_000)

  var access: AccessNetwork
  var now = start
  /// When each frame left.
  var sent: [(time: Instant, frame: [UInt8])] = []

  static var configuration: AccessNetwork.Configuration {
    .init(
      prefix: IPv6Prefix(address("2001:db8:b::"), length: 64), lease: IPv4Lease(ipv4("10.99.0.2"), length: 24),
      names: [
        "ha.example": [address("2001:db8:a::1"), IPv6Address(mapped: ipv4("192.0.2.1"))],
        "only4.example": [IPv6Address(mapped: ipv4("192.0.2.4"))],
      ])
  }

  init(_ configuration: AccessNetwork.Configuration = configuration, seed: UInt64 = 1) {
    access = AccessNetwork(configuration, address: Self.network, start: Self.start, seed: seed)
  }

  /// Lets time pass.
  mutating func run(for interval: Interval) {
    let end = now + interval
    while access.nextDeadline <= end {
      now = max(now, access.nextDeadline)
      var outbox = Outbox()
      access.wake(at: now, on: 0, &outbox)
      sent += outbox.items.map { (now, $0.frame) }
    }
    now = end
  }

  /// What a frame gets for an answer at once.
  @discardableResult mutating func receive(_ frame: [UInt8]) -> [[UInt8]] {
    var outbox = Outbox()
    var dissection = Dissection()
    Decoder(dialect: .rfc5846).decode(frame.span, into: &dissection)
    access.receive(frame.span, dissection, on: 0, at: now, &outbox)
    return outbox.items.map(\.frame)
  }

  static func solicitation(from source: IPv6Address = clientLinkLocal, hopLimit: UInt8 = 255, code: UInt128 = 0) -> [UInt8] {
    Packet([
      .ethernet(from: client, to: MACAddress(0x3333_0000_0002)), .ipv6(from: source, to: address("ff02::2"), hopLimit: hopLimit),
      .init(
        .routerSolicitation, .rfc5846, [(.solicitationCode, code)],
        options: source == .unspecified ? [] : [.linkLayerAddress(type: 1, client)]),
    ]).encoded()
  }

  /// A client's DHCP message in a frame.
  static func frame(_ message: DHCPMessage, from source: String = "0.0.0.0", to destination: String = "255.255.255.255") -> [UInt8] {
    Packet(
      [.ethernet(from: message.hardware, to: .broadcast), .ipv4(from: ipv4(source), to: ipv4(destination)), .udp(from: 68, to: 67)],
      payload: message.octets
    ).encoded()
  }

  /// A query, from the address that the client has.
  static func frame(query: [UInt8], isIPv6: Bool = true, source: String? = nil) -> [UInt8] {
    let ip: Packet.Header =
      isIPv6
      ? .ipv6(from: address(source ?? "2001:db8:b::ff:fe00:200"), to: address("2001:db8:b::1"))
      : .ipv4(from: ipv4(source ?? "10.99.0.2"), to: ipv4("10.99.0.1"))
    return Packet([.ethernet(from: client, to: network), ip, .udp(from: 40_000, to: 53)], payload: query).encoded()
  }

  /// One question with recursion desired, transaction 0x1234.
  static func query(_ name: String, type: UInt16, class: UInt16 = 1) -> [UInt8] {
    let labels = name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + $0.utf8 }
    return [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + labels + [
      0, UInt8(type >> 8), UInt8(type & 255), UInt8(`class` >> 8), UInt8(`class` & 255),
    ]
  }
}

/// A frame and what is in it.
struct Seen {
  let frame: [UInt8]
  let dissection: Dissection

  init(_ frame: [UInt8]) {
    self.frame = frame
    var dissection = Dissection()
    Decoder(dialect: .rfc5846).decode(frame.span, into: &dissection)
    self.dissection = dissection
  }

  subscript(_ path: FieldPath) -> UInt128? { dissection.value(path, in: frame.span) }
  subscript(_ path: String) -> UInt128? { FieldPath(path).flatMap { self[$0] } }
  var payload: [UInt8] { Array(frame[dissection.restOffset..<dissection.restOffset + dissection.restLength]) }
}
