import CLinux
import Foundation
import Testing
import Wire

@testable import Conformance

@Suite("Prompt hooks")
struct PromptHooksTests {
  /// What the operator sees, and a pipe or a terminal that the operator types into.
  private final class Operator {
    private(set) var seen: [String] = []
    let input: Int32
    private var keyboard: Int32 = -1

    init() {
      var reader: Int32 = -1
      _ = cl_pipe(&reader, &keyboard, 0)
      input = reader
    }

    /// A pseudo-terminal (pty(7)); nil where there is none to be had.
    init?(terminal: Void) {
      var number: UInt32 = 0
      var locked: Int32 = 0
      keyboard = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
      let unlock: UInt = 0x4004_5431
      let numberOf: UInt = 0x8004_5430
      guard keyboard >= 0, ioctl(keyboard, unlock, &locked) == 0, ioctl(keyboard, numberOf, &number) == 0 else { return nil }
      input = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
      guard input >= 0 else { return nil }
    }

    deinit {
      close(input)
      hangUp()
    }

    func see(_ text: String) { seen.append(text) }

    func type(_ text: String) {
      let octets = Array(text.utf8)
      #expect(write(keyboard, octets, octets.count) == octets.count)
    }

    func hangUp() {
      if keyboard >= 0 { close(keyboard) }
      keyboard = -1
    }
  }

  private func hooks(_ person: Operator) -> PromptHooks {
    PromptHooks(
      [.revoke: "Revoke {home-address} at {home-agent} ({case}, {unknown} {", .detach: "Detach.", .state: "Look at it."],
      input: person.input, say: { [unowned person] in person.see($0) })
  }

  private let now = Instant(nanoseconds: 1)

  @Test func enterIsDoneAndSIsNot() throws {
    let person = Operator()
    let hooks = hooks(person)
    var asking = context
    asking.caseID = "TP_HA_NID_BV_01"
    _ = hooks.start(.revoke, asking, at: now)
    #expect(person.seen.count == 1)
    #expect(person.seen.first?.contains("[TP_HA_NID_BV_01] Revoke 2001:db8:a::77 at 2001:db8:a::1 (TP_HA_NID_BV_01, {unknown} {\n") == true)
    #expect(hooks.descriptors == [person.input] && hooks.finished(at: now).isEmpty)
    person.type("\n")
    #expect(hooks.finished(at: now).map(\.1) == [.done("")])
    #expect(hooks.descriptors.isEmpty)
    for answer in ["s", " N "] {
      _ = hooks.start(.detach, context, at: now)
      person.type(answer)
      #expect(hooks.finished(at: now).isEmpty)
      person.type("\n")
      #expect(hooks.finished(at: now).first?.1.failureText?.contains("could not do it") == true)
    }
    _ = hooks.start(.state, context, at: now)
    person.type("bound\n")
    #expect(hooks.finished(at: now).map(\.1) == [.done("bound")])
    _ = hooks.start(.state, context, at: now)
    person.type("\n")
    #expect(hooks.finished(at: now).first?.1.failureText?.contains("type bound or unbound") == true)
  }

  @Test func onePromptAtATime() {
    let person = Operator()
    let hooks = hooks(person)
    let tokens = [HookName.revoke, .detach, .state, .register].map { hooks.start($0, context, at: now) }
    #expect(person.seen.count == 1)
    #expect(hooks.finished(at: now).map(\.0) == [tokens[3]])
    person.type("\n")
    #expect(hooks.finished(at: now).map(\.0) == [tokens[0]])
    #expect(person.seen.count == 2)
    person.type("\nunbound\n")
    let rest = hooks.finished(at: now)
    #expect(rest.map(\.0) == [tokens[1], tokens[2]] && rest.map(\.1) == [.done(""), .done("unbound")])
    #expect(HookName.allCases.allSatisfy(hooks.isExclusive))
  }

  @Test func anEndedInputFailsWithTheMend() {
    let person = Operator()
    let hooks = hooks(person)
    person.type("s")
    person.hangUp()
    for name in [HookName.revoke, .detach, .state] { _ = hooks.start(name, context, at: now) }
    var texts: [String] = []
    for _ in 0..<3 { texts += hooks.finished(at: now).compactMap(\.1.failureText) }
    #expect(texts.count == 3 && texts[0].contains("could not do it"))
    #expect(texts.dropFirst().allSatisfy { $0.contains("run the tester on a terminal") })
    // Nobody is asked what nobody can answer.
    #expect(person.seen.count == 1)
    _ = hooks.start(.detach, context, at: now)
    #expect(hooks.nextDeadline == now && hooks.finished(at: now).count == 1)
  }

  @Test(.enabled(if: Operator(terminal: ()) != nil, "needs pseudo-terminals"))
  func aTerminalForgetsWhatWasTypedBeforeTheQuestion() throws {
    let person = try #require(Operator(terminal: ()))
    let hooks = hooks(person)
    person.type("\n")
    // What is typed takes its time through the line discipline.
    let end = realtime() + .seconds(10)
    while !isReadable(person.input), realtime() < end { usleep(1000) }
    _ = hooks.start(.detach, context, at: now)
    #expect(hooks.finished(at: now).isEmpty)
    person.type("s\n")
    #expect(outcomes(1, of: hooks).first?.1.failureText?.contains("could not do it") == true)
    // Ctrl-D ends this answer only.
    _ = hooks.start(.detach, context, at: now)
    person.type("\u{4}")
    #expect(outcomes(1, of: hooks).first?.1.failureText?.contains("has ended") == true)
    _ = hooks.start(.detach, context, at: now)
    person.type("\n")
    #expect(outcomes(1, of: hooks).map(\.1) == [.done("")])
  }

  @Test func aDeviceFileMayMixCommandsAndPrompts() {
    let person = Operator()
    let prompts = PromptHooks([.detach: "Detach {home-address}."], input: person.input, say: { person.see($0) })
    let hooks = MixedHooks(CommandHooks([.state: ["/bin/echo", "unbound"]]), prompts)
    #expect(hooks.names == [.detach, .state])
    #expect(hooks.isExclusive(.detach) && !hooks.isExclusive(.state) && !hooks.isExclusive(.reset))
    let tokens = [HookName.detach, .state, .reset].map { hooks.start($0, context, at: realtime()) }
    #expect(Set(tokens).count == 3)
    #expect(hooks.descriptors.contains(person.input))
    person.type("\n")
    var seen: [HookToken: HookOutcome] = [:]
    for (token, outcome) in outcomes(3, of: hooks) { seen[token] = outcome }
    #expect(seen[tokens[0]] == .done("") && seen[tokens[1]] == .done("unbound"))
    #expect(seen[tokens[2]]?.failureText?.contains("hooks: reset") == true)
    #expect(person.seen.count == 1)
    #expect(hooks.descriptors.isEmpty && hooks.nextDeadline == .distantFuture)

    let fromFile = MixedHooks([.revoke: .command(["/bin/true"]), .register: .prompt("Switch it on.")])
    #expect(fromFile.names == [.revoke, .register] && fromFile.isExclusive(.register) && !fromFile.isExclusive(.revoke))
  }
}
