package import Wire

/// The lengths of time that windows have, from the text in force and the device's description.
package struct Timers: Sendable {
  package var guardTime = Interval.seconds(5)
  package var triggerTime = Interval.seconds(30)
  package var probeTime = Interval.milliseconds(250)
  /// For messages that were under way when they met.
  package var grace = Interval.milliseconds(20)
  /// Timer tolerance: this much and a twentieth of the time.
  package var tolerance = Interval.milliseconds(50)
  /// MINDelayBRIs (draft-01 11), InitMINDelayBRIs (RFC 5846 11).
  package var initialDelay = Interval.seconds(1)
  package var minimumDelay = Interval.milliseconds(500)
  /// MAX_BRACK_TIMEOUT.
  package var maximumDelay = Interval.seconds(1)
  /// BRIMaxRetriesNumber; a device may have another.
  package var maximumRetries = 1
  package var doubles = false

  package init() {}

  /// Takes the constants of a text.
  package init(_ text: Text) {
    initialDelay = text.durations["init-min-delay-bris"] ?? initialDelay
    minimumDelay = text.durations["minimum-delay-bris"] ?? minimumDelay
    maximumDelay = text.durations["max-brack-timeout"] ?? maximumDelay
    maximumRetries = text.numbers["bri-max-retries"] ?? maximumRetries
    doubles = maximumDelay > initialDelay
  }

  /// How long a Home Agent waits after its last copy of a BRI: min(Init·2^N, MAX).
  package var lastWait: Interval {
    var wait = initialDelay
    for _ in 0..<max(0, min(maximumRetries, 64)) where doubles { wait = min(wait * 2, maximumDelay) }
    return wait
  }

  /// From the first BRI to the end of the last wait: the sum of min(Init·2^k, MAX), k = 0…N.
  package var revocation: Interval {
    var sum = Interval.zero
    var wait = initialDelay
    for _ in 0...max(0, min(maximumRetries, 64)) {
      sum = sum + wait
      if doubles { wait = min(wait * 2, maximumDelay) }
    }
    return sum
  }

  /// A length of time with the tolerance that a device's clock may have.
  package func tolerant(_ interval: Interval) -> Interval { interval + tolerance + Interval(nanoseconds: interval.nanoseconds / 20) }

  /// How long a step waits.
  package func duration(_ window: Window) -> Interval { length(CompiledWindow(window), lifetime: guardTime) }

  /// How long a window is; `lifetime` is what is left of the binding's.
  func length(_ window: CompiledWindow, lifetime: Interval) -> Interval {
    let base: Interval =
      switch window.base {
      case .fixed: window.fixed
      case .guardTime: guardTime
      case .triggerTime: triggerTime
      case .probeTime: probeTime
      case .grace: grace
      case .initialDelay: tolerant(initialDelay)
      case .retransmission: tolerant(revocation)
      case .lifetime: tolerant(lifetime)
      case .forever: Interval(nanoseconds: .max)
      }
    return window.factor == 1 ? base : base * window.factor
  }
}

/// A window as the monitor uses it: a number, where the suite has a name.
struct CompiledWindow: Sendable, Hashable {
  enum Base: String, Sendable {
    case fixed
    case guardTime = "guard-time", triggerTime = "trigger-time", probeTime = "probe-time", grace
    case initialDelay = "initial-delay", retransmission, lifetime, forever
  }
  let base: Base
  /// What `fixed` stands for.
  let fixed: Interval
  let factor: Int64

  init(_ window: Window) {
    var inner = window
    var factor: Int64 = 1
    while case .doubled(let half) = inner {
      inner = half
      factor = factor.multipliedReportingOverflow(by: 2).overflow ? factor : factor * 2
    }
    switch inner {
    case .fixed(let interval): (base, fixed) = (.fixed, interval)
    case .named(let name): (base, fixed) = (Base(rawValue: name) ?? .forever, .zero)
    case .doubled: (base, fixed) = (.forever, .zero)
    }
    self.factor = factor
  }

  /// The same for every conversation, so that windows which open one after the other end one after the other.
  var isUniform: Bool { base != .lifetime }
}
