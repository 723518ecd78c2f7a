package import Wire

/// What a simulated link does to the frames of one direction.
package struct Impairment: Sendable, Equatable {
  /// How long a frame is on its way; at least a nanosecond.
  package var delay = Interval.microseconds(100)
  /// Up to this much is added to each frame's delay; order is kept.
  package var jitter = Interval.zero
  /// The probability that a frame is lost.
  package var loss = 0.0
  /// The probability that a frame arrives twice.
  package var duplication = 0.0
  /// The probability that a frame is held back for `reorderingDelay`, so that later ones overtake it.
  package var reordering = 0.0
  package var reorderingDelay = Interval.milliseconds(1)

  package init() {}
}

/// One direction of a simulated link: decides when, and whether, each frame arrives.
struct ImpairedPath {
  var impairment = Impairment()
  private var latest = Instant.distantPast

  /// When a frame that leaves at `now` arrives: never, once, or twice.
  mutating func arrivals(_ now: Instant, _ generator: inout SeededGenerator) -> (first: Instant?, second: Instant?) {
    if generator.chance(impairment.loss) { return (nil, nil) }
    let copies = generator.chance(impairment.duplication)
    let first = arrival(now, &generator)
    return (first, copies ? arrival(now, &generator) : nil)
  }

  private mutating func arrival(_ now: Instant, _ generator: inout SeededGenerator) -> Instant {
    // At least a nanosecond, so that nothing can answer in the instant in which it was asked, over and over.
    var time = now + max(impairment.delay, Interval(nanoseconds: 1))
    if impairment.jitter > .zero { time = time + Interval(nanoseconds: generator.below(impairment.jitter.nanoseconds)) }
    if generator.chance(impairment.reordering) { return time + impairment.reorderingDelay }
    latest = max(latest, time)
    return latest
  }
}
