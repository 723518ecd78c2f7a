package import Wire

/// A NAT between two links: its port 0 is inside, its port 1 outside.
package struct NATStation: Station {
  private var nat: NAT

  package init(_ nat: NAT) { self.nat = nat }

  package mutating func receive(_ frame: Span<UInt8>, on port: Int, at now: Instant, _ outbox: inout Outbox) {
    var octets: [UInt8] = []
    octets.reserveCapacity(frame.count)
    for index in frame.indices { octets.append(frame[index]) }
    guard let passed = port == 0 ? nat.outward(octets) : nat.inward(octets) else { return }
    outbox.send(passed, on: 1 - port)
  }

  package mutating func wake(at now: Instant, _ outbox: inout Outbox) {}
  package var nextDeadline: Instant { .distantFuture }
  package mutating func command(_ line: String, at now: Instant, _ outbox: inout Outbox) -> String { "error a NAT takes no commands" }
}
