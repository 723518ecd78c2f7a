import Conformance
import Judging
import Link
import Nodes
import Testing
import Wire

/// What a run needs, and what becomes of cases that do not get it.
@Suite struct RunTests {
  private static let ha = Pair(role: .ha, profile: "rfc5846")
  private static let ue = Pair(role: .ue, profile: "rfc5846")

  // MARK: Home addresses and leases

  @Test(arguments: Pair.all) func oneHomeAddressIsEnough(_ pair: Pair) throws {
    let verdicts = try Bench(pair, homeAddresses: 1).run().verdicts
    let suite = try Judging.Suite.embedded()
    let greedy = suite.cases.filter { $0.role == pair.role && $0.needs.homeAddresses > 1 && $0.needs.ics["ipsec"] != true }
    #expect(!greedy.isEmpty)
    #expect(
      verdicts.unclean
        == greedy.map { "\($0.id) inconclusive: it needs \($0.needs.homeAddresses) home addresses; the device's description has 1" })
    #expect(verdicts.blamed == [])
  }

  /// Cases that hold a home address at the same time hold different ones.
  private func overlaps(_ verdicts: Verdicts, _ share: (CaseResult, CaseResult) -> Bool) -> [String] {
    let results = verdicts.cases.filter { !$0.homes.isEmpty }
    return results.indices.flatMap { first in
      results.indices.dropFirst(first + 1).filter { second in
        results[first].begin < results[second].end && results[second].begin < results[first].end && share(results[first], results[second])
      }.map { "\(results[first].testCase) and \(results[$0].testCase)" }
    }
  }

  @Test(arguments: [3, 64]) func leases(_ homes: Int) throws {
    var most = 0
    let verdicts = try Bench(Self.ha, homeAddresses: homes).run { most = max(most, $0.running.count) }.verdicts
    #expect(verdicts.unclean == [])
    #expect(overlaps(verdicts) { !Set($0.homes).isDisjoint(with: $1.homes) } == [])
    #expect(most > 1 && most <= homes)
  }

  @Test func jobs() throws {
    var bench = try Bench(Self.ha)
    bench.jobs = 2
    var most = 0
    let verdicts = try bench.run { most = max(most, $0.running.count) }.verdicts
    #expect(most == 2)
    #expect(verdicts.unclean == [])
    bench.jobs = 1
    try #expect(overlaps(bench.run().verdicts) { _, _ in true } == [])
  }

  @Test func exclusiveUse() throws {
    var bench = try Bench(Self.ha, ["TP_HA_NID_BV_01", "TP_HA_NID_BV_02", "TP_HA_UID_BV_01", "TP_HA_UID_BV_02"])
    let exclusive = ["TP_HA_NID_BV_02", "TP_HA_UID_BV_01", "TP_HA_UID_BV_02"]
    try #expect(!overlaps(bench.run().verdicts) { _, _ in true }.isEmpty)
    for index in bench.cases.indices where exclusive.contains(bench.cases[index].id) { bench.cases[index].needs.exclusive = ["timing"] }
    let verdicts = try bench.run().verdicts
    #expect(overlaps(verdicts) { exclusive.contains($0.testCase) && exclusive.contains($1.testCase) } == [])
    #expect(!overlaps(verdicts) { _, _ in true }.isEmpty)
    #expect(verdicts.unclean == [])
  }

  /// More home addresses, more at once: a suite takes about as long as its longest wait.
  @Test func timeGoesDownWithHomeAddresses() throws {
    let few = try Bench(Self.ha, homeAddresses: 2).run().duration
    let many = try Bench(Self.ha, homeAddresses: 64).run().duration
    #expect(many.seconds < few.seconds / 3)
  }

  // MARK: What the device does not have

  @Test func withoutAHook() throws {
    var bench = try Bench(Self.ha)
    bench.cases = bench.suite.cases.filter { $0.needs.hooks == ["revoke"] && $0.needs.ics["ipsec"] != true }
    bench.hookNames = [.register]
    let verdicts = try bench.run().verdicts
    #expect(verdicts.cases.count > 5)
    #expect(verdicts.cases.allSatisfy { $0.verdict == .inconclusive && $0.reason == "no hook to make the device revoke" })
  }

  @Test func aHookThatFails() throws {
    let bench = try Bench(Self.ha, ["TP_HA_NID_BV_01"])
    let (network, _) = bench.node.simulation()
    let setup = try #require(Setup(bench.node.device, profile: bench.profile, suite: bench.suite))
    let hooks = ImmediateHooks { _, _ in "error no such thing" }
    let outcome = try TestRun(setup: setup, suite: bench.suite, cases: bench.cases).run(over: network, hooks: hooks, writer: nil)
    let result = try #require(outcome.verdicts["TP_HA_NID_BV_01"])
    #expect(result.verdict == .inconclusive)
    #expect(result.reason == "the hook 'revoke' failed: the node refuses: no such thing")
  }

  @Test func withoutAHomeLink() throws {
    var bench = try Bench(Self.ha, ["TP_HA_NID_BV_01", "TP_HA_NID_BV_02"])
    bench.change = { setup in
      setup.homePort = nil
      setup.correspondent = nil
    }
    let verdicts = try bench.run().verdicts
    #expect(verdicts["TP_HA_NID_BV_01"]?.verdict == .pass)
    #expect(verdicts.unclean == ["TP_HA_NID_BV_02 inconclusive: it needs an interface whose purpose is 'home'"])
  }

  /// A device that says it has no revocation is asked for none.
  @Test(arguments: [Self.ha, Self.ue]) func withoutRevocation(_ pair: Pair) throws {
    var bench = try Bench(pair)
    bench.change = { $0.ics["revocation"] = false }
    let verdicts = try bench.run().verdicts
    #expect(verdicts.unclean == [])
    #expect(verdicts.blamed == [])
    let spared = verdicts.cases.filter { $0.reason == "the device's ICS says revocation: no" }.map(\.testCase)
    #expect(spared.count > 5)
    #expect(verdicts.cases.allSatisfy { !$0.testCase.contains("_NID_") || $0.verdict == .notApplicable })
    #expect(verdicts.cases.contains { $0.verdict == .pass && $0.testCase.contains("_UID_") })
  }

  @Test func aStatementThatACaseNeeds() throws {
    var bench = try Bench(Self.ha, ["TP_HA_UID_BV_01"])
    bench.cases[0].needs.ics = ["several-home-addresses": true]
    try #expect(bench.run().verdicts["TP_HA_UID_BV_01"]?.verdict == .pass)
    bench.change = { $0.ics["several-home-addresses"] = false }
    let result = try #require(try bench.run().verdicts["TP_HA_UID_BV_01"])
    #expect(result.verdict == .notApplicable && result.reason == "the device's ICS says several-home-addresses: no")
  }

  @Test(arguments: Pair.all) func nobodyIsThere(_ pair: Pair) throws {
    var bench = try Bench(pair)
    bench.impair = { network in
      var impairment = Impairment()
      impairment.loss = 1
      network.impair(port: 0, .toTester, impairment)
    }
    do {
      _ = try bench.run()
      Issue.record("expected that the device cannot be reached")
    } catch TestRun.Failure.unreachable(let address) {
      #expect(address == (pair.role == .ha ? bench.node.device.homeAgent : bench.node.device.careOf.first))
    }
  }

  /// Each case once, as it stays, with what was found of it: first those that do not apply, then as they end.
  @Test(arguments: Pair.all) func eachCaseIsToldWhenItEnds(_ pair: Pair) throws {
    let bench = try Bench(pair, defects: [pair.role == .ha ? "ba-not-sent" : "bra-bad-status"], homeAddresses: 8)
    let (network, hooks) = bench.node.simulation()
    let setup = try #require(Setup(bench.node.device, profile: bench.profile, suite: bench.suite))
    var run = TestRun(setup: setup, suite: bench.suite, cases: bench.cases)
    var told: [(result: CaseResult, findings: [Finding])] = []
    run.ended = { result, verdicts in told.append((result, verdicts.findings.filter { $0.testCase == result.testCase })) }
    let verdicts = try run.run(over: network, hooks: hooks, writer: nil).verdicts
    #expect(told.map(\.result.testCase).sorted() == verdicts.cases.map(\.testCase).sorted())
    #expect(told.contains { $0.result.verdict == .fail } && told.contains { $0.result.verdict == .pass })
    for (result, findings) in told {
      #expect(verdicts[result.testCase] == result)
      #expect(findings == verdicts.findings.filter { $0.testCase == result.testCase }, "\(result.testCase)")
    }
    #expect(told.drop { $0.result.verdict == .notApplicable }.allSatisfy { $0.result.verdict != .notApplicable })
  }

  /// A UE that never registers.
  @Test func aPreambleThatFails() throws {
    var bench = try Bench(Self.ue, ["TP_UE_NID_BV_01"])
    bench.hookNames = [.register, .detach]
    let result = try #require(try bench.run().verdicts["TP_UE_NID_BV_01"])
    #expect(result.verdict == .inconclusive)
    #expect(result.reason?.hasPrefix("the preamble failed:") == true)
  }

  @Test func interrupted() throws {
    let bench = try Bench(Self.ha, homeAddresses: 2)
    let (network, hooks) = bench.node.simulation()
    let setup = try #require(Setup(bench.node.device, profile: bench.profile, suite: bench.suite))
    var run = TestRun(setup: setup, suite: bench.suite, cases: bench.cases)
    var ended = 0
    run.ended = { result, _ in ended += result.verdict == .notApplicable ? 0 : 1 }
    run.isCancelled = { ended >= 3 }
    let outcome = try run.run(over: network, hooks: hooks, writer: nil)
    #expect(outcome.wasCancelled)
    #expect(outcome.verdicts.cases.count { $0.verdict != .notApplicable } < bench.cases.count { $0.role == .ha })
  }

  // MARK: A tester that is late

  /// Every wait that nothing ends takes this much longer, as often as `count` says.
  private final class LateNetwork: Network {
    private let network: SimulatedNetwork
    private var count: Int
    private let lateness: Interval

    init(_ network: SimulatedNetwork, _ lateness: Interval, count: Int) {
      self.network = network
      self.lateness = lateness
      self.count = count
    }

    func wait(until deadline: Instant, _ deliver: (Span<UInt8>, FrameInfo) -> Void) {
      var isQuiet = true
      network.wait(until: deadline) {
        isQuiet = false
        deliver($0, $1)
      }
      // The short waits between steps are not meant.
      guard isQuiet, count > 0, deadline < .distantFuture else { return }
      count -= 1
      network.wait(until: network.now + lateness, deliver)
    }

    var now: Instant { network.now }
    var portCount: Int { network.portCount }
    func address(ofPort port: Int) -> MACAddress { network.address(ofPort: port) }
    func send(_ frame: [UInt8], on port: Int) { network.send(frame, on: port) }
    func flush() { network.flush() }
    var readUpTo: Instant { network.readUpTo }
    var drops: [UInt64] { network.drops }
    var refused: Int { network.refused }
    var watched: [Int32] {
      get { network.watched }
      set { network.watched = newValue }
    }
  }

  @Test func lateOnce() throws {
    var bench = try Bench(Self.ha, ["TP_HA_NID_BV_02"])
    bench.wrap = { LateNetwork($0, .milliseconds(200), count: 4) }
    var told: [CaseResult] = []
    bench.ended = { told.append($0) }
    try withDirectory { directory in
      let outcome = try bench.run(in: directory, cuts: true)
      let result = try #require(outcome.verdicts["TP_HA_NID_BV_02"])
      #expect(result.verdict == .pass && result.attempt == 2)
      #expect(outcome.verdicts.cases.count == 1 && outcome.verdicts.findings == [])
      #expect(told == [result])
      // Only the attempt that counts is in the cut.
      let cut = try Audit(bench.suite, profile: nil, device: nil).check("\(directory)/captures/TP_HA_NID_BV_02.pcapng")
      #expect(cut.verdicts.first?["TP_HA_NID_BV_02"] == result)
    }
  }

  @Test func lateTwice() throws {
    var bench = try Bench(Self.ha, ["TP_HA_NID_BV_02"])
    bench.wrap = { LateNetwork($0, .milliseconds(200), count: .max) }
    let result = try #require(try bench.run().verdicts["TP_HA_NID_BV_02"])
    #expect(result.verdict == .inconclusive && result.attempt == 2)
    #expect(result.reason?.hasPrefix("the tester was late by ") == true)
  }

  /// Within the tolerance of 50 ms it is on time.
  @Test func lateWithinTheTolerance() throws {
    var bench = try Bench(Self.ha, ["TP_HA_NID_BV_02"])
    bench.wrap = { LateNetwork($0, .milliseconds(45), count: .max) }
    let result = try #require(try bench.run().verdicts["TP_HA_NID_BV_02"])
    #expect(result.verdict == .pass && result.attempt == 1)
  }
}
