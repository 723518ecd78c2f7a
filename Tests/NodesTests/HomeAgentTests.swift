import Security
import Testing
import Wire

@testable import Nodes

struct HomeAgentTests {
  @Test(arguments: Dialect.allCases)
  func registration(dialect: Dialect) throws {
    let bench = Bench(homeAgent: dialect) { $0.maximumLifetime = 50 }
    bench.register(10, lifetime: 100)
    let ba = try #require(bench.only())
    #expect(ba.port == 0)
    #expect(ba.dissection.messageKind == .ba && ba.dissection.isSound)
    #expect(ba[.ipv6Source] == homeAgent.value && ba[.ipv6Destination] == careOf.value)
    #expect(ba[.routingHomeAddress] == home.value)
    #expect(ba[.baStatus] == 0 && ba[.baSequence] == 10 && ba[.baLifetime] == 50)
    #expect(bench.command("state \(home)") == "ok bound \(careOf) 10")
  }

  @Test(arguments: Dialect.allCases)
  func forwarding(dialect: Dialect) throws {
    let bench = Bench(homeAgent: dialect)
    #expect(!bench.forwards())
    bench.register()
    _ = bench.drain()
    bench.send(downlink(), on: 1)
    let tunnelled = try #require(bench.only())
    #expect(tunnelled.port == 0)
    #expect(tunnelled.bytes[20] == 41)
    #expect(tunnelled.dissection.layers[2].kind == .ipv6)
    #expect(tunnelled[.ipv6Source] == correspondent.value && tunnelled[.ipv6Destination] == home.value)
    #expect(tunnelled[.ipv6HopLimit] == 63)
    // The way back: the mobile node's packet comes out on the home link.
    let inner = Packet([.ipv6(from: home, to: correspondent), .icmpv6(type: 129, code: 0, pointer: 1)])
    bench.send(inner.inserting(.ipv6(from: careOf, to: homeAgent), at: 0))
    let out = try #require(bench.only())
    #expect(out.port == 1 && out[.ipv6Source] == home.value && out[.ipv6Destination] == correspondent.value)
    // Not from another address than the care-of address.
    bench.send(inner.inserting(.ipv6(from: stranger, to: homeAgent), at: 0))
    #expect(bench.drain().isEmpty)
  }

  /// Nobody has negotiated a TLV header, of whatever type: behind one nothing is carried out, nor answered.
  @Test(arguments: Dialect.allCases)
  func packetsBehindATLVHeader(dialect: Dialect) throws {
    let (agent, mobile) = (IPv4Address(0xc000_0201), IPv4Address(0xc633_6402))
    let bench = Bench(homeAgent: dialect) {
      $0.tunnelling = .udp
      $0.ipv4HomeAgent = agent
    }
    let message = Packet([
      .ipv6(from: home, to: homeAgent),
      .message(.bu, dialect, [(.buSequence, 10), (.buA, 1), (.buH, 1), (.buLifetime, 100)], options: [.ipv4CareOfAddress(mobile)]),
    ]).encoded()
    func tunnel(_ octets: [UInt8]) -> Packet {
      Packet([.ipv4(from: mobile, to: agent), .udp(from: 40_077, to: 4191)], payload: octets)
    }
    for type in 0..<16 where type != 4 && type != 6 {
      bench.send(tunnel([UInt8(type << 4), UInt8(message.count >> 4), UInt8(message.count << 4 & 0xf0), 0] + message))
      for count in 1..<4 { bench.send(tunnel([UInt8](repeating: UInt8(type << 4), count: count))) }
    }
    bench.pass(5)
    #expect(bench.drain().isEmpty)
    #expect(bench.command("state \(home)").hasPrefix("ok unbound"))
    bench.send(tunnel(message))
    #expect(bench.command("state \(home)").hasPrefix("ok bound"))
    #expect(!bench.drain().isEmpty)
  }

  @Test(arguments: Dialect.allCases)
  func proxyNeighbourDiscovery(dialect: Dialect) throws {
    let bench = Bench(homeAgent: dialect)
    let solicitation = Packet([
      .ipv6(from: correspondent, to: home.solicitedNode, hopLimit: 255),
      .init(.neighbourSolicitation, .rfc5846, [(.solicitedTarget, home.value)], options: [.linkLayerAddress(type: 1, testerHardware)]),
    ])
    bench.send(solicitation, on: 1, to: MACAddress(multicast: home.solicitedNode))
    #expect(bench.drain().isEmpty)
    bench.register()
    _ = bench.drain()
    bench.send(solicitation, on: 1, to: MACAddress(multicast: home.solicitedNode))
    let answer = try #require(bench.only())
    #expect(answer[.advertisedTarget] == home.value && answer[.linkLayerAddress] == UInt128(nodeHardware[1].value))
    bench.send(bu(11, lifetime: 0))
    _ = bench.drain()
    bench.send(solicitation, on: 1, to: MACAddress(multicast: home.solicitedNode))
    #expect(bench.drain().isEmpty)
  }

  /// RFC 3775 and 6275 9.5.1, the example of the documents: after 15, 0 to 15 and 32783 to 65535 are old.
  @Test(arguments: [(UInt16(0), false), (14, false), (15, false), (16, true), (32_782, true), (32_783, false), (65_535, false)])
  func sequenceWindow(sequence: UInt16, isNew: Bool) throws {
    for dialect in Dialect.allCases {
      let bench = Bench(homeAgent: dialect)
      bench.register(15)
      _ = bench.drain()
      bench.send(bu(sequence, lifetime: 0))
      let ba = try #require(bench.only())
      #expect(ba[.baStatus] == (isNew ? 0 : 135))
      #expect(ba[.baSequence] == (isNew ? UInt128(sequence) : 15))
      #expect(bench.forwards() == !isNew)
    }
  }

  @Test(arguments: Dialect.allCases)
  func expiry(dialect: Dialect) {
    let bench = Bench(homeAgent: dialect)
    bench.register(10, lifetime: 2)
    bench.pass(7.9)
    #expect(bench.forwards())
    bench.pass(0.2)
    #expect(!bench.forwards())
    #expect(bench.command("state \(home)") == "ok unbound")
  }

  /// Waits of clause 11: draft-01 1 s and 1 s, RFC 5846 1 s and 2 s; then the binding is cleaned up.
  @Test(arguments: [(Dialect.draft01, 2.0), (.rfc5846, 3.0)])
  func revocationWithoutAnswer(dialect: Dialect, end: Double) throws {
    let bench = Bench(homeAgent: dialect)
    bench.register()
    _ = bench.drain()
    bench.command("revoke \(home)")
    bench.pass(end - 0.01)
    #expect(bench.forwards())
    bench.pass(0.02)
    #expect(!bench.forwards())
    bench.pass(20)
    let sent = bench.drain()
    #expect(sent.map(\.time.nanoseconds) == [0, 1_000_000_000])
    #expect(sent.first?.bytes == sent.last?.bytes)
    let first = try #require(sent.first)
    #expect(first.dissection.messageKind == .bri && first.dissection.isSound)
    #expect(first[.briTrigger] == 1 && first[.briP] == 0 && first[.briG] == 0)
    #expect(first[.briA] == (dialect == .draft01 ? 1 : nil) && first[.briV] == (dialect == .draft01 ? nil : 0))
    #expect(first[.homeAddressOption] == (dialect == .draft01 ? home.value : nil))
    #expect(first[.routingHomeAddress] == (dialect == .draft01 ? nil : home.value))
  }

  /// What the control socket says of a binding.
  @Test(arguments: Dialect.allCases)
  func states(dialect: Dialect) throws {
    let bench = Bench(homeAgent: dialect)
    #expect(bench.command("state \(home)") == "ok unbound")
    bench.register()
    _ = bench.drain()
    #expect(bench.command("revoke \(home)") == "ok")
    let sequence = try #require(bench.only()?[.briSequence])
    #expect(bench.command("state \(home)") == "ok revoking \(careOf) \(sequence)")
    #expect(bench.command("revoke \(home)") == "ok")
    bench.send(bra(sequence, 0, dialect))
    #expect(bench.command("state \(home)") == "ok unbound")
    #expect(bench.command("revoke \(home)").hasPrefix("error \(home): not bound"))
  }

  /// A refusal other than "binding does not exist" ends the asking and leaves the binding (policy in both texts).
  @Test(arguments: [
    (Dialect.draft01, UInt128(4), true), (.draft01, 2, false), (.rfc5846, 129, true), (.rfc5846, 128, false), (.rfc5846, 1, false),
  ])
  func revocationRefused(dialect: Dialect, status: UInt128, isKept: Bool) throws {
    let bench = Bench(homeAgent: dialect)
    bench.register()
    _ = bench.drain()
    bench.command("revoke \(home)")
    let sequence = try #require(bench.only()?[.briSequence])
    bench.send(bra(sequence, status, dialect))
    #expect(bench.forwards() == isKept)
    bench.pass(10)
    #expect(bench.drain().isEmpty)
  }

  @Test(arguments: Dialect.allCases)
  func sequenceNumbers(dialect: Dialect) {
    let bench = Bench(homeAgent: dialect) { $0.seed = 9 }
    bench.register()
    bench.register(home: bystander)
    _ = bench.drain()
    bench.node.nextSequence = 0x00ff
    bench.command("revoke \(home)")
    bench.command("revoke \(bystander)")
    // In draft-01 no number begins with the octet 1 or 2, which RFC 5846 would read as its type.
    #expect(bench.drain().map { $0[.briSequence] } == [0xff, dialect == .draft01 ? 0x300 : 0x100])
  }

  @Test(arguments: Dialect.allCases)
  func reset(dialect: Dialect) {
    let bench = Bench(homeAgent: dialect)
    bench.register()
    bench.command("revoke \(home)")
    #expect(bench.command("reset") == "ok")
    #expect(bench.node.nextDeadline == .distantFuture)
    #expect(!bench.forwards())
    #expect(bench.command("state 2001:db8:a::1").hasPrefix("error 2001:db8:a::1: not a home address here; give one of 2001:db8:a::77 to"))
    #expect(bench.command("state nonsense").hasPrefix("error nonsense: not an IPv6 address"))
    #expect(bench.command("dance").hasPrefix("error dance: unknown; take `revoke HOA`"))
  }

  /// A care-of address that the node does not know yet is asked for first, and the BA waits.
  @Test func asksForUnknownNeighbour() {
    let bench = Bench(homeAgent: .rfc5846)
    let other = address("2001:db8:b::44")
    bench.send(bu(1, lifetime: 5, from: other))
    #expect(bench.only()?[.solicitedTarget] == other.value)
    let advertisement = Packet([
      .ipv6(from: other, to: homeAgent, hopLimit: 255),
      .init(
        .neighbourAdvertisement, .rfc5846, [(.advertisedTarget, other.value), (.advertisedSolicited, 1), (.advertisedOverride, 1)],
        options: [.linkLayerAddress(type: 2, testerHardware)]),
    ])
    bench.send(advertisement)
    #expect(bench.only()?[.baStatus] == 0)
  }

  @Test(arguments: Dialect.allCases)
  func thousandsOfBindings(dialect: Dialect) {
    let bench = Bench(homeAgent: dialect) { $0.homeAddressCount = 2_000 }
    for index in 0..<2_000 { bench.register(1, lifetime: 100, home: home.advanced(by: index)) }
    _ = bench.drain()
    for index in 0..<2_000 { bench.command("revoke \(home.advanced(by: index))") }
    let sequences = bench.drain().compactMap { $0[.briSequence] }
    #expect(Set(sequences).count == 2_000)
    bench.pass(1.5)
    #expect(bench.drain().count == 2_000)
    bench.pass(10)
    #expect(bench.node.bindings.isEmpty && bench.node.nextDeadline == .distantFuture)
  }
}
