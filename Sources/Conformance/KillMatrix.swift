package import Judging
import Nodes
package import Security
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
  ///   - security: what protects the bindings' messages; where they go in clear, no defect is tried that needs keys.
  ///   - pairs: how many pairs of a defect and a variation are sampled.
  ///   - seed: of the sample.
  ///   - isChosen: told the name of a cell, or of a mutant (which has a space in it); what it refuses is left out.
  package init(
    _ suite: Suite, role: Role, profile: Profile, security: BindingSecurity = .none, pairs: Int = 0, seed: UInt64 = 1,
    choosing isChosen: (String) -> Bool = { _ in true },
    progress: (String) -> Void = { _ in }
  ) throws(TestRun.Failure) {
    self.role = role
    self.profile = profile.id
    problems = suite.dangling.map(\.description)
    let nodes = Node.all(role, profile, hasKeys: security.isProtected).filter { isChosen($0.name) }
    let sample = Node.pairs(role, profile, hasKeys: security.isProtected, count: pairs, seed: seed)
    // For one case at a time.
    var clean = ReferenceNode(role: role, profile: profile, homeAddresses: 16)
    clean.security = security
    guard let setup = Setup(clean.device, profile: profile, suite: suite) else { throw .unreachable(clean.device.homeAgent) }
    var standing = Assertions(suite, profile, [role], ics: setup.ics)
    if security.isProtected {
      // The others are weighed where no policy keeps anything from them.
      let inClear = setup.ics.merging(["ipsec": false]) { $1 }
      standing = standing.subtracting(Assertions(suite, profile, [role], ics: inClear))
    }
    // A mutant that no program holds (the text or dialect has no such sentence) is none.
    let mutations = RuleMutation.all(suite, text: profile.text).filter { isChosen($0.name) && $0.stands(suite, profile, standing) }
    progress("\(nodes.count + sample.count) nodes, \(mutations.count) weakened rules")
    let ids = mutations.indices.map { "\(mutations[$0].rule) mutant \($0)" }
    // All mutants stand beside the rules that they were made of, and a cell's traffic passes once.
    var crowded = suite
    crowded.rules += zip(mutations, ids).compactMap { mutation, id in mutation.applied(to: suite, as: id) }
    let stage = try Stage(clean, setup, crowded, beside: zip(mutations, ids).map { ($0.rule, $1) })
    let hasKeys = security.isProtected
    let all = try stage.record(nodes + sample)
    let recordings = Array(all.prefix(nodes.count))
    let verdicts = zip(all, nodes + sample).map { Self.cell($0, $1, role, hasKeys: hasKeys, suite, profile) }
    cells = Array(verdicts.prefix(nodes.count))
    self.pairs = Array(verdicts.dropFirst(nodes.count))
    let assertions = stage.judge.assertionIDs
    let reached = assertions.indices.filter { index in recordings.contains { $0.decided[index] > 0 } }
    unreached = Set(standing.rules).subtracting(reached.map { assertions[$0].rule }).sorted()
    mutants = mutations.enumerated().map { index, mutation in
      let killer = recordings.first { cell in
        // Without the assertion, what broke it is nowhere.
        if case .drop(let requirement) = mutation.change {
          return cell.broken.contains(AssertionID(rule: mutation.rule, requirement: requirement))
        }
        return cell.changed[index]
      }
      return Mutant(
        name: mutation.name, killedBy: killer?.name,
        reason: killer == nil ? suite.equivalents.first { $0.covers(mutation.name) }?.reason : nil)
    }
    count(suite, recordings, assertions, standing)
  }

  private static func cell(
    _ recording: Recording, _ node: Node, _ role: Role, hasKeys: Bool, _ suite: Suite, _ profile: Profile
  ) -> Cell {
    let excused = Set(node.variation?.inconclusive[profile.dialect]?.keys.map(\.self) ?? [])
    // A variation may leave a sentence undecided, where its entry says which and why.
    func isExcused(_ result: CaseResult) -> Bool {
      result.verdict == .inconclusive && result.assertions.allSatisfy { $0.verdict == .pass || excused.contains($0.requirement) }
    }
    var cell = Cell(
      name: recording.name, expected: [], blamed: recording.blamed,
      unclean: recording.results.filter { $0.verdict != .pass && $0.verdict != .notApplicable && !isExcused($0) }.map {
        "\($0.testCase) \($0.verdict.rawValue)"
      },
      problems: recording.testerErrors.map { "the tester itself: \($0)" })
    if let defect = node.defect {
      guard
        let expectation = suite.expectations.of(
          defect.defect.name, modifier: defect.modifier?.rawValue, with: node.variation?.name, hasKeys: hasKeys, role: role)
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
}
