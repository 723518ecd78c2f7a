import Judging
import Testing

/// One mistake, the place that the error must name, and a part of what it must say.
struct Mistake: Sendable, CustomTestStringConvertible {
  var name: String
  var text: String
  var place: String
  var message: String
  /// How many mistakes are told of in all.
  var count: Int
  var testDescription: String { name }

  init(_ name: String, _ place: String, _ message: String, _ text: String, count: Int = 1) {
    self.count = count
    self.name = name
    self.text = text
    self.place = place
    self.message = message
  }
}

private let fileMistakes = [
  Mistake("empty file", "t.yaml:1:1", "found an empty file", "# nothing\n"),
  Mistake("not a list", "t.yaml:1:1", "expected a list of entries", "rule: x\n"),
  Mistake("scalar entry", "t.yaml:2:3", "expected an entry", "\n- rule\n"),
  Mistake("syntax", "t.yaml:2:1", "this is not YAML", "- rule: [a\n"),
  Mistake("two documents", "t.yaml:3:1", "another document", "- text: a\n  title: b\n--- 1\n"),
  Mistake("tab", "t.yaml:2:1", "this is not YAML", "- text: a\n\ttitle: b\n"),
  Mistake("control character", "t.yaml:2:10", "this is not YAML: control characters", "- text: a\n  title: \u{1}\n"),
  Mistake("duplicate key", "t.yaml:2:3", "'title' twice", "- text: a\n  title: b\n  title: c\n"),
  Mistake("alias", "t.yaml:2:10", "expected no aliases, found '*x'", "- text: &x a\n  title: *x\n"),
  Mistake("mapping as key", "t.yaml:1:5", "expected a word as key", "- ? { a: 1 }\n  : b\n"),
  Mistake("kind", "t.yaml:1:3", "found 'rul'; did you mean 'rule'?", "- rul: a\n  when: bri\n"),
]

private let entryMistakes = [
  Mistake(
    "unknown key", "t.yaml:2:11", "unknown key 'mesage' in a template; did you mean 'message'?",
    "- rule: a\n  when: { mesage: bri }\n  must: { R-1: { bri.p: 0 } }\n"),
  Mistake("missing key", "t.yaml:1:3", "expected the key 'when' in a rule, found none", "- rule: a\n  must: { R-1: { bri.p: 0 } }\n"),
  Mistake("unknown key of an entry", "t.yaml:3:3", "unknown key 'titel' in a text", "- text: a\n  title: b\n  titel: c\n"),
  Mistake("duplicate id", "t.yaml:5:9", "the first rule of that name stands at t.yaml:1:9", rule + "\n" + rule),
  Mistake(
    "duplicate id in another file", "t.yaml:1:16", "the first requirement of that name stands at base0.yaml:8:16",
    "- requirement: R-1\n  document: D\n  clause: 1\n  role: ha\n  level: may\n  paraphrase: p\n"),
  Mistake("no requirement", "t.yaml:1:9", "expected an assertion that names a requirement", "- rule: a\n  when: { message: bri }\n"),
  Mistake(
    "unknown requirement", "t.yaml:3:11", "unknown requirement 'R-2'; did you mean 'R-1'?",
    "- rule: a\n  when: { message: bri }\n  must: { R-2: { bri.p: 0 } }\n"),
  Mistake(
    "unknown text", "t.yaml:2:11", "unknown text 'odl'; did you mean 'old'?",
    "- rule: a\n  texts: [odl]\n  when: bri\n  must: { R-1: { bri.p: 0 } }\n"),
  Mistake(
    "unknown text of a level", "t.yaml:5:12", "unknown text 'new'",
    "- requirement: R-9\n  document: D\n  clause: 1\n  role: ha\n  level: { new: shall }\n  paraphrase: p\n"),
  Mistake(
    "level", "t.yaml:5:10", "expected a level, found 'shal'; did you mean 'shall'?",
    "- requirement: R-9\n  document: D\n  clause: 1\n  role: ha\n  level: shal\n  paraphrase: p\n"),
  Mistake("dialect", "t.yaml:2:12", "expected a dialect, found 'draft-02'", "- profile: p\n  dialect: draft-02\n  text: old\n"),
  Mistake(
    "duration", "t.yaml:3:20", "expected a length of time such as '5 s'", "- text: t\n  title: t\n  durations: {  x: 5 fortnights }\n"),
  Mistake("define named like a message", "t.yaml:1:11", "not that of a message", "- define: bri\n  message: bri\n"),
  Mistake("define of itself", "t.yaml:2:12", "does not build on itself", "- define: a\n  message: a\n"),
  Mistake(
    "unused define", "t.yaml:3:3", "unknown field 'bri.trgger'; did you mean 'bri.trigger'?",
    "- define: a\n  message: bri\n  bri.trgger: 1\n"),
  Mistake("equivalent without a reason", "t.yaml:1:3", "expected the key 'reason'", "- equivalent: bri-flags R-1 dropped\n"),
  Mistake("expectation", "t.yaml:3:12", "unknown requirement 'R-7'", "- expect: d\n  role: ha\n  blames: [R-7]\n"),
  Mistake("expectation of a profile", "t.yaml:3:13", "unknown profile 'new'", "- expect: d\n  role: ha\n  blames: { new: [R-1] }\n"),
  Mistake(
    "plan", "t.yaml:5:18", "unknown field 'bri.f'",
    "- plan: p\n  title: t\n  role: ue\n  message: bri\n  values: { a: 1,f: 0 }\n  layers: [bri]\n"),
  Mistake(
    "layer", "t.yaml:5:18", "expected a layer, found 'rh3'; did you mean 'rh2'?",
    "- plan: p\n  title: t\n  role: ue\n  message: bri\n  layers: [ipv6, rh3]\n"),
  Mistake(
    "spare without a reason", "t.yaml:6:27", "the reason why",
    "- plan: p\n  title: t\n  role: ue\n  message: bri\n  layers: [ipv6]\n  spares: { ipv6.source:  '' }\n"),
]

@Suite struct SuiteErrorTests {
  @Test(arguments: fileMistakes + entryMistakes) func mistake(_ mistake: Mistake) {
    let found = errors(mistake.text)
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix(mistake.place + ": ") == true, "\(found)")
    #expect(found.first?.contains(mistake.message) == true, "\(found)")
  }

  @Test func everyMistakeIsTold() {
    let found = errors("- rule: a\n  when: { mesage: bri }\n  must: { R-2: { bri.p: 2 } }\n- text: x\n")
    #expect(found.map { $0.prefix { $0 != " " } } == ["t.yaml:2:11:", "t.yaml:3:11:", "t.yaml:4:3:"])
  }

  @Test func missingReferencesDangle() throws {
    let suite = try loaded(
      rule + "\n  presumes: [other]\n- equivalent: gone R-1 dropped\n  reason: r\n")
    #expect(
      suite.dangling.map(\.description) == [
        "t.yaml:5:14: unknown rule 'other'; there is bri-flags", "t.yaml:6:15: unknown rule 'gone'; there is bri-flags",
      ])
  }

  /// A suite has hundreds of ids: to list them all would help nobody.
  @Test func theNearestIdsAreNamed() throws {
    let others = ["zzzzzzzz", "abxyz1", "abcdef", "abcde"].map { "\n" + rule.replacing("bri-flags", with: $0) }.joined()
    let suite = try loaded(rule + "\n  presumes: [abc]" + others)
    #expect(suite.dangling.map(\.description) == ["t.yaml:5:14: unknown rule 'abc'; the nearest are abcde, abcdef, abxyz1"])
  }

  @Test func aliasBombEndsAtOnce() {
    var text = "- &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 { text += "- &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ") + "]\n" }
    let found = errors(text)
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("t.yaml:2:8: expected no aliases, found '*a0'") == true, "\(found)")
  }

  @Test func starsAndAmpersandsInTextAreNoAliases() throws {
    let suite = try loaded("- text: x\n  title: a*b & c, 2>&1, grep *.txt\n")
    #expect(suite.text("x")?.title == "a*b & c, 2>&1, grep *.txt")
  }

  @Test func errorsAreBounded() {
    #expect(errors(String(repeating: "- x\n", count: 100_000)).count == 1000)
  }

  @Test func sizesAreBounded() {
    let deep = "- " + String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
    #expect(errors(deep).first?.contains("expected at most 32 levels of nesting") == true)
    let veryDeep = "- " + String(repeating: "[", count: 20_000)
    #expect(errors(veryDeep).first?.contains("this is not YAML") == true)
    let large = String(repeating: "- text: a\n", count: 500_000)
    #expect(errors(large) == ["t.yaml:1:1: expected at most 4 MiB, found 5000000 octets"])
    let wide = "[" + String(repeating: "a,", count: 500_001) + "]"
    #expect(errors(wide).first?.contains("expected at most 500000 values") == true)
  }
}
