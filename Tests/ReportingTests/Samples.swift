import Foundation
import Judging
import Wire

@testable import Reporting

/// Verdicts, as a judge would write them, with one case of every kind.
private let verdictsText = """
  {
    "role": "ha", "profile": "rfc5846", "suite": "5d",
    "cases": [
      { "case": "TP_HA_NID_BV_01", "title": "The HA revokes", "clause": "5.4.3.1", "verdict": "pass", "homes": ["2001:db8:a::1"],
        "attempt": 1, "begin": 1000000000, "end": 1500000000, "assertions": [
          { "requirement": "24303-5.4.3.1-03c", "rule": "bri-flags", "level": "shall", "verdict": "pass", "reached": 1 } ] },
      { "case": "TP_HA_NID_BV_02", "title": "The HA pads", "clause": "5.4.3.1", "verdict": "pass", "homes": ["2001:db8:a::2"],
        "attempt": 1, "begin": 1000000000, "end": 3000000000, "assertions": [
          { "requirement": "BR01-7.1-02", "rule": "bri-spacing", "level": "should", "verdict": "warning", "reached": 1 } ] },
      { "case": "TP_HA_NID_BV_03", "title": "The HA clears <P> & G", "clause": "5.4.3.1", "verdict": "fail", "homes": ["2001:db8:a::3"],
        "attempt": 1, "begin": 1000000000, "end": 1250000000, "assertions": [
          { "requirement": "24303-5.4.3.1-03b", "rule": "bri-flags", "level": "shall", "verdict": "fail", "reached": 2 },
          { "requirement": "24303-5.4.3.1-03c", "rule": "bri-flags", "level": "shall", "verdict": "pass", "reached": 2 } ] },
      { "case": "TP_HA_UID_BV_01", "title": "The HA acknowledges a detach", "clause": "5.4.3.2", "verdict":
        "inconclusive", "reason": "24303-5.4.3.2-01 was never reached (rule deregistration)", "homes": ["2001:db8:a::4"],
        "attempt": 1, "begin": 1000000000, "end": 6000000000, "assertions": [
          { "requirement": "24303-5.4.3.2-01", "rule": "deregistration", "level": "shall", "verdict": "inconclusive", "reached": 0 } ] },
      { "case": "TP_HA_UID_BV_02", "title": "The HA forgets", "clause": "5.4.3.2", "verdict": "error", "reason": "hook revoke: exit 1\\u001b[2J",
        "homes": ["2001:db8:a::5"], "attempt": 1, "begin": 1000000000, "end": 1000000000, "assertions": [] },
      { "case": "TP_HA_RACE_BV_01", "title": "Two bindings #2", "clause": "5.4.3.1", "verdict": "not-applicable",
        "reason": "several-home-addresses: no", "homes": [], "attempt": 0, "begin": 1000000000, "end": 1000000000, "assertions": [] }
    ],
    "findings": [
      { "requirement": "24303-5.4.3.1-03b", "clause": "5.4.3.1", "document": "TS 24.303", "level": "shall", "rule": "bri-flags",
        "verdict": "fail", "role": "ha", "case": "TP_HA_NID_BV_03", "home-agent": "2001:db8::1", "home-address": "2001:db8:a::3",
        "field": "bri.p", "wireshark": "mip6.bri_ip", "expected": "0", "seen": "1", "frame": 17, "trigger": 17, "time": 1100000000,
        "count": 2 },
      { "requirement": "BR01-7.1-02", "clause": "7.1", "document": "draft-01", "level": "should", "rule": "bri-spacing",
        "verdict": "warning", "role": "ha", "case": "TP_HA_NID_BV_02", "home-agent": "2001:db8::1", "home-address": "2001:db8:a::2",
        "label": "early", "expected": "nothing", "seen": "a Binding Revocation Indication with sequence 300 (0x12c)",
        "frame": 21, "trigger": 20, "time": 1200000000, "count": 1 },
      { "requirement": "24303-5.4.3.1-14", "clause": "5.4.3.1", "document": "TS 24.303", "level": "shall", "rule": "race",
        "verdict": "fail", "role": "ha", "case": "TP_HA_NID_BV_01", "home-agent": "2001:db8::1", "home-address": "2001:db8:a::1", "label": "nothing",
        "expected": "acknowledged", "seen": "nothing within 5 s", "frame": 0, "trigger": 12, "time": 1300000000, "count": 1 },
      { "requirement": "24303-5.4.3.1-10", "clause": "5.4.3.1", "document": "TS 24.303", "level": "shall", "rule": "kept",
        "verdict": "inconclusive", "role": "ha", "home-agent": "2001:db8::1", "home-address": "2001:db8:a::6", "expected": "a BA",
        "seen": "nothing yet", "frame": 0, "trigger": 40, "time": 1400000000, "count": 1, "reason": "the capture ends before the window does" }
    ],
    "requirements": [
      { "requirement": "24303-5.4.3.1-03b", "verdict": "fail", "passed": 1, "broken": 2, "inconclusive": 0 },
      { "requirement": "24303-5.4.3.1-03c", "verdict": "pass", "passed": 3, "broken": 0, "inconclusive": 0 },
      { "requirement": "24303-5.4.3.1-10", "verdict": "inconclusive", "passed": 0, "broken": 0, "inconclusive": 1 },
      { "requirement": "24303-5.4.3.1-14", "verdict": "fail", "passed": 0, "broken": 1, "inconclusive": 0 },
      { "requirement": "24303-5.4.3.2-01", "verdict": "inconclusive", "passed": 0, "broken": 0, "inconclusive": 0 },
      { "requirement": "BR01-7.1-02", "verdict": "warning", "passed": 0, "broken": 1, "inconclusive": 0 }
    ]
  }
  """

enum Sample {
  static func verdicts() throws -> Verdicts { try JSONDecoder().decode(Verdicts.self, from: Data(verdictsText.utf8)) }

  /// Only the cases that are named, and what was found of them.
  static func verdicts(only cases: Set<String>) throws -> Verdicts {
    var verdicts = try verdicts()
    verdicts.cases.removeAll { !cases.contains($0.testCase) }
    verdicts.findings.removeAll { !cases.contains($0.testCase ?? "") }
    return verdicts
  }

  /// As `check` has them of a capture of others.
  static func foreign() throws -> Verdicts {
    var verdicts = try verdicts()
    verdicts.role = nil
    verdicts.cases = []
    for index in verdicts.findings.indices { verdicts.findings[index].testCase = nil }
    return verdicts
  }

  /// The same under another profile, in which the pass is a fail for want of a bit.
  static func alternative() throws -> Verdicts {
    var verdicts = try verdicts(only: ["TP_HA_NID_BV_01"])
    verdicts.profile = "ts24303-0.4.1"
    verdicts.cases[0].verdict = .fail
    verdicts.cases[0].assertions[0].verdict = .fail
    var finding = try Self.verdicts().findings[0]
    finding.requirement = "24303-5.4.3.1-03a"
    finding.testCase = "TP_HA_NID_BV_01"
    finding.rule = "bri-flags"
    finding.field = "bri.a"
    finding.wireshark = nil
    finding.expected = "1"
    finding.seen = "absent"
    verdicts.cases[0].assertions[0].requirement = finding.requirement
    verdicts.findings = [finding]
    return verdicts
  }

  static func run(_ verdicts: Verdicts, alternatives: [Verdicts] = [], testerErrors: [String] = []) -> RunReport {
    RunReport(
      capture: "run-ha-rfc5846.pcapng",
      statistics: RunReport.Statistics(
        frames: 4711, mobilityHeaders: 320, drops: 0, duration: .milliseconds(12_345), testerErrors: testerErrors),
      verdicts: verdicts, alternatives: alternatives)
  }

  static func report(
    _ runs: [RunReport], known: [KnownFailing.Entry] = [], baseline: Report? = nil, callers: [ExitStatus] = []
  ) -> Report {
    Report(
      version: "1.0", command: "run", arguments: ["--role", "ha"], started: Date(timeIntervalSince1970: 1_700_000_000),
      finished: Date(timeIntervalSince1970: 1_700_000_012), suite: "5d", runs: runs, known: KnownFailing(known), baseline: baseline,
      callers: callers)
  }

  static func full() throws -> Report { report([run(try verdicts(), alternatives: [try alternative()])]) }

  private static let here = Location(file: "suite.yaml", line: 3, column: 1)

  /// A suite of a few entries; what they say is that of TS 24.303 5.4.3.1 and RFC 5846.
  static func suite() throws -> Suite {
    var suite = Suite()
    suite.texts = [
      Text(id: "ts24303-0.4.1", title: "TS 24.303 v0.4.1", durations: ["init-min-delay-bris": .seconds(1)], numbers: [:], location: here),
      Text(id: "rfc5846", title: "TS 24.303 Rel-17", durations: [:], numbers: ["bri-max-retries": 1], location: here),
    ]
    suite.profiles = [Profile(id: "rfc5846", dialect: .rfc5846, text: "rfc5846", location: here)]
    func requirement(_ id: String, _ levels: [String: Level], _ level: Level, _ paraphrase: String) -> Requirement {
      Requirement(
        id: id, document: "TS 24.303", clause: "5.4.3.1", roles: [.ha], levels: levels, level: level, paraphrase: paraphrase,
        decided: id.hasSuffix("03b") ? "direct" : "", location: here)
    }
    suite.requirements = [
      requirement("24303-5.4.3.1-03a", ["ts24303-0.4.1": .shall], .absent, "The HA sets the A bit."),
      requirement("24303-5.4.3.1-03b", [:], .shall, "The HA clears the P bit."),
      requirement("24303-5.4.3.1-14", [:], .shall, "The HA acknowledges a detach that crosses its revocation."),
    ]
    let flags = Must(
      requirement: "24303-5.4.3.1-03b", tests: [FieldTest(.field(.briP), .oneOf([0...0]))], location: here)
    let acknowledged = Reaction(
      label: "acknowledged",
      match: .message(MessageTemplate(.ba, from: .ha, [FieldTest(.field(.baSequence), .same(.buSequence))])), verdict: .pass,
      requirement: "24303-5.4.3.1-14", location: here)
    let silence = Reaction(label: "nothing", match: .silence, verdict: .fail, requirement: "24303-5.4.3.1-14", location: here)
    let otherwise = Reaction(label: "otherwise", match: .otherwise, verdict: .fail, requirement: "24303-5.4.3.1-14", location: here)
    suite.rules = [
      Rule(id: "bri-flags", when: .message(MessageTemplate(.bri, from: .ha, [])), musts: [flags], location: here),
      Rule(
        id: "race", when: .message(MessageTemplate(.bu, from: .ue, [FieldTest(.field(.buLifetime), .oneOf([0...0]))])),
        while: [StateCondition(.binding, ["revoking"]), StateCondition(.shown, ["forwarding"])],
        sequels: [
          Sequel(form: .reactions, reactions: [acknowledged, silence, otherwise], window: .named("guard-time"), grace: nil, location: here)
        ],
        presumes: ["bri-flags"], why: "A BU that crosses the BRI must not be lost.", location: here),
    ]
    suite.probes = [
      Probe(
        id: "forwarding", role: .ha, strength: "strong", needs: ["home"], stimulus: "echo-to-home", window: .named("probe-time"),
        sideEffects: "none", location: here)
    ]
    var needs = Case.Needs()
    needs.hooks = ["revoke"]
    let lifetime = (path: FieldPath.buLifetime, value: StepValue.number(0))
    suite.cases = [
      Case(
        id: "TP_HA_RACE_BV_01", title: "A detach crosses the revocation", clause: "5.4.3.1", role: .ha, needs: needs,
        steps: [
          .register(home: 0), .probe("forwarding", home: 0), .hook("revoke", home: 0),
          .await(MessageTemplate(.bri, from: nil, []), within: .named("trigger-time"), home: 0, isOptional: false),
          .send(Stimulus(kind: .bu, values: [lifetime], location: here)), .withhold("updates", home: 0), .wait(.fixed(.seconds(5))),
        ],
        exercises: ["race", "bri-flags"], why: "Both sides detach at once.", location: here)
    ]
    suite.expectations = [
      Expectation(defect: "bri-p-bit-set", role: .ha, byProfile: [:], blames: ["24303-5.4.3.1-03b"], location: here)
    ]
    return suite
  }
}
