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
  /// Frames that the capture lost nobody knows when.
  package var dropsAnywhere: UInt64 = 0

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
  package internal(set) var tunnelledHeaders = 0
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
