import ArgumentParser
import Foundation
import Judging
import Nodes
import Reporting
import Wire

extension Listing.Kind: ExpressibleByArgument {}

extension Suite {
  /// The reference nodes' defects and variations, as lists and explanations want them.
  static let behaviours = (
    defects: Defect.all.map { defect in
      NodeBehaviour(
        name: defect.name, role: defect.role == .homeAgent ? .ha : .ue, summary: defect.summary,
        cites: Set(Dialect.allCases.flatMap { defect.requirements(under: $0) }).sorted(), modifiers: defect.modifiers.map(\.rawValue))
    },
    variations: Variation.all.map { NodeBehaviour(name: $0.name, role: $0.role == .homeAgent ? .ha : .ue, summary: $0.summary) }
  )
}

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List cases, rules, requirements, profiles, defects, variations or plans.")

  @Argument(help: "What to list: \(Listing.Kind.allCases.map(\.rawValue).joined(separator: ", ")).") var kind: Listing.Kind
  @Option(help: "Only what matches this id or glob; repeatable.") var select: [String] = []
  @OptionGroup var suite: SuiteOptions
  @Option(help: "What standard output gets.") var format: ListFormat = .text

  func run() throws {
    try guarded {
      let listing = Listing(try suite.load(), defects: Suite.behaviours.defects, variations: Suite.behaviours.variations)
      var matched = Set<String>()
      let patterns = select
      func selects(_ id: String) -> Bool {
        guard !patterns.isEmpty else { return true }
        let hits = patterns.filter { $0 == id || Glob($0).matches(id) }
        matched.formUnion(hits)
        return !hits.isEmpty
      }
      let width = TextStyle.of(descriptor: 1, environment: ProcessInfo.processInfo.environment).width
      let octets = format == .json ? listing.json(kind, where: selects) : Array(listing.text(kind, width: width, where: selects).utf8)
      if let stray = patterns.first(where: { !matched.contains($0) }) {
        throw Stop(.usage, "--select '\(stray)' matches nothing among the \(kind.rawValue); see 'detachspec list \(kind.rawValue)'")
      }
      print(octets: octets)
      return .success
    }
  }
}

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Explain a requirement, rule, case, field, defect or other id: what, why, and how it is seen.")

  @Argument(help: "An id, for instance 24303-5.4.3.1-10, bri-fields, TP_HA_RACE_BV_01 or bri.trigger.") var id: String
  @OptionGroup var suite: SuiteOptions

  func run() throws {
    try guarded {
      let explanation = Explanation(try suite.load(), defects: Suite.behaviours.defects, variations: Suite.behaviours.variations)
      let width = TextStyle.of(descriptor: 1, environment: ProcessInfo.processInfo.environment).width
      do throws(UnknownName) { print(try explanation.text(of: id, width: width), terminator: "") } catch {
        throw Stop(.usage, error.description)
      }
      return .success
    }
  }
}
