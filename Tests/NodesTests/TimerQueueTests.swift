import Link
import Testing
import Wire

@testable import Nodes

struct TimerQueueTests {
  private func at(_ seconds: Double) -> Instant { Instant(nanoseconds: 0) + .seconds(seconds) }

  @Test func order() {
    var queue = TimerQueue<String>()
    queue.set("b", at: at(2))
    queue.set("a", at: at(1))
    queue.set("c", at: at(2))
    #expect(queue.nextDeadline == at(1))
    #expect(queue.popDue(at: at(0.5)) == nil)
    #expect([queue.popDue(at: at(5)), queue.popDue(at: at(5)), queue.popDue(at: at(5)), queue.popDue(at: at(5))] == ["a", "b", "c", nil])
    #expect(queue.nextDeadline == .distantFuture)
  }

  @Test func movedAndCancelled() {
    var queue = TimerQueue<String>()
    queue.set("a", at: at(1))
    queue.set("a", at: at(3))
    #expect(queue.nextDeadline == at(3))
    queue.set("a", at: at(2))
    #expect(queue.nextDeadline == at(2))
    queue.set("b", at: at(1))
    queue.cancel("b")
    #expect(queue.nextDeadline == at(2))
    #expect(queue.popDue(at: at(9)) == "a")
    #expect(queue.popDue(at: at(9)) == nil)
  }

  /// Against a dictionary that is searched whole.
  @Test func model() {
    var generator = SeededGenerator(seed: 5)
    var queue = TimerQueue<Int>()
    var model: [Int: Instant] = [:]
    var now = 0.0
    for _ in 0..<5_000 {
      let key = Int(generator.below(20))
      switch generator.below(4) {
      case 0, 1:
        let due = at(now + Double(generator.below(50)))
        queue.set(key, at: due)
        model[key] = due
      case 2:
        queue.cancel(key)
        model[key] = nil
      default:
        now += 3
        var fired: Set<Int> = []
        while let key = queue.popDue(at: at(now)) { fired.insert(key) }
        let expected = Set(model.filter { $0.value <= at(now) }.keys)
        #expect(fired == expected)
        for key in expected { model[key] = nil }
      }
      #expect(queue.nextDeadline == model.values.min() ?? .distantFuture)
    }
  }
}
