import Judging
import Testing
import Wire

private func rule(_ fields: String) -> String { "- rule: a\n  when: { message: bri, from: ha }\n  must: { R-1: { \(fields) } }\n" }

@Suite struct TemplateTests {
  /// A field test and what it must be read as; widths and names as in RFC 6275 6.1.7-6.1.9 and draft-01 5.1.
  @Test(arguments: [
    ("bri.trigger: 1", Condition.oneOf([1...1])), ("bri.trigger: 0x10", .oneOf([16...16])), ("bri.trigger: 010", .oneOf([10...10])),
    ("bri.trigger: 1..5", .oneOf([1...5])), ("bri.trigger: [0, 2, 4..7]", .oneOf([0...0, 2...2, 4...7])), ("bri.trigger: any", .any),
    ("bri.a: absent", .absent), ("bri.a: present", .present), ("bri.trigger: { not: 59 }", .noneOf([59...59])),
    ("bri.trigger: { not: [1, 3..4] }", .noneOf([1...1, 3...4])),
    ("ipv6.source: 2001:db8::1", .oneOf([0x2001_0db8 << 96 | 1...0x2001_0db8 << 96 | 1])),
    ("ipv6.source: { equals: home-agent }", .equals(.homeAgent)), ("ipv6.destination: { unequal: care-of }", .unequal(.careOf)),
    ("bri.sequence: { unequal: last-accepted-sequence }", .unequal(.lastAcceptedSequence)), ("mh.checksum: correct", .correct),
    ("mh.checksum: wrong", .wrong), ("mh.options: { only: [0, 1] }", .only([0, 1])), ("mh.options: { contains: 8 }", .contains([8])),
    ("mh.options: { none-of: [3] }", .excludes([3])), ("sound: yes", .yes), ("sound: no", .no),
    ("protection: own", .oneOf([1...1])), ("protection: [none, unknown]", .oneOf([0...0, 5...5])),
    ("protection: { not: [none, another] }", .noneOf([0...0, 2...2])), ("repeated: exactly", .oneOf([1...1])),
    ("encapsulation: present", .present), ("encapsulation: other", .oneOf([1...1])),
    ("bri.sequence: serial-after-accepted", .serialAfterAccepted), ("bri.sequence: not-after-accepted", .notAfterAccepted),
  ]) func condition(_ text: String, _ condition: Condition) throws {
    let suite = try loaded(rule(text))
    #expect(suite.rule("a")?.musts.first?.tests.map(\.condition) == [condition])
  }

  @Test(arguments: [
    ("bri.triger: 1", 18, "unknown field 'bri.triger'; did you mean 'bri.trigger'?"),
    ("bir.p: 0", 18, "unknown field 'bir.p'; did you mean 'bri.p'?"),
    ("trigger: 1", 18, "unknown key 'trigger' in a template"), ("bra.status: 0", 18, "expected a field that a bri has, found 'bra.status'"),
    ("bri.p: 2", 25, "expected a number from 0 to 1 for bri.p, found '2'"), ("bri.trigger: 256", 31, "expected a number from 0 to 255"),
    ("bri.trigger: -1", 31, "expected a number from 0 to 255"), ("bri.trigger: 5..1", 31, "begins with its smaller end"),
    ("bri.trigger: []", 31, "expected at least one value"), ("bri.trigger: sme", 31, "found 'sme'"),
    ("bri.trigger: yes", 31, "found 'yes'"),
    ("ipv6.source: 2001:db8::g", 31, "expected an IPv6 address for ipv6.source"), ("bri.sequence: same", 32, "no message came before"),
    ("bri.sequence: { serial-after: bri.p }", 48, "as wide as bri.sequence"),
    ("bri.p: { nott: 1 }", 27, "unknown relation 'nott'; did you mean 'not'?"),
    ("bri.p: { not: 1, same: x }", 25, "expected one relation"), ("bri.p: { equals: home }", 35, "as wide as bri.p"),
    ("bri.trigger: correct", 31, "nothing computes bri.trigger"), ("bri.p: serial-after-accepted", 25, "sequence numbers of 16 bits"),
    ("mh.options: [0]", 30, "expected { only: […] }"), ("mh.options: { only: [300] }", 39, "expected an option type from 0 to 255"),
    ("sound: maybe", 25, "expected yes or no, found 'maybe'"), ("protection: mine", 30, "found 'mine'"),
    ("protektion: own", 18, "did you mean 'protection'?"),
  ]) func mistake(_ text: String, _ column: Int, _ message: String) {
    let found = errors(rule(text))
    #expect(found.count == 1, "\(found)")
    #expect(found.first?.hasPrefix("t.yaml:3:\(column): ") == true, "\(found)")
    #expect(found.first?.contains(message) == true, "\(found)")
  }

  @Test func sameIsTheFieldOfThatNameInTheTrigger() throws {
    let suite = try loaded(
      """
      - rule: a
        when: { message: bu, from: ue, bu.lifetime: 0 }
        then: { message: ba, ba.sequence: same, ipv6.destination: { same: ipv6.source }, hao.home-address: same, within: 5 s, decides: R-1 }
      """)
    let then = try #require(suite.rule("a")?.sequels.first)
    #expect(then.form == .then)
    #expect(then.window == .fixed(.seconds(5)))
    guard case .message(let template)? = then.reactions.first?.match else { throw Missing() }
    #expect(
      template.tests.map(\.condition) == [.same(.buSequence), .same(.ipv6Source), .same(.homeAddressOption)])
  }

  @Test func serialNumbersLookBackToo() throws {
    let suite = try loaded(
      """
      - rule: a
        when: { message: bu }
        never: { message: bu, bu.sequence: { serial-after: sequence }, for: retransmission, after: grace, decides: R-1 }
      """)
    let never = try #require(suite.rule("a")?.sequels.first)
    #expect(never.form == .never && never.window == .named("retransmission") && never.grace == .named("grace"))
    guard case .message(let template)? = never.reactions.first?.match else { throw Missing() }
    #expect(template.tests.map(\.condition) == [.serialAfter(.buSequence)])
  }

  @Test func namedTemplatesBuildOnEachOther() throws {
    let suite = try loaded(
      """
      - define: valid-bri
        message: bri
        from: ha
        bri.p: 0
        sound: yes
      - define: odd-bri
        message: valid-bri
        bri.p: 1
      - rule: a
        when: { message: odd-bri, bri.trigger: any }
        must: { R-1: { bri.g: 0 } }
      """)
    guard case .message(let template)? = suite.rule("a")?.when else { throw Missing() }
    #expect(template.kind == .bri && template.from == .ha)
    #expect(
      template.tests == [
        FieldTest(.sound, .yes), FieldTest(.field(.briP), .oneOf([1...1])), FieldTest(.field(.briTrigger), .any),
      ])
  }
}

struct Missing: Error {}
