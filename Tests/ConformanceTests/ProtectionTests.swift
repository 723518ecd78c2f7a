import Conformance
import Judging
import Link
import Nodes
import Security
import Testing
import Wire

/// The suite over bindings that IKEv2 and ESP protect.
@Suite struct ProtectionTests {
  private func bench(_ pair: Pair, _ cases: [String] = [], defects: [String] = []) throws -> Bench {
    var bench = try Bench(pair, cases, defects: defects)
    bench.node.security = .lab
    return bench
  }

  @Test(arguments: Pair.all) func nothingIsBrokenAndTheKeysSuffice(_ pair: Pair) throws {
    let bench = try bench(pair)
    try withDirectory { directory in
      let outcome = try bench.run(in: directory)
      #expect(outcome.verdicts.blamed == [])
      #expect(outcome.verdicts.unclean == [])
      #expect(outcome.testerErrors == [])
      #expect(outcome.verdicts.cases.count { $0.verdict == .pass } > 40)
      let waiting = outcome.verdicts.cases.filter { $0.reason == "the device's ICS says ipsec: yes" }
      #expect(waiting.allSatisfy { $0.testCase == "TP_HA_UID_BI_14" })
      let path = "\(directory)/run.pcapng"
      var tables = KeyTables()
      #expect(tables.ike.read(outcome.keys.ikeTable).isEmpty)
      #expect(tables.readESP(outcome.keys.espTable).isEmpty)
      #expect(try Audit(bench.suite, profile: nil, device: nil, keys: tables).check(path).verdicts == [outcome.verdicts])
      // Without them nothing of it can be judged.
      let blind = try Audit(bench.suite, profile: nil, device: nil).check(path)
      #expect(blind.verdicts[0].cases.count { $0.verdict == .inconclusive } > 40)
    }
  }

  /// Each defect is blamed on exactly its sentences, by what is written in expectations.yaml.
  @Test(arguments: Pair.all) func whatBecomesOfTheKeysIsJudged(_ pair: Pair) throws {
    let defects = Defect.all.filter { $0.role == pair.nodeRole && $0.needsKeys }
    #expect(!defects.isEmpty)
    for defect in defects {
      for modifier in [nil] + defect.modifiers.map(Optional.some) {
        let use = DefectUse(defect, modifier)
        let bench = try bench(pair, defects: [use.description])
        let expected = bench.suite.expectations.of(defect.name, modifier: modifier?.rawValue, with: nil, role: pair.role)
        #expect(try bench.run().verdicts.blamed == expected?.blames(in: pair.profile).sorted(), "\(use)")
      }
    }
  }

  /// A Home Agent that is spoken to in clear, and a UE as well, says nothing where there should be keys.
  @Test(arguments: Pair.all) func inClearNothingIsTaken(_ pair: Pair) throws {
    var bench = try bench(pair, [pair.role == .ha ? "TP_HA_UID_BV_01" : "TP_UE_NID_BV_01"])
    bench.change = { $0.security = .none }
    let outcome = try bench.run()
    #expect(outcome.verdicts.cases.filter { $0.verdict != .notApplicable }.allSatisfy { $0.verdict == .inconclusive })
    #expect(outcome.verdicts.cases.compactMap(\.reason).contains { $0.contains("was not registered") })
  }
}
