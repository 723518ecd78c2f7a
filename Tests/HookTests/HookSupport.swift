import CLinux
import Foundation
import Testing
import Wire

@testable import Conformance

let home = IPv6Address(0x2001_0db8_000a_0000_0000_0000_0000_0077)
let homeAgent = IPv6Address(0x2001_0db8_000a_0000_0000_0000_0000_0001)
let careOf = IPv6Address(0x2001_0db8_000b_0000_0000_0000_0000_0077)
let context = HookContext(homeAddress: home, homeAgent: homeAgent)

func realtime() -> Instant { Instant(nanoseconds: cl_realtime()) }

/// Waits as the loop does, until this many hooks have ended or 30 s have passed.
func outcomes(_ count: Int, of hooks: any HookRunner) -> [(HookToken, HookOutcome)] {
  var result = hooks.finished(at: realtime())
  let end = realtime() + .seconds(30)
  while result.count < count, realtime() < end {
    var entries = hooks.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    let wait = max(.zero, min(hooks.nextDeadline, end) - realtime())
    _ = cl_poll(&entries, UInt32(entries.count), wait.nanoseconds)
    result += hooks.finished(at: realtime())
  }
  return result
}

extension HookOutcome {
  var doneText: String? { if case .done(let text) = self { text } else { nil } }
  var failureText: String? { if case .failed(let text) = self { text } else { nil } }
}

/// A folder that is removed with the value.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "hooks-\(UUID().uuidString.prefix(8))").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// How many descriptors of the kinds that a command takes, pipes and processes, are open here.
func hookDescriptors() throws -> Int {
  try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count {
    let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")) ?? ""
    return target.hasPrefix("pipe:") || target.contains("pidfd")
  }
}

/// Whether a process is there and no zombie.
func isAlive(_ process: Int32) -> Bool {
  guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
  return text.split(separator: " ").dropFirst(2).first != "Z"
}
