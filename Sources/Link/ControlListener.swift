import CLinux
import Glibc

/// A Unix stream socket that takes lines and answers each with a line. It never blocks: a client that does not read its answers is dropped.
final class ControlListener {
  private static let longestLine = 65_536
  private static let mostClients = 16

  private let path: String
  private let listener: Int32
  private var clients: [(descriptor: Int32, pending: [UInt8])] = []
  private var chunk = [UInt8](repeating: 0, count: 4096)

  init(path: String) throws(LinkError) {
    func failure(_ call: String) -> LinkError {
      .system(place: "control socket \(path)", reason: "\(call): \(systemMessage(errno)); give a path that can be created")
    }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw failure("socket") }
    // A socket that an earlier process left behind would keep the path taken; anything else at the path is left alone.
    var status = stat()
    if unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK { _ = unsafe unlink(path) }
    let bound = unsafe withSocketAddress(path) { unsafe bind(descriptor, $0, $1) }
    guard bound == 0, listen(descriptor, 16) == 0 else {
      let error = failure(bound == nil ? "the path is too long" : "bind")
      close(descriptor)
      throw error
    }
    self.path = path
    listener = descriptor
  }

  deinit {
    for client in clients { close(client.descriptor) }
    close(listener)
    _ = unsafe unlink(path)
  }

  /// The descriptors to watch.
  var descriptors: [Int32] { [listener] + clients.map(\.descriptor) }

  /// Accepts, reads and answers what is there; true when the set of descriptors changed.
  func serve(_ answer: (String) -> String) -> Bool {
    var changed = false
    while true {
      let client = cl_accept(listener)
      guard client >= 0 else { break }
      guard clients.count < Self.mostClients else {
        close(client)
        continue
      }
      clients.append((client, []))
      changed = true
    }
    for index in clients.indices.reversed() where !serve(clientAt: index, answer) {
      close(clients[index].descriptor)
      clients.remove(at: index)
      changed = true
    }
    return changed
  }

  private func serve(clientAt index: Int, _ answer: (String) -> String) -> Bool {
    while true {
      let got = unsafe recv(clients[index].descriptor, &chunk, chunk.count, 0)
      if got < 0 { return errno == EAGAIN || errno == EINTR }
      guard got > 0 else { return false }
      clients[index].pending.append(contentsOf: chunk[..<got])
      while let end = clients[index].pending.firstIndex(of: 10) {
        let line = String(decoding: clients[index].pending[..<end], as: UTF8.self)
        clients[index].pending.removeFirst(end + 1)
        let reply = Array((answer(line) + "\n").utf8)
        guard unsafe Glibc.send(clients[index].descriptor, reply, reply.count, Int32(MSG_NOSIGNAL)) == reply.count else {
          return false
        }
      }
      guard clients[index].pending.count <= Self.longestLine else { return false }
    }
  }
}

/// The other end of a control socket: what the tester's hooks speak to a reference node.
package final class ControlClient {
  /// Becomes readable when an answer arrives.
  package let descriptor: Int32
  private var pending: [UInt8] = []

  /// Connects at once; a socket that nobody listens on is an error.
  package init(path: String) throws(LinkError) {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    let status = unsafe withSocketAddress(path) { unsafe connect(descriptor, $0, $1) }
    guard status == 0 else {
      throw .system(place: "control socket \(path)", reason: status == nil ? "the path is too long" : systemMessage(errno))
    }
  }

  deinit { close(descriptor) }

  /// Sends a line; false if the other end is gone or does not read.
  package func send(_ line: String) -> Bool {
    let octets = Array((line + "\n").utf8)
    return unsafe Glibc.send(descriptor, octets, octets.count, Int32(MSG_NOSIGNAL)) == octets.count
  }

  /// The next answer, without waiting: a line; nil while none is complete, or when the other end closed (then `isClosed`).
  package func receive() -> String? {
    var chunk = [UInt8](repeating: 0, count: 4096)
    while !pending.contains(10), pending.count <= 1 << 20 {
      let got = unsafe recv(descriptor, &chunk, chunk.count, 0)
      if got > 0 {
        pending.append(contentsOf: chunk[..<got])
      } else {
        if got == 0 || (errno != EAGAIN && errno != EINTR) { isClosed = true }
        break
      }
    }
    guard let end = pending.firstIndex(of: 10) else { return nil }
    let line = String(decoding: pending[..<end], as: UTF8.self)
    pending.removeFirst(end + 1)
    return line
  }

  package private(set) var isClosed = false
}

/// Calls `body` with the address of a Unix socket; nil if the path is too long for one.
private func withSocketAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32? {
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  let octets = Array(path.utf8)
  let fits = unsafe withUnsafeMutableBytes(of: &address.sun_path) { field in
    guard octets.count < field.count else { return false }
    unsafe field.copyBytes(from: octets)
    return true
  }
  guard fits else { return nil }
  return unsafe withUnsafePointer(to: &address) { pointer in
    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
  }
}
