import Judging
import Testing
import Wire

@testable import Fuzzing

struct PacketMutationTests {
  /// Where a field's bits are in the frame of the valid message, by the layouts of RFC 8200, RFC 6275 and RFC 5846: Ethernet 14 octets, IPv6
  /// 40, then one header of 24, then the Mobility Header; a Home Address option at 6 in its header, an Alternate Care-of Address option at 14.
  private static func bits(_ path: FieldPath, _ dialect: Dialect) -> Range<Int>? {
    let starts: [LayerKind: Int] = [
      .ipv6: 14, .rh2: 54, .destinationOptions: 54, .hao: 60, .mh: 78, .bri: 78, .bu: 78, .alternateCareOfAddress: 92,
    ]
    guard let start = starts[path.kind], let range = path.range(in: dialect) else { return nil }
    return start * 8 + range.bit..<start * 8 + range.bit + range.width
  }

  private static func value(_ frame: [UInt8], _ bits: Range<Int>) -> UInt128 {
    bits.reduce(UInt128(0)) { $0 << 1 | UInt128(frame[$1 / 8] >> UInt8(7 - $1 % 8) & 1) }
  }

  /// A mutated packet differs from the valid one in the field that it names, which has the value that it says, and, repaired, in lengths and
  /// checksum; nowhere else.
  @Test(arguments: Side.all)
  func onlyWhatItSays(side: Side) throws {
    let table = try side.table()
    let sample = try side.sample()
    let valid = sample.encoded()
    let dialect = side.profile.dialect
    let checksum = try #require(Self.bits(.mhChecksum, dialect))
    for single in table.singles {
      guard case .field(let path, let value) = single.change else { continue }
      let frame = sample.mutated(by: FuzzCase(index: 0, first: single), LiveAddresses()).encoded()
      let own = try #require(Self.bits(path, dialect))
      #expect(frame.count == valid.count)
      if case .number(let number) = value { #expect(Self.value(frame, own) == number, "\(path)") }
      if case .plus(let offset) = value {
        let mask = (UInt128(1) << UInt128(own.count)) - 1
        #expect(Self.value(frame, own) == (Self.value(valid, own) &+ UInt128(truncatingIfNeeded: offset)) & mask, "\(path)")
      }
      for bit in 0..<valid.count * 8 where !own.contains(bit) {
        if !single.leavesBroken, checksum.contains(bit) { continue }
        let octet = bit / 8
        let differs = (frame[octet] ^ valid[octet]) >> UInt8(7 - bit % 8) & 1 == 1
        if differs { #expect(!differs, "\(single): bit \(bit)") }
      }
    }
  }

  /// The checksum of every repaired packet whose Mobility Header is whole is right, that of every other one is the valid message's.
  @Test(arguments: Side.all)
  func checksums(side: Side) throws {
    let table = try side.table()
    let sample = try side.sample()
    let valid = Self.value(sample.encoded(), try #require(Self.bits(.mhChecksum, side.profile.dialect)))
    var dissection = Dissection()
    for single in table.singles where single.place != "mh.checksum" && (single.place.hasPrefix("b") || single.place == "mh.reserved") {
      let frame = sample.mutated(by: FuzzCase(index: 0, first: single), LiveAddresses()).encoded()
      Decoder(dialect: side.profile.dialect).decode(frame.span, into: &dissection)
      #expect(dissection.isWrong(.mhChecksum) == single.leavesBroken, "\(single)")
      if single.leavesBroken { #expect(dissection.value(.mhChecksum, in: frame.span) == valid) }
    }
  }

  @Test func truncation() throws {
    let side = try Side.of(.ue, "rfc5846")
    let sample = try side.sample()
    let cut = { (octets: Int, repairs: Bool) in
      sample.mutated(
        by: FuzzCase(index: 0, first: Mutation(change: .truncation(octets: octets, repairs: repairs), group: 0, rank: 1)), LiveAddresses()
      )
      .encoded()
    }
    // Ethernet, IPv6, routing header, eight octets of the Mobility Header.
    #expect(cut(8, true).count == 86 && cut(8, false) == Array(sample.encoded().prefix(86)))
    // The payload length counts the routing header and what is left; Header Len 0 says eight octets.
    #expect(Array(cut(8, true)[18...19]) == [0, 32] && cut(8, true)[79] == 0)
    #expect(Array(cut(8, false)[18...19]) == [0, 40] && cut(8, false)[79] == 1)
  }

  @Test func options() throws {
    let sample = try Side.of(.ue, "rfc5846").sample()
    let octets = { (change: OptionChange) in
      Array(
        sample.mutated(by: FuzzCase(index: 0, first: Mutation(change: .options(change), group: 0, rank: 0)), LiveAddresses()).encoded()
          .dropFirst(90))
    }
    // RFC 6275 6.2.1 to 6.2.3: type, length, data; the rest is padding to eight octets.
    #expect(octets(.added(type: 200, length: 2)) == [200, 2, 1, 2])
    #expect(octets(.pad1(4)) == [0, 0, 0, 0])
    #expect(octets(.padNonZero) == [1, 2, 0xff, 0xff])
    #expect(octets(.overrun(100)).starts(with: [200, 100, 1, 2, 3, 4]))
    #expect(octets(.pad1(100)).count % 8 == 4)
  }
}
