import Testing
import Wire

@testable import Security

/// Tunnels over IPv4 (RFC 5555), against packets that another hand drew, which tshark and scapy read.
struct TunnelTests {
  static let agent = IPv6Address(0x2001_0db8_000a << 80 | 1)
  static let home = IPv6Address(0x2001_0db8_000a << 80 | 0x77)
  static let ipv4Agent = IPv4Address(0xc000_0201)
  static let careOf = IPv4Address(0xc633_6402)
  /// BRI of RFC 5846 and of draft-01 in UDP, and of RFC 5846 in IPv4; the BU that takes the binding down.
  static let p7 = octets(
    "450000540001000040118e61c0000201c6336402105f9c8d00407f9060000000 0010874020010db8000a0000000000000000000120010db8000a000000000000"
      + "000000773b011000443201011234000001020000")
  static let p10 = octets(
    "450000540001000040118e61c0000201c6336402105f9c8d00407f9060000000 0010874020010db8000a0000000000000000000120010db8000a000000000000"
      + "000000773b01100043f312340140000001020000")
  static let p11 = octets(
    "4500004c0001000040298e51c0000201c6336402600000000010874020010db8 000a0000000000000000000120010db8000a000000000000000000773b011000"
      + "443201011234000001020000")
  static let p8 = octets(
    "4500005c0001000040118e59c6336402c00002019c8d105f00487f8060000000 0018874020010db8000a0000000000000000007720010db8000a000000000000"
      + "000000013b020500477900a8d00000000102000020060000c6336402")
  /// P2 and P1c of the same table, with ::ffff:198.51.100.2 for 2001:db8:b::2: what P7 and P11, and P10, are natively.
  static let p2 = octets(
    "6000000000282b4020010db8000a0000000000000000000100000000000000000000ffffc6336402 870202010000000020010db8000a00000000000000000077"
      + "3b011000443201011234000001020000")
  static let p1c = octets(
    "6000000000282b4020010db8000a0000000000000000000100000000000000000000ffffc6336402 870202010000000020010db8000a00000000000000000077"
      + "3b01100043f312340140000001020000")

  private let ethernet = octets("020000000200020000000100 0800")
  private let ethernet6 = octets("020000000200020000000100 86dd")

  private func untunnelled(_ packet: [UInt8], _ start: FrameStart = .ip) -> UntunnelledPacket? {
    var dissection = Dissection()
    Decoder(dialect: .rfc5846).decode(packet.span, start, into: &dissection)
    return dissection.untunnelled(packet.span, homeAgent: Self.agent, nil)
  }

  @Test(arguments: [(p7, p2, 40_077), (p10, p1c, 40_077), (p11, p2, nil)] as [([UInt8], [UInt8], UInt16?)])
  func aMessageOfTheHomeAgentComesOut(_ packet: [UInt8], _ native: [UInt8], _ port: UInt16?) {
    let result = untunnelled(packet)
    #expect(result.map { hex($0.octets) } == hex(native))
    #expect(result?.port == port && result?.isFromHomeAgent == true && result?.home == Self.home)
    // Behind a link header too.
    #expect(untunnelled(ethernet + packet, .ethernet)?.octets == ethernet6 + native)
  }

  @Test func aMessageOfTheMobileNodeComesOut() throws {
    let result = try #require(untunnelled(Self.p8))
    #expect(
      hex(result.octets) == "6000000000303c40" + "00000000000000000000ffffc6336402" + "20010db8000a00000000000000000001"
        + "870201020000c91020010db8000a00000000000000000077" + hex(Self.p8.suffix(24)))
    #expect(!result.isFromHomeAgent && result.home == Self.home && result.careOf == Self.careOf && result.port == 40_077)
    // The checksum holds in the native form as well.
    var dissection = Dissection()
    Decoder(dialect: .rfc5846).decode(result.octets.span, .ip, into: &dissection)
    #expect(dissection.isSound && dissection.messageKind == .bu)
  }

  /// Whatever is cut off or turned, nothing traps, and what IPv4 or UDP would drop does not come out.
  @Test func hostileOctets() {
    for packet in [Self.p7, Self.p8, Self.p10, Self.p11] {
      for length in 0..<packet.count { #expect(untunnelled(Array(packet.prefix(length))) == nil) }
      for position in packet.indices {
        for bit in 0..<8 {
          var wrong = packet
          wrong[position] ^= 1 << UInt8(bit)
          let result = untunnelled(wrong)
          // The IPv4 header, and in UDP everything, is under a checksum; the port of a mobile node is its own.
          if position < 20 || packet[9] == 17 { #expect(result == nil, "octet \(position), bit \(bit)") }
        }
      }
    }
  }

  private func tunnel(_ role: BindingProtection.BindingRole, _ form: Tunnelling = .udp, _ dialect: Dialect = .rfc5846) -> BindingTunnel {
    BindingTunnel(role, form, homeAgent: Self.agent, ipv4HomeAgent: Self.ipv4Agent, dialect: dialect)
  }

  private func message(_ kind: LayerKind, _ dialect: Dialect, _ values: [(FieldPath, UInt128)]) -> Packet {
    Packet([
      .ethernet(from: MACAddress(1), to: MACAddress(2)), .ipv6(from: Self.agent, to: IPv6Address(mapped: Self.careOf)),
      dialect == .draft01 ? .homeAddress(Self.home) : .routing(to: Self.home), .message(kind, dialect, values),
    ])
  }

  /// Sends a packet through a tunnel: what stands behind the Ethernet header.
  private func sent(_ packet: Packet, _ tunnel: inout BindingTunnel) -> [UInt8]? {
    var packet = packet
    return tunnel.headers(for: &packet).map { Array($0.around(packet).encoded().dropFirst(14)) }
  }

  private func receive(_ packet: [UInt8], _ tunnel: inout BindingTunnel) -> Bool {
    var dissection = Dissection()
    guard let native = tunnel.opened((ethernet + packet).span, with: Decoder(dialect: .rfc5846), into: &dissection) else { return false }
    tunnel.learn(native.span, dissection)
    return true
  }

  private func update(_ lifetime: UInt128) -> Packet {
    let careOf = IPv6Address(mapped: Self.careOf)
    return Packet([
      .ethernet(from: MACAddress(1), to: MACAddress(2)), .ipv6(from: careOf, to: Self.agent), .homeAddress(Self.home),
      .message(
        .bu, .rfc5846, [(.buSequence, 0xa8), (.buA, 1), (.buH, 1), (.buK, 1), (.buLifetime, lifetime)],
        options: [.alternateCareOfAddress(careOf)]),
    ])
  }

  /// P8, but for the place of its padding and the outer identification, which neither document fixes.
  @Test func aDeregistrationGoesOut() throws {
    var tunnel = tunnel(.mobileNode, .ipv4)
    let packet = try #require(sent(update(0), &tunnel))
    #expect(hex(packet[20..<80]) == hex(Self.p8[20..<80]))
    #expect(hex(packet[80...]) == "20060000c6336402" + "01020000")
    #expect(hex(packet[8..<20]) == "40118e5ac6336402c0000201")
  }

  @Test func aRegistrationAsksForUDPAndAnIPv4HomeAddress() throws {
    var tunnel = tunnel(.mobileNode, .udp)
    let packet = try #require(sent(update(150), &tunnel))
    var dissection = Dissection()
    Decoder(dialect: .rfc5846).decode(packet.span, .ip, into: &dissection)
    #expect(dissection.isSound && dissection.value(.buF, in: packet.span) == 1)
    #expect(dissection.value(.ipv4CareOfAddress, in: packet.span) == 0xc633_6402)
    #expect(dissection.value(.ipv4HomeAddress, in: packet.span) == 0x0a00_0077)
    #expect(dissection.value(.alternateCareOfAddress, in: packet.span) == nil && dissection.layer(.hao) == nil)
  }

  @Test(arguments: [(Dialect.rfc5846, p7), (.draft01, p10)]) func aRevocationGoesToThePortOfTheBU(_ dialect: Dialect, _ expected: [UInt8]) {
    var tunnel = tunnel(.homeAgent, .udp, dialect)
    var bri = message(.bri, dialect, [(.briSequence, 0x1234), (.briTrigger, 1)])
    if dialect == .draft01 { bri.set(.briA, 1) }
    #expect(sent(bri, &tunnel) == nil)
    // F asks for UDP in every packet.
    var mobile = self.tunnel(.mobileNode, .udp, dialect)
    guard let bu = sent(update(150), &mobile) else { return #expect(Bool(false)) }
    #expect(receive(bu, &tunnel))
    let ba = sent(message(.ba, dialect, [(.baStatus, 0), (.baSequence, 0xa8), (.baLifetime, 150)]), &tunnel)
    #expect(ba != nil)
    #expect(sent(bri, &tunnel).map { hex($0[20...]) } == hex(expected[20...]))
  }

  /// Without NAT and F, draft-01 leaves the tunnel of a BRI open, and RFC 5846 4 asks for that of the BU.
  @Test func aRevocationInIPv4Alone() {
    var tunnel = tunnel(.homeAgent, .ipv4, .draft01)
    #expect(receive(Self.p8, &tunnel))
    let bri = sent(message(.bri, .draft01, [(.briSequence, 0x1234), (.briTrigger, 1), (.briA, 1)]), &tunnel)
    #expect(bri.map { hex($0[9..<10]) + hex($0[20...]) } == "29" + hex(Self.p10[28...]))
    var later = self.tunnel(.homeAgent, .ipv4, .rfc5846)
    #expect(receive(Self.p8, &later))
    #expect(
      sent(message(.bri, .rfc5846, [(.briSequence, 0x1234), (.briTrigger, 1)]), &later).map { hex($0[20...]) } == hex(Self.p7[20...]))
  }

  /// RFC 5555 4.3: the care-of address of the option is not the one that the packet came from.
  @Test func aNATIsDetected() throws {
    var tunnel = tunnel(.homeAgent, .ipv4)
    var mobile = self.tunnel(.mobileNode, .ipv4)
    var bu = update(150)
    let headers = mobile.headers(for: &bu)
    var outside = try #require(headers)
    outside.source = IPv4Address(0xcb00_7101)
    outside.ports = (20_000, 4191)
    let packet = Array(outside.around(bu).encoded().dropFirst(14))
    #expect(receive(packet, &tunnel))
    var ba = message(.ba, .rfc5846, [(.baStatus, 0), (.baSequence, 0xa8), (.baLifetime, 150)])
    ba.set(.ipv6Destination, IPv6Address(mapped: IPv4Address(0xcb00_7101)).value)
    let answer = try #require(sent(ba, &tunnel))
    var dissection = Dissection()
    Decoder(dialect: .rfc5846).decode(answer.span, .ip, into: &dissection)
    #expect(dissection.isSound)
    #expect(dissection.value(.ipv4Destination, in: answer.span) == 0xcb00_7101)
    #expect(dissection.value(.udpDestinationPort, in: answer.span) == 20_000)
    #expect(dissection.value(.natDetectionF, in: answer.span) == 0 && dissection.value(.natRefreshTime, in: answer.span) == 110)
    #expect(dissection.value(.ipv4AcknowledgedAddress, in: answer.span) == 0x0a00_0077)
    // A BU that is refused moves nothing.
    #expect(receive(Self.p8, &tunnel))
    let bri = sent(message(.bri, .rfc5846, [(.briSequence, 1), (.briTrigger, 1)]), &tunnel)
    #expect(bri.map { hex($0[22..<24]) } == "4e20")
  }
}
