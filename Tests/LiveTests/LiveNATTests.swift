import Foundation
import Link
import Testing
import Wire

/// A NAT in front of the UE, whichever side that is, over real packets: the Home Agent sees another address and another port than the UE has.
@Suite(.enabled(if: Laboratory.isThere, Laboratory.reason)) struct LiveNATTests {
  struct Run: Sendable, CustomTestStringConvertible {
    var role: String
    var security: String

    static let all = ["ha", "ue"].flatMap { role in ["none", "ikev2"].map { Run(role: role, security: $0) } }
    var testDescription: String { "\(role), \(security)" }
  }

  /// A packet of a capture that holds IPv4.
  struct Datagram {
    var isToHomeAgent: Bool
    /// Not the Home Agent's.
    var address: IPv4Address
    var port: UInt16
    var homeAgentPort: UInt16
    /// By field.
    var values: [String: UInt128]
    var kind: LayerKind?
    var hasESP: Bool
  }

  private static let homeAgent = IPv4Address("192.0.2.1") ?? IPv4Address(0)
  private static let fields = ["ipv4-care-of-address.address", "nat-detection.f", "nat-detection.refresh-time", "ba.status"]

  /// The packets to and from the Home Agent, those apart that only ask for a neighbour.
  private static func datagrams(_ path: String) throws -> [Datagram] {
    var reader = try CaptureReader(CaptureFile(path: path))
    var found: [Datagram] = []
    let decoder = Decoder(dialect: .rfc5846)
    while try reader.next({ octets, record in
      var dissection = Dissection()
      guard record.linkType == .ethernet else { return }
      decoder.decode(octets, into: &dissection)
      func value(_ field: String) -> UInt128? { FieldPath(field).flatMap { dissection.value($0, in: octets) } }
      guard let source = value("ipv4.source"), let destination = value("ipv4.destination"), let from = value("udp.source-port"),
        let to = value("udp.destination-port"), value("udp.length") != 8
      else { return }
      let isToHomeAgent = destination == UInt128(homeAgent.value)
      guard isToHomeAgent || source == UInt128(homeAgent.value) else { return }
      found.append(
        Datagram(
          isToHomeAgent: isToHomeAgent, address: IPv4Address(UInt32(truncatingIfNeeded: isToHomeAgent ? source : destination)),
          port: UInt16(truncatingIfNeeded: isToHomeAgent ? from : to), homeAgentPort: UInt16(truncatingIfNeeded: isToHomeAgent ? to : from),
          values: Dictionary(uniqueKeysWithValues: fields.compactMap { field in value(field).map { (field, $0) } }),
          kind: dissection.messageKind, hasESP: dissection.layer(.esp) != nil))
    }) {}
    return found
  }

  @Test(arguments: Run.all) func casesPassThroughIt(_ run: Run) async throws {
    let folder = try Scratch()
    let role = run.role.uppercased()
    let cases = ["TP_\(role)_NID_BV_01", "TP_\(role)_NID_BV_02", "TP_\(role)_UID_BV_01"]
    let ended = try await Program.run(
      ["run", "--role", run.role, "--profile", "rfc5846", "--tunnelling", "udp", "--nat", "--security", run.security, "--format", "json"]
        + cases.flatMap { ["--select", $0] }, in: folder)
    #expect(ended.status == 0, "\(ended.testDescription)")
    let verdicts = try ReportFile(ended.output).runs.flatMap(\.verdicts.cases)
    #expect(Set(verdicts.map(\.case)) == Set(cases) && verdicts.allSatisfy { $0.verdict == "pass" }, "\(verdicts)")
    let all = try Self.datagrams(folder / "detachspec-report/run-\(run.role)-rfc5846.pcapng")
    // The tester captures outside where the UE is the device, and inside where it is the UE itself.
    if run.role == "ue" {
      #expect(Set(all.map(\.address)) == [IPv4Address("198.18.0.2")] && all.allSatisfy { $0.port >= 20_000 })
    } else {
      #expect(all.allSatisfy { $0.address.description.hasPrefix("198.18.16.") && [500, 4500, 40_077].contains($0.port) })
    }
    if run.security == "none" {
      let update = try #require(all.first { $0.kind == .bu })
      #expect((update.values["ipv4-care-of-address.address"] == UInt128(update.address.value)) == (run.role == "ha"))
      Self.expectDetection(all)
    } else {
      // RFC 7296 2.23: behind a NAT, seen by the hashes, IKE goes on on port 4500.
      #expect(all.contains { $0.homeAgentPort == 500 } && all.contains { $0.homeAgentPort == 4500 && $0.isToHomeAgent })
      #expect(all.filter { $0.homeAgentPort == 500 }.count <= all.filter { $0.homeAgentPort == 4500 }.count)
      #expect(all.contains { $0.homeAgentPort == 4191 && $0.hasESP && $0.isToHomeAgent })
    }
    // What `check` says of the capture is what the run said.
    let keys = run.security == "none" ? [] : ["--keys", "detachspec-report/keys/\(run.role)-rfc5846"]
    let checked = try await Program.run(
      ["check", "detachspec-report/run-\(run.role)-rfc5846.pcapng", "--format", "json"] + keys, in: folder)
    #expect(try ReportFile.verdicts(checked.output) == ReportFile.verdicts(ended.output))
  }

  /// BA with NAT Detection of a NAT that was found, not of one that the F flag pretends (RFC 5555 3.2.2, 4.3); BRI where the BU came from.
  private static func expectDetection(_ all: [Datagram]) {
    let answers = all.filter { $0.kind == .ba && $0.values["ba.status"] == 0 }
    #expect(answers.contains { $0.values["nat-detection.f"] == 0 && $0.values["nat-detection.refresh-time"] == 110 })
    #expect(!answers.contains { $0.values["nat-detection.f"] == 1 })
    let indications = all.filter { $0.kind == .bri }
    #expect(!indications.isEmpty)
    for indication in indications {
      #expect(indication.homeAgentPort == 4191 && !indication.isToHomeAgent)
      #expect(all.contains { $0.kind == .bu && $0.address == indication.address && $0.port == indication.port })
    }
  }

  private static let device = """
    role: ha
    profile: rfc5846
    interfaces: [{ name: access0, purpose: access }]
    device: { home-agent: "2001:db8:a::1", home-agent-ipv4: 192.0.2.1 }
    tester: { care-of: { first: 198.18.16.0, count: 4 } }
    home-addresses: { first: "2001:db8:a::1000", count: 4 }
    tunnelling: udp
    hooks: { revoke: { command: [sh, -c, 'python3 ask control revoke "$DETACHSPEC_HOME_ADDRESS"'] } }

    """

  /// Between access0, where the tester is, and home0, at whose other end a Home Agent is.
  private static let own = """
    "$DETACHSPEC" nat --inside dev-access0 --outside home0 --address 203.0.113.1 --host 198.18.16.0 >nat &
    ready nat

    """

  /// The kernel's, which forwards from the one to the other and must not take back what reaches it at their far ends.
  private static let kernels = """
    ip addr add 203.0.113.1/24 dev home0
    ip route add 192.0.2.1 dev home0
    ip route add 198.18.16.0/24 dev dev-access0
    sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.access0.forwarding=0 net.ipv4.conf.dev-home0.forwarding=0
    sysctl -qw net.ipv4.conf.dev-access0.proxy_arp=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.dev-access0.rp_filter=0
    nft 'add table ip nat; add chain ip nat out { type nat hook postrouting priority 100; }'
    nft 'add rule ip nat out oifname home0 ip protocol udp masquerade to :20000-29999 random'

    """

  private static let hasNft = FileManager.default.isExecutableFile(atPath: "/usr/sbin/nft")

  @Test(arguments: ["", "security: { ikev2: { shared-key: a secret } }\n"]) func aDescribedDeviceIsReachedThroughOurs(_ security: String)
    async throws
  {
    try await reach(Self.own, security)
  }

  @Test(.enabled(if: hasNft, "nftables is not installed"), arguments: ["", "security: { ikev2: { shared-key: a secret } }\n"])
  func aDescribedDeviceIsReachedThroughTheKernels(_ security: String) async throws {
    try await reach(Self.kernels, security)
  }

  private func reach(_ nat: String, _ security: String) async throws {
    let folder = try Scratch()
    try folder.write("ask", Laboratory.ask)
    try folder.write("DEVICE.yaml", Self.device + security)
    let ended = try await Laboratory.run(
      """
      trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
      dumpcap -q -i home0 -w outside.pcapng 2>notes &
      capture=$!
      until grep -q Capturing notes; do kill -0 $capture; sleep 0.02; done
      "$DETACHSPEC" node ha --config DEVICE.yaml --interface dev-home0 --control control >node &
      ready node
      \(nat)
      status=0
      "$DETACHSPEC" run DEVICE.yaml --select TP_HA_NID_BV_01 --format json || status=$?
      sleep 1
      kill $capture
      wait $capture || true
      exit $status
      """, in: folder)
    #expect(ended.status == 0, "\(ended.testDescription)")
    let cases = try ReportFile(ended.output).runs.flatMap(\.verdicts.cases)
    #expect(cases.count == 1 && cases.allSatisfy { $0.verdict == "pass" }, "\(cases)")
    let all = try Self.datagrams(folder / "outside.pcapng")
    #expect(Set(all.map(\.address)) == [IPv4Address("203.0.113.1")] && all.allSatisfy { $0.port >= 20_000 })
    if security.isEmpty {
      Self.expectDetection(all)
    } else {
      #expect(all.contains { $0.homeAgentPort == 4500 } && all.contains { $0.homeAgentPort == 4191 && $0.hasESP })
    }
  }
}
