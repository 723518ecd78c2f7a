import Wire

/// How an interface of a pcapng file writes time: `if_tsresol` and `if_tsoffset`.
struct CaptureClock {
  /// Units in a second: a power of ten, or of two.
  private let unitsPerSecond: UInt64
  /// Nanoseconds in a unit where that is a whole number, else 0.
  private let nanosecondsPerUnit: UInt64
  /// Seconds to be added.
  private let offset: Int64

  /// - Parameter resolution: the option's octet: the negative power of 10, or of 2 with the highest bit set.
  /// - Returns: nil for a resolution finer than 64 bits can count.
  init?(resolution: UInt8, offset: Int64) {
    let exponent = Int(resolution & 0x7f)
    if resolution & 0x80 != 0 {
      guard exponent < 64 else { return nil }
      unitsPerSecond = 1 << UInt64(exponent)
    } else {
      guard exponent < 20 else { return nil }
      unitsPerSecond = (0..<exponent).reduce(UInt64(1)) { value, _ in value &* 10 }
    }
    nanosecondsPerUnit = 1_000_000_000 % unitsPerSecond == 0 ? 1_000_000_000 / unitsPerSecond : 0
    self.offset = offset
  }

  /// The time that two halves of a stamp mean; saturates.
  @inline(__always) func time(high: UInt32, low: UInt32) -> Instant {
    let units = UInt64(high) << 32 | UInt64(low)
    if nanosecondsPerUnit != 0, offset == 0 {
      let (product, overflow) = units.multipliedReportingOverflow(by: nanosecondsPerUnit)
      return overflow ? .distantFuture : Instant(nanoseconds: Int64(clamping: product))
    }
    return slowTime(units)
  }

  private func slowTime(_ units: UInt64) -> Instant {
    let (whole, rest) = units.quotientAndRemainder(dividingBy: unitsPerSecond)
    let fraction = unitsPerSecond.dividingFullWidth(rest.multipliedFullWidth(by: 1_000_000_000)).quotient
    let (seconds, overflow) = Int64(clamping: whole).addingReportingOverflow(offset)
    guard !overflow else { return offset > 0 ? .distantFuture : .distantPast }
    let (nanoseconds, overflow2) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    guard !overflow2 else { return seconds > 0 ? .distantFuture : .distantPast }
    return Instant(nanoseconds: nanoseconds) + Interval(nanoseconds: Int64(clamping: fraction))
  }
}
