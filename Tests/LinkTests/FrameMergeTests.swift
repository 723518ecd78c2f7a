import Testing
import Wire

@testable import Link

/// A source whose frames become visible one batch at each round.
final class ScriptedSource: FrameSource {
  let port: Int
  var visible: [Int64]
  private(set) var headTime = Instant.distantFuture

  init(_ port: Int, _ visible: [Int64]) {
    self.port = port
    self.visible = visible
  }

  func fetch() {
    guard headTime == .distantFuture, !visible.isEmpty else { return }
    headTime = Instant(nanoseconds: visible.removeFirst())
  }

  func takeHead(_ body: (Span<UInt8>, FrameInfo) -> Void) {
    let nothing: [UInt8] = []
    body(nothing.span, FrameInfo(port: port, time: headTime, originalLength: 0, isOutgoing: false))
    headTime = .distantFuture
  }
}

@Suite("Merging by time")
struct FrameMergeTests {
  private func round(_ sources: [ScriptedSource], upTo limit: Int64, atMost count: Int = .max) -> [Int64] {
    var times: [Int64] = []
    let number = mergeFrames(sources, upTo: Instant(nanoseconds: limit), atMost: count) { times.append($1.time.nanoseconds) }
    #expect(number == times.count)
    return times
  }

  @Test func framesOfAllSourcesComeOldestFirst() {
    let sources = [ScriptedSource(0, [1, 4, 9]), ScriptedSource(1, [2, 3, 10]), ScriptedSource(2, [])]
    #expect(round(sources, upTo: 100) == [1, 2, 3, 4, 9, 10])
  }

  @Test func aFrameNewerThanTheBeginningOfReadingWaits() {
    let late = ScriptedSource(1, [])
    let sources = [ScriptedSource(0, [1, 8]), late]
    #expect(round(sources, upTo: 5) == [1])
    late.visible = [6]
    #expect(round(sources, upTo: 10) == [6, 8])
  }

  @Test func aLimitOfFramesLosesNone() {
    let sources = [ScriptedSource(0, [1, 3]), ScriptedSource(1, [2])]
    #expect(round(sources, upTo: 10, atMost: 2) == [1, 2])
    #expect(round(sources, upTo: 10, atMost: 2) == [3])
  }
}
