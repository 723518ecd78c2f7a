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

  /// The defects of keys, a fifth at a time.
  struct Part: Sendable, CustomTestStringConvertible {
    var pair: Pair
    var number: Int

    static let all = Pair.all.flatMap { pair in (0..<5).map { Part(pair: pair, number: $0) } }
    var testDescription: String { "\(pair.testDescription) \(number + 1)/5" }
  }

  /// Each defect is blamed on exactly its sentences, by what is written in expectations.yaml; under its modifiers `detachspec matrix` tries it.
  @Test(arguments: Part.all) func whatBecomesOfTheKeysIsJudged(_ part: Part) throws {
    let pair = part.pair
    let defects = Defect.all.filter { $0.role == pair.nodeRole && $0.needsKeys }
    #expect(defects.count > 20)
    let dialect = try bench(pair).profile.dialect
    for (index, use) in defects.map({ DefectUse($0) }).enumerated() where index % 5 == part.number {
      // Under a text that allows what it does, nobody runs it.
      guard !use.defect.requirements(under: dialect, modifier: use.modifier).isEmpty else { continue }
      var bench = try bench(pair, defects: [use.description])
      // One after the other: whatever a defect does to other bindings hits no other case.
      bench.jobs = 1
      bench.cases.removeAll { $0.role != pair.role || !Self.concernsKeys($0) }
      let expected = bench.suite.expectations.of(use.defect.name, modifier: use.modifier?.rawValue, with: nil, role: pair.role)
      let outcome = try bench.run()
      #expect(outcome.verdicts.blamed == expected?.blames(in: pair.profile).sorted(), "\(use)")
      #expect(outcome.testerErrors == [], "\(use)")
    }
  }

  /// What is wrong with keys shows where there have to be some, or in the plainest of the others; `detachspec matrix` runs them all.
  private static func concernsKeys(_ testCase: Case) -> Bool {
    testCase.needs.ics["ipsec"] == true
      || ["NID_BV_01", "NID_BV_02", "NID_BV_03", "NID_BV_04", "UID_BV_01", "UID_BV_02", "NID_BO_01", "NID_BO_03", "RACE_BV_01"].contains {
        testCase.id.hasSuffix($0)
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
