import CLinux
import Glibc
package import Wire

/// Live ports, read by one `ppoll` and merged by time.
package final class LiveNetwork: Network {
  /// How long after its time stamp a frame may become visible to a reader: what the kernel's receive queue may hold it.
  package static let settling = Interval.milliseconds(1)

  package let ports: [LivePort]
  package private(set) var readUpTo = Instant.distantPast
  package private(set) var refused = 0
  package var watched: [Int32] = [] { didSet { arrange() } }

  private let allowed: AddressGuard?
  private let handles: [CaptureHandle]
  private let settling: Interval
  private var descriptors: [pollfd] = []

  /// - Parameters:
  ///   - ports: their places become the port numbers.
  ///   - allowed: the destinations that frames may have; nil allows all (a node under test answers whomever it wants).
  ///   - settling: how far `readUpTo` stays behind the clock.
  package init(ports: [LivePort], allowing allowed: AddressGuard?, settling: Interval = LiveNetwork.settling) {
    self.ports = ports
    self.allowed = allowed
    self.settling = settling
    for (index, port) in ports.enumerated() {
      for handle in port.handles { handle.port = index }
    }
    handles = ports.flatMap(\.handles)
    arrange()
  }

  /// Opens the interfaces.
  /// - Parameter capturesOutgoing: false saves the capture of the tester's own frames, for speed in a fuzz campaign.
  package convenience init(
    interfaces: [String], allowing allowed: AddressGuard?, capturesOutgoing: Bool = true, bufferSize: Int = 8 << 20
  ) throws(LinkError) {
    var options = LivePort.Options()
    options.capturesOutgoing = capturesOutgoing
    options.bufferSize = bufferSize
    var ports: [LivePort] = []
    for name in interfaces { ports.append(try LivePort(interface: name, options: options)) }
    self.init(ports: ports, allowing: allowed)
  }

  package var now: Instant { Instant(nanoseconds: cl_realtime()) }
  package var portCount: Int { ports.count }
  package func address(ofPort port: Int) -> MACAddress { ports[port].address }
  package var drops: [UInt64] { ports.map(\.drops) }
  /// Frames that the kernel refused for good, by port.
  package var sendFailures: [Int] { ports.map(\.sendFailures) }
  /// Ports that stopped reading, and why.
  package var failures: [LinkError] { ports.compactMap(\.failure) }

  package func send(_ frame: [UInt8], on port: Int) {
    guard ports.indices.contains(port), allowed?.allows(frame.span) ?? true else {
      refused += 1
      return
    }
    ports[port].send(frame.span)
  }

  package func flush() {
    for port in ports { port.flush() }
  }

  package func wait(until deadline: Instant, _ deliver: (Span<UInt8>, FrameInfo) -> Void) {
    flush()
    let start = now
    var timeout: Int64 = 0
    if !handles.contains(where: { $0.headTime != .distantFuture }) {
      if deadline == .distantFuture {
        timeout = -1
      } else if deadline > start {
        // Longer by what a frame needs to become visible, so that `readUpTo` is past the deadline afterwards.
        timeout = (deadline + settling - start).nanoseconds
      }
    }
    _ = unsafe cl_poll(&descriptors, UInt32(truncatingIfNeeded: descriptors.count), timeout)
    let began = now
    // A clock that was set back leaves stamps far ahead of it; they are not waited for.
    let isAhead = handles.contains { $0.headTime != .distantFuture && $0.headTime - began > .seconds(1) }
    _ = mergeFrames(handles, upTo: isAhead ? Instant(nanoseconds: .max - 1) : began, deliver)
    readUpTo = max(readUpTo, began - settling)
    if handles.contains(where: { $0.failure != nil && isPolled($0) }) { arrange() }
  }

  private func isPolled(_ handle: CaptureHandle) -> Bool { descriptors.contains { $0.fd == handle.descriptor } }

  /// A handle that failed is left out: it would end every wait at once.
  private func arrange() {
    descriptors = (handles.filter { $0.failure == nil }.map(\.descriptor) + watched).map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
  }
}
