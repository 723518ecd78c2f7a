import Foundation
import Link
import Testing
import Wire

@testable import Security

/// What we write, tshark reads: names and values of fields, and what is sealed with the keys that we export.
@Suite("IKE before tshark", .enabled(if: TsharkESPTests.program != nil, "no tshark"))
struct TsharkIKETests {
  /// A folder that goes with the value: a capture of raw IP packets, and a configuration for tshark.
  final class Capture {
    let folder = FileManager.default.temporaryDirectory.appending(path: "ike-\(UUID().uuidString)")

    init(_ packets: [[UInt8]], table: [String] = []) throws {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      func word(_ value: Int) -> [UInt8] { (0..<4).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
      var file = word(0xa1b2_c3d4) + [0, 2, 0, 4] + word(0) + word(0) + word(65_535) + word(101)
      for packet in packets { file += word(0) + word(0) + word(packet.count) + word(packet.count) + packet }
      try Data(file).write(to: folder.appending(path: "a.pcap"))
      try table.map { $0 + "\n" }.joined().write(to: folder.appending(path: "ikev2_decryption_table"), atomically: true, encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func tshark(_ arguments: [String]) throws -> String {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: TsharkESPTests.program ?? "")
      process.arguments = ["-n", "-r", folder.appending(path: "a.pcap").path] + arguments
      process.environment = ProcessInfo.processInfo.environment.merging(["WIRESHARK_CONFIG_DIR": folder.path]) { $1 }
      let output = Pipe()
      process.standardOutput = output
      process.standardError = FileHandle.nullDevice
      try process.run()
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      return text
    }
  }

  static func packet(_ datagram: IKEDatagram) -> [UInt8] { datagram.packet?.encoded() ?? [] }

  // MARK: In clear

  private static func set(_ option: Packet.Option, _ values: [(String, UInt128)], data: [UInt8]? = nil) -> Packet.Option {
    var option = option
    for (name, value) in values { if let path = FieldPath(option.kind, name) { option.values.append((path: path, value: value)) } }
    if let data { option.data = data }
    return option
  }

  /// Every payload and part that there is, each field with a value that it does not have by itself.
  static let everything: [Packet.Option] = {
    var strange = Packet.Option(.unknownPayload, data: [1, 2, 3])
    strange.announced = 200
    let address = IPv6Address("2001:db8::77") ?? .unspecified
    return [
      set(.init(.sa), [("reserved", 0)]),
      set(.init(.proposal), [("number", 1), ("protocol-id", 3)], data: [0xc0, 0, 0, 1]),
      set(.init(.encryptionTransform), [("id", 12)]), set(.init(.transformAttribute), [("type", 14), ("value", 256)]),
      set(.init(.prfTransform), [("id", 5)]), set(.init(.integrityTransform), [("id", 12)]), set(.init(.dhTransform), [("id", 14)]),
      set(.init(.esnTransform), [("id", 0)]),
      set(.init(.proposal), [("number", 2), ("protocol-id", 3)], data: [0xc0, 0, 0, 2]), set(.init(.encryptionTransform), [("id", 3)]),
      set(.init(.ke), [("group", 19)], data: counting(64)), set(.init(.nonce), [], data: counting(16)),
      set(.init(.idi), [("id-type", 2)], data: Array("ue.lab".utf8)), set(.init(.idr), [("id-type", 5)], data: address.octets),
      set(.init(.certreq), [("encoding", 4)], data: counting(20)), set(.init(.auth), [("method", 2)], data: counting(20)),
      .notify(16396), .notify(11, protocolID: 3, spi: [1, 2, 3, 4], [9]), .deleteIKE, .deleteESP([0xc000_0001, 0xc000_0002]),
      set(.init(.vendorID), [], data: counting(8)), set(.init(.tsi), []),
      TrafficSelector.mobility(.ipv6(address), type: 5).part, TrafficSelector.mobility(.ipv4(IPv4Address(0xc000_0201))).part,
      set(.init(.tsr), []), TrafficSelector(protocolID: 17, startPort: 7, endPort: 9, from: .ipv6(address), to: .ipv6(address)).part,
      set(.init(.cp), [("type", 2)]), set(.init(.configurationAttribute), [("type", 8)], data: address.octets + [64]),
      set(.init(.configurationAttribute), [("type", 16)], data: counting(21)), set(strange, [("critical", 1)]),
      .eap([3, 7, 0, 4]),
    ]
  }()

  @Test("every field's name is Wireshark's, with the same values in the same order")
  func names() throws {
    let ike = Packet.Header(
      .ike, .rfc5846,
      [(.ikeInitiatorSPI, 0x1122), (.ikeResponderSPI, 0x3344), (.ikeExchangeType, 34), (.ikeI, 1), (.ikeR, 1), (.ikeMessageID, 7)],
      options: Self.everything)
    let bytes = Packet([
      .ipv6(from: IPv6Address(1), to: IPv6Address(2)), .udp(from: 500, to: 500), ike,
    ]).encoded()
    var dissection = Dissection()
    Decoder(dialect: .rfc5846).decode(bytes.span, .ip, into: &dissection)
    #expect(dissection.isSound)

    // Ours: every field by Wireshark's name, in wire order.
    var ours: [String: [String]] = [:]
    func add(_ schema: Schema, at offset: Int) {
      for field in schema.fields where !field.wireshark.isEmpty {
        guard let range = FieldPath(schema.kind, field.name)?.range(in: .rfc5846) else { continue }
        ours[field.wireshark, default: []].append(Self.plain(Self.read(range, bytes, offset), field))
      }
    }
    let start = Int(try #require(dissection.layer(.ike)).offset)
    add(Schema.of(.ike), at: start)
    var kinds: Set<LayerKind> = [.ike]
    dissection.forEachPayload(in: bytes.span) { place in
      add(Schema.of(place.kind), at: place.offset)
      kinds.insert(place.kind)
    }
    // Those that are not in the message: sealed, or what tshark shows otherwise.
    let absent = LayerKind.allCases.filter { ($0.isPayload || $0 == .ike) && !kinds.contains($0) }
    #expect(Set(absent) == [.sk, .skf, .cert, .unknownTransform, .unknownTrafficSelector, .variableTransformAttribute])

    let names = ours.keys.sorted()
    let capture = try Capture([bytes])
    let line = try capture.tshark(["-T", "fields", "-E", "aggregator=;", "-E", "separator=|"] + names.flatMap { ["-e", $0] })
    let columns = line.split(separator: "\n").first?.split(separator: "|", omittingEmptySubsequences: false) ?? []
    try #require(columns.count == names.count, "\(line)")
    for (name, column) in zip(names, columns) {
      // Fields that are octets to tshark.
      let isOctets = ["isakmp.ispi", "isakmp.rspi", "isakmp.reserved", "isakmp.ike2.attr.value"].contains(name)
      let theirs = column.split(separator: ";").map { Self.plain((isOctets ? "0x" : "") + $0) }
      #expect(theirs == ours[name], "\(name)")
    }
  }

  private static func read(_ range: BitRange, _ bytes: [UInt8], _ offset: Int) -> UInt128 {
    var value: UInt128 = 0
    for bit in range.bit..<(range.bit + range.width) { value = value << 1 | UInt128(bytes[offset + bit / 8] >> UInt8(7 - bit % 8) & 1) }
    return value
  }

  private static func plain(_ value: UInt128, _ field: Field) -> String {
    field.presentation == .number ? String(value) : field.text(value)
  }

  /// One form for what tshark prints: numbers in radix 16 or 10, octets in hexadecimal, Booleans.
  private static func plain(_ text: String) -> String {
    if text == "True" || text == "False" { return text == "True" ? "1" : "0" }
    if text.hasPrefix("0x") { return UInt128(text.dropFirst(2), radix: 16).map { String($0) } ?? text }
    return text
  }

  // MARK: Sealed

  static let suites: [IKEProposal] = IKEEndpointTests.suites.filter { $0.prf == [.hmacSHA2_256] }

  @Test("with the keys that we export tshark opens what we seal, calls it correct, and finds the same payloads", arguments: suites)
  func sealed(_ suite: IKEProposal) throws {
    var (ue, ha) = (IKEBench.ue([suite]), IKEBench.ha([suite]))
    ue.child = IKEBench.ueChild
    ha.child = IKEBench.haChild
    let bench = IKEBench(ue, ha)
    let handle = bench.attach()
    let record = try #require(bench.ueEstablished.first?.record)
    bench.asUE { $0.createChild(handle, IKEBench.ueChild, replacing: $0.children(handle).first?.inboundSPI, at: $1, &$2) }
    bench.run(for: .seconds(5))
    bench.asHA { $0.delete(bench.haHandle, at: $1, &$2) }
    bench.run(for: .seconds(5))
    let packets = bench.sent.map { Self.packet($0) }
    let capture = try Capture(packets, table: [record.line])
    let theirs = try capture.tshark(["-T", "fields", "-E", "aggregator=;", "-e", "isakmp.typepayload"]).split(separator: "\n")
    var table = IKEKeyTable()
    table.add(record)
    var ours: [String] = []
    var sealed = 0
    for packet in packets {
      var (bytes, dissection) = (packet, Dissection())
      Decoder(dialect: .rfc5846).decode(bytes.span, .ip, into: &dissection)
      if let opening = try table.open(&bytes, dissection) {
        sealed += 1
        Decoder(dialect: .rfc5846).decode(bytes.span, .ip, opened: [opening], into: &dissection)
      }
      var types: [Int] = []
      dissection.forEachPayload(in: bytes.span) {
        types.append($0.type != 0 ? Int($0.type) : $0.kind == .proposal ? 2 : $0.kind.depth == 2 ? 3 : 0)
      }
      ours.append(types.filter { $0 != 0 }.map(String.init).joined(separator: ";"))
    }
    #expect(sealed == 8)
    #expect(theirs.map(String.init) == ours)
    let text = try capture.tshark(["-V"])
    let isChecked = suite.integrity != [.aesXCBC96]
    #expect(text.components(separatedBy: "[correct]").count - 1 == (isChecked ? sealed : 0))
    #expect(!text.contains("[incorrect"))
  }

  @Test(
    "with the lines that we export of a Child SA tshark opens its ESP, in both directions",
    arguments: [
      IKEProposal([.aesCBC(keyBits: 256)], [.hmacSHA2_256_128]), IKEProposal([.tripleDES], [.hmacSHA1_96]),
      IKEProposal([.aesGCM16(keyBits: 128)]),
    ])
  func children(_ proposal: IKEProposal) throws {
    var (ue, ha) = (IKEBench.ue(), IKEBench.ha())
    ue.child = IKEBench.ueChild
    ue.child?.proposals = [proposal]
    ha.child = IKEBench.haChild
    ha.child?.proposals = [proposal]
    let bench = IKEBench(ue, ha)
    _ = bench.attach()
    let child = try #require(bench.ueEvents.children.first)
    let (own, peers) = (IKEBench.home, IKEBench.haAddress.host)
    guard case .ipv6(let home) = own, case .ipv6(let agent) = peers else { return }
    let kept = KeptKeys()
    var generator = SeededGenerator(seed: 4)
    var out = child.outboundAssociation
    // What the Home Agent sends is sealed with its own half.
    let theirs = try #require(bench.haEvents.children.first)
    var back = theirs.outboundAssociation
    let bra = Packet([.ipv6(from: home, to: agent), .message(.bra, .rfc5846, [(.braSequence, 0x1234)])])
    let bri = Packet([.ipv6(from: agent, to: home), .message(.bri, .rfc5846, [(.briSequence, 0x1234)])])
    let packets = [try back.seal(bri, from: 1, kept, using: &generator), try out.seal(bra, from: 1, kept, using: &generator)]
    let capture = try Capture(packets.map { $0.encoded() })
    try child.lines(local: own, remote: peers).map { $0 + "\n" }.joined()
      .write(to: capture.folder.appending(path: "esp_sa"), atomically: true, encoding: .utf8)
    let text = try capture.tshark([
      "-o", "esp.enable_encryption_decode:TRUE", "-o", "esp.enable_authentication_check:TRUE", "-T", "fields", "-E", "separator=|", "-e",
      "mip6.bri_br.type", "-e", "mip6.bri_seqnr", "-e", "esp.icv_good",
    ])
    #expect(text.split(separator: "\n") == ["1|4660|1", "2|4660|1"])
  }
}
