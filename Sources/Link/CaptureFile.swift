import Glibc
package import Wire

/// A capture file, pcap or pcapng, mapped into memory. Read it with a `CaptureReader`.
@safe package final class CaptureFile {
  /// The name that errors give it.
  package let name: String
  /// Octets in the file.
  package let count: Int
  private let base: UnsafeRawPointer?
  private let release: @Sendable (UnsafeMutableRawPointer, Int) -> Void

  /// Maps a file; what cannot be mapped (a pipe) is read into memory whole.
  package init(path: String) throws(CaptureFileError) {
    func failure(_ call: String) -> CaptureFileError {
      CaptureFileError(file: path, offset: 0, reason: .system("cannot \(call) it: \(systemMessage(errno)); name a capture file"))
    }
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open") }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw failure("look at") }
    name = path
    if status.st_mode & S_IFMT == S_IFREG {
      count = Int(status.st_size)
      unsafe release = { unsafe _ = munmap($0, $1) }
      guard count > 0 else {
        unsafe base = nil
        return
      }
      guard let start = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), unsafe start != MAP_FAILED else {
        throw failure("map")
      }
      unsafe madvise(start, count, MADV_SEQUENTIAL)
      unsafe base = UnsafeRawPointer(start)
    } else {
      var octets: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let got = unsafe Glibc.read(descriptor, &chunk, chunk.count)
        if got < 0, errno == EINTR { continue }
        guard got >= 0 else { throw failure("read") }
        if got == 0 { break }
        octets.append(contentsOf: chunk[..<got])
      }
      (unsafe base, count) = unsafe Self.copy(octets)
      unsafe release = { start, _ in unsafe start.deallocate() }
    }
  }

  /// A file that stands in memory already.
  package init(octets: [UInt8], name: String) {
    self.name = name
    (unsafe base, count) = unsafe Self.copy(octets)
    unsafe release = { start, _ in unsafe start.deallocate() }
  }

  deinit {
    if let base = unsafe base { unsafe release(UnsafeMutableRawPointer(mutating: base), count) }
  }

  private static func copy(_ octets: [UInt8]) -> (UnsafeRawPointer?, Int) {
    guard !octets.isEmpty else { return (nil, 0) }
    let start = UnsafeMutableRawPointer.allocate(byteCount: octets.count, alignment: 8)
    unsafe start.copyMemory(from: octets, byteCount: octets.count)
    return (UnsafeRawPointer(start), octets.count)
  }

  /// Hands over the file's octets.
  @inline(__always) func withOctets<Result, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let octets = unsafe UnsafeBufferPointer(start: base?.assumingMemoryBound(to: UInt8.self), count: count)
    return try unsafe body(octets.span)
  }

  /// The text at these octets, damaged characters replaced; empty where the range lies outside the file.
  package func text(_ range: Range<Int>) -> String {
    withOctets { octets in
      guard range.lowerBound >= 0, range.upperBound <= octets.count else { return "" }
      return unsafe octets.extracting(range).withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
  }
}

/// Link types as capture files number them (https://www.tcpdump.org/linktypes.html).
package struct CaptureLinkType: RawRepresentable, Hashable, Sendable {
  package var rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let ethernet = CaptureLinkType(rawValue: 1)
  /// IPv4 or IPv6 without a link header, told apart by the version nibble.
  package static let rawIP = CaptureLinkType(rawValue: 101)
  package static let ipv4 = CaptureLinkType(rawValue: 228)
  package static let ipv6 = CaptureLinkType(rawValue: 229)
  /// Linux cooked capture, 16 octets before the payload.
  package static let linuxCooked = CaptureLinkType(rawValue: 113)
  /// Linux cooked capture version 2, 20 octets before the payload.
  package static let linuxCooked2 = CaptureLinkType(rawValue: 276)
  /// Ours: events, JSON text.
  package static let user0 = CaptureLinkType(rawValue: 147)

  private static let known: Set<CaptureLinkType> = [.ethernet, .rawIP, .ipv4, .ipv6, .linuxCooked, .linuxCooked2, .user0]
  /// Whether frames of this kind can be decoded.
  package var isSupported: Bool { Self.known.contains(self) }
}

/// What a capture says of one interface.
package struct CaptureInterface: Sendable, Equatable {
  package var linkType: CaptureLinkType
  /// `if_name`; empty where the capture does not say.
  package var name = ""
  /// Frames that the capture lost there, as its statistics blocks say.
  package var drops: UInt64 = 0

  /// Whether it carries this program's events rather than frames.
  package var carriesEvents: Bool { linkType == .user0 && name == PcapngWriter.eventsName }

  package init(linkType: CaptureLinkType, name: String = "", drops: UInt64 = 0) {
    self.linkType = linkType
    self.name = name
    self.drops = drops
  }
}

/// What a capture says of one frame.
package struct CaptureRecord: Sendable, Equatable {
  /// Counts every frame of the file from 1, as Wireshark does.
  package var number: Int
  /// An index into the reader's `interfaces`.
  package var interface: Int
  package var linkType: CaptureLinkType
  package var time: Instant
  /// Octets on the wire.
  package var originalLength: Int
  /// `epb_flags`; 0 where the capture does not say.
  package var flags: UInt32 = 0
  /// Where the frame's first comment stands in the file.
  package var comment: Range<Int>?

  /// Whether the flags say that the capturing host sent it.
  package var isOutgoing: Bool { flags & 3 == 2 }
}
