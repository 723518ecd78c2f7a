package import Wire

/// What stands on a link and does no I/O of its own: a reference node, or a party that the tester plays.
///
/// A station is told what arrived and what time it is, and says what to send and when it wants to be woken. The same value runs on a
/// live link, where a loop reads sockets and clocks for it, and on a simulated one in virtual time.
package protocol Station {
  /// A frame arrived on `port`; the frame starts with its Ethernet header.
  mutating func receive(_ frame: Span<UInt8>, on port: Int, at now: Instant, _ outbox: inout Outbox)
  /// `now` has reached `nextDeadline`.
  mutating func wake(at now: Instant, _ outbox: inout Outbox)
  /// When `wake` is wanted; `Instant.distantFuture` when no timer runs.
  var nextDeadline: Instant { get }
  /// A line that came over the control socket, for instance `revoke 2001:db8:a::77`; the answer is one line, `ok …` or `error …`.
  mutating func command(_ line: String, at now: Instant, _ outbox: inout Outbox) -> String
}

/// What a station wants sent.
package struct Outbox: Sendable {
  package struct Item: Sendable, Equatable {
    /// The frame, from its Ethernet header on.
    package var frame: [UInt8]
    package var port: Int
    /// How long after `now` it leaves; zero: at once.
    package var delay: Interval
  }

  package var items: [Item] = []

  package init() {}

  package mutating func send(_ frame: [UInt8], on port: Int, after delay: Interval = .zero) {
    items.append(Item(frame: frame, port: port, delay: delay))
  }
}
