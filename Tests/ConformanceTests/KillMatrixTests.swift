import Conformance
import Judging
import Link
import Nodes
import Testing

/// The kill matrix is only worth something if it says so when the suite does not bite.
@Suite struct KillMatrixTests {
  private let suite: Judging.Suite
  private let profile: Profile

  init() throws {
    suite = try Judging.Suite.embedded()
    profile = try #require(suite.profile("rfc5846"))
  }

  private func standing(_ suite: Judging.Suite, _ role: Role) -> [String: Set<String>] {
    let assertions = Assertions(suite, profile, [role], ics: ReferenceNode(role: role, profile: profile).device.ics)
    return Dictionary(uniqueKeysWithValues: assertions.rules.map { ($0, assertions.requirements(ofRule: $0)) })
  }

  /// Something to take away: a rule, or one sentence of it, which no other rule decides; and the defects that must then go uncaught.
  private struct Loss {
    var rule: String
    var requirements: Set<String>
    var defects: [String: Set<String>]
  }

  private func losses(_ role: Role, wholeRules: Bool) -> [Loss] {
    let standing = standing(suite, role)
    return standing.keys.sorted().flatMap { rule -> [Loss] in
      let others = Set(standing.filter { $0.key != rule }.values.flatMap(\.self))
      let own = (standing[rule] ?? []).subtracting(others)
      let parts = wholeRules ? [own] : own.sorted().map { [$0] }
      return parts.compactMap { part in
        let expected = suite.expectations.filter { $0.role == role && $0.variations.isEmpty }.map {
          ($0.defect, part.intersection($0.blames(in: profile.id)))
        }
        let defects = Dictionary(expected.filter { !$0.1.isEmpty }, uniquingKeysWith: { first, _ in first })
        return defects.isEmpty ? nil : Loss(rule: rule, requirements: part, defects: defects)
      }
    }
  }

  private func mutilated(by loss: Loss, wholeRule: Bool) throws -> Judging.Suite {
    var copy = suite
    let index = try #require(copy.rules.firstIndex { $0.id == loss.rule })
    if wholeRule {
      copy.rules.remove(at: index)
    } else {
      copy.rules[index].musts.removeAll { loss.requirements.contains($0.requirement) }
      for sequel in copy.rules[index].sequels.indices {
        copy.rules[index].sequels[sequel].reactions.removeAll { loss.requirements.contains($0.requirement) }
      }
      copy.rules[index].sequels.removeAll(where: \.reactions.isEmpty)
    }
    return copy
  }

  /// A seeded sample: all of them take minutes.
  @Test(arguments: [(.ha, true), (.ha, false), (.ue, true), (.ue, false)] as [(Role, Bool)])
  func whatIsTakenAwayIsMissed(_ role: Role, _ wholeRule: Bool) throws {
    var generator = SeededGenerator(seed: 7)
    let all = losses(role, wholeRules: wholeRule)
    #expect(all.count > 8)
    for loss in all.shuffled(using: &generator).prefix(5) {
      // Two defects of each will do.
      let names = loss.defects.keys.sorted().prefix(2)
      let matrix = try KillMatrix(mutilated(by: loss, wholeRule: wholeRule), role: role, profile: profile, choosing: { names.contains($0) })
      #expect(!matrix.isRight)
      #expect(matrix.cells.map(\.name).sorted() == Array(names), "\(loss.rule)")
      for cell in matrix.cells {
        let missed = (loss.defects[cell.name] ?? []).sorted().joined(separator: ", ")
        #expect(
          cell.problems.contains("nobody catches it: \(missed) should be blamed"), "without \(loss.rule) \(loss.requirements): \(cell)")
      }
    }
  }

  /// Nothing is missed where nothing was taken away, and each sampled mutant is killed or excused.
  @Test(arguments: Role.allCases) func theSuiteBites(_ role: Role) throws {
    let defects = role == .ha ? ["bri-p-bit-set", "ba-not-sent", "bri-copy-early"] : ["bra-bad-status", "bu-h-clear", "bra-not-sent"]
    let rules =
      role == .ha ? ["bri-fields 24303-5.4.3.1-03b", "deregistration-acknowledged 24303"] : ["bra-fields 24303", "bu-fields M-18a"]
    let matrix = try KillMatrix(
      suite, role: role, profile: profile,
      choosing: { name in name == "clean" || defects.contains(name) || rules.contains { name.hasPrefix($0) } })
    #expect(matrix.cells.count == 4)
    #expect(matrix.cells.flatMap(\.problems) == [])
    #expect(!matrix.mutants.isEmpty)
    #expect(matrix.survivors.map(\.name) == [])
    for mutant in matrix.mutants where mutant.reason == nil { #expect(mutant.killedBy != nil, "\(mutant.name)") }
  }

  /// A rule that blames what is right, and one that nothing reaches.
  @Test func rulesThatAreWrong() throws {
    var wrong = suite
    let index = try #require(wrong.rules.firstIndex { $0.id == "bri-fields" })
    let trigger = try #require(wrong.rules[index].musts.firstIndex { $0.requirement == "24303-5.4.3.1-04" })
    wrong.rules[index].musts[trigger].tests[0].condition = .oneOf([2...2])
    var unreached = wrong.rules[index]
    unreached.id = "never-reached"
    unreached.while = [StateCondition(.binding, ["unbound"])]
    wrong.rules.append(unreached)
    let matrix = try KillMatrix(wrong, role: .ha, profile: profile, choosing: { $0 == "clean" })
    #expect(!matrix.isRight)
    #expect(matrix.cells.first?.problems.first == "blamed though it is right: 24303-5.4.3.1-04")
    #expect(matrix.unreached.contains("never-reached"))
    #expect(matrix.problems.contains("no defect breaks 24303-5.4.3.1-06 as rule never-reached has it"))
  }

  @Test func danglingReferencesAndMissingExpectations() throws {
    var broken = suite
    broken.dangling = [SuiteError(Location(file: "f.yaml", line: 1, column: 2), "unknown rule 'x'")]
    broken.expectations.removeAll { $0.defect == "bri-p-bit-set" }
    let matrix = try KillMatrix(broken, role: .ha, profile: profile, choosing: { $0 == "bri-p-bit-set" })
    #expect(!matrix.isRight)
    #expect(matrix.problems.first == "f.yaml:1:2: unknown rule 'x'")
    #expect(matrix.cells.first?.problems == ["no expectation is written for it"])
  }
}
