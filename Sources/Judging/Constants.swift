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
  package func duration(_ window: Window) -> Interval { length(window, lifetime: guardTime) }

  /// How long a window is; `lifetime` is what is left of the binding's.
  func length(_ window: Window, lifetime: Interval) -> Interval {
    switch window {
    case .fixed(let interval): interval
    case .doubled(let window): length(window, lifetime: lifetime) * 2
    case .named("guard-time"): guardTime
    case .named("trigger-time"): triggerTime
    case .named("probe-time"): probeTime
    case .named("grace"): grace
    case .named("initial-delay"): tolerant(initialDelay)
    case .named("retransmission"): tolerant(revocation)
    case .named("lifetime"): tolerant(lifetime)
    case .named: Interval(nanoseconds: .max)
    }
  }
}
