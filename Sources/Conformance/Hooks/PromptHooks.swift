import CLinux
import Glibc
package import Wire

/// Hooks that a person carries out: a text on the terminal, and Enter when it is done. One at a time.
package final class PromptHooks: HookRunner {
  private let prompts: [HookName: String]
  private let input: Int32
  private let say: (String) -> Void
  private let isTerminal: Bool
  private var current: (token: HookToken, name: HookName)?
  private var waiting: [(token: HookToken, name: HookName, context: HookContext)] = []
  /// Read and not yet taken as an answer.
  private var pending: [UInt8] = []
  private var isAtEnd = false
  private var settled = SettledHooks()

  private static let longestLine = 4096

  /// - Parameters:
  ///   - prompts: `{home-address}`, `{home-agent}`, `{care-of-address}` and `{case}` in them are filled in.
  ///   - input: where the answers are typed.
  ///   - say: shows a text to the operator; by default on standard error.
  package init(_ prompts: [HookName: String], input: Int32 = 0, say: @escaping (String) -> Void = writeToStandardError) {
    self.prompts = prompts
    self.input = input
    self.say = say
    isTerminal = isatty(input) == 1
  }

  package var names: Set<HookName> { Set(prompts.keys) }
  /// The input only while a prompt is open, so that what is typed at other times does not wake the loop.
  package var descriptors: [Int32] { current == nil ? [] : [input] }
  package var nextDeadline: Instant { settled.nextDeadline }
  package func isExclusive(_ name: HookName) -> Bool { true }

  package func start(_ name: HookName, _ context: HookContext, at now: Instant) -> HookToken {
    let token = settled.newToken()
    start(name, context, as: token, at: now)
    return token
  }

  func start(_ name: HookName, _ context: HookContext, as token: HookToken, at now: Instant) {
    guard prompts[name] != nil else { return settled.addMissing(token, name, at: now) }
    waiting.append((token, name, context))
    openNext(at: now)
  }

  package func finished(at now: Instant) -> [(HookToken, HookOutcome)] {
    if current != nil, !isAtEnd, isReadable(input) { read() }
    openNext(at: now)
    return settled.take()
  }

  /// Closes the open prompt if its answer is there, and opens the next one.
  private func openNext(at now: Instant) {
    while true {
      if let (token, name) = current {
        if let line = nextLine() {
          settled.add(token, outcome(line, name), at: now)
        } else if isAtEnd {
          let mend = "run the tester on a terminal, or give a command instead of the prompt"
          settled.add(token, .failed("the prompt's input has ended; \(mend)"), at: now)
        } else {
          return
        }
        current = nil
      }
      guard !waiting.isEmpty else { return }
      let (token, name, context) = waiting.removeFirst()
      current = (token, name)
      open(name, context)
    }
  }

  private func open(_ name: HookName, _ context: HookContext) {
    if isTerminal {
      // What was typed before the question is no answer to it, and Ctrl-D ends one answer, not the input.
      _ = tcflush(input, TCIFLUSH)
      pending = []
      isAtEnd = false
    }
    guard !isAtEnd || !pending.isEmpty else { return }
    let question = name == .state ? "Type the state (bound or unbound) and Enter" : "Enter when it is done"
    let title = context.caseID.map { "[\($0)] " } ?? ""
    say("\(title)\(context.filled(into: prompts[name] ?? ""))\n\(question); s and Enter if it cannot be done: ")
  }

  private func outcome(_ line: String, _ name: HookName) -> HookOutcome {
    switch line.lowercased() {
    case "s", "n", "skip", "no": .failed("the operator could not do it; look at the device, or leave the case out")
    case "" where name == .state: .failed("the operator gave no state; type bound or unbound")
    default: .done(line)
    }
  }

  private func nextLine() -> String? {
    let end = pending.firstIndex(of: 10)
    guard end != nil || (isAtEnd && !pending.isEmpty) || pending.count >= Self.longestLine else { return nil }
    let line = String(decoding: pending[..<(end ?? pending.count)], as: UTF8.self)
    pending.removeFirst(end.map { $0 + 1 } ?? pending.count)
    return trimmed(line)
  }

  private func read() {
    // One reading: the descriptor is the operator's and blocks when it is empty.
    var chunk = [UInt8](repeating: 0, count: Self.longestLine)
    let got = unsafe Glibc.read(input, &chunk, chunk.count)
    if got > 0 {
      pending.append(contentsOf: chunk[..<got])
    } else if got == 0 || (errno != EAGAIN && errno != EINTR) {
      isAtEnd = true
    }
  }
}

/// Writes all of `text` on standard error.
package func writeToStandardError(_ text: String) {
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    let wrote = unsafe rest.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
    if wrote < 0, errno == EINTR { continue }
    guard wrote > 0 else { return }
    rest = rest.dropFirst(wrote)
  }
}
