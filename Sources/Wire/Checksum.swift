/// The one's complement sum of RFC 1071, kept unfolded until it is asked for.
public struct ChecksumSum: Sendable {
  private var sum: UInt64 = 0

  public init() {}

  /// Adds octets `start ..< start + count`, a whole number of 16-bit words but for the last octet of all.
  ///
  /// Two thirds of a frame's decoding used to be this sum; eight octets at a time make it 3 to 25 times as fast. The caller has made sure
  /// that the range lies inside.
  @inline(__always) public mutating func add(_ bytes: Span<UInt8>, _ start: Int, _ count: Int) {
    guard count > 0, start >= 0, start <= bytes.count, count <= bytes.count &- start else { return }
    let raw = unsafe bytes.bytes
    var index = start
    let end = start &+ count
    while index &+ 8 <= end {
      let word = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
      sum &+= word & 0xffff_ffff
      sum &+= word >> 32
      index &+= 8
    }
    while index &+ 1 < end {
      sum &+= UInt64(bytes[index]) | UInt64(bytes[index &+ 1]) &<< 8
      index &+= 2
    }
    if index < end { sum &+= UInt64(bytes[index]) }
  }

  /// Adds a number that stands in the pseudo-header as 32 bits, big-endian.
  @inline(__always) public mutating func add(_ value: UInt32) {
    let swapped = UInt64(value.byteSwapped)
    sum &+= swapped & 0xffff
    sum &+= swapped >> 16
  }

  /// The checksum field's value, big-endian, were the summed field zero.
  public var checksum: UInt16 { ~folded }
  /// Zero exactly when the summed octets held the right checksum.
  public var isValid: Bool { folded == 0xffff }

  private var folded: UInt16 {
    var value = sum
    while value >> 16 != 0 { value = (value & 0xffff) &+ (value >> 16) }
    return UInt16(truncatingIfNeeded: value).byteSwapped
  }
}
