import ArgumentParser
import Conformance
import Foundation
import Judging
import Link
import Reporting
import Wire

struct DecodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode", abstract: "Dissect a capture file, or octets in hexadecimal.",
    discussion: "Octets may begin with an Ethernet, an IPv4 or an IPv6 header. MH type 16 is read in the layout of --dialect.")

  @Argument(help: "A capture file, or octets in hexadecimal.") var input: String
  @Option(help: "The layout of revocation messages: draft-01 or rfc5846; by default what a capture of our own says, else rfc5846.")
  var dialect: String?
  @Option(help: "What standard output gets.") var format: ListFormat = .text

  func run() throws {
    try guarded {
      let named = try dialect.map { name in
        guard let dialect = Dialect(name: name) else {
          throw Stop(.usage, "no dialect is called '\(name)'; there are draft-01 and rfc5846")
        }
        return dialect
      }
      if FileManager.default.fileExists(atPath: input) { return try decode(file: input, named) }
      let digits = input.filter { !$0.isWhitespace && $0 != ":" }
      guard digits.count.isMultiple(of: 2), digits.allSatisfy(\.isHexDigit), !digits.isEmpty else {
        throw Stop(.usage, "'\(input)' is neither a file nor octets in hexadecimal")
      }
      let values = digits.compactMap(\.hexDigitValue)
      let octets = stride(from: 0, to: values.count, by: 2).map { UInt8(truncatingIfNeeded: values[$0] * 16 + values[$0 + 1]) }
      var dissection = Dissection()
      let first = octets.first.map { $0 >> 4 } ?? 0
      // An Ethernet header begins with an address, of which the lab's own begin with 02; IP headers begin with 4 or 6.
      let isIP = (first == 6 && octets.count >= 40) || (first == 4 && octets.count >= 20 && octets[0] & 0xf >= 5)
      Decoder(dialect: named ?? .rfc5846).decode(octets.span, isIP ? .ip : .ethernet, into: &dissection)
      if format == .json {
        let object = dissection.object(octets.span, frame: 1, time: Instant(nanoseconds: 0), interface: 0, link: isIP ? 101 : 1)
        try write([object])
      } else {
        print(dissection.text(octets.span), terminator: "")
      }
      return .success
    }
  }

  private func write(_ frames: [DissectedFrame]) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    print(octets: Array(try encoder.encode(frames)) + [0x0a])
  }

  private func decode(file path: String, _ named: Dialect?) throws -> ExitStatus {
    var decoder = Decoder(dialect: named ?? .rfc5846)
    var dissection = Dissection()
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // One frame at a time: a capture may be larger than memory.
    var isFirst = true
    var agents: Set<IPv6Address> = []
    // What stands before a broken place is told, and JSON stays a document.
    defer { if format == .json, !isFirst { print(octets: Array("\n]\n".utf8)) } }
    do throws(CaptureFileError) {
      let file = try CaptureFile(path: path)
      var reader = try CaptureReader(file)
      while try reader.next({ captured, record in
        if record.linkType == .user0 {
          var octets: [UInt8] = []
          for index in captured.indices { octets.append(captured[index]) }
          if named == nil, let event = try? JSONDecoder().decode(Event.self, from: Data(octets)), let run = event.run {
            decoder.dialect = run.profile.contains("5846") ? .rfc5846 : .draft01
            agents.formUnion(run.homeAgents.compactMap { IPv6Address($0) })
          }
          guard format == .text else { return }
          print("frame \(record.number), event: \(String(decoding: octets, as: UTF8.self))\n")
          return
        }
        // Offsets are counted from where the packet, or its Ethernet header, begins.
        let (offset, start) = record.linkType.start(of: captured)
        let bytes = captured.extracting(offset..<captured.count)
        decoder.decode(bytes, start, originalLength: record.originalLength - offset, into: &dissection)
        if dissection.messageKind == .revocation, let source = dissection.value(.ipv6Source, in: bytes),
          dissection.layers[dissection.message].dialect == .draft01
        {
          if agents.contains(IPv6Address(source)) { dissection.nameMessage(.bri) } else if !agents.isEmpty { dissection.nameMessage(.bra) }
        }
        if format == .json {
          let object = dissection.object(
            bytes, frame: record.number, time: record.time, interface: record.interface, link: Int(record.linkType.rawValue))
          let text = (try? encoder.encode(object)).map(Array.init) ?? []
          print(octets: Array((isFirst ? "[\n" : ",\n").utf8) + text)
          isFirst = false
        } else {
          print("frame \(record.number), \(captured.count) octets, interface \(record.interface), \(record.time.nanoseconds) ns")
          print(dissection.text(bytes))
        }
      }) {}
    } catch {
      throw Stop(.usage, error.description)
    }
    if format == .json, isFirst { print(octets: Array("[]\n".utf8)) }
    return .success
  }
}
