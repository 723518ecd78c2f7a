import Judging
import Testing
import Wire

/// What a sentence is worth where: levels by text, roles, dialects that cannot state it, presumptions, statements of the device.
@Suite struct SentenceTests {
  private static func rule(_ requirement: String, _ extra: String = "") -> String {
    """
    - rule: r
      when: { message: bri, from: ha }
      must: { \(requirement): { bri.g: 0 } }
      \(extra)
    """
  }

  private func findings(_ rules: String, _ profile: String = "new", role: Role? = nil, ics: [String: Bool] = [:]) throws -> [String] {
    var stream = try Stream(rules, profile: profile, role: role, ics: ics)
    let dialect: Dialect = profile == "new" ? .rfc5846 : .draft01
    stream.see(registration() + [bri(7, dialect).with("bri.g", 1)], from: ms(0))
    return stream.findings.map { String($0.prefix { $0 != ":" }.split(separator: " ").prefix(2).joined(separator: " ")) }
  }

  @Test(arguments: [
    ("HA-shall", "new", "fail"), ("HA-other", "new", "fail"), ("HA-should", "new", "warning"), ("HA-may", "new", "note"),
    ("HA-old", "old", "fail"), ("HA-old", "new", ""),
  ]) func level(_ requirement: String, _ profile: String, _ verdict: String) throws {
    try #expect(findings(Self.rule(requirement), profile) == (verdict.isEmpty ? [] : ["\(requirement) \(verdict)"]))
  }

  /// A note breaks nothing.
  @Test func aNoteCountsAsKept() throws {
    var stream = try Stream(Self.rule("HA-may"))
    stream.see(registration() + [bri(7).with("bri.g", 1)], from: ms(0))
    #expect(stream.tally("HA-may") == passed)
  }

  @Test(arguments: [(nil, 1), (.ha, 1), (.ue, 0)] as [(Role?, Int)]) func onlyTheJudgedRole(_ role: Role?, _ count: Int) throws {
    try #expect(findings(Self.rule("HA-shall"), role: role).count == count)
  }

  /// A sentence about both roles is a rule on a message of either side.
  @Test func aRuleOnBothSides() throws {
    let rule = """
      - rule: r
        when: { message: mh }
        must: { BOTH: { mh.reserved: 0 } }
      """
    for (role, expected) in [(nil, 2), (.ha, 1), (.ue, 1)] as [(Role?, Int)] {
      var stream = try Stream(rule, role: role)
      stream.see([bu(10, 5).with("mh.reserved", 1), ba(10, 0, 5).with("mh.reserved", 1)], from: ms(0))
      #expect(stream.tally("BOTH")[1] == expected)
    }
  }

  @Test func textsAndStatements() throws {
    try #expect(findings(Self.rule("HA-shall", "texts: [old]")) == [])
    try #expect(findings(Self.rule("HA-shall", "texts: [old]"), "old") == ["HA-shall fail"])
    let statement = Self.rule("HA-shall", "ics: { home-link: no }")
    try #expect(findings(statement, ics: ["home-link": false]) == ["HA-shall fail"])
    try #expect(findings(statement, ics: ["home-link": true]) == [])
    // What nobody has said is not so.
    try #expect(findings(statement) == [])
  }

  /// RFC 5846 has no A bit, draft-01 no V bit: what the dialect cannot state is not reached, never failed.
  @Test func fieldsThatADialectLacks() throws {
    func tally(_ rules: String, _ profile: String) throws -> [Int] {
      var stream = try Stream(rules, profile: profile)
      stream.see(registration() + [bri(7, profile == "new" ? .rfc5846 : .draft01)], from: ms(0))
      return stream.tally("HA-shall")
    }
    func must(_ tests: String, when: String = "") -> String {
      """
      - rule: r
        when: { message: bri, from: ha\(when) }
        must: { HA-shall: { \(tests) } }
      """
    }
    try #expect(tally(must("bri.a: 0"), "new") == unreached)
    try #expect(tally(must("bri.a: 0"), "old") == broken)
    try #expect(tally(must("bri.v: 1"), "old") == unreached)
    try #expect(tally(must("bri.v: 1"), "new") == broken)
    try #expect(tally(must("bri.a: present"), "new") == unreached)
    // The others of the same sentence are asked all the same.
    try #expect(tally(must("bri.p: 1, bri.v: 0"), "old") == broken)
    // In what sets the rule off.
    try #expect(tally(must("bri.p: 1", when: ", bri.v: 0"), "old") == unreached)
    try #expect(tally(must("bri.p: 1", when: ", bri.v: absent"), "old") == broken)
    try #expect(tally(must("bri.p: 1", when: ", bri.v: any"), "old") == broken)
  }

  @Test func presumptions() throws {
    let rules = """
      - rule: first
        when: { message: bri, from: ha }
        must: { HA-shall: { bri.g: 0 } }
      - rule: second
        when: { message: bra, from: ue }
        must: { UE-shall: { bra.status: 0 } }
        presumes: [first]
      - rule: third
        when: { message: bri, from: ha }
        then: { message: bra, from: ue, within: 1 s, decides: BOTH }
        presumes: [first]
      """
    var stream = try Stream(rules)
    stream.see(registration() + registration(20, home: otherHome, from: otherCareOf), from: ms(0))
    stream.see([bri(7), bra(7, 1), bri(8, home: otherHome, to: otherCareOf).with("bri.g", 1)], from: ms(100))
    stream.see(bra(8, 1, home: otherHome, from: otherCareOf), at: ms(110))
    // The rule that is presumed was broken on the other binding alone.
    #expect(stream.tally("UE-shall") == broken)
    #expect(stream.findings == ["UE-shall fail \(home)", "HA-shall fail \(otherHome)"])
    // It masks what is open already, too: the third rule's window was opened by the BRI that broke the first.
    #expect(stream.tally("BOTH") == passed)
  }

  /// A warning masks as a fail does; a new case starts afresh.
  @Test func aPresumptionIsForgottenWithTheCase() throws {
    let rules = """
      - rule: first
        when: { message: bri, from: ha }
        must: { HA-should: { bri.g: 0 } }
      - rule: second
        when: { message: bra, from: ue }
        must: { UE-shall: { bra.status: 0 } }
        presumes: first
      - { case: TP_A, title: t, clause: 1, role: ue, steps: [register], exercises: [second] }
      """
    var stream = try Stream(rules)
    stream.see(registration() + [bri(7).with("bri.g", 1), bra(7, 1)], from: ms(0))
    #expect(stream.tally("UE-shall") == unreached)
    stream.begin("TP_A", at: ms(100))
    stream.see(registration(11) + [bri(8), bra(8, 1)], from: ms(200))
    #expect(stream.tally("UE-shall") == broken)
  }
}
