import Foundation
import Testing

/// The main job over real packets.
@Suite(.enabled(if: Laboratory.isThere, Laboratory.reason)) struct LiveRunTests {
  private static let revocation = [
    "run", "--role", "ha", "--profile", "rfc5846", "--select", "TP_HA_NID_BV_01", "--format", "json", "--report", "report",
  ]

  @Test func aCleanNodePasses() async throws {
    let folder = try Scratch()
    let ended = try await Program.run("run", "--role", "ue", "--profile", "rfc5846", "--select", "5.4.2.1", "--format", "json", in: folder)
    #expect(ended.status == 0, "\(ended.testDescription)")
    let cases = try ReportFile(ended.output).runs.flatMap(\.verdicts.cases)
    #expect(cases.contains { $0.case == "TP_UE_NID_BV_01" && $0.verdict == "pass" })
    // What `check` says of real packets is what the run said.
    let checked = try await Program.run("check", "detachspec-report/run-ue-rfc5846.pcapng", "--format", "json", in: folder)
    #expect(try ReportFile.verdicts(checked.output) == ReportFile.verdicts(ended.output))
  }

  @Test func aDefectIsNamed() async throws {
    let folder = try Scratch()
    let ended = try await Program.run(Self.revocation + ["--defect", "bri-p-bit-set"], in: folder)
    #expect(ended.status == 1, "\(ended.testDescription)")
    let report = try ReportFile(ended.output)
    #expect(report.blamed == ["24303-5.4.3.1-03b"])
    let finding = try #require(report.runs.first?.verdicts.findings.first)
    #expect(finding.field == "bri.p" && finding.expected == "0" && finding.seen == "1")
  }

  @Test func anInterruptedRunIsStillReported() async throws {
    let folder = try Scratch()
    let child = try Child([Program.path, "run", "--format", "json", "--report", "report"], in: folder)
    #expect(try await eventually { child.hasEnded || folder.names.contains { $0.hasSuffix(".pcapng") } })
    child.send(SIGINT)
    let ended = try await child.end(within: .seconds(60))
    #expect(ended.status == 130, "\(ended.testDescription)")
    #expect(try ReportFile(ended.output).exitStatus == 130)
    #expect(folder.text("report/report.json") == ended.output)
  }

  /// Node processes, namespaces and control sockets go with the process that made them, however it ends.
  @Test(arguments: [SIGKILL, SIGTERM]) func nothingIsLeftOfARunThatIsKilled(signal: Int32) async throws {
    let folder = try Scratch()
    try folder.write("tmp/keep", "")
    let child = try Child([Program.path, "run", "--role", "ha", "--report", "report"], environment: ["TMPDIR": folder / "tmp"], in: folder)
    // The node's control socket lies in a folder below $TMPDIR, so that its command line names it.
    #expect(try await eventually { child.hasEnded || folder.names.contains { $0.hasSuffix(".pcapng") } })
    #expect(!Laboratory.processes(with: folder / "tmp").isEmpty)
    child.send(signal)
    _ = try await child.end(within: .seconds(60))
    #expect(try await eventually(within: .seconds(10)) { Laboratory.processes(with: folder / "tmp").isEmpty })
    #expect(try await eventually(within: .seconds(10)) { folder.names.filter { $0.hasPrefix("tmp/") } == ["tmp/keep"] }, "\(folder.names)")
  }

  @Test(.enabled(if: Laboratory.isRoot, "only root can become another user"))
  func anOrdinaryUserCanRunIt() async throws {
    let folder = try Scratch()
    // The build folder may be closed to others. Another process copies it, as no process started meanwhile may hold the copy open for writing.
    _ = try await Program.run(words: ["install", "-m", "755", Program.path, folder / "detachspec"], in: folder)
    chmod(folder.path, 0o777)
    let ended = try await Program.run(
      words: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", folder / "detachspec"] + Self.revocation, in: folder)
    withKnownIssue("this kernel lets no ordinary user make namespaces", isIntermittent: true) {
      #expect(ended.status != 77)
    } when: {
      ended.status == 77
    }
    if ended.status != 77 { #expect(ended.status == 0, "\(ended.testDescription)") }
  }
}
