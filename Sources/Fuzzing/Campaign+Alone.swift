import Conformance
import Judging
import Link
import Wire

/// How a case went that ran alone.
struct Alone {
  /// No binding could be had to run it on.
  var hasBinding = true
  /// The answer was the one to a valid message.
  var isAccepted = false
  var isAnswered = false
  /// Some rule had something to say.
  var isJudged = false
  /// Breaches, the worst first, in full.
  var findings: [Finding] = []
  var decisions: [Decision] = []
  var frame: [UInt8] = []
  var frames: [FuzzFrame] = []
}

extension Campaign {
  /// Whether a breach in the crowd is to be looked into.
  func note(_ decision: Decision, _ index: Int) {
    let key = key(decision, index)
    if let known = suspects.confirmed[key] {
      summary.findings[known].count += 1
    } else if !suspects.add(index, key, after: summary.cases) {
      summary.unconfirmed += 1
    }
  }

  private func key(_ decision: Decision, _ index: Int) -> Suspects.Key {
    let places = table[index].map { table.blamed($0) } ?? ["valid"]
    func key(_ place: String) -> Suspects.Key {
      Suspects.Key(rule: decision.assertion.rule, requirement: decision.assertion.requirement, label: decision.label ?? "", place: place)
    }
    // A pair shows what one of its fields has shown already.
    return places.map(key).first { suspects.confirmed[$0] != nil } ?? key(places.joined(separator: " and "))
  }

  /// Runs every suspect alone. What breaks again is a finding.
  func examine() {
    guard !suspects.pending.isEmpty else { return }
    drain()
    let crowd = driver.monitor
    for (index, key) in suspects.take() {
      if let known = suspects.confirmed[key] {
        summary.findings[known].count += 1
        continue
      }
      guard !isCancelled() else { break }
      let home = driver.takeIdle() ?? driver.homes.indices.first { driver.homes[$0].phase != .lost } ?? 0
      var alone = runAlone(index < 0 ? nil : index, home)
      // Silence may be the link's doing, once.
      if !alone.isAnswered, !alone.findings.isEmpty { alone = runAlone(index < 0 ? nil : index, home) }
      if alone.findings.isEmpty { summary.unconfirmed += 1 } else { confirm(alone, index) }
      if let known = suspects.confirmed[key] { summary.findings[known].count += suspects.takeHeld(key) }
    }
    summary.unconfirmed += suspects.takeHeld()
    driver.monitor = crowd
    // The crowd's monitor has not seen what happened to them.
    driver.staleAll()
  }

  private func confirm(_ alone: Alone, _ index: Int) {
    for (decision, finding) in zip(alone.decisions, alone.findings) {
      let key = key(decision, index)
      if let known = suspects.confirmed[key] {
        summary.findings[known].count += 1
        continue
      }
      guard summary.findings.count < options.maximumFindings else { return }
      suspects.confirmed[key] = summary.findings.count
      let result = describe(alone, finding, index)
      summary.findings.append(result)
      found?(result, alone.frames)
    }
  }

  func describe(_ alone: Alone, _ finding: Finding, _ index: Int) -> FuzzFinding {
    let fuzzCase = table[index]
    return FuzzFinding(
      plan: plan.id, index: index, seed: options.seed, mutations: fuzzCase.map { table.describe($0) } ?? "the valid message",
      fields: fuzzCase.map { table.places($0) } ?? [], finding: finding, packet: alone.frame.dropFirst(14).map(hexadecimal).joined(),
      command: "detachspec replay \(plan.id):\(index):\(options.seed) --role \(plan.role.rawValue) --profile \(driver.setup.profile.id)"
        + (options.replayArguments.isEmpty ? "" : " \(options.replayArguments)"),
      count: 1)
  }

  /// The finding of a device that has stopped answering: the rules' word on the control that it left unanswered, alone or in the crowd.
  func keepSilence(_ alone: Alone?, _ last: [Int]) {
    guard let finding = alone?.findings.first ?? unanswered else { return }
    var result = describe(alone ?? Alone(), finding, -1)
    result.mutations = "the valid message: the device no longer answers"
    result.lastCases = last
    summary.findings.append(result)
    found?(result, alone?.frames ?? [])
  }

  /// What a rule leaves open of a device that may not take the message in this form is a breach by one that took the valid message in it.
  static func decided(_ finding: Finding) -> Finding {
    guard finding.verdict == .inconclusive else { return finding }
    var finding = finding
    finding.verdict = finding.level.severity
    finding.reason = "the device takes the valid message in this form"
    return finding
  }

  /// Runs one case, or the valid message, with nothing else under way, on a fresh binding, with all the time that the device has.
  func runAlone(_ index: Int?, _ home: Int) -> Alone {
    var result = Alone()
    driver.monitor = pristine
    driver.monitor.keepsDecisions = true
    driver.recording = []
    defer {
      driver.recording = nil
      driver.homes[home].phase = .stale
    }
    guard bind(home), let valid = driver.valid(plan, home) else {
      result.hasBinding = false
      result.frames = driver.recording ?? []
      return result
    }
    _ = driver.monitor.takeDecisions()
    let before = driver.monitor.outcomes
    let packet = index.flatMap { table[$0] }.map { valid.mutated(by: $0, driver.live(home)) } ?? valid
    _ = driver.stimulate(packet, home, ordinal: next, isAltered: index != nil)
    let number = driver.recording?.count ?? 0
    result.frame = driver.lastFrame
    var answered = -1
    let ordinal = next
    next += 1
    let end = driver.network.now + driver.setup.timers.guardTime + Interval(nanoseconds: 1)
    while driver.network.readUpTo < end, !result.isAnswered {
      driver.pump(until: end)
      driver.settle()
      if let answer = driver.answers.first(where: { $0.ordinal == ordinal }) {
        result.isAnswered = true
        result.isAccepted = driver.isAcceptance(answer)
        answered = answer.frame
      }
    }
    result.isJudged = driver.monitor.outcomes != before
    for decision in driver.monitor.takeDecisions() where decision.trigger == number || decision.trigger == answered {
      guard
        let finding = driver.monitor.findings.first(where: {
          $0.rule == decision.assertion.rule && $0.requirement == decision.assertion.requirement && $0.trigger == decision.trigger
        })
      else { continue }
      result.decisions.append(decision)
      result.findings.append(Self.decided(finding))
    }
    result.frames = driver.recording ?? []
    return result
  }

  /// A fresh binding of a home address. False when there is none to be had.
  private func bind(_ home: Int) -> Bool {
    for attempt in 0..<3 {
      driver.homes[home].attempts = attempt
      let hasAsked = driver.register(home, within: driver.setup.timers.guardTime)
      if !hasAsked {
        // A UE that nobody can ask: it comes back by itself when its binding is revoked.
        guard let valid = driver.valid(plan, home) else { return false }
        _ = driver.stimulate(valid, home, ordinal: next, isAltered: false)
        next += 1
      }
      let end = driver.network.now + (driver.setup.role == .ha ? .seconds(1) : driver.setup.timers.guardTime)
      while driver.network.readUpTo < end {
        driver.pump(until: end)
        driver.settle()
        if !hasAsked, driver.homes[home].phase == .busy, !driver.answers.isEmpty { driver.homes[home].phase = .registering }
        if driver.isBound(home), driver.homes[home].phase != .busy { return true }
      }
    }
    return false
  }
}

private func hexadecimal(_ octet: UInt8) -> String {
  let digits = String(octet, radix: 16)
  return octet < 16 ? "0" + digits : digits
}

extension Driver {
  /// No binding is known any more.
  func staleAll() {
    for home in homes.indices where homes[home].phase != .lost {
      homes[home].phase = .stale
      homes[home].attempts = 0
    }
  }
}
