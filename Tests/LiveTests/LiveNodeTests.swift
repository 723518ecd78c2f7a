import Foundation
import Testing

/// A reference node as a device of somebody's own, and the laboratory as a place for it.
@Suite(.enabled(if: Laboratory.isThere, Laboratory.reason)) struct LiveNodeTests {
  @Test func theLaboratoryHasTwoLinks() async throws {
    let ended = try await Program.run("lab", "--", "ip", "-br", "link", in: Scratch())
    #expect(ended.status == 0, "\(ended.testDescription)")
    let names = ended.output.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
    #expect(Set(names.filter { $0 != "lo" }) == ["access0@dev-access0", "dev-access0@access0", "home0@dev-home0", "dev-home0@home0"])
  }

  @Test func theCommandsStatusIsTheLaboratorys() async throws {
    #expect(try await Program.run("lab", "--", "sh", "-c", "exit 7", in: Scratch()).status == 7)
    expectRefusal(try await Program.run("lab", "--", "no-such-command", in: Scratch()), 64, "no-such-command cannot be run")
  }

  @Test func aNodeTakesControlLines() async throws {
    let folder = try Scratch()
    try folder.write("ask", Laboratory.ask)
    let ended = try await Laboratory.run(
      """
      "$DETACHSPEC" node ue --interface dev-access0 --control control >ready &
      ready ready
      for line in 'state 2001:db8:a::1000' 'state 2001:db8:c::1' 'revoke 2001:db8:a::1000' quit; do
        python3 ask control $line || true
      done
      wait $!
      [ ! -e control ]
      """, in: folder)
    #expect(ended.status == 0, "\(ended.testDescription)")
    let answers = ended.output.split(separator: "\n")
    #expect(answers.count == 4)
    #expect(answers.first?.hasPrefix("ok unbound") == true || answers.first == "ok none", "\(answers)")
    #expect(answers.dropFirst().first?.hasPrefix("error 2001:db8:c::1: ") == true)
    #expect(answers.dropFirst(2).first?.hasPrefix("error ") == true)
    #expect(answers.last == "ok")
    #expect(folder.text("ready") == "ready\n")
  }

  /// The description and the hook that README.md shows.
  private static let device = readme("```yaml")
  private static let hook = readme("```python")

  /// What stands in README.md behind a fence: the first that holds `word`.
  static func readme(_ fence: String, with word: String = "") -> String {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../README.md").standardizedFileURL
    let text = (try? String(contentsOf: path, encoding: .utf8)) ?? ""
    let blocks = text.components(separatedBy: "\(fence)\n").dropFirst().compactMap { $0.components(separatedBy: "```\n").first }
    return blocks.first { word.isEmpty || $0.contains(word) } ?? ""
  }

  private static let script = """
    "$DETACHSPEC" node ha --interface dev-access0 --interface dev-home0 --profile rfc5846 --control control $DEFECTS >ready &
    ready ready
    status=0
    "$DETACHSPEC" run DEVICE.yaml --select TP_HA_NID_BV_01 --select TP_HA_NID_BV_02 --select TP_HA_UID_BV_01 --format json || status=$?
    python3 ask control quit >/dev/null
    wait $!
    exit $status
    """

  private func judge(_ device: String, defects: String = "", in folder: Scratch) async throws -> Ended {
    try folder.write("ask", Laboratory.ask)
    try folder.write("revoke.py", Self.hook)
    try folder.write("DEVICE.yaml", device)
    return try await Laboratory.run("DEFECTS='\(defects)'\n" + Self.script, in: folder)
  }

  @Test func aDeviceOfOnesOwnPasses() async throws {
    let folder = try Scratch()
    let ended = try await judge(Self.device, in: folder)
    #expect(ended.status == 0, "\(ended.testDescription)")
    let cases = try ReportFile(ended.output).runs.flatMap(\.verdicts.cases)
    #expect(Set(cases.map(\.case)) == ["TP_HA_NID_BV_01", "TP_HA_NID_BV_02", "TP_HA_UID_BV_01"])
    #expect(cases.allSatisfy { $0.verdict == "pass" }, "\(cases)")
  }

  @Test func itsFaultIsNamed() async throws {
    let folder = try Scratch()
    let ended = try await judge(Self.device, defects: "--defect binding-kept-after-bra", in: folder)
    #expect(ended.status == 1, "\(ended.testDescription)")
    #expect(try ReportFile(ended.output).blamed == ["BR01-7.2-01"])
  }

  @Test func withoutAHookACaseIsInconclusiveWithTheReason() async throws {
    let folder = try Scratch()
    let hooks = try #require(Self.device.range(of: "hooks:"))
    let ended = try await judge(String(Self.device[..<hooks.lowerBound]), in: folder)
    #expect(ended.status == 3, "\(ended.testDescription)")
    let cases = try ReportFile(ended.output).runs.flatMap(\.verdicts.cases)
    let revocation = try #require(cases.first { $0.case == "TP_HA_NID_BV_01" })
    #expect(revocation.verdict == "inconclusive")
    #expect(revocation.reason?.contains("no hook to make the device revoke") == true, "\(revocation)")
    #expect(cases.first { $0.case == "TP_HA_UID_BV_01" }?.verdict == "pass")
  }

  @Test func aHookThatFailsIsTheReason() async throws {
    let folder = try Scratch()
    let ended = try await judge(Self.device.replacing("[python3, revoke.py]", with: "[sh, -c, 'echo no rights >&2; exit 3']"), in: folder)
    #expect(ended.status == 3, "\(ended.testDescription)")
    let revocation = try ReportFile(ended.output).runs.flatMap(\.verdicts.cases).first { $0.case == "TP_HA_NID_BV_01" }
    #expect(revocation?.verdict == "inconclusive")
    #expect(revocation?.reason?.contains("no rights") == true, "\(ended.output)")
  }

  private static let equipment = """
    role: ue
    profile: rfc5846
    interfaces: [{ name: access0, purpose: access }]
    device: { care-of: "2001:db8:b::2" }
    tester: { home-agent: "2001:db8:a::1" }
    home-addresses: { first: "2001:db8:a::1000", count: 2 }
    """

  @Test(arguments: [(device, "2001:db8:a::1"), (equipment, "2001:db8:b::2")])
  func aDeviceThatIsNotThereIsToldBeforeTheFirstCase(device: String, address: String) async throws {
    let folder = try Scratch()
    try folder.write("DEVICE.yaml", device)
    let ended = try await Laboratory.run("\"$DETACHSPEC\" run DEVICE.yaml", in: folder)
    expectRefusal(
      ended, 69, "the device at \(address) does not answer Neighbour Solicitations on the access link; check the interface")
    #expect(!folder.names.contains { $0.hasSuffix(".json") || $0.hasSuffix(".pcapng") }, "\(folder.names)")
  }
}
