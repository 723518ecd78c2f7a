import Foundation
import Link
import Testing
import Wire

@testable import Security

/// ESP packets that others made, with their keys.
@Suite("ESP of others")
struct ForeignESPTests {
  /// Frames of Wireshark's own test capture `esp-bug-12671`: tunnel mode, AES-CBC and HMAC-SHA1, an ICMP echo and its reply.
  static let wireshark: [(frame: String, key: String, integrityKey: String)] = [
    (
      """
      52540062008a08d42b1de204080045000098042c40004032b452c0a80064c0a80001c254fe6400000001e825de9be2f539f7ee887cc33fccf02ad3d2525b3758
      979718b089ba415903ae97cac07717edc7d33b57cffd59937d47ad739e9dc8017fbb55677e13efaf994f69f916e96eebf606afb6b2ef4cdf4c96877f085c8bef
      bac4683298b131aa1761ab391b1f9fb1b2dd1d28bffb0cad22cd18aaa81b5819039913171b26
      """, "88e1dad7140af03b8d4f3d734d21be4b", "3e00d517c1220d4b7d2950fcc02edd4b6023d278"
    ),
    (
      """
      08d42b1de20452540062008a080045000098d92c000040321f52c0a80001c0a80064070883c20000000107f3127c9f1013fd867857bed5850b1663268276b169
      9baa335e54834ad5c1b7701e3ad8d486ad581fdaacb7f5b1d497533b0defe843cd7833fa347a1f20278c34733a6ccf0080b1b2d189ce306cdf5682d664191b06
      7c001ff8d55d18aac118fcd85a97e201e98addadbcb01e9bbc8d6f5ffc96068cd2168dd01822
      """, "5de1a4c2c72662c9fda7a7c78cd25623", "51c9213c18232f8f26c70c4dee6e0e6d56e31e8a"
    ),
  ]

  @Test("Wireshark's capture: check value right, an ICMP echo inside", arguments: wireshark)
  func captured(_ frame: String, _ key: String, _ integrityKey: String) throws {
    var bytes = octets(frame)
    let spi = UInt32(bytes[34]) << 24 | UInt32(bytes[35]) << 16 | UInt32(bytes[36]) << 8 | UInt32(bytes[37])
    var associations = SecurityAssociations()
    associations.add(
      SecurityAssociation(spi: spi, ESPKeys(.aesCBC(keyBits: 128), octets(key), .hmacSHA1_96, octets(integrityKey)), .tunnel))
    var result = Dissection()
    let outcomes = associations.decode(&bytes, with: Decoder(dialect: .rfc5846), KeptKeys(), into: &result)
    guard case .opened(_, let opened) = outcomes.first else {
      Issue.record("\(outcomes)")
      return
    }
    // ip:icmp:data, 84 octets of `ping`.
    #expect(opened.nextHeader == 4 && opened.payload.count == 84 && bytes[opened.payload.lowerBound + 9] == 1)
    #expect(result.layers[result.count - 1].kind == .ipv4 && result.layers[result.count - 1].protection == .opened(0))
    #expect(result.isSound)
  }

  @Test("strongSwan's, in UDP on port 4500: AES-CBC and HMAC-SHA-256, an ICMPv6 echo inside")
  func encapsulated() throws {
    var bytes = octets(
      """
      1281ad943f789e7271d059e686dd60004a1b00a0114020010db800010000000000000000000120010db80001000000000000000000021194119400a05c2814e8
      07aa00000001688fec97b6ee73858841952f561a60c9e481c8ff798bf9e0a773ad587cff64ba687871986567104d20ceb4cda5b2019236586883dc1c17c38d45
      58ba6719b9864e9dc4e463e7dcbb1a8e2270fddf023119157f8a4f7926a774f485ea8527899576745c851482bd4912b7063059a2532f62c25d418223e16a19d8
      2a382e35c765ff44c29fc59f90e28f6c382c1531a8e8
      """)
    var associations = SecurityAssociations()
    let keys = ESPKeys(
      .aesCBC(keyBits: 128), octets("4e11716aef1350341cd2bca25749038b"), .hmacSHA2_256_128,
      octets("c6d71bd32f478ee04ba2dda2d0204bc9e002c489a43c696f0f63fca81c904168"))
    associations.add(SecurityAssociation(spi: 0x14e8_07aa, keys, .tunnel))
    var result = Dissection()
    let outcomes = associations.decode(&bytes, with: Decoder(dialect: .rfc5846), KeptKeys(), into: &result)
    // tshark: pad length 6, 104 octets of IPv6 and ICMPv6.
    #expect(
      outcomes == [
        .opened(number: 0, OpenedESP(sequence: 1, payload: 86..<190, nextHeader: 41, padLength: 6, hasDefaultPadding: true))
      ])
    #expect(result.layer(.icmpv6)?.protection == .opened(0))
    Self.expectSoundInside(result)
    #expect(result.value(.ipv6Source, in: bytes.span) == IPv6Address("2001:db8:99::5")?.value)
  }

  /// The capture was taken before the checksum of the outer UDP header was computed; inside everything is right.
  static func expectSoundInside(_ result: Dissection) {
    #expect(result.anomalyCount == 1 && result.anomalies[0].kind == .checksum)
    #expect(result.layers[Int(result.anomalies[0].layer)].kind == .udp)
  }

  /// tcpdump's captures publish the key of the encryption alone.
  @Test(
    "tcpdump's captures decrypt",
    arguments: [
      (
        EncryptionAlgorithm.aesCBC(keyBits: 256), "aaaabbbbccccdddd4043434545464649494a4a4c4c4f4f515152525454575758", 16,
        """
        e6bb1ce8d0a88170da61de234d5618a09984c00c3ebcfc69e9287affec215449ffbe790ac7280eca8f6c88b125deca11c870e4f851342d20200ff1189cc18c91
        0a5f37e74f1528f26749bf998bc20cc645117e2bdcc9ba0b0ad3a80168619ac66eb4b070d771e65f6077ea5366bf3bd8
        """
      ),
      (
        EncryptionAlgorithm.tripleDES, "4043434545464649494a4a4c4c4f4f515152525454575758", 8,
        """
        4c20452f3cb09211d3a748cde5c811e39c4ee83cfe96a1e42acfd2b87aab05d1642ba3af9c1bc342102c40ad15df4de0200a63638734711187d412093b83bfaa
        43191cbd84a45b0276338399b1f5ca17cc9254457e5906551a7041e3dc9176e8
        """
      ),
    ])
  func encryptedOnly(_ algorithm: EncryptionAlgorithm, _ key: String, _ ivLength: Int, _ text: String) throws {
    let text = octets(text)
    let plain = try algorithm.decrypt(Array(text[ivLength...]), key: octets(key), iv: Array(text[..<ivLength]))
    // An IPv4 packet of 84 octets with ICMP inside, padding 1 2 …, next header 4.
    #expect(plain[0] == 0x45 && plain[3] == 84 && plain[9] == 1 && plain.last == 4)
    #expect(plain[84..<(plain.count - 2)].elementsEqual(1...plain[plain.count - 2]))
  }

  static let captures = ProcessInfo.processInfo.environment["DETACHSPEC_CAPTURES"] ?? ""
  static let sessions = "\(captures)/strongswan-eap-aka.pcap"

  @Test(
    "every ESP packet of the captured strongSwan sessions opens",
    .enabled(if: FileManager.default.fileExists(atPath: sessions), "no strongSwan captures: set DETACHSPEC_CAPTURES"))
  func everySession() throws {
    var associations = SecurityAssociations()
    #expect(try associations.read(String(contentsOfFile: "\(Self.captures)/keys-eap-aka/esp_sa", encoding: .utf8)).isEmpty)
    #expect(associations.all.count == 6)
    var reader = try CaptureReader(CaptureFile(path: Self.sessions))
    let kept = KeptKeys()
    var opened = 0
    var result = Dissection()
    while try reader.next({ octets, _ in
      var frame = octets.indices.map { octets[$0] }
      for outcome in associations.decode(&frame, with: Decoder(dialect: .rfc5846), kept, into: &result) {
        guard case .opened = outcome else {
          Issue.record("\(outcome)")
          continue
        }
        opened += 1
        Self.expectSoundInside(result)
      }
    }) {}
    // What tshark shows with these keys.
    #expect(opened == 2)
  }
}
