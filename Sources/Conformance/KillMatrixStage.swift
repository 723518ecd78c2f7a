import Dispatch
import Judging
import Link
import Nodes
import Security
import Synchronization
import Wire

extension KillMatrix {
  /// What one case of one node came to.
  struct Act: Sendable {
    let results: [CaseResult]
    let blamed: Set<String>
    /// Assertions that were broken.
    let broken: Set<AssertionID>
    /// How often each assertion was decided.
    let decided: [Int]
    /// Which mutants decided otherwise than the rules they were made of.
    let changed: [Bool]
    let testerErrors: [String]
  }

  /// What became of one node: of all cases together.
  struct Recording: Sendable {
    let name: String
    private(set) var results: [CaseResult] = []
    let blamed: [String]
    let broken: Set<AssertionID>
    private(set) var decided: [Int]
    private(set) var changed: [Bool]
    private(set) var testerErrors: [String] = []

    init(_ name: String, _ acts: [Act]) {
      self.name = name
      blamed = Set(acts.flatMap(\.blamed)).sorted()
      broken = Set(acts.flatMap(\.broken))
      decided = Array(repeating: 0, count: acts.first?.decided.count ?? 0)
      changed = Array(repeating: false, count: acts.first?.changed.count ?? 0)
      for act in acts {
        results += act.results
        testerErrors += act.testerErrors
        for index in decided.indices { decided[index] += act.decided[index] }
        for index in changed.indices where act.changed[index] { changed[index] = true }
      }
    }
  }

  /// Where the nodes of one role and profile are tried: each case with a node that has seen nothing yet, on a link of its own.
  ///
  /// The clean node goes first, and of each case a transcript is kept. Of a node that does at every call of it what the clean one did, the case
  /// cannot come to anything else; nor of one whose only defect the clean node never had an occasion for.
  struct Stage: Sendable {
    let judge: Judge
    private let clean: ReferenceNode
    private let setup: Setup
    private let suite: Suite
    private let couples: Judge.Couples
    private var script: [Scene] = []

    private struct Scene: Sendable {
      var testCase: Case
      /// The IKE SAs of this case: every node has them again.
      var rehearsal: IKERehearsal?
      /// As the clean node does it.
      var take: Take
      /// The defects that it had an occasion for.
      var occasions: Set<Defect.Name>
    }

    /// What a case came to, and the node's part in it.
    private struct Take: Sendable {
      var act: Act
      var transcript: Transcript
    }

    /// - Parameter mutants: the rules that they were made of, and their own ids.
    init(
      _ clean: ReferenceNode, _ setup: Setup, _ suite: Suite, beside mutants: [(rule: String, other: String)]
    ) throws(TestRun.Failure) {
      self.clean = clean
      self.setup = setup
      self.suite = suite
      judge = Judge(
        suite, profile: clean.profile, role: clean.role, timers: setup.timers, ics: setup.ics, homeAgents: [setup.homeAgent],
        maximumWatches: 1 << 16)
      couples = judge.couples(mutants)
      for testCase in suite.cases where Scheduler.obstacle(testCase, setup) == nil {
        var rehearsal: IKERehearsal?
        if clean.security.isProtected {
          let written = IKERehearsal()
          _ = try take(testCase, clean, written)
          rehearsal = written.finished
        }
        let witness = DefectWitness()
        let take = try take(testCase, clean, rehearsal, witness)
        script.append(Scene(testCase: testCase, rehearsal: rehearsal, take: take, occasions: witness.names))
      }
    }

    /// What becomes of all nodes.
    func record(_ nodes: [Node]) throws(TestRun.Failure) -> [Recording] {
      // What a defect does under one modifier it often does under another: the first one of its name has done it for all.
      let groups = Array(Dictionary(grouping: nodes.indices) { nodes[$0].defect?.defect.name ?? nodes[$0].name }.values)
      let made = Mutex([Int: Result<Recording, TestRun.Failure>]())
      DispatchQueue.concurrentPerform(iterations: groups.count) { @Sendable group in
        var takes = script.map { [$0.take] }
        for index in groups[group] {
          let recording = Result { () throws(TestRun.Failure) in try record(nodes[index], &takes) }
          made.withLock { $0[index] = recording }
        }
      }
      let all = made.withLock { $0 }
      var recordings: [Recording] = []
      for index in nodes.indices {
        if let recording = try all[index]?.get() { recordings.append(recording) }
      }
      return recordings
    }

    /// - Parameter takes: those of each case that the node's may turn out to be like; what is new is added.
    private func record(_ node: Node, _ takes: inout [[Take]]) throws(TestRun.Failure) -> Recording {
      var reference = clean
      reference.defects = node.defect.map { [$0] } ?? []
      reference.variations = node.variation.map { [$0.id] } ?? []
      var configuration = reference.configuration
      var acts: [Act] = []
      for (index, scene) in script.enumerated() {
        if node.variation == nil, let defect = node.defect?.defect.id, !scene.occasions.contains(defect) {
          acts.append(scene.take.act)
          continue
        }
        configuration.rehearsal = scene.rehearsal
        let station = reference.station(configuration)
        if let take = takes[index].first(where: { $0.transcript.isRepeated(by: station) }) {
          acts.append(take.act)
        } else {
          let take = try take(scene.testCase, reference, scene.rehearsal)
          takes[index].append(take)
          acts.append(take.act)
        }
      }
      return Recording(node.name, acts)
    }

    private func take(
      _ testCase: Case, _ node: ReferenceNode, _ rehearsal: IKERehearsal?, _ witness: DefectWitness? = nil
    ) throws(TestRun.Failure) -> Take {
      var (node, setup) = (node, setup)
      (node.rehearsal, setup.rehearsal) = (rehearsal, rehearsal)
      var configuration = node.configuration
      configuration.witness = witness
      let record = TranscribedStation.Record()
      let (network, hooks) = node.simulation(of: TranscribedStation(node.station(configuration), record))
      var run = TestRun(setup: setup, suite: suite, cases: [testCase])
      run.judge = judge
      let outcome = try run.run(over: network, hooks: hooks, writer: nil)
      let findings = outcome.verdicts.findings.filter { $0.verdict == .fail || $0.verdict == .warning }
      return Take(
        act: Act(
          results: outcome.verdicts.cases, blamed: Set(findings.map(\.requirement)),
          broken: Set(findings.map { AssertionID(rule: $0.rule, requirement: $0.requirement) }), decided: outcome.judge.decided,
          changed: outcome.judge.differing(couples), testerErrors: outcome.testerErrors),
        transcript: record.transcript)
    }
  }
}
