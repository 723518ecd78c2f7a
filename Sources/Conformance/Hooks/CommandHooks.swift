import CLinux
import Glibc
package import Wire

/// Hooks that are commands of the tester's own host.
///
/// A command gets the context in its environment (`DETACHSPEC_HOOK`, `DETACHSPEC_HOME_ADDRESS`, `DETACHSPEC_HOME_AGENT`,
/// `DETACHSPEC_CARE_OF_ADDRESS`, `DETACHSPEC_LIFETIME` in seconds, `DETACHSPEC_CASE`; unknown ones are not set), nothing to read, and no
/// terminal. Status 0 is success, and what it wrote on standard output the answer.
package final class CommandHooks: HookRunner {
  private let commands: [HookName: [String]]
  private let timeOut: Interval
  private var running: [(token: HookToken, name: HookName, deadline: Instant, child: HookChild)] = []
  /// Killed, their outcome told, not yet reaped.
  private var killed: [HookChild] = []
  private var waiting: [(token: HookToken, name: HookName, context: HookContext)] = []
  private var settled = SettledHooks()

  /// Each takes three descriptors and a process; a thousand home addresses may register at once.
  static let mostRunning = 32

  /// - Parameters:
  ///   - commands: program and arguments; a program without a slash is looked up in `PATH`.
  ///   - timeOut: from a command's start, after which its process group is killed.
  package init(_ commands: [HookName: [String]], timeOut: Interval = .seconds(30)) {
    self.commands = commands
    self.timeOut = timeOut
  }

  deinit {
    for each in running { each.child.kill() }
    for child in running.map(\.child) + killed { child.reap(within: .seconds(1)) }
  }

  package var names: Set<HookName> { Set(commands.keys) }
  package var descriptors: [Int32] { running.flatMap(\.child.descriptors) + killed.flatMap(\.descriptors) }
  package var nextDeadline: Instant { running.reduce(settled.nextDeadline) { min($0, $1.deadline) } }
  package func isExclusive(_ name: HookName) -> Bool { false }

  package func start(_ name: HookName, _ context: HookContext, at now: Instant) -> HookToken {
    let token = settled.newToken()
    start(name, context, as: token, at: now)
    return token
  }

  func start(_ name: HookName, _ context: HookContext, as token: HookToken, at now: Instant) {
    guard commands[name]?.isEmpty == false else { return settled.addMissing(token, name, at: now) }
    waiting.append((token, name, context))
    startWaiting(at: now)
  }

  package func finished(at now: Instant) -> [(HookToken, HookOutcome)] {
    killed.removeAll { $0.hasEnded() }
    for index in running.indices.reversed() {
      let (token, name, deadline, child) = running[index]
      if child.hasEnded() {
        settled.add(token, outcome(of: child, name), at: now)
      } else if deadline <= now {
        child.kill()
        killed.append(child)
        let problem = "did not end within \(timeOut) and was killed\(said(by: child))"
        settled.add(token, failure(name, "\(problem); make it quicker, or let it leave the long work to the background"), at: now)
      } else {
        continue
      }
      running.remove(at: index)
    }
    startWaiting(at: now)
    return settled.take()
  }

  private func startWaiting(at now: Instant) {
    while running.count < Self.mostRunning, let (token, name, context) = waiting.first {
      waiting.removeFirst()
      do throws(HookChildError) {
        let child = try HookChild(commands[name] ?? [], environment: environment(name, context))
        running.append((token, name, now + timeOut, child))
      } catch {
        settled.add(token, failure(name, "cannot be started: \(error.reason); give a program that can be run"), at: now)
      }
    }
  }

  private func outcome(of child: HookChild, _ name: HookName) -> HookOutcome {
    switch child.end {
    case .status(0): .done(child.output)
    case .status(let status): failure(name, "ended with status \(status)\(said(by: child)); run it by hand with the same environment")
    case .signal(let signal): failure(name, "was ended by signal \(signal)\(said(by: child)); run it by hand with the same environment")
    case nil: failure(name, "ended, but its status is lost; do not start the tester with SIGCHLD ignored")
    }
  }

  private func said(by child: HookChild) -> String {
    let error = singleLine(child.errors)
    let line = error.isEmpty ? singleLine(child.output) : error
    return line.isEmpty ? "" : " (\(line))"
  }

  private func failure(_ name: HookName, _ problem: String) -> HookOutcome {
    .failed("\(singleLine(commands[name]?.joined(separator: " ") ?? "")): \(problem)")
  }

  private func environment(_ name: HookName, _ context: HookContext) -> [String: String?] {
    [
      "DETACHSPEC_HOOK": name.rawValue,
      "DETACHSPEC_HOME_ADDRESS": "\(context.homeAddress)",
      "DETACHSPEC_HOME_AGENT": "\(context.homeAgent)",
      "DETACHSPEC_CARE_OF_ADDRESS": context.careOfAddress.map { "\($0)" },
      "DETACHSPEC_LIFETIME": context.lifetime.map { "\(Int($0) * 4)" },
      "DETACHSPEC_CASE": context.caseID,
    ]
  }
}
