import Foundation
import Testing

/// The tester as the access network of a UE on a kernel's own stack, which gets from it its addresses, its routes and its Home Agent's.
@Suite(
  .enabled(if: Laboratory.isThere, Laboratory.reason),
  .enabled(if: FileManager.default.isExecutableFile(atPath: "/sbin/udhcpc"), "udhcpc is not installed"))
struct LiveAccessNetworkTests {
  /// The description that README.md shows.
  private static let device = LiveNodeTests.readme("```yaml", with: "network:")

  private func run(_ script: String, _ device: String, in folder: Scratch) async throws -> Ended {
    try folder.write("DEVICE.yaml", device)
    try folder.write("tell.py", KernelUserEquipment.tell)
    try folder.write("ue.py", KernelUserEquipment.program)
    return try await Laboratory.run(KernelUserEquipment.prelude + script, in: folder)
  }

  @Test func aKernelGetsItsAddressesAndIsJudged() async throws {
    let folder = try Scratch()
    let ended = try await run(
      """
      inside python3 ue.py dev-access0 control >ready 2>errors &
      ready ready
      inside udhcpc -i dev-access0 -n -q -t 30 -T 1 >lease.out 2>&1 &
      client=$!
      status=0
      "$DETACHSPEC" run DEVICE.yaml --select TP_UE_NID_BV_01 --select TP_UE_NID_BV_03 --select TP_UE_UID_BV_01 --format json >report &
      run=$!
      wait $client || status=10
      names() {
        inside getent ahostsv6 ha.example
        inside getent ahostsv4 ha.example
        inside getent hosts other.example || echo "other.example: $?"
      }
      cat resolv.conf; names >by-ipv4
      # What the kernel makes of the advertisements it does not need the DHCP client for.
      until inside ip -6 addr show dev dev-access0 scope global -tentative | grep -q inet6; do sleep 0.05; done
      echo 'nameserver 2001:db8:b::1' >resolv.conf; names >by-ipv6
      inside ip -br addr show dev dev-access0 >addresses
      (inside ip route; inside ip -6 route) >routes
      wait $run || status=$?
      (inside ip -6 route) >routes-behind
      exit $status
      """, Self.device, in: folder)
    #expect(ended.status == 0, "\(ended.testDescription) \(folder.text("errors")) \(folder.text("lease.out"))")
    let cases = try ReportFile(folder.text("report")).runs.flatMap(\.verdicts.cases)
    #expect(Set(cases.map(\.case)) == ["TP_UE_NID_BV_01", "TP_UE_NID_BV_03", "TP_UE_UID_BV_01"])
    #expect(cases.allSatisfy { $0.verdict == "pass" }, "\(cases)")

    #expect(folder.text("lease.out").contains("lease of 10.99.0.2 obtained from 10.99.0.1, lease time 3600"))
    #expect(ended.output.contains("nameserver 10.99.0.1"))
    let words = folder.text("addresses").split(separator: " ")
    #expect(words.contains("10.99.0.2/24") && words.contains("2001:db8:b::ff:fe00:200/64"), "\(words)")
    let routes = folder.text("routes")
    #expect(routes.contains("default via 10.99.0.1 dev dev-access0") && routes.contains("10.99.0.0/24 dev dev-access0"))
    #expect(routes.contains("default via fe80::ff:fe00:100 dev dev-access0 proto ra"), "\(routes)")
    #expect(routes.contains("2001:db8:b::/64 dev dev-access0"))
    for name in ["by-ipv4", "by-ipv6"] {
      let found = folder.text(name)
      #expect(found.contains("2001:db8:a::1 ") && found.contains("192.0.2.1 ") && found.contains("other.example: 2"), "\(name): \(found)")
    }
    #expect(!folder.text("routes-behind").contains("default"), "the network is gone with the run: \(folder.text("routes-behind"))")
  }

  @Test func withoutTheNetworkItHasNoAddress() async throws {
    let folder = try Scratch()
    let start = try #require(Self.device.range(of: "network:"))
    let end = try #require(Self.device.range(of: "hooks:"))
    let ended = try await run(
      "\"$DETACHSPEC\" run DEVICE.yaml", Self.device.replacingCharacters(in: start.lowerBound..<end.lowerBound, with: ""), in: folder)
    #expect(ended.status == 69, "\(ended.testDescription)")
  }
}
