import Judging
import Testing
import Wire

/// In which layout a capture's revocations are, whatever the judge takes them for meanwhile.
@Suite struct DialectVotesTests {
  private func dialect(_ packets: [Packet], knowing agents: [IPv6Address] = [homeAgent]) throws -> Dialect? {
    var stream = try Stream("- { rule: r, when: { message: bu, from: ue }, must: { UE-shall: { bu.a: 1 } } }", knowing: agents)
    stream.see(packets, from: ms(0))
    return stream.judge.votes.dialect
  }

  @Test func nothingWasRevoked() throws { try #expect(dialect(registration()) == nil) }

  /// 0x0105 and 0x02ff begin like a B.R. Type of RFC 5846.
  @Test(arguments: [0, 7, 0x00ff, 0x0105, 0x01ff, 0x0200, 0x02ff, 0x0300, 0xffff] as [UInt16])
  func draftExchanges(_ sequence: UInt16) throws {
    try #expect(dialect([bri(sequence, .draft01), bra(sequence, 0, .draft01)]) == .draft01)
    try #expect(dialect([bri(sequence, .draft01), bri(sequence, .draft01), bra(sequence, 0, .draft01)]) == .draft01)
    try #expect(dialect([bri(sequence, .draft01), bra(sequence, 0, .draft01)], knowing: []) == .draft01)
  }

  @Test(arguments: [0, 7, 0x0105, 0x0201, 0xffff] as [UInt16])
  func rfcExchanges(_ sequence: UInt16) throws {
    try #expect(dialect([bri(sequence), bra(sequence)]) == .rfc5846)
    try #expect(dialect([bri(sequence), bri(sequence), bra(sequence), bra(sequence)]) == .rfc5846)
  }

  /// What others say meanwhile changes nothing.
  @Test func exchangesOfManyAtOnce() throws {
    let homes = (0..<300).map { (home.advanced(by: $0), careOf.advanced(by: $0)) }
    let asked = homes.map { bri(0x0105, .draft01, home: $0.0, to: $0.1) }
    let answered = homes.map { bra(0x0105, 0, .draft01, home: $0.0, from: $0.1) }
    try #expect(dialect(asked + answered) == .draft01)
  }
}
