import ArgumentParser
import Conformance
import Foundation
import Judging
import Link
import Nodes
import Reporting
import Security
import Wire

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Judge a device, or the reference nodes, case by case.",
    discussion: """
      DEVICE.yaml describes the device and the tester's interfaces. Without it the reference Home Agent and UE are judged in a laboratory, each \
      role in both profiles. The report folder holds report.json, junit.xml, one run-ROLE-PROFILE.pcapng a run and \
      captures/ROLE-PROFILE/CASE.pcapng.
      """)

  @Argument(help: "The device's description.") var device: String?
  @Option(help: "Judge the device in this role only: ha or ue.") var role: Role?
  @Option(name: .customLong("profile"), help: "The pair of dialect and text to speak and judge by; further ones add a text beside it.")
  var profiles: [String] = []
  @Option(help: "Run only what matches: an id, a glob, a clause, a requirement; repeatable.") var select: [String] = []
  @Option(help: "Leave out what matches; repeatable.") var skip: [String] = []
  @Option(help: "Cases at once, at most.") var jobs: Int = 64
  @Flag(help: "Over a simulated link in virtual time; needs no privilege.") var simulate = false
  @Flag(help: "Only say what would run, on what leases, and how long it takes at least.") var dryRun = false
  @OptionGroup var nodes: NodeOptions
  @Option(help: "How many home addresses the reference nodes have.") var homeAddresses = 256
  @Option(help: "How the reference nodes protect their bindings: none or ikev2. Without it ikev2, unless a defect shows only without.")
  var security: SecurityKind?
  @Option(help: "How their packets go over the access link: over IPv6, or over IPv4 in UDP or as they are.")
  var tunnelling: Tunnelling = .native
  @Flag(help: "A NAT stands in front of the UE, whichever side that is; with --tunnelling udp or ipv4.") var nat = false
  @Option(help: "Failures and inconclusive results that are known, with reasons.") var knownFailing: String?
  @Option(help: "An earlier report.json to compare with.") var baseline: String?
  @OptionGroup var suite: SuiteOptions
  @Option(name: .customLong("report"), help: "The report folder.") var report: String = "detachspec-report"
  @Option(help: "What standard output gets.") var format: OutputFormat = .text

  func validate() throws {
    guard (1...4096).contains(homeAddresses) else {
      throw ValidationError("The value '\(homeAddresses)' is invalid for '--home-addresses <home-addresses>'. Please provide 1 to 4096.")
    }
    guard jobs > 0 else { throw ValidationError("The value '\(jobs)' is invalid for '--jobs <jobs>'. Please provide 1 or more.") }
  }

  func run() throws {
    try guarded {
      let suite = try suite.load()
      let invocation = RunInvocation(
        suite: suite, cases: try suite.chosen(select: select, skip: skip), folder: report, format: format, jobs: jobs,
        known: try knownFailing.map { try KnownFailing.load(path: $0) } ?? KnownFailing(),
        baseline: try baseline.map { try Report.load(path: $0) })
      let chosen = try suite.profiles(named: profiles)
      if let device {
        guard nodes.isEmpty else {
          throw Stop(.usage, "--defect and --variation are for the reference nodes; leave them out with a device file")
        }
        if let security {
          throw Stop(.usage, "--security \(security) is for the reference nodes; say it by 'security' in the device file")
        }
        guard tunnelling == .native else {
          throw Stop(.usage, "--tunnelling is for the reference nodes; write 'tunnelling: \(tunnelling.rawValue)' into the device file")
        }
        guard !nat else { throw Stop(.usage, "--nat is for the reference nodes; put a NAT between tester and device") }
        guard !simulate else { throw Stop(.usage, "--simulate runs the reference nodes; leave it out with a device file") }
        return try invocation.run(device: device, role: role, profiles: chosen, isDry: dryRun)
      }
      guard !nat || tunnelling != .native else {
        throw Stop(.usage, "--nat is for UDP over IPv4; take it with --tunnelling udp")
      }
      let roles = try nodes.roles(among: role.map { [$0] } ?? Role.allCases)
      let pairs = chosen.isEmpty ? suite.profiles.map { [$0] } : [chosen]
      var runs: [(node: ReferenceNode, also: [Profile])] = []
      for role in roles {
        let uses = try nodes.uses(role)
        let security = try security(for: uses.defects)
        for profiles in pairs {
          var node = ReferenceNode(
            role: role, profile: profiles[0], defects: uses.defects, variations: uses.variations, homeAddresses: homeAddresses)
          node.security = security.lab
          node.tunnelling = tunnelling
          node.isBehindNAT = nat
          runs.append((node, Array(profiles.dropFirst())))
        }
      }
      return try invocation.run(reference: runs, isSimulated: simulate, isDry: dryRun)
    }
  }
}

extension RunCommand {
  /// What was asked for, if the defects show then; else that in which they do.
  private func security(for defects: [DefectUse]) throws -> SecurityKind {
    func hides(_ kind: SecurityKind) -> DefectUse? {
      defects.first { !$0.defect.shows(withKeys: kind == .ikev2, modifier: $0.modifier) }
    }
    let kind = security ?? (hides(.ikev2) == nil ? .ikev2 : .none)
    if let use = hides(kind) {
      let other = defects.count == 1 ? "take --security \(kind == .none ? SecurityKind.ikev2 : .none)" : "take it alone"
      throw Stop(.usage, "defect \(use) does not show with --security \(kind); \(other)")
    }
    return kind
  }
}

/// What protects the messages of a binding.
enum SecurityKind: String, ExpressibleByArgument, CaseIterable {
  case none, ikev2

  /// What the reference nodes and the tester agree on.
  var lab: BindingSecurity { self == .ikev2 ? .lab : .none }
}

extension Tunnelling: ExpressibleByArgument {}
