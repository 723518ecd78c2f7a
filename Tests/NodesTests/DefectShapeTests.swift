import Testing
import Wire

@testable import Nodes

/// What single defects put on the wire where a clean node stays silent, refuses, or sends its answer elsewhere.
struct DefectShapeTests {
  private static func agent(_ dialect: Dialect, _ name: Defect.Name) throws -> Bench<ReferenceHomeAgent> {
    let defect = try #require(Defect.all.first { $0.id == name && $0.role == .homeAgent })
    let bench = Bench(homeAgent: dialect) { $0.defects = [DefectUse(defect)] }
    bench.register(10)
    _ = bench.drain()
    return bench
  }

  private static func equipment(_ dialect: Dialect, _ name: Defect.Name) throws -> Bench<ReferenceUserEquipment> {
    let defect = try #require(Defect.all.first { $0.id == name && $0.role == .userEquipment })
    let bench = Bench(userEquipment: dialect) { $0.defects = [DefectUse(defect)] }
    bench.register()
    return bench
  }

  @Test(arguments: Dialect.allCases)
  func errorsToHomeAddress(dialect: Dialect) throws {
    let agent = try Self.agent(dialect, .errorsToHomeAddress)
    agent.send(bu(11, lifetime: 0).with(.mhPayloadProto, 6))
    agent.send(bu(11, lifetime: 0).with(.mhType, 200))
    let equipment = try Self.equipment(dialect, .errorsToHomeAddress)
    equipment.send(bri(0x7001, dialect).with(.mhPayloadProto, 6))
    equipment.send(bri(0x7001, dialect).with(.mhType, 200))
    for sent in [agent.drain(), equipment.drain()] {
      try #require(sent.count == 2)
      #expect(sent[0][.icmpType] == 4 && sent[0][.icmpPointer] == 64 && sent[1][.beStatus] == 2)
      #expect(sent.allSatisfy { $0[.ipv6Destination] == home.value && $0.dissection.isSound })
    }
    // Without option or routing header there is no other address than the source.
    agent.send(bu(11, lifetime: 0).without(.destinationOptions).with(.mhType, 200))
    #expect(agent.only()?[.ipv6Destination] == careOf.value)
  }

  @Test(arguments: Dialect.allCases)
  func unroutableHomeAddress(dialect: Dialect) throws {
    let bench = try Self.agent(dialect, .unroutableHomeAddressAccepted)
    bench.send(bu(11, lifetime: 0, home: .allNodes))
    let ba = try #require(bench.only())
    #expect(ba[.baStatus] == 0 && ba[.routingHomeAddress] == IPv6Address.allNodes.value && ba[.ipv6Destination] == careOf.value)
    #expect(bench.forwards())
    bench.send(bu(11, lifetime: 0, home: address("2001:db8:c::1")))
    #expect(bench.only()?[.baStatus] == 132)
  }

  @Test func unroutableHomeAddressOfUserEquipment() throws {
    let bench = try Self.equipment(.draft01, .unroutableHomeAddressAccepted)
    bench.send(bri(0x7001, .draft01, home: .allNodes))
    let bra = try #require(bench.only())
    #expect(bra[.braStatus] == 0 && bra[.homeAddressOption] == IPv6Address.allNodes.value && bra[.ipv6Destination] == homeAgent.value)
    #expect(bench.command("state \(home)").hasPrefix("ok bound"))
    bench.send(bri(0x7001, .draft01, home: foreignHome))
    #expect(bench.drain().isEmpty)
  }

  @Test(arguments: Dialect.allCases)
  func multicastSource(dialect: Dialect) throws {
    let agent = try Self.agent(dialect, .nonUnicastSourceAnswered)
    agent.send(bu(11, lifetime: 0).with(.ipv6Source, IPv6Address.allNodes.value))
    let ba = try #require(agent.only())
    #expect(ba[.baStatus] == 0 && ba[.ipv6Destination] == IPv6Address.allNodes.value)
    #expect(Array(ba.bytes.prefix(6)) == [0x33, 0x33, 0, 0, 0, 1])
    #expect(!agent.forwards())
    agent.send(Packet([.ipv6(from: .allNodes, to: homeAgent), .icmpv6(type: 128, code: 0)]))
    #expect(agent.drain().isEmpty)

    let equipment = try Self.equipment(dialect, .nonUnicastSourceAnswered)
    equipment.send(bri(0x7001, dialect, from: .allNodes))
    let answer = try #require(equipment.only())
    #expect(Reaction([answer]) == (dialect == .draft01 ? .be(2) : .bra(0)))
    #expect(answer[.ipv6Destination] == IPv6Address.allNodes.value && Array(answer.bytes.prefix(6)) == [0x33, 0x33, 0, 0, 0, 1])
    equipment.register()
    equipment.send(bri(0x7002, dialect, from: stranger))
    #expect(equipment.drain().isEmpty)
  }

  @Test(arguments: Dialect.allCases)
  func careOfAddress(dialect: Dialect) throws {
    let bench = try Self.agent(dialect, .careOfAddressUnchecked)
    bench.send(bu(11, lifetime: 100).with(.alternateCareOfAddress, IPv6Address.allNodes.value))
    #expect(bench.drain().isEmpty)
    bench.send(bu(11, lifetime: 0).with(.alternateCareOfAddress, IPv6Address.allNodes.value))
    let ba = try #require(bench.only())
    #expect(ba[.baStatus] == 0 && ba[.ipv6Destination] == careOf.value)
    #expect(!bench.forwards())
  }

  @Test(arguments: Dialect.allCases)
  func withoutHomeAddressOption(dialect: Dialect) throws {
    let bench = try Self.equipment(dialect, .braWithoutHomeAddressOption)
    bench.send(bri(0x7001, dialect))
    let bra = try #require(bench.only())
    #expect(bra[.braStatus] == 0 && bra[.homeAddressOption] == nil && bra[.ipv6Source] == careOf.value && bra.dissection.isSound)
  }

  @Test func globalBit() throws {
    let bench = try Self.equipment(.rfc5846, .globalBitAccepted)
    bench.send(bri(0x7000, .rfc5846).with(.briTrigger, 128).with(.briG, 1))
    #expect(bench.only()?[.braStatus] == 134)
    bench.send(bri(0x7001, .rfc5846).with(.briG, 1))
    let bra = try #require(bench.only())
    #expect(bra[.braStatus] == 0 && bra[.braG] == 1)
    #expect(bench.command("state \(home)").hasPrefix("ok unbound"))
  }

  @Test func unusualTrigger() throws {
    let bench = try Self.equipment(.rfc5846, .unusualTriggerDropped)
    for trigger: UInt128 in [8, 127, 128, 255] { bench.send(bri(0x7001, .rfc5846).with(.briTrigger, trigger)) }
    #expect(bench.drain().isEmpty)
    bench.send(bri(0x7001, .rfc5846).with(.briTrigger, 7))
    #expect(bench.only()?[.braStatus] == 0)
  }

  @Test(arguments: Dialect.allCases)
  func whileDetaching(dialect: Dialect) throws {
    let bench = try Self.equipment(dialect, .braBadStatusWhileDetaching)
    bench.register(home: bystander)
    bench.command("detach \(home)")
    _ = bench.drain()
    bench.send(bri(0x7001, dialect))
    #expect(bench.only()?[.braStatus] == (dialect == .draft01 ? 3 : 130))
    bench.send(bri(0x7002, dialect, home: bystander))
    #expect(bench.only()?[.braStatus] == 0)
  }
}
