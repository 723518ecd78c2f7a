package import Security
package import Wire

/// Reads a stream of frames and events, live or from a capture, and gives verdicts: the same stream, the same verdicts.
package struct Judge: Sendable {
  package let suite: Suite
  package let profile: Profile
  /// The device's role; nil in a capture of others, in which both are judged.
  package let role: Role?
  package private(set) var monitor: Monitor
  private var decoder: Decoder
  private var dissection = Dissection()
  /// Nil where no keys are known. What is sealed by those that are is judged as if it stood in clear.
  private var opener: FrameOpener?
  /// The last frame with what was sealed in it opened; empty where nothing was.
  private var opened: [UInt8] = []
  private let homeAgent: IPv6Address
  /// Messages come through tunnels over IPv4 (RFC 5555), and are judged as if they came natively.
  private let isTunnelled: Bool
  /// The tunnel that the frame in hand came through.
  private var way: Way?
  /// The Home Agent's address in the outer headers, once a message has told it.
  private var ipv4HomeAgent: IPv4Address?
  private var running: [String: Running] = [:]
  private var results: [String: CaseResult] = [:]
  private var superseded: Set<Int> = []
  /// Where each case stands in the suite.
  private let placeOfCase: [String: Int]
  private var latest = Instant.distantPast
  /// What a capture of others shows twice, and what it shows in part.
  private var sightings = Sightings()
  /// Frames seen.
  package private(set) var frames = 0
  /// How the Home Agents of a capture of others write their revocations.
  package private(set) var votes = DialectVotes()

  private struct Running: Sendable {
    var lease: Int
    var attempt: Int
    var homes: [IPv6Address]
    var begin: Instant
  }

  /// For a capture in which the tester took part, or a run.
  ///
  /// - Parameters:
  ///   - homeAgents: the Home Agents that are known beforehand; the first one is the one that cases are about.
  ///   - maximumWatches: sequels watched for at once in one conversation; a flood of messages leaves the rest inconclusive.
  package init(
    _ suite: Suite, profile: Profile, role: Role?, timers: Timers, ics: [String: Bool] = [:], homeAgents: [IPv6Address] = [],
    maximumWatches: Int = Monitor.usualWatches
  ) {
    self.suite = suite
    self.profile = profile
    self.role = role
    monitor = Monitor(
      suite, profile: profile, judged: role.map { [$0] } ?? Set(Role.allCases), testerRole: role?.other, timers: timers, ics: ics,
      homeAgents: Set(homeAgents), maximumWatches: maximumWatches)
    decoder = Decoder(dialect: profile.dialect)
    homeAgent = homeAgents.first ?? .unspecified
    isTunnelled = ics["tunnelled"] ?? false
    placeOfCase = Dictionary(suite.cases.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Layouts by Home Agent, for a capture in which they differ.
  package mutating func speak(_ dialects: [IPv6Address: Dialect]) { decoder.dialects = dialects }

  /// Judges a frame.
  package mutating func frame(
    _ bytes: Span<UInt8>, _ start: FrameStart = .ethernet, at time: Instant, originalLength: Int, number: Int, isOutgoing: Bool
  ) {
    frames &+= 1
    latest = max(latest, time)
    way = nil
    if isTunnelled, let native = untunnelled(bytes, start, originalLength: originalLength) {
      opened = open(native.span, start, originalLength: native.count) ?? native
    } else {
      opened = open(bytes, start, originalLength: originalLength) ?? []
    }
    if role == nil {
      guard sightings.take(bytes, dissection, at: time, hasKeys: opener != nil) else { return }
      if sightings.isCut {
        // Whatever it was, it is not seen: no silence proves anything meanwhile.
        monitor.lost(1)
        return
      }
      if opened.isEmpty {
        sightings.countTunnels(bytes, dissection, isTunnelled: way != nil)
      } else {
        let octets = opened
        sightings.countTunnels(octets.span, dissection, isTunnelled: way != nil)
      }
      // Natively it is another judge's.
      if isTunnelled, way == nil, dissection.mobility >= 0 { return }
    }
    guard opened.isEmpty else {
      let octets = opened
      let protection = dissection.mobility >= 0 ? dissection.layers[dissection.mobility].protection : .clear
      monitor.frame(
        octets.span, &dissection, of: bytes, under: opener?.spi(protection), numbered: opener?.sequence, through: way,
        at: time, number: number, isOutgoing: isOutgoing)
      if role == nil, let word = dissection.revocationWord(in: octets.span) { vote(word, octets.span) }
      return
    }
    monitor.frame(bytes, &dissection, at: time, number: number, isOutgoing: isOutgoing)
    if role == nil, let word = dissection.revocationWord(in: bytes) { vote(word, bytes) }
  }

  /// Opens from now on what these seal. Tables that have grown since may be given again.
  package mutating func use(_ keys: KeyTables) {
    if opener == nil { opener = FrameOpener() }
    opener?.use(keys)
    monitor.expect(readable: keys.ike.records.lazy.map(\.initiatorSPI))
  }

  /// The capture lost frames, nobody knows when.
  package mutating func lostAnywhere(_ count: UInt64) { monitor.dropsAnywhere = count }

  /// How often frames were seen twice, and in part.
  package var repeatedFrames: Int { sightings.repeated }
  package var cutFrames: Int { sightings.cut }
  /// Sealed frames of which nobody has the keys.
  package var sealedFrames: Int { sightings.sealed }

  /// Mobility Headers that came natively and through tunnels over IPv4, and the Home Agents at the end of those.
  package var tunnels: Sightings.Tunnels { sightings.tunnels }

  private mutating func untunnelled(_ bytes: Span<UInt8>, _ start: FrameStart, originalLength: Int) -> [UInt8]? {
    decoder.decode(bytes, start, originalLength: originalLength, into: &dissection)
    guard dissection.missing == 0, let packet = dissection.untunnelled(bytes, homeAgent: tunnelEnd(bytes), ipv4HomeAgent) else {
      return nil
    }
    ipv4HomeAgent = packet.homeAgent
    way = Way(careOf: packet.careOf, port: packet.port, homeAgentPort: packet.homeAgentPort)
    return packet.octets
  }

  /// Which Home Agent a packet in a tunnel belongs to, where there are several.
  private mutating func tunnelEnd(_ bytes: Span<UInt8>) -> IPv6Address {
    guard role == nil, dissection.network >= 0 else { return homeAgent }
    for path: FieldPath in [.ipv6Source, .ipv6Destination] {
      guard let value = dissection.value(path, in: bytes), monitor.isHomeAgent(IPv6Address(value)) else { continue }
      return IPv6Address(value)
    }
    return homeAgent
  }

  /// A frame with what was sealed in it opened, decoded in any case; nil where nothing was, or nobody has the key.
  private mutating func open(_ bytes: Span<UInt8>, _ start: FrameStart, originalLength: Int) -> [UInt8]? {
    let decoder = decoder
    guard opener != nil else {
      decoder.decode(bytes, start, originalLength: originalLength, into: &dissection)
      return nil
    }
    return opener?.opened(bytes, start, with: decoder, originalLength: originalLength, into: &dissection)
  }

  /// What the last frame was: as it was decoded and named, the binding that it is about, nil: none; and its octets where some were opened.
  package mutating func last(_ body: (Dissection, Monitor.Seen?, [UInt8]) -> Void) { body(dissection, monitor.last, opened) }

  /// Asks the monitor where it is: a `monitor` that another module asks for is a copy.
  package mutating func withMonitor<Answer>(_ body: (Monitor) -> Answer) -> Answer { body(monitor) }

  private mutating func vote(_ word: UInt16, _ bytes: Span<UInt8>) {
    let source = IPv6Address(dissection.value(.ipv6Source, in: bytes) ?? 0)
    let destination = IPv6Address(dissection.value(.ipv6Destination, in: bytes) ?? 0)
    let isFromHomeAgent = monitor.isHomeAgent(source)
    votes.count(
      word, from: source, to: destination,
      homeAgent: isFromHomeAgent ? source : monitor.isHomeAgent(destination) ? destination : nil)
  }

  /// Everything up to `time` has been read.
  package mutating func advance(to time: Instant) { monitor.advance(to: time) }

  /// Takes note of an event.
  package mutating func event(_ event: Event, at time: Instant, number: Int) {
    latest = max(latest, time)
    let home = event.home?.named
    switch event.event {
    case .run, .runEnd, .awaiting, .race: break
    case .stimulus:
      if let home, let digest = event.digest.flatMap({ UInt64($0, radix: 16) }) {
        monitor.announce(digest, home: home, homeAgent: homeAgent, isAltered: event.altered ?? false)
      }
    case .hook, .probe:
      if let home, let name = event.name {
        monitor.event(event.event.rawValue, ["name": name], home: home, homeAgent: homeAgent, at: time, number: number)
      }
    case .hookReturned:
      if let home { monitor.hookReturned(home: home, homeAgent: homeAgent, at: time, failed: event.error != nil) }
    case .association:
      if let home, let spi = event.spi.flatMap({ UInt64($0, radix: 16) }) { monitor.associate(spi, home: home, homeAgent: homeAgent) }
    case .drops: monitor.lost(event.count ?? 1)
    case .caseBegin:
      guard let id = event.testCase else { return }
      let homes = (event.homes ?? []).compactMap(\.named)
      let lease = monitor.begin(id, homes: homes, homeAgent: homeAgent)
      running[id] = Running(lease: lease, attempt: event.attempt ?? 1, homes: homes, begin: time)
    case .caseEnd: end(event, at: time)
    case .caseSkipped:
      guard let id = event.testCase else { return }
      keep(result(id, .notApplicable, reason: event.text, [], Running(lease: -1, attempt: 0, homes: [], begin: time), end: time))
    }
  }

  private mutating func end(_ event: Event, at time: Instant) {
    guard let id = event.testCase, let run = running.removeValue(forKey: id) else { return }
    monitor.end(run.lease, homes: run.homes, homeAgent: homeAgent, at: time)
    guard event.superseded != true else {
      superseded.insert(run.lease)
      return
    }
    let assertions = assertions(of: id, lease: run.lease)
    let verdict: Verdict
    var reason: String?
    if let error = event.error {
      verdict = .error
      reason = error
    } else if assertions.contains(where: { $0.verdict == .fail }) {
      verdict = .fail
    } else if assertions.isEmpty {
      verdict = .notApplicable
      reason = "no rule that it exercises stands under \(profile.id)"
    } else if let why = event.inconclusive {
      verdict = .inconclusive
      reason = why
    } else if let first = assertions.first(where: { $0.verdict == .inconclusive }) {
      verdict = .inconclusive
      reason = why(first, id, run)
    } else {
      verdict = .pass
    }
    keep(result(id, verdict, reason: reason, assertions, run, end: time))
  }

  /// The assertions of the rules that a case exercises, as far as they stand under the profile.
  private func assertions(of id: String, lease: Int) -> [AssertionResult] {
    guard let place = placeOfCase[id] else { return [] }
    let testCase = suite.cases[place]
    func indices(_ rules: [String]) -> [Int] { rules.flatMap { monitor.assertions(ofRule: $0) } }
    let optional = indices(testCase.mayExercise).filter {
      let tally = monitor.tally(lease, $0)
      return tally.reached > 0
    }
    return (indices(testCase.exercises) + optional).map { index in
      let assertion = monitor.assertion(index)
      let tally = monitor.tally(lease, index)
      let level = monitor.level(index)
      let verdict: Verdict =
        tally.broken > 0 ? level.severity : tally.inconclusive > 0 || tally.reached == 0 ? .inconclusive : .pass
      return AssertionResult(
        requirement: assertion.requirement, rule: assertion.rule, level: level, verdict: verdict, reached: tally.reached)
    }
  }

  private func why(_ assertion: AssertionResult, _ id: String, _ run: Running) -> String {
    let own = monitor.findings.last {
      $0.verdict == .inconclusive && $0.rule == assertion.rule && $0.requirement == assertion.requirement && $0.testCase == id
        && $0.time >= run.begin.nanoseconds
    }
    if let own { return "\(assertion.requirement): \(own.reason ?? "\(own.seen) decides nothing")" }
    if monitor.assertions(ofRule: assertion.rule).contains(where: {
      monitor.assertion($0).requirement == assertion.requirement && monitor.tally(run.lease, $0).inconclusive > 0
    }) {
      return "\(assertion.requirement): \(Monitor.caseEnded)"
    }
    return "\(assertion.requirement) was never reached (rule \(assertion.rule))"
  }

  private func result(
    _ id: String, _ verdict: Verdict, reason: String?, _ assertions: [AssertionResult], _ run: Running, end: Instant
  ) -> CaseResult {
    let (title, clause) = placeOfCase[id].map { (suite.cases[$0].title, suite.cases[$0].clause) } ?? ("", "")
    return CaseResult(
      testCase: id, title: title, clause: clause, verdict: verdict, reason: reason, assertions: assertions,
      homes: run.homes.map(\.description), attempt: run.attempt, begin: run.begin.nanoseconds, end: end.nanoseconds)
  }

  private mutating func keep(_ result: CaseResult) { results[result.testCase] = result }

  /// The verdict of a case that has ended.
  package func result(of id: String) -> CaseResult? { results[id] }

  /// Ends the stream: whatever is still being watched is inconclusive.
  package mutating func finish() -> Verdicts {
    monitor.finish(at: latest)
    return verdicts
  }

  /// What was found so far.
  package var verdicts: Verdicts {
    let places = results.values.map { (place: placeOfCase[$0.testCase] ?? .max, result: $0) }
    let cases = places.sorted { ($0.place, $0.result.begin) < ($1.place, $1.result.begin) }.map(\.result)
    let findings = monitor.findings(without: superseded).sorted {
      ($0.time, $0.frame, $0.requirement, $0.homeAddress) < ($1.time, $1.frame, $1.requirement, $1.homeAddress)
    }
    return Verdicts(
      role: role, profile: profile.id, suite: suite.digest, cases: cases, findings: findings, requirements: monitor.byRequirement)
  }

  /// Errors of the tester itself, in messages that no step made wrong.
  package var testerErrors: [String] { monitor.testerErrors }
}
