import Dispatch
package import Judging
import Link
import Nodes
import Synchronization
import Wire

/// The proof that the suite bites: clean nodes and permitted variations pass, every defect is blamed on exactly its sentence, and no assertion
/// of a rule can be taken away or weakened unseen.
package struct KillMatrix: Sendable {
  /// One reference node, as it was judged.
  package struct Cell: Sendable {
    /// `clean`, a variation, a defect with its modifier, or such a defect `with` a variation.
    package var name: String
    package var expected: [String]
    package var blamed: [String]
    /// Cases that were not a plain pass, with their verdicts.
    package var unclean: [String]
    package var problems: [String]
  }

  /// A weakened rule.
  package struct Mutant: Sendable {
    package var name: String
    /// The first cell that it changed; nil: none.
    package var killedBy: String?
    package var reason: String?
  }

  package var role: Role
  package var profile: String
  package var cells: [Cell] = []
  /// The sampled nodes that have a defect and a variation.
  package var pairs: [Cell] = []
  package var assertions: [AssertionCount] = []
  package var mutants: [Mutant] = []
  /// Rules that no cell reached.
  package var unreached: [String] = []
  package var problems: [String] = []

  package var isRight: Bool { problems.isEmpty && (cells + pairs).allSatisfy(\.problems.isEmpty) && unreached.isEmpty && survivors.isEmpty }
  /// Mutants that changed nothing and are not excused.
  package var survivors: [Mutant] { mutants.filter { $0.killedBy == nil && $0.reason == nil } }

  /// Runs and judges everything for one role and profile, in virtual time.
  ///
  /// - Parameters:
  ///   - pairs: how many pairs of a defect and a variation are sampled.
  ///   - seed: of the sample.
  ///   - isChosen: told the name of a cell, or of a mutant (which has a space in it); what it refuses is left out.
  package init(
    _ suite: Suite, role: Role, profile: Profile, pairs: Int = 0, seed: UInt64 = 1, choosing isChosen: (String) -> Bool = { _ in true },
    progress: (String) -> Void = { _ in }
  ) throws(TestRun.Failure) {
    self.role = role
    self.profile = profile.id
    problems = suite.dangling.map(\.description)
    let nodes = Node.all(role, profile).filter { isChosen($0.name) }
    let sample = Node.pairs(role, profile, count: pairs, seed: seed)
    progress("\(nodes.count + sample.count) nodes")
    let all = try Self.record(nodes + sample, suite, role, profile)
    let recordings = Array(all.prefix(nodes.count))
    cells = zip(recordings, nodes).map { Self.cell($0, $1, suite, profile) }
    self.pairs = zip(all.dropFirst(nodes.count), sample).map { Self.cell($0, $1, suite, profile) }
    let reached = Set(recordings.flatMap(\.reached.keys).map(\.rule))
    let roles: Set<Role> = [role]
    let standing = Set(Assertions(suite, profile, roles, ics: recordings.first?.setup.ics ?? [:]).rules)
    unreached = standing.subtracting(reached).sorted()
    mutate(suite, profile, recordings, isChosen, progress)
  }

  /// The traffic of all nodes, each on a link of its own.
  private static func record(
    _ nodes: [Node], _ suite: Suite, _ role: Role, _ profile: Profile
  ) throws(TestRun.Failure) -> [Recording] {
    let made = Mutex([Int: Result<Recording, TestRun.Failure>]())
    DispatchQueue.concurrentPerform(iterations: nodes.count) { @Sendable index in
      let node = nodes[index]
      let reference = ReferenceNode(
        role: role, profile: profile, defects: node.defect.map { [$0] } ?? [], variations: node.variation.map { [$0.id] } ?? [])
      let recording = Result { () throws(TestRun.Failure) in try Recording(node.name, reference, suite) }
      made.withLock { $0[index] = recording }
    }
    let all = made.withLock { $0 }
    var recordings: [Recording] = []
    for index in nodes.indices {
      if let recording = try all[index]?.get() { recordings.append(recording) }
    }
    return recordings
  }

  private static func cell(_ recording: Recording, _ node: Node, _ suite: Suite, _ profile: Profile) -> Cell {
    let excused = Set(node.variation?.inconclusive[profile.dialect]?.keys.map(\.self) ?? [])
    // A variation may leave a sentence undecided, where its entry says which and why.
    func isExcused(_ result: CaseResult) -> Bool {
      result.verdict == .inconclusive && result.assertions.allSatisfy { $0.verdict == .pass || excused.contains($0.requirement) }
    }
    var cell = Cell(
      name: recording.name, expected: [], blamed: recording.blamed,
      unclean: recording.verdicts.cases.filter { $0.verdict != .pass && $0.verdict != .notApplicable && !isExcused($0) }.map {
        "\($0.testCase) \($0.verdict.rawValue)"
      },
      problems: recording.testerErrors.map { "the tester itself: \($0)" })
    if let defect = node.defect {
      guard
        let expectation = suite.expectations.of(
          defect.defect.name, modifier: defect.modifier?.rawValue, with: node.variation?.name, role: recording.setup.role)
      else {
        cell.problems.append("no expectation is written for it")
        return cell
      }
      cell.expected = expectation.blames(in: profile.id).sorted()
      let missed = cell.expected.filter { !cell.blamed.contains($0) && !excused.contains($0) }
      let extra = cell.blamed.filter { !cell.expected.contains($0) }
      if !missed.isEmpty { cell.problems.append("nobody catches it: \(missed.joined(separator: ", ")) should be blamed") }
      if !extra.isEmpty { cell.problems.append("blamed too: \(extra.joined(separator: ", "))") }
    } else {
      if !cell.blamed.isEmpty { cell.problems.append("blamed though it is right: \(cell.blamed.joined(separator: ", "))") }
      if !cell.unclean.isEmpty { cell.problems.append("not a pass: \(cell.unclean.joined(separator: ", "))") }
    }
    return cell
  }

  // MARK: Mutated rules

  private mutating func mutate(
    _ suite: Suite, _ profile: Profile, _ recordings: [Recording], _ isChosen: (String) -> Bool, _ progress: (String) -> Void
  ) {
    guard let setup = recordings.first?.setup else { return }
    let standing = Assertions(suite, profile, [role], ics: setup.ics)
    // A mutant that no program holds (the text or dialect has no such sentence) is none.
    let mutations = RuleMutation.all(suite, text: profile.text).filter { isChosen($0.name) && $0.stands(suite, profile, standing) }
    progress("\(mutations.count) weakened rules")
    // All mutants stand beside the rules that they were made of, and a cell's traffic passes once.
    var crowded = suite
    let ids = mutations.indices.map { "\(mutations[$0].rule) mutant \($0)" }
    crowded.rules += zip(mutations, ids).compactMap { mutation, id in mutation.applied(to: suite, as: id) }
    let pristine = Judge(
      crowded, profile: profile, role: role, timers: setup.timers, ics: setup.ics, homeAgents: [setup.homeAgent],
      maximumWatches: 1 << 16)
    let changed = Mutex([Int: Set<Int>]())
    DispatchQueue.concurrentPerform(iterations: recordings.count) { @Sendable cell in
      let outcomes = recordings[cell].judged(by: pristine)
      let seen = Set(mutations.indices.filter { outcomes[ids[$0]] != outcomes[mutations[$0].rule] })
      changed.withLock { $0[cell] = seen }
    }
    let seen = changed.withLock { $0 }
    mutants = mutations.enumerated().map { index, mutation in
      let killer = recordings.indices.first { cell in
        // Without the assertion, what broke it is nowhere.
        if case .drop(let requirement) = mutation.change {
          return recordings[cell].broken.contains(AssertionID(rule: mutation.rule, requirement: requirement))
        }
        return seen[cell]?.contains(index) ?? false
      }
      return Mutant(
        name: mutation.name, killedBy: killer.map { recordings[$0].name },
        reason: killer == nil ? suite.equivalents.first { $0.covers(mutation.name) }?.reason : nil)
    }
    count(suite, recordings, standing)
  }

  /// The traffic of one cell, made once and judged many times.
  struct Recording: Sendable {
    let name: String
    let setup: Setup
    let items: [Evidence.Item]
    let verdicts: Verdicts
    let blamed: [String]
    let reached: [AssertionID: Int]
    let testerErrors: [String]
    /// Assertions that were broken.
    let broken: Set<AssertionID>

    init(_ name: String, _ node: ReferenceNode, _ suite: Suite) throws(TestRun.Failure) {
      let (network, hooks) = node.simulation()
      guard let setup = Setup(node.device, profile: node.profile, suite: suite) else {
        throw .unreachable(node.device.homeAgent)
      }
      var run = TestRun(setup: setup, suite: suite, cases: suite.cases)
      // One after the other: whatever a defect does to other bindings hits no other case.
      run.jobs = 1
      run.keepsItems = true
      let outcome = try run.run(over: network, hooks: hooks, writer: nil)
      self.name = name
      self.setup = setup
      items = outcome.items
      verdicts = outcome.verdicts
      blamed = Self.blamed(outcome.verdicts)
      reached = outcome.reached
      testerErrors = outcome.testerErrors
      broken = Set(
        outcome.verdicts.findings.filter { $0.verdict == .fail || $0.verdict == .warning }.map {
          AssertionID(rule: $0.rule, requirement: $0.requirement)
        })
    }

    static func blamed(_ verdicts: Verdicts) -> [String] {
      Set(verdicts.findings.filter { $0.verdict == .fail || $0.verdict == .warning }.map(\.requirement)).sorted()
    }

    /// The same traffic, judged by other rules, which `pristine` has compiled and not used: what each of them decided.
    func judged(by pristine: Judge) -> [String: RuleOutcome] {
      var judge = pristine
      for (index, item) in items.enumerated() {
        switch item {
        case .frame(let bytes, let info):
          judge.frame(
            bytes.span, at: info.time, originalLength: info.originalLength, number: index + 1, isOutgoing: info.isOutgoing)
        case .event(let event, let time): judge.event(event, at: time, number: index + 1)
        }
      }
      _ = judge.finish()
      return judge.ruleOutcomes
    }
  }
}
