extension [UInt8] {
  /// Octets drawn from a generator: the same generator in the same state gives the same.
  package static func random(_ count: Int, using generator: inout some RandomNumberGenerator) -> [UInt8] {
    (0..<Swift.max(0, count)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }

  /// An integer's octets, most significant first.
  init(bigEndian value: some FixedWidthInteger) {
    self = (0..<value.bitWidth / 8).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }

  /// Appends an integer's octets, most significant first.
  @inline(__always)
  mutating func append(bigEndian value: some FixedWidthInteger) {
    for shift in (0..<value.bitWidth / 8).reversed() { append(UInt8(truncatingIfNeeded: value >> (shift * 8))) }
  }

  /// Whether these octets are those, in a time that does not tell where they differ.
  func isEqual(to other: some Collection<UInt8>) -> Bool {
    guard count == other.count else { return false }
    // Swift gives | and ^ the same precedence.
    return zip(self, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

extension FixedWidthInteger {
  /// The number of these octets, most significant first; of more than it has room for the last ones.
  init(bigEndian octets: some Sequence<UInt8>) { self = octets.reduce(0) { $0 << 8 | Self(truncatingIfNeeded: $1) } }
}
