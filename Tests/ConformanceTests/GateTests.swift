import Conformance
import Foundation
import Judging
import Link
import Nodes
import Reporting
import Testing

/// The proof suffices: judging the capture again gives the same verdicts, octet for octet, and each case's cut gives that case's.
@Suite struct GateTests {
  /// Every defect that has an expectation, unmodified, of one role; those that need keys are held by ProtectionTests.
  private static func defects(_ pair: Pair) throws -> [Defect] {
    let suite = try Judging.Suite.embedded()
    let dialect = try #require(suite.profile(pair.profile)).dialect
    return Defect.all.filter { defect in
      defect.role == pair.nodeRole && !defect.needsKeys && !defect.needsTunnel && !defect.requirements(under: dialect).isEmpty
        && suite.expectations.contains { $0.defect == defect.name && $0.role == pair.role }
    }
  }

  private func hold(_ bench: Bench, _ name: String, cuts: Bool) throws -> Verdicts {
    try withDirectory { directory in
      let live = try bench.run(in: directory, cuts: cuts)
      let audit = Audit(bench.suite, profile: nil, device: nil)
      let checked = try audit.check("\(directory)/run.pcapng")
      let verdicts = try #require(checked.verdicts.first)
      #expect(verdictsJSON(verdicts) == verdictsJSON(live.verdicts), "\(name)")
      #expect(checked.testerErrors == live.testerErrors, "\(name)")
      #expect(checked.frames == live.frames && checked.remarks == [] && checked.dialect == bench.profile.dialect)
      guard cuts else { return verdicts }
      for result in live.verdicts.cases where !result.homes.isEmpty {
        let cut = try #require(audit.check("\(directory)/captures/\(result.testCase).pcapng").verdicts.first)
        #expect(cut[result.testCase] == result, "\(name), cut of \(result.testCase)")
        #expect(cut.cases.count == 1, "\(name), cut of \(result.testCase)")
        // Its findings too, frame numbers apart.
        func findings(_ verdicts: Verdicts) -> [String] {
          verdicts.findings.filter { $0.testCase == result.testCase }.map {
            "\($0.requirement) \($0.verdict) \($0.expected) \($0.seen) \($0.time) \($0.count)"
          }.sorted()
        }
        #expect(findings(cut) == findings(live.verdicts), "\(name), cut of \(result.testCase)")
      }
      return verdicts
    }
  }

  @Test(arguments: Pair.all) func clean(_ pair: Pair) throws {
    #expect(try hold(Bench(pair), "clean", cuts: true).blamed == [])
  }

  /// Each defect is named by what it was written down to break, and by nothing else.
  @Test(arguments: Pair.all) func everyDefect(_ pair: Pair) throws {
    let suite = try Judging.Suite.embedded()
    let defects = try Self.defects(pair)
    #expect(defects.count > 15)
    for (index, defect) in defects.enumerated() {
      // The cuts of some of them.
      let verdicts = try hold(Bench(pair, defects: [defect.name]), defect.name, cuts: index % 5 == 0)
      let expectation = try #require(suite.expectations.first { $0.defect == defect.name && $0.role == pair.role })
      #expect(verdicts.blamed == expectation.blames(in: pair.profile).sorted(), "\(defect.name)")
    }
  }
}
