import Wire

/// A sequel that is being watched for.
struct Obligation: Sendable {
  var sequel: Int32
  var rule: Int32
  var conversation: Int32
  /// The next one of the same conversation, or of the free ones; -1: none.
  var next: Int32 = -1
  /// The one before it in the same conversation; -1: none.
  var previous: Int32 = -1
  /// Told apart from an earlier use of the same place.
  var generation: UInt32 = 0
  var isOpen = false
  var opened: Instant
  var deadline: Instant
  var frame: Int
  var triggerKind: MessageKind
  var slots: Slots
  /// Frames that the capture had lost when it was opened.
  var drops: UInt64
  var lease: Int32
  /// A hook set it off: what must follow is due from the hook's return on.
  var isFromHook: Bool
}
