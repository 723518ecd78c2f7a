import Foundation
import Testing

/// What a run over a simulated link gives: verdicts, exit statuses, the report folder.
@Suite struct VerdictTests {
  private func run(_ role: String, _ arguments: String..., in folder: Scratch) async throws -> Ended {
    try await Program.run(["run", "--simulate", "--role", role, "--profile", "rfc5846", "--format", "json"] + arguments, in: folder)
  }

  @Test func cleanNodesPassInBothRolesAndProfiles() async throws {
    let folder = try Scratch()
    let ended = try await Program.run("run", "--simulate", "--format", "json", "--report", "report", in: folder)
    #expect(ended.status == 0, "\(ended.errors)")
    let report = try ReportFile(ended.output)
    #expect(report.exitStatus == 0)
    #expect(
      Set(report.runs.map { "\($0.role ?? "") \($0.profile)" }) == ["ha ts24303-0.4.1", "ha rfc5846", "ue ts24303-0.4.1", "ue rfc5846"])
    for run in report.runs {
      #expect(!run.verdicts.cases.isEmpty)
      for testCase in run.verdicts.cases { #expect(["pass", "notApplicable", "not-applicable"].contains(testCase.verdict), "\(testCase)") }
    }
    #expect(report.blamed.isEmpty)
    #expect(folder.text("report/report.json") == ended.output)
    #expect(folder.text("report/junit.xml").hasPrefix("<?xml"))

    // What `check` makes of the captures is what the run said, word for word, and each cut gives its case's verdict.
    let captures = report.runs.map { "report/\($0.capture)" }
    let checked = try await Program.run(["check", "--format", "json"] + captures, in: folder)
    #expect(checked.status == 0, "\(checked.errors)")
    let before = try ReportFile.verdicts(ended.output)
    #expect(before.count == 4)
    #expect(try ReportFile.verdicts(checked.output) == before)
    let cuts = try ReportFile(try await Program.run("check", "--format", "json", "report/captures", in: folder).output)
    #expect(cuts.runs.count == report.runs.flatMap(\.verdicts.cases).count { $0.verdict == "pass" })
    for cut in cuts.runs {
      let name = String(((cut.capture as NSString).lastPathComponent as NSString).deletingPathExtension)
      #expect(cut.verdicts.cases.map(\.case) == [name])
      #expect(cut.verdicts.cases.map(\.verdict) == ["pass"], "\(cut.capture)")
    }
  }

  struct Flaw: Sendable, CustomTestStringConvertible {
    var role: String
    var defect: String
    /// The sentence that it breaks.
    var requirement: String
    var testDescription: String { defect }
  }

  // The sentences: TS 24.303 5.4.2.1, 5.4.3.1, 5.4.3.2; RFC 5846 6.1.2 and 10.2; RFC 6275 9.2 and 11.7.1.
  static let flaws = [
    Flaw(role: "ha", defect: "bri-p-bit-set", requirement: "24303-5.4.3.1-03b"),
    Flaw(role: "ha", defect: "bri-trigger-wrong@second", requirement: "24303-5.4.3.1-04"),
    Flaw(role: "ha", defect: "bri-not-sent", requirement: "24303-5.4.3.1-01"),
    Flaw(role: "ha", defect: "ba-not-sent@race", requirement: "24303-5.4.3.1-14"),
    Flaw(role: "ha", defect: "binding-removed-before-bra", requirement: "24303-5.4.3.1-10"),
    Flaw(role: "ha", defect: "bad-checksum-accepted", requirement: "M-01a"),
    Flaw(role: "ue", defect: "bra-not-sent", requirement: "24303-5.4.2.1-02"),
    Flaw(role: "ue", defect: "bra-bad-status", requirement: "24303-5.4.2.1-03"),
    Flaw(role: "ue", defect: "bra-sequence-wrong", requirement: "BR01-6.1-03"),
    Flaw(role: "ue", defect: "bu-not-sent", requirement: "24303-5.4.2.2-01"),
    Flaw(role: "ue", defect: "bu-a-clear", requirement: "M-18b"),
  ]

  @Test(arguments: flaws) func aDefectIsBlamedOnItsSentenceAlone(flaw: Flaw) async throws {
    let folder = try Scratch()
    let ended = try await run(flaw.role, "--defect", flaw.defect, in: folder)
    #expect(ended.status == 1, "\(ended.errors)")
    let report = try ReportFile(ended.output)
    #expect(report.blamed == [flaw.requirement])
    #expect(report.runs.flatMap(\.verdicts.cases).contains { $0.verdict == "fail" })
  }

  @Test func aFailureIsToldWithItsProof() async throws {
    let folder = try Scratch()
    let ended = try await Program.run(
      "run", "--simulate", "--security", "none", "--profile", "rfc5846", "--select", "TP_HA_NID_BV_01", "--defect", "bri-p-bit-set",
      in: folder)
    #expect(ended.status == 1)
    for part in [
      "FAIL             TP_HA_NID_BV_01", "24303-5.4.3.1-03b, shall, TS 24.303 5.4.3.1, rule bri-fields",
      "field bri.p [mip6.bri_ip]: expected 0, seen 1",
      "of run-ha-rfc5846.pcapng, home address 2001:db8:a::1000", "report folder: detachspec-report", "exit status 1: ",
    ] { #expect(ended.output.contains(part), "\(part)") }
    // The frame that is named is the BRI.
    let report = try ReportFile(folder.text("detachspec-report/report.json"))
    let frame = try #require(report.runs.first?.verdicts.findings.first?.frame)
    let dissected = try await Program.run("decode", "detachspec-report/run-ha-rfc5846.pcapng", in: folder).output
    let section = dissected.split(separator: "\nframe ").first { $0.hasPrefix("\(frame), ") }
    #expect(section?.contains("\nbri (rfc5846) at ") == true, "\(section ?? "")")
    #expect(folder.names.contains("detachspec-report/captures/ha-rfc5846/TP_HA_NID_BV_01.pcapng"))
  }

  /// Through a pipe too; and a reader that has seen enough does not end the run.
  @Test func eachCaseIsToldWhileTheRunGoesOn() async throws {
    let folder = try Scratch()
    let script = """
      "$0" run --simulate --role ue --report report | {
        read -r heading; read -r line
        test -e report/report.json && echo late
        echo "$heading"; echo "$line"
      }
      """
    let ended = try await Program.run(words: ["sh", "-c", script, Program.path], in: folder)
    let lines = ended.output.split(separator: "\n")
    #expect(lines.first?.hasPrefix("UE as the device, profile ts24303-0.4.1") == true, "\(ended.testDescription)")
    #expect(lines.count == 2 && lines.last?.contains("TP_UE_") == true, "\(ended.testDescription)")
    #expect(try ReportFile(folder.text("report/report.json")).exitStatus == 0)
    #expect(ended.errors.isEmpty)
  }

  /// Every case stands once below the heading of its run.
  @Test func theTextHasEveryCaseOnce() async throws {
    let folder = try Scratch()
    let ended = try await Program.run("run", "--simulate", "--defect", "bra-bad-status", in: folder)
    #expect(ended.status == 1)
    let report = try ReportFile(folder.text("detachspec-report/report.json"))
    let sections = ended.output.split(separator: "UE as the device, profile ").map { $0.split(separator: "\n") }
    #expect(sections.count == report.runs.count && sections.count == 2)
    for (section, run) in zip(sections, report.runs) {
      #expect(section.first == "\(run.profile), \(run.capture)")
      for testCase in run.verdicts.cases { #expect(section.count { $0.contains("  \(testCase.case)  ") } == 1, "\(testCase.case)") }
    }
  }

  @Test func aShouldIsAWarningAndEndsZero() async throws {
    let ended = try await run("ha", "--security", "none", "--defect", "bri-after-ba", in: Scratch())
    #expect(ended.status == 0, "\(ended.errors)")
    let findings = try ReportFile(ended.output).runs.flatMap(\.verdicts.findings)
    #expect(!findings.isEmpty)
    for finding in findings where finding.verdict != "note" {
      #expect(finding.requirement == "24303-5.4.3.1-11")
      #expect(finding.verdict == "warning")
    }
  }

  @Test func nothingApplicableIsThree() async throws {
    let folder = try Scratch()
    let ended = try await run("ha", "--select", "TP_UE_NID_BV_01", in: folder)
    #expect(ended.status == 3, "\(ended.errors)")
    #expect(try ReportFile(ended.output).exitStatus == 3)
  }

  @Test func knownFailuresAreExcusedUntilTheyHoldNoMore() async throws {
    let folder = try Scratch()
    try folder.write(
      "known.yaml", "- { case: TP_HA_NID_BV_01, requirement: 24303-5.4.3.1-03b, verdict: fail, reason: firmware 1.2 sets it }\n")
    let known = ["--select", "TP_HA_NID_BV_01", "--known-failing", "known.yaml"]
    let base = ["run", "--simulate", "--role", "ha", "--profile", "rfc5846"]
    let listed = try await Program.run(base + known + ["--defect", "bri-p-bit-set"], in: folder)
    #expect(listed.status == 0, "\(listed.testDescription)")
    #expect(listed.output.contains("(known: firmware 1.2 sets it)"))
    let other = try await Program.run(base + known + ["--defect", "bri-g-bit-set"], in: folder)
    #expect(other.status == 1, "a failure that is not listed counts more than a listed one that holds no more")
    let stale = try await Program.run(base + known, in: folder)
    #expect(stale.status == 4, "\(stale.testDescription)")
    #expect(stale.output.contains("no longer holds"))
  }

  @Test func driftFromABaselineIsFour() async throws {
    let folder = try Scratch()
    let base = ["run", "--simulate", "--role", "ha", "--profile", "rfc5846", "--select", "TP_HA_NID_BV_01", "--format", "json"]
    #expect(try await Program.run(base + ["--report", "old"], in: folder).status == 0)
    let same = try await Program.run(base + ["--report", "new", "--baseline", "old/report.json"], in: folder)
    #expect(same.status == 0)
    #expect(try ReportFile(same.output).drift.isEmpty)
    #expect(try await Program.run(base + ["--report", "bad", "--defect", "bri-p-bit-set"], in: folder).status == 1)
    let drifted = try await Program.run(base + ["--report", "new", "--baseline", "bad/report.json"], in: folder)
    #expect(drifted.status == 4)
    #expect(try !ReportFile(drifted.output).drift.isEmpty)
  }

  @Test func twoRunsGiveTheSameVerdicts() async throws {
    let folder = try Scratch()
    var verdicts: [[String: String]] = []
    for name in ["one", "two"] {
      let ended = try await run("ha", "--report", name, "--defect", "ba-sequence-wrong", in: folder)
      #expect(ended.status == 1)
      verdicts.append(try ReportFile.verdicts(ended.output))
    }
    #expect(!verdicts[0].isEmpty)
    #expect(verdicts[0] == verdicts[1])
    let captures = ["one", "two"].map { FileManager.default.contents(atPath: folder / "\($0)/run-ha-rfc5846.pcapng") }
    #expect(captures[0] == captures[1])
  }

  @Test func aSecondTextStandsBesideAndChangesNothing() async throws {
    let ended = try await run("ha", "--select", "TP_HA_NID_BV_01", "--profile", "ts24303-0.4.1", in: Scratch())
    #expect(ended.status == 0, "\(ended.testDescription)")
    #expect(try ReportFile(ended.output).runs.map(\.profile) == ["rfc5846"])
  }

  @Test func anInterruptedRunIsStillReported() async throws {
    let folder = try Scratch()
    // A process of its own watches for the first capture: the threads of this one are busy with other tests for longer than such a run takes.
    let script = """
      "$0" run --simulate --format json --report report &
      until ls report/*.pcapng; do kill -0 $! || break; sleep 0.01; done >/dev/null 2>&1
      kill -INT $!
      wait $!
      """
    let ended = try await Program.run(words: ["sh", "-c", script, Program.path], in: folder)
    #expect(ended.status == 130, "\(ended.testDescription)")
    let report = try ReportFile(ended.output)
    #expect(report.exitStatus == 130)
    #expect(!report.runs.isEmpty)
    #expect(folder.text("report/report.json") == ended.output)
    #expect(folder.text("report/junit.xml").hasSuffix("</testsuites>\n"))
  }

  @Test func tapCountsTheCases() async throws {
    let folder = try Scratch()
    let ended = try await Program.run(
      "run", "--simulate", "--role", "ha", "--profile", "rfc5846", "--select", "5.4.3.2", "--format", "tap", in: folder)
    #expect(ended.status == 0)
    let lines = ended.output.split(separator: "\n")
    #expect(lines.first == "TAP version 14")
    let count = lines.count { $0.hasPrefix("ok ") }
    #expect(count > 0)
    #expect(lines.contains("1..\(count)"))
    #expect(!lines.contains { $0.hasPrefix("not ok") })
  }
}
