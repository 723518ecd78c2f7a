import Conformance
import Foundation
import Judging
import Link
import Nodes
import Testing
import Wire

func address(_ text: String) -> IPv6Address { IPv6Address(text) ?? .unspecified }

/// A role of the device and a profile.
struct Pair: Sendable, CustomTestStringConvertible {
  var role: Role
  var profile: String

  static let all = Role.allCases.flatMap { role in ["ts24303-0.4.1", "rfc5846"].map { Pair(role: role, profile: $0) } }

  var testDescription: String { "\(role) \(profile)" }
  var nodeRole: NodeRole { role == .ha ? .homeAgent : .userEquipment }
}

/// What one simulated run gave.
struct Bench {
  let suite: Judging.Suite
  let profile: Profile
  var node: ReferenceNode
  var cases: [Case]
  /// What the device's description says else.
  var change: (inout Setup) -> Void = { _ in }
  /// What the links do.
  var impair: (SimulatedNetwork) -> Void = { _ in }
  var hookNames = Set(HookName.allCases)
  /// Between network and run.
  var wrap: (SimulatedNetwork) -> any Network = { $0 }
  /// Told of each case that has ended.
  var ended: ((CaseResult) -> Void)?
  var jobs = Int.max
  var keepsItems = false
  var seed: UInt64 = 1

  init(_ pair: Pair, _ cases: [String] = [], defects: [String] = [], homeAddresses: Int = 256) throws {
    suite = try Judging.Suite.embedded()
    profile = try #require(suite.profile(pair.profile))
    node = ReferenceNode(role: pair.role, profile: profile, homeAddresses: homeAddresses)
    node.defects = try defects.map { try DefectUse(parsing: $0, role: pair.nodeRole) }
    self.cases = cases.isEmpty ? suite.cases : suite.cases.filter { cases.contains($0.id) }
    try #require(cases.isEmpty || cases.count == self.cases.count)
  }

  /// Runs over the simulated link; `directory`, when given, gets `run.pcapng` and, if they are wanted, the cuts.
  func run(in directory: String? = nil, cuts: Bool = false, _ changed: ((Scheduler.Progress) -> Void)? = nil) throws -> TestRun.Outcome {
    let (network, hooks) = node.simulation(seed: seed)
    impair(network)
    var setup = try #require(Setup(node.device, profile: profile, suite: suite))
    change(&setup)
    var run = TestRun(setup: setup, suite: suite, cases: cases)
    run.jobs = jobs
    run.keepsItems = keepsItems
    run.changed = changed
    run.ended = ended.map { ended in { result, _ in ended(result) } }
    let runner = hookNames.count == HookName.allCases.count ? hooks : ImmediateHooks(names: hookNames) { _, _ in "ok" }
    guard let directory else { return try run.run(over: wrap(network), hooks: runner, writer: nil) }
    let ports = (0..<network.portCount).map { PcapngWriter.Port(name: "port\($0)") }
    let writer = try PcapngWriter(path: "\(directory)/run.pcapng", ports: ports)
    return try run.run(over: wrap(network), hooks: runner, writer: writer, cuts: cuts ? "\(directory)/captures" : nil)
  }
}

/// A directory that is gone when the test is over.
func withDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
  let directory = FileManager.default.temporaryDirectory.appendingPathComponent("conformance-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: directory) }
  return try body(directory.path)
}

extension Verdicts {
  /// The requirements of findings that count.
  var blamed: [String] { Set(findings.filter { $0.verdict == .fail || $0.verdict == .warning }.map(\.requirement)).sorted() }
  /// Cases that are not a plain pass, with their reasons; those of the other role apart.
  var unclean: [String] {
    cases.filter { $0.verdict != .pass && $0.verdict != .notApplicable }.map { "\($0.testCase) \($0.verdict.rawValue): \($0.reason ?? "")" }
  }
  subscript(_ id: String) -> CaseResult? { cases.first { $0.testCase == id } }
}
