/// A point in capture time: nanoseconds since 1970-01-01T00:00:00Z on a live link, since the start on a simulated one.
public struct Instant: Hashable, Sendable, Comparable {
  public var nanoseconds: Int64

  @inline(__always) public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// Before everything.
  public static let distantPast = Instant(nanoseconds: .min)
  /// After everything.
  public static let distantFuture = Instant(nanoseconds: .max)

  @inline(__always) public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }
  /// Saturates at `distantFuture` and `distantPast`.
  @inline(__always) public static func + (a: Self, b: Interval) -> Self {
    let (sum, overflow) = a.nanoseconds.addingReportingOverflow(b.nanoseconds)
    return overflow ? (b.nanoseconds > 0 ? .distantFuture : .distantPast) : Instant(nanoseconds: sum)
  }
  /// Saturates.
  @inline(__always) public static func - (a: Self, b: Interval) -> Self { a + Interval(nanoseconds: 0 &- b.nanoseconds) }
  /// The time from `b` to `a`; saturates.
  @inline(__always) public static func - (a: Self, b: Self) -> Interval {
    let (difference, overflow) = a.nanoseconds.subtractingReportingOverflow(b.nanoseconds)
    return Interval(nanoseconds: overflow ? (a > b ? .max : .min) : difference)
  }
}

/// A length of time in nanoseconds.
public struct Interval: Hashable, Sendable, Comparable {
  public var nanoseconds: Int64

  @inline(__always) public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static func microseconds(_ count: Int64) -> Interval { scaled(Double(count), 1_000) }
  public static func milliseconds(_ count: Int64) -> Interval { scaled(Double(count), 1_000_000) }
  /// Saturates where the count has no room.
  public static func seconds(_ count: Double) -> Interval { scaled(count, 1_000_000_000) }
  public static let zero = Interval(nanoseconds: 0)

  private static func scaled(_ count: Double, _ unit: Double) -> Interval {
    let value = count * unit
    guard value.isFinite, abs(value) < 9e18 else { return Interval(nanoseconds: value > 0 ? .max : .min) }
    return Interval(nanoseconds: Int64(value))
  }

  @inline(__always) public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }
  /// Saturates.
  public static func + (a: Self, b: Self) -> Self {
    let (sum, overflow) = a.nanoseconds.addingReportingOverflow(b.nanoseconds)
    return Interval(nanoseconds: overflow ? (b.nanoseconds > 0 ? .max : .min) : sum)
  }
  /// Saturates.
  public static func * (a: Self, b: Int64) -> Self {
    let (product, overflow) = a.nanoseconds.multipliedReportingOverflow(by: b)
    return Interval(nanoseconds: overflow ? ((a.nanoseconds > 0) == (b > 0) ? .max : .min) : product)
  }

  /// In seconds, for people.
  public var seconds: Double { Double(nanoseconds) / 1e9 }
}

extension Interval: CustomStringConvertible {
  /// `5 s`, `20 ms`, `37 us`: the largest unit that leaves no more than three decimals.
  public var description: String {
    func text(_ unit: Int64, _ name: String) -> String {
      let scaled = (Double(nanoseconds) / Double(unit) * 1000).rounded() / 1000
      return (scaled == scaled.rounded() && abs(scaled) < 1e15 ? String(Int64(scaled)) : String(scaled)) + " " + name
    }
    switch abs(seconds) {
    case 1...: return text(1_000_000_000, "s")
    case 0.001...: return text(1_000_000, "ms")
    case 0: return "0 s"
    default: return text(1_000, "us")
    }
  }
}
