import CLinux
import Conformance
import Foundation
import Judging
import Link
import Reporting
import Wire

/// One invocation of `run`: some runs, one report.
struct RunInvocation {
  let suite: Suite
  let cases: [Case]
  let folder: String
  let format: OutputFormat
  let jobs: Int
  let known: KnownFailing
  let baseline: Report?

  /// Says what there is to say while the cases run, where people read it.
  private var text: TextReport? {
    format == .text ? TextReport(suite, .of(descriptor: 1, environment: ProcessInfo.processInfo.environment)) : nil
  }

  /// The reference nodes.
  func run(reference runs: [(node: ReferenceNode, also: [Profile])], isSimulated: Bool, isDry: Bool) throws -> ExitStatus {
    let setups = try runs.map { try setup($0.node.device, $0.node.profile) }
    if isDry { return try tell(setups, names: Set(HookName.allCases)) }
    if !isSimulated {
      do throws(LabError) { try Lab.enter() } catch { throw Stop(.privilege, error.description) }
    }
    let session = try ReportFolder(folder)
    var collected = Collected(suite: suite, text: text, known: known)
    for (index, run) in runs.enumerated() where !collected.isInterrupted {
      if isSimulated {
        let (network, hooks) = run.node.simulation()
        try collected.run(
          setups[index], cases: cases, jobs: jobs, network: network, hooks: hooks, also: run.also, in: session, ports: ["access", "home"])
      } else {
        let lab: ReferenceLab
        do throws(ReferenceLab.Failure) { lab = try ReferenceLab(run.node, number: index) } catch {
          throw Stop(.privilege, error.description)
        }
        try collected.run(
          setups[index], cases: cases, jobs: jobs, network: lab.network, hooks: lab.hooks, also: run.also, in: session,
          ports: ["access", "home"])
      }
    }
    return try finish(collected, session)
  }

  /// A device that somebody describes.
  func run(device path: String, role: Role?, profiles: [Profile], isDry: Bool) throws -> ExitStatus {
    let device: Device
    do throws(SuiteErrors) { device = try Device.load(path: path, profiles: suite.profiles.map(\.id)) } catch {
      throw Stop(.usage, error.description)
    }
    if let role, role != device.role {
      throw Stop(.usage, "\(path) describes a device in the role \(device.role.rawValue), not \(role.rawValue)")
    }
    let named = profiles.isEmpty ? try suite.profiles(named: device.profile.map { [$0] } ?? []) : profiles
    let pairs = named.isEmpty ? suite.profiles.map { [$0] } : [named]
    // A device may remember SPIs and nonces of an earlier run, and take the same for a copy.
    let setups = try pairs.map { try setup(device, $0[0], seed: .random(in: .min ... .max)) }
    let hooks = MixedHooks(device.hooks)
    if isDry { return try tell(setups, names: hooks.names) }
    var collected = Collected(suite: suite, text: text, known: known)
    for (index, setup) in setups.enumerated() where !collected.isInterrupted {
      let network: LiveNetwork
      do throws(LinkError) {
        network = try LiveNetwork(interfaces: device.interfaces.map(\.name), allowing: device.addressGuard)
      } catch {
        throw Stop(error.isPrivilege ? .privilege : .usage, error.description)
      }
      try collected.run(
        setup, cases: cases, jobs: jobs, network: network, hooks: hooks, also: Array(pairs[index].dropFirst()), in: ReportFolder(folder),
        ports: device.interfaces.map(\.name))
    }
    return try finish(collected, ReportFolder(folder))
  }

  private func setup(_ device: Device, _ profile: Profile, seed: UInt64 = 1) throws -> Setup {
    guard let setup = Setup(device, profile: profile, suite: suite, seed: seed) else {
      throw Stop(.usage, "the suite has no text '\(profile.text)' for the profile '\(profile.id)'")
    }
    return setup
  }

  /// What would run, on what leases, and how long the longest chain is that they force into sequence.
  private func tell(_ setups: [Setup], names: Set<HookName>) throws -> ExitStatus {
    for setup in setups {
      print("\(setup.role.rawValue) \(setup.profile.id): \(setup.homes.count) home addresses")
      for testCase in cases where testCase.role == setup.role {
        let why = Scheduler.obstacle(testCase, setup)
        let missing =
          testCase.needs.hooks.filter { name in HookName(rawValue: name).map { !names.contains($0) } ?? true }.map { "no hook to \($0)" }
          + testCase.needs.links.filter { !setup.links.contains($0) }.map { "no interface whose purpose is '\($0)'" }
        let needs =
          ["\(testCase.needs.homeAddresses) home"] + testCase.needs.hooks.map { "hook \($0)" } + testCase.needs.links.map { "link \($0)" }
        let remark = why.map { "  n/a: \($0)" } ?? (missing.isEmpty ? "" : "  inconclusive: \(missing.joined(separator: ", "))")
        print("  \(testCase.id)  \(testCase.title)  [\((needs + testCase.needs.exclusive).joined(separator: ", "))]\(remark)")
      }
      do throws(TestRun.Failure) {
        let path = try CriticalPath(setup, cases: cases, suite: suite, jobs: jobs)
        // Of a long chain the cases that take longest.
        let isLong = path.links.count > 6
        let links = isLong ? path.links.sorted { $0.duration > $1.duration }.prefix(6) : path.links[...]
        let chain = links.map { "\($0.testCase) \(seconds($0.duration))" }.joined(separator: isLong ? ", " : ", then ")
        print(
          "  critical path: \(seconds(path.duration)), \(path.links.count) \(path.links.count == 1 ? "case" : "cases") in sequence"
            + (chain.isEmpty ? "" : "\(isLong ? ", among them" : ":") \(chain)"))
      } catch {
        throw Stop(.testerError, "the simulated run of \(setup.role.rawValue) \(setup.profile.id) failed: \(error)")
      }
    }
    return .success
  }

  private func seconds(_ interval: Interval) -> String { String(format: "%.1f s", interval.seconds) }

  private func finish(_ collected: Collected, _ session: ReportFolder) throws -> ExitStatus {
    let report = Report(
      version: DetachSpec.version, command: "run", arguments: Array(CommandLine.arguments.dropFirst(2)), started: collected.started,
      finished: Date(),
      suite: suite.digest, runs: collected.runs, known: known, baseline: baseline, callers: collected.isInterrupted ? [.interrupted] : [])
    try session.write(report, suite)
    switch format {
    case .text: if let text { print(now: text.summary(report, folder: folder)) }
    case .json: print(octets: report.json)
    case .tap: print(report.tap(suite), terminator: "")
    }
    return report.exitStatus
  }
}
