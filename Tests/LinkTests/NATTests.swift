import Testing
import Wire

@testable import Link

/// Ports and addresses that a NAT changes, and checksums that stay what they were.
struct NATTests {
  private static let inside = IPv4Address(0x0a00_0002)
  private static let outside = IPv4Address(0xcb00_7101)
  private static let server = IPv4Address(0xc000_0201)

  private func frame(_ source: IPv4Address, _ destination: IPv4Address, _ ports: (UInt16, UInt16)) -> [UInt8] {
    Packet(
      [.ethernet(from: MACAddress(1), to: MACAddress(2)), .ipv4(from: source, to: destination), .udp(from: ports.0, to: ports.1)],
      payload: [1, 2, 3]
    ).encoded()
  }

  @Test func aPortIsKeptAndAnswersComeBack() {
    var nat = NAT(outside: Self.outside, inside: Self.inside)
    #expect(nat.outward(frame(Self.inside, Self.server, (4500, 4500))) == frame(Self.outside, Self.server, (20_000, 4500)))
    #expect(nat.outward(frame(Self.inside, Self.server, (4191, 4500))) == frame(Self.outside, Self.server, (20_001, 4500)))
    #expect(nat.outward(frame(Self.inside, Self.server, (4500, 53))) == frame(Self.outside, Self.server, (20_000, 53)))
    #expect(nat.inward(frame(Self.server, Self.outside, (4500, 20_001))) == frame(Self.server, Self.inside, (4500, 4191)))
    #expect(nat.inward(frame(Self.server, Self.outside, (4500, 20_002))) == nil)
    nat.forget()
    #expect(nat.inward(frame(Self.server, Self.outside, (4500, 20_001))) == nil)
  }

  @Test func aWrongChecksumStaysWrong() {
    var nat = NAT(outside: Self.outside, inside: Self.inside)
    var wrong = frame(Self.inside, Self.server, (9, 9))
    wrong[40] ^= 0x55
    let passed = nat.outward(wrong) ?? []
    #expect(passed[26..<30] == [0xcb, 0, 0x71, 1] && passed[34..<36] == [0x4e, 0x20])
    #expect(passed[40..<42] != frame(Self.outside, Self.server, (20_000, 9))[40..<42])
    // Without one there is none to mend.
    var none = frame(Self.inside, Self.server, (9, 9))
    none.replaceSubrange(40..<42, with: [0, 0])
    #expect(nat.outward(none).map { Array($0[40..<42]) } == [0, 0])
  }

  @Test func whatIsNoUDPDoesNotPass() {
    var nat = NAT(outside: Self.outside, inside: Self.inside)
    let tunnel = Packet([.ethernet(from: MACAddress(1), to: MACAddress(2)), .ipv4(from: Self.inside, to: Self.server)]).encoded()
    #expect(nat.outward(tunnel) == nil)
    let ipv6 = Packet([.ethernet(from: MACAddress(1), to: MACAddress(2)), .ipv6(from: .allNodes, to: .allNodes)]).encoded()
    #expect(nat.outward(ipv6) == ipv6 && nat.inward(ipv6) == ipv6)
    for length in 0..<tunnel.count {
      #expect(nat.outward(Array(tunnel.prefix(length))) == (length < 14 ? Array(tunnel.prefix(length)) : nil))
    }
  }
}
