import CLinux
import Glibc
package import Wire

/// A process that the lab started. It is ended when this value goes.
package final class NodeProcess {
  package let process: Int32
  /// The exit status, or 128 and the signal; nil while it runs.
  package private(set) var status: Int32?

  private let output: Int32
  private var lifeline: Int32
  private var pending: [UInt8] = []

  init(process: Int32, output: Int32, lifeline: Int32) {
    self.process = process
    self.output = output
    self.lifeline = lifeline
  }

  deinit {
    terminate(within: .milliseconds(500))
    close(output)
  }

  /// Waits for the line `ready` on its standard output.
  package func waitUntilReady(within patience: Interval = .seconds(5)) throws(LabError) {
    let end = Instant(nanoseconds: cl_realtime()) + patience
    while true {
      if let line = nextLine() {
        if line == "ready" { return }
        continue
      }
      let left = end - Instant(nanoseconds: cl_realtime())
      guard left > .zero else { throw .notReady(status: nil) }
      var entry = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      _ = unsafe cl_poll(&entry, 1, left.nanoseconds)
      guard read() else {
        wait(within: .seconds(1))
        throw .notReady(status: status ?? 0)
      }
    }
  }

  /// Whether it still runs.
  package var isRunning: Bool {
    wait(within: .zero)
    return status == nil
  }

  /// Asks it to end, and kills it when it does not within this time.
  package func terminate(within patience: Interval = .seconds(1)) {
    if lifeline >= 0 {
      close(lifeline)
      lifeline = -1
    }
    wait(within: .zero)
    guard status == nil else { return }
    kill(process, SIGTERM)
    wait(within: patience)
    guard status == nil else { return }
    kill(process, SIGKILL)
    wait(within: .seconds(5))
  }

  /// Waits for its end, at most this long.
  package func wait(within patience: Interval) {
    guard status == nil else { return }
    if patience > .zero {
      let descriptor = cl_pidfd_open(process)
      if descriptor >= 0 {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = unsafe cl_poll(&entry, 1, patience.nanoseconds)
        close(descriptor)
      }
    }
    var code: Int32 = 0
    guard unsafe waitpid(process, &code, WNOHANG) == process else { return }
    status = code & 0x7f == 0 ? code >> 8 & 0xff : 128 + (code & 0x7f)
  }

  private func nextLine() -> String? {
    guard let end = pending.firstIndex(of: 10) else { return nil }
    let line = String(decoding: pending[..<end], as: UTF8.self)
    pending.removeFirst(end + 1)
    return line
  }

  /// False at the end of its output.
  private func read() -> Bool {
    var chunk = [UInt8](repeating: 0, count: 4096)
    let got = unsafe Glibc.read(output, &chunk, chunk.count)
    if got < 0 { return errno == EAGAIN || errno == EINTR }
    guard got > 0 else { return false }
    // Only the word is waited for; a flood of output is not kept.
    if pending.count > 1 << 16 { pending.removeAll() }
    pending.append(contentsOf: chunk[..<got])
    return true
  }
}
