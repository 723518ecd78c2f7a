import Judging
import Testing
import Wire

func address(_ text: String) -> IPv6Address { IPv6Address(text) ?? .unspecified }

let homeAgent = address("2001:db8:a::1")
let home = address("2001:db8:a::77")
let otherHome = address("2001:db8:a::78")
let careOf = address("2001:db8:b::2")
let otherCareOf = address("2001:db8:b::3")
let stranger = address("2001:db8:b::99")
let correspondent = address("2001:db8:a::c0")

/// What every suite of these tests has: two texts, one for each layout, and a sentence of each level and role.
let base = """
  - text: old
    title: The old text
    durations: { init-min-delay-bris: 1 s, max-brack-timeout: 1 s }
    numbers: { bri-max-retries: 1 }
  - text: new
    title: The new text
    durations: { init-min-delay-bris: 1 s, max-brack-timeout: 2 s }
    numbers: { bri-max-retries: 1 }
  - { profile: old, dialect: draft-01, text: old }
  - { profile: new, dialect: rfc5846, text: new }
  - { requirement: HA-shall, document: D, clause: 1, role: ha, level: shall, paraphrase: p }
  - { requirement: HA-other, document: D, clause: 2, role: ha, level: must-not, paraphrase: p }
  - { requirement: HA-should, document: D, clause: 3, role: ha, level: should, paraphrase: p }
  - { requirement: HA-may, document: D, clause: 4, role: ha, level: may, paraphrase: p }
  - { requirement: HA-old, document: D, clause: 5, role: ha, level: { old: shall }, paraphrase: p }
  - { requirement: UE-shall, document: D, clause: 6, role: ue, level: shall, paraphrase: p }
  - { requirement: BOTH, document: D, clause: 7, role: [ha, ue], level: shall, paraphrase: p }
  - { probe: forwarding, role: ha, strength: strong, stimulus: echo-to-home, window: probe-time, side-effects: none }
  """

/// A point in capture time, in milliseconds after an arbitrary beginning.
func ms(_ count: Int64) -> Instant { Instant(nanoseconds: 1_700_000_000_000_000_000) + .milliseconds(count) }

let tick = Interval(nanoseconds: 1)

/// Frames and events, judged by a suite made for the test.
struct Stream {
  var judge: Judge
  private var number = 0

  /// - Parameters:
  ///   - rules: entries of the suite besides `base`.
  ///   - role: the device's, where the tester takes part; nil: a capture of others.
  ///   - agents: the Home Agents that are known beforehand.
  init(
    _ rules: String, profile: String = "new", role: Role? = nil, ics: [String: Bool] = [:], knowing agents: [IPv6Address] = [homeAgent],
    _ change: (inout Timers) -> Void = { _ in }
  ) throws {
    let suite = try Judging.Suite.load(files: [("base.yaml", base), ("rules.yaml", rules)])
    try self.init(suite: suite, profile: profile, role: role, ics: ics, knowing: agents, change)
  }

  init(
    suite: Judging.Suite, profile: String, role: Role? = nil, ics: [String: Bool] = [:], knowing agents: [IPv6Address] = [homeAgent],
    _ change: (inout Timers) -> Void = { _ in }
  ) throws {
    let pair = try #require(suite.profile(profile))
    var timers = Timers(try #require(suite.text(pair.text)))
    change(&timers)
    judge = Judge(suite, profile: pair, role: role, timers: timers, ics: ics, homeAgents: agents)
  }

  /// A frame is captured; the result is its number.
  @discardableResult
  mutating func see(_ packet: Packet, at time: Instant, isOutgoing: Bool = false) -> Int {
    see(packet.encoded(), at: time, isOutgoing: isOutgoing)
  }

  @discardableResult
  mutating func see(_ frame: [UInt8], at time: Instant, isOutgoing: Bool = false) -> Int {
    number += 1
    judge.frame(frame.span, at: time, originalLength: frame.count, number: number, isOutgoing: isOutgoing)
    return number
  }

  /// Several frames, a millisecond apart.
  mutating func see(_ packets: [Packet], from time: Instant) {
    for (index, packet) in packets.enumerated() { see(packet, at: time + .milliseconds(Int64(index))) }
  }

  mutating func note(_ kind: Event.Kind, at time: Instant, _ fill: (inout Event) -> Void = { _ in }) {
    number += 1
    var event = Event(kind)
    fill(&event)
    judge.event(event, at: time, number: number)
  }

  mutating func hook(_ name: String, _ home: IPv6Address = home, at time: Instant) {
    note(.hook, at: time) {
      $0.name = name
      $0.home = HomeAddress(home)
    }
  }

  mutating func probe(_ name: String = "forwarding", _ home: IPv6Address = home, at time: Instant) {
    note(.probe, at: time) {
      $0.name = name
      $0.home = HomeAddress(home)
    }
  }

  /// A case of this name leases a home address.
  mutating func begin(_ id: String, _ homes: [IPv6Address] = [home], attempt: Int = 1, at time: Instant) {
    note(.caseBegin, at: time) {
      $0.testCase = id
      $0.homes = homes.map(HomeAddress.init)
      $0.attempt = attempt
    }
  }

  mutating func end(_ id: String, at time: Instant, _ fill: (inout Event) -> Void = { _ in }) {
    note(.caseEnd, at: time) {
      $0.testCase = id
      fill(&$0)
    }
  }

  /// How a requirement stands: passed, broken, inconclusive.
  func tally(_ requirement: String) -> [Int] {
    let tallies = judge.monitor.results.filter { $0.assertion.requirement == requirement }.map(\.tally)
    return [tallies.reduce(0) { $0 + $1.passed }, tallies.reduce(0) { $0 + $1.broken }, tallies.reduce(0) { $0 + $1.inconclusive }]
  }

  /// The findings so far: requirement, verdict and home address.
  var findings: [String] { judge.monitor.findings.map { "\($0.requirement) \($0.verdict.rawValue) \($0.homeAddress)" } }
}

let passed = [1, 0, 0]
let broken = [0, 1, 0]
let inconclusive = [0, 0, 1]
let unreached = [0, 0, 0]

// MARK: Messages

func framed(_ headers: [Packet.Header], payload: [UInt8] = []) -> Packet {
  Packet([.ethernet(from: MACAddress(0x0200_0000_0001), to: MACAddress(0x0200_0000_0002))] + headers, payload: payload)
}

/// A BU, right in every field.
func bu(
  _ sequence: UInt16, _ lifetime: UInt16, home: IPv6Address = home, from source: IPv6Address = careOf, to agent: IPv6Address = homeAgent
) -> Packet {
  framed([
    .ipv6(from: source, to: agent), .homeAddress(home),
    .message(
      .bu, .rfc5846, [(.buSequence, UInt128(sequence)), (.buA, 1), (.buH, 1), (.buLifetime, UInt128(lifetime))],
      options: [.alternateCareOfAddress(source)]),
  ])
}

func ba(
  _ sequence: UInt16, _ status: UInt8, _ lifetime: UInt16, home: IPv6Address = home, to destination: IPv6Address = careOf,
  from agent: IPv6Address = homeAgent
) -> Packet {
  framed([
    .ipv6(from: agent, to: destination), .routing(to: home),
    .message(.ba, .rfc5846, [(.baStatus, UInt128(status)), (.baSequence, UInt128(sequence)), (.baLifetime, UInt128(lifetime))]),
  ])
}

/// A BRI in the layout's own carrier.
func bri(
  _ sequence: UInt16, _ dialect: Dialect = .rfc5846, home: IPv6Address = home, from agent: IPv6Address = homeAgent,
  to destination: IPv6Address = careOf
) -> Packet {
  framed([
    .ipv6(from: agent, to: destination), dialect == .draft01 ? .homeAddress(home) : .routing(to: home),
    .message(.bri, dialect, [(.briSequence, UInt128(sequence)), (.briTrigger, 1), (.briA, 1)]),
  ])
}

func bra(
  _ sequence: UInt16, _ status: UInt8 = 0, _ dialect: Dialect = .rfc5846, home: IPv6Address = home, from source: IPv6Address = careOf,
  to agent: IPv6Address = homeAgent
) -> Packet {
  framed([
    .ipv6(from: source, to: agent), .homeAddress(home),
    .message(.bra, dialect, [(.braSequence, UInt128(sequence)), (.braStatus, UInt128(status))]),
  ])
}

func be(_ status: UInt8, home: IPv6Address = home, from source: IPv6Address, to destination: IPv6Address) -> Packet {
  framed([
    .ipv6(from: source, to: destination), .message(.be, .rfc5846, [(.beStatus, UInt128(status)), (.beHomeAddress, home.value)]),
  ])
}

/// An ICMPv6 error about a frame.
func icmp(_ type: UInt8, about packet: Packet, from source: IPv6Address, to destination: IPv6Address) -> Packet {
  framed([.ipv6(from: source, to: destination), .icmpv6(type: type, code: 0)], payload: Array(packet.encoded().dropFirst(14)))
}

/// An echo request from a correspondent, in the tunnel from Home Agent to care-of address.
func tunnelled(to home: IPv6Address = home) -> Packet {
  framed(
    [
      .ipv6(from: homeAgent, to: careOf), .ipv6(from: correspondent, to: home), .icmpv6(type: 128, code: 0),
    ], payload: [1, 2, 3, 4])
}

/// BU and BA that bring a binding about.
func registration(_ sequence: UInt16 = 10, _ lifetime: UInt16 = 100, home: IPv6Address = home, from source: IPv6Address = careOf)
  -> [Packet]
{
  [bu(sequence, lifetime, home: home, from: source), ba(sequence, 0, lifetime, home: home, to: source)]
}

extension Packet {
  func with(_ path: String, _ value: UInt128) -> Packet {
    var copy = self
    if let path = FieldPath(path) { copy.set(path, value) }
    return copy
  }

  func with(option type: UInt8, _ data: [UInt8] = []) -> Packet {
    var copy = self
    if let index = copy.index(of: .mh) { copy.headers[index].options.append(.unknownMobilityOption(type: type, data: data)) }
    return copy
  }

  func without(_ kind: LayerKind) -> Packet {
    var copy = self
    copy.headers.removeAll { $0.kind == kind }
    return copy
  }
}
