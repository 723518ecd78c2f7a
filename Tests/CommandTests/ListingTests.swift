import Foundation
import Testing

/// What can be looked up: lists, explanations, dissections.
@Suite struct ListingTests {
  /// One thing of each kind that has to be in its list.
  static let kinds = [
    ("cases", "TP_HA_NID_BV_01"), ("rules", "bri-fields"), ("requirements", "24303-5.4.3.1-03b"), ("profiles", "rfc5846"),
    ("defects", "bri-p-bit-set"), ("variations", "slow-bri"), ("plans", "bri"),
  ]

  @Test(arguments: kinds) func everyKindIsListed(kind: String, member: String) async throws {
    let folder = try Scratch()
    let text = try await Program.run("list", kind, in: folder)
    #expect(text.status == 0 && text.errors.isEmpty, "\(text.testDescription)")
    let first = Set(text.output.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) })
    #expect(first.contains(member))
    let json = try await Program.run("list", kind, "--format", "json", in: folder)
    #expect(json.status == 0)
    let entries = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
    let names = Set(entries.compactMap { ($0["id"] ?? $0["name"]) as? String })
    // Both nodes may have a defect of the same name.
    #expect(Set(entries.map { "\($0["id"] ?? $0["name"] ?? "") \($0["role"] ?? "")" }).count == entries.count)
    #expect(names.contains(member))
    #expect(names.isSubset(of: first), "\(names.subtracting(first))")
    let chosen = try await Program.run("list", kind, "--format", "json", "--select", member, in: folder)
    #expect(try (JSONSerialization.jsonObject(with: Data(chosen.output.utf8)) as? [Any])?.count == 1)
    #expect(folder.names.isEmpty)
  }

  /// An id of each kind, and what its explanation cannot do without.
  static let explained = [
    ("24303-5.4.3.1-03b", ["The P bit of the BRI is 0.", "TS 24.303 5.4.3.1", "bri-fields"]),
    ("bri-fields", ["bri from the HA", "bri.p 0 (24303-5.4.3.1-03b)"]),
    ("TP_HA_NID_BV_01", ["5.4.3.1", "hook revoke", "bri-follows-trigger"]),
    // RFC 5846 6.1.1: octet 7 of the Mobility Header; 1 is administrative reason.
    (
      "bri.trigger",
      ["octet 7 from the start of the Mobility Header, 8 bits", "mip6.bri_r.trigger", "RFC 5846 6.1.1", "1 administrative reason"]
    ),
    ("bri-p-bit-set", ["a defect of the reference HA", "24303-5.4.3.1-03b"]),
    // Both nodes have one of this name, and break different sentences (RFC 6275 9.5.1, RFC 5846 6.1.2).
    (
      "non-unicast-source-answered",
      ["a defect of the reference HA", "M-11", "\n\nnon-unicast-source-answered\n", "a defect of the reference UE", "R5846-6.1.2-01"]
    ),
    ("slow-bri", ["a variation"]),
    ("rfc5846", ["RFC 5846"]),
  ]

  @Test(arguments: explained) func everyKindIsExplained(id: String, parts: [String]) async throws {
    let ended = try await Program.run("explain", id, in: Scratch())
    #expect(ended.status == 0 && ended.errors.isEmpty)
    #expect(ended.output.hasPrefix("\(id)\n"))
    for part in parts { #expect(ended.output.contains(part), "\(part) in \(ended.output)") }
  }

  /// A BRI of RFC 5846 6.1.1 behind a type 2 routing header (RFC 6275 6.4.1): sequence 0x1234, trigger 1, packed by hand.
  static let indication = """
    6000000000282b40 20010db8000a00000000000000000001 20010db8000b00000000000000000002
    8702020100000000 20010db8000a00000000000000000077
    3b01100044320101 12340000 01020000
    """

  @Test func octetsAreDissected() async throws {
    let folder = try Scratch()
    let text = try await Program.run("decode", Self.indication, in: folder)
    #expect(text.status == 0)
    for part in [
      "home-address = 2001:db8:a::77  [ipv6.routing.mipv6.home_address]", "checksum = 17458 (0x4432)  [mip6.csum]",
      "trigger = 1 administrative reason  [mip6.bri_r.trigger]", "sequence = 4660 (0x1234)  [mip6.bri_seqnr]",
      "bri (rfc5846) at 64, 12 octets",
    ] { #expect(text.output.contains(part), "\(part)") }
    #expect(!text.output.contains("wrong:"))

    let json = try await Program.run("decode", Self.indication, "--format", "json", in: folder)
    let frames = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
    #expect(frames.count == 1)
    let layers = try #require(frames[0]["layers"] as? [[String: Any]])
    #expect(layers.compactMap { $0["layer"] as? String } == ["ipv6", "rh2", "mh", "bri"])
    #expect(
      (layers[3]["fields"] as? [String: Int]) == ["type": 1, "trigger": 1, "sequence": 0x1234, "p": 0, "v": 0, "g": 0, "reserved": 0])
    #expect((frames[0]["anomalies"] as? [Any])?.isEmpty == true)

    let spoilt = try await Program.run("decode", Self.indication.replacing("4432", with: "4433"), in: folder)
    #expect(spoilt.status == 0, "a wrong checksum is a fact about the packet, not an error of the program")
    #expect(spoilt.output.contains("wrong: "))
  }

  @Test func aCaptureIsDissectedAsTheOtherDecoderDoes() async throws {
    let folder = try Scratch()
    let run = try await Program.run(
      "run", "--simulate", "--security", "none", "--role", "ha", "--profile", "rfc5846", "--select", "TP_HA_NID_BV_01", "--report", "r",
      in: folder)
    #expect(run.status == 0)
    let capture = "r/run-ha-rfc5846.pcapng"
    let text = try await Program.run("decode", capture, in: folder)
    #expect(text.status == 0)
    #expect(text.output.hasPrefix("frame 1, event: {\"event\":\"run\""))
    let json = try await Program.run("decode", capture, "--format", "json", in: folder)
    #expect(json.status == 0)
    let frames = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
    let types = frames.compactMap { frame -> String? in
      let header = (frame["layers"] as? [[String: Any]])?.first { $0["layer"] as? String == "mh" }
      guard let number = frame["frame"] as? Int, let type = (header?["fields"] as? [String: Int])?["type"] else { return nil }
      return "\(number)\t\(type)"
    }
    let shark = try? await Program.run(
      words: ["tshark", "-r", capture, "-Y", "mip6", "-T", "fields", "-e", "frame.number", "-e", "mip6.mhtype"], in: folder)
    if let shark, shark.status == 0 { #expect(shark.output.split(separator: "\n").map(String.init) == types) }
    // A registration and a revocation, each with its answer.
    #expect(types.map { $0.split(separator: "\t").last } == ["5", "6", "16", "16"])
  }
}
