import Foundation
import Testing
import Wire

@testable import Link

/// A frame as the tests keep it.
struct SeenFrame: Equatable {
  var octets: [UInt8]
  var record: CaptureRecord
}

/// Reads a capture to its end or to its first error.
func readAll(_ octets: [UInt8]) -> (frames: [SeenFrame], interfaces: [CaptureInterface], error: CaptureFileError?) {
  var frames: [SeenFrame] = []
  do throws(CaptureFileError) {
    var reader = try CaptureReader(CaptureFile(octets: octets, name: "test.pcapng"))
    do throws(CaptureFileError) {
      while try reader.next({ octets, record in
        frames.append(SeenFrame(octets: (0..<octets.count).map { octets[$0] }, record: record))
      }) {}
      return (frames, reader.interfaces, nil)
    } catch {
      return (frames, reader.interfaces, error)
    }
  } catch {
    return (frames, [], error)
  }
}

func temporaryPath(_ name: String) -> String {
  FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString)-\(name)").path
}

/// A small capture with two ports, comments, events and drops, as the writer writes it.
func smallCapture() throws -> [UInt8] {
  let path = temporaryPath("small.pcapng")
  let writer = try PcapngWriter(path: path, ports: [.init(name: "access"), .init(name: "home")])
  let frames: [[UInt8]] = [[1, 2, 3], [4, 5, 6, 7], []]
  for (index, frame) in frames.enumerated() {
    let info = FrameInfo(
      port: index % 2, time: Instant(nanoseconds: 1_000_000_007 + Int64(index)), originalLength: 60, isOutgoing: index == 1)
    let number = writer.write(frame.span, info, comment: index == 1 ? "größer" : nil)
    #expect(number == index + 1)
  }
  #expect(writer.event(#"{"event":"probe"}"#, at: Instant(nanoseconds: 2_000_000_000)) == 4)
  try writer.close(drops: [0, 9])
  defer { try? FileManager.default.removeItem(atPath: path) }
  return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
}

@Suite("Capture files")
struct CaptureFileTests {
  @Test func whatIsWrittenIsRead() throws {
    let octets = try smallCapture()
    let result = readAll(octets)
    #expect(result.error == nil)
    #expect(result.interfaces.map(\.name) == ["access", "home", PcapngWriter.eventsName])
    #expect(result.interfaces.map(\.drops) == [0, 9, 0])
    #expect(result.interfaces.map(\.carriesEvents) == [false, false, true])
    #expect(result.frames.map(\.octets) == [[1, 2, 3], [4, 5, 6, 7], [], Array(#"{"event":"probe"}"#.utf8)])
    #expect(result.frames.map(\.record.number) == [1, 2, 3, 4])
    #expect(result.frames.map(\.record.interface) == [0, 1, 0, 2])
    #expect(result.frames.map(\.record.isOutgoing) == [false, true, false, false])
    #expect(result.frames.map(\.record.time.nanoseconds) == [1_000_000_007, 1_000_000_008, 1_000_000_009, 2_000_000_000])
    #expect(result.frames[0].record.originalLength == 60)
    let reader = try CaptureReader(CaptureFile(octets: octets, name: "x"))
    #expect(reader.comment(of: result.frames[1].record) == "größer")
    #expect(reader.application == "detachspec")
  }

  @Test func theFinalNameAppearsOnlyWhenTheFileIsWhole() throws {
    let path = temporaryPath("whole.pcapng")
    var writer: PcapngWriter? = try PcapngWriter(path: path, ports: [])
    try writer?.flush()
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(FileManager.default.fileExists(atPath: path + ".part"))
    writer = nil
    #expect(!FileManager.default.fileExists(atPath: path + ".part"))
    writer = try PcapngWriter(path: path, ports: [])
    try writer?.close()
    #expect(FileManager.default.fileExists(atPath: path))
    try FileManager.default.removeItem(atPath: path)
  }

  @Test func aPlaceThatCannotBeWrittenIsNamed() {
    #expect(throws: CaptureFileError.self) { try PcapngWriter(path: "/nonexistent/x.pcapng", ports: []) }
    let error = #expect(throws: CaptureFileError.self) { try CaptureFile(path: "/nonexistent/x.pcapng") }
    #expect(error?.description.contains("/nonexistent/x.pcapng") == true)
  }

  @Test func aLongCommentIsCutBetweenCharacters() throws {
    let path = temporaryPath("long.pcapng")
    let writer = try PcapngWriter(path: path, ports: [.init(name: "p")])
    let info = FrameInfo(port: 0, time: Instant(nanoseconds: 0), originalLength: 0, isOutgoing: false)
    let nothing: [UInt8] = []
    writer.write(nothing.span, info, comment: "x" + String(repeating: "ö", count: 40_000))
    try writer.close()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = try CaptureFile(path: path)
    var reader = try CaptureReader(file)
    var comment: Range<Int>?
    #expect(try reader.next { comment = $1.comment })
    let text = file.text(try #require(comment))
    #expect(text.hasSuffix("ö") && text.utf8.count > 65_000 && !text.contains("\u{fffd}"))
  }

  // MARK: Hostile input

  @Test func everyTruncationGivesTheFramesBeforeItAndOneError() throws {
    let octets = try smallCapture()
    let whole = readAll(octets).frames
    for count in 0..<octets.count {
      let result = readAll(Array(octets.prefix(count)))
      #expect(result.frames == Array(whole.prefix(result.frames.count)))
      if let error = result.error {
        #expect(error.description.hasPrefix("test.pcapng:") && !error.description.contains("\n"))
      }
    }
  }

  @Test func everyChangedOctetIsSurvived() throws {
    let octets = try smallCapture()
    for place in octets.indices {
      for value: UInt8 in [0, 1, 0x7f, 0x80, 0xff] {
        var changed = octets
        changed[place] = value
        _ = readAll(changed)
      }
    }
  }

  @Test func randomOctetsAreSurvived() {
    var generator = SeededGenerator(seed: 1)
    let starts: [[UInt8]] = [
      [], [0x0a, 0x0d, 0x0d, 0x0a], [0xd4, 0xc3, 0xb2, 0xa1], [0xa1, 0xb2, 0x3c, 0x4d], pcap(swapped: false, nano: true, []),
    ]
    for round in 0..<20_000 {
      let start = starts[round % starts.count]
      let rest = (0..<Int.random(in: 0..<120, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
      _ = readAll(start + rest)
    }
  }

  @Test func foreignAndEmptyFilesAreNamed() {
    #expect(readAll([]).error?.reason == .empty)
    #expect(readAll(Array("GIF89a".utf8)).error?.reason == .foreign("47 49 46 38"))
    #expect(readAll([1, 2]).error?.reason == .truncated("file header", needed: 24, left: 2))
    #expect(readAll(pcap(swapped: false, nano: false, linkType: 105, [])).error?.reason == .unsupportedLinkType(105))
  }

  @Test func anErrorStays() throws {
    var octets = pcap(swapped: false, nano: false, [[1], [2]])
    octets.removeLast()
    var reader = try CaptureReader(CaptureFile(octets: octets, name: "x"))
    #expect(try reader.next { _, _ in })
    #expect(throws: CaptureFileError.self) { try reader.next { _, _ in } }
    #expect(throws: CaptureFileError.self) { try reader.next { _, _ in } }
  }

  // MARK: Formats

  @Test(arguments: [false, true], [false, true])
  func classicFilesOfBothOrdersAndResolutions(swapped: Bool, nano: Bool) {
    let result = readAll(pcap(swapped: swapped, nano: nano, [[1, 2], [3]]))
    #expect(result.error == nil)
    #expect(result.frames.map(\.octets) == [[1, 2], [3]])
    #expect(result.frames.map(\.record.time.nanoseconds) == [1_000_000_000 + (nano ? 5 : 5_000), 2_000_000_000 + (nano ? 5 : 5_000)])
    #expect(result.frames[0].record.linkType == .ethernet && result.frames[0].record.originalLength == 99)
  }

  @Test(arguments: [
    (UInt8(6), Int64(0), UInt64(1_500_000), Int64(1_500_000_000)), (9, 0, 1_500_000_000, 1_500_000_000), (3, 2, 1_500, 3_500_000_000),
    (12, 0, 1_500_000_000_000, 1_500_000_000), (0x80 | 10, 0, 1_536, 1_500_000_000), (0x80 | 63, 0, 1 << 62, 500_000_000),
    (0, 0, 7, 7_000_000_000), (19, 0, 15_000_000_000_000_000_000, 1_500_000_000), (6, -1, 1_500_000, 500_000_000), (6, .max, 1, .max),
    (0, 0, .max, .max),
  ])
  func clocks(resolution: UInt8, offset: Int64, units: UInt64, nanoseconds: Int64) throws {
    let clock = try #require(CaptureClock(resolution: resolution, offset: offset))
    let time = clock.time(high: UInt32(units >> 32), low: UInt32(truncatingIfNeeded: units))
    #expect(time.nanoseconds == nanoseconds)
  }

  @Test func aClockFinerThanCanBeCountedIsRefused() {
    #expect(CaptureClock(resolution: 20, offset: 0) == nil)
    #expect(CaptureClock(resolution: 0x80 | 64, offset: 0) == nil)
  }

  @Test func sectionsKeepTheirOwnInterfacesAndUnknownBlocksAreSkipped() throws {
    let first = try smallCapture()
    let unknown: [UInt8] = [0xad, 0x0b, 0, 0, 16, 0, 0, 0, 1, 2, 3, 4, 16, 0, 0, 0]
    let big = bigEndianSection()
    let result = readAll(first + unknown + big)
    #expect(result.error == nil)
    #expect(result.frames.map(\.record.number) == [1, 2, 3, 4, 5, 6])
    #expect(result.frames.suffix(2).map(\.octets) == [[0xaa, 0xbb], [0xcc]])
    #expect(result.frames.suffix(2).map(\.record.interface) == [3, 3])
    #expect(result.frames[4].record.linkType == .rawIP)
    #expect(result.frames[4].record.time.nanoseconds == 2_000_000)
    #expect(result.frames[5].record.time.nanoseconds == 2_000_000)
  }
}

/// A classic capture: record `i` has the time i + 1 s and 5 units, and an original length of 99.
func pcap(swapped: Bool, nano: Bool, linkType: UInt32 = 1, _ frames: [[UInt8]]) -> [UInt8] {
  func word(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * (swapped ? 3 - $0 : $0))) } }
  func half(_ value: UInt16) -> [UInt8] { (0..<2).map { UInt8(truncatingIfNeeded: value >> UInt16(8 * (swapped ? 1 - $0 : $0))) } }
  var octets = word(nano ? 0xa1b2_3c4d : 0xa1b2_c3d4) + half(2) + half(4) + word(0) + word(0) + word(65_535) + word(linkType)
  for (index, frame) in frames.enumerated() {
    octets += word(UInt32(index + 1)) + word(5) + word(UInt32(frame.count)) + word(99) + frame
  }
  return octets
}

/// A big-endian section: one raw IP interface with microseconds, an enhanced packet block and a simple one.
func bigEndianSection() -> [UInt8] {
  func word(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) } }
  func block(_ type: UInt32, _ body: [UInt8]) -> [UInt8] {
    let length = UInt32(body.count + 12)
    return word(type) + word(length) + body + word(length)
  }
  return block(0x0a0d_0d0a, word(0x1a2b_3c4d) + [0, 1, 0, 0] + word(.max) + word(.max))
    + block(1, [0, 101, 0, 0] + word(65_535))
    + block(6, word(0) + word(0) + word(2_000) + word(2) + word(2) + [0xaa, 0xbb, 0, 0])
    + block(3, word(1) + [0xcc, 0, 0, 0])
}
