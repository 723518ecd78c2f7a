import ArgumentParser
import Conformance
import Foundation
import Fuzzing
import Judging
import Link
import Reporting
import Wire

/// What fuzz and replay have in common: whom, and over which link.
struct FuzzOptions: ParsableArguments {
  @Option(help: "The role of the device: ha or ue.") var role: Role?
  @Option(help: "The pair of dialect and text to speak and judge by; by default the device file's, else rfc5846.") var profile: String?
  @Flag(help: "Over a simulated link in virtual time; needs no privilege.") var simulate = false
  @OptionGroup var nodes: NodeOptions
  @OptionGroup var suite: SuiteOptions

  /// What leads `replay` to the same device and the same rules, so that the command that a finding prints can be copied as it is.
  func replayArguments(device: String?) -> String {
    var words = device.map { [$0] } ?? []
    if simulate { words.append("--simulate") }
    for defect in nodes.defects { words += ["--defect", defect] }
    for variation in nodes.variations { words += ["--variation", variation] }
    if let directory = suite.directory { words += ["--suite", directory] }
    return words.map(quoted).joined(separator: " ")
  }
}

/// A word as a shell reads it.
private func quoted(_ word: String) -> String {
  let isPlain = !word.isEmpty && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./@:,+=".contains($0)) }
  return isPlain ? word : "'\(word.replacingOccurrences(of: "'", with: "'\\''"))'"
}

struct FuzzCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fuzz", abstract: "Send messages that are wrong on purpose, many at once, and judge every reaction.",
    discussion: """
      A plan breaks every field of a valid message at its boundary values, then every two of them in seeded order. The same rules judge as in \
      run; a finding is what breaks a sentence again when its case runs alone. It ends 1 when there is one.
      """)

  @Argument(help: "The device's description.") var device: String?
  @OptionGroup var options: FuzzOptions
  @Option(help: "The plan (see 'detachspec list plans'); by default every plan of the role.") var plan: String?
  @Option(help: "How many cases.") var count: Int = 100_000
  @Option(name: .customLong("for"), help: "How long instead, for instance '60 s'.") var duration: String?
  @Option(help: "The seed of the order of pairs.") var seed: UInt64 = 1
  @Option(help: "Cases in flight that have to be answered, at most.") var window: Int = 256
  @Option(name: .customLong("report"), help: "Where findings and their captures go.") var report: String = "detachspec-report"
  @Option(help: "What standard output gets.") var format: ListFormat = .text

  func validate() throws {
    guard count > 0 else { throw ValidationError("--count is a number of cases, at least 1") }
    guard (1...32_768).contains(window) else { throw ValidationError("--window is a number of cases from 1 to 32768") }
  }

  func run() throws {
    try guarded {
      let suite = try options.suite.load()
      var limits = Campaign.Options()
      limits.count = count
      limits.seed = seed
      limits.window = window
      limits.replayArguments = options.replayArguments(device: device)
      if let duration {
        guard let interval = YAMLReader.interval(duration) else {
          throw Stop(.usage, "--for '\(duration)' is no length of time; write it as in '60 s'")
        }
        limits.duration = .nanoseconds(interval.nanoseconds)
        limits.count = .max
      }
      let plans = try suite.plans(named: plan, role: try roles())
      let bench = try FuzzBench(options, suite, device: device, isSimulated: options.simulate)
      var summaries: [FuzzSummary] = []
      let signals = Signals()
      for plan in plans where !signals.isPending {
        summaries.append(try campaign(plan, suite, limits, bench, signals))
      }
      let folder = try ReportFolder(report)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
      let octets = Array(try encoder.encode(summaries)) + [0x0a]
      try folder.write(octets, "fuzz.json")
      switch format {
      case .text: print(summaries.map { FuzzText(suite).text($0) }.joined(separator: "\n"), terminator: "")
      case .json: print(octets: octets)
      }
      return ExitStatus.first(of: (signals.isPending ? [.interrupted] : []) + summaries.map(\.exitStatus))
    }
  }

  private func roles() throws -> [Role] { try options.nodes.roles(among: options.role.map { [$0] } ?? Role.allCases) }

  private func campaign(_ plan: Plan, _ suite: Suite, _ limits: Campaign.Options, _ bench: FuzzBench, _ signals: Signals) throws
    -> FuzzSummary
  {
    let link = try bench.link(plan.role)
    let folder = try ReportFolder(report)
    do throws(FuzzError) {
      let campaign = try Campaign(network: link.network, setup: link.setup, suite: suite, plan: plan, options: limits, hooks: link.hooks)
      var line = FuzzLine()
      campaign.progress = { line.update($0) }
      campaign.isCancelled = { signals.isPending }
      campaign.found = { finding, frames in
        line.clear()
        FuzzBench.write(frames, to: "\(folder.path)/fuzz-\(finding.plan)-\(finding.index).pcapng")
      }
      let summary = try campaign.run()
      line.clear()
      return summary
    } catch {
      throw Stop(error.exitStatus, error.description)
    }
  }
}

struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Run one fuzz case again, alone, behind its valid control.",
    discussion: "FINDING is PLAN:INDEX:SEED, as a finding prints it. It ends 1 when the case breaks a sentence, 0 when it does not.")

  @Argument(help: "PLAN:INDEX:SEED, for instance bri:1234:1.") var finding: String
  @Argument(help: "The device's description.") var device: String?
  @OptionGroup var options: FuzzOptions
  @Option(name: .customLong("report"), help: "Where the capture goes.") var report: String = "detachspec-report"

  func run() throws {
    try guarded {
      let suite = try options.suite.load()
      let parts = finding.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 3, let index = Int(parts[1]), index >= -1, let seed = UInt64(parts[2]) else {
        throw Stop(.usage, "'\(finding)' is no finding; one is written PLAN:INDEX:SEED, for instance bri:1234:1")
      }
      guard let plan = try suite.plans(named: String(parts[0]), role: Role.allCases).first else {
        throw Stop(.usage, "no plan is called '\(parts[0])'")
      }
      var limits = Campaign.Options()
      limits.seed = seed
      limits.replayArguments = options.replayArguments(device: device)
      let bench = try FuzzBench(options, suite, device: device, isSimulated: options.simulate)
      let link = try bench.link(plan.role)
      do throws(FuzzError) {
        let replay = try Campaign(network: link.network, setup: link.setup, suite: suite, plan: plan, options: limits, hooks: link.hooks)
          .replay(index)
        print("\(plan.id) \(index): \(replay.mutations): \(replay.verdict.rawValue)")
        for finding in replay.findings { print(FuzzText(suite).text(finding), terminator: "") }
        FuzzBench.write(replay.frames, to: "\(report)/fuzz-\(plan.id)-\(index).pcapng")
        return replay.verdict == .fail ? .fail : replay.verdict == .inconclusive ? .inconclusive : .success
      } catch {
        throw Stop(error.exitStatus, error.description)
      }
    }
  }
}

extension Suite {
  /// A plan by name, or all plans of the roles.
  func plans(named name: String?, role roles: [Role]) throws -> [Plan] {
    let known = plans.map(\.id).joined(separator: ", ")
    guard let name else {
      let fitting = plans.filter { roles.contains($0.role) }
      guard !fitting.isEmpty else { throw Stop(.usage, "no plan is for that role; there are \(known)") }
      return fitting
    }
    guard let plan = plans.first(where: { $0.id == name }) else { throw Stop(.usage, "no plan is called '\(name)'; there are \(known)") }
    guard roles.contains(plan.role) else {
      throw Stop(
        .usage, "the plan '\(name)' is for a device of the role \(plan.role.rawValue); leave --role out or choose another of \(known)")
    }
    return [plan]
  }
}

extension FuzzError {
  var exitStatus: ExitStatus {
    switch self {
    case .plan, .index: .usage
    case .notRegistered: .unreachable
    case .control: .inconclusive
    }
  }
}

extension FuzzSummary {
  var exitStatus: ExitStatus { findings.contains { $0.finding.verdict == .fail } || end == .deviceSilent ? .fail : .success }
}
