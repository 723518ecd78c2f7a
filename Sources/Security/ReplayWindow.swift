/// Which sequence numbers were received: the highest, and the 63 before it (RFC 4303 3.4.3).
package struct ReplayWindow: Hashable, Sendable {
  /// The highest number received, 0 before the first.
  package private(set) var highest: UInt32 = 0
  /// Bit n is set when the highest number less n was received.
  private var received: UInt64 = 0

  package init() {}

  /// Whether a packet of this number may still be one that was not received before.
  package func admits(_ sequence: UInt32) -> Bool {
    guard sequence > 0 else { return false }
    guard sequence <= highest else { return true }
    let age = highest - sequence
    return age < 64 && received >> UInt64(age) & 1 == 0
  }

  /// Notes a packet whose integrity was verified; one that the window does not admit changes nothing.
  package mutating func note(_ sequence: UInt32) {
    guard admits(sequence) else { return }
    if sequence > highest {
      let step = sequence - highest
      received = step < 64 ? received << UInt64(step) : 0
      highest = sequence
    }
    received |= 1 << UInt64(highest - sequence)
  }
}
