import Wire

/// Something that hands out captured frames one at a time, oldest first.
protocol FrameSource: AnyObject {
  /// The time stamp of the frame at the head; `Instant.distantFuture` when none is at hand.
  var headTime: Instant { get }
  /// Looks for a frame if none is at the head.
  func fetch()
  /// Hands over the head and drops it. Called only when there is one.
  func takeHead(_ body: (Span<UInt8>, FrameInfo) -> Void)
}

/// Hands over the frames of all sources, oldest first, until every source is empty or its oldest frame is newer than `limit`.
///
/// Frames newer than `limit` stay at the head of their source: another source may still hold an older one that it had not seen when it
/// was last asked. With `limit` the time at which reading began, no source can still produce a frame older than one handed over.
/// Nothing is copied: a head lives in its source's buffer until the next `fetch`.
/// - Returns: how many frames were handed over, at most `count`.
func mergeFrames<Source: FrameSource>(
  _ sources: [Source], upTo limit: Instant, atMost count: Int = .max, _ body: (Span<UInt8>, FrameInfo) -> Void
) -> Int {
  for source in sources { source.fetch() }
  var delivered = 0
  while delivered < count {
    var oldest: Source?
    var time = Instant.distantFuture
    for source in sources where source.headTime < time {
      oldest = source
      time = source.headTime
    }
    guard let oldest, time <= limit else { break }
    oldest.takeHead(body)
    oldest.fetch()
    delivered &+= 1
  }
  return delivered
}
