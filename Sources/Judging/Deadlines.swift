internal import HeapModule
import Wire

/// A deadline in the queue; one of a closed obligation is passed over.
struct Deadline: Comparable, Sendable {
  var time: Instant
  var order: UInt64
  var obligation: Int32
  var generation: UInt32

  static func < (a: Self, b: Self) -> Bool { a.time != b.time ? a.time < b.time : a.order < b.order }
  static func == (a: Self, b: Self) -> Bool { a.time == b.time && a.order == b.order }
}

/// The deadlines of open obligations, the earliest first.
///
/// Windows of one length that open one after the other end one after the other: each length has a line, in which nothing needs sorting.
/// Only what comes out of order, and windows that differ by conversation, stand in a heap: for a million frames it took a tenth of all time.
struct Deadlines: Sendable {
  private struct Line: Sendable {
    var entries: ContiguousArray<Deadline> = []
    var head = 0
    var first: Deadline? { head < entries.count ? entries[head] : nil }
  }
  private var lines: ContiguousArray<Line>
  /// When the first one of each line is due: all that is looked at to find the earliest.
  private var heads: ContiguousArray<Instant>
  private var others = Heap<Deadline>()
  /// When the first one is due.
  private(set) var next = Instant.distantFuture
  /// Where it stands; 0: in the heap.
  private var nextLine = 0

  init(lines count: Int) {
    lines = ContiguousArray(repeating: Line(), count: count)
    heads = ContiguousArray(repeating: .distantFuture, count: count)
  }

  /// - Parameter line: 0 for a window that has no line of its own.
  mutating func insert(_ deadline: Deadline, line: Int) {
    let isInLine = line > 0 && lines[line].entries.last.map { $0.time <= deadline.time } ?? true
    if isInLine {
      if lines[line].entries.isEmpty { heads[line] = deadline.time }
      lines[line].entries.append(deadline)
    } else {
      others.insert(deadline)
    }
    if deadline.time < next { (next, nextLine) = (deadline.time, isInLine ? line : 0) }
  }

  /// Takes out the earliest deadline before `time`; of several at one time the one that was put in first.
  mutating func pop(before time: Instant) -> Deadline? {
    guard next < time else { return nil }
    let deadline = nextLine > 0 ? take(nextLine) : others.popMin()
    var first = others.min
    nextLine = 0
    for line in heads.indices where heads[line] <= first?.time ?? .distantFuture {
      guard let head = lines[line].first, first.map({ head < $0 }) ?? true else { continue }
      first = head
      nextLine = line
    }
    next = first?.time ?? .distantFuture
    return deadline
  }

  private mutating func take(_ line: Int) -> Deadline? {
    defer { leave(line) }
    return lines[line].first
  }

  private mutating func leave(_ line: Int) {
    lines[line].head += 1
    if lines[line].head == lines[line].entries.count {
      lines[line].entries.removeAll(keepingCapacity: true)
      lines[line].head = 0
    } else if lines[line].head > 4_096, lines[line].head * 2 > lines[line].entries.count {
      lines[line].entries.removeFirst(lines[line].head)
      lines[line].head = 0
    }
    heads[line] = lines[line].first?.time ?? .distantFuture
  }
}
