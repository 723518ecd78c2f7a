import Judging
import Testing
import Wire

private let head = "- rule: a\n  when: { message: bu, from: ue }\n"
private let eight = ["sequence", "a", "h", "l", "k", "m", "r", "lifetime"].map { "bu.\($0): same" }.joined(separator: ", ")
private let otherwise = "    - { label: otherwise, verdict: fail, decides: R-1 }\n"
private let silence = "    - { label: nothing, silence: guard-time, verdict: fail, decides: R-1 }\n"

@Suite struct RuleTests {
  @Test func everyPartIsRead() throws {
    let suite = try loaded(
      """
      - rule: other
        when: { event: hook, name: revoke }
        texts: [old]
        then: { message: bri, from: ha, within: trigger-time, decides: R-1 }
        why: because
      - rule: a
        when: { message: bu, from: ue, bu.lifetime: 0 }
        while: { binding: revoking, entry: [bound, detaching], shown: forwarding, outstanding: bri }
        ics: { reattaches-by-itself: no }
        reactions:
          - { label: acknowledged, match: { message: ba, ba.status: 0, ba.sequence: same }, verdict: pass, decides: R-1 }
          - { label: nothing, silence: guard-time, verdict: fail, decides: R-1 }
          - { label: otherwise, verdict: warning, decides: R-1 }
        unless: { message: bri }
        presumes: [other]
        check: retransmission-series
        decides: R-1
      """)
    let other = try #require(suite.rule("other"))
    guard case .event("hook", ["name": "revoke"]) = other.when else { throw Missing() }
    #expect(other.texts == ["old"] && other.why == "because")
    #expect(other.sequels.map(\.window) == [.named("trigger-time")])
    #expect(other.sequels.flatMap { $0.reactions.map(\.verdict) } == [.pass, .fail])

    let rule = try #require(suite.rule("a"))
    #expect(
      rule.while == [
        StateCondition(.binding, ["revoking"]), StateCondition(.entry, ["bound", "detaching"]), StateCondition(.shown, ["forwarding"]),
        StateCondition(.outstanding, ["bri"]),
      ])
    #expect(rule.ics == ["reattaches-by-itself": false])
    let reactions = try #require(rule.sequels.first)
    #expect(reactions.form == .reactions && reactions.window == .named("guard-time") && reactions.unless.count == 1)
    #expect(reactions.reactions.map(\.label) == ["acknowledged", "nothing", "otherwise"])
    #expect(reactions.reactions.map(\.verdict) == [.pass, .fail, .warning])
    #expect(rule.presumes == ["other"] && rule.check == "retransmission-series" && rule.decides == ["R-1"])
    #expect(rule.location == Location(file: "t.yaml", line: 6, column: 9))
    #expect(suite.dangling.isEmpty)
  }

  /// A field that is looked back at twice is one.
  @Test func eightFieldsAreRemembered() {
    let found = errors(
      head + "  then: { message: bu, \(eight), within: grace, decides: R-1 }\n"
        + "  never: { message: ba, ba.sequence: { same: sequence }, ba.k: { same: k }, for: grace, decides: R-1 }\n")
    #expect(found.isEmpty, "\(found)")
  }

  @Test(arguments: [
    Mistake("no otherwise", "t.yaml:4:5", "expected 'otherwise' as the last reaction", head + "  reactions:\n" + silence),
    Mistake("otherwise not last", "t.yaml:4:7", "expected 'otherwise' as the last reaction", head + "  reactions:\n" + otherwise + silence),
    Mistake("no silence", "t.yaml:4:5", "expected one reaction 'silence' with the window, found 0", head + "  reactions:\n" + otherwise),
    Mistake(
      "two silences", "t.yaml:4:5", "expected one reaction 'silence' with the window, found 2",
      head + "  reactions:\n" + silence + silence.replacing("nothing", with: "never") + otherwise),
    Mistake(
      "neither", "t.yaml:5:7", "expected 'match', 'silence' or the label 'otherwise'",
      head + "  reactions:\n" + silence + "    - { label: x, verdict: pass, decides: R-1 }\n" + otherwise),
    Mistake(
      "label twice", "t.yaml:5:7", "expected a label of its own, found 'nothing' again",
      head + "  reactions:\n" + silence + "    - { label: nothing, match: ba, verdict: pass, decides: R-1 }\n" + otherwise),
    Mistake(
      "verdict", "t.yaml:4:55", "expected a verdict, found 'error'",
      head + "  reactions:\n" + silence.replacing("fail", with: "error") + otherwise),
    Mistake(
      "window", "t.yaml:3:33", "found 'guard-tme'; did you mean 'guard-time'?",
      head + "  then: { message: ba, within:  guard-tme, decides: R-1 }\n"),
    Mistake("no window", "t.yaml:3:9", "expected the key 'within'", head + "  then: { message: ba, decides: R-1 }\n"),
    Mistake("no requirement", "t.yaml:3:10", "expected the key 'decides'", head + "  never: { message: ba, for: grace }\n"),
    Mistake(
      "state", "t.yaml:3:22", "expected a state of binding, found 'detaching'",
      head + "  while: { binding:  detaching }\n  must: { R-1: { bu.a: 1 } }\n"),
    Mistake(
      "statement", "t.yaml:3:10", "unknown statement 'revocatoin'; did you mean 'revocation'?",
      head + "  ics: { revocatoin: yes }\n  must: { R-1: { bu.a: 1 } }\n"),
    Mistake(
      "check", "t.yaml:3:10", "expected the name of a check, found 'retransmissions'", head + "  check: retransmissions\n  decides: R-1\n"),
    Mistake("check without requirements", "t.yaml:3:10", "expected 'decides' with the requirements", head + "  check: sequence-numbers\n"),
    Mistake(
      "event", "t.yaml:2:19", "expected an event, found 'hok'; did you mean 'hook'?",
      "- rule: a\n  when: { event:  hok }\n  then: { message: ba, within: grace, decides: R-1 }\n"),
    Mistake(
      "hook of an event", "t.yaml:2:31", "expected a hook, found 'revok'",
      "- rule: a\n  when: { event: hook, name:  revok }\n  then: { message: ba, within: grace, decides: R-1 }\n"),
    Mistake(
      "must of an event", "t.yaml:3:9", "expected no 'must' beside an event",
      "- rule: a\n  when: { event: hook }\n  must: { R-1: { bri.p: 0 } }\n"),
    Mistake(
      "same after an event", "t.yaml:3:38", "no message came before",
      "- rule: a\n  when: { event: hook }\n  then: { message: mh, ba.sequence:  same, within: grace, decides: R-1 }\n"),
    Mistake(
      "nine fields to look back at", "t.yaml:4:11",
      "expected at most 8 fields of the message that sets the rule off to look back at, found bu.p",
      head + "  then: { message: bu, \(eight), within: grace, decides: R-1 }\n"
        + "  never:  { message: ba, ba.sequence: { same: sequence }, ba.k: { same: p }, for: grace, decides: R-1 }\n"),
  ]) func mistake(_ mistake: Mistake) {
    let found = errors(mistake.text)
    #expect(found.count == 1, "\(found)")
    #expect(found.first?.hasPrefix(mistake.place + ": ") == true, "\(found)")
    #expect(found.first?.contains(mistake.message) == true, "\(found)")
  }
}
