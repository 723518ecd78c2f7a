import Testing
import Wire

@testable import Judging

/// The state machines of the specification's chapter 4: what the Home Agent's cache and the UE's list may hold after each message.
@Suite struct StateTests {
  /// A stream whose timers are RFC 5846's: 1 s and 2 s until the last copy of a BRI has been waited for.
  private func stream(_ packets: [Packet] = [], dialect: String = "new") throws -> Stream {
    var stream = try Stream("- { rule: r, when: { message: bri, from: ha }, must: { HA-shall: { bri.p: any } } }", profile: dialect)
    stream.see(packets, from: ms(0))
    return stream
  }

  /// `binding / entry`, each a list of initials: unbound, bound, revoking; none, bound, detaching.
  private func states(_ stream: Stream, _ address: IPv6Address = home) throws -> String {
    let conversation = try #require(stream.judge.monitor.conversations.first { $0.home == address })
    func text(_ set: StateSet, _ subject: StateCondition.Subject) -> String {
      StateCondition.names(subject).enumerated().filter { set.contains(StateSet(rawValue: 1 << UInt8($0.offset))) }.map {
        String($0.element.prefix(1))
      }
      .joined()
    }
    return "\(text(conversation.binding, .binding)) / \(text(conversation.entry, .entry))"
  }

  enum Start { case late, bound, revoking }

  struct Row: CustomTestStringConvertible {
    var before: Start
    var messages: [Packet]
    var expected: String

    init(_ before: Start, _ messages: [Packet], _ expected: String) {
      self.before = before
      self.messages = messages
      self.expected = expected
    }

    var testDescription: String {
      "\(before): " + messages.map { "\($0.headers.last.map { $0.kind.name } ?? "")" }.joined(separator: ", ")
    }
  }

  static let rows: [Row] = [
    // A capture that begins late.
    Row(.late, [bu(10, 100)], "ubr / nbd"),
    Row(.late, [bu(10, 100), ba(11, 0, 100)], "ubr / nbd"),
    Row(.late, [bu(10, 100), ba(10, 0, 100)], "b / b"),
    Row(.late, [bu(10, 0)], "ubr / d"),
    Row(.late, [bu(10, 0), ba(10, 0, 0)], "u / n"),
    Row(.late, [bri(7)], "r / nbd"),
    Row(.late, [bri(7), bra(7)], "u / nd"),
    Row(.late, [bra(7)], "ubr / nbd"),
    // Registered (4.1, 4.2).
    Row(.bound, [], "b / b"),
    Row(.bound, [bra(7)], "b / b"),
    Row(.bound, [bu(11, 100)], "b / b"),
    Row(.bound, [bu(11, 100), ba(11, 0, 100)], "b / b"),
    Row(.bound, [bu(11, 100), ba(11, 128, 0)], "b / b"),
    Row(.bound, [bu(11, 0)], "ub / d"),
    Row(.bound, [bu(11, 0), ba(11, 0, 0)], "u / n"),
    Row(.bound, [bu(9, 0), ba(10, 135, 0)], "b / d"),
    Row(.bound, [bu(11, 0), bu(12, 0), ba(12, 0, 0)], "u / n"),
    // The first was accepted, and its BA lost.
    Row(.bound, [bu(11, 0), bu(12, 0), ba(12, 133, 0)], "u / n"),
    // Either may have been accepted; the last was not.
    Row(.bound, [bu(11, 0), bu(12, 100), ba(12, 128, 0)], "ub / d"),
    // A BA 135 names the last number that was accepted. Its own: it came twice, and the first BA is lost or late. That of an earlier one:
    // that one came twice, and this one's answer is still to come. A number that was used before is refused.
    Row(.bound, [bu(11, 0), ba(11, 135, 0)], "ub / d"),
    Row(.bound, [bu(11, 0), ba(10, 135, 0)], "ub / d"),
    Row(.bound, [bu(10, 0), ba(10, 135, 0)], "b / d"),
    // The UE has to drop it before its BRA can be seen.
    Row(.revoking, [], "r / nb"),
    Row(.revoking, [bri(7)], "r / nb"),
    Row(.revoking, [bra(7)], "u / n"),
    Row(.revoking, [bra(8)], "r / nb"),
    // Another status than success is the Home Agent's policy.
    Row(.revoking, [bra(7, 1)], "ur / nb"),
    Row(.revoking, [bra(7, 128)], "ur / nb"),
    // The race.
    Row(.revoking, [bu(11, 0)], "ur / d"),
    Row(.revoking, [bu(11, 0), ba(11, 0, 0)], "u / n"),
    Row(.revoking, [bu(9, 0), ba(10, 135, 0)], "r / d"),
    Row(.bound, [bu(11, 0), bri(7)], "ur / d"),
    Row(.bound, [bu(11, 0), bri(7), bra(7)], "u / d"),
    Row(.bound, [bu(11, 0), bu(12, 100), bri(7)], "ubr / nbd"),
    Row(.bound, [bu(11, 100), bri(7)], "br / nb"),
    Row(.bound, [bu(11, 0), bri(7), ba(11, 0, 0)], "u / n"),
    // A BU that is no de-registration, during a revocation: refused, or accepted, with or without the end of the revocation.
    Row(.revoking, [bu(11, 100), ba(11, 129, 0)], "r / nb"),
    // Whether the UE has had the BRI, and what it registered came after that, its BRA will not tell either.
    Row(.revoking, [bu(11, 100), ba(11, 0, 100)], "br / nb"),
    Row(.revoking, [bu(11, 100), bra(7)], "ub / nb"),
    Row(.revoking, [bu(11, 100), ba(11, 0, 100), bra(7)], "ub / nb"),
    // A refusal undoes nothing but the BU.
    Row(.bound, [bu(11, 100), bri(7), ba(11, 129, 0)], "r / nb"),
    Row(.bound, [bu(11, 100), bri(7), bra(7), ba(11, 129, 0)], "u / n"),
    // The UE has dropped what its BU was about.
    Row(.bound, [bu(11, 100), bri(7), bra(7), ba(11, 0, 100)], "ub / n"),
    // Gone.
    Row(.revoking, [bra(7), bra(7)], "u / n"),
    // A copy: it crossed the BRA, or the BRA was lost; or it is older than the binding that stands.
    Row(.revoking, [bra(7), bri(7)], "ur / n"),
    Row(.revoking, [bra(7), bri(7), bra(7)], "u / n"),
    Row(.revoking, [bra(7), bu(11, 100), ba(11, 0, 100), bri(7)], "br / nb"),
    Row(.revoking, [bra(7), bu(11, 100), ba(11, 0, 100), bri(7), bra(7)], "ub / nb"),
    Row(.bound, [bu(11, 0), ba(11, 0, 0), bu(12, 0), ba(12, 133, 0)], "u / n"),
    Row(.bound, [bu(11, 0), ba(11, 0, 0), bu(12, 0), ba(12, 0, 0)], "u / n"),
    Row(.bound, [bu(11, 0), ba(11, 0, 0), bu(12, 100), ba(12, 0, 100)], "b / b"),
    // What nobody has to take changes nothing, but that the UE waits for an answer to it.
    Row(.bound, [bu(11, 0).with("mh.checksum", 1)], "b / bd"),
    Row(.bound, [bu(11, 0).with("bu.h", 0)], "b / b"),
    Row(.bound, [bu(11, 0), ba(11, 0, 0).with("mh.checksum", 1)], "ub / d"),
    Row(.revoking, [bra(7).with("mh.checksum", 1)], "r / nb"),
    // A BRI that the UE has to discard or to refuse: the Home Agent revokes all the same.
    Row(.bound, [bri(7).with("bri.p", 1)], "r / b"),
    Row(.bound, [bri(7).with("mh.checksum", 1)], "r / b"),
    Row(.bound, [bri(7).with("bri.trigger", 0)], "r / b"),
    Row(.bound, [bri(7, from: stranger)], "b / b"),
  ]

  @Test(arguments: rows) func after(_ row: Row) throws {
    let before =
      switch row.before {
      case .late: [Packet]()
      case .bound: registration()
      case .revoking: registration() + [bri(7)]
      }
    try #expect(states(stream(before + row.messages)) == row.expected)
  }

  /// In draft-01 an administrative revocation has trigger 2, and either has the Home Address option.
  @Test(arguments: [1, 2, 3]) func draft(_ trigger: UInt128) throws {
    let seen = try stream(registration() + [bri(7, .draft01).with("bri.trigger", trigger)], dialect: "old")
    try #expect(states(seen) == (trigger < 3 ? "r / nb" : "r / b"))
    var answered = seen
    answered.see(bra(7, 0, .draft01), at: ms(50))
    try #expect(states(answered).hasPrefix("u / "))
  }

  /// `lifetime` is in units of 4 s; a device's clock may be off by the tolerance of 50 ms.
  @Test func lifetimesEnd() throws {
    for (time, expected) in [(3_900, "b / b"), (3_990, "ub / nb"), (4_040, "ub / nb"), (4_060, "u / n")] as [(Int64, String)] {
      var seen = try stream(registration(10, 1))
      // A BRA that nobody asked for: it says nothing but what time it is.
      seen.see(bra(99), at: ms(time + 1))
      try #expect(states(seen) == expected, "at \(time) ms")
    }
  }

  /// The Home Agent may have renewed the binding by a BU whose BA was lost.
  @Test func anUnansweredRefreshMayHaveRenewedIt() throws {
    var seen = try stream(registration(10, 1))
    seen.see(bu(11, 1), at: ms(3_000))
    seen.see(bra(99), at: ms(4_500))
    try #expect(states(seen) == "ub / nb")
  }

  /// A BA that answers the BU before the last one says how long the binding lasts, if the last one was lost.
  @Test func anEarlierBUHasItsLifetime() throws {
    var seen = try stream([bu(10, 1), bu(11, 1), ba(10, 0, 1), bri(7)])
    try #expect(states(seen) == "br / nbd")
    seen.see(bra(99), at: ms(4_500))
    try #expect(states(seen) == "ubr / nbd")
  }

  /// So it may have where the UE has gone on to de-register.
  @Test func anUnansweredRefreshMayHaveRenewedWhatIsLeft() throws {
    var seen = try stream(registration(10, 1))
    seen.see(bu(11, 1), at: ms(3_000))
    seen.see(bu(12, 0), at: ms(3_900))
    seen.see(bra(99), at: ms(4_500))
    try #expect(states(seen) == "ub / nd")
  }

  /// One that comes when the last copy of an earlier one has been waited for is no copy of that.
  @Test func anotherRevocation() throws {
    var seen = try stream(registration() + [bri(7)])
    seen.see(bri(8), at: ms(10_000))
    seen.see(bra(99), at: ms(10_500))
    try #expect(states(seen) == "r / nb")
  }

  /// After the last copy has been waited for the Home Agent may clean up, and need not (C-7): 1 s + 2 s by RFC 5846 11. The first BRI that is
  /// seen may be the last copy.
  @Test func revocationsGiveUp() throws {
    let rows: [(indications: [Int64], time: Int64, expected: String)] = [
      ([0], 1_900, "r / nb"), ([0], 2_100, "ur / nb"), ([0, 1_000], 2_900, "r / nb"), ([0, 1_000], 3_100, "ur / nb"),
      ([0, 1_000, 2_000], 2_900, "r / nb"), ([0, 1_000, 2_000], 3_100, "ur / nb"),
    ]
    for (indications, time, expected) in rows {
      var seen = try stream(registration())
      for indication in indications { seen.see(bri(7), at: ms(indication + 10)) }
      seen.see(bra(99), at: ms(time + 10))
      try #expect(states(seen) == expected, "at \(time) ms")
    }
  }

  /// A copy says that it has not.
  @Test func aLateCopy() throws {
    var seen = try stream(registration() + [bri(7)])
    seen.see(bri(7), at: ms(2_500))
    try #expect(states(seen) == "r / nb")
    seen.see(bra(99), at: ms(2_900))
    try #expect(states(seen) == "r / nb")
    seen.see(bra(99), at: ms(3_100))
    try #expect(states(seen) == "ur / nb")
  }

  /// A BRI for one home address at the care-of address of another: whose binding is meant is the Home Agent's secret.
  @Test func strayRevocation() throws {
    var seen = try stream(registration() + registration(20, home: otherHome, from: otherCareOf))
    seen.see(bri(7, home: home, to: otherCareOf), at: ms(50))
    try #expect(states(seen) == "br / b")
    try #expect(states(seen, otherHome) == "br / b")
  }

  /// A rule applies only if all states that the texts still allow agree.
  @Test func doubtKeepsRulesAway() throws {
    let rules = """
      - rule: while-bound
        when: { message: bri, from: ha }
        while: { binding: bound }
        must: { HA-shall: { bri.p: 0 } }
      - rule: while-bound-or-revoking
        when: { message: bri, from: ha }
        while: { binding: [bound, revoking] }
        must: { HA-other: { bri.p: 0 } }
      - rule: entry
        when: { message: bri, from: ha }
        while: { entry: bound }
        must: { HA-should: { bri.p: 0 } }
      """
    func tallies(_ packets: [Packet]) throws -> [[Int]] {
      var stream = try Stream(rules)
      stream.see(packets, from: ms(0))
      return ["HA-shall", "HA-other", "HA-should"].map(stream.tally)
    }
    try #expect(tallies([bri(7)]) == [unreached, unreached, unreached])
    try #expect(tallies([bu(10, 100), bri(7)]) == [unreached, unreached, unreached])
    try #expect(tallies(registration() + [bri(7)]) == [passed, passed, passed])
    try #expect(tallies(registration() + [bri(7), bri(7)]) == [passed, [2, 0, 0], passed])
    try #expect(tallies(registration() + [bu(11, 0), bri(7)]) == [unreached, unreached, unreached])
  }

  @Test func whatIsOutstanding() throws {
    func tallies(_ packets: [Packet]) throws -> [Bool] {
      let names = ["bri", "valid-bri", "no-bri", "bu", "no-bu", "deregistration"]
      return try names.map { name in
        var stream = try Stream(
          """
          - rule: r
            when: { message: be, from: ue }
            while: { outstanding: \(name) }
            must: { UE-shall: { be.status: 1 } }
          """)
        stream.see(packets, from: ms(0))
        stream.see(be(1, from: careOf, to: homeAgent), at: ms(100))
        return stream.tally("UE-shall") == passed
      }
    }
    try #expect(tallies(registration()) == [false, false, true, false, true, false])
    try #expect(tallies(registration() + [bri(7)]) == [true, true, false, false, true, false])
    try #expect(tallies(registration() + [bri(7).with("bri.g", 1)]) == [true, false, false, false, true, false])
    try #expect(tallies(registration() + [bri(7), bra(7)]) == [false, false, true, false, true, false])
    try #expect(tallies(registration() + [bu(11, 100)]) == [false, false, true, true, false, false])
    try #expect(tallies(registration() + [bu(11, 0)]) == [false, false, true, true, false, true])
    // A UE that is leaving may refuse, whatever the BRI is like.
    try #expect(tallies(registration() + [bu(11, 0), bri(7)]) == [true, false, false, true, false, true])
    // An entry that is gone too: a copy that comes late.
    try #expect(tallies(registration() + [bri(7), bra(7), bri(7)]) == [true, false, false, false, true, false])
  }

  @Test func howItWent() throws {
    func way(_ packets: [Packet], wait: Int64 = 100, lifetime: UInt16 = 100) throws -> [String] {
      try StateCondition.names(.goneBy).filter { name in
        var stream = try Stream(
          """
          - rule: r
            when: { event: probe, name: forwarding }
            while: { binding: unbound, gone-by: \(name) }
            never: { message: tunnelled, from: ha, for: probe-time, decides: HA-shall }
          """)
        stream.see(registration(10, lifetime) + packets, from: ms(0))
        stream.probe(at: ms(wait))
        stream.judge.advance(to: ms(wait + 1_000))
        return stream.tally("HA-shall") == passed
      }
    }
    try #expect(way([bu(11, 0), ba(11, 0, 0)]) == ["deregistration"])
    try #expect(way([bri(7), bu(11, 0), ba(11, 0, 0)]) == ["race"])
    try #expect(way([bri(7), bra(7)]) == ["acknowledgement"])
    try #expect(way([], wait: 5_000, lifetime: 1) == ["expiry"])
    try #expect(way([]) == [])
  }

  /// Only what was shown of this very binding counts.
  @Test func whatAProbeHasShown() throws {
    func isReached(_ name: String, _ packets: [Packet]) throws -> Bool {
      var stream = try Stream(
        """
        - rule: r
          when: { message: bri, from: ha }
          while: { shown: \(name) }
          must: { HA-shall: { bri.p: 0 } }
        """)
      stream.see(packets, from: ms(0))
      stream.see(bri(7), at: ms(100))
      return stream.tally("HA-shall") == passed
    }
    let refresh = [bu(11, 100), ba(11, 0, 100)]
    try #expect(!isReached("forwarding", registration()))
    try #expect(isReached("forwarding", registration() + [tunnelled()]))
    try #expect(isReached("forwarding", registration() + [tunnelled()] + refresh))
    try #expect(!isReached("forwarding", registration() + [tunnelled(), bu(11, 0), ba(11, 0, 0)] + registration(12)))
    try #expect(!isReached("refresh", registration()))
    try #expect(isReached("refresh", registration() + refresh))
  }
}
