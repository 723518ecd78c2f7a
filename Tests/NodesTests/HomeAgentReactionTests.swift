import Link
import Testing
import Wire

@testable import Nodes

/// What a Home Agent does with a BU(0) or a BRA that is wrong in one place (RFC 6275 6.3, 6.4, 9.2, 9.3.1, 9.5.1, 10.3; RFC 8200 4;
/// draft-01 and RFC 5846 6.2).
struct HomeAgentReactionTests {
  /// The BU(0) that ends the binding.
  private static let good = bu(11, lifetime: 0)

  /// A Home Agent has no home address that a routing header could name.
  private static let routed: [Row] = [
    Row("type 2 routing header", .silent) { good, _ in good.inserting(.routing(to: home), at: 1) },
    Row("type 2 routing header, none left", .silent) { good, _ in good.inserting(.routing(to: home), at: 1).with(.segmentsLeft, 0) },
    Row("type 2 routing header, two left", .silent) { good, _ in good.inserting(.routing(to: home), at: 1).with(.segmentsLeft, 2) },
    Row("type 2 routing header to a group", .silent) { good, _ in good.inserting(.routing(to: address("ff0e::1")), at: 1) },
  ]

  static let updates: [Row] =
    commonRows + routed + [
      Row("from another care-of address", .normal) { _, _ in bu(11, lifetime: 0, from: elsewhere) },
      Row("home address off the home link", .ba(132)) { _, _ in bu(11, lifetime: 0, home: address("2001:db8:c::1")) },
      Row("home address of nobody", .silent) { _, _ in bu(11, lifetime: 0, home: foreignHome) },
      Row("home address never bound", .ba(133)) { _, _ in bu(11, lifetime: 0, home: bystander) },
      Row("no home address option", .silent) { good, _ in good.without(.destinationOptions) },
      Row("from home", .normal) { _, _ in bu(11, lifetime: 0, from: home).without(.destinationOptions) },
      Row("checksum over the wire source", .silent) { good, _ in
        let plain = good.without(.destinationOptions).frozen()
        return good.with(.mhChecksum, plain.chosen(.mhChecksum) ?? 0)
      },
      Row("a BA", .silent) { _, _ in Packet([.ipv6(from: careOf, to: homeAgent), .homeAddress(home), .message(.ba, .rfc5846, [])]) },
      Row("a BRI", .unspecified) { _, dialect in
        Packet([
          .ipv6(from: careOf, to: homeAgent), .homeAddress(home), .message(.bri, dialect, [(.briSequence, 0x7777), (.briTrigger, 1)]),
        ])
      },
      // Binding Update.
      Row("H clear", .ba(139)) { good, _ in good.with(.buH, 0) },
      Row("H clear, nothing bound", .silent) { _, _ in bu(11, lifetime: 0, home: bystander).with(.buH, 0) },
      Row("A clear", .normal) { good, _ in good.with(.buA, 0) },
      Row("K set", .normal) { good, _ in good.with(.buK, 1) },
      Row("reserved bits", .normal) { good, _ in FieldPath(.bu, "reserved").map { good.with($0, 0xf) } },
      Row("no alternate care-of address", .normal) { good, _ in
        var packet = good
        packet.headers[2].options = []
        return packet
      },
      Row("alternate care-of address elsewhere", .normal) { good, _ in good.with(.alternateCareOfAddress, elsewhere.value) },
      Row("alternate care-of address of another length", .unspecified) { good, _ in
        var packet = good
        packet.headers[2].options = [.unknownMobilityOption(type: 3, data: [1, 2, 3, 4])]
        return packet
      },
      Row("nonce indices", .silent) { good, _ in good.with(options: [Packet.Option(.nonceIndices)]) },
      Row("authorization data not last", .silent) { good, _ in
        good.with(options: [Packet.Option(.bindingAuthorizationData, data: [1, 2, 3, 4]), Packet.Option(.padN)])
      },
      // A BRA that no binding stands behind, and octets that are neither BRI nor BRA.
      Row("a BRA from an unbound home address", .be(1), .silent) { _, dialect in bra(0x4444, 0, dialect, home: bystander) },
      Row("echo request by an unbound home address", .be(1)) { _, _ in
        Packet([.ipv6(from: careOf, to: homeAgent), .homeAddress(bystander), .icmpv6(type: 128, code: 0)])
      },
    ]
    + ["multicast": "ff0e::1", "unspecified": "::", "loopback": "::1", "link-local": "fe80::1"].sorted { $0.key < $1.key }.map {
      name, wrong in
      Row("alternate care-of address \(name)", .silent) { good, _ in good.with(.alternateCareOfAddress, address(wrong).value) }
    }
    + ["l", "m", "r", "p", "f", "t", "b", "s", "d"].map { flag in
      Row("\(flag.uppercased()) set", .unspecified) { good, _ in FieldPath(.bu, flag).map { good.with($0, 1) } }
    }

  @Test(arguments: updates, Dialect.allCases)
  func update(row: Row, dialect: Dialect) throws {
    let bench = Bench(homeAgent: dialect)
    bench.register(10)
    _ = bench.drain()
    let message = try row.message(Self.good, dialect)
    bench.send(message)
    let sent = bench.drain()
    // The binding is gone exactly when a BU(0) was accepted; a right message then still does what it should.
    let isOver = row.check(sent, to: message, normal: .ba(0), dialect)
    #expect(bench.forwards() == !isOver)
    if isOver { bench.pass(11) }
    bench.send(bu(12, lifetime: isOver ? 5 : 0))
    let control = try #require(bench.only())
    #expect(control[.baStatus] == 0 && control[.baSequence] == 12)
    #expect(bench.forwards() == isOver)
  }

  static let acknowledgements: [Row] =
    commonRows + routed + [
      // RFC 3775 9.3.1 wants a binding of both addresses, RFC 6275 9.3.1 none of a Mobility Header.
      Row("from another care-of address", .be(1), .normal) { good, _ in good.with(.ipv6Source, elsewhere.value) },
      Row("home address never bound", .be(1), .silent) { good, _ in good.with(.homeAddressOption, bystander.value) },
      Row("home address of nobody", .be(1), .silent) { good, _ in good.with(.homeAddressOption, foreignHome.value) },
      Row("sequence not outstanding", .silent) { good, _ in good.chosen(.braSequence).map { good.with(.braSequence, ($0 + 1) & 0xffff) } },
      // The answer is found by its number alone.
      Row("P set", .normal) { good, _ in good.with(.braP, 1) },
      Row("G set", .normal) { good, _ in good.with(.braG, 1) },
      Row("V set", .normal) { good, _ in good.with(.braV, 1) },
      Row("reserved bits", .normal) { good, _ in FieldPath(.bra, "reserved").map { good.with($0, 0x1555) } },
      Row("B.R. type 0", .silent, .unspecified) { good, _ in good.withRevocationType(0) },
      Row("B.R. type 3", .silent, .unspecified) { good, _ in good.withRevocationType(3) },
      Row("B.R. type 255", .silent, .unspecified) { good, _ in good.withRevocationType(255) },
    ]

  @Test(arguments: acknowledgements, Dialect.allCases)
  func acknowledgement(row: Row, dialect: Dialect) throws {
    let bench = Bench(homeAgent: dialect)
    bench.register(10)
    bench.node.nextSequence = 0x7001
    _ = bench.drain()
    bench.command("revoke \(home)")
    let bri = try #require(bench.only())
    let good = bra(0x7001, 0, dialect)
    let message = try row.message(good, dialect)
    bench.send(message)
    let isAccepted = row.check(bench.drain(), to: message, normal: .silent, dialect)
    // A BRA that is taken has no answer either: where no text decides, only the binding tells.
    let isOver = row.expected(dialect) == .unspecified ? !bench.forwards() : isAccepted
    #expect(bench.forwards() == !isOver)
    // The wait goes on to the copy, unless it is over; a right BRA then ends it.
    bench.pass(1.1)
    #expect(bench.drain().map(\.bytes) == (isOver ? [] : [bri.bytes]))
    bench.send(good)
    #expect(!bench.forwards())
    bench.register(13)
    #expect(bench.drain().last?[.baStatus] == 0 && bench.forwards())
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
