import Glibc
package import Wire

/// Writes the evidence: frames and events in one pcapng file, in the order in which they are given.
///
/// It writes to a file beside `path`, named with `.part` at its end, and renames it when closed: a file of the final name is whole.
/// Nothing is thrown while frames are written; the first failure is kept, nothing more is written, and `flush` and `close` throw it.
@safe package final class PcapngWriter {
  /// The name of the interface that carries events.
  package static let eventsName = "detachspec-events"

  package struct Port: Sendable {
    package var name: String
    package var linkType: CaptureLinkType

    package init(name: String, linkType: CaptureLinkType = .ethernet) {
      self.name = name
      self.linkType = linkType
    }
  }

  package let path: String
  /// Frames and events written so far; the last one's number.
  package private(set) var count = 0

  private let ports: Int
  private let linkPorts: Int
  private let partPath: String
  private var descriptor: Int32
  private var failure: CaptureFileError?
  private var buffer: [UInt8] = []
  private var received: [UInt64]
  private var lastTime = Instant(nanoseconds: 0)

  /// Where the buffer is written out.
  private static let threshold = 1 << 18

  /// Creates the file. Frames' port numbers are places in `ports`.
  package init(path: String, ports: [Port]) throws(CaptureFileError) {
    self.path = path
    partPath = path + ".part"
    linkPorts = ports.count
    self.ports = ports.count + 1
    received = [UInt64](repeating: 0, count: ports.count + 1)
    descriptor = unsafe open(partPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw CaptureFileError(file: partPath, offset: 0, reason: .system("cannot create it: \(systemMessage(errno)); choose another folder"))
    }
    buffer.reserveCapacity(Self.threshold + 70_000)
    block(0x0a0d_0d0a) {
      word(0x1a2b_3c4d)
      half(1)
      half(0)
      word(.max)
      word(.max)
      option(4, "detachspec".utf8)
      endOfOptions()
    }
    for port in ports + [Port(name: Self.eventsName, linkType: .user0)] {
      block(1) {
        half(UInt16(truncatingIfNeeded: port.linkType.rawValue))
        half(0)
        word(0)
        option(2, port.name.utf8)
        option(9, [9])
        endOfOptions()
      }
    }
  }

  deinit {
    guard descriptor >= 0 else { return }
    Glibc.close(descriptor)
    _ = unsafe unlink(partPath)
  }

  /// Writes a frame, and a comment that Wireshark shows with it.
  /// - Returns: the frame's number, as Wireshark shows it. A frame of a port that does not exist is not written: 0.
  @discardableResult
  package func write(_ frame: Span<UInt8>, _ info: FrameInfo, comment: String? = nil) -> Int {
    guard info.port >= 0, info.port < linkPorts else { return 0 }
    return packet(frame, info.port, info.time, info.originalLength, direction: info.isOutgoing ? 2 : 1, comment)
  }

  /// Writes an event.
  /// - Returns: its number, as Wireshark shows it.
  @discardableResult
  package func event(_ json: [UInt8], at time: Instant) -> Int {
    packet(json.span, linkPorts, time, json.count, direction: 0, nil)
  }

  /// Writes an event.
  @discardableResult
  package func event(_ json: String, at time: Instant) -> Int { event(Array(json.utf8), at: time) }

  /// Writes out what the buffer holds.
  package func flush() throws(CaptureFileError) {
    drain()
    if let failure { throw failure }
  }

  /// Writes the statistics of each port, and gives the file its name.
  /// - Parameter drops: frames lost, by port; missing ones count as none.
  package func close(drops: [UInt64] = []) throws(CaptureFileError) {
    guard descriptor >= 0 else { return }
    for port in 0..<ports {
      block(5) {
        word(UInt32(truncatingIfNeeded: port))
        stamp(lastTime)
        option(4, octets(of: received[port]))
        option(5, octets(of: port < drops.count ? drops[port] : 0))
        endOfOptions()
      }
    }
    drain()
    if Glibc.close(descriptor) != 0, failure == nil { fail("write") }
    descriptor = -1
    if failure == nil, unsafe rename(partPath, path) != 0 { fail("rename") }
    if let failure {
      _ = unsafe unlink(partPath)
      throw failure
    }
  }

  private func packet(
    _ octets: Span<UInt8>, _ port: Int, _ time: Instant, _ originalLength: Int, direction: UInt32, _ comment: String?
  ) -> Int {
    count += 1
    received[port] &+= 1
    if time > lastTime { lastTime = time }
    block(6) {
      word(UInt32(truncatingIfNeeded: port))
      stamp(time)
      word(UInt32(truncatingIfNeeded: octets.count))
      word(UInt32(clamping: max(originalLength, octets.count)))
      unsafe octets.withUnsafeBufferPointer { unsafe buffer.append(contentsOf: $0) }
      pad()
      if let comment { option(1, comment.utf8) }
      if direction != 0 {
        half(2)
        half(4)
        word(direction)
      }
      if comment != nil || direction != 0 { endOfOptions() }
    }
    if buffer.count >= Self.threshold { drain() }
    return count
  }

  // MARK: Octets, little-endian

  @inline(__always) private func block(_ type: UInt32, _ body: () -> Void) {
    let start = buffer.count
    word(type)
    word(0)
    body()
    let length = UInt32(truncatingIfNeeded: buffer.count - start + 4)
    word(length)
    for index in 0..<4 { buffer[start + 4 + index] = UInt8(truncatingIfNeeded: length >> UInt32(8 * index)) }
  }

  @inline(__always) private func word(_ value: UInt32) {
    half(UInt16(truncatingIfNeeded: value))
    half(UInt16(truncatingIfNeeded: value >> 16))
  }

  @inline(__always) private func half(_ value: UInt16) {
    buffer.append(UInt8(truncatingIfNeeded: value))
    buffer.append(UInt8(truncatingIfNeeded: value >> 8))
  }

  private func stamp(_ time: Instant) {
    let value = UInt64(clamping: time.nanoseconds)
    word(UInt32(truncatingIfNeeded: value >> 32))
    word(UInt32(truncatingIfNeeded: value))
  }

  private func pad() {
    while buffer.count & 3 != 0 { buffer.append(0) }
  }

  private func octets(of value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) } }

  /// A value longer than an option can hold is cut, between characters where it is text.
  private func option(_ code: UInt16, _ value: some Collection<UInt8>) {
    let start = buffer.count
    half(code)
    half(0)
    buffer.append(contentsOf: value.prefix(65_535))
    if value.count > 65_535 {
      while let last = buffer.last, last & 0xc0 == 0x80 { buffer.removeLast() }
      if let last = buffer.last, last >= 0xc0 { buffer.removeLast() }
    }
    let length = buffer.count - start - 4
    buffer[start + 2] = UInt8(truncatingIfNeeded: length)
    buffer[start + 3] = UInt8(truncatingIfNeeded: length >> 8)
    pad()
  }

  private func endOfOptions() { word(0) }

  private func drain() {
    defer { buffer.removeAll(keepingCapacity: true) }
    guard failure == nil, descriptor >= 0 else { return }
    var written = 0
    while written < buffer.count {
      let result = unsafe buffer.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
      }
      if result < 0, errno == EINTR { continue }
      guard result > 0 else {
        fail("write")
        return
      }
      written += result
    }
  }

  private func fail(_ call: String) {
    failure = CaptureFileError(
      file: path, offset: 0, reason: .system("cannot \(call) it: \(systemMessage(errno)); make room or choose another folder"))
  }
}
