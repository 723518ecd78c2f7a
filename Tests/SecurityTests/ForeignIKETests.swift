import Foundation
import Link
import Testing
import Wire

@testable import Security

/// IKE messages that others captured, with their keys and with what tshark says of them.
@Suite("IKE of others", .enabled(if: ForeignIKE.folder != nil, "no folder of captures: set CAPTURES"))
struct ForeignIKETests {
  /// What tshark 4.0 says of a message.
  struct Fact: Decodable {
    var exch: Int?
    var mid: Int?
    var payloads_tshark: String?
    var notify: String?
    var delete_proto: Int?
    var ver: String?
    var icv_tshark: String?
  }
  struct Facts: Decodable {
    var frame: Int
    var ike: Fact?
  }

  static let facts: [(name: String, facts: [Facts])] = {
    guard let folder = ForeignIKE.folder, let data = FileManager.default.contents(atPath: "\(folder)/thirdparty/facts.json"),
      let all = try? JSONDecoder().decode([String: [Facts]].self, from: data)
    else { return [] }
    // The reader of captures takes no pcap of link type NULL, which one of them is.
    return all.filter { $0.key != "tcpdump--ikev2four.pcap" }.filter { file in
      file.value.contains { $0.ike?.ver == "2.0" && $0.ike?.payloads_tshark != nil } && !file.key.hasSuffix(".gz")
    }
    .map { (name: $0.key, facts: $0.value) }.sorted { $0.name < $1.name }
  }()

  @Test("captures of others hold the payloads that tshark finds", arguments: facts)
  func thirdParty(_ name: String, _ facts: [Facts]) throws {
    let capture = try ForeignIKE("thirdparty/\(name)", keys: ForeignIKE.records("thirdparty/\(name).keys.json"))
    var compared = 0
    for fact in facts {
      guard let ike = fact.ike, ike.ver == "2.0", let wanted = ike.payloads_tshark, let frame = capture.frames[fact.frame] else { continue }
      // What nobody here has an algorithm for stays sealed.
      guard ike.icv_tshark == nil || frame.isOpened else { continue }
      let types = wanted.split(separator: ";").compactMap { Int($0) }
      // Of a message that is broken tshark shows the header of one more.
      #expect(frame.isSound ? frame.types == types : types.starts(with: frame.types), "\(name) frame \(fact.frame)")
      #expect(frame.notifications == (ike.notify ?? "").split(separator: ";").compactMap { Int($0) }, "\(name) frame \(fact.frame)")
      #expect(frame.exchange == ike.exch && frame.id == ike.mid && frame.deletions.first?.protocolID == ike.delete_proto)
      compared += 1
    }
    #expect(compared > 0)
  }

  @Test("the algorithms of Wireshark's captures open all of their messages", arguments: ["aes256cbc.pcapng", "aes256gcm16.pcap"])
  func wireshark(_ name: String) throws {
    let file = "thirdparty/wireshark--ikev2-decrypt-\(name)"
    let capture = try ForeignIKE(file, keys: ForeignIKE.records("\(file).keys.json"))
    #expect(!capture.frames.isEmpty && capture.sealed.isEmpty && capture.opened > 0)
    #expect(capture.failures.isEmpty, "\(capture.failures)")
  }

  /// Frame, protocol and SPIs of each DELETE, by tshark with the same keys.
  static let deletions: [String: [String]] = [
    "psk": ["5 1 ", "11 1 ", "17 1 ", "23 1 ", "29 1 ", "35 3 a9d494d8", "36 3 713d613c", "37 1 "],
    "eap-aka": ["11 1 ", "23 1 ", "37 1 ", "49 1 ", "61 1 "],
  ]
  /// How many messages tshark calls correct.
  static let sealedMessages = ["psk": 26, "eap-aka": 50]

  @Test("strongSwan's captures open with the tables that it exported", arguments: ["psk", "eap-aka"])
  func strongSwan(_ name: String) throws {
    var table = IKEKeyTable()
    let folder = try #require(ForeignIKE.folder)
    let bad = table.read(try String(contentsOfFile: "\(folder)/keys-\(name)/ikev2_decryption_table", encoding: .utf8))
    #expect(bad.isEmpty)
    let capture = try ForeignIKE("strongswan-\(name).pcap", keys: table.records)
    #expect(capture.sealed.isEmpty && capture.failures.isEmpty, "\(capture.failures)")
    #expect(capture.opened == ForeignIKETests.sealedMessages[name])
    let found = capture.frames.sorted { $0.key < $1.key }.flatMap { number, frame in
      frame.deletions.map { "\(number) \($0.protocolID) \($0.spis.map { String($0, radix: 16) }.joined(separator: ","))" }
    }
    #expect(found == ForeignIKETests.deletions[name])
    #expect(capture.frames.values.contains { $0.types.contains(48) } == (name == "eap-aka"))
  }

  /// Writing the table again gives the lines that strongSwan wrote.
  @Test("a table that is read and written is the same", arguments: ["psk", "eap-aka"])
  func table(_ name: String) throws {
    let folder = try #require(ForeignIKE.folder)
    let text = try String(contentsOfFile: "\(folder)/keys-\(name)/ikev2_decryption_table", encoding: .utf8)
    let lines = text.split(separator: "\n").map(String.init)
    #expect(!lines.isEmpty)
    for line in lines { #expect(IKEKeyRecord(line: line)?.line == line) }
  }
}

/// A capture with its IKE messages opened as far as there are keys.
struct ForeignIKE {
  static let folder: String? = {
    guard let folder = ProcessInfo.processInfo.environment["DETACHSPEC_CAPTURES"], FileManager.default.fileExists(atPath: folder) else {
      return nil
    }
    return folder
  }()

  struct Frame {
    var exchange = 0
    var id = 0
    var types: [Int] = []
    var notifications: [Int] = []
    var deletions: [(protocolID: Int, spis: [UInt32])] = []
    var isOpened = false
    var isSound = true
  }

  private(set) var frames: [Int: Frame] = [:]
  private(set) var opened = 0
  /// Frames that stayed sealed, and those that could not be opened with the keys that there are.
  private(set) var sealed: [Int] = []
  private(set) var failures: [String] = []

  init(_ name: String, keys: [IKEKeyRecord]) throws {
    var table = IKEKeyTable()
    for record in keys { table.add(record) }
    var reader = try CaptureReader(CaptureFile(path: "\(Self.folder ?? "")/\(name)"))
    while try reader.next({ bytes, record in
      // LINKTYPE_NULL and LINKTYPE_LOOP have four octets in front of the IP header.
      let isNull = [0, 108].contains(record.linkType.rawValue)
      read(isNull ? bytes.extracting(min(4, bytes.count)..<bytes.count) : bytes, isNull ? .ip : .ethernet, record.number, table)
    }) {}
  }

  private mutating func read(_ bytes: Span<UInt8>, _ start: FrameStart, _ number: Int, _ table: IKEKeyTable) {
    var dissection = Dissection()
    Decoder(dialect: .rfc5846).decode(bytes, start, into: &dissection)
    guard dissection.layer(.ike) != nil else { return }
    var octets: [UInt8] = []
    for index in bytes.indices { octets.append(bytes[index]) }
    var frame = Frame()
    if dissection.layer(.ike)?.protection == .opaque {
      do throws(SecurityError) {
        if let opening = try table.open(&octets, dissection) {
          Decoder(dialect: .rfc5846).decode(octets.span, start, opened: [opening], into: &dissection)
          frame.isOpened = true
          opened += 1
        } else {
          sealed.append(number)
        }
      } catch {
        failures.append("frame \(number): \(error)")
      }
    }
    frame.isSound = dissection.isSound
    frame.exchange = Int(dissection.value(.ikeExchangeType, in: octets.span) ?? 0)
    frame.id = Int(dissection.value(.ikeMessageID, in: octets.span) ?? 0)
    dissection.forEachPayload(in: octets.span) { place in
      // tshark counts proposals (2) and transforms (3) among the payloads.
      if place.type != 0 { frame.types.append(Int(place.type)) }
      if place.kind == .proposal { frame.types.append(2) }
      if place.kind.depth == 2 { frame.types.append(3) }
      let data = Array(octets[place.offset..<min(place.offset + place.length, octets.count)])
      if place.kind == .notify, data.count >= 8 { frame.notifications.append(Int(data[6]) << 8 | Int(data[7])) }
      if place.kind == .delete, data.count >= 8 {
        let spis = stride(from: 8, to: data.count - 3, by: 4).map { at in data[at..<at + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } }
        frame.deletions.append((protocolID: Int(data[4]), spis: spis))
      }
    }
    frames[number] = frame
  }

  private struct Keys: Decodable {
    struct Entry: Decodable {
      var spi_i, spi_r, sk_ei, sk_er, encr, sk_ai, sk_ar, integ: String
    }
    var ikev2: [Entry]?
  }

  /// The keys beside a capture, those of algorithms that nobody here has left out.
  static func records(_ name: String) -> [IKEKeyRecord] {
    guard let data = FileManager.default.contents(atPath: "\(folder ?? "")/\(name)"),
      let keys = try? JSONDecoder().decode(Keys.self, from: data)
    else { return [] }
    return (keys.ikev2 ?? []).compactMap {
      IKEKeyRecord(
        line: "\($0.spi_i),\($0.spi_r),\($0.sk_ei),\($0.sk_er),\"\($0.encr)\",\($0.sk_ai),\($0.sk_ar),\"\($0.integ)\"")
    }
  }
}
