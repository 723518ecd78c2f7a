import Foundation
import Testing

/// Captures that are none, and those that end too soon.
@Suite struct CaptureTests {
  struct Broken: Sendable, CustomTestStringConvertible {
    var name: String
    var octets: [UInt8]
    var message: String
    var testDescription: String { name }
  }

  // A little-endian pcapng Section Header Block (draft-ietf-opsawg-pcapng 4.1) of 28 octets, and what cuts it short.
  private static let section: [UInt8] =
    [0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0] + Array(repeating: 0xff, count: 8) + [28, 0, 0, 0]

  static let broken = [
    Broken(name: "empty.pcapng", octets: [], message: "the file is empty; give a pcap or pcapng capture"),
    Broken(
      name: "foreign.zip", octets: Array("PK\u{3}\u{4} and more".utf8),
      message: "octet 0: neither pcap nor pcapng (it begins with 50 4b 03 04)"),
    Broken(name: "short.pcapng", octets: Array(section.prefix(10)), message: "octet 0: the file ends inside"),
    Broken(name: "cut.pcapng", octets: section + [6, 0, 0, 0, 100, 0, 0, 0, 0, 0], message: "octet 28: the file ends inside"),
    Broken(name: "short.pcap", octets: [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0], message: "short.pcap: octet"),
  ]

  @Test(arguments: broken, ["check", "decode"]) func itIsRefusedWithPlaceAndMend(broken: Broken, command: String) async throws {
    let folder = try Scratch()
    try folder.write(broken.name, Data(broken.octets))
    for format in ["text", "json"] {
      let report = command == "check" ? ["--report", "report"] : []
      let ended = try await Program.run([command, broken.name, "--format", format] + report, in: folder)
      expectRefusal(ended, 64, "detachspec: \(broken.name): ", broken.message)
      #expect(folder.names == [broken.name])
    }
  }

  @Test func ofACaptureThatEndsTooSoonNothingIsJudgedAndAllIsDissected() async throws {
    let folder = try Scratch()
    let run = try await Program.run(
      "run", "--simulate", "--role", "ha", "--profile", "rfc5846", "--select", "TP_HA_NID_BV_01", "--report", "report", in: folder)
    #expect(run.status == 0, "\(run.testDescription)")
    let whole = try #require(FileManager.default.contents(atPath: folder / "report/run-ha-rfc5846.pcapng"))
    try folder.write("cut.pcapng", whole.dropLast(6))
    expectRefusal(try await Program.run("check", "cut.pcapng", in: folder), 64, "cut.pcapng: octet ", "the file ends inside a block")
    let text = try await Program.run("decode", "cut.pcapng", in: folder)
    #expect(text.status == 64)
    #expect(text.output.contains("frame 2, 86 octets"))
    #expect(text.errors.contains("cut.pcapng: octet "))
    let json = try await Program.run("decode", "cut.pcapng", "--format", "json", in: folder)
    #expect(json.status == 64)
    let frames = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
    #expect(frames.first?["frame"] as? Int == 2)
  }

  @Test func aFolderWithoutCapturesIsNamed() async throws {
    let folder = try Scratch()
    try folder.write("empty/note.txt", "")
    expectRefusal(try await Program.run("check", "empty", in: folder), 64, "empty: no .pcap or .pcapng is below this folder")
    expectRefusal(try await Program.run("decode", "empty", in: folder), 64, "empty: ", "name a capture file")
  }
}
