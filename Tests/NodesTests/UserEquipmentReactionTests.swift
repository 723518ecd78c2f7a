import Link
import Testing
import Wire

@testable import Nodes

/// What a UE does with a BRI that is wrong in one place (draft-01 10.1, RFC 5846 10.1, RFC 6275 6.3, 6.4, 9.2, 9.3.1).
struct UserEquipmentReactionTests {
  static let rows: [Row] =
    commonRows + [
      Row("not from the home agent", .silent) { _, dialect in bri(0x7001, dialect, from: stranger) },
      // The carrier of the home address.
      Row("home address of somebody else", .silent) { _, dialect in bri(0x7001, dialect, home: foreignHome) },
      Row("home address own, not bound", .bra(2), .silent) { _, dialect in bri(0x7001, dialect, home: home.advanced(by: 2)) },
      Row("the other text's carrier", .normal, .silent) { good, dialect in
        var packet = good
        packet.headers[1] = dialect == .draft01 ? .routing(to: home) : .homeAddress(home)
        return packet
      },
      Row("no carrier", .silent) { good, _ in
        var packet = good
        packet.headers.remove(at: 1)
        return packet
      },
      Row("routing header to somebody else", .silent) { good, _ in routed(good, to: foreignHome) },
      Row("routing header to a group", .silent) { good, _ in routed(good, to: address("ff0e::1")) },
      Row("segments left 0", .silent) { good, _ in routed(good).with(.segmentsLeft, 0) },
      Row("segments left 2", .silent) { good, _ in routed(good).with(.segmentsLeft, 2) },
      Row("a BRA", .silent) { _, dialect in
        // In draft-01 with one type number it cannot be told from a BRI; the P flag makes it one that is dropped.
        Packet([
          .ipv6(from: homeAgent, to: careOf), dialect == .draft01 ? .homeAddress(home) : .routing(to: home),
          .message(.bra, dialect, [(.braSequence, 0x7001), (.braP, 1)]),
        ])
      },
      Row("B.R. type 0", .normal, .unspecified) { good, _ in good.withRevocationType(0) },
      Row("B.R. type 3", .normal, .unspecified) { good, _ in good.withRevocationType(3) },
      Row("B.R. type 255", .normal, .unspecified) { good, _ in good.withRevocationType(255) },
      // Binding Revocation Indication.
      Row("A clear", .carriedOut, .normal) { good, _ in good.with(.briA, 0) },
      Row("P set", .silent, .bra(135)) { good, _ in good.with(.briP, 1) },
      Row("G set", .unspecified, .bra(134)) { good, _ in good.with(.briG, 1) },
      Row("V set, no option", .normal, .bra(129)) { good, _ in good.with(.briV, 1) },
      Row("V set, no such address", .normal, .bra(128)) { good, _ in
        good.with(.briV, 1).with(options: [Packet.Option(.ipv4HomeAddress)])
      },
      Row("reserved bits", .normal) { good, _ in good.with(.briReserved, 0x1555) },
      Row("sequence 0", .normal) { _, dialect in bri(0, dialect) },
      Row("sequence 0xffff", .normal) { _, dialect in bri(0xffff, dialect) },
      Row("sequence of the last revocation", .normal) { _, dialect in bri(0x6fff, dialect) },
      Row("IPv4 home address option without V", .normal) { good, _ in good.with(options: [Packet.Option(.ipv4HomeAddress)]) },
      // Not for a UE.
      Row("a BU", .silent) { _, _ in bu(5, lifetime: 0, from: homeAgent).with(.ipv6Destination, careOf.value) },
      Row("echo request with a home address option", .be(1)) { _, _ in
        Packet([.ipv6(from: homeAgent, to: careOf), .homeAddress(home), .icmpv6(type: 128, code: 0)])
      },
      Row("echo request to a home address", .silent) { _, _ in
        Packet([.ipv6(from: homeAgent, to: careOf), .routing(to: home), .icmpv6(type: 128, code: 0)])
      },
    ]
    // RFC 5846 6.2.1: 133 for one that is not supported, 134 for one that is for several mobile nodes where G says one.
    + [(UInt128(0), Reaction.normal), (7, .normal), (8, .bra(133)), (127, .bra(133)), (250, .bra(133)), (255, .bra(133))].map {
      trigger, reaction in
      Row("trigger \(trigger)", .normal, reaction) { good, _ in good.with(.briTrigger, trigger) }
    }
    + [UInt128(128), 129].map { trigger in
      Row("trigger \(trigger) without G", .normal, .bra(134)) { good, _ in good.with(.briTrigger, trigger) }
    }

  /// The BRI in a type 2 routing header, in both texts.
  private static func routed(_ good: Packet, to address: IPv6Address = home) -> Packet {
    var packet = good
    packet.headers[1] = .routing(to: address)
    return packet
  }

  @Test(arguments: rows, Dialect.allCases)
  func reaction(row: Row, dialect: Dialect) throws {
    let bench = Bench(userEquipment: dialect)
    bench.register()
    bench.send(bri(0x6fff, dialect))
    bench.register(lifetime: 4)
    _ = bench.drain()
    let message = try row.message(bri(0x7001, dialect), dialect)
    bench.send(message)
    let isOver = row.check(bench.drain(), to: message, normal: .bra(0), dialect)
    // The binding is refreshed after three quarters of 16 s exactly when the BRI was not carried out; a right one then still is.
    bench.pass(12)
    #expect(bench.drain().map(\.dissection.messageKind) == (isOver ? [] : [.bu]))
    if isOver { bench.register(lifetime: 4) }
    bench.send(bri(0x7abc, dialect))
    let control = try #require(bench.only())
    #expect(control[.braStatus] == 0 && control[.braSequence] == 0x7abc)
    bench.pass(20)
    #expect(bench.drain().isEmpty)
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
