package import Wire

/// A frame as it was captured.
package struct FrameInfo: Sendable {
  /// The index of the port that it was seen on.
  package var port: Int
  /// The capture's own time stamp.
  package var time: Instant
  /// Octets on the wire; more than the captured ones where a snapshot length cut it.
  package var originalLength: Int
  /// The tester sent it itself.
  package var isOutgoing: Bool

  package init(port: Int, time: Instant, originalLength: Int, isOutgoing: Bool) {
    self.port = port
    self.time = time
    self.originalLength = originalLength
    self.isOutgoing = isOutgoing
  }
}

/// The tester's attachment to its links: the same calls for live interfaces and for a simulation in virtual time.
package protocol Network: AnyObject {
  /// The capture clock: `CLOCK_REALTIME` live, virtual in a simulation.
  var now: Instant { get }
  /// How many ports there are; port numbers count from 0.
  var portCount: Int { get }
  /// The tester's own Ethernet address on a port.
  func address(ofPort port: Int) -> MACAddress
  /// Queues a frame, from its Ethernet header on. It leaves at the next `flush` or `wait`.
  ///
  /// A frame whose destination the address guard does not allow is not sent; it is counted in `refused`.
  func send(_ frame: [UInt8], on port: Int)
  /// Sends what is queued.
  func flush()
  /// Waits until a frame was captured, an extra descriptor is ready, or `deadline` has passed, then hands over every captured frame, all
  /// ports merged by time, the tester's own frames among them. When it returns, every port has been read empty up to `readUpTo`.
  func wait(until deadline: Instant, _ deliver: (Span<UInt8>, FrameInfo) -> Void)
  /// Every frame captured up to this time has been handed over.
  var readUpTo: Instant { get }
  /// Frames that the capture lost so far, by port.
  var drops: [UInt64] { get }
  /// Frames that the address guard refused.
  var refused: Int { get }
  /// Descriptors that also end a `wait` when they can be read (hook sockets and children, signals); ignored in a simulation.
  var watched: [Int32] { get set }
}
