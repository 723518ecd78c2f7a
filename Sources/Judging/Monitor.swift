package import Wire

/// Runs the rules over frames and events in the order of time, and keeps what it found.
///
/// It knows conversations, not cases: a case is no more to it than a lease on a home address, for which it keeps a separate tally.
package struct Monitor: Sendable {
  let program: Program
  package internal(set) var timers: Timers
  /// The role that the tester plays; nil in a capture of others.
  let testerRole: Role?
  /// The rules on messages that hold the tester itself to account.
  let testerProgram: Program?

  // Conversations, and the ways to find one.
  var conversations = ContiguousArray<Conversation>()
  var byKey: [ConversationKey: Int32] = [:]
  var byHome: [AddressKey: Int32] = [:]
  var byCareOf: [AddressKey: Int32] = [:]
  /// Stimuli by a digest of their octets.
  var byPacket: [UInt64: Int32] = [:]
  /// Stimuli by another home address that they name.
  var byNamed: [IPv6Address: Int32] = [:]
  /// By the initiator's SPI of their IKE SA (RFC 7296 3.1).
  var byIKE: [UInt64: Int32] = [:]
  /// Stimuli that do not name their own home address, by message kind and sequence number.
  var bySequence: [UInt32: Int32] = [:]
  var homeAgents: Set<IPv6Address> = []
  var lastHomeAgent = IPv6Address.unspecified
  /// The conversation that the tester's next frame is about, whatever the frame says.
  var attributed: Int32 = -1
  /// Stimuli of which the frame is still to be seen.
  var announced: [Announcement] = []
  /// More conversations than this are not followed: a hostile capture cannot make the monitor grow without end.
  static let maximumConversations = 1 << 20
  /// Sequels watched for at once in one conversation; a flood of messages leaves the rest inconclusive.
  let maximumWatches: Int
  package static let usualWatches = 256

  var surroundings = Surroundings()

  // Obligations.
  var pool = ContiguousArray<Obligation>()
  var firstFree: Int32 = -1
  var deadlines: Deadlines
  var order: UInt64 = 0
  var drops: UInt64 = 0

  // Results.
  var tallies: [Tally]
  var leases: [Lease] = []
  package internal(set) var findings: [Finding] = []
  /// Where each finding is.
  var findingIndex: [FindingKey: Int] = [:]
  /// What rules that stand aside found broken: nobody reads more of it.
  var breachesAside: [Breach] = []
  /// The place in `breachesAside` of each assertion's latest; -1: none.
  var latestBreach: ContiguousArray<Int>
  /// Findings beyond `maximumFindings`, counted and not kept.
  package internal(set) var suppressed = 0
  static let maximumFindings = 10_000
  /// What the tester did wrong unasked.
  package internal(set) var testerErrors: [String] = []
  static let maximumTesterErrors = 1_000
  /// Mobility Headers seen.
  package internal(set) var mobilityHeaders = 0
  /// Those of them that came in a tunnel: the rules are about messages that came without one, and nothing is said of these.
  package private(set) var tunnelledHeaders = 0
  /// The last frame that belonged to a conversation: what it was, who sent it, of which home address.
  package internal(set) var last: Seen?
  /// Moved on by every outcome: a driver that waits for one need only look at this.
  package internal(set) var outcomes = 0
  /// Whether every outcome that counts is kept for `takeDecisions`.
  package var keepsDecisions = false
  var decisions: [Decision] = []
  /// Conversations with an obligation that a Binding Error, or an ICMPv6 error, can meet; the oldest first.
  var awaitingBindingError = WaitingLine()
  var awaitingICMP = WaitingLine()
  /// Messages of a type that nobody may know, the oldest first: a Binding Error for them names no home address.
  var strange: [Strange] = []
  var embedded = Dissection()
  /// What the frame in hand has to be held against.
  var facts: Facts
  let decoder: Decoder
  let requirements: [String: Requirement]

  /// A stimulus whose frame comes next, or comes some time, told by its digest.
  struct Announcement: Sendable {
    var digest: UInt64
    var conversation: Int32
    var isAltered: Bool
  }

  /// A message that may earn Binding Error 2 (RFC 6275 9.2).
  struct Strange: Sendable {
    var receiver: IPv6Address
    var conversation: Int32
    var time: Instant
    /// It came by the security association that it had to.
    var isEarning: Bool
  }

  /// What a frame was taken for.
  package struct Seen: Sendable {
    package var kind: MessageKind
    package var from: Role
    package var home: IPv6Address
    package var time: Instant
  }

  /// The home addresses that one case leases, and what was found of them since.
  struct Lease: Sendable {
    var testCase: String
    var tallies: [Tally]
    var isActive = true
  }

  struct FindingKey: Hashable, Sendable {
    var assertion: Int
    var conversation: Int32
    var lease: Int32
    var label: Int
    var verdict: Verdict
  }

  /// An assertion that was broken, of which binding and during which lease.
  struct Breach: Equatable, Sendable {
    var assertion: Int
    var conversation: Int32
    var lease: Int32
  }

  /// A rule that stands aside found an assertion broken: not once more what it found last.
  mutating func noteAside(_ breach: Breach) {
    let latest = latestBreach[breach.assertion]
    if latest >= 0, breachesAside[latest] == breach { return }
    latestBreach[breach.assertion] = breachesAside.count
    breachesAside.append(breach)
  }

  /// - Parameters:
  ///   - judged: whose breaches are findings.
  ///   - testerRole: the role that the tester plays, if it takes part; its breaches are errors of the tester.
  ///   - ics: statements of the device's description.
  package init(
    _ suite: Suite, profile: Profile, judged: Set<Role>, testerRole: Role?, timers: Timers, ics: [String: Bool] = [:],
    homeAgents: Set<IPv6Address> = [], maximumWatches: Int = Monitor.usualWatches
  ) {
    self.maximumWatches = maximumWatches
    testerProgram = testerRole.map { Program(suite, profile: profile, roles: [$0], ics: ics) }
    program = Program(suite, profile: profile, roles: judged, ics: ics, fields: testerProgram?.fields ?? FieldTable())
    facts = Facts(program.fields)
    deadlines = Deadlines(lines: program.lines)
    self.testerRole = testerRole
    self.timers = timers
    self.homeAgents = homeAgents
    tallies = Array(repeating: Tally(), count: program.assertions.count)
    latestBreach = ContiguousArray(repeating: -1, count: program.assertions.count)
    decoder = Decoder(dialect: profile.dialect)
    requirements = Dictionary(suite.requirements.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The assertions that are judged, and how each fared over all conversations.
  package var results: [(assertion: Assertion, tally: Tally)] { zip(program.assertions, tallies).map { ($0, $1) } }

  /// The assertions of a rule under this text and dialect; empty: the rule does not stand here.
  package func assertions(ofRule rule: String) -> [Int] { program.assertionsOfRule[rule] ?? [] }
  package func assertion(_ index: Int) -> Assertion { program.assertions[index] }

  // MARK: Frames

  /// Judges a frame. Deadlines that lie before it expire first.
  ///
  /// - Parameters:
  ///   - sealed: the frame as it was, where what was sealed in it has been opened.
  ///   - spi: that of the ESP header that was opened.
  ///   - way: the tunnel that it came through.
  ///   - number: the frame's number in the evidence, from 1; findings name it.
  ///   - isOutgoing: the tester sent it.
  ///   - expires: frames older than this one have all been seen; false for a frame that is judged when it is sent.
  package mutating func frame(
    _ bytes: Span<UInt8>, _ dissection: inout Dissection, of sealed: Span<UInt8>? = nil, under spi: UInt32? = nil, through way: Way? = nil,
    at time: Instant, number: Int, isOutgoing: Bool = false, expires: Bool = true
  ) {
    if expires { expire(before: time) }
    last = nil
    if dissection.ike >= 0, dissection.layers[dissection.ike].protection.isOpened {
      if let sealed { return keyExchange(bytes, &dissection, of: sealed, at: time, number: number, isOutgoing: isOutgoing) }
      return keyExchange(bytes, &dissection, of: bytes, at: time, number: number, isOutgoing: isOutgoing)
    }
    var hint: Int32 = -1
    if isOutgoing { if let sealed { hint = self.hint(for: sealed) } else { hint = self.hint(for: bytes) } }
    let isOther = dissection.mobility < 0 && !dissection.isICMPError && (dissection.inner < 0 || dissection.inner == dissection.network)
    guard !isOther || hint >= 0 else { return }
    if dissection.mobility >= 0, dissection.network != dissection.inner, hint < 0 {
      mobilityHeaders += 1
      tunnelledHeaders += 1
      return
    }
    let own = hint >= 0 ? testerRole.map { (MessageKind.mh, $0) } : nil
    guard var (kind, from) = classify(bytes, &dissection, isOutgoing: isOutgoing) ?? own else { return }
    // A stimulus that a wrong octet makes the other side's message, or none at all, is still the tester's.
    if isOutgoing, let testerRole, from != testerRole || isOther { (kind, from) = (.mh, testerRole) }
    if dissection.mobility >= 0 { mobilityHeaders += 1 }
    facts.read(kind, program, bytes, &dissection)
    let observation = Observation(kind: kind, from: from, time: time, frame: number)
    // Whatever home address a stimulus names, it is about the one that it was sent for, and makes no conversation of its own.
    let index = hint >= 0 ? hint : associated(kind, from, spi) ?? find(kind, from, bytes, &dissection, at: time)
    guard index >= 0 else { return }
    // What comes under a security association that was deleted is no better than what came under none.
    if dissection.mobility >= 0, conversations[Int(index)].shown.contains(.keysDeleted) { facts.spoil() }
    if dissection.mobility >= 0, way != nil || !surroundings.children.isEmpty { weigh(index, observation, under: spi, way, dissection) }
    if hint >= 0, let sequence = sequence(kind) { bySequence[Self.sequenceKey(kind, sequence)] = hint }
    if hint >= 0 { name(hint, bytes, &dissection) }
    observe(index, observation, bytes, &dissection, isOutgoing: isOutgoing)
    // Only the last message of a conversation waits for its error.
    if !strange.isEmpty { strange.removeAll { $0.conversation == index } }
    if dissection.messageKind == .mh, let destination = facts[.destination] {
      noteStrange(index, to: IPv6Address(destination), isEarning: facts.mayBeTaken, at: time)
    }
    // A BRI for one home address at the care-of address of another is judged in both.
    if kind == .bri, hint < 0, let destination = facts[.destination],
      let other = byCareOf[AddressKey(IPv6Address(destination))], other != index, conversations[Int(index)].careOf.value != destination
    {
      facts.tell(.protection, Standing.unknown.rawValue)
      observe(other, observation, bytes, &dissection, isOutgoing: isOutgoing)
    }
  }

  /// An opened message of IKE. Of a binding's IKE SA the UE is the original initiator, and the side of the selectors that it offers in
  /// IKE_AUTH is the home address (RFC 4877 4.3).
  private mutating func keyExchange(
    _ bytes: Span<UInt8>, _ dissection: inout Dissection, of sealed: Span<UInt8>, at time: Instant, number: Int, isOutgoing: Bool
  ) {
    guard let initiator = dissection.value(.ikeInitiatorSPI, in: bytes) else { return }
    let spi = UInt64(truncatingIfNeeded: initiator)
    let from: Role = dissection.value(.ikeI, in: bytes) == 1 ? .ue : .ha
    if byIKE[spi] == nil, dissection.value(.ikeExchangeType, in: bytes) == 35, byIKE.count < Self.maximumConversations,
      dissection.value(.selector6Protocol, in: bytes) == 135, let first = dissection.value(.selector6Start, in: bytes),
      first == dissection.value(.selector6End, in: bytes),
      // Over IPv4 nobody says which Home Agent it is, and it is the only one or unknown.
      let agent = dissection.value(from == .ue ? .ipv6Destination : .ipv6Source, in: bytes).map(IPv6Address.init)
        ?? (homeAgents.count == 1 ? homeAgents.first : nil)
    {
      let index = conversation(agent, IPv6Address(first))
      if index >= 0 { byIKE[spi] = index }
    }
    guard let index = byIKE[spi] else { return }
    facts.read(.ike, program, bytes, &dissection)
    weighKeyExchange(index, spi, from, bytes, of: sealed, dissection)
    let observation = Observation(kind: .ike, from: from, time: time, frame: number)
    observe(index, observation, bytes, &dissection, isOutgoing: isOutgoing)
  }

  /// The IKE SA with this SPI of its initiator is a binding's, which its messages do not say.
  package mutating func associate(_ spi: UInt64, home: IPv6Address, homeAgent: IPv6Address) {
    let index = conversation(homeAgent, home)
    if index >= 0, byIKE.count < Self.maximumConversations { byIKE[spi] = index }
  }

  private mutating func observe(
    _ index: Int32, _ observation: Observation, _ bytes: Span<UInt8>, _ dissection: inout Dissection, isOutgoing: Bool
  ) {
    let place = Int(index)
    if last == nil { last = Seen(kind: observation.kind, from: observation.from, home: conversations[place].home, time: observation.time) }
    conversations[place].advance(to: observation.time, tolerance: timers.tolerance)
    facts.take(conversations[place])
    let slot = Program.slot(observation.kind, observation.from)
    if conversations[place].obligations >= 0 { settle(index, slot, observation, bytes, &dissection) }
    let known = conversations[place].known
    var gate = program.ofMessage[slot].lowerBound
    while gate < program.ofMessage[slot].upperBound {
      if program.gates[gate].isOpen(known, broken: conversations[place].broken), facts.hold(program.gates[gate].needs, of: program) {
        apply(program.gates[gate].rule, index, observation, bytes, &dissection)
      }
      gate &+= 1
    }
    if isOutgoing {
      if !conversations[place].isAltered { holdTester(index, slot, known, observation, bytes, &dissection) }
      conversations[place].isAltered = false
    }
    if facts.isSound || observation.kind == .bri {
      transition(place, observation, &dissection)
    } else if observation.kind == .bu, observation.from == .ue {
      attempted(place)
    }
  }

  // MARK: Rules

  private mutating func apply(
    _ position: Int, _ index: Int32, _ observation: Observation, _ bytes: Span<UInt8>, _ dissection: inout Dissection
  ) {
    guard program.firstFailing(program.rules[position].template.rest, facts) < 0 else { return }
    let place = Int(index)
    let looksBack = program.rules[position].slots
    if !looksBack.isEmpty { facts.recall(looksBack, of: program) }
    var must = program.rules[position].musts.lowerBound
    while must < program.rules[position].musts.upperBound {
      let assertion = program.musts[must].assertion
      let failing = program.firstFailing(program.musts[must].tests, facts)
      if failing < 0 {
        pass(assertion, conversations[place].lease)
      } else {
        let dialect = dissection.messageDialect
        record(
          program.severities[assertion], assertion, position, index, role: observation.from, frame: observation.frame,
          trigger: observation.frame,
          at: observation.time, label: nil, path: program.path(failing), dialect: dialect,
          expected: program.expected(failing, facts, dialect), seen: program.seen(failing, bytes, facts, &dissection))
      }
      must &+= 1
    }
    var sequel = program.rules[position].sequels.lowerBound
    while sequel < program.rules[position].sequels.upperBound {
      open(
        sequel, position, index, at: observation.time, frame: observation.frame, kind: observation.kind,
        looksBack.isEmpty ? Slots() : facts.slots(looksBack.count))
      sequel &+= 1
    }
  }

  /// Breaches of the tester's own party in a message that no step made wrong are errors of the tester.
  private mutating func holdTester(
    _ index: Int32, _ slot: Int, _ known: UInt64, _ observation: Observation, _ bytes: Span<UInt8>, _ dissection: inout Dissection
  ) {
    guard let testerProgram, observation.from == testerRole else { return }
    for gate in testerProgram.gates[testerProgram.ofMessage[slot]] where !testerProgram.rules[gate.rule].isAside {
      let rule = testerProgram.rules[gate.rule]
      guard gate.isOpen(known, broken: conversations[Int(index)].broken),
        testerProgram.firstFailing(rule.template.tests, facts) < 0
      else { continue }
      facts.recall(rule.slots, of: testerProgram)
      for must in rule.musts {
        let failing = testerProgram.firstFailing(testerProgram.musts[must].tests, facts)
        let assertion = testerProgram.musts[must].assertion
        guard failing >= 0, testerProgram.severities[assertion] == .fail, testerErrors.count < Self.maximumTesterErrors else { continue }
        testerErrors.append(
          "frame \(observation.frame): the tester itself broke \(testerProgram.assertions[assertion].requirement): expected "
            + "\(testerProgram.expected(failing, facts, dissection.messageDialect)), sent "
            + testerProgram.seen(failing, bytes, facts, &dissection))
      }
    }
  }

  // MARK: Events

  /// Something that the wire does not show happened to a home address: `hook revoke`, `probe forwarding`.
  package mutating func event(
    _ name: String, _ attributes: [String: String], home: IPv6Address, homeAgent: IPv6Address, at time: Instant, number: Int
  ) {
    expire(before: time)
    let index = conversation(homeAgent, home)
    guard index >= 0 else { return }
    conversations[Int(index)].advance(to: time, tolerance: timers.tolerance)
    let known = conversations[Int(index)].known
    for entry in program.byEvent where entry.name == name && entry.attributes.allSatisfy({ attributes[$0.key] == $0.value }) {
      let position = Int(entry.rule)
      guard program.rules[position].conditions.hold(known),
        conversations[Int(index)].broken & program.rules[position].presumes == 0
      else { continue }
      for sequel in program.rules[position].sequels {
        open(sequel, position, index, at: time, frame: number, kind: .mh, Slots(), isFromHook: name == "hook")
      }
    }
  }

  /// A hook returned: what must follow it is due from now on; nothing must where it failed.
  package mutating func hookReturned(home: IPv6Address, homeAgent: IPv6Address, at time: Instant, failed: Bool = false) {
    expire(before: time)
    guard let index = byKey[ConversationKey(homeAgent: homeAgent, home: home)] else { return }
    var slots: [Int32] = []
    var slot = conversations[Int(index)].obligations
    while slot >= 0 {
      if pool[Int(slot)].isFromHook { slots.append(slot) }
      slot = pool[Int(slot)].next
    }
    // In the order in which they were opened: of two that end together the one that the other presumes is to be the first.
    for slot in slots.reversed() {
      if failed { close(slot, index) } else { rearm(slot, at: time) }
    }
  }

  /// The tester's next frame is about this home address, and was made wrong on purpose or not.
  package mutating func attribute(nextFrameTo home: IPv6Address, homeAgent: IPv6Address, isAltered: Bool) {
    let index = conversation(homeAgent, home)
    guard index >= 0 else { return }
    attributed = index
    if isAltered { conversations[Int(index)].isAltered = true }
  }

  /// A frame of the tester's with this digest is about a home address, and was made wrong on purpose or not.
  package mutating func announce(_ digest: UInt64, home: IPv6Address, homeAgent: IPv6Address, isAltered: Bool) {
    let index = conversation(homeAgent, home)
    guard index >= 0 else { return }
    // A frame that never left is forgotten.
    if announced.count >= 1024 { announced.removeFirst() }
    announced.append(Announcement(digest: digest, conversation: index, isAltered: isAltered))
  }

  /// The conversation that the tester said its frame would be about; -1: none.
  private mutating func hint(for bytes: Span<UInt8>) -> Int32 {
    if attributed >= 0 {
      defer { attributed = -1 }
      return attributed
    }
    guard !announced.isEmpty else { return -1 }
    let digest = Self.digest(bytes)
    guard let place = announced.firstIndex(where: { $0.digest == digest }) else { return -1 }
    let announcement = announced.remove(at: place)
    if announcement.isAltered { conversations[Int(announcement.conversation)].isAltered = true }
    return announcement.conversation
  }

  /// FNV-1a of what follows the Ethernet header, of which the destination is filled in last.
  package static func digest(_ bytes: Span<UInt8>) -> UInt64 {
    var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    for index in min(14, bytes.count)..<bytes.count { digest = (digest ^ UInt64(bytes[index])) &* 0x100_0000_01b3 }
    return digest
  }

  /// The capture lost frames: whatever silence is being watched proves nothing.
  package mutating func lost(_ count: UInt64) { drops &+= count }

  // MARK: Leases

  /// A case begins on these home addresses; what is found there counts for it until `end`.
  package mutating func begin(_ testCase: String, homes: [IPv6Address], homeAgent: IPv6Address) -> Int {
    leases.append(Lease(testCase: testCase, tallies: Array(repeating: Tally(), count: program.assertions.count)))
    for home in homes {
      let index = conversation(homeAgent, home)
      guard index >= 0 else { continue }
      abandon(index, nil, at: .distantPast)
      // A case owes nothing to what came before it: its own frames alone give its verdict.
      conversations[Int(index)].forget()
      conversations[Int(index)].lease = Int32(clamping: leases.count - 1)
    }
    return leases.count - 1
  }

  /// Why a watch that a case opened gave no verdict.
  static let caseEnded = "the case ended before the window did"

  /// The case ends: what is still being watched is inconclusive.
  package mutating func end(_ lease: Int, homes: [IPv6Address], homeAgent: IPv6Address, at time: Instant) {
    expire(before: time)
    for home in homes {
      guard let index = byKey[ConversationKey(homeAgent: homeAgent, home: home)] else { continue }
      abandon(index, Self.caseEnded, at: time)
      conversations[Int(index)].lease = -1
    }
    if leases.indices.contains(lease) { leases[lease].isActive = false }
  }

  /// What a case found of an assertion.
  package func tally(_ lease: Int, _ assertion: Int) -> Tally {
    leases.indices.contains(lease) ? leases[lease].tallies[assertion] : Tally()
  }

  /// No more frames: what is still being watched is inconclusive.
  package mutating func finish(at time: Instant) {
    expire(before: time)
    for index in conversations.indices { abandon(Int32(clamping: index), "the capture ends before the window does", at: time) }
  }

  /// When the next deadline expires.
  package var nextDeadline: Instant { deadlines.next }

  /// Everything up to `time` has been read: deadlines before it expire.
  package mutating func advance(to time: Instant) { expire(before: time) }

  /// When the last watch ends that one of these rules keeps on a home address; nil: none is kept.
  package func lastDeadline(home: IPv6Address, homeAgent: IPv6Address, rules: Set<String>) -> Instant? {
    guard let index = byKey[ConversationKey(homeAgent: homeAgent, home: home)] else { return nil }
    var latest: Instant?
    var slot = conversations[Int(index)].obligations
    while slot >= 0 {
      let obligation = pool[Int(slot)]
      if rules.contains(program.ruleIDs[program.rules[Int(obligation.rule)].index]) {
        latest = max(latest ?? .distantPast, obligation.deadline)
      }
      slot = obligation.next
    }
    return latest
  }

  /// When the last watch ends of those that end before `limit`; nil: none does.
  package func lastDeadline(before limit: Instant) -> Instant? {
    pool.lazy.filter { $0.isOpen && $0.deadline < limit }.map(\.deadline).max()
  }

  /// Whether the last frame, as the judge dissected it, is what a step waits for; relations to earlier messages do not count there.
  package func lastMatches(_ template: MessageTemplate, _ bytes: Span<UInt8>, _ dissection: Dissection) -> Bool {
    guard let last, template.from == nil || template.from == last.from else { return false }
    guard template.kind == last.kind || (template.kind == .mh && dissection.mobility >= 0) else { return false }
    return template.tests.allSatisfy { test in
      guard test.isTunnelled == nil, case .field(let path) = test.subject else { return true }
      let value = dissection.value(path, in: bytes)
      switch test.condition {
      case .oneOf(let ranges): return value.map { value in ranges.contains { $0.contains(value) } } ?? false
      case .noneOf(let ranges): return value.map { value in !ranges.contains { $0.contains(value) } } ?? false
      case .absent: return value == nil
      case .present: return value != nil
      default: return true
      }
    }
  }

  /// What the binding of a home address may be, as state names.
  package func bindingStates(home: IPv6Address, homeAgent: IPv6Address) -> [String] {
    guard let index = byKey[ConversationKey(homeAgent: homeAgent, home: home)] else { return [] }
    return StateCondition.names(.binding).enumerated().filter {
      conversations[Int(index)].binding.contains(StateSet(rawValue: 1 << UInt8($0.offset)))
    }.map(\.element)
  }
}

extension Dissection {
  /// The dialect of the message, for printing its fields.
  var messageDialect: Dialect { message >= 0 ? layers[message].dialect : .rfc5846 }
}
