import CLinux
import CPcap
import Glibc
import Wire

/// One libpcap handle on one interface in one direction.
///
/// A port that also captures what the tester sends has two, because libpcap does not say of an Ethernet frame which way it went and a
/// device may forge the tester's source address.
@safe final class CaptureHandle: FrameSource {
  let interface: String
  let descriptor: Int32
  let isOutgoing: Bool
  /// The number that frames carry; set by the network that holds the port.
  var port = 0
  /// Set when the interface went away; nothing more is read then.
  private(set) var failure: LinkError?
  private(set) var headTime = Instant.distantFuture

  private let handle: OpaquePointer
  private var head: UnsafeBufferPointer<UInt8>
  private var originalLength = 0

  init(interface: String, isOutgoing: Bool, options: LivePort.Options) throws(LinkError) {
    var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
    guard let handle = unsafe pcap_create(interface, &message) else {
      throw .system(place: "interface \(interface)", reason: text(ofCString: message))
    }
    do throws(LinkError) {
      let size = Int32(clamping: options.bufferSize)
      unsafe pcap_set_snaplen(handle, Int32(clamping: options.snapLength ?? 65_535))
      unsafe pcap_set_promisc(handle, options.promiscuous ? 1 : 0)
      unsafe pcap_set_immediate_mode(handle, 1)
      unsafe pcap_set_buffer_size(handle, size)
      unsafe pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO)
      try unsafe Self.activate(handle, interface)
      try unsafe Self.choose(handle, interface, isOutgoing: isOutgoing)
    } catch {
      unsafe pcap_close(handle)
      throw error
    }
    self.interface = interface
    self.isOutgoing = isOutgoing
    unsafe self.handle = unsafe handle
    unsafe head = UnsafeBufferPointer(start: nil, count: 0)
    descriptor = unsafe pcap_get_selectable_fd(handle)
    // libpcap leaves its socket open across exec; a child would keep a ring that nobody reads.
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  deinit { unsafe pcap_close(handle) }

  private static func activate(_ handle: OpaquePointer, _ interface: String) throws(LinkError) {
    let status = unsafe pcap_activate(handle)
    switch status {
    case PCAP_ERROR_NO_SUCH_DEVICE: throw .noSuchInterface(interface, existing: interfaceNames())
    case PCAP_ERROR_PERM_DENIED, PCAP_ERROR_PROMISC_PERM_DENIED: throw .noPrivilege(interface)
    case PCAP_ERROR_IFACE_NOT_UP: throw .interfaceDown(interface)
    case ..<0: throw unsafe failure(handle, interface)
    default: break
    }
    let linkType = unsafe pcap_datalink(handle)
    guard linkType == DLT_EN10MB else { throw .notEthernet(interface, linkType: linkType) }
  }

  private static func choose(_ handle: OpaquePointer, _ interface: String, isOutgoing: Bool) throws(LinkError) {
    // The direction makes it exact; the filter keeps the other direction's frames out of the ring. It is set on the socket because libpcap,
    // given a filter on a live handle, tries the next frame against it itself, cannot read the packet type there, and loses that frame.
    guard unsafe pcap_setdirection(handle, isOutgoing ? PCAP_D_OUT : PCAP_D_IN) == 0 else { throw unsafe failure(handle, interface) }
    let status = cl_keep_direction(unsafe pcap_get_selectable_fd(handle), isOutgoing ? 1 : 0)
    guard status == 0 else { throw .call("direction filter", on: interface, errno: 0 &- status) }
    var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
    guard unsafe pcap_setnonblock(handle, 1, &message) == 0 else { throw unsafe failure(handle, interface) }
  }

  private static func failure(_ handle: OpaquePointer, _ interface: String) -> LinkError {
    let text = unsafe pcap_geterr(handle)
    return .system(place: "interface \(interface)", reason: unsafe text.map { unsafe String(cString: $0) } ?? "libpcap failed")
  }

  func fetch() {
    guard headTime == .distantFuture, failure == nil else { return }
    var header: UnsafeMutablePointer<pcap_pkthdr>?
    var data: UnsafePointer<UInt8>?
    let status = unsafe pcap_next_ex(handle, &header, &data)
    if status == 1, let header = unsafe header, let data = unsafe data {
      let stamp = unsafe header.pointee.ts
      // Nanosecond precision was asked for: `tv_usec` holds nanoseconds.
      headTime = Instant(nanoseconds: Int64(stamp.tv_sec) &* 1_000_000_000 &+ Int64(stamp.tv_usec))
      unsafe head = UnsafeBufferPointer(start: data, count: Int(header.pointee.caplen))
      originalLength = Int(unsafe header.pointee.len)
    } else if status < 0 {
      failure = unsafe Self.failure(handle, interface)
    }
  }

  func takeHead(_ body: (Span<UInt8>, FrameInfo) -> Void) {
    let info = FrameInfo(port: port, time: headTime, originalLength: originalLength, isOutgoing: isOutgoing)
    unsafe body(head.span, info)
    headTime = .distantFuture
  }

  /// Frames lost so far for want of room, and by the interface itself.
  var drops: (ring: UInt64, interface: UInt64) {
    var statistics = pcap_stat()
    guard unsafe pcap_stats(handle, &statistics) == 0 else { return (0, 0) }
    return (UInt64(statistics.ps_drop), UInt64(statistics.ps_ifdrop))
  }
}
