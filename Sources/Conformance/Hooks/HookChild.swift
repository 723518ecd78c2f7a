import CLinux
import Glibc
import Wire

struct HookChildError: Error {
  /// What the system said.
  var reason: String
}

/// A process that a hook started, in a session of its own. It is reaped when its end is seen.
final class HookChild {
  enum End: Equatable {
    case status(Int32)
    case signal(Int32)
  }

  private(set) var end: End?
  private let process: Int32
  /// Readable when the process has ended; -1 once it is reaped.
  private var pidfd: Int32 = -1
  private var outputPipe: OutputPipe
  private var errorPipe: OutputPipe

  /// - Parameters:
  ///   - words: program and arguments.
  ///   - environment: what is set (nil: unset) in a copy of the tester's own environment.
  init(_ words: [String], environment: [String: String?]) throws(HookChildError) {
    guard !words.isEmpty else { throw HookChildError(reason: "no command is given") }
    let (output, outputEnd) = try OutputPipe.make()
    defer { close(outputEnd) }
    let (errors, errorEnd): (OutputPipe, Int32)
    do throws(HookChildError) {
      (errors, errorEnd) = try OutputPipe.make()
    } catch {
      output.close()
      throw error
    }
    defer { close(errorEnd) }
    do throws(HookChildError) {
      process = try Self.spawn(words, environment, output: outputEnd, errors: errorEnd)
    } catch {
      output.close()
      errors.close()
      throw error
    }
    outputPipe = output
    errorPipe = errors
    pidfd = cl_pidfd_open(process)
    guard pidfd >= 0 else {
      let code = 0 &- pidfd
      _ = Glibc.kill(process, SIGKILL)
      var status: Int32 = 0
      _ = unsafe waitpid(process, &status, 0)
      throw HookChildError(reason: systemText(code))
    }
  }

  deinit {
    outputPipe.close()
    errorPipe.close()
    if pidfd >= 0 { close(pidfd) }
  }

  var descriptors: [Int32] { [pidfd, outputPipe.descriptor, errorPipe.descriptor].filter { $0 >= 0 } }
  /// What it wrote on standard output so far, white space at the ends taken off.
  var output: String { outputPipe.text }
  var errors: String { errorPipe.text }

  /// Reads what it wrote, and reaps it if it has ended.
  func hasEnded() -> Bool {
    // The order matters: what an ended process wrote is all in the pipes.
    let isOver = pidfd < 0 || isReadable(pidfd)
    outputPipe.read()
    errorPipe.read()
    guard isOver else { return false }
    guard pidfd >= 0 else { return true }
    close(pidfd)
    pidfd = -1
    var status: Int32 = 0
    if unsafe waitpid(process, &status, WNOHANG) == process {
      end = status & 0x7f == 0 ? .status(status >> 8 & 0xff) : .signal(status & 0x7f)
    }
    return true
  }

  /// Kills it and all of its process group.
  func kill() {
    // Only before it is reaped is the number surely its own.
    guard pidfd >= 0, process > 1 else { return }
    _ = Glibc.kill(0 &- process, SIGKILL)
  }

  /// Waits for its end.
  func reap(within patience: Interval) {
    guard pidfd >= 0 else { return }
    var entry = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
    _ = unsafe cl_poll(&entry, 1, patience.nanoseconds)
    _ = hasEnded()
  }

  private static func spawn(
    _ words: [String], _ environment: [String: String?], output: Int32, errors: Int32
  ) throws(HookChildError) -> Int32 {
    var actions = unsafe posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    var none = sigset_t()
    var all = sigset_t()
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawnattr_init(&attributes)
    defer {
      unsafe posix_spawn_file_actions_destroy(&actions)
      unsafe posix_spawnattr_destroy(&attributes)
    }
    unsafe sigemptyset(&none)
    unsafe sigfillset(&all)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    // Without a controlling terminal a command that wants to ask for a password fails at once, rather than being stopped for it. The header
    // shows this flag, POSIX_SPAWN_SETSID, to GNU sources only.
    let newSession: Int32 = 0x80
    let flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF) | newSession
    unsafe posix_spawnattr_setflags(&attributes, Int16(truncatingIfNeeded: flags))
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
    unsafe posix_spawn_file_actions_adddup2(&actions, errors, 2)
    for descriptor in openDescriptors() where descriptor > 2 { unsafe posix_spawn_file_actions_addclose(&actions, descriptor) }

    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = unsafe merged(environment).map { unsafe strdup($0) } + [nil]
    defer { unsafe (arguments + variables).forEach { unsafe free($0) } }
    var process: pid_t = 0
    let code = unsafe posix_spawnp(&process, words[0], &actions, &attributes, &arguments, &variables)
    guard code == 0 else { throw HookChildError(reason: systemText(code)) }
    return process
  }

  /// Every descriptor of this process: libpcap's have no close-on-exec flag.
  private static func openDescriptors() -> [Int32] {
    guard let directory = unsafe opendir("/proc/self/fd") else { return [] }
    defer { unsafe closedir(directory) }
    var result: [Int32] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
        unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if let descriptor = Int32(name) { result.append(descriptor) }
    }
    return result
  }

  private static func merged(_ changes: [String: String?]) -> [String] {
    var result: [String] = []
    var next = unsafe environ
    while let entry = unsafe next.pointee {
      let text = unsafe String(cString: entry)
      if let name = text.split(separator: "=", maxSplits: 1).first, changes[String(name)] == nil { result.append(text) }
      unsafe next = unsafe next.successor()
    }
    for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
      if let value { result.append("\(name)=\(value)") }
    }
    return result
  }
}

/// The reading end of a pipe; the first octets are kept, the rest is read so that the writer does not block, and dropped.
struct OutputPipe {
  /// -1 at the end of what is written.
  private(set) var descriptor: Int32
  private var kept: [UInt8] = []

  static let mostKept = 4096
  /// As much as a pipe holds (pipe(7)): one call empties what an ended process left, and a flood does not keep the loop.
  private static let mostRead = 65_536

  private init(descriptor: Int32) { self.descriptor = descriptor }

  /// A pipe, and its writing end, which the caller closes.
  static func make() throws(HookChildError) -> (OutputPipe, writer: Int32) {
    var reader: Int32 = -1
    var writer: Int32 = -1
    let status = unsafe cl_pipe(&reader, &writer, 1)
    guard status == 0 else { throw HookChildError(reason: systemText(0 &- status)) }
    return (OutputPipe(descriptor: reader), writer)
  }

  /// UTF-8, what is not repaired.
  var text: String { trimmed(String(decoding: kept, as: UTF8.self)) }

  mutating func read() {
    guard descriptor >= 0 else { return }
    var chunk = [UInt8](repeating: 0, count: 4096)
    var total = 0
    while total < Self.mostRead {
      let got = unsafe Glibc.read(descriptor, &chunk, chunk.count)
      if got < 0, errno == EINTR { continue }
      if got < 0, errno == EAGAIN { return }
      guard got > 0 else {
        close()
        descriptor = -1
        return
      }
      total += got
      kept.append(contentsOf: chunk[..<min(got, Self.mostKept - kept.count)])
    }
  }

  func close() {
    if descriptor >= 0 { _ = Glibc.close(descriptor) }
  }
}

/// Whether a read would not block.
func isReadable(_ descriptor: Int32) -> Bool {
  var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
  return unsafe cl_poll(&entry, 1, 0) > 0
}

func systemText(_ code: Int32) -> String {
  guard let text = unsafe strerror(code) else { return "error \(code)" }
  return unsafe String(cString: text)
}
