import Foundation
import Testing

/// The way to a device's description, and what keeps it from being used.
@Suite struct InitAndProbeTests {
  @Test(arguments: ["ha", "ue"]) func aDescriptionIsWrittenOnce(role: String) async throws {
    let folder = try Scratch()
    let ended = try await Program.run("init", role, in: folder)
    #expect(ended.status == 0 && folder.names == ["DEVICE.yaml"], "\(ended.testDescription)")
    #expect(ended.output.contains("detachspec probe DEVICE.yaml"))
    let text = folder.text("DEVICE.yaml")
    #expect(text.contains("\nrole: \(role)\n"))
    expectRefusal(try await Program.run("init", role, in: folder), 64, "DEVICE.yaml is there already")
    #expect(folder.text("DEVICE.yaml") == text)
    let shown = try await Program.run("init", role, "--output", "-", in: folder)
    #expect(shown.status == 0 && shown.output == text)
    // As it was written it is no description yet: each place is named.
    for command in ["probe", "run"] {
      let refused = try await Program.run(command, "DEVICE.yaml", in: folder)
      #expect(refused.status == 64 && refused.output.isEmpty && refused.errors.hasPrefix("detachspec: DEVICE.yaml:"), "\(refused.errors)")
      #expect(refused.errors.components(separatedBy: "to be filled in").count - 1 == 7, "\(refused.errors)")
    }
  }

  @Test func theFirstStepsAreTheFileAndTheInterfaces() async throws {
    let folder = try Scratch()
    try folder.write("DEVICE.yaml", DeviceFileTests.device.replacing("name: lo", with: "name: nowhere0"))
    let ended = try await Program.run("probe", "DEVICE.yaml", in: folder)
    #expect(ended.output.hasPrefix("ok    description    DEVICE.yaml: Home Agent, in clear, rfc5846\n"), "\(ended.testDescription)")
    #expect(ended.status == 64 || ended.status == 77, "\(ended.testDescription)")
    #expect(ended.errors.contains("interface nowhere0: "))
    expectRefusal(try await Program.run("probe", "no.yaml", in: folder), 64, "no.yaml:1:1: expected a file that can be read")
    expectRefusal(try await Program.run("probe", "DEVICE.yaml", "--profile", "rfc5845", in: folder), 64, "no profile is called 'rfc5845'")
  }

  @Test func whatFuzzDoesNotDoIsRefused() async throws {
    let folder = try Scratch()
    try folder.write("DEVICE.yaml", DeviceFileTests.device + "security: { ikev2: { shared-key: a secret } }\n")
    expectRefusal(try await Program.run("fuzz", "DEVICE.yaml", in: folder), 64, "it takes 'security: none' and 'tunnelling: native'")
    expectRefusal(
      try await Program.run("run", "DEVICE.yaml", "--security", "none", in: folder), 64, "--security none is for the reference nodes")
    expectRefusal(
      try await Program.run("run", "DEVICE.yaml", "--tunnelling", "udp", in: folder), 64, "--tunnelling is for the reference nodes")
  }

  /// Of a device without Mobile IPv6 the rehearsal says what is left.
  @Test func theRehearsalWithoutMobileIPv6() async throws {
    let folder = try Scratch()
    let example = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../docs/strongswan").standardizedFileURL
      .path
    for role in ["ha", "ue"] {
      let ended = try await Program.run("run", "\(example)/\(role).yaml", "--dry-run", in: folder)
      #expect(ended.status == 0, "\(ended.testDescription)")
      let lines = ended.output.split(separator: "\n").filter { $0.contains("TP_") && $0.contains("[") }
      let left = lines.filter { !$0.contains("n/a: ") }
      #expect(!left.isEmpty && left.allSatisfy { $0.contains("_IKE_") }, "\(ended.output)")
    }
  }
}
