import HeapModule
import Wire

/// At most one timer a key. Setting one again moves it; the heap holds no more entries than twice the keys.
struct TimerQueue<Key: Hashable & Sendable>: Sendable {
  private struct Entry: Comparable, Sendable {
    var due: Instant
    /// Timers for one instant fire in the order in which they were set, so that a run can be repeated.
    var order: UInt64
    var key: Key

    static func < (a: Self, b: Self) -> Bool { (a.due, a.order) < (b.due, b.order) }
    static func == (a: Self, b: Self) -> Bool { a.due == b.due && a.order == b.order }
  }

  /// When the timer is due, and the heap's earliest entry for it: a timer moved to later keeps its entry, which is moved when it comes up.
  private struct State: Sendable {
    var due: Instant?
    var queued: (due: Instant, order: UInt64)?
  }

  private var heap = Heap<Entry>()
  private var states: [Key: State] = [:]
  private var order: UInt64 = 0

  var nextDeadline: Instant { heap.min?.due ?? .distantFuture }

  mutating func set(_ key: Key, at due: Instant) {
    states[key, default: State()].due = due
    if let queued = states[key]?.queued, queued.due <= due { return settle() }
    push(key, due)
    settle()
  }

  mutating func cancel(_ key: Key) {
    guard states[key] != nil else { return }
    states[key]?.due = nil
    settle()
  }

  mutating func removeAll() {
    heap = Heap()
    states = [:]
  }

  /// The next timer that is due; it is then set no more.
  mutating func popDue(at now: Instant) -> Key? {
    guard let first = heap.min, first.due <= now else { return nil }
    heap.removeMin()
    states[first.key] = nil
    settle()
    return first.key
  }

  private mutating func push(_ key: Key, _ due: Instant) {
    order &+= 1
    states[key]?.queued = (due, order)
    heap.insert(Entry(due: due, order: order, key: key))
  }

  /// Leaves at the top an entry that is exactly the timer set.
  private mutating func settle() {
    while let first = heap.min {
      let state = states[first.key]
      guard let queued = state?.queued, queued.order == first.order else {
        heap.removeMin()
        continue
      }
      guard let due = state?.due else {
        heap.removeMin()
        states[first.key] = nil
        continue
      }
      guard due > first.due else { return }
      heap.removeMin()
      push(first.key, due)
    }
  }
}
