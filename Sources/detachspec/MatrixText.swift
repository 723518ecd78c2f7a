import Conformance
import Foundation
import Judging

/// A kill matrix for people and for programs.
struct MatrixText {
  let matrix: KillMatrix

  init(_ matrix: KillMatrix) { self.matrix = matrix }

  var text: String {
    var lines = ["\(matrix.role.rawValue) \(matrix.profile)"]
    let width = ((matrix.cells + matrix.pairs).map(\.name.count).max() ?? 0) + 2
    for cell in matrix.cells + matrix.pairs {
      let blame = cell.blamed.isEmpty ? "-" : cell.blamed.joined(separator: ", ")
      lines.append("  " + cell.name.padding(toLength: width, withPad: " ", startingAt: 0) + blame)
      for problem in cell.problems { lines.append("    WRONG \(cell.name): \(problem)") }
    }
    let killed = matrix.mutants.count { $0.killedBy != nil }
    let excused = matrix.mutants.count { $0.killedBy == nil && $0.reason != nil }
    lines.append(
      "  \(matrix.cells.count) nodes and \(matrix.pairs.count) pairs; \(matrix.mutants.count) weakened rules, \(killed) seen, \(excused) excused"
    )
    let idle = matrix.assertions.filter { $0.decidedOfClean == 0 }
    lines.append("  \(matrix.assertions.count) assertions; \(idle.count) never decided of the clean node\(idle.isEmpty ? "" : ":")")
    for count in idle { lines.append("    \(count.assertion.requirement) as rule \(count.assertion.rule) has it") }
    for mutant in matrix.survivors { lines.append("    WRONG nothing shows it: \(mutant.name)") }
    for rule in matrix.unreached { lines.append("    WRONG rule \(rule) is never reached") }
    for problem in matrix.problems { lines.append("    WRONG \(problem)") }
    return lines.joined(separator: "\n") + "\n"
  }

  private struct Document: Encodable {
    struct Cell: Encodable {
      var node: String, expected: [String], blamed: [String], problems: [String]

      init(_ cell: KillMatrix.Cell) {
        (node, expected, blamed, problems) = (cell.name, cell.expected, cell.blamed, cell.problems)
      }
    }
    struct Mutant: Encodable { var mutant: String, seenIn: String?, excuse: String? }
    struct Assertion: Encodable { var rule: String, requirement: String, decidedOfClean: Int, killers: Int, conditionalKillers: Int }
    var role: String, profile: String, right: Bool, nodes: [Cell], pairs: [Cell], assertions: [Assertion], mutants: [Mutant],
      unreached: [String], problems: [String]
  }

  static func json(_ matrices: [KillMatrix]) throws -> [UInt8] {
    let documents = matrices.map { matrix in
      Document(
        role: matrix.role.rawValue, profile: matrix.profile, right: matrix.isRight,
        nodes: matrix.cells.map(Document.Cell.init), pairs: matrix.pairs.map(Document.Cell.init),
        assertions: matrix.assertions.map {
          .init(
            rule: $0.assertion.rule, requirement: $0.assertion.requirement, decidedOfClean: $0.decidedOfClean, killers: $0.killers,
            conditionalKillers: $0.conditionalKillers)
        },
        mutants: matrix.mutants.map { .init(mutant: $0.name, seenIn: $0.killedBy, excuse: $0.reason) }, unreached: matrix.unreached,
        problems: matrix.problems)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return Array(try encoder.encode(documents)) + [0x0a]
  }
}
