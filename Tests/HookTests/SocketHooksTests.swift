import Foundation
import Testing
import Wire

@testable import Conformance
@testable import Link

@Suite("Socket hooks")
struct SocketHooksTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path + "/control" }
  private let start = Instant(nanoseconds: 1_000_000_000_000)

  init() throws { folder = try TemporaryFolder() }

  @Test func linesAreTheNodesOwn() throws {
    let listener = try ControlListener(path: path)
    let hooks = SocketHooks(path: path)
    var asking = context
    asking.lifetime = 150
    for name in HookName.allCases { _ = hooks.start(name, asking, at: start) }
    _ = hooks.start(.register, context, at: start)
    var lines: [String] = []
    _ = listener.serve {
      lines.append($0)
      return "ok"
    }
    #expect(
      lines == [
        "register 2001:db8:a::77 150", "revoke 2001:db8:a::77", "detach 2001:db8:a::77", "reset", "state 2001:db8:a::77",
        "register 2001:db8:a::77",
      ])
    #expect(hooks.finished(at: start).map(\.1) == [HookOutcome](repeating: .done(""), count: 6))
  }

  @Test func answersComeInTheOrderOfManyInFlight() throws {
    let listener = try ControlListener(path: path)
    let hooks = SocketHooks(path: path)
    var tokens: [HookToken] = []
    for index in 0..<500 {
      var context = context
      context.homeAddress = home.advanced(by: index)
      tokens.append(hooks.start(.state, context, at: start))
    }
    #expect(Set(tokens).count == 500)
    var result: [(HookToken, HookOutcome)] = []
    for _ in 0..<20 {
      _ = listener.serve { "ok bound " + $0 }
      result += hooks.finished(at: start)
    }
    #expect(result.map(\.0) == tokens)
    #expect(result.map(\.1) == (0..<500).map { .done("bound state \(home.advanced(by: $0))") })
  }

  @Test func refusalsAndNonsenseFail() throws {
    let listener = try ControlListener(path: path)
    let hooks = SocketHooks(path: path, names: [.revoke])
    _ = hooks.start(.revoke, context, at: start)
    _ = hooks.start(.revoke, context, at: start)
    _ = hooks.start(.register, context, at: start)
    var answers = ["error 2001:db8:a::77: not bound", "perhaps"]
    _ = listener.serve { _ in answers.removeFirst() }
    let texts = hooks.finished(at: start).compactMap(\.1.failureText)
    try #require(texts.count == 3)
    #expect(texts.contains { $0.contains("hooks: register") })
    #expect(texts.contains { $0.hasSuffix("2001:db8:a::77: not bound") })
    #expect(texts.contains { $0.hasSuffix("perhaps") })
  }

  @Test func aLostConnectionFailsWhatIsInFlightAndIsMadeAgain() throws {
    var listener: ControlListener? = try ControlListener(path: path)
    let hooks = SocketHooks(path: path)
    let first = hooks.start(.reset, context, at: start)
    _ = listener?.serve { _ in "ok first" }
    let second = hooks.start(.reset, context, at: start)
    let third = hooks.start(.reset, context, at: start)
    listener = nil
    // An answer that came before the end still counts, also when something is asked in between.
    let fourth = hooks.start(.reset, context, at: start)
    let result = hooks.finished(at: start)
    #expect(result.first { $0.0 == first }?.1 == .done("first"))
    for token in [second, third, fourth] { #expect(result.first { $0.0 == token }?.1.failureText?.contains(path) == true) }
    #expect(result.count == 4 && hooks.descriptors.isEmpty)

    _ = hooks.start(.reset, context, at: start)
    #expect(hooks.nextDeadline == start)
    #expect(hooks.finished(at: start).first?.1.failureText?.contains("start the node") == true)

    listener = try ControlListener(path: path)
    _ = hooks.start(.reset, context, at: start)
    _ = listener?.serve { _ in "ok again" }
    #expect(hooks.finished(at: start).map(\.1) == [.done("again")])
  }

  @Test func aLateAnswerIsNotTakenForTheNextOne() throws {
    let listener = try ControlListener(path: path)
    let hooks = SocketHooks(path: path, timeOut: .seconds(10))
    let first = hooks.start(.state, context, at: start)
    #expect(hooks.nextDeadline == start + .seconds(10))
    let second = hooks.start(.state, context, at: start + .seconds(5))
    #expect(hooks.finished(at: start + .seconds(9)).isEmpty)
    let late = hooks.finished(at: start + .seconds(10))
    #expect(late.map(\.0) == [first])
    #expect(late.first?.1.failureText?.contains("no answer within 10 s") == true)
    #expect(hooks.nextDeadline == start + .seconds(15))
    var answers = ["ok one", "ok two"]
    _ = listener.serve { _ in answers.removeFirst() }
    let result = hooks.finished(at: start + .seconds(11))
    #expect(result.map(\.0) == [second] && result.map(\.1) == [.done("two")])
    #expect(hooks.nextDeadline == .distantFuture)
  }

  @Test func simulationsAnswerAtOnce() {
    var asked: [String] = []
    let hooks = ImmediateHooks(names: [.revoke, .state]) { name, context in
      asked.append(name.controlLine(for: context))
      return name == .state ? "ok bound 2001:db8:b::77 5" : "error busy"
    }
    let tokens = [HookName.state, .revoke, .detach].map { hooks.start($0, context, at: start) }
    #expect(hooks.nextDeadline == start)
    let result = hooks.finished(at: start)
    #expect(result.map(\.0) == tokens)
    #expect(result.map { $0.1.doneText != nil } == [true, false, false])
    #expect(result.first?.1 == .done("bound 2001:db8:b::77 5"))
    #expect(asked == ["state 2001:db8:a::77", "revoke 2001:db8:a::77"])
    #expect(hooks.nextDeadline == .distantFuture && hooks.finished(at: start).isEmpty)
  }
}
