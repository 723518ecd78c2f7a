import Conformance
package import Judging
import Link
import Parties
import Wire

extension Campaign {
  /// The valid message with addresses and numbers of nobody's, from which the list of cases is made.
  static func sample(_ plan: Plan, _ setup: Setup) -> Packet? {
    let live = LiveAddresses()
    var packet: Packet?
    switch (plan.message, setup.role) {
    case (.bri, .ue):
      var party = HomeAgentParty(
        dialect: setup.profile.dialect, homeAgent: live.homeAgent, address: MACAddress(1), firstRevocation: 0x3456)
      party.configure(live.home) { $0.careOf = live.careOf }
      packet = party.revocation(live.home)
    case (.bu, .ha):
      var party = UserEquipmentParty(dialect: setup.profile.dialect, homeAgent: live.homeAgent, address: MACAddress(1))
      party.add(home: live.home, careOf: live.careOf, firstSequence: 0x3455)
      packet = party.update(live.home, lifetime: 0)
    default: return nil
    }
    for (path, value) in plan.values {
      if case .number(let number) = value { packet?.set(path, number) }
    }
    return packet
  }

  /// Registers home addresses and waits until they are, or no more come.
  func prepare(homes count: Int) throws(FuzzError) {
    let patience = driver.setup.timers.guardTime
    var begun = 0
    var bound = 0
    var end = driver.network.now + patience
    while bound < count, driver.network.readUpTo < end {
      while begun < count, begun - bound < 64 {
        driver.register(begun, within: patience)
        begun += 1
      }
      driver.pump(until: end)
      driver.settle()
      let now = driver.homes.prefix(count).count { $0.phase == .idle }
      if now > bound { end = driver.network.now + patience }
      bound = now
    }
    guard bound > 0 else {
      throw .notRegistered(
        driver.setup.role == .ha
          ? "the Home Agent accepts no Binding Update within \(patience)"
          : "the UE has sent no Binding Update that stands within \(patience)")
    }
    for home in driver.homes.indices where driver.homes[home].phase != .idle { driver.homes[home].phase = .stale }
  }

  /// Sends valid messages, one after the other: each has to be answered as the rules want it. Their median round trip gives the silence that
  /// counts as an answer.
  func measure() throws(FuzzError) {
    var trips: [Int64] = []
    var misses = 0
    while trips.count < 16, let home = driver.takeIdle(), let valid = driver.valid(plan, home) {
      let sent = driver.network.now
      _ = driver.stimulate(valid, home, ordinal: next, isAltered: false)
      let ordinal = next
      next += 1
      let end = sent + driver.setup.timers.guardTime + Interval(nanoseconds: 1)
      var answer: Answer?
      while answer == nil, driver.network.readUpTo < end {
        driver.pump(until: end)
        driver.settle()
        answer = driver.answers.first { $0.ordinal == ordinal }
      }
      let breaches = driver.monitor.takeDecisions().filter { $0.verdict != .warning }
      driver.homes[home].phase = .stale
      guard let answer else {
        // One may be lost on the way.
        misses += 1
        guard misses < 3 else { throw .control("none came within \(driver.setup.timers.guardTime)") }
        continue
      }
      guard driver.isAcceptance(answer), breaches.isEmpty else {
        let why = breaches.first.map { "\($0.assertion.requirement) (rule \($0.assertion.rule))" }
        throw .control("it got a \(answer.kind.rawValue) with status \(answer.status)\(why.map { ", against \($0)" } ?? "")")
      }
      misses = 0
      trips.append((answer.time - sent).nanoseconds)
      if driver.isBound(home) { driver.release(home) }
    }
    guard !trips.isEmpty else { throw .notRegistered("none is left for the first control") }
    trips.sort()
    summary.roundTrip = max(0, trips[trips.count / 2])
    let wait = min(max(.milliseconds(20), Interval(nanoseconds: summary.roundTrip) * 20), driver.setup.timers.guardTime)
    summary.silenceWait = wait.nanoseconds
    driver.monitor.setGuardTime(wait)
  }

  /// How one case goes alone.
  package struct Replay {
    /// `fail` or `warning` by the worst breach, `pass` where the rules had nothing against it, `inconclusive` where they had nothing to say.
    package var verdict: Verdict
    package var findings: [FuzzFinding]
    package var mutations: String
    package var frames: [FuzzFrame]
  }

  /// Runs one case alone, on a fresh binding, after a valid message that has to be answered.
  /// - Throws: `FuzzError`.
  package func replay(_ index: Int) throws(FuzzError) -> Replay {
    guard index >= -1, index < table.count else { throw .index(index, count: table.count) }
    try prepare(homes: 1)
    let control = runAlone(nil, 0)
    guard control.hasBinding else { throw .notRegistered("none stands for the control") }
    guard control.isAccepted else { throw .control("none came within \(driver.setup.timers.guardTime)") }
    let alone = index < 0 ? control : runAlone(index, 0)
    let findings = alone.findings.map { describe(alone, $0, index) }
    let verdict: Verdict =
      findings.contains { $0.finding.verdict == .fail }
      ? .fail : !findings.isEmpty ? .warning : !alone.hasBinding || !alone.isJudged ? .inconclusive : .pass
    return Replay(
      verdict: verdict, findings: findings, mutations: table[index].map { table.describe($0) } ?? "the valid message", frames: alone.frames)
  }
}
