import Testing
import Wire

@testable import Nodes

struct UserEquipmentTests {
  @Test(arguments: Dialect.allCases)
  func registration(dialect: Dialect) throws {
    let bench = Bench(userEquipment: dialect)
    bench.command("register \(home) 100")
    let bu = try #require(bench.only())
    #expect(bu.dissection.messageKind == .bu && bu.dissection.isSound)
    #expect(bu[.ipv6Source] == careOf.value && bu[.ipv6Destination] == homeAgent.value)
    #expect(bu[.homeAddressOption] == home.value && bu[.alternateCareOfAddress] == careOf.value)
    #expect(bu[.buA] == 1 && bu[.buH] == 1 && bu[.buL] == 0 && bu[.buK] == 1 && bu[.buLifetime] == 100)
    let sequence = try #require(bu[.buSequence])
    // Not the number that is outstanding.
    bench.send(ba(sequence &+ 1, 0, lifetime: 100))
    #expect(bench.command("state \(home)").hasPrefix("ok registering"))
    bench.send(ba(sequence, 0, lifetime: 20))
    #expect(bench.command("state \(home)") == "ok bound \(careOf) \(sequence)")
    // Three quarters of 20 units of 4 s.
    bench.pass(59.9)
    #expect(bench.drain().isEmpty)
    bench.pass(0.2)
    let refresh = try #require(bench.only())
    #expect(refresh[.buSequence] == (sequence + 1) & 0xffff && refresh[.buLifetime] == 100)
  }

  /// RFC 6275 11.8: a new number each time, waits of 1, 2, 4 … 32, 32 s.
  @Test func retransmission() {
    let bench = Bench(userEquipment: .rfc5846)
    bench.node.histories[home, default: History()].updateSequence = 0xfffe
    bench.command("register \(home)")
    bench.pass(100)
    let sent = bench.drain()
    #expect(sent.map { $0.time.nanoseconds / 1_000_000_000 } == [0, 1, 3, 7, 15, 31, 63, 95])
    #expect(sent.map { $0[.buSequence] } == [0xffff, 0, 1, 2, 3, 4, 5, 6])
  }

  /// MAX_UPDATE_RATE (RFC 6275 12): answers of 135 in a row do not make it faster.
  @Test func updateRate() {
    let bench = Bench(userEquipment: .rfc5846)
    bench.command("register \(home)")
    for index in 0..<100 {
      bench.send(ba(UInt128(index * 10), 135, lifetime: 0))
      bench.pass(0.01)
    }
    #expect(bench.drain().count <= 4)
  }

  /// 24303-5.4.2.1-02, -03, -05, -08.
  @Test(arguments: Dialect.allCases)
  func revocation(dialect: Dialect) throws {
    let bench = Bench(userEquipment: dialect)
    bench.register(lifetime: 4)
    bench.register(lifetime: 4, home: bystander)
    bench.send(bri(0x8001, dialect).with(.briTrigger, 3))
    let bra = try #require(bench.only())
    #expect(bra.dissection.messageKind == .bra && bra.dissection.isSound)
    #expect(bra[.ipv6Source] == careOf.value && bra[.ipv6Destination] == homeAgent.value && bra[.homeAddressOption] == home.value)
    #expect(bra[.braStatus] == 0 && bra[.braSequence] == 0x8001 && bra[.braP] == 0 && bra[.braG] == 0)
    #expect(bench.command("state \(home)") == "ok unbound")
    // The copy gets the same answer.
    bench.pass(1)
    bench.send(bri(0x8001, dialect).with(.briTrigger, 3))
    #expect(bench.only()?.bytes == bra.bytes)
    // Only the other binding is refreshed.
    bench.pass(14)
    #expect(Set(bench.drain().map { $0[.homeAddressOption] }) == [bystander.value])
    // Another BRI finds nothing: draft-01 10.1 "binding does not exist", RFC 5846 10.1 silence.
    bench.send(bri(0x8002, dialect))
    #expect(bench.drain().map { $0[.braStatus] } == (dialect == .draft01 ? [2] : []))
  }

  /// Draft-01 10.2, RFC 5846 10.1: what was answered once is answered again to the Home Agent alone, but for the defect that answers anybody.
  @Test(arguments: Dialect.allCases, [false, true])
  func copyFromSomebodyElse(dialect: Dialect, isDefective: Bool) throws {
    let defect = try DefectUse(parsing: "bri-answered-for-other-source", role: .userEquipment)
    let bench = Bench(userEquipment: dialect) { if isDefective { $0.defects = [defect] } }
    bench.register()
    bench.send(bri(0x8001, dialect))
    let bra = try #require(bench.only())
    bench.send(bri(0x8001, dialect, from: stranger))
    #expect(bench.drain().map { $0[.ipv6Destination] } == (isDefective ? [stranger.value] : []))
    bench.send(bri(0x8001, dialect))
    #expect(bench.only()?.bytes == bra.bytes)
  }

  /// Draft-01 10.1: not after Administrative Reason.
  @Test(arguments: [(Dialect.draft01, UInt128(1), true), (.draft01, 2, false), (.rfc5846, 1, true)])
  func reattaching(dialect: Dialect, trigger: UInt128, reattaches: Bool) {
    let bench = Bench(userEquipment: dialect) { $0.reattachesByItself = true }
    bench.register()
    bench.send(bri(7, dialect).with(.briTrigger, trigger))
    #expect(bench.drain().map(\.dissection.messageKind) == (reattaches ? [.bra, .bu] : [.bra]))
  }

  @Test(arguments: Dialect.allCases)
  func expiryWithoutRefresh(dialect: Dialect) {
    let bench = Bench(userEquipment: dialect)
    bench.register(lifetime: 2)
    bench.pass(8.5)
    #expect(bench.command("state \(home)").hasPrefix("ok registering"))
    bench.send(bri(9, dialect))
    #expect(bench.drain().filter { $0.dissection.messageKind == .bra }.map { $0[.braStatus] } == (dialect == .draft01 ? [2] : []))
  }

  /// An answer of lifetime 0 binds nothing, and neither does a refusal.
  @Test(arguments: [(UInt128(0), UInt128(0)), (129, 0), (129, 100)])
  func refusedRegistration(status: UInt128, lifetime: UInt128) throws {
    let bench = Bench(userEquipment: .rfc5846)
    bench.command("register \(home)")
    let sequence = try #require(bench.only()?[.buSequence])
    bench.send(ba(sequence, status, lifetime: lifetime))
    #expect(bench.command("state \(home)") == "ok unbound")
    bench.pass(50)
    #expect(bench.drain().isEmpty)
  }

  @Test func echoAndCommands() throws {
    let bench = Bench(userEquipment: .rfc5846)
    bench.send(Packet([.ipv6(from: homeAgent, to: careOf), .icmpv6(type: 128, code: 0, pointer: 0x0102_0304)], payload: [9, 8, 7]))
    let reply = try #require(bench.only())
    #expect(
      reply[.icmpType] == 129 && reply[.icmpPointer] == 0x0102_0304 && reply.bytes.suffix(3) == [9, 8, 7] && reply.dissection.isSound)
    // What comes out of the tunnel ends here.
    bench.register()
    bench.send(downlink().inserting(.ipv6(from: homeAgent, to: careOf), at: 0))
    #expect(bench.drain().isEmpty)
    #expect(bench.command("detach \(bystander)").hasPrefix("error \(bystander): not bound; register it first"))
    #expect(bench.command("detach \(home)") == "ok" && bench.command("state \(home)").hasPrefix("ok detaching"))
    #expect(bench.command("register \(home)").hasPrefix("error \(home): detaching"))
    #expect(bench.command("register \(home) 0").hasPrefix("error 0: give a lifetime"))
    #expect(bench.command("register \(foreignHome)").hasPrefix("error \(foreignHome): not a home address here"))
    #expect(bench.command("reset") == "ok")
    #expect(bench.command("state \(home)") == "ok unbound" && bench.node.nextDeadline == .distantFuture)
  }
}
