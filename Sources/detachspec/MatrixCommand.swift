import ArgumentParser
import Conformance
import Foundation
import Judging
import Link
import Reporting
import Security
import Wire

struct MatrixCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "matrix",
    abstract: "The proof that the suite bites: every defect of the reference nodes is caught, and nothing else is blamed.",
    discussion: """
      In virtual time: the clean nodes and every permitted variation pass, every defect is blamed on exactly the sentences that \
      expectations.yaml names, a sample of the defects with a variation beside it as well, every sentence has a defect that breaks it always \
      and one that does at times, and every weakened rule changes some cell or is excused. It ends 0 when all of that holds, else 1.
      """)

  @Option(help: "Only this role.") var role: Role?
  @Option(name: .customLong("profile"), help: "Only this profile; repeatable.") var profiles: [String] = []
  @Option(help: "How many pairs of a defect and a variation are sampled, for each role and profile.") var pairs = 20
  @Option(help: "Of the sample.") var seed: UInt64 = 1
  @Option(help: "How the reference nodes protect their bindings; rules that stand in clear as well are weakened there alone.")
  var security: SecurityKind = .ikev2
  @OptionGroup var suite: SuiteOptions
  @Option(help: "What standard output gets.") var format: ListFormat = .text

  func run() throws {
    try guarded {
      let suite = try suite.load(lenient: true)
      let chosen = profiles.isEmpty ? suite.profiles : try suite.profiles(named: profiles)
      var matrices: [KillMatrix] = []
      var progress = ProgressLine(environment: ProcessInfo.processInfo.environment)
      for role in role.map({ [$0] }) ?? Role.allCases {
        for profile in chosen {
          let began = Date()
          var count = 0
          do throws(TestRun.Failure) {
            matrices.append(
              try KillMatrix(
                suite, role: role, profile: profile, security: security.lab, pairs: pairs, seed: seed,
                progress: { name in
                  count += 1
                  progress.update(
                    done: count, total: 0, running: ["\(role.rawValue) \(profile.id) \(name)"],
                    elapsed: .seconds(Date().timeIntervalSince(began)))
                }))
          } catch {
            throw Stop(.testerError, "the simulated run of \(role.rawValue) \(profile.id) failed: \(error)")
          }
        }
      }
      progress.clear()
      switch format {
      case .text: print(matrices.map(MatrixText.init).map(\.text).joined(separator: "\n"), terminator: "")
      case .json: print(octets: try MatrixText.json(matrices))
      }
      return matrices.allSatisfy(\.isRight) ? .success : .fail
    }
  }
}
