import Foundation

/// A datagram socket on this machine: UDP on the loopback address, or a Unix one with a name in a folder.
final class LocalSocket {
  struct Failure: Error { var call: String, reason = String(cString: strerror(errno)) }

  let descriptor: Int32

  /// UDP on 127.0.0.1, port 0: any that is free.
  init(port: UInt16) throws {
    descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    guard Self.with(&address, { bind(descriptor, $0, $1) }) == 0 else { throw Failure(call: "bind \(port)") }
  }

  /// A Unix socket of this name.
  init(path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = Self.unix(path)
    guard Self.with(&address, { bind(descriptor, $0, $1) }) == 0 else { throw Failure(call: "bind \(path)") }
  }

  deinit { close(descriptor) }

  /// The port that it has.
  var port: UInt16 {
    var address = sockaddr_in()
    _ = Self.with(&address) { place, _ in
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      return getsockname(descriptor, UnsafeMutablePointer(mutating: place), &length)
    }
    return UInt16(bigEndian: address.sin_port)
  }

  func connect(port: UInt16) throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    guard Self.with(&address, { Foundation.connect(descriptor, $0, $1) }) == 0 else { throw Failure(call: "connect \(port)") }
  }

  func connect(path: String) throws {
    var address = Self.unix(path)
    guard Self.with(&address, { Foundation.connect(descriptor, $0, $1) }) == 0 else { throw Failure(call: "connect \(path)") }
  }

  /// Whoever sent the last datagram.
  private var sender = [UInt8](repeating: 0, count: 128)
  private var senderLength = socklen_t(0)

  /// The next datagram that is there already; nil: none is.
  func receive() -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 8192)
    senderLength = socklen_t(sender.count)
    let count = sender.withUnsafeMutableBytes { place in
      recvfrom(
        descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT), place.baseAddress?.assumingMemoryBound(to: sockaddr.self),
        &senderLength)
    }
    return count < 0 ? nil : Array(buffer[..<count])
  }

  func send(_ octets: [UInt8]) { _ = Foundation.send(descriptor, octets, octets.count, 0) }

  /// Sends to whoever sent the last datagram.
  func answer(_ octets: [UInt8]) {
    _ = sender.withUnsafeBytes { place in
      sendto(descriptor, octets, octets.count, 0, place.baseAddress?.assumingMemoryBound(to: sockaddr.self), senderLength)
    }
  }

  private static func unix(_ path: String) -> sockaddr_un {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    return address
  }

  private static func with<Address, Result>(_ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    withUnsafePointer(to: &address) { place in
      place.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<Address>.size)) }
    }
  }
}

/// Waits until one of the sockets has a datagram.
func waitForDatagram(on sockets: LocalSocket..., milliseconds: Int32 = 100) {
  var entries = sockets.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
  poll(&entries, nfds_t(entries.count), milliseconds)
}
