import Testing
import Wire

@testable import Judging

@Suite struct DeadlineTests {
  /// Whatever line a deadline stands in, and whatever order they were put in, they come out by time, and by order at one time.
  @Test func deadlinesComeOutInOrder() {
    var generator = Shuffle(state: 5)
    var deadlines = Deadlines(lines: 4)
    var wanted: [(Int64, UInt64)] = []
    var got: [(Int64, UInt64)] = []
    var order: UInt64 = 0
    for now in 0..<2_000 as Range<Int64> {
      for _ in 0..<Int.random(in: 0...3, using: &generator) {
        let line = Int.random(in: 0...3, using: &generator)
        // A line's windows have one length, now and then one comes out of order.
        let length = Int64.random(in: 0...9, using: &generator) == 0 ? Int64.random(in: 1...50, using: &generator) : Int64(line * 10 + 5)
        order += 1
        deadlines.insert(
          Deadline(time: Instant(nanoseconds: now + length), order: order, obligation: 0, generation: 0), line: line)
        wanted.append((now + length, order))
      }
      while let due = deadlines.pop(before: Instant(nanoseconds: now)) { got.append((due.time.nanoseconds, due.order)) }
      let open = wanted.map(\.0).filter { $0 >= now }.min()
      #expect(deadlines.next == open.map { Instant(nanoseconds: $0) } ?? .distantFuture)
    }
    while let due = deadlines.pop(before: .distantFuture) { got.append((due.time.nanoseconds, due.order)) }
    wanted.sort { $0 < $1 }
    #expect(got.elementsEqual(wanted, by: ==))
  }
}

/// A linear congruential generator: the same numbers in every run.
private struct Shuffle: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 33
  }
}
