import Judging
import Testing
import Wire

@testable import Reporting

@Suite struct TextReportTests {
  @Test func everyVerdictHasItsLineAndItsProof() throws {
    let text = TextReport(try Sample.suite(), TextStyle(width: 80)).text(try Sample.full(), folder: "out")
    #expect(
      text == """
        HA as the device, profile rfc5846, run-ha-rfc5846.pcapng
        PASS             TP_HA_NID_BV_01  5.4.3.1  The HA revokes [rfc5846]
            pass under rfc5846, fail under ts24303-0.4.1: 24303-5.4.3.1-03a: field bri.a: expected 1, seen absent
        PASS (warnings)  TP_HA_NID_BV_02  5.4.3.1  The HA pads [rfc5846]
            warning: BR01-7.1-02, should, draft-01 7.1, rule bri-spacing, reaction 'early'
              expected nothing, seen a Binding Revocation Indication with sequence 300 (0x12c)
              frame 21 of run-ha-rfc5846.pcapng (set off by frame 20), home address 2001:db8:a::2
        FAIL             TP_HA_NID_BV_03  5.4.3.1  The HA clears <P> & G [rfc5846]
            fail: The HA clears the P bit.
              24303-5.4.3.1-03b, shall, TS 24.303 5.4.3.1, rule bri-flags
              field bri.p [mip6.bri_ip]: expected 0, seen 1
              frame 17 of run-ha-rfc5846.pcapng, home address 2001:db8:a::3, 2 times
        INCONCLUSIVE     TP_HA_UID_BV_01  5.4.3.2  The HA acknowledges a detach [rfc5846]
            24303-5.4.3.2-01 was never reached (rule deregistration)
        ERROR            TP_HA_UID_BV_02  5.4.3.2  The HA forgets [rfc5846]
            hook revoke: exit 1\\x1b[2J
        n/a              TP_HA_RACE_BV_01  5.4.3.1  Two bindings #2 [rfc5846]
            several-home-addresses: no
        Outside of the cases, by requirement:
        FAIL             24303-5.4.3.1-14  5.4.3.1 [rfc5846]
            fail: The HA acknowledges a detach that crosses its revocation.
              24303-5.4.3.1-14, shall, TS 24.303 5.4.3.1, rule race, reaction 'nothing'
              expected acknowledged, seen nothing within 5 s
              no frame came; set off by frame 12 of run-ha-rfc5846.pcapng, home address 2001:db8:a::1

        6 cases: 2 pass (1 with warnings), 1 fail, 1 inconclusive, 1 error, 1 not applicable
        outside of the cases: 1 fail, 0 warnings
        6 requirements: 4 reached, 3 of them broken, 2 never reached
        never reached: 24303-5.4.3.1-10, 24303-5.4.3.2-01
        4711 frames, 320 with a Mobility Header, 0 lost, 12.345 s of capture
        report folder: out
        exit status 2: the tester itself failed

        """)
  }

  @Test func aCaptureOfOthersIsListedByRequirement() throws {
    let report = Sample.report([Sample.run(try Sample.foreign())])
    let lines = TextReport(try Sample.suite()).text(report).split(separator: "\n").map(String.init)
    #expect(lines[0] == "HA and UE, profile rfc5846, run-ha-rfc5846.pcapng")
    #expect(lines[1] == "FAIL             24303-5.4.3.1-03b  5.4.3.1 [rfc5846]")
    #expect(lines.contains("INCONCLUSIVE     24303-5.4.3.1-10  5.4.3.1 [rfc5846]"))
    #expect(lines.contains("      the capture ends before the window does"))
    #expect(lines.contains("PASS (warnings)  BR01-7.1-02  7.1 [rfc5846]"))
    #expect(lines.count { $0.contains("ends before the window") } == 1)
    // Held or never seen at all: counted, not listed.
    #expect(!lines.contains { $0.contains("24303-5.4.3.1-03c  ") || $0.contains("24303-5.4.3.2-01  ") })
    #expect(lines.contains("6 requirements: 1 held, 3 broken, 2 never decided"))
    #expect(report.exitStatus == .fail)
  }

  @Test func knownStaleAndDriftAreSaid() throws {
    let before = Sample.report([Sample.run(try Sample.verdicts(only: ["TP_HA_NID_BV_01"]))])
    var now = try Sample.verdicts(only: ["TP_HA_NID_BV_01", "TP_HA_NID_BV_03"])
    now.cases[0].verdict = .inconclusive
    now.cases[0].assertions[0].verdict = .inconclusive
    let report = Sample.report(
      [Sample.run(now)],
      known: [
        .init(testCase: "TP_HA_NID_BV_03", verdict: .fail, reason: "bug 7"),
        .init(testCase: "TP_HA_NID_BV_01", requirement: "24303-5.4.3.1-14", verdict: .fail, reason: "bug 8"),
      ], baseline: before)
    let text = TextReport(try Sample.suite()).text(report)
    #expect(text.contains("FAIL             TP_HA_NID_BV_03  5.4.3.1  The HA clears <P> & G [rfc5846]  (known: bug 7)\n"))
    #expect(text.contains("drift: ha rfc5846 TP_HA_NID_BV_01 was pass, is inconclusive\n"))
    #expect(text.contains("drift: ha rfc5846 TP_HA_NID_BV_03 was not in the baseline, is fail\n"))
    #expect(!text.contains("as listed"), "the fail outside of the case holds the second entry")
  }

  @Test func aCaseThatEndedIsToldAtOnce() throws {
    let verdicts = try Sample.verdicts()
    let known = KnownFailing([
      .init(testCase: "TP_HA_NID_BV_03", verdict: .fail, reason: "bug 7"),
      .init(testCase: "TP_HA_NID_BV_01", verdict: .fail, reason: "bug 8"),
    ])
    var live = LiveText(TextReport(try Sample.suite(), TextStyle(isColoured: true)), capture: nil, known: known)
    let text = live.text(verdicts.cases[2], in: verdicts)
    #expect(
      text.hasPrefix(
        "\u{1b}[1mHA as the device, profile rfc5846\u{1b}[0m\n"
          + "\u{1b}[31mFAIL           \u{1b}[0m  TP_HA_NID_BV_03  5.4.3.1  The HA clears <P> & G [rfc5846]  (known: bug 7)\n    fail: The HA"
      ))
    #expect(text.hasSuffix("      frame 17, home address 2001:db8:a::3, 2 times\n"))
    // Whether the other entry holds no more, the next run may tell.
    #expect(
      live.text(verdicts.cases[0], in: verdicts)
        == "\u{1b}[32mPASS           \u{1b}[0m  TP_HA_NID_BV_01  5.4.3.1  The HA revokes [rfc5846]\n")
  }

  /// Told piece by piece, a run is told as it is as a whole; what another profile thinks of a case is known too late to stand below it.
  @Test func thePiecesAreTheReport() throws {
    let suite = TextReport(try Sample.suite(), TextStyle(width: 80))
    let verdicts = try Sample.verdicts()
    let run = Sample.run(verdicts, testerErrors: ["it sent a BU twice"])
    var live = LiveText(suite, capture: "run-ha-rfc5846.pcapng")
    let told = verdicts.cases.dropLast().map { live.text($0, in: verdicts) }.joined()
    let report = Sample.report([run])
    #expect(told + live.rest(of: run) + suite.summary(report, folder: "out") == suite.text(report, folder: "out"))
    let nothing = LiveText(suite, capture: "run-ha-rfc5846.pcapng").rest(of: run)
    #expect(nothing + suite.summary(report) == suite.text(report))

    let judgedTwice = live.rest(of: Sample.run(verdicts, alternatives: [try Sample.alternative()]))
    #expect(
      judgedTwice.contains(
        """
        Under the further profiles:
            TP_HA_NID_BV_01: pass under rfc5846, fail under ts24303-0.4.1: 24303-5.4.3.1-03a: field bri.a: expected 1, seen absent

        """))
  }

  @Test func coloursAreForTerminalsAlone() {
    // Descriptors of a test are no terminals.
    #expect(!TextStyle.of(descriptor: -1, environment: [:]).isColoured)
    #expect(TextStyle().paint("x", .red) == "x")
    #expect(TextStyle(isColoured: true).paint("x", .red) == "\u{1b}[31mx\u{1b}[0m")
  }

  @Test func progressFitsInOneLine() {
    #expect(
      ProgressLine.text(done: 3, total: 18, running: ["TP_A", "TP_B"], elapsed: .milliseconds(12_900), width: 80)
        == "3/18 cases, 12 s, running TP_A, TP_B")
    let narrow = ProgressLine.text(done: 3, total: 18, running: ["TP_A", "TP_B"], elapsed: .zero, width: 20)
    #expect(narrow == "3/18 cases, 0 s, r…")
  }

  @Test func controlCharactersAreWrittenOut() {
    #expect(printable("a\u{1b}[31m\u{0}\n\u{9b}é") == "a\\x1b[31m\\x00\\x0a\\x9bé")
  }
}
