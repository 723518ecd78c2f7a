import Foundation
import Testing
import Wire

@testable import Reporting

@Suite struct TerminalTests {
  /// The two ends of a pseudo-terminal of 90 columns.
  private func terminal() throws -> (controller: Int32, terminal: Int32) {
    // TIOCSPTLCK and TIOCGPTN (linux/tty ioctls), which Swift does not import.
    let unlock: UInt = 0x4004_5431
    let number: UInt = 0x8004_5430
    let controller = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    var locked: Int32 = 0
    var index: Int32 = -1
    try #require(controller >= 0)
    try #require(ioctl(controller, unlock, &locked) == 0)
    try #require(ioctl(controller, number, &index) == 0)
    let name = "/dev/pts/\(index)"
    let terminal = open(name, O_RDWR | O_NOCTTY)
    try #require(terminal >= 0)
    var size = winsize(ws_row: 24, ws_col: 90, ws_xpixel: 0, ws_ypixel: 0)
    try #require(ioctl(terminal, UInt(TIOCSWINSZ), &size) == 0)
    return (controller, terminal)
  }

  @Test func aTerminalHasColoursAndAWidth() throws {
    let ends = try terminal()
    defer {
      close(ends.controller)
      close(ends.terminal)
    }
    let style = TextStyle.of(descriptor: ends.terminal, environment: ["NO_COLOR": ""])
    #expect(style.isColoured)
    #expect(style.width == 90)
    #expect(!TextStyle.of(descriptor: ends.terminal, environment: ["NO_COLOR": "1"]).isColoured)
    #expect(!TextStyle.of(descriptor: ends.terminal, environment: ["TERM": "dumb"]).isColoured)
  }

  @Test func progressIsRedrawnAndTakenAway() throws {
    let ends = try terminal()
    defer {
      close(ends.controller)
      close(ends.terminal)
    }
    var line = ProgressLine(descriptor: ends.terminal, environment: [:])
    line.update(done: 0, total: 2, running: ["TP_A"], elapsed: .zero)
    line.update(done: 0, total: 2, running: ["TP_A"], elapsed: .milliseconds(300))
    line.update(done: 2, total: 2, running: [], elapsed: .seconds(1))
    line.clear()
    line.clear()
    let expected = "\r\u{1b}[K0/2 cases, 0 s, running TP_A\r\u{1b}[K2/2 cases, 1 s\r\u{1b}[K"
    // A terminal hands over what it has; the rest comes with the next reading.
    var shown: [UInt8] = []
    var octets = [UInt8](repeating: 0, count: 1000)
    while shown.count < expected.utf8.count {
      let count = read(ends.controller, &octets, octets.count)
      guard count > 0 else { break }
      shown += octets.prefix(count)
    }
    #expect(String(decoding: shown, as: UTF8.self) == expected)
  }
}
