import Link
package import Wire

/// Hooks of a reference node, over its control socket: a line a hook, a line an answer, answers in the order of the lines.
package final class SocketHooks: HookRunner {
  package let names: Set<HookName>
  private let path: String
  private let timeOut: Interval
  private var client: ControlClient?
  /// Sent and not answered, oldest first.
  private var flying: [Request] = []
  private var waiting: [Request] = []
  private var settled = SettledHooks()

  /// More than this at once could fill the socket's buffers, and the node drops a client that does not read its answers.
  private static let mostFlying = 64

  private struct Request {
    var token: HookToken
    var line: String
    var deadline = Instant.distantFuture
    /// Its outcome was told; the answer that may still come is not taken for the next one's.
    var hasTimedOut = false
  }

  /// Connects at the first hook, and again at the next one after the connection was lost.
  /// - Parameter names: what the node can do; a HA does not register, a UE does not revoke.
  package init(path: String, names: Set<HookName> = Set(HookName.allCases), timeOut: Interval = .seconds(30)) {
    self.path = path
    self.names = names
    self.timeOut = timeOut
  }

  package var descriptors: [Int32] { client.map { [$0.descriptor] } ?? [] }
  package var nextDeadline: Instant {
    min(settled.nextDeadline, flying.first { !$0.hasTimedOut }?.deadline ?? .distantFuture)
  }
  package func isExclusive(_ name: HookName) -> Bool { false }

  package func start(_ name: HookName, _ context: HookContext, at now: Instant) -> HookToken {
    let token = settled.newToken()
    guard names.contains(name) else {
      settled.addMissing(token, name, at: now)
      return token
    }
    if client == nil {
      do throws(LinkError) {
        client = try ControlClient(path: path)
      } catch {
        settled.add(token, .failed("\(error); start the node, with `--control` and this path"), at: now)
        return token
      }
    }
    waiting.append(Request(token: token, line: name.controlLine(for: context)))
    send(at: now)
    return token
  }

  package func finished(at now: Instant) -> [(HookToken, HookOutcome)] {
    while !flying.isEmpty, let line = client?.receive() {
      let request = flying.removeFirst()
      if !request.hasTimedOut {
        settled.add(request.token, HookOutcome(controlAnswer: line), at: now)
      }
    }
    if flying.isEmpty, client?.receive() != nil { disconnect("it answers what nobody asked", at: now) }
    if client?.isClosed == true { disconnect("it closed the connection", at: now) }
    for index in flying.indices where !flying[index].hasTimedOut && flying[index].deadline <= now {
      flying[index].hasTimedOut = true
      fail(flying[index], "no answer within \(timeOut)", at: now)
    }
    send(at: now)
    return settled.take()
  }

  private func send(at now: Instant) {
    while let client, flying.count < Self.mostFlying, var request = waiting.first {
      guard client.send(request.line) else {
        // Answers to earlier lines may still lie in the socket: the next reading takes them, and sees a lost connection.
        for request in waiting { fail(request, "it does not take the line", at: now) }
        waiting = []
        return
      }
      waiting.removeFirst()
      request.deadline = now + timeOut
      flying.append(request)
    }
  }

  private func disconnect(_ reason: String, at now: Instant) {
    client = nil
    for request in flying + waiting where !request.hasTimedOut { fail(request, reason, at: now) }
    flying = []
    waiting = []
  }

  private func fail(_ request: Request, _ reason: String, at now: Instant) {
    let text = "control socket \(path): \(reason); look whether the node still runs, and at its messages"
    settled.add(request.token, .failed(text), at: now)
  }
}
