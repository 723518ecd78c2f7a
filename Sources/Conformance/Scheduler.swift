package import Judging
import Link
import Parties
import Security
import Wire

/// Runs cases side by side, as far as their leases allow.
package struct Scheduler {
  private let session: Session
  private let hooks: any HookRunner
  private var stimuli = Stimuli()
  /// Which home addresses are leased, and where the search for the next ones begins.
  private var leased: [Bool]
  private var next = 0
  private var held: Set<String> = []
  private var running: [CaseRun] = [] {
    didSet {
      let runs = running
      session.observe = { [session] bytes, dissection, seen in
        for run in runs where run.homes.contains(seen.home) { run.observe(bytes, dissection, seen, session) }
      }
    }
  }
  private var waiting: [(testCase: Case, attempt: Int)]
  private var skipped: [Case] = []
  private let jobs: Int

  /// What a run tells while it goes on.
  package struct Progress: Sendable {
    package var done: Int
    package var total: Int
    package var running: [String]
  }

  /// Called when a case has ended for good, with everything that was found so far, and whenever the picture changes.
  package var ended: ((CaseResult, Verdicts) -> Void)?
  package var changed: ((Progress) -> Void)?
  /// Asked between waits; true ends the run.
  package var isCancelled: () -> Bool = { false }
  private let total: Int
  private var done = 0

  /// - Parameter jobs: cases at once, at most.
  package init(_ session: Session, hooks: any HookRunner, cases: [Case], jobs: Int) {
    self.session = session
    self.hooks = hooks
    self.jobs = max(1, jobs)
    leased = Array(repeating: false, count: session.setup.homes.count)
    var chosen: [(testCase: Case, attempt: Int)] = []
    for testCase in cases {
      if let why = Self.obstacle(testCase, session.setup) {
        var event = Event(.caseSkipped)
        event.testCase = testCase.id
        event.text = why
        session.note(event)
        skipped.append(testCase)
      } else {
        chosen.append((testCase, 1))
      }
    }
    waiting = chosen
    total = chosen.count
  }

  /// Why a case does not apply to the device.
  package static func obstacle(_ testCase: Case, _ setup: Setup) -> String? {
    if testCase.role != setup.role { return "it is for a device of the other role" }
    if !testCase.profiles.isEmpty, !testCase.profiles.contains(setup.profile.id) { return "it does not stand under \(setup.profile.id)" }
    for (statement, needed) in testCase.needs.ics.sorted(by: { $0.key < $1.key }) where setup.ics[statement] == !needed {
      return "the device's ICS says \(statement): \(needed ? "no" : "yes")"
    }
    if !setup.hasMobileIPv6, testCase.needsMobileIPv6 { return "the device's ICS says mobile-ipv6: no" }
    // Rules on protection look for an IKE SA: of keys by hand they say nothing, and the rest goes by the keys.
    if case .manual = setup.security, testCase.needs.ics["ipsec"] == false { return "the messages of its bindings go in ESP" }
    if testCase.isAboutIKE, setup.security.agreement == nil { return "the device's description has no 'ikev2' in 'security'" }
    if setup.tunnelling != .native, testCase.isNativeOnly { return "it is about headers that a tunnel over IPv4 has none of" }
    if setup.ics["revocation"] == false, testCase.needsRevocation { return "the device's ICS says revocation: no" }
    return nil
  }

  /// Runs everything; verdicts are the session's.
  package mutating func run() {
    for testCase in skipped { tell(testCase) }
    let base = session.network.watched.filter { !hooks.descriptors.contains($0) }
    var watchedHooks: [Int32] = []
    while !waiting.isEmpty || !running.isEmpty, !isCancelled() {
      begin()
      progress()
      let deadline = running.reduce(hooks.nextDeadline) { min($0, $1.deadline) }
      let now = session.network.now
      let descriptors = hooks.descriptors
      if watchedHooks != descriptors {
        watchedHooks = descriptors
        session.network.watched = base + descriptors
      }
      // Once the deadline is here, the ports have to be read empty past it.
      session.pump(until: max(deadline, now) + Interval(nanoseconds: 1))
      for (token, outcome) in hooks.finished(at: session.network.now) {
        for run in running { run.finished(token, outcome, session) }
      }
      advance()
      reap()
    }
    session.observe = nil
  }

  private mutating func begin() {
    var index = 0
    let before = running.count
    while index < waiting.count, running.count < jobs {
      let (testCase, attempt) = waiting[index]
      let exclusive = exclusive(testCase)
      guard let range = freeRange(testCase.needs.homeAddresses), held.isDisjoint(with: exclusive) else {
        if testCase.needs.homeAddresses > session.setup.homes.count {
          waiting.remove(at: index)
          refuse(
            testCase, "it needs \(testCase.needs.homeAddresses) home addresses; the device's description has \(session.setup.homes.count)")
          continue
        }
        index += 1
        continue
      }
      waiting.remove(at: index)
      if let missing = missing(testCase) {
        refuse(testCase, missing)
        continue
      }
      let homes = Array(session.setup.homes[range])
      for place in range { leased[place] = true }
      next = range.upperBound + 1
      held.formUnion(exclusive)
      configure(testCase, homes)
      var event = Event(.caseBegin)
      event.testCase = testCase.id
      event.attempt = attempt
      event.homes = homes.map(HomeAddress.init)
      session.note(event)
      running.append(CaseRun(testCase, homes: homes, attempt: attempt, hooks: hooks))
    }
    guard running.count > before else { return }
    advance()
    reap()
  }

  /// Neighbouring home addresses that no case has; with one left free beside them where there are enough, so that a device that confuses a home
  /// address with the next one hits nobody else's case.
  private func freeRange(_ count: Int) -> Range<Int>? {
    let total = leased.count
    guard count <= total else { return nil }
    func isFree(_ place: Int) -> Bool { !leased.indices.contains(place) || !leased[place] }
    for margin in [1, 0] {
      for offset in 0..<max(1, total) {
        let start = (next + offset) % max(1, total)
        guard start + count <= total else { continue }
        if (start - margin..<start + count + margin).allSatisfy(isFree) { return start..<start + count }
      }
    }
    return nil
  }

  /// What only one case may have at a time: what it names itself, and a person's attention.
  private func exclusive(_ testCase: Case) -> Set<String> {
    let asksPerson = testCase.needs.hooks.contains { HookName(rawValue: $0).map(hooks.isExclusive) ?? false }
    return Set(testCase.needs.exclusive + (asksPerson ? ["operator"] : []))
  }

  /// What a case needs and is not to be had: it is inconclusive, with the reason, never a pass.
  private func missing(_ testCase: Case) -> String? {
    for name in testCase.needs.hooks {
      if let hook = HookName(rawValue: name), !hooks.names.contains(hook) { return "no hook to make the device \(name)" }
    }
    for link in testCase.needs.links where !session.setup.links.contains(link) {
      return "it needs an interface whose purpose is '\(link)'"
    }
    return nil
  }

  private mutating func refuse(_ testCase: Case, _ reason: String) {
    for kind in [Event.Kind.caseBegin, .caseEnd] {
      var event = Event(kind)
      event.testCase = testCase.id
      event.attempt = 1
      event.homes = []
      if kind == .caseEnd { event.inconclusive = reason }
      session.note(event)
    }
    finish(testCase)
  }

  private func configure(_ testCase: Case, _ homes: [IPv6Address]) {
    for home in homes {
      session.party.withUserEquipment {
        $0.configure(home) {
          $0.acknowledgesRevocations = testCase.party.acknowledgesRevocations
          $0.lifetime = testCase.party.lifetime
          $0.revocation = nil
          if let first = testCase.party.firstSequence { $0.sequence = first &- 1 }
          let place = session.setup.homes.firstIndex(of: testCase.party.isOneUE ? homes.first ?? home : home)
          if let place, session.setup.careOf.indices.contains(place) { $0.careOf = session.setup.careOf[place] }
        }
      }
      session.party.withHomeAgent {
        $0.configure(home) {
          $0.acknowledgesUpdates = testCase.party.acknowledgesUpdates
          $0.lifetime = testCase.party.lifetime
          $0.revocation = nil
        }
      }
    }
  }

  private mutating func advance() {
    for run in running { run.advance(session, &stimuli) }
  }

  private mutating func reap() {
    guard running.contains(where: { $0.isDone }) else { return }
    for run in running where run.isDone {
      for home in run.homes { session.setup.homes.firstIndex(of: home).map { leased[$0] = false } }
      held.subtract(exclusive(run.testCase))
      if session.judge.result(of: run.testCase.id) == nil {
        waiting.insert((run.testCase, run.attempt + 1), at: 0)
      } else {
        finish(run.testCase)
      }
    }
    running.removeAll(where: \.isDone)
  }

  private mutating func finish(_ testCase: Case) {
    done += 1
    tell(testCase)
  }

  private func tell(_ testCase: Case) {
    guard let ended, let result = session.judge.result(of: testCase.id) else { return }
    ended(result, session.judge.verdicts)
  }

  private func progress() {
    changed?(Progress(done: done, total: total, running: running.map(\.testCase.id)))
  }
}

extension Case {
  /// It is about an IKE SA.
  fileprivate var isAboutIKE: Bool {
    steps.contains { step in
      switch step {
      case .establishKeys, .deleteKeys, .deleteAgain, .falseDelete: true
      default: step.awaited?.template.kind == .ike
      }
    }
  }

  /// It needs more of the device than that it has an IKE SA and lets go of it.
  fileprivate var needsMobileIPv6: Bool {
    !isAboutIKE
      || steps.contains { step in
        switch step {
        case .register, .send, .race: true
        case .withhold(let what, _): what != "keys"
        case .probe(let name, _): !["ike-sa", "ike-sa-at-ha", "after-false-delete", "after-false-delete-at-ha"].contains(name)
        case .hook(let name, _): !["register", "detach"].contains(name)
        default: (step.awaited?.template.kind).map { $0 != .ike } ?? false
        }
      }
  }

  /// It makes the device send a BRI, or sends it one.
  fileprivate var needsRevocation: Bool {
    needs.hooks.contains("revoke")
      || steps.contains { step in
        if case .send(let stimulus) = step { return stimulus.kind == .bri }
        return false
      }
  }
}

extension Case {
  /// It sends what is wrong or unusual in headers that only a native packet has.
  fileprivate var isNativeOnly: Bool {
    steps.contains { step in
      guard case .send(let stimulus) = step else { return false }
      if stimulus.kind == .icmpv6 || ["hao", "both", "hao-twice", "none"].contains(stimulus.carrier) { return true }
      return stimulus.values.contains {
        $0.path == .ipv6Source || [.hao, .rh2, .destinationOptions, .alternateCareOfAddress].contains($0.path.kind)
      }
    }
  }
}
