import Conformance
import Judging
import Nodes
import Testing

/// The embedded suite over simulated links, on the reference nodes.
@Suite struct ReferenceTests {
  @Test(arguments: Pair.all) func cleanNodesPass(_ pair: Pair) throws {
    let outcome = try Bench(pair).run()
    #expect(outcome.verdicts.unclean == [])
    #expect(outcome.verdicts.blamed == [])
    #expect(outcome.testerErrors == [])
    #expect(outcome.refused == 0 && outcome.drops == 0 && !outcome.wasCancelled)
    // Every case of the role was there, and those of the other one do not apply.
    let suite = try Judging.Suite.embedded()
    #expect(outcome.verdicts.cases.map(\.testCase) == suite.cases.map(\.id))
    for result in outcome.verdicts.cases {
      let isForIt = suite.testCase(result.testCase)?.role == pair.role
      if !isForIt { #expect(result.verdict == .notApplicable, "\(result.testCase)") }
      if result.verdict == .pass { #expect(!result.assertions.isEmpty, "\(result.testCase)") }
    }
    #expect(outcome.verdicts.cases.count { $0.verdict == .pass } > 10)
  }
}
