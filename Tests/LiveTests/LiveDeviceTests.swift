import Foundation
import Testing

/// strongSwan as a device that somebody describes, by the example in `docs/strongswan`, and the road to a device.
@Suite(
  .serialized, .enabled(if: Laboratory.isThere, Laboratory.reason))
struct LiveDeviceTests {
  private static let example = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../docs/strongswan")
    .standardizedFileURL.path
  private static let needsStrongSwan: Comment = "strongSwan is not installed"

  /// Starts strongSwan and runs `script`; `sas` prints its IKE SAs.
  private static func run(_ script: String, in folder: Scratch) async throws -> Ended {
    try await Laboratory.run(
      """
      EXAMPLE='\(example)'
      "$EXAMPLE/start" >start.log 2>&1
      sas() { swanctl --list-sas --uri unix://charon.vici; }
      \(script)
      """, in: folder)
  }

  private static func count(_ text: String, _ word: String) -> Int { text.components(separatedBy: word).count - 1 }

  @Test(.enabled(if: StrongSwan.isThere, needsStrongSwan)) func strongSwanAsHomeAgent() async throws {
    let folder = try Scratch()
    let ended = try await Self.run(
      """
      status=0
      "$DETACHSPEC" run "$EXAMPLE/ha.yaml" --format json || status=$?
      sas >after
      exit $status
      """, in: folder)
    #expect(ended.status == 0, "\(ended.testDescription)\n\(folder.text("charon.log"))")
    let cases = try ReportFile(ended.output).runs.flatMap(\.verdicts.cases)
    #expect(cases.filter { $0.verdict == "pass" }.map(\.case) == ["TP_HA_IKE_BV_01", "TP_HA_IKE_BI_01", "TP_HA_IKE_BI_02"], "\(cases)")
    #expect(cases.allSatisfy { $0.verdict == "pass" || $0.verdict == "not-applicable" })
    // By its own account it had two IKE SAs in the first case and one in each of the others, deleted each on a request that was protected,
    // and has none left.
    let log = folder.text("charon.log")
    for number in 1...4 { #expect(Self.count(log, "IKE_SA ha[\(number)] established between") == 1) }
    #expect(Self.count(log, "received DELETE for IKE_SA ha[") == 4)
    #expect(folder.text("after").contains("ESTABLISHED") == false)
    // The capture and its keys give the same verdicts, and a stranger's decoder sees the DELETE.
    let checked = try await Program.run(
      "check", "detachspec-report/run-ha-rfc5846.pcapng", "--keys", "detachspec-report/keys/ha-rfc5846", "--format", "json", in: folder)
    #expect(try ReportFile.verdicts(checked.output) == ReportFile.verdicts(ended.output))
  }

  @Test(.enabled(if: StrongSwan.isThere, needsStrongSwan)) func strongSwanAsUserEquipment() async throws {
    let folder = try Scratch()
    try folder.write(
      "detach", "#!/bin/sh\n{ echo before; \(Self.list); } >>sas\n\(Self.terminate) || exit 1\n{ echo after; \(Self.list); } >>sas\n")
    let ended = try await Self.run(
      """
      sed 's/^  detach:.*/  detach: { command: [sh, detach] }/' "$EXAMPLE/ue.yaml" >DEVICE.yaml
      "$DETACHSPEC" run DEVICE.yaml --format json
      """, in: folder)
    #expect(ended.status == 0, "\(ended.testDescription)\n\(folder.text("charon.log"))")
    let cases = try ReportFile(ended.output).runs.flatMap(\.verdicts.cases)
    #expect(
      cases.filter { $0.verdict == "pass" }.map(\.case) == ["TP_UE_IKE_BV_01", "TP_UE_IKE_BV_02", "TP_UE_IKE_BI_01", "TP_UE_IKE_BI_02"],
      "\(cases)")
    // It had an IKE SA each time before it was told to let go, and none behind that.
    let parts = folder.text("sas").components(separatedBy: "before\n").dropFirst().map { $0.components(separatedBy: "after\n") }
    #expect(parts.count == 2)
    for part in parts { #expect(part.count == 2 && part[0].contains("ESTABLISHED") && !part[1].contains("ESTABLISHED"), "\(part)") }
  }

  /// A UE that is told to detach and keeps its IKE SA is not let pass.
  @Test(.enabled(if: StrongSwan.isThere, needsStrongSwan)) func aUserEquipmentThatKeepsItsIKESAFails() async throws {
    let folder = try Scratch()
    try folder.write("detach", "#!/bin/sh\n\(Self.list) >>sas\n")
    let ended = try await Self.run(
      """
      sed 's/^  detach:.*/  detach: { command: [sh, detach] }\\ntimers: { trigger-time: 1 s }/' "$EXAMPLE/ue.yaml" >DEVICE.yaml
      status=0
      "$DETACHSPEC" run DEVICE.yaml --format json || status=$?
      sas >after
      exit $status
      """, in: folder)
    #expect(ended.status == 1, "\(ended.testDescription)")
    #expect(try ReportFile(ended.output).blamed.contains("24303-5.4.2.2-03"))
    #expect(folder.text("sas").contains("ESTABLISHED") == true)
    // The tester takes down what the device left.
    #expect(folder.text("after").contains("ESTABLISHED") == false)
  }

  private static let list = "swanctl --list-sas --uri unix://charon.vici"
  private static let terminate = "swanctl --terminate --ike ue --timeout 10 --uri unix://charon.vici >/dev/null"

  @Test(.enabled(if: StrongSwan.isThere, needsStrongSwan)) func theRoadToStrongSwan() async throws {
    let folder = try Scratch()
    let ended = try await Self.run(
      """
      "$DETACHSPEC" probe "$EXAMPLE/ha.yaml"
      "$DETACHSPEC" probe "$EXAMPLE/ue.yaml"
      sas
      for change in 's/of this example alone/another/' 's/aes128-sha256-x25519/aes256gcm16-prfsha256-ecp256/' 's/2001:db8:b::2/2001:db8:b::3/'; do
        sed "$change" "$EXAMPLE/ha.yaml" >DEVICE.yaml
        status=0
        "$DETACHSPEC" probe DEVICE.yaml || status=$?
        echo "status $status"
      done
      """, in: folder)
    #expect(ended.status == 0, "\(ended.testDescription)")
    let parts = ended.output.components(separatedBy: "status 69\n")
    #expect(parts.count == 4 && !ended.output.contains("ESTABLISHED"), "\(ended.output)")
    guard parts.count == 4 else { return }
    #expect(Self.count(parts[0], "ok    IKE_AUTH") == 2 && parts[0].contains("ha.example.org proved who it is; aes128-sha256-x25519"))
    #expect(parts[0].contains("fail  IKE_AUTH       the device says AUTHENTICATION_FAILED"), "\(parts[0])")
    #expect(parts[1].contains("fail  IKE_SA_INIT    the device says NO_PROPOSAL_CHOSEN"), "\(parts[1])")
    #expect(parts[2].contains("fail  neighbour      2001:db8:b::3 did not answer Neighbour Solicitations in 4 s"), "\(parts[2])")
  }

  /// The reference Home Agent, sealed as the description says, over real packets.
  @Test func theRoadToTheReferenceNode() async throws {
    let folder = try Scratch()
    try folder.write("ask", Laboratory.ask)
    try folder.write(
      "DEVICE.yaml",
      """
      role: ha
      profile: rfc5846
      interfaces: [{ name: access0, purpose: access }, { name: home0, purpose: home }]
      device: { home-agent: "2001:db8:a::1", home-agent-ipv4: 192.0.2.1 }
      tester: { care-of: { first: 198.18.16.0, count: 4 }, correspondent: "2001:db8:a::ffff" }
      home-addresses: { first: "2001:db8:a::1000", count: 4 }
      tunnelling: udp
      security:
        ikev2: { tester: { identity: "ue{n}.example.org" }, device: { identity: ha.example.org }, shared-key: a secret }
      hooks: { revoke: { command: [sh, -c, 'python3 ask control revoke "$DETACHSPEC_HOME_ADDRESS"'] } }

      """)
    let ended = try await Laboratory.run(
      """
      "$DETACHSPEC" node ha --config DEVICE.yaml --interface dev-access0 --interface dev-home0 --control control >ready &
      ready ready
      "$DETACHSPEC" probe DEVICE.yaml
      sed 's/a secret/another/' DEVICE.yaml >OTHER.yaml
      status=0
      "$DETACHSPEC" probe OTHER.yaml || status=$?
      echo "status $status"
      "$DETACHSPEC" run DEVICE.yaml --select TP_HA_NID_BV_01 --select TP_HA_UID_BV_01 --select TP_HA_IKE_BV_01 --format tap
      python3 ask control quit >/dev/null
      wait
      """, in: folder)
    #expect(ended.status == 0, "\(ended.testDescription)")
    let lines = ended.output.split(separator: "\n").map(String.init)
    #expect(lines.contains { $0.hasPrefix("ok    neighbour      192.0.2.1 is at ") }, "\(ended.output)")
    #expect(lines.contains { $0.hasPrefix("ok    IKE_AUTH       ha.example.org proved who it is; aes128-sha256-x25519") })
    #expect(lines.contains { $0.hasPrefix("ok    ESP            SAs in transport mode, SPIs 0x") && $0.hasSuffix("; aes128-sha256") })
    #expect(lines.contains { $0.hasPrefix("ok    attach         2001:db8:a::1000 is registered for 600 s") })
    #expect(lines.contains("status 69") && lines.contains { $0.hasPrefix("fail  IKE_AUTH ") })
    #expect(lines.filter { $0.hasPrefix("ok ") && $0.contains("TP_HA_") && !$0.contains("# SKIP") }.count == 3, "\(ended.output)")
  }
}
