import Judging
import Link
import Nodes
import Security
import Testing

@testable import Conformance

/// What the stage does not run again would have come to the same.
@Suite struct KillMatrixStageTests {
  private let suite: Judging.Suite
  private let profile: Profile

  init() throws {
    suite = try Judging.Suite.embedded()
    profile = try #require(suite.profile("rfc5846"))
  }

  @Test(arguments: Role.allCases, [false, true]) func shortcutsChangeNothing(_ role: Role, hasKeys: Bool) throws {
    var clean = ReferenceNode(role: role, profile: profile, homeAddresses: 16)
    clean.security = hasKeys ? .lab : .none
    let setup = try #require(Setup(clean.device, profile: profile, suite: suite))
    let stage = try KillMatrix.Stage(clean, setup, suite, beside: [])
    var generator = SeededGenerator(seed: 11)
    let all = KillMatrix.Node.all(role, profile, hasKeys: hasKeys)
    let nodes = [KillMatrix.Node()] + all.shuffled(using: &generator).prefix(5)
    for (node, recording) in zip(nodes, try stage.record(nodes)) {
      var reference = clean
      reference.defects = node.defect.map { [$0] } ?? []
      reference.variations = node.variation.map { [$0.id] } ?? []
      var results: [CaseResult] = []
      var blamed: Set<String> = []
      for testCase in suite.cases where Scheduler.obstacle(testCase, setup) == nil {
        let (network, hooks) = reference.simulation()
        let verdicts = try TestRun(setup: setup, suite: suite, cases: [testCase]).run(over: network, hooks: hooks, writer: nil).verdicts
        results += verdicts.cases
        blamed.formUnion(verdicts.findings.filter { $0.verdict == .fail || $0.verdict == .warning }.map(\.requirement))
      }
      #expect(recording.results == results, "\(node.name)")
      #expect(recording.blamed == blamed.sorted(), "\(node.name)")
    }
  }

  /// A station that does one thing otherwise, sooner, or at another time, does not repeat a transcript.
  @Test func aTranscriptIsRepeatedByItsLikeAlone() throws {
    let clean = ReferenceNode(role: .ha, profile: profile, homeAddresses: 16)
    let record = TranscribedStation.Record()
    let (network, hooks) = clean.simulation(of: TranscribedStation(clean.station(), record))
    let setup = try #require(Setup(clean.device, profile: profile, suite: suite))
    let testCase = try #require(suite.cases.first { $0.id == "TP_HA_NID_BV_01" })
    _ = try TestRun(setup: setup, suite: suite, cases: [testCase]).run(over: network, hooks: hooks, writer: nil)
    func isRepeated(_ defect: String?, _ variations: Set<Variation.Name> = []) throws -> Bool {
      var node = clean
      node.variations = variations
      node.defects = try defect.map { [try DefectUse(parsing: $0, role: .homeAgent)] } ?? []
      return record.transcript.isRepeated(by: node.station())
    }
    #expect(record.transcript.entries.count > 4)
    #expect(try isRepeated(nil))
    #expect(try isRepeated("bri-p-bit-set@second"))
    #expect(try !isRepeated("bri-p-bit-set"))
    #expect(try !isRepeated("bri-not-sent"))
    #expect(try !isRepeated(nil, [.slowBRI]))
  }
}
