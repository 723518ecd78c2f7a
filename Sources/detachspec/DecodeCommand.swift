import ArgumentParser
import Conformance
import Foundation
import Judging
import Link
import Reporting
import Security
import Wire

struct DecodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode", abstract: "Dissect a capture file, or octets in hexadecimal.",
    discussion: """
      Octets may begin with an Ethernet, an IPv4 or an IPv6 header. MH type 16 is read in the layout of --dialect.

      ESP and the SK payload of IKE are opened where their keys are known, and dissected on: the plain octets stand in the place of those that \
      sealed them, so that every offset is one of the frame's. JSON has the octets with what was opened as 'opened'.
      """)

  @Argument(help: "A capture file, or octets in hexadecimal.") var input: String
  @Option(help: "The layout of revocation messages: draft-01 or rfc5846; by default what a capture of our own says, else rfc5846.")
  var dialect: String?
  @Option(help: KeyFolder.help) var keys: String?
  @Option(help: "What standard output gets.") var format: ListFormat = .text

  func run() throws {
    try guarded {
      let named = try dialect.map { name in
        guard let dialect = Dialect(name: name) else {
          throw Stop(.usage, "no dialect is called '\(name)'; there are draft-01 and rfc5846")
        }
        return dialect
      }
      let isFile = FileManager.default.fileExists(atPath: input)
      let opener = try (keys ?? (isFile ? KeyFolder.beside(input) : nil)).map { path in
        var opener = FrameOpener()
        opener.use(try KeyFolder.load(path: path))
        return opener
      }
      if isFile { return try decode(file: input, named, opener) }
      let digits = input.filter { !$0.isWhitespace && $0 != ":" }
      guard digits.count.isMultiple(of: 2), digits.allSatisfy(\.isHexDigit), !digits.isEmpty else {
        throw Stop(.usage, "'\(input)' is neither a file nor octets in hexadecimal")
      }
      let values = digits.compactMap(\.hexDigitValue)
      let octets = stride(from: 0, to: values.count, by: 2).map { UInt8(truncatingIfNeeded: values[$0] * 16 + values[$0 + 1]) }
      let first = octets.first.map { $0 >> 4 } ?? 0
      // An Ethernet header begins with an address, of which the lab's own begin with 02; IP headers begin with 4 or 6.
      let isIP = (first == 6 && octets.count >= 40) || (first == 4 && octets.count >= 20 && octets[0] & 0xf >= 5)
      var dissector = Dissector(decoder: Decoder(dialect: named ?? .rfc5846), opener: opener)
      let found = dissector.dissect(octets.span, isIP ? .ip : .ethernet)
      let shown = found.octets ?? octets
      if format == .json {
        let object = dissector.dissection.object(
          shown.span, frame: 1, time: Instant(nanoseconds: 0), interface: 0, link: isIP ? 101 : 1, isOpened: found.octets != nil,
          refusal: found.refusal)
        try write([object])
      } else {
        print(dissector.dissection.text(shown.span, refusal: found.refusal), terminator: "")
      }
      return .success
    }
  }

  private func write(_ frames: [DissectedFrame]) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    print(octets: Array(try encoder.encode(frames)) + [0x0a])
  }

  private func decode(file path: String, _ named: Dialect?, _ opener: FrameOpener?) throws -> ExitStatus {
    var dissector = Dissector(decoder: Decoder(dialect: named ?? .rfc5846), opener: opener)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // One frame at a time: a capture may be larger than memory.
    var isFirst = true
    // What stands before a broken place is told, and JSON stays a document.
    defer { if format == .json, !isFirst { print(octets: Array("\n]\n".utf8)) } }
    func show(_ bytes: Span<UInt8>, _ record: CaptureRecord, _ captured: Int, isOpened: Bool, _ refusal: String?) {
      if format == .json {
        let object = dissector.dissection.object(
          bytes, frame: record.number, time: record.time, interface: record.interface, link: Int(record.linkType.rawValue),
          isOpened: isOpened, refusal: refusal)
        let text = (try? encoder.encode(object)).map(Array.init) ?? []
        print(octets: Array((isFirst ? "[\n" : ",\n").utf8) + text)
        isFirst = false
      } else {
        print("frame \(record.number), \(captured) octets, interface \(record.interface), \(record.time.nanoseconds) ns")
        print(dissector.dissection.text(bytes, refusal: refusal))
      }
    }
    do throws(CaptureFileError) {
      let file = try CaptureFile(path: path)
      var reader = try CaptureReader(file)
      while try reader.next({ captured, record in
        if record.linkType == .user0 {
          var octets: [UInt8] = []
          for index in captured.indices { octets.append(captured[index]) }
          if named == nil, let event = try? JSONDecoder().decode(Event.self, from: Data(octets)), let run = event.run {
            dissector.decoder.dialect = run.profile.contains("5846") ? .rfc5846 : .draft01
            dissector.agents.formUnion(run.homeAgents.compactMap { IPv6Address($0) })
          }
          guard format == .text else { return }
          print("frame \(record.number), event: \(String(decoding: octets, as: UTF8.self))\n")
          return
        }
        // Offsets are counted from where the packet, or its Ethernet header, begins.
        let (offset, start) = record.linkType.start(of: captured)
        let bytes = captured.extracting(offset..<captured.count)
        let found = dissector.dissect(bytes, start, originalLength: record.originalLength - offset)
        if let octets = found.octets {
          show(octets.span, record, captured.count, isOpened: true, found.refusal)
        } else {
          show(bytes, record, captured.count, isOpened: false, found.refusal)
        }
      }) {}
    } catch {
      throw Stop(.usage, error.description)
    }
    if format == .json, isFirst { print(octets: Array("[]\n".utf8)) }
    return .success
  }
}

/// Dissects frame after frame, and opens what is sealed in them where it has keys.
private struct Dissector {
  var decoder: Decoder
  var opener: FrameOpener?
  /// The Home Agents that the capture itself names.
  var agents: Set<IPv6Address> = []
  private(set) var dissection = Dissection()

  init(decoder: Decoder, opener: FrameOpener?) {
    self.decoder = decoder
    self.opener = opener
  }

  /// - Returns: nil for octets where nothing was opened; why a seal was refused for which there is a key.
  mutating func dissect(
    _ bytes: Span<UInt8>, _ start: FrameStart, originalLength: Int? = nil
  ) -> (octets: [UInt8]?, refusal: String?) {
    guard opener != nil else {
      decoder.decode(bytes, start, originalLength: originalLength, into: &dissection)
      name(bytes)
      return (nil, nil)
    }
    let found = opener?.openedInPlace(bytes, start, with: decoder, originalLength: originalLength, into: &dissection)
    if let octets = found?.octets { name(octets.span) } else { name(bytes) }
    return (found?.octets, found?.refusal.map(Self.words))
  }

  /// A revocation in draft-01's layout is a BRI or a BRA by who sends it.
  private mutating func name(_ bytes: Span<UInt8>) {
    guard !agents.isEmpty, dissection.messageKind == .revocation, dissection.layers[dissection.message].dialect == .draft01,
      let source = dissection.value(.ipv6Source, in: bytes)
    else { return }
    dissection.nameMessage(agents.contains(IPv6Address(source)) ? .bri : .bra)
  }

  private static func words(_ refusal: SecurityError) -> String {
    switch refusal {
    case .integrity: "the integrity check value is not the one of these octets, with the key that is known"
    case .tooShort: "too few octets for what seals them"
    case .notWholeBlocks: "no whole number of cipher blocks"
    case .padding: "what was opened has no trailer"
    default: "it cannot be opened: \(refusal)"
    }
  }
}
