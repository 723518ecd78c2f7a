import Link
import Testing
import Wire

@testable import Nodes

/// What a UE does with a BRI that is wrong in one place (draft-01 10.1, RFC 5846 10.1, RFC 6275 6.3, 6.4, 9.2, 9.3.1).
struct UserEquipmentReactionTests {
  private static let multicast = address("ff0e::1")
  private static let carrier = 1

  static let rows: [Row] = [
    Row("right", .normal) { bri(0x7001, $0) },
    // IPv6 header.
    Row("payload length beyond the packet", .silent) { bri(0x7001, $0).frozen().with(.ipv6PayloadLength, 60) },
    Row("source multicast", .silent) { bri(0x7001, $0).with(.ipv6Source, multicast.value) },
    Row("source unspecified", .silent) { bri(0x7001, $0).with(.ipv6Source, 0) },
    Row("not from the home agent", .silent) { bri(0x7001, $0, from: stranger) },
    Row("destination multicast", .silent) { bri(0x7001, $0).with(.ipv6Destination, IPv6Address.allNodes.value) },
    // The carrier of the home address.
    Row("home address multicast", .be(1), .silent) { bri(0x7001, $0, home: multicast) },
    Row("home address link-local", .be(1), .silent) { bri(0x7001, $0, home: address("fe80::1")) },
    Row("home address of somebody else", .silent) { bri(0x7001, $0, home: foreignHome) },
    Row("home address own, not bound", .bra(2), .silent) { bri(0x7001, $0, home: home.advanced(by: 2)) },
    Row("the other text's carrier", .normal, .silent) { dialect in
      var packet = bri(0x7001, dialect)
      packet.headers[carrier] = dialect == .draft01 ? .routing(to: home) : .homeAddress(home)
      return packet
    },
    Row("no carrier", .silent) { dialect in
      var packet = bri(0x7001, dialect)
      packet.headers.remove(at: carrier)
      return packet
    },
    Row("segments left 0", .silent) { _ in routed { $0.with(.segmentsLeft, 0) } },
    Row("segments left 2", .silent) { _ in routed { $0.with(.segmentsLeft, 2) } },
    Row("type 2 routing header of another length", .silent) { bri(0x7001, $0).inserting(routingHeader(type: 2, segmentsLeft: 1), at: 1) },
    Row("two home address options", .silent, .silent) { dialect in
      bri(0x7001, dialect).inserting(.homeAddress(home), at: 1).inserting(.homeAddress(home), at: 1)
    },
    Row("routing type 0, segments left", .problem(0, 42)) { bri(0x7001, $0).inserting(routingHeader(type: 0, segmentsLeft: 1), at: 1) },
    Row("unknown option 01", .silent) { bri(0x7001, $0).inserting(options([unknownDestinationOption(0x5e)]), at: 1) },
    Row("unknown option 10", .problem(2, 42)) { bri(0x7001, $0).inserting(options([unknownDestinationOption(0x9e)]), at: 1) },
    // Mobility Header.
    Row("payload proto", .problem(0, 64)) { bri(0x7001, $0).with(.mhPayloadProto, 58) },
    Row("header len 0", .problem(0, 65)) { bri(0x7001, $0).with(.mhHeaderLen, 0) },
    Row("header len beyond the packet", .silent) { bri(0x7001, $0).with(.mhHeaderLen, 9) },
    Row("reserved", .normal) { bri(0x7001, $0).with(.mhReserved, 0xff) },
    Row("checksum wrong", .silent) { bri(0x7001, $0).withWrongChecksum() },
    Row("unknown type", .be(2)) { bri(0x7001, $0).with(.mhType, 200) },
    Row("a BRA", .silent, .silent) { dialect in
      // In draft-01 with one type number it cannot be told from a BRI; the P flag makes it one that is dropped.
      Packet([
        .ipv6(from: homeAgent, to: careOf), dialect == .draft01 ? .homeAddress(home) : .routing(to: home),
        .message(.bra, dialect, [(.braSequence, 0x7001), (.braP, 1)]),
      ])
    },
    Row("an unassigned B.R. type", .normal, .silent) { bri(0x7001, $0).withRevocationType($0 == .draft01 ? 0x70 : 77) },
    // Binding Revocation Indication.
    Row("trigger 0", .normal) { bri(0x7001, $0).with(.briTrigger, 0) },
    Row("trigger 7", .normal) { bri(0x7001, $0).with(.briTrigger, 7) },
    Row("trigger 8", .normal, .bra(133)) { bri(0x7001, $0).with(.briTrigger, 8) },
    Row("trigger 250", .normal, .bra(133)) { bri(0x7001, $0).with(.briTrigger, 250) },
    Row("trigger 128 without G", .normal, .bra(134)) { bri(0x7001, $0).with(.briTrigger, 128) },
    Row("A clear", .silent, .normal) { bri(0x7001, $0).with(.briA, 0) },
    Row("P set", .silent, .bra(135)) { bri(0x7001, $0).with(.briP, 1) },
    Row("G set", .bra(3), .bra(134)) { bri(0x7001, $0).with(.briG, 1) },
    Row("V set, no option", .normal, .bra(129)) { bri(0x7001, $0).with(.briV, 1) },
    Row("V set, no such address", .normal, .bra(128)) { bri(0x7001, $0).with(.briV, 1).with(options: [Packet.Option(.ipv4HomeAddress)]) },
    Row("reserved bits", .normal) { bri(0x7001, $0).with(.briReserved, 0x1555) },
    Row("sequence 0", .normal) { bri(0, $0) },
    Row("sequence 0xffff", .normal) { bri(0xffff, $0) },
    Row("unknown option", .normal) { bri(0x7001, $0).with(options: [.unknownMobilityOption(type: 200, data: [1, 2, 3])]) },
    Row("IPv4 home address option without V", .normal) { bri(0x7001, $0).with(options: [Packet.Option(.ipv4HomeAddress)]) },
    Row("a hundred Pad1", .normal) { bri(0x7001, $0).with(options: [Packet.Option](repeating: Packet.Option(.pad1), count: 100)) },
    Row("padding that is not zero", .normal) { bri(0x7001, $0).with(options: [Packet.Option(.padN, data: [1, 2, 3])]) },
    // Not for a UE.
    Row("a BU", .silent, .silent) { _ in
      bu(5, lifetime: 0, from: homeAgent).with(.ipv6Destination, careOf.value)
    },
    Row("echo request with a home address option", .be(1)) { _ in
      Packet([.ipv6(from: homeAgent, to: careOf), .homeAddress(home), .icmpv6(type: 128, code: 0)])
    },
    Row("echo request to a home address", .silent) { _ in
      Packet([.ipv6(from: homeAgent, to: careOf), .routing(to: home), .icmpv6(type: 128, code: 0)])
    },
  ]

  private static func routed(_ change: (Packet) -> Packet) -> Packet {
    change(
      Packet([
        .ipv6(from: homeAgent, to: careOf), .routing(to: home), .message(.bri, .rfc5846, [(.briSequence, 0x7001), (.briTrigger, 1)]),
      ]))
  }

  @Test(arguments: rows, Dialect.allCases)
  func reaction(row: Row, dialect: Dialect) throws {
    let bench = Bench(userEquipment: dialect)
    bench.register()
    let message = try #require(row.message(dialect))
    bench.send(message)
    let sent = bench.drain()
    #expect(Reaction(sent, normal: .bra) == row.expected(dialect))
    let source = message.chosen(.ipv6Source)
    #expect(sent.allSatisfy { $0.dissection.isSound && $0[.ipv6Destination] == source })
    #expect(sent.allSatisfy { ($0[.braP] ?? 0) == (message.chosen(.briP) ?? 0) || $0.dissection.messageKind != .bra })
    #expect(sent.allSatisfy { ($0[.braG] ?? 0) == (message.chosen(.briG) ?? 0) || $0.dissection.messageKind != .bra })
    // The binding is gone exactly when the BRI was carried out; a right one still is.
    let isOver = row.expected(dialect) == .normal || (row.name == "A clear" && dialect == .draft01)
    #expect(bench.command("state \(home)").hasPrefix(isOver ? "ok unbound" : "ok bound"))
    bench.register()
    bench.send(bri(0x7abc, dialect))
    #expect(bench.only()?[.braStatus] == 0)
  }

  @Test(arguments: Dialect.allCases)
  func noise(dialect: Dialect) {
    let bench = Bench(userEquipment: dialect)
    bench.register()
    var generator = SeededGenerator(seed: 11)
    let frames = [bri(0x7001, dialect), ba(5, 0, lifetime: 4), downlink().inserting(.ipv6(from: homeAgent, to: careOf), at: 0)].map {
      packet in
      packet.inserting(.ethernet(from: testerHardware, to: nodeHardware[0]), at: 0).encoded()
    }
    for round in 0..<6_000 {
      var frame = frames[round % frames.count]
      for _ in 0...generator.below(4) {
        frame[Int(generator.below(Int64(frame.count)))] = UInt8(truncatingIfNeeded: generator.next())
      }
      frame.removeLast(Int(generator.below(generator.chance(0.2) ? Int64(frame.count) : 1)))
      bench.send(frame: frame)
    }
    bench.pass(60)
    _ = bench.drain()
    bench.command("reset")
    bench.register()
    bench.send(bri(0x7abc, dialect))
    #expect(bench.only()?[.braStatus] == 0)
  }
}
