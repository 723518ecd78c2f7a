import Judging
import Testing
import Wire

/// Cases: their verdicts, what the tester sends, what ends with them.
@Suite struct CaseTests {
  private static let rules = """
    - rule: fields
      when: { message: bri, from: ha }
      must: { HA-shall: { bri.p: 0 }, HA-should: { bri.g: 0 } }
    - rule: answer
      when: { message: bu, from: ue, bu.lifetime: 0 }
      then: { message: ba, from: ha, ba.status: 0, within: 1 s, decides: HA-other }
    - rule: ue
      when: { message: bu, from: ue }
      must: { UE-shall: { bu.a: 1 } }
    - rule: old-text
      texts: [old]
      when: { message: bri, from: ha }
      must: { HA-old: { bri.p: 0 } }
    - { case: TP_A, title: A, clause: 1, role: ha, steps: [register], exercises: [fields, answer] }
    - { case: TP_B, title: B, clause: 2, role: ha, steps: [register], exercises: [fields], may-exercise: [answer] }
    - { case: TP_C, title: C, clause: 3, role: ha, steps: [register], exercises: [old-text] }
    """

  private func stream() throws -> Stream { try Stream(Self.rules, role: .ha) }

  private static let revocation = bri(7)
  private static let detach = [bu(11, 0), ba(11, 0, 0)]

  /// The verdict of `TP_A`, or of another, on these messages.
  private func result(
    _ packets: [Packet], _ id: String = "TP_A", until end: Int64 = 500, _ fill: (inout Event) -> Void = { _ in }
  ) throws -> CaseResult? {
    var stream = try stream()
    stream.begin(id, at: ms(0))
    stream.see(registration() + packets, from: ms(1))
    stream.end(id, at: ms(end), fill)
    return stream.judge.result(of: id)
  }

  // MARK: Verdicts

  @Test func theFirstThatHolds() throws {
    let whole = [Self.revocation] + Self.detach
    try #expect(result(whole)?.verdict == .pass)
    try #expect(result(whole)?.reason == nil)
    // A warning does not keep a case from passing.
    try #expect(result([bri(7).with("bri.g", 1)] + Self.detach)?.verdict == .pass)
    try #expect(result([bri(7).with("bri.p", 1)] + Self.detach)?.verdict == .fail)
    try #expect(result([bri(7).with("bri.p", 1)])?.verdict == .fail)
    try #expect(result(Self.detach)?.verdict == .inconclusive)
    try #expect(result(whole) { $0.error = "e" }?.verdict == .error)
    try #expect(result([bri(7).with("bri.p", 1)]) { $0.error = "e" }?.verdict == .error)
    try #expect(result(whole) { $0.inconclusive = "i" }?.verdict == .inconclusive)
    try #expect(result(whole) { $0.inconclusive = "i" }?.reason == "i")
    try #expect(result([bri(7).with("bri.p", 1)]) { $0.inconclusive = "i" }?.verdict == .fail)
    try #expect(result([Self.revocation], "TP_B")?.verdict == .pass)
    // Rules that a case may exercise count only when they are broken.
    try #expect(result([Self.revocation, bu(11, 0)], "TP_B")?.verdict == .pass)
    try #expect(result([Self.revocation, bu(11, 0), ba(11, 130, 0)], "TP_B", until: 2_000)?.verdict == .fail)
    try #expect(result([], "TP_C")?.verdict == .notApplicable)
  }

  @Test func whatAResultRestsOn() throws {
    let result = try #require(try result([bri(7).with("bri.g", 1), bri(7)] + Self.detach))
    #expect(
      result.assertions.map { "\($0.rule) \($0.requirement) \($0.level.rawValue) \($0.verdict.rawValue) \($0.reached)" } == [
        "fields HA-shall shall pass 2", "fields HA-should should warning 2", "answer HA-other must-not pass 1",
      ])
    #expect(result.homes == [home.description] && result.attempt == 1 && result.title == "A" && result.clause == "1")
    #expect(result.begin == ms(0).nanoseconds && result.end == ms(500).nanoseconds)
  }

  @Test func reasons() throws {
    try #expect(result(Self.detach)?.reason == "HA-shall was never reached (rule fields)")
    // It was reached, and its window was still open.
    try #expect(result([Self.revocation, bu(11, 0)])?.reason == "HA-other: the case ended before the window did")
  }

  /// What another case ran into is not this one's reason.
  @Test func aReasonOfItsOwn() throws {
    var stream = try stream()
    stream.begin("TP_A", at: ms(0))
    stream.see(registration() + [Self.revocation, bu(11, 0)], from: ms(1))
    stream.note(.drops, at: ms(100)) { $0.count = 1 }
    stream.end("TP_A", at: ms(2_000))
    #expect(stream.judge.result(of: "TP_A")?.reason == "HA-other: the capture lost 1 frames while this was watched")
    stream.begin("TP_B", at: ms(3_000))
    stream.end("TP_B", at: ms(4_000))
    #expect(stream.judge.result(of: "TP_B")?.reason == "HA-shall was never reached (rule fields)")
    stream.begin("TP_A", at: ms(5_000))
    stream.see(registration(12) + [Self.revocation], from: ms(5_001))
    stream.end("TP_A", at: ms(9_000))
    #expect(stream.judge.result(of: "TP_A")?.reason == "HA-other was never reached (rule answer)")
  }

  /// A case owes nothing to what came before it, and what comes after it is not its own.
  @Test func onlyItsOwnTime() throws {
    var stream = try stream()
    stream.see(registration() + [Self.revocation, bri(7).with("bri.p", 1), bu(11, 0)], from: ms(0))
    stream.begin("TP_B", at: ms(100))
    #expect(stream.judge.monitor.bindingStates(home: home, homeAgent: homeAgent) == ["unbound", "bound", "revoking"])
    stream.see(registration(12) + [Self.revocation], from: ms(200))
    stream.end("TP_B", at: ms(300))
    stream.see(bri(8).with("bri.p", 1), at: ms(400))
    #expect(stream.judge.result(of: "TP_B")?.verdict == .pass)
    #expect(stream.judge.monitor.findings.map(\.testCase) == [nil])
    // Its obligation from before the case went with it.
    stream.judge.advance(to: ms(9_000))
    #expect(stream.tally("HA-other") == unreached)
  }

  @Test func casesSideBySide() throws {
    var stream = try stream()
    stream.begin("TP_A", [home], at: ms(0))
    stream.begin("TP_B", [otherHome], at: ms(0))
    stream.see(registration() + registration(20, home: otherHome, from: otherCareOf), from: ms(1))
    stream.see([bri(7).with("bri.p", 1), bri(8, home: otherHome, to: otherCareOf)] + Self.detach, from: ms(100))
    stream.end("TP_B", at: ms(200))
    stream.end("TP_A", at: ms(300))
    let verdicts = stream.judge.finish()
    #expect(verdicts.cases.map { "\($0.testCase) \($0.verdict.rawValue)" } == ["TP_A fail", "TP_B pass"])
    #expect(verdicts.findings.map(\.testCase) == ["TP_A"])
    #expect(verdicts.role == .ha && verdicts.profile == "new")
  }

  /// An attempt that another one replaces leaves no finding.
  @Test func aSecondAttempt() throws {
    var stream = try stream()
    stream.begin("TP_A", at: ms(0))
    stream.see(registration() + [bri(7).with("bri.p", 1)], from: ms(1))
    stream.end("TP_A", at: ms(100)) { $0.superseded = true }
    #expect(stream.judge.result(of: "TP_A") == nil)
    stream.begin("TP_A", attempt: 2, at: ms(200))
    stream.see(registration(12) + [Self.revocation, bu(13, 0), ba(13, 0, 0)], from: ms(201))
    stream.end("TP_A", at: ms(300))
    let verdicts = stream.judge.finish()
    #expect(verdicts.cases.map { "\($0.verdict.rawValue) \($0.attempt)" } == ["pass 2"])
    #expect(verdicts.findings == [])
  }

  @Test func casesThatDoNotApply() throws {
    var stream = try stream()
    stream.note(.caseSkipped, at: ms(0)) {
      $0.testCase = "TP_A"
      $0.text = "the device says so"
    }
    let verdicts = stream.judge.finish()
    #expect(verdicts.cases.map { "\($0.verdict.rawValue) \($0.reason ?? "")" } == ["not-applicable the device says so"])
  }

  /// Events that fit nothing are passed over.
  @Test func eventsOutOfPlace() throws {
    var stream = try stream()
    stream.end("TP_A", at: ms(0))
    stream.note(.caseBegin, at: ms(0))
    stream.begin("TP_UNKNOWN", at: ms(1))
    stream.end("TP_UNKNOWN", at: ms(2))
    stream.note(.hook, at: ms(3)) { $0.home = HomeAddress(.unspecified) }
    stream.note(.hookReturned, at: ms(3)) { $0.home = HomeAddress(home) }
    stream.note(.stimulus, at: ms(3)) {
      $0.home = HomeAddress(home)
      $0.digest = "xyz"
    }
    stream.begin("TP_A", at: ms(4))
    #expect(stream.judge.finish().cases.map(\.verdict) == [.notApplicable])
  }

  // MARK: The tester's own messages

  private func announced(_ packet: Packet, altered: Bool?, sent: Packet? = nil, isOutgoing: Bool = true) throws -> Stream {
    var stream = try stream()
    stream.see(registration(), from: ms(0))
    if let altered {
      stream.note(.stimulus, at: ms(90)) {
        $0.home = HomeAddress(home)
        $0.digest = String(Monitor.digest(packet.encoded().span), radix: 16)
        $0.altered = altered
      }
    }
    stream.see(sent ?? packet, at: ms(100), isOutgoing: isOutgoing)
    return stream
  }

  @Test func whoIsToBlame() throws {
    let wrong = bu(11, 0).with("bu.a", 0)
    // Unasked: an error of the tester.
    #expect(try announced(wrong, altered: nil).judge.testerErrors == ["frame 3: the tester itself broke UE-shall: expected 1, sent 0"])
    #expect(try announced(wrong, altered: false).judge.testerErrors.count == 1)
    // A step made it wrong.
    #expect(try announced(wrong, altered: true).judge.testerErrors == [])
    // Only that very frame was announced.
    #expect(try announced(bu(12, 0), altered: true, sent: wrong).judge.testerErrors.count == 1)
    // Neither is a finding: the device is the Home Agent.
    #expect(try announced(wrong, altered: nil).findings == [])
    // From the other side it is nobody's: the UE is not judged.
    #expect(try announced(wrong, altered: nil, isOutgoing: false).judge.testerErrors == [])
    #expect(try announced(bu(11, 0), altered: nil).judge.testerErrors == [])
  }

  /// An announcement excuses one frame.
  @Test func anAnnouncementIsUsedUp() throws {
    let wrong = bu(11, 0).with("bu.a", 0)
    var stream = try announced(wrong, altered: true)
    stream.see(wrong, at: ms(110), isOutgoing: true)
    #expect(stream.judge.testerErrors.count == 1)
  }

  /// The Ethernet header is filled in after the announcement.
  @Test func theDigestLeavesTheEthernetHeaderOut() throws {
    let wrong = bu(11, 0).with("bu.a", 0)
    #expect(try announced(wrong, altered: true, sent: wrong.with("ethernet.destination", 0x1234)).judge.testerErrors == [])
  }

  /// Whatever home address a stimulus names, it is about the one that it was sent for.
  @Test func aStimulusThatNamesSomebodyElse() throws {
    let stray = bu(11, 0).with("hao.home-address", stranger.value)
    let stream = try announced(stray, altered: true)
    #expect(stream.judge.monitor.last?.home == home)
    // Even one that is no message of the UE's at all.
    let other = try announced(bu(11, 0).with("ipv6.next-header", 59), altered: true)
    #expect(other.judge.monitor.last.map { "\($0.kind.rawValue) \($0.from.rawValue) \($0.home)" } == "mh ue \(home)")
  }
}
