import Link
import Testing
import Wire

@testable import Nodes

/// What a Home Agent does with a BU(0) that is wrong in one place (RFC 6275 6.3, 6.4, 9.2, 9.3.1, 9.5.1, 10.3; RFC 8200 4).
struct HomeAgentReactionTests {
  /// The BU(0) that ends the binding.
  private static let good = bu(11, lifetime: 0)
  private static let multicast = address("ff0e::1")

  static let rows: [Row] = [
    Row("right", .normal) { _ in good },
    // IPv6 header.
    Row("payload length beyond the packet", .silent) { _ in good.frozen().with(.ipv6PayloadLength, 60) },
    Row("payload length short of the message", .silent) { _ in good.frozen().with(.ipv6PayloadLength, 40) },
    Row("source multicast", .silent) { _ in good.with(.ipv6Source, multicast.value) },
    Row("source unspecified", .silent) { _ in good.with(.ipv6Source, 0) },
    Row("destination multicast", .silent) { _ in good.with(.ipv6Destination, IPv6Address.allNodes.value) },
    Row("from another care-of address", .normal) { _ in bu(11, lifetime: 0, from: elsewhere) },
    // Home Address option.
    Row("home address multicast", .be(1)) { _ in good.with(.homeAddressOption, multicast.value) },
    Row("home address unspecified", .be(1)) { _ in good.with(.homeAddressOption, 0) },
    Row("home address loopback", .be(1)) { _ in good.with(.homeAddressOption, 1) },
    Row("home address link-local", .be(1)) { _ in good.with(.homeAddressOption, address("fe80::1").value) },
    Row("home address off the home link", .ba(132)) { _ in bu(11, lifetime: 0, home: address("2001:db8:c::1")) },
    Row("home address never bound", .ba(133)) { _ in bu(11, lifetime: 0, home: bystander) },
    Row("two home address options", .silent) { _ in
      var packet = good
      packet.headers[1].options.append(Packet.Option(.hao, [(.homeAddressOption, home.value)]))
      return packet
    },
    Row("home address option of another length", .silent) { _ in
      return good.without(.destinationOptions).inserting(options([unknownDestinationOption(201)]), at: 1)
    },
    Row("no home address option", .silent) { _ in good.without(.destinationOptions) },
    Row("from home", .normal) { _ in bu(11, lifetime: 0, from: home).without(.destinationOptions) },
    // Other headers.
    Row("unknown option 00", .normal) { _ in good.inserting(options([unknownDestinationOption(0x1e)]), at: 1) },
    Row("unknown option 01", .silent) { _ in good.inserting(options([unknownDestinationOption(0x5e)]), at: 1) },
    Row("unknown option 10", .problem(2, 42)) { _ in good.inserting(options([unknownDestinationOption(0x9e)]), at: 1) },
    Row("unknown option 11", .problem(2, 42)) { _ in good.inserting(options([unknownDestinationOption(0xde)]), at: 1) },
    Row("type 2 routing header of another length", .silent) { _ in good.inserting(routingHeader(type: 2, segmentsLeft: 1), at: 1) },
    Row("type 2 routing header", .silent) { _ in good.inserting(.routing(to: home), at: 1) },
    Row("routing type 0, segments left", .problem(0, 42)) { _ in good.inserting(routingHeader(type: 0, segmentsLeft: 1), at: 1) },
    Row("routing type 0, none left", .normal) { _ in good.inserting(routingHeader(type: 0, segmentsLeft: 0), at: 1) },
    Row("unknown next header", .problem(1, 6)) { _ in
      var packet = Packet([.ipv6(from: careOf, to: homeAgent)], payload: [0, 0, 0, 0])
      packet.set(.ipv6NextHeader, 253)
      return packet
    },
    // Mobility Header.
    Row("payload proto", .problem(0, 64)) { _ in good.with(.mhPayloadProto, 58) },
    Row("header len 0", .problem(0, 65)) { _ in good.with(.mhHeaderLen, 0) },
    Row("header len beyond the packet", .silent) { _ in good.with(.mhHeaderLen, 9) },
    Row("header len short of the packet", .normal) { _ in
      var packet = good
      packet.headers[2].options = []
      packet.payload = [1, 2, 3, 4, 5, 6, 7, 8]
      return packet.with(.mhHeaderLen, 1)
    },
    Row("reserved", .normal) { _ in good.with(.mhReserved, 0xff) },
    Row("checksum wrong", .silent) { _ in good.withWrongChecksum() },
    Row("checksum over the wire source", .silent) { _ in
      let plain = good.without(.destinationOptions).frozen()
      return good.with(.mhChecksum, plain.chosen(.mhChecksum) ?? 0)
    },
    Row("unknown type", .be(2)) { _ in good.with(.mhType, 200) },
    Row("unsupported type", .be(2)) { _ in good.with(.mhType, 13) },
    Row("a BA", .silent) { _ in Packet([.ipv6(from: careOf, to: homeAgent), .homeAddress(home), .message(.ba, .rfc5846, [])]) },
    Row("a BRI", .silent) { dialect in
      Packet([.ipv6(from: careOf, to: homeAgent), .homeAddress(home), .message(.bri, dialect, [(.briSequence, 0x7777), (.briTrigger, 1)])])
    },
    // Binding Update.
    Row("sequence equal", .ba(135)) { _ in bu(10, lifetime: 0) },
    Row("sequence 32768 behind", .ba(135)) { _ in bu(10 &+ 32_768, lifetime: 0) },
    Row("sequence 32767 ahead", .normal) { _ in bu(10 &+ 32_767, lifetime: 0) },
    Row("lifetime 0xffff", .normal) { _ in bu(11, lifetime: 0xffff) },
    Row("H clear", .ba(139)) { _ in good.with(.buH, 0) },
    Row("H clear, nothing bound", .silent) { _ in bu(11, lifetime: 0, home: bystander).with(.buH, 0) },
    Row("A clear", .normal) { _ in good.with(.buA, 0) },
    Row("P set", .normal) { _ in good.with(.buP, 1) },
    Row("reserved bits", .normal) { _ in FieldPath(.bu, "reserved").map { good.with($0, 0xf) } },
    Row("no alternate care-of address", .normal) { _ in
      var packet = good
      packet.headers[2].options = []
      return packet
    },
    Row("alternate care-of address elsewhere", .normal) { _ in good.with(.alternateCareOfAddress, elsewhere.value) },
    Row("alternate care-of address multicast", .silent) { _ in good.with(.alternateCareOfAddress, multicast.value) },
    Row("alternate care-of address unspecified", .silent) { _ in good.with(.alternateCareOfAddress, 0) },
    Row("alternate care-of address of another length", .silent) { _ in
      var packet = good
      packet.headers[2].options = [.unknownMobilityOption(type: 3, data: [1, 2, 3, 4])]
      return packet
    },
    Row("nonce indices", .silent) { _ in good.with(options: [Packet.Option(.nonceIndices)]) },
    Row("authorization data not last", .silent) { _ in
      good.with(options: [Packet.Option(.bindingAuthorizationData, data: [1, 2, 3, 4]), Packet.Option(.padN)])
    },
    Row("unknown option", .normal) { _ in good.with(options: [.unknownMobilityOption(type: 200, data: [1, 2, 3])]) },
    Row("a hundred Pad1", .normal) { _ in good.with(options: [Packet.Option](repeating: Packet.Option(.pad1), count: 100)) },
    Row("padding that is not zero", .normal) { _ in good.with(options: [Packet.Option(.padN, data: [1, 2, 3])]) },
    Row("option beyond the header", .silent) { _ in
      var packet = good
      packet.headers[2].pads = false
      packet.headers[2].options = [.unknownMobilityOption(type: 200, data: [0, 0])]
      if let length = FieldPath(.unknownMobilityOption, "option-length") { packet.set(length, 100) }
      return packet
    },
    // Another layout's BRA, and numbers that nobody waits for.
    Row("a BRA that nobody waits for", .silent) { dialect in bra(0x4444, 0, dialect) },
    Row("a BRA from an unbound home address", .be(1), .silent) { dialect in bra(0x4444, 0, dialect, home: bystander) },
    Row("a BRA from elsewhere", .be(1), .silent) { dialect in bra(0x4444, 0, dialect, from: elsewhere) },
    Row("an unassigned B.R. type", .silent, .silent) { dialect in
      Packet([
        .ipv6(from: careOf, to: homeAgent), .homeAddress(home), .message(.bra, dialect, [(.braSequence, 0x4444)]),
      ]).withRevocationType(77)
    },
    Row("echo request by an unbound home address", .be(1)) { _ in
      Packet([.ipv6(from: careOf, to: homeAgent), .homeAddress(bystander), .icmpv6(type: 128, code: 0)])
    },
  ]

  @Test(arguments: rows, Dialect.allCases)
  func reaction(row: Row, dialect: Dialect) throws {
    let bench = Bench(homeAgent: dialect)
    bench.register(10)
    _ = bench.drain()
    let message = try #require(row.message(dialect))
    bench.send(message)
    let sent = bench.drain()
    #expect(Reaction(sent, normal: .ba) == row.expected(dialect))
    // Every answer is sound, and goes to the wire source: nobody else hears of a message that was refused.
    let source = message.chosen(.ipv6Source)
    #expect(sent.allSatisfy { $0.dissection.isSound && $0[.ipv6Destination] == source })
    // The binding is gone exactly when a BU(0) was accepted; the control that follows always works.
    let isOver = row.expected(dialect) == .normal && row.name != "lifetime 0xffff"
    #expect(bench.forwards() == !isOver)
    bench.send(bu(10 &+ 32_767 &+ 1_000, lifetime: 0))
    bench.pass(11)
    bench.register(1)
    #expect(bench.forwards())
  }

  /// The error carries the packet that it is about (RFC 4443 3.4), and is itself never answered.
  @Test func parameterProblem() throws {
    let bench = Bench(homeAgent: .rfc5846)
    let wrong = Self.good.with(.mhPayloadProto, 58)
    bench.send(wrong)
    let error = try #require(bench.only())
    #expect(Array(error.bytes.dropFirst(14 + 40 + 8)) == wrong.encoded())
    bench.send(
      Packet(
        [.ipv6(from: careOf, to: homeAgent), options([unknownDestinationOption(0x9e)]), .icmpv6(type: 1, code: 4)], payload: [1, 2, 3, 4]))
    #expect(bench.drain().isEmpty)
  }

  @Test func errorRateLimit() {
    let bench = Bench(homeAgent: .rfc5846) { $0.errorsPerSecond = 3 }
    for _ in 0..<10 { bench.send(Self.good.with(.mhType, 200)) }
    #expect(bench.drain().count == 3)
    bench.pass(1)
    bench.send(Self.good.with(.mhType, 200))
    #expect(bench.drain().count == 1)
  }

  /// RFC 6275 9.3.2: by way of the home address.
  @Test(arguments: Dialect.allCases)
  func echoByHomeAddress(dialect: Dialect) throws {
    let bench = Bench(homeAgent: dialect)
    bench.register()
    _ = bench.drain()
    bench.send(Packet([.ipv6(from: careOf, to: homeAgent), .homeAddress(home), .icmpv6(type: 128, code: 0, pointer: 5)]))
    let reply = try #require(bench.only())
    #expect(reply[.icmpType] == 129 && reply[.routingHomeAddress] == home.value && reply[.ipv6Destination] == careOf.value)
  }

  /// Nothing that a generator makes stops it, and nobody but the sender hears of it.
  @Test(arguments: Dialect.allCases)
  func noise(dialect: Dialect) {
    let bench = Bench(homeAgent: dialect)
    bench.register()
    var generator = SeededGenerator(seed: 7)
    let frames = [Self.good, bra(5, 0, dialect), downlink()].map { packet in
      packet.inserting(.ethernet(from: testerHardware, to: nodeHardware[0]), at: 0).encoded()
    }
    for round in 0..<6_000 {
      var frame = frames[round % frames.count]
      for _ in 0...generator.below(4) {
        frame[Int(generator.below(Int64(frame.count)))] = UInt8(truncatingIfNeeded: generator.next())
      }
      frame.removeLast(Int(generator.below(generator.chance(0.2) ? Int64(frame.count) : 1)))
      bench.send(frame: frame, on: round % 2)
    }
    bench.pass(60)
    bench.register(77, home: bystander)
    #expect(bench.forwards(to: bystander))
  }
}
