import Judging
import Testing
import Wire

/// Every matching mechanism, on a BRI of RFC 5846: sequence 7, trigger 1, flags 0, type 2 routing header, padding only.
@Suite struct MatcherTests {
  /// Whether a BRI keeps a sentence that asks for `condition`, after a registration with sequence number 10.
  private func holds(_ condition: String, _ packet: Packet = bri(7)) throws -> Bool {
    var stream = try Stream(
      """
      - rule: r
        when: { message: bri, from: ha }
        must: { HA-shall: { \(condition) } }
      """)
    stream.see(registration(), from: ms(0))
    stream.see(packet, at: ms(100))
    let tally = stream.tally("HA-shall")
    try #require(tally == passed || tally == broken)
    return tally == passed
  }

  @Test(arguments: [
    "bri.trigger: any", "bri.trigger: present", "hao.home-address: absent", "hao.home-address: any", "bri.trigger: 1",
    "bri.trigger: [3, 1]",
    "bri.trigger: 0..1", "bri.trigger: [7..9, 1..2]", "bri.trigger: { not: 2 }", "bri.trigger: { not: [0, 2..255] }",
    "ipv6.source: 2001:db8:a::1", "ipv6.source: \"2001:db8:a::..2001:db8:a::ffff\"", "rh2.home-address: { equals: home }",
    "ipv6.destination: { equals: care-of }", "ipv6.source: { equals: home-agent }", "ipv6.source: { unequal: care-of }",
    "bri.sequence: { unequal: last-accepted-sequence }", "bri.sequence: not-after-accepted", "mh.checksum: correct",
    "mh.header-len: correct",
    "mh.options: { only: [0, 1] }", "mh.options: { none-of: [2, 3] }", "mh.options: { contains: [1] }", "sound: yes",
    "ipv6.source: { differs: ipv6.destination }", "bri.trigger: { same: rh2.segments-left }", "bri.p: 0, bri.g: 0",
    // Other fields than those of the message itself.
    "mh.payload-proto: 59", "rh2.segments-left: 1", "ethernet.type: 0x86dd",
  ]) func kept(_ condition: String) throws { try #expect(holds(condition)) }

  @Test(arguments: [
    "bri.trigger: absent", "hao.home-address: present", "hao.home-address: 2001:db8:a::77", "bri.trigger: 2", "bri.trigger: [3, 4]",
    "bri.trigger: 2..9", "bri.trigger: { not: 1 }", "bri.trigger: { not: 0..1 }", "hao.home-address: { not: \"::1\" }",
    "rh2.home-address: { unequal: home }", "hao.home-address: { equals: home }", "hao.home-address: { unequal: home }",
    "bri.sequence: { equals: last-accepted-sequence }", "bri.sequence: serial-after-accepted", "mh.checksum: wrong", "mh.header-len: wrong",
    "mh.options: { only: [0] }", "mh.options: { contains: [2, 3] }", "mh.options: { none-of: [1] }", "sound: no",
    "ipv6.source: { same: ipv6.destination }", "bri.trigger: { differs: rh2.segments-left }", "bri.p: 0, bri.g: 1",
    // Absent on either side is neither the same nor different.
    "ipv6.source: { same: hao.home-address }", "ipv6.source: { differs: hao.home-address }",
    // Nothing is outstanding before the rule has seen the BRI.
    "bri.sequence: { equals: outstanding-revocation }",
  ]) func brokenBy(_ condition: String) throws { try #expect(!holds(condition)) }

  @Test func whatIsWrongOrMoreThanPadding() throws {
    let spoilt = bri(7).with("mh.checksum", 0x1234)
    try #expect(holds("mh.checksum: wrong", spoilt))
    try #expect(holds("sound: no", spoilt))
    try #expect(!holds("mh.checksum: correct", spoilt))
    try #expect(!holds("mh.options: { only: [0, 1] }", bri(7).with(option: 200, [1, 2])))
    try #expect(holds("mh.options: { contains: [200] }", bri(7).with(option: 200, [1, 2])))
    try #expect(!holds("mh.options: { none-of: [200] }", bri(7).with(option: 200, [1, 2])))
  }

  /// RFC 6275 9.5.1: greater modulo 2^16, by less than 32,768.
  @Test(arguments: [
    (11, 10, true), (10, 10, false), (9, 10, false), (10 + 32_767, 10, true), (10 + 32_768, 10, false), (0, 65_535, true),
    (65_535, 0, false),
    (32_766, 65_535, true), (32_767, 65_535, false),
  ]) func serialNumbers(_ next: Int, _ accepted: Int, _ isAfter: Bool) throws {
    let text = """
      - rule: after
        when: { message: bu, from: ue, bu.lifetime: 0 }
        must: { UE-shall: { bu.sequence: serial-after-accepted } }
      - rule: not-after
        when: { message: bu, from: ue, bu.lifetime: 0 }
        must: { BOTH: { bu.sequence: not-after-accepted } }
      """
    var stream = try Stream(text)
    stream.see(registration(UInt16(accepted)), from: ms(0))
    stream.see(bu(UInt16(next), 0), at: ms(100))
    #expect(stream.tally("UE-shall") == (isAfter ? passed : broken))
    #expect(stream.tally("BOTH") == (isAfter ? broken : passed))
  }

  /// What an answer is compared with is the message that set the rule off.
  @Test func referencesToTheTrigger() throws {
    func outcome(_ condition: String, _ answer: Packet) throws -> [Int] {
      var stream = try Stream(
        """
        - rule: r
          when: { message: bu, from: ue }
          then: { message: ba, from: ha, \(condition), within: 1 s, decides: HA-shall }
        """)
      stream.see(bu(10, 5), at: ms(0))
      stream.see(answer, at: ms(1))
      stream.judge.advance(to: ms(2_000))
      return stream.tally("HA-shall")
    }
    try #expect(outcome("ba.sequence: same", ba(10, 0, 5)) == passed)
    try #expect(outcome("ba.sequence: same", ba(11, 0, 5)) == broken)
    try #expect(outcome("ba.lifetime: { differs: bu.lifetime }", ba(10, 0, 6)) == passed)
    try #expect(outcome("ba.lifetime: { differs: bu.lifetime }", ba(10, 0, 5)) == broken)
    try #expect(outcome("ba.sequence: { serial-after: bu.sequence }", ba(11, 0, 5)) == passed)
    try #expect(outcome("ba.sequence: { serial-after: bu.sequence }", ba(9, 0, 5)) == broken)
    try #expect(outcome("ipv6.destination: { same: ipv6.source }", ba(10, 0, 5)) == passed)
    try #expect(outcome("ipv6.destination: { same: ipv6.source }", ba(10, 0, 5, to: stranger)) == broken)
    try #expect(outcome("ipv6.destination: { equals: update-source }", ba(10, 0, 5)) == passed)
    try #expect(outcome("rh2.home-address: { same: hao.home-address }", ba(10, 0, 5)) == passed)
  }

  @Test func theProofOfAFinding() throws {
    var stream = try Stream(
      """
      - rule: r
        when: { message: bri, from: ha }
        must: { HA-shall: { bri.sequence: 1, bri.trigger: [1, 3..4] } }
      """)
    stream.see(registration(), from: ms(0))
    let frame = stream.see(bri(1).with("bri.trigger", 2), at: ms(100))
    let finding = try #require(stream.judge.monitor.findings.first)
    #expect(finding.requirement == "HA-shall" && finding.rule == "r" && finding.clause == "1" && finding.document == "D")
    #expect(finding.verdict == .fail && finding.level == .shall && finding.role == .ha)
    #expect(finding.field == "bri.trigger" && finding.wireshark == "mip6.bri_r.trigger")
    #expect(finding.expected.contains("1") && finding.expected.contains("3") && finding.seen.contains("2"))
    #expect(finding.frame == frame && finding.trigger == frame && finding.time == ms(100).nanoseconds)
    #expect(finding.homeAddress == home.description && finding.homeAgent == homeAgent.description)
  }
}
