import Conformance
import Judging
import Link
import Nodes
import Reporting
import Testing
import Wire

/// What imperfect links do to verdicts.
@Suite struct ImpairmentTests {
  private func bench(_ pair: Pair, seed: UInt64 = 1, _ change: (inout Impairment) -> Void) throws -> Bench {
    var impairment = Impairment()
    change(&impairment)
    var bench = try Bench(pair)
    bench.seed = seed
    bench.impair = { [impairment] network in
      for port in 0..<network.portCount {
        network.impair(port: port, .toStations, impairment)
        network.impair(port: port, .toTester, impairment)
      }
    }
    return bench
  }

  @Test(arguments: Pair.all) func slowLinksAreNobodysFault(_ pair: Pair) throws {
    for change in [{ $0.delay = .milliseconds(40) }, { $0.jitter = .milliseconds(15) }] as [(inout Impairment) -> Void] {
      let outcome = try bench(pair, change).run()
      #expect(outcome.verdicts.blamed == [])
      #expect(outcome.verdicts.unclean == [])
      #expect(outcome.testerErrors == [])
    }
  }

  /// A stimulus or an answer that the link loses is silence of the device to whoever watches: only a preamble is sent again. Such a fail
  /// rests on silence, never on a message; or on a UE that knows of no binding, because it never saw the BA.
  @Test(arguments: [1, 2, 3] as [UInt64]) func lossLooksLikeSilence(_ seed: UInt64) throws {
    for pair in Pair.all {
      let outcome = try bench(pair, seed: seed) { $0.loss = 0.03 }.run()
      let broken = outcome.verdicts.findings.filter { $0.verdict == .fail || $0.verdict == .warning }
      #expect(
        broken.filter { !$0.seen.hasPrefix("nothing") && !$0.seen.contains("binding does not exist") } == [], "\(pair.testDescription)")
      #expect(outcome.testerErrors == [])
      // Most of it goes well all the same.
      #expect(outcome.verdicts.cases.count { $0.verdict == .pass } > outcome.verdicts.unclean.count)
    }
  }

  /// The preamble is sent up to three times.
  @Test func aLostRegistrationIsRepeated() throws {
    var bench = try Bench(Pair(role: .ha, profile: "rfc5846"), ["TP_HA_UID_BV_01"])
    var network: SimulatedNetwork?
    bench.impair = { network = $0 }
    var began = false
    let outcome = try bench.run { progress in
      // From the case's first moment on nothing arrives, until time has gone on.
      guard let network else { return }
      if !progress.running.isEmpty, !began {
        began = true
        var impairment = Impairment()
        impairment.loss = 1
        network.impair(port: 0, .toTester, impairment)
      } else if began, network.now > Instant(nanoseconds: 1_704_067_200_000_000_000) + .milliseconds(500) {
        network.impair(port: 0, .toTester, Impairment())
      }
    }
    #expect(began)
    #expect(outcome.verdicts["TP_HA_UID_BV_01"]?.verdict == .pass)
  }

  /// Whatever the links do, the capture tells the same story.
  @Test(arguments: Pair.all) func theGateHoldsOnBadLinks(_ pair: Pair) throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      let bad = try bench(pair, seed: seed) {
        $0.loss = 0.05
        $0.duplication = 0.1
        $0.reordering = 0.1
        $0.jitter = .milliseconds(3)
      }
      try withDirectory { directory in
        let live = try bad.run(in: directory)
        let checked = try Audit(bad.suite, profile: nil, device: nil).check("\(directory)/run.pcapng")
        #expect(checked.verdicts.map(verdictsJSON) == [verdictsJSON(live.verdicts)], "seed \(seed)")
      }
    }
  }
}
