import Foundation
import Testing

/// `decode --keys`: what stands behind a seal, at which octets.
@Suite struct DecodeKeysTests {
  /// What the tests read of the JSON.
  struct Frame: Decodable {
    struct Layer: Decodable {
      var layer: String
      var offset: Int
      var length: Int
      var `protection`: String?
      var fields: [String: Value]
      var payloads: [Payload]?
    }
    struct Payload: Decodable {
      var payload: String
      var offset: Int
      var fields: [String: Value]
    }
    struct Anomaly: Decodable {
      var layer: String
      var kind: String
    }
    enum Value: Decodable, Equatable {
      case number(UInt64)
      case text(String)
      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(UInt64.self) {
          self = .number(number)
        } else {
          self = .text(try container.decode(String.self))
        }
      }
    }
    var layers: [Layer]
    var anomalies: [Anomaly]
    var opened: String?

    func layer(_ name: String) -> Layer? { layers.first { $0.layer == name } }
  }

  static func frames(_ ended: Ended) throws -> [Frame] { try JSONDecoder().decode([Frame].self, from: Data(ended.output.utf8)) }

  /// The worked packet E1, packed by hand: ESP at octet 64, NULL encryption and HMAC-SHA1, a BRI of RFC 5846 at octet 72.
  static let bri =
    "6000000000402b4020010db8000a0000000000000000000120010db8000b0000" + "0000000000000002320202010000000020010db8000a00000000000000000077"
    + "c0de0001000000013b01100044320101123400000102000001020287c80b1c7d" + "2720ee67a9825e29"
  static let briKeys =
    #""IPv6","*","*","0xc0de0001","NULL","","HMAC-SHA-1-96 [RFC2404]","0x606162636465666768696a6b6c6d6e6f70717273""# + "\n"

  @Test func aBRIBehindESPHasItsFieldsAndItsPlace() async throws {
    let folder = try Scratch()
    try folder.write("keys/esp_sa", Self.briKeys)
    let ended = try await Program.run("decode", Self.bri, "--keys", "keys", "--format", "json", in: folder)
    #expect(ended.status == 0, "\(ended.testDescription)")
    let frame = try #require(Self.frames(ended).first)
    #expect(frame.layers.map(\.layer) == ["ipv6", "rh2", "esp", "mh", "bri"] && frame.anomalies.isEmpty)
    #expect(frame.layers.map(\.protection) == [nil, nil, "opened", "opened", "opened"])
    // Without encryption nothing changes.
    #expect(frame.opened == Self.bri)
    let bri = try #require(frame.layer("bri"))
    #expect(bri.offset == 72 && frame.layer("esp")?.offset == 64 && frame.layer("esp")?.length == 8)
    #expect(bri.fields["sequence"] == .number(0x1234) && bri.fields["trigger"] == .number(1) && bri.fields["p"] == .number(0))
    #expect(frame.layer("mh")?.fields["checksum"] == .number(0x4432))

    let text = try await Program.run("decode", Self.bri, "--keys", "keys", in: folder)
    #expect(text.output.contains("bri (rfc5846) at 72, 12 octets, RFC 5846 6.1.1, opened with security association 0\n"))
    #expect(text.output.contains("  sequence = 4660 (0x1234)  [mip6.bri_seqnr]\n"))
    // Padding 1, 2, its length, Next Header 135, and the integrity check value.
    #expect(text.output.contains("ESP trailer at 88, 16 octets: 01020287c80b1c7d2720ee67a9825e29\n"))
  }

  @Test func aSealThatIsWrongStaysClosedAndSaysSo() async throws {
    let folder = try Scratch()
    try folder.write("keys/esp_sa", Self.briKeys)
    let wrong = Self.bri.dropLast() + "8"
    let frame = try #require(
      Self.frames(try await Program.run("decode", String(wrong), "--keys", "keys", "--format", "json", in: folder)).first)
    #expect(frame.layers.map(\.layer) == ["ipv6", "rh2", "esp"] && frame.layer("esp")?.protection == "sealed" && frame.opened == nil)
    #expect(frame.anomalies.map(\.kind) == ["refused"] && frame.anomalies.map(\.layer) == ["esp"])
    let text = try await Program.run("decode", String(wrong), "--keys", "keys", in: folder)
    #expect(text.output.contains("\nwrong: esp: the integrity check value is not the one of these octets"))
    // Who has no key does not know.
    let closed = try await Program.run("decode", String(wrong), in: folder)
    #expect(closed.output.contains("RFC 4303 2, sealed\n") && !closed.output.contains("wrong: "))
  }

  /// Frame 1 of Wireshark's own capture `esp-bug-12671`: IPv4, AES-CBC and HMAC-SHA1. tshark: an ICMP echo in an IPv4 packet of 84 octets.
  @Test func thePlainOctetsStandInPlaceOfTheSealedOnes() async throws {
    let sealed =
      "52540062008a08d42b1de204080045000098042c40004032b452c0a80064c0a80001" + "c254fe6400000001e825de9be2f539f7ee887cc33fccf02a"
      + "d3d2525b3758979718b089ba415903ae97cac07717edc7d33b57cffd59937d47ad739e9dc8017fbb55677e13efaf994f69f916e96eebf606afb6b2ef4cdf4c96"
      + "877f085c8befbac4683298b131aa1761ab391b1f9fb1b2dd1d28bffb0cad22cd18aaa81b5819039913171b26"
    let folder = try Scratch()
    let key = "88e1dad7140af03b8d4f3d734d21be4b"
    try folder.write(
      "keys/esp_sa",
      #""IPv4","*","*","0xc254fe64","AES-CBC [RFC3602]","0x\#(key)","HMAC-SHA-1-96 [RFC2404]","0x3e00d517c1220d4b7d2950fcc02edd4b6023d278""#
    )
    let ended = try await Program.run("decode", sealed, "--keys", "keys", "--format", "json", in: folder)
    let frame = try #require(Self.frames(ended).first)
    #expect(frame.layers.map(\.layer) == ["ethernet", "ipv4", "esp", "ipv4"])
    let inner = try #require(frame.layers.last)
    // Ethernet 14, IPv4 20, SPI and sequence number 8, initialisation vector 16.
    #expect(inner.offset == 58 && inner.fields["protocol"] == .number(1) && inner.fields["total-length"] == .number(84))
    let opened = try #require(frame.opened)
    #expect(opened.count == sealed.count && opened.prefix(116) == sealed.prefix(116) && opened.dropFirst(116).hasPrefix("4500005"))
    #expect(opened.suffix(24) == sealed.suffix(24))
  }

  /// strongSwan's: an INFORMATIONAL request with the DELETE of its IKE SA. tshark: one DELETE, protocol 1, no SPIs, check value correct.
  @Test func aDELETEInsideSKHasItsFieldsAndItsPlace() async throws {
    let sealed =
      "1281ad943f789e7271d059e686dd60004a1b005c114020010db800010000000000000000000120010db8000100000000000000000002"
      + "11941194005c5be40000000023389bfcc6c10f2c0647c5ac373bb5482e202508000000020000005" + "02a000034ca98b1d73f92b4de2dfc6d46da8a181c"
      + "271c69db5b6b48e9b703cebe7538d300" + "bb80c46461e3819881b48f1934819649"
    let keys = [
      "23389bfcc6c10f2c", "0647c5ac373bb548", "83f607fda01b77a962f54230ad371416", "478074fbaa18c23f30c383b60965cdf4",
      "\"AES-CBC-128 [RFC3602]\"", "764076b024696c9065751abfc595d5f888f088e3c0c28d48398b71997bb8d5b9",
      "f19f8e319723b9ca2ed7cde467f75784b2b22bd7feb5c9fe6fe525f39d7d8b40", "\"HMAC_SHA2_256_128 [RFC4868]\"",
    ]
    let folder = try Scratch()
    try folder.write("keys/ikev2_decryption_table", keys.joined(separator: ",") + "\n")
    let ended = try await Program.run("decode", sealed, "--keys", "keys", "--format", "json", in: folder)
    let frame = try #require(Self.frames(ended).first, "\(ended.testDescription)")
    let ike = try #require(frame.layer("ike"))
    #expect(ike.protection == "opened" && ike.offset == 66 && ike.payloads?.map(\.payload) == ["sk", "delete"])
    let deletion = try #require(ike.payloads?.last)
    // The IKE header's 28 octets, SK's 4 and the initialisation vector's 16 stand in front of it.
    #expect(deletion.offset == 66 + 48 && deletion.fields["protocol-id"] == .number(1) && deletion.fields["num-spis"] == .number(0))
    let opened = Array(try #require(frame.opened))
    #expect(String(opened[(114 * 2)..<(122 * 2)]) == "0000000801000000")
    let text = try await Program.run("decode", sealed, "--keys", "keys", in: folder)
    #expect(text.output.contains("payload delete at 114, 8 octets, RFC 7296 3.11\n"), "\(text.output)")
  }

  @Test func keysBesideACaptureAreTakenAndElsewhereTheyAreNamed() async throws {
    let folder = try Scratch()
    let run = try await Program.run(
      "run", "--simulate", "--role", "ha", "--profile", "rfc5846", "--select", "TP_HA_NID_BV_01", "--report", "report", in: folder)
    #expect(run.status == 0, "\(run.testDescription)")
    func kinds(_ arguments: String...) async throws -> Set<String> {
      let ended = try await Program.run(["decode"] + arguments + ["--format", "json"], in: folder)
      #expect(ended.status == 0, "\(ended.testDescription)")
      return Set(try Self.frames(ended).flatMap { $0.layers.map(\.layer) + $0.layers.flatMap { $0.payloads?.map(\.payload) ?? [] } })
    }
    let sealed: Set<String> = ["bu", "ba", "bri", "bra", "delete"]
    #expect(try await kinds("report/run-ha-rfc5846.pcapng").isSuperset(of: sealed))
    #expect(try await kinds("report/captures/ha-rfc5846/TP_HA_NID_BV_01.pcapng").isSuperset(of: ["bu", "ba", "bri", "bra"]))
    let capture = try #require(FileManager.default.contents(atPath: folder / "report/run-ha-rfc5846.pcapng"))
    try folder.write("elsewhere.pcapng", capture)
    #expect(try await kinds("elsewhere.pcapng").isDisjoint(with: sealed))
    #expect(try await kinds("elsewhere.pcapng", "--keys", "report/keys/ha-rfc5846").isSuperset(of: sealed))
    expectRefusal(
      try await Program.run("decode", "elsewhere.pcapng", "--keys", "report", in: folder), 64, "report: neither ", "is in this folder")
  }
}
