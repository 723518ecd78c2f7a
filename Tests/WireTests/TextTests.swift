import Foundation
import Testing
import Wire

@Suite("What people and programs read")
struct TextTests {
  @Test("the dissection of P1 in words")
  func words() {
    var dissection = dissect(Worked.p1, .ip, .draft01)
    dissection.nameMessage(.bri)
    let lines = dissection.text(of: Worked.p1).split(separator: "\n").map(String.init)
    #expect(lines.first == "ipv6 at 0, 40 octets, RFC 8200 3")
    #expect(lines.contains("bri (draft-01) at 64, 12 octets, draft-muhanna-mext-binding-revocation-01 5.1"))
    #expect(lines.contains("  trigger = 1 unspecified"))
    #expect(lines.contains("  option hao at 46, 18 octets, RFC 6275 6.3"))
    #expect(lines.contains("    home-address = 2001:db8:a::77  [ipv6.opt.mipv6.home_address]"))
    #expect(lines.contains("  option pad-n at 76, 4 octets, RFC 6275 6.2.3"))
    #expect(lines.contains("    data at 78, 2 octets: 0000"))
    #expect(!lines.contains { $0.hasPrefix("wrong") })
  }

  @Test("fields carry their Wireshark names, sealed octets are shown as they are")
  func wireshark() {
    let text = dissect(Worked.p2).text(of: Worked.p2)
    #expect(text.contains("\n  trigger = 1 administrative reason  [mip6.bri_r.trigger]\n"))
    #expect(text.contains("\n  sequence = 4660 (0x1234)  [mip6.bri_seqnr]\n"))
    let sealed = dissect(Worked.k4).text(of: Worked.k4)
    #expect(sealed.contains("\noctets at 28, 4 octets: 00000000\n"))
    #expect(sealed.contains("\nike at 32, 76 octets, RFC 7296 3.1, sealed\n"))
    #expect(sealed.contains("\n    data at 64, 44 octets: a0a1a2"))
  }

  @Test("a TLV header is a layer, what it carries is not; one that is cut short is none")
  func tlv() {
    let text = dissect(Worked.t1).text(of: Worked.t1)
    #expect(text.contains("\ntlv at 28, 4 octets, draft-ietf-mext-nemo-v4traversal-05 5.1\n  type = 1\n  length = 4\n  reserved = 0\n"))
    #expect(text.contains("\nrest at 32, 4 octets: 00000800\n"))
    #expect(text.hasSuffix("wrong: udp: what comes next is neither IPv4 nor IPv6, or not of its length\n"))
    let up4 = BuildingTests.up4
    for count in 1..<4 {
      let cut = dissect(Packet([up4, .udp(from: 40077, to: 4191)], payload: [UInt8](repeating: 0x10, count: count)).encoded())
      #expect(cut.kinds == [.ipv4, .udp] && cut.anomalyKinds == [.value, .truncated], "\(count)")
    }
  }

  @Test("what is wrong is said, with the checksum that would be right")
  func wrong() {
    let text = dissect(Worked.p1b, .ip, .draft01).text(of: Worked.p1b)
    #expect(text.contains("wrong: mh.checksum: right over the IPv6 source address"))
    #expect(text.hasSuffix("right is 0x43f1\n"))
    var bytes = Worked.p2
    bytes[69] ^= 0x10
    #expect(dissect(bytes).text(bytes.span).hasSuffix("wrong: mh.checksum: 0x4422 is not the checksum of these octets; right is 0x4432\n"))
    #expect(dissect([]).text(of: []) == "wrong: frame: the octets end before what comes next does\n")
  }

  @Test("the text counts every octet of a layer that has no schema for them")
  func behind() {
    let bytes = [UInt8](Scapy.fragment + [1, 2, 3])
    let text = dissect(bytes).text(bytes.span)
    #expect(text.contains("rest at 48, 8 octets: 3132333435363738\nbehind the packet at 56, 3 octets: 010203\n"))
  }

  @Test("the object of P1b behind an Ethernet header, as JSON")
  func json() throws {
    let frame = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x86, 0xdd] + Worked.p1b
    var dissection = dissect(frame, .ethernet, .draft01)
    dissection.nameMessage(.bri)
    let object = dissection.object(frame.span, frame: 3, time: Instant(nanoseconds: 1_700_000_000_123_456_789), interface: 1, link: 1)
    let data = try JSONEncoder().encode(object)
    let top = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(Set(top.keys) == ["frame", "time", "interface", "link", "layers", "anomalies"])
    #expect(top["frame"] as? Int == 3)
    #expect(top["time"] as? String == "1700000000123456789")
    #expect(top["interface"] as? Int == 1)
    #expect(top["link"] as? Int == 1)
    let layers = try #require(top["layers"] as? [[String: Any]])
    #expect(layers.compactMap { $0["layer"] as? String } == ["ethernet", "ipv6", "destination-options", "hao", "mh", "bri"])
    #expect(layers.compactMap { $0["offset"] as? Int } == [0, 14, 54, 60, 78, 78])
    let ipv6 = try #require(layers[1]["fields"] as? [String: Any])
    #expect(ipv6["source"] as? String == "2001:db8:a::1")
    #expect(ipv6["next-header"] as? Int == 60)
    #expect(layers[1]["options"] == nil && layers[1]["dialect"] == nil)
    #expect((layers[0]["fields"] as? [String: Any])?["source"] as? String == "02:00:00:00:00:01")
    let bri = layers[5]
    #expect(bri["dialect"] as? String == "draft-01")
    let fields = try #require(bri["fields"] as? [String: Int])
    #expect(fields == ["sequence": 4660, "trigger": 1, "p": 0, "a": 1, "g": 0, "reserved": 0])
    let options = try #require(bri["options"] as? [[String: Any]])
    #expect(options.count == 1)
    #expect(options[0]["type"] as? Int == 1 && options[0]["length"] as? Int == 2 && options[0]["data"] as? String == "0000")
    let anomalies = try #require(top["anomalies"] as? [[String: String]])
    #expect(anomalies.count == 1)
    #expect(anomalies[0]["layer"] == "mh" && anomalies[0]["field"] == "checksum" && anomalies[0]["kind"] == "checksum-over-wire-source")
  }

  @Test("64 bits survive as a number")
  func wide() throws {
    let bytes = Worked.k1
    let object = dissect(bytes).object(bytes.span, frame: 1, time: Instant(nanoseconds: 0), interface: 0, link: 101)
    let text = String(decoding: try JSONEncoder().encode(object), as: UTF8.self)
    #expect(text.contains("\"initiator-spi\":1229782938247303441"))
    #expect(text.contains("\"responder-spi\":2459565876494606882"))
  }
}
