import Foundation
import Link
import Parties
import Testing
import Wire

/// What the access network says, as tshark understands it.
@Suite("Access network before tshark")
struct SecondDecoderTests {
  static let program = ["/usr/bin/tshark", "/usr/local/bin/tshark"].first { FileManager.default.isExecutableFile(atPath: $0) }

  @Test("advertisements, leases and addresses are what was meant, their checksums right", .enabled(if: program != nil, "no tshark"))
  func reads() throws {
    var scene = AccessScene()
    scene.run(for: .zero)
    var frames = scene.sent.map(\.frame)
    for message in [LeaseTests.message(.discover), LeaseTests.request(), LeaseTests.request(wants: "10.99.0.3")] {
      frames += scene.receive(AccessScene.frame(message))
    }
    for (name, type): (String, UInt16) in [("ha.example", 28), ("ha.example", 1), ("other.example", 28)] {
      frames += scene.receive(AccessScene.frame(query: AccessScene.query(name, type: type), isIPv6: type == 28))
    }
    let lines = try Self.fields(
      frames,
      [
        "_ws.malformed", "icmpv6.checksum.status", "udp.checksum.status", "icmpv6.nd.ra.router_lifetime", "icmpv6.opt.prefix",
        "icmpv6.opt.prefix.flag.a", "icmpv6.opt.rdnss", "dhcp.option.dhcp", "dhcp.ip.your", "dhcp.option.subnet_mask", "dhcp.option.router",
        "dhcp.option.domain_name_server", "dhcp.option.ip_address_lease_time", "dns.flags.rcode", "dns.aaaa", "dns.a",
      ])
    let lease = "10.99.0.2|255.255.255.0|10.99.0.1|10.99.0.1|3600"
    #expect(
      lines == [
        "|1||1800|2001:db8:b::|1|2001:db8:b::1|||||||||", "||1|||||2|\(lease)|||", "||1|||||5|\(lease)|||", "||1|||||6|0.0.0.0|||||||",
        "||1|||||||||||0|2001:db8:a::1|", "||1|||||||||||0||192.0.2.1", "||1|||||||||||3||",
      ])
  }

  /// The fields of frames, a line each, with bars between them.
  static func fields(_ frames: [[UInt8]], _ names: [String]) throws -> [String] {
    func word(_ value: Int) -> [UInt8] { (0..<4).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
    var file = word(0xa1b2_c3d4) + [0, 2, 0, 4] + word(0) + word(0) + word(65_535) + word(1)
    for frame in frames { file += word(0) + word(0) + word(frame.count) + word(frame.count) + frame }
    let path = FileManager.default.temporaryDirectory.appending(path: "access-\(UUID().uuidString).pcap")
    try Data(file).write(to: path)
    defer { try? FileManager.default.removeItem(at: path) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program ?? "tshark")
    process.arguments =
      ["-n", "-r", path.path, "-o", "udp.check_checksum:TRUE", "-T", "fields", "-E", "separator=|"] + names.flatMap { ["-e", $0] }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return text.split(separator: "\n").map(String.init)
  }
}
