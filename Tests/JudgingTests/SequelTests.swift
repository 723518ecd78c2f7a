import Judging
import Testing
import Wire

/// `then … within`, `never … for` and graded reactions: deadlines, grace, what ends a watch.
@Suite struct SequelTests {
  private static let then = """
    - rule: r
      when: { message: bri, from: ha }
      then: { message: bra, from: ue, within: 2 s, decides: UE-shall }
    """
  private static let never = """
    - rule: r
      when: { message: bra, from: ue }
      never: { message: bri, from: ha, for: 2 s, after: grace, unless: [bu], decides: HA-shall }
    """
  private static let reactions = """
    - rule: r
      when: { message: bu, from: ue, bu.lifetime: 0 }
      reactions:
        - { label: accepted, match: { message: ba, from: ha, ba.status: 0, ba.sequence: same }, verdict: pass, decides: HA-shall }
        - { label: unsure, match: { message: be, from: ha, be.status: 1 }, verdict: inconclusive, decides: HA-shall }
        - { label: odd, match: { message: ba, from: ha, ba.status: 1..127 }, verdict: warning, decides: HA-other }
        - { label: known, match: { message: ba, from: ha, ba.status: 133 }, verdict: note, decides: HA-shall }
        - { label: nothing, silence: guard-time, verdict: fail, decides: HA-shall }
        - { label: otherwise, verdict: fail, decides: HA-other }
      unless: [{ message: bu, from: ue, bu.lifetime: 1..65535 }]
    """

  // MARK: Deadlines

  @Test(arguments: [(-1, passed), (0, passed), (1, broken)] as [(Int64, [Int])]) func thenWithin(_ offset: Int64, _ expected: [Int]) throws
  {
    var stream = try Stream(Self.then)
    stream.see(registration() + [bri(7)], from: ms(0))
    stream.see(bra(7), at: ms(2_002) + Interval(nanoseconds: offset))
    #expect(stream.tally("UE-shall") == expected)
  }

  @Test(arguments: [(-1, broken), (0, broken), (1, passed)] as [(Int64, [Int])]) func neverFor(_ offset: Int64, _ expected: [Int]) throws {
    var stream = try Stream(Self.never)
    stream.see(bra(7), at: ms(0))
    stream.see(bri(7), at: ms(2_000) + Interval(nanoseconds: offset))
    #expect(stream.tally("HA-shall") == expected)
  }

  /// A deadline expires only when everything up to it has been read.
  @Test func aDeadlineNeedsTimeThatWasRead() throws {
    var stream = try Stream(Self.then)
    stream.see(bri(7), at: ms(0))
    stream.judge.advance(to: ms(2_000))
    #expect(stream.tally("UE-shall") == unreached)
    stream.judge.advance(to: ms(2_000) + tick)
    #expect(stream.tally("UE-shall") == broken)
    let finding = try #require(stream.judge.monitor.findings.first)
    #expect(finding.frame == 0 && finding.trigger == 1 && finding.time == ms(2_000).nanoseconds && finding.role == .ue)
    #expect(finding.seen == "nothing within 2 s")
  }

  @Test(arguments: [(19, passed), (20, broken)] as [(Int64, [Int])]) func grace(_ time: Int64, _ expected: [Int]) throws {
    var stream = try Stream(Self.never)
    stream.see(bra(7), at: ms(0))
    stream.see(bri(7), at: ms(time))
    stream.judge.advance(to: ms(3_000))
    #expect(stream.tally("HA-shall") == expected)
  }

  @Test func whatEndsAWatchGivesNoVerdict() throws {
    var stream = try Stream(Self.never)
    stream.see(bra(7), at: ms(0))
    stream.see(bu(11, 0), at: ms(100))
    stream.see(bri(7), at: ms(200))
    stream.judge.advance(to: ms(3_000))
    #expect(stream.tally("HA-shall") == unreached)
  }

  /// What does not match is passed over by `then`; the wrong side's messages by both.
  @Test func otherMessagesArePassedOver() throws {
    var stream = try Stream(Self.then)
    stream.see(registration() + [bri(7), bu(11, 100), ba(11, 0, 100), be(1, from: careOf, to: homeAgent), bri(7), bra(7)], from: ms(0))
    stream.judge.advance(to: ms(9_000))
    // Both BRIs are answered by the one BRA.
    #expect(stream.tally("UE-shall") == [2, 0, 0])
  }

  // MARK: Reactions

  @Test(
    arguments: [
      ([ba(11, 0, 0)], passed, passed, ""), ([ba(12, 0, 0)], unreached, broken, "HA-other fail"),
      ([ba(11, 5, 0)], unreached, broken, "HA-other warning"),
      ([ba(11, 133, 0)], passed, unreached, "HA-shall note"), ([], broken, unreached, "HA-shall fail"),
      ([be(1, from: homeAgent, to: careOf)], inconclusive, unreached, "HA-shall inconclusive"),
      ([be(2, from: homeAgent, to: careOf)], unreached, broken, "HA-other fail"),
      // No answer to a BU: the watch goes on.
      ([bri(7), ba(11, 0, 0)], passed, passed, ""), ([bri(7)], broken, unreached, "HA-shall fail"),
      ([bra(7)], broken, unreached, "HA-shall fail"),
      // The first answer decides.
      ([ba(11, 0, 0), ba(11, 128, 0)], passed, passed, ""), ([ba(11, 128, 0), ba(11, 0, 0)], unreached, broken, "HA-other fail"),
      ([bu(12, 100)], unreached, unreached, ""),
    ] as [([Packet], [Int], [Int], String)])
  func graded(_ answers: [Packet], _ shall: [Int], _ other: [Int], _ finding: String) throws {
    var stream = try Stream(Self.reactions)
    stream.see(registration(), from: ms(0))
    stream.see([bu(11, 0)] + answers, from: ms(100))
    stream.judge.advance(to: ms(100 + 5_001))
    #expect(stream.tally("HA-shall") == shall)
    #expect(stream.tally("HA-other") == other)
    #expect(stream.findings == (finding.isEmpty ? [] : ["\(finding) \(home)"]))
  }

  @Test func whatIsDifferentAboutTheAnswer() throws {
    var stream = try Stream(Self.reactions)
    stream.see(registration() + [bu(11, 0), ba(12, 0, 0)], from: ms(0))
    let finding = try #require(stream.judge.monitor.findings.first)
    #expect(finding.label == "otherwise" && finding.field == "ba.sequence" && finding.wireshark == "mip6.ba.seqnr")
    #expect(finding.expected.hasPrefix("11") && finding.seen.hasPrefix("12"))
    #expect([finding.trigger, finding.frame] == [3, 4])
  }

  // MARK: Windows by name

  @Test(
    arguments: [
      ("guard-time", 5_000), ("trigger-time", 30_000), ("probe-time", 250), ("grace", 20), ("1500 ms", 1_500),
      // With a twentieth and 50 ms for the device's clock: RFC 5846 waits 1 s and then 2 s.
      ("initial-delay", 1_100), ("retransmission", 3_200),
      // 2 x 4 s from the BA, which comes 1 ms after the BU and 1 ms before the BRI; with the tolerance of 7.999 s.
      ("lifetime", 8_448),
    ] as [(String, Int64)]) func lengths(_ window: String, _ milliseconds: Int64) throws
  {
    var stream = try Stream(
      """
      - rule: r
        when: { message: bri, from: ha }
        then: { message: bra, from: ue, within: \(window), decides: UE-shall }
      """)
    stream.see(registration(10, 2) + [bri(7)], from: ms(0))
    stream.judge.advance(to: ms(2 + milliseconds))
    #expect(stream.tally("UE-shall") == unreached)
    stream.judge.advance(to: ms(2 + milliseconds + 1))
    #expect(stream.tally("UE-shall") == broken)
  }

  /// draft-01 11 has one constant wait, RFC 5846 11 doubles it up to MAX_BRACK_TIMEOUT; one retry each.
  @Test func theLastCopyHasBeenWaitedFor() {
    var timers = Timers()
    (timers.initialDelay, timers.maximumDelay, timers.maximumRetries, timers.doubles) = (.seconds(1), .seconds(1), 1, false)
    #expect(timers.revocation == .seconds(2))
    (timers.maximumDelay, timers.doubles) = (.seconds(2), true)
    #expect(timers.revocation == .seconds(3))
    timers.maximumRetries = 3
    #expect(timers.revocation == .seconds(7))
    #expect(timers.tolerant(.seconds(1)) == .milliseconds(1_100))
  }

  @Test func foreverNeverEnds() throws {
    var stream = try Stream(
      """
      - rule: r
        when: { message: bra, from: ue }
        never: { message: bri, from: ha, for: forever, decides: HA-shall }
      """)
    stream.see(bra(7), at: ms(0))
    stream.see(bri(7), at: ms(1_000_000_000))
    #expect(stream.tally("HA-shall") == broken)
  }

  // MARK: Events

  private static let trigger = """
    - rule: r
      when: { event: hook, name: revoke }
      while: { binding: bound }
      then: { message: bri, from: ha, within: 1 s, decides: HA-shall }
    - rule: p
      when: { event: probe, name: forwarding }
      then: { message: tunnelled, from: ha, within: probe-time, decides: HA-other }
    """

  @Test func anEventSetsARuleOff() throws {
    var stream = try Stream(Self.trigger)
    stream.see(registration(), from: ms(0))
    stream.hook("detach", at: ms(100))
    stream.hook("revoke", otherHome, at: ms(100))
    stream.judge.advance(to: ms(9_000))
    #expect(stream.tally("HA-shall") == unreached)
    stream.hook("revoke", at: ms(10_000))
    stream.see(bri(7), at: ms(10_500))
    #expect(stream.tally("HA-shall") == passed)
  }

  /// What must follow a hook is due from its return on.
  @Test func aHookThatTakesItsTime() throws {
    var stream = try Stream(Self.trigger)
    stream.see(registration(), from: ms(0))
    stream.hook("revoke", at: ms(100))
    stream.note(.hookReturned, at: ms(1_000)) { $0.home = HomeAddress(home) }
    stream.see(bri(7), at: ms(1_900))
    #expect(stream.tally("HA-shall") == passed)
  }

  /// A hook's return moves no other window.
  @Test func aHookReturnsWhileAProbeRuns() throws {
    var stream = try Stream(Self.trigger)
    stream.see(registration(), from: ms(0))
    stream.probe(at: ms(100))
    stream.note(.hookReturned, at: ms(300)) { $0.home = HomeAddress(home) }
    stream.see(tunnelled(), at: ms(400))
    #expect(stream.tally("HA-other") == broken)
  }

  @Test func aHookThatIsStillWaitedForKeepsItsLifetime() throws {
    var stream = try Stream(
      """
      - rule: r
        when: { event: hook, name: detach }
        then: { message: bu, from: ue, within: lifetime, decides: UE-shall }
      """)
    stream.see(registration(10, 2), from: ms(0))
    stream.hook("detach", at: ms(100))
    stream.note(.hookReturned, at: ms(200)) { $0.home = HomeAddress(home) }
    stream.see(bu(11, 0), at: ms(7_000))
    #expect(stream.tally("UE-shall") == passed)
  }

  // MARK: What proves nothing

  /// Silence to the end of a window is no answer where frames were lost in it.
  @Test func lostFrames() throws {
    for (rule, requirement, first) in [(Self.then, "UE-shall", bri(7)), (Self.never, "HA-shall", bra(7))] {
      var stream = try Stream(rule)
      stream.see(first, at: ms(0))
      stream.note(.drops, at: ms(500)) { $0.count = 3 }
      stream.judge.advance(to: ms(9_000))
      #expect(stream.tally(requirement) == inconclusive)
      #expect(stream.judge.monitor.findings.first?.reason == "the capture lost 3 frames while this was watched")
    }
    // What was seen is an answer all the same, and what is watched afterwards is watched whole.
    var stream = try Stream(Self.never)
    stream.see(bra(7), at: ms(0))
    stream.note(.drops, at: ms(500)) { $0.count = 3 }
    stream.see(bri(7), at: ms(600))
    #expect(stream.tally("HA-shall") == broken)
    stream.see(bra(7), at: ms(700))
    stream.judge.advance(to: ms(9_000))
    #expect(stream.tally("HA-shall") == [1, 1, 0])
  }

  @Test func theCaptureEndsFirst() throws {
    var stream = try Stream(Self.then)
    stream.see(bri(7), at: ms(0))
    stream.see(bra(9, home: otherHome), at: ms(2_000))
    let verdicts = stream.judge.finish()
    #expect(stream.tally("UE-shall") == inconclusive)
    #expect(verdicts.findings.map(\.reason) == ["the capture ends before the window does"])
    #expect(verdicts.requirements.map { "\($0.requirement) \($0.verdict.rawValue)" } == ["UE-shall inconclusive"])
  }
}
