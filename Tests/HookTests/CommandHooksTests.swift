import Foundation
import Testing
import Wire

@testable import Conformance

@Suite("Command hooks")
struct CommandHooksTests {
  private func run(_ script: String, _ name: HookName = .revoke, _ context: HookContext = context, timeOut: Interval = .seconds(30))
    -> HookOutcome?
  {
    let hooks = CommandHooks([name: ["/bin/sh", "-c", script]], timeOut: timeOut)
    let token = hooks.start(name, context, at: realtime())
    let result = outcomes(1, of: hooks)
    return result.count == 1 && result[0].0 == token ? result[0].1 : nil
  }

  @Test func theContextIsInTheEnvironment() {
    let script = """
      echo noise >&2
      for name in HOOK HOME_ADDRESS HOME_AGENT CARE_OF_ADDRESS LIFETIME CASE; do eval echo "\\${DETACHSPEC_$name-unset}"; done
      test -n "$PATH"
      """
    let full = HookContext(homeAddress: home, homeAgent: homeAgent, careOfAddress: careOf, lifetime: 150, caseID: "TP_UE_NID_BV_01")
    #expect(
      run(script, .register, full)?.doneText
        == "register\n2001:db8:a::77\n2001:db8:a::1\n2001:db8:b::77\n600\nTP_UE_NID_BV_01")
    #expect(run(script, .state)?.doneText == "state\n2001:db8:a::77\n2001:db8:a::1\nunset\nunset\nunset")
  }

  @Test func aStatusFailsWithTheFirstLineOfItsErrors() throws {
    let text = try #require(run("echo working; echo 'no such subscriber' >&2; echo more >&2; exit 3")?.failureText)
    #expect(text.contains("status 3 (no such subscriber)"))
    #expect(!text.contains("\n"))
    #expect(try #require(run("echo refused; exit 1")?.failureText).contains("status 1 (refused)"))
    #expect(try #require(run("kill -TERM $$")?.failureText).contains("signal 15"))
  }

  @Test func aCommandThatCannotBeStartedFails() throws {
    let hooks = CommandHooks([.revoke: ["/nonexistent/program"], .detach: []])
    _ = hooks.start(.revoke, context, at: realtime())
    _ = hooks.start(.detach, context, at: realtime())
    _ = hooks.start(.reset, context, at: realtime())
    #expect(hooks.nextDeadline <= realtime())
    let texts = hooks.finished(at: realtime()).compactMap(\.1.failureText)
    try #require(texts.count == 3)
    #expect(texts[0].contains("/nonexistent/program") && texts[0].contains("No such file or directory"))
    #expect(texts[1].contains("hooks: detach"))
    #expect(texts[2].contains("hooks: reset"))
    #expect(hooks.nextDeadline == .distantFuture && hooks.descriptors.isEmpty)
  }

  @Test func itHasNothingToReadAndNoTerminal() {
    // The sixth field is the session (proc(5)): a new one has no terminal.
    #expect(run("cat; echo end; read -r _ _ _ _ _ session _ < /proc/$$/stat; test $session = $$")?.doneText == "end")
  }

  @Test func aFloodOfOutputIsCutAndDoesNotBlockTheCommand() {
    #expect(run("head -c 1000000 /dev/zero | tr '\\0' x; echo y >&2")?.doneText == String(repeating: "x", count: OutputPipe.mostKept))
  }

  @Test func theTimeOutKillsTheWholeGroup() throws {
    let start = realtime()
    let text = try #require(run("sleep 600 & echo $!; echo hanging >&2; wait", timeOut: .milliseconds(500))?.failureText)
    #expect(text.contains("within 500 ms") && text.contains("(hanging)"))
    #expect(realtime() - start < .seconds(20))
    let hooks = CommandHooks([.reset: ["/bin/sh", "-c", "sleep 600 & echo pid $! >&2; wait"]], timeOut: .milliseconds(500))
    _ = hooks.start(.reset, context, at: realtime())
    let failure = try #require(outcomes(1, of: hooks).first?.1.failureText)
    let process = try #require(failure.firstMatch(of: /\(pid (\d+)\)/).flatMap { Int32($0.1) })
    let end = realtime() + .seconds(5)
    while isAlive(process), realtime() < end { usleep(1000) }
    #expect(!isAlive(process))
  }

  @Test func whatACommandLeavesInTheBackgroundIsNotWaitedFor() throws {
    let start = realtime()
    let text = try #require(run("sleep 60 & echo $!")?.doneText)
    #expect(realtime() - start < .seconds(30))
    let process = try #require(Int32(text))
    #expect(isAlive(process))
    kill(process, SIGKILL)
  }

  @Test func aCommandThatClosesItsOutputDoesNotWakeTheLoop() throws {
    let folder = try TemporaryFolder()
    let fifo = folder.path + "/fifo"
    #expect(mkfifo(fifo, 0o600) == 0)
    let hooks = CommandHooks([.revoke: ["/bin/sh", "-c", "echo closed; exec >&- 2>&-; read -r line < \(fifo)"]])
    _ = hooks.start(.revoke, context, at: realtime())
    let end = realtime() + .seconds(20)
    while hooks.descriptors.count > 1, realtime() < end {
      #expect(hooks.finished(at: realtime()).isEmpty)
      usleep(1000)
    }
    #expect(hooks.descriptors.count == 1)
    let writer = open(fifo, O_WRONLY)
    #expect(write(writer, "\n", 1) == 1)
    close(writer)
    #expect(outcomes(1, of: hooks).map(\.1) == [.done("closed")])
  }

  @Test func commandsRunAtOnce() throws {
    let folder = try TemporaryFolder()
    let fifo = folder.path + "/fifo"
    #expect(mkfifo(fifo, 0o600) == 0)
    // Each waits for the other.
    let hooks = CommandHooks([.revoke: ["/bin/sh", "-c", "echo together > \(fifo)"], .detach: ["/bin/sh", "-c", "cat \(fifo)"]])
    _ = hooks.start(.revoke, context, at: realtime())
    let reader = hooks.start(.detach, context, at: realtime())
    let result = outcomes(2, of: hooks)
    #expect(result.count == 2)
    #expect(result.first { $0.0 == reader }?.1 == .done("together"))
  }

  @Test func moreThanRunAtOnceQueue() {
    let hooks = CommandHooks([.state: ["/bin/sh", "-c", "echo $DETACHSPEC_HOME_ADDRESS"]])
    var expected: [HookToken: String] = [:]
    for index in 0..<80 {
      var context = context
      context.homeAddress = home.advanced(by: index)
      expected[hooks.start(.state, context, at: realtime())] = "\(context.homeAddress)"
      #expect(hooks.descriptors.count <= 3 * CommandHooks.mostRunning)
    }
    var seen: [HookToken: String] = [:]
    for (token, outcome) in outcomes(80, of: hooks) { seen[token] = outcome.doneText }
    #expect(seen == expected)
  }

  @Test func signalsAndDescriptorsAreNotInherited() async {
    await #expect(processExitsWith: .success) {
      var set = sigset_t()
      sigemptyset(&set)
      sigaddset(&set, SIGTERM)
      #expect(pthread_sigmask(SIG_BLOCK, &set, nil) == 0)
      signal(SIGPIPE, SIG_IGN)
      let leaked = open("/dev/null", O_RDONLY)
      #expect(leaked > 2)
      // Signals 32 and 33 are the C library's own, and it leaves them ignored.
      let script = "grep -E 'Sig(Blk|Ign)' /proc/self/status | grep -vE '[08]0{7}$'; ls /proc/self/fd | tr '\\n' ' '"
      let hooks = CommandHooks([.reset: ["/bin/sh", "-c", script]])
      _ = hooks.start(.reset, context, at: realtime())
      // `ls` itself opens the fourth.
      #expect(outcomes(1, of: hooks).map(\.1) == [.done("0 1 2 3")])
    }
  }

  @Test func nothingIsLeftBehind() async {
    await #expect(processExitsWith: .success) {
      let before = try hookDescriptors()
      var hooks: CommandHooks? = CommandHooks(
        [.state: ["/bin/true"], .reset: ["/bin/false"], .revoke: ["/nonexistent"], .detach: ["/bin/sleep", "600"]], timeOut: .seconds(60))
      for index in 0..<200 {
        _ = hooks?.start([HookName.state, .reset, .revoke][index % 3], context, at: realtime())
      }
      if let hooks { #expect(outcomes(200, of: hooks).count == 200) }
      #expect(try hookDescriptors() == before)
      #expect(waitpid(-1, nil, WNOHANG) == -1 && errno == ECHILD)
      for _ in 0..<40 { _ = hooks?.start(.detach, context, at: realtime()) }
      #expect(try hookDescriptors() == before + 3 * CommandHooks.mostRunning)
      hooks = nil
      #expect(try hookDescriptors() == before)
      #expect(waitpid(-1, nil, WNOHANG) == -1 && errno == ECHILD)
    }
  }
}
