import CLinux
import Glibc
import Wire

/// Sends frames on one interface through a packet socket of its own, so that the capture handles see them with kernel time stamps.
final class FrameSender {
  /// Frames that the kernel refused for good (too long for the interface, shorter than an Ethernet header, interface down).
  private(set) var failures = 0

  private let descriptor: Int32
  private var octets: [UInt8] = []
  private var slices: [cl_slice] = []

  init(interface: String) throws(LinkError) {
    let index = unsafe cl_interface_index(interface)
    guard index > 0 else { throw .call("if_nametoindex", on: interface, errno: 0 &- index) }
    descriptor = cl_packet_socket(index)
    guard descriptor >= 0 else { throw .call("packet socket", on: interface, errno: 0 &- descriptor) }
    octets.reserveCapacity(65_536)
    slices.reserveCapacity(256)
  }

  deinit { close(descriptor) }

  /// Queues a frame; it leaves at the next `flush`, or at once when a megabyte waits.
  func queue(_ frame: Span<UInt8>) {
    slices.append(cl_slice(offset: UInt32(truncatingIfNeeded: octets.count), length: UInt32(truncatingIfNeeded: frame.count)))
    unsafe frame.withUnsafeBufferPointer { unsafe octets.append(contentsOf: $0) }
    if octets.count > 1 << 20 { flush() }
  }

  /// Sends what is queued, in batches; waits where the interface's queue is full.
  func flush() {
    guard !slices.isEmpty else { return }
    unsafe octets.withUnsafeBufferPointer { octets in
      unsafe slices.withUnsafeBufferPointer { slices in
        var next = 0
        var retries = 0
        while next < slices.count, let frames = octets.baseAddress, let first = slices.baseAddress {
          let sent = unsafe cl_send_batch(descriptor, frames, first + next, UInt32(min(64, slices.count - next)))
          if sent > 0 {
            next += Int(sent)
            retries = 0
          } else if sent == 0 &- EINTR {
            continue
          } else if sent == 0 &- EAGAIN || sent == 0 &- ENOBUFS, retries < 1_000 {
            retries += 1
            waitForRoom(full: sent == 0 &- EAGAIN)
          } else {
            failures += 1
            next += 1
            retries = 0
          }
        }
      }
    }
    octets.removeAll(keepingCapacity: true)
    slices.removeAll(keepingCapacity: true)
  }

  private func waitForRoom(full: Bool) {
    // ENOBUFS is the device queue's, which no poll reports; a short sleep lets it drain.
    var descriptor = pollfd(fd: full ? descriptor : -1, events: Int16(POLLOUT), revents: 0)
    _ = unsafe cl_poll(&descriptor, 1, full ? 10_000_000 : 100_000)
  }
}
