import Conformance
import Judging
import Link
import Nodes
import Testing
import Wire

@testable import Fuzzing

/// The rules, read once.
let suite: Suite = {
  do { return try Suite.embedded() } catch {
    Issue.record(error)
    return Suite()
  }
}()

/// A role under a profile, with the plan for it.
struct Side: Sendable, CustomTestStringConvertible {
  let profile: Profile
  let plan: Plan

  static let all: [Side] = suite.plans.flatMap { plan in suite.profiles.map { Side(profile: $0, plan: plan) } }

  static func of(_ role: Role, _ profile: String) throws -> Side {
    try #require(all.first { $0.role == role && $0.profile.id == profile })
  }

  var role: Role { plan.role }
  var testDescription: String { "\(role.rawValue) \(profile.id)" }

  func node(_ defects: [String] = [], homes: Int = 256) throws -> ReferenceNode {
    let uses = try defects.map { try DefectUse(parsing: $0, role: role == .ha ? .homeAgent : .userEquipment) }
    return ReferenceNode(role: role, profile: profile, defects: uses, homeAddresses: homes, reattaches: role == .ue)
  }

  func setup(_ node: ReferenceNode) throws -> Setup { try #require(Setup(node.device, profile: profile, suite: suite)) }

  /// The valid message from which the list of cases is made.
  func sample() throws -> Packet { try #require(Campaign.sample(plan, setup(node()))) }

  func table(seed: UInt64 = 1) throws -> CaseTable { CaseTable(plan: plan, dialect: profile.dialect, seed: seed, sample: try sample()) }

  /// A campaign against the reference node on a simulated link, which `impair` may make worse.
  func campaign(
    _ defects: [String] = [], count: Int, homes: Int = 256, first: Int = 0, duration: Duration? = nil,
    impair: (SimulatedNetwork) -> Void = { _ in }
  ) throws -> Campaign {
    let node = try node(defects, homes: homes)
    let (network, hooks) = node.simulation()
    impair(network)
    var options = Campaign.Options()
    options.count = count
    options.first = first
    options.duration = duration
    return try Campaign(network: network, setup: setup(node), suite: suite, plan: plan, options: options, hooks: hooks)
  }
}
