import Foundation
import Link
import Testing
import Wire

@testable import Security

/// What we seal, tshark opens: the second pair of eyes for ESP, as `scripts/second-decoder` is for what is in clear.
@Suite("ESP before tshark")
struct TsharkESPTests {
  struct Pair: Sendable {
    var keys: ESPKeys
    /// The names in Wireshark's table of ESP SAs.
    var encryption, integrity: String
    /// tshark has no AES-XCBC: it takes the check value off without looking, whatever key is given.
    var isVerified = true
  }

  static let pairs = [
    Pair(keys: ESPTests.e1Keys, encryption: "NULL", integrity: "HMAC-SHA-1-96 [RFC2404]"),
    Pair(
      keys: ESPKeys(.aesCBC(keyBits: 128), counting(16), .hmacSHA1_96, counting(20)), encryption: "AES-CBC [RFC3602]",
      integrity: "HMAC-SHA-1-96 [RFC2404]"),
    Pair(
      keys: ESPKeys(.aesCBC(keyBits: 256), counting(32), .hmacSHA2_256_128, counting(32)), encryption: "AES-CBC [RFC3602]",
      integrity: "HMAC-SHA-256-128 [RFC4868]"),
    Pair(
      keys: ESPKeys(.tripleDES, counting(24), .aesXCBC96, counting(16)), encryption: "TripleDES-CBC [RFC2451]",
      integrity: "ANY 96 bit authentication [no checking]", isVerified: false),
    Pair(
      keys: ESPKeys(.tripleDES, counting(24), .hmacSHA1_96, counting(20)), encryption: "TripleDES-CBC [RFC2451]",
      integrity: "HMAC-SHA-1-96 [RFC2404]"),
    Pair(
      keys: ESPKeys(.aesGCM16(keyBits: 128), counting(20), .none, []), encryption: "AES-GCM with 16 octet ICV [RFC4106]", integrity: "NULL"),
    Pair(
      keys: ESPKeys(.aesGCM16(keyBits: 256), counting(36), .none, []), encryption: "AES-GCM with 16 octet ICV [RFC4106]", integrity: "NULL"),
  ]

  static let program = ["/usr/bin/tshark", "/usr/local/bin/tshark"].first { FileManager.default.isExecutableFile(atPath: $0) }

  @Test(
    "every pair of algorithms, transport and tunnel mode, native and in UDP: check value right, the BRI as it was",
    .enabled(if: program != nil, "no tshark"))
  func opens() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "esp-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }

    // A pcap of raw IP packets.
    func word(_ value: Int) -> [UInt8] { (0..<4).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
    var file = word(0xa1b2_c3d4) + [0, 2, 0, 4] + word(0) + word(0) + word(65_535) + word(101)
    var table = ""
    var expected: [[String]] = []
    let kept = KeptKeys()
    var generator = SeededGenerator(seed: 9)
    for (number, pair) in Self.pairs.enumerated() {
      for form in 0..<3 {
        let spi = UInt32(0x1000 + number * 16 + form)
        var packet = try ESPTests.bri()
        packet.headers[2].values.append((path: .briSequence, value: UInt128(spi)))
        let mode: ESPMode = form == 0 ? .transport : .tunnel
        var from = 2
        if mode == .tunnel {
          let addresses = (try ESPTests.address("2001:db8::1"), try ESPTests.address("2001:db8::2"))
          packet.headers.insert(.ipv6(from: addresses.0, to: addresses.1), at: 0)
          if form == 2 { packet.headers.insert(.udp(from: 4500, to: 4500), at: 1) }
          from = form
        }
        var association = SecurityAssociation(spi: spi, pair.keys, mode)
        association.sequence = 41
        let octets = try association.seal(packet, from: from, kept, using: &generator).encoded()
        file += word(0) + word(0) + word(octets.count) + word(octets.count) + octets
        let fields = [
          "IPv6", "*", "*", "0x" + hex([UInt8](bigEndian: spi)), pair.encryption,
          pair.keys.encryptionKey.isEmpty ? "" : "0x" + hex(pair.keys.encryptionKey),
          pair.integrity, pair.keys.integrityKey.isEmpty ? "" : "0x" + hex(pair.keys.integrityKey),
        ]
        table += fields.map { "\"\($0)\"" }.joined(separator: ",") + "\n"
        expected.append(["42", pair.isVerified ? "1" : "0", "\(spi)", mode == .transport ? "0x87" : "0x29"])
      }
    }
    // What we read from it is what was written.
    var read = SecurityAssociations()
    #expect(read.read(table) == [])
    #expect(read.all.count == expected.count && read.all.allSatisfy { entry in Self.pairs.contains { $0.keys == entry.association.keys } })
    try Data(file).write(to: folder.appending(path: "esp.pcap"))
    try table.write(to: folder.appending(path: "esp_sa"), atomically: true, encoding: .utf8)

    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Self.program))
    process.arguments = [
      "-n", "-r", folder.appending(path: "esp.pcap").path, "-o", "esp.enable_authentication_check:TRUE", "-o",
      "esp.enable_encryption_decode:TRUE", "-T", "fields", "-e", "esp.sequence", "-e", "esp.icv_good", "-e", "mip6.bri_seqnr", "-e",
      "esp.protocol",
    ]
    process.environment = ProcessInfo.processInfo.environment.merging(["WIRESHARK_CONFIG_DIR": folder.path]) { $1 }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let seen = text.split(separator: "\n").map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
    #expect(seen == expected)
  }
}
