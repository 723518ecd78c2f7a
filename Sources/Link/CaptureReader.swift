import CLinux
import Wire

/// Reads the frames of a capture file one after the other.
///
///     var reader = try CaptureReader(file)
///     while try reader.next({ octets, record in … }) {}
///
/// Frames that stand before a place where the file is damaged are handed over; then the error is thrown, and again by every later call.
package struct CaptureReader {
  package let file: CaptureFile
  /// The interfaces described so far, all sections of the file together.
  package var interfaces: [CaptureInterface] { pcap.map { [$0.interface] } ?? pcapng.interfaces }
  /// The program that wrote the section being read, `shb_userappl`.
  package var application: String? { pcapng.application.map { file.text($0) } }

  /// Nil for a pcapng file.
  private var pcap: PcapParser?
  private var pcapng = PcapngParser()
  private var failure: CaptureFileError?

  /// Looks at the file's beginning. An empty or foreign file is an error, a file with a header and no frames is not.
  package init(_ file: CaptureFile) throws(CaptureFileError) {
    self.file = file
    do {
      (pcap, pcapng) = try file.withOctets { octets throws(CaptureDamage) in
        guard octets.count > 0 else { throw CaptureDamage(0, .empty) }
        guard octets.count >= 4 else { throw CaptureDamage(0, .truncated("file header", needed: 24, left: octets.count)) }
        var parser = PcapngParser()
        guard octets.u32(0, swapped: false) == PcapngParser.sectionHeader else { return (try PcapParser(octets), parser) }
        try parser.readFirstSection(octets)
        return (nil, parser)
      }
    } catch {
      throw error.inFile(file.name)
    }
  }

  /// Hands over the next frame: the captured octets and what the file says of them. False at the end of the file.
  package mutating func next(_ body: (Span<UInt8>, CaptureRecord) -> Void) throws(CaptureFileError) -> Bool {
    if let failure { throw failure }
    do {
      return try file.withOctets { octets throws(CaptureDamage) in
        try pcap == nil ? pcapng.next(octets, body) : pcap?.next(octets, body) ?? false
      }
    } catch {
      let failure = error.inFile(file.name)
      self.failure = failure
      throw failure
    }
  }

  /// The text of a record's comment.
  package func comment(of record: CaptureRecord) -> String? { record.comment.map { file.text($0) } }
}

/// An error that does not know its file yet.
struct CaptureDamage: Error {
  var offset: Int
  var reason: CaptureFileError.Reason

  init(_ offset: Int, _ reason: CaptureFileError.Reason) {
    self.offset = offset
    self.reason = reason
  }

  func inFile(_ name: String) -> CaptureFileError { CaptureFileError(file: name, offset: offset, reason: reason) }
}

extension Span<UInt8> {
  /// The four octets at `offset`, which must be there: little-endian, or big-endian when `swapped`.
  @inline(__always) func u32(_ offset: Int, swapped: Bool) -> UInt32 {
    precondition(offset >= 0 && offset &+ 4 <= count)
    let value = UInt32(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self))
    return swapped ? value.byteSwapped : value
  }

  /// Asks for the next record's header and the beginning of its frame: they come while the frame in hand is judged.
  @inline(__always) func prefetch(_ offset: Int) {
    unsafe withUnsafeBufferPointer { octets in
      guard let base = octets.baseAddress, offset &+ 192 <= octets.count else { return }
      unsafe cl_prefetch(base + offset)
      unsafe cl_prefetch(base + offset + 64)
      unsafe cl_prefetch(base + offset + 128)
    }
  }

  /// The two octets at `offset`, which must be there.
  @inline(__always) func u16(_ offset: Int, swapped: Bool) -> UInt16 {
    precondition(offset >= 0 && offset &+ 2 <= count)
    let value = UInt16(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt16.self))
    return swapped ? value.byteSwapped : value
  }
}
