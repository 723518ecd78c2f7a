import Foundation
package import Wire

/// One line on stderr that is redrawn while a run goes on; nothing where stderr is no terminal.
package struct ProgressLine {
  private let isShown: Bool
  private let width: Int
  private let descriptor: Int32
  private var shown = ""

  /// - Parameter descriptor: stderr.
  package init(descriptor: Int32 = 2, environment: [String: String]) {
    isShown = isatty(descriptor) == 1 && environment["TERM"] != "dumb"
    width = TextStyle.of(descriptor: descriptor, environment: environment).width
    self.descriptor = descriptor
  }

  /// Redraws the line when it has something new to say.
  package mutating func update(done: Int, total: Int, running: [String], elapsed: Interval) {
    guard isShown else { return }
    let text = Self.text(done: done, total: total, running: running, elapsed: elapsed, width: width)
    guard text != shown else { return }
    shown = text
    write("\r\u{1b}[K\(text)")
  }

  /// Takes the line away, so that something else can be written.
  package mutating func clear() {
    guard isShown, !shown.isEmpty else { return }
    shown = ""
    write("\r\u{1b}[K")
  }

  /// `3/18 cases, 12 s, running TP_A, TP_B`, cut to what fits in one line.
  static func text(done: Int, total: Int, running: [String], elapsed: Interval, width: Int) -> String {
    let seconds = elapsed.nanoseconds / 1_000_000_000
    let text = "\(done)/\(total) cases, \(seconds) s" + (running.isEmpty ? "" : ", running \(running.joined(separator: ", "))")
    return text.count < width ? text : text.prefix(max(0, width - 2)) + "…"
  }

  /// A terminal that does not take it is no reason to stop.
  private func write(_ text: String) {
    let octets = Array(text.utf8)
    _ = unsafe octets.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
  }
}
