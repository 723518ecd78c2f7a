import Wire

/// The classic format: a header of 24 octets, then records of a header of 16 and the captured octets.
struct PcapParser {
  let interface: CaptureInterface
  private let swapped: Bool
  /// Nanoseconds in one unit of a record's fraction of a second.
  private let fraction: Int64
  private var offset = 24
  private var number = 0

  init(_ octets: Span<UInt8>) throws(CaptureDamage) {
    switch octets.u32(0, swapped: false) {
    case 0xa1b2_c3d4: (swapped, fraction) = (false, 1_000)
    case 0xd4c3_b2a1: (swapped, fraction) = (true, 1_000)
    case 0xa1b2_3c4d: (swapped, fraction) = (false, 1)
    case 0x4d3c_b2a1: (swapped, fraction) = (true, 1)
    default:
      let text = (0..<4).map { String(UInt16(octets[$0]) | 0x100, radix: 16).dropFirst() }.joined(separator: " ")
      throw CaptureDamage(0, .foreign(text))
    }
    guard octets.count >= 24 else { throw CaptureDamage(0, .truncated("file header", needed: 24, left: octets.count)) }
    // The high bits tell of frame check sequences.
    let linkType = CaptureLinkType(rawValue: octets.u32(20, swapped: swapped) & 0xffff)
    guard linkType.isSupported else { throw CaptureDamage(20, .unsupportedLinkType(linkType.rawValue)) }
    interface = CaptureInterface(linkType: linkType)
  }

  mutating func next(_ octets: Span<UInt8>, _ body: (Span<UInt8>, CaptureRecord) -> Void) throws(CaptureDamage) -> Bool {
    let left = octets.count &- offset
    guard left > 0 else { return false }
    guard left >= 16 else { throw CaptureDamage(offset, .truncated("record header", needed: 16, left: left)) }
    let captured = Int(octets.u32(offset &+ 8, swapped: swapped))
    guard captured <= left &- 16 else {
      throw CaptureDamage(offset, .truncated("record", needed: captured, left: left &- 16))
    }
    let seconds = Int64(octets.u32(offset, swapped: swapped))
    let parts = Int64(octets.u32(offset &+ 4, swapped: swapped))
    number &+= 1
    let record = CaptureRecord(
      number: number, interface: 0, linkType: interface.linkType,
      time: Instant(nanoseconds: seconds &* 1_000_000_000 &+ parts &* fraction),
      originalLength: Int(octets.u32(offset &+ 12, swapped: swapped)))
    octets.prefetch(offset &+ 16 &+ captured)
    body(octets.extracting(offset &+ 16..<offset &+ 16 &+ captured), record)
    offset &+= 16 &+ captured
    return true
  }
}
