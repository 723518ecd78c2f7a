import Conformance
import Judging
import Link
import Nodes
import Testing
import Wire

/// A BU(0) that is aimed at the BRI.
@Suite struct RaceTests {
  private static let offsets: [String: Int64] = [
    "TP_HA_RACE_BV_05": -50, "TP_HA_RACE_BV_06": -20, "TP_HA_RACE_BV_07": -5, "TP_HA_RACE_BV_08": 0, "TP_HA_RACE_BV_09": 5,
    "TP_HA_RACE_BV_10": 20, "TP_HA_RACE_BV_11": 50,
  ]

  private func bench(_ variations: Set<Variation.Name> = [], _ cases: [String] = []) throws -> Bench {
    var bench = try Bench(Pair(role: .ha, profile: "rfc5846"), cases.isEmpty ? Self.offsets.keys.sorted() : cases)
    bench.node.variations = variations
    bench.keepsItems = true
    return bench
  }

  private func races(_ outcome: TestRun.Outcome, of id: String) -> [String] {
    outcome.items.compactMap { item in
      guard case .event(let event, _) = item, event.event == .race, event.testCase == id else { return nil }
      return event.text
    }
  }

  /// From the BRI to the BU(0), of a case that had one race, as the frames of the capture have it; nil: no BRI came.
  private func measured(_ outcome: TestRun.Outcome, _ id: String) throws -> Interval? {
    let result = try #require(outcome.verdicts[id])
    let home = try #require(result.homes.first.flatMap { IPv6Address($0) })
    var frames: [(kind: MessageKind, time: Instant)] = []
    var dissection = Dissection()
    for case .frame(let bytes, let info) in outcome.items {
      Decoder(dialect: .rfc5846).decode(bytes.span, into: &dissection)
      let named = dissection.value(.homeAddressOption, in: bytes.span) ?? dissection.value(.routingHomeAddress, in: bytes.span)
      guard named == home.value else { continue }
      if dissection.messageKind == .bri { frames.append((.bri, info.time)) }
      if dissection.messageKind == .bu, dissection.value(.buLifetime, in: bytes.span) == 0 { frames.append((.bu, info.time)) }
    }
    // The first BRI is that of the control.
    let update = try #require(frames.first { $0.kind == .bu })
    return frames.filter { $0.kind == .bri }.dropFirst().first.map { update.time - $0.time }
  }

  /// In virtual time it is exact. The Home Agent revokes at once, so that a BU before the BRI is one before the trigger.
  @Test func exact() throws {
    let bench = try bench()
    let outcome = try bench.run()
    for (id, offset) in Self.offsets {
      #expect(outcome.verdicts[id]?.verdict == .pass, "\(id)")
      let met = try measured(outcome, id)
      #expect(met == (offset < 0 ? nil : .milliseconds(offset)), "\(id)")
      #expect(races(outcome, of: id).count == 1, "\(id)")
    }
    #expect(outcome.verdicts.blamed == [])
  }

  /// One that takes its time from trigger to BRI is met just as exactly, and lets the BRI be where the BU came first.
  @Test func aSlowHomeAgent() throws {
    let bench = try bench([.slowBRI])
    let outcome = try bench.run()
    for (id, offset) in Self.offsets {
      #expect(outcome.verdicts[id]?.verdict == .pass, "\(id)")
      let met = try measured(outcome, id)
      #expect(met == (offset < 0 ? nil : .milliseconds(offset)), "\(id)")
    }
    #expect(outcome.verdicts.blamed == [])
  }

  /// A road of changing length: who never meets the BRI says so, after five attempts, and blames nobody.
  @Test func missed() throws {
    var bench = try bench([], ["TP_HA_RACE_BV_09"])
    bench.impair = { network in
      var impairment = Impairment()
      impairment.jitter = .milliseconds(200)
      network.impair(port: 0, .toTester, impairment)
    }
    let outcome = try bench.run()
    let races = races(outcome, of: "TP_HA_RACE_BV_09")
    let result = try #require(outcome.verdicts["TP_HA_RACE_BV_09"])
    #expect(result.verdict == .inconclusive && races.count == 5 && races.allSatisfy { $0.hasSuffix("missed") })
    #expect(result.reason?.hasPrefix("the BU(0) did not meet the BRI at 5 ms in 5 attempts; last, ") == true)
    #expect(outcome.verdicts.blamed == [])
  }
}
