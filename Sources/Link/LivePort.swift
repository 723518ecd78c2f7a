import CLinux
package import Wire

/// One Ethernet interface, opened raw: libpcap reads, a packet socket sends.
package final class LivePort {
  package struct Options: Sendable {
    /// Octets of capture ring, each direction.
    package var bufferSize = 8 << 20
    /// Octets captured of a frame. The ring gives every frame that much room, so by default it is what the interface can carry: with 65,535
    /// eight megabytes would hold 128 frames.
    package var snapLength: Int?
    package var promiscuous = true
    /// Whether frames that this host sends are captured too.
    package var capturesOutgoing = true

    package init() {}
  }

  package let name: String
  /// The interface's Ethernet address.
  package let address: MACAddress
  let handles: [CaptureHandle]
  private let sender: FrameSender

  /// Opens the interface. The kernel's own IPv6 on it is not touched.
  package init(interface name: String, options: Options = Options()) throws(LinkError) {
    var value: UInt64 = 0
    let status = unsafe cl_interface_address(name, &value)
    guard status == 0 else { throw .call("hardware address", on: name, errno: 0 &- status) }
    self.name = name
    address = MACAddress(value)
    var options = options
    if options.snapLength == nil {
      let mtu = unsafe cl_interface_mtu(name)
      // Room for the Ethernet header, VLAN tags and a little more.
      options.snapLength = mtu > 0 ? min(65_535, Int(mtu) + 64) : 65_535
    }
    var handles = [try CaptureHandle(interface: name, isOutgoing: false, options: options)]
    if options.capturesOutgoing { handles.append(try CaptureHandle(interface: name, isOutgoing: true, options: options)) }
    self.handles = handles
    sender = try FrameSender(interface: name)
  }

  /// The descriptors that become readable when a frame was captured.
  package var descriptors: [Int32] { handles.map(\.descriptor) }

  /// Hands over what was captured, oldest first, until nothing is left or `count` frames were read.
  package func read(atMost count: Int = .max, _ body: (Span<UInt8>, FrameInfo) -> Void) -> Int {
    mergeFrames(handles, upTo: Instant(nanoseconds: .max - 1), atMost: count, body)
  }

  /// Frames that the capture lost so far: no room in a ring, or lost by the interface.
  package var drops: UInt64 {
    var sum: UInt64 = 0
    for (index, handle) in handles.enumerated() {
      let drops = handle.drops
      sum &+= drops.ring &+ (index == 0 ? drops.interface : 0)
    }
    return sum
  }

  /// Why the port reads no more; nil while it does.
  package var failure: LinkError? { handles.lazy.compactMap(\.failure).first }

  /// Queues a frame, from its Ethernet header on.
  package func send(_ frame: Span<UInt8>) { sender.queue(frame) }
  /// Sends what is queued.
  package func flush() { sender.flush() }
  /// Frames that the kernel refused for good.
  package var sendFailures: Int { sender.failures }
}
