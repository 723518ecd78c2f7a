import Foundation
import Link
import Testing
import Wire

@testable import Judging

/// Whatever is captured: nothing traps, and nothing grows with it but the count of frames.
@Suite struct HostileTests {
  private static let rules = """
    - rule: every
      when: { message: mh }
      must: { BOTH: { mh.reserved: 0, mh.options: { only: [0, 1, 3] } } }
    - rule: bu
      when: { message: bu, from: ue }
      must: { UE-shall: { bu.sequence: serial-after-accepted, hao.home-address: { equals: home } } }
      then: { message: ba, from: ha, ba.sequence: same, within: 100 ms, decides: HA-shall }
    - rule: bri
      when: { message: bri, from: ha }
      never: { message: bra, from: ue, bra.sequence: { differs: bri.sequence }, for: lifetime, after: grace, decides: UE-shall }
      reactions:
        - { label: error, match: { message: be, from: ue }, verdict: inconclusive, decides: UE-shall }
        - { label: icmp, match: { message: icmpv6, from: ue }, verdict: fail, decides: UE-shall }
        - { label: nothing, silence: guard-time, verdict: fail, decides: UE-shall }
        - { label: otherwise, verdict: pass, decides: UE-shall }
    """

  private static let valid: [Packet] = {
    var packets = registration() + registration(20, home: otherHome, from: otherCareOf)
    packets += [bri(7), bra(7), bu(11, 0), ba(11, 0, 0), bri(0x3000, .draft01), bra(0x3000, 0, .draft01), tunnelled()]
    packets += [be(1, from: careOf, to: homeAgent), be(2, home: .unspecified, from: homeAgent, to: careOf)]
    packets += [icmp(4, about: bri(7), from: careOf, to: homeAgent), icmp(1, about: bu(11, 0), from: homeAgent, to: careOf)]
    packets += [bri(7, home: home, to: otherCareOf), bri(7, from: stranger), bu(12, 5, home: stranger, from: stranger)]
    return packets
  }()

  /// A valid frame with some octets, or its length, changed; or octets that are none.
  private func frame(_ generator: inout SeededGenerator, _ frames: [[UInt8]]) -> [UInt8] {
    if generator.chance(0.1) { return (0..<generator.below(200)).map { _ in UInt8(truncatingIfNeeded: generator.next()) } }
    var frame = frames[Int(generator.below(Int64(frames.count)))]
    for _ in 0..<generator.below(4) {
      frame[Int(generator.below(Int64(frame.count)))] = UInt8(truncatingIfNeeded: generator.next())
    }
    if generator.chance(0.1) { frame.removeLast(Int(generator.below(Int64(frame.count)))) }
    return frame
  }

  private func bombard(_ stream: inout Stream, _ count: Int, seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let frames = Self.valid.map { $0.encoded() }
    let homes = [home, otherHome, stranger]
    var time = ms(0)
    for index in 0..<count {
      // Time goes on, mostly.
      time = time + .microseconds(generator.below(40_000) - 2_000)
      stream.see(frame(&generator, frames), at: time, isOutgoing: generator.chance(0.3))
      guard generator.chance(0.05) else { continue }
      let kinds: [Event.Kind] = [.caseBegin, .caseEnd, .hook, .hookReturned, .probe, .stimulus, .drops, .caseSkipped, .awaiting, .run]
      stream.note(kinds[index % kinds.count], at: time) {
        $0.testCase = ["TP_A", "TP_B", "", "TP_HA_NID_BV_01"][Int(generator.below(4))]
        $0.homes = homes.prefix(Int(generator.below(4))).map(HomeAddress.init) + [HomeAddress(.unspecified)]
        $0.home = HomeAddress(generator.chance(0.1) ? .unspecified : homes[Int(generator.below(3))])
        $0.name = ["revoke", "forwarding", "refresh", ""][Int(generator.below(4))]
        $0.digest = generator.chance(0.5) ? "123" : nil
        $0.count = generator.chance(0.5) ? UInt64.max : 1
        $0.attempt = Int(generator.below(3))
        $0.superseded = generator.chance(0.1)
        $0.altered = generator.chance(0.5)
      }
    }
  }

  @Test(arguments: [(nil, "new"), (nil, "old"), (.ha, "new"), (.ue, "old")] as [(Role?, String)])
  func nothingTraps(_ role: Role?, _ profile: String) throws {
    var stream = try Stream(Self.rules, profile: profile, role: role, knowing: role == nil ? [] : [homeAgent])
    bombard(&stream, 20_000, seed: 1)
    let verdicts = stream.judge.finish()
    #expect(stream.judge.frames == 20_000)
    #expect(verdicts.findings.count <= Monitor.maximumFindings)
    // Some of it was understood.
    #expect(stream.judge.monitor.mobilityHeaders > 5_000)
    #expect(verdicts.requirements.contains { $0.broken > 0 } && verdicts.requirements.contains { $0.passed > 0 })
    #expect(stream.judge.monitor.conversations.allSatisfy { $0.obligations == -1 })
  }

  @Test(arguments: [(nil, "rfc5846"), (.ha, "ts24303-0.4.1"), (.ue, "rfc5846")] as [(Role?, String)])
  func nothingTrapsTheWholeSuite(_ role: Role?, _ profile: String) throws {
    var stream = try Stream(suite: .embedded(), profile: profile, role: role, knowing: [homeAgent])
    bombard(&stream, 10_000, seed: 2)
    let verdicts = stream.judge.finish()
    #expect(stream.judge.frames == 10_000)
    #expect(!verdicts.findings.isEmpty)
    #expect(stream.judge.monitor.conversations.allSatisfy { $0.obligations == -1 })
  }

  /// The same stream, the same verdicts.
  @Test func theSameAgain() throws {
    func verdicts() throws -> Verdicts {
      var stream = try Stream(Self.rules)
      bombard(&stream, 3_000, seed: 3)
      return stream.judge.finish()
    }
    try #expect(verdicts() == verdicts())
  }

  /// A message behind a TLV header of UDP 4191 is nobody's; the same without it is judged.
  @Test func whatATLVHeaderCarriesIsNoMessage() throws {
    var stream = try Stream(
      "- { rule: r, when: { message: bu, from: ue }, must: { UE-shall: { bu.a: 0 } } }", ics: ["tunnelled": true], knowing: [homeAgent])
    let message = Array(Packet([.ipv6(from: home, to: homeAgent), .message(.bu, .rfc5846, [(.buSequence, 1), (.buA, 1)])]).encoded())
    func tunnel(_ octets: [UInt8]) -> Packet {
      framed([.ipv4(from: IPv4Address(0xc633_6402), to: IPv4Address(0xc000_0201)), .udp(from: 40_077, to: 4191)], payload: octets)
    }
    for type in 0..<16 where type != 4 && type != 6 {
      stream.see(tunnel([UInt8(type << 4), 0, UInt8(message.count << 4 & 0xf0), 0] + message), at: ms(Int64(type)))
      stream.see(tunnel([UInt8(type << 4)]), at: ms(Int64(type)))
    }
    #expect(stream.judge.monitor.mobilityHeaders == 0 && stream.judge.monitor.findings.isEmpty)
    stream.see(tunnel(message), at: ms(20))
    #expect(stream.judge.monitor.mobilityHeaders == 1 && stream.judge.monitor.findings.count == 1)
  }

  @Test func findingsAreBounded() throws {
    var stream = try Stream("- { rule: r, when: { message: bu, from: ue }, must: { UE-shall: { bu.a: 0 } } }")
    for index in 0..<(Monitor.maximumFindings + 500) { stream.see(bu(1, 1, home: home.advanced(by: index)), at: ms(Int64(index))) }
    #expect(stream.judge.monitor.findings.count == Monitor.maximumFindings)
    #expect(stream.judge.monitor.suppressed == 500)
    #expect(stream.tally("UE-shall") == [0, Monitor.maximumFindings + 500, 0])
  }

  /// The same finding again is counted.
  @Test func findingsAreCounted() throws {
    var stream = try Stream("- { rule: r, when: { message: bu, from: ue }, must: { UE-shall: { bu.a: 0 } } }")
    for index in 0..<50 { stream.see(bu(UInt16(index), 1), at: ms(Int64(index))) }
    #expect(stream.judge.monitor.findings.map(\.count) == [50])
    #expect(stream.judge.monitor.findings.map(\.frame) == [1])
  }

  @Test func errorsOfTheTesterAreBounded() throws {
    var stream = try Stream("- { rule: r, when: { message: bu, from: ue }, must: { UE-shall: { bu.a: 0 } } }", role: .ha)
    for index in 0..<2_000 { stream.see(bu(1, 1), at: ms(Int64(index)), isOutgoing: true) }
    #expect(stream.judge.testerErrors.count == Monitor.maximumTesterErrors)
  }

  /// A flood on one binding opens no more windows than can be watched.
  @Test(.timeLimit(.minutes(1))) func watchesAreBounded() throws {
    var stream = try Stream(Self.rules)
    for index in 0..<3_000 { stream.see(bri(UInt16(index)), at: ms(0) + .microseconds(Int64(index))) }
    #expect(stream.judge.monitor.pool.count == Monitor.usualWatches)
    _ = stream.judge.finish()
    // None is passed over in silence: two sequels each.
    #expect(stream.tally("UE-shall").reduce(0, +) == 6_000)
  }

  /// An event of somebody's capture may hold any text for an address.
  @Test func addressesThatAreNone() throws {
    let text = #"{"event": "hook", "home": "::zz", "homes": ["x", "2001:db8::1"]}"#
    let event = try JSONDecoder().decode(Event.self, from: Data(text.utf8))
    #expect(event.home != nil && event.home?.named == nil)
    #expect(event.homes?.compactMap(\.named).map(\.description) == ["2001:db8::1"])
  }
}
