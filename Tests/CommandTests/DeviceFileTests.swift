import Foundation
import Testing

/// A device's description that is wrong, or that the machine cannot serve.
@Suite struct DeviceFileTests {
  static let device = """
    role: ha
    profile: rfc5846
    interfaces:
      - { name: lo, purpose: access }
    device: { home-agent: "2001:db8:a::1" }
    tester: { care-of: { first: "2001:db8:b::1000", count: 2 } }
    home-addresses: { first: "2001:db8:a::1000", count: 2 }

    """

  struct Mistake: Sendable, CustomTestStringConvertible {
    var old: String
    var new: String
    var place: String
    var message: String
    var testDescription: String { "\(old) → \(new)" }
  }

  static let mistakes = [
    Mistake(old: "2001:db8:a::1\"", new: "2001:db8:a::g\"", place: "5:23", message: "expected "),
    Mistake(old: "2001:db8:a::1\"", new: "ff02::1\"", place: "5:23", message: "unicast"),
    Mistake(
      old: "2001:db8:a::1\"", new: "2001:db8:a::1001\"", place: "7:26",
      message: "found 2001:db8:a::1001 in device.home-agent and in home-addresses"),
    Mistake(old: "role: ha", new: "role: mme", place: "1:7", message: "expected ha or ue, found 'mme'"),
    Mistake(old: "rfc5846", new: "rfc5845", place: "2:10", message: "did you mean 'rfc5846'?"),
    Mistake(
      old: "purpose: access", new: "purpose: home", place: "4:3", message: "expected an interface whose purpose is 'access', found none"),
    Mistake(old: "role: ha\n", new: "role: ha\nhook: {}\n", place: "2:1", message: "did you mean 'hooks'?"),
    Mistake(old: "profile: rfc5846", new: "timers: { guard-tim: 5 s }", place: "2:11", message: "did you mean 'guard-time'?"),
    Mistake(old: "profile: rfc5846", new: "security: ikev2", place: "2:11", message: "expected what 'ikev2' needs"),
  ]

  @Test(arguments: mistakes) func aMistakeIsNamedAtItsPlace(mistake: Mistake) async throws {
    let folder = try Scratch()
    try folder.write("DEVICE.yaml", Self.device.replacing(mistake.old, with: mistake.new))
    let ended = try await Program.run("run", "DEVICE.yaml", in: folder)
    expectRefusal(ended, 64, "detachspec: DEVICE.yaml:\(mistake.place): ", mistake.message)
    #expect(folder.names == ["DEVICE.yaml"])
  }

  @Test func theRehearsalTellsWhatIsMissing() async throws {
    let folder = try Scratch()
    try folder.write("DEVICE.yaml", Self.device)
    let ended = try await Program.run("run", "DEVICE.yaml", "--dry-run", in: folder)
    #expect(ended.status == 0)
    let lines = ended.output.split(separator: "\n")
    #expect(lines.first == "ha rfc5846: 2 home addresses")
    let revocation = lines.first { $0.contains("TP_HA_NID_BV_01") }
    #expect(revocation?.hasSuffix("inconclusive: no hook to revoke") == true)
    let forwarding = lines.first { $0.contains("TP_HA_UID_BV_01") }
    #expect(forwarding?.hasSuffix("inconclusive: no interface whose purpose is 'home'") == true)
    #expect(!lines.contains { $0.contains("TP_UE_") })
    #expect(folder.names == ["DEVICE.yaml"])

    try folder.write("DEVICE.yaml", Self.device + "hooks: { revoke: { command: [revoke-it] } }\nics: { revocation: no }\n")
    let other = try await Program.run("run", "DEVICE.yaml", "--dry-run", in: folder)
    #expect(!other.output.contains("no hook to revoke"))
  }

  @Test func anInterfaceThatIsNotThereIsNamed() async throws {
    let folder = try Scratch()
    try folder.write("DEVICE.yaml", Self.device.replacing("name: lo", with: "name: nowhere0"))
    let ended = try await Program.run("run", "DEVICE.yaml", in: folder)
    if ended.status == 77 {
      expectRefusal(ended, 77, "nowhere0", "CAP_NET_RAW")
    } else {
      expectRefusal(ended, 64, "interface nowhere0: does not exist; take one of ", "lo")
    }
    #expect(folder.names == ["DEVICE.yaml"])
  }

  @Test func theOtherRoleAndReferenceNodesAreRefused() async throws {
    let folder = try Scratch()
    try folder.write("DEVICE.yaml", Self.device)
    expectRefusal(
      try await Program.run("run", "DEVICE.yaml", "--role", "ue", in: folder), 64, "DEVICE.yaml describes a device in the role ha, not ue")
    expectRefusal(
      try await Program.run("run", "DEVICE.yaml", "--defect", "bri-p-bit-set", in: folder), 64,
      "--defect and --variation are for the reference nodes")
    expectRefusal(try await Program.run("run", "DEVICE.yaml", "--simulate", in: folder), 64, "--simulate runs the reference nodes")
    #expect(folder.names == ["DEVICE.yaml"])
  }
}
