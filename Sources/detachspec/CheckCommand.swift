import ArgumentParser
import Conformance
import Foundation
import Judging
import Link
import Reporting
import Security
import Wire

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Judge captures: our own, or those that somebody else took.",
    discussion: """
      A capture of 'detachspec run' gives the verdicts of that run again. In any other one both sides are judged, by the profile of the \
      dialect that it speaks unless --profile names one. A folder stands for every .pcap and .pcapng below it.
      """)

  @Argument(help: "Capture files or folders.") var files: [String]
  @Option(name: .customLong("profile"), help: "Judge by this pair; further ones add a text beside it.") var profiles: [String] = []
  @Option(help: "The description of the device that was captured.") var device: String?
  @Option(help: KeyFolder.help) var keys: String?
  @Option(help: "Write a report folder.") var report: String?
  @OptionGroup var suite: SuiteOptions
  @Option(help: "Failures and inconclusive results that are known, with reasons.") var knownFailing: String?
  @Option(help: "What standard output gets.") var format: OutputFormat = .text

  func run() throws {
    try guarded {
      let suite = try suite.load()
      let chosen = try suite.profiles(named: profiles)
      let device = try device.map { path in
        do throws(SuiteErrors) { return try Device.load(path: path, profiles: suite.profiles.map(\.id)) } catch {
          throw Stop(.usage, error.description)
        }
      }
      let known = try knownFailing.map { try KnownFailing.load(path: $0) } ?? KnownFailing()
      let given = try keys.map { try KeyFolder.load(path: $0) }
      let started = Date()
      var runs: [RunReport] = []
      for path in try expand(files) {
        let began = Date()
        let tables = try given ?? KeyFolder.beside(path).map { try KeyFolder.load(path: $0) } ?? KeyTables()
        let outcome = try check(path, Audit(suite, profile: chosen.first, device: device, keys: tables))
        for remark in outcome.remarks { complain(remark) }
        let others = try chosen.dropFirst().flatMap { try check(path, Audit(suite, profile: $0, device: device, keys: tables)).verdicts }
        for verdicts in outcome.verdicts {
          runs.append(
            RunReport(
              capture: path,
              statistics: .init(
                frames: outcome.frames, mobilityHeaders: outcome.mobilityHeaders, drops: 0,
                duration: .seconds(Date().timeIntervalSince(began)), testerErrors: outcome.testerErrors),
              verdicts: verdicts, alternatives: others))
        }
      }
      let result = Report(
        version: DetachSpec.version, command: "check", arguments: Array(CommandLine.arguments.dropFirst(2)), started: started,
        finished: Date(),
        suite: suite.digest, runs: runs, known: known)
      if let report { try ReportFolder(report).write(result, suite) }
      switch format {
      case .text:
        print(
          TextReport(suite, .of(descriptor: 1, environment: ProcessInfo.processInfo.environment)).text(result, folder: report),
          terminator: "")
      case .json: print(octets: result.json)
      case .tap: print(result.tap(suite), terminator: "")
      }
      return result.exitStatus
    }
  }

  private func check(_ path: String, _ audit: Audit) throws -> Audit.Outcome {
    do throws(Audit.Failure) { return try audit.check(path) } catch { throw Stop(.usage, error.description) }
  }

  /// Folders become the captures below them.
  private func expand(_ names: [String]) throws -> [String] {
    var all: [String] = []
    for name in names {
      var isFolder: ObjCBool = false
      guard unsafe FileManager.default.fileExists(atPath: name, isDirectory: &isFolder), isFolder.boolValue else {
        all.append(name)
        continue
      }
      let below = (FileManager.default.enumerator(atPath: name)?.allObjects as? [String] ?? []).filter {
        $0.hasSuffix(".pcap") || $0.hasSuffix(".pcapng")
      }
      guard !below.isEmpty else { throw Stop(.usage, "\(name): no .pcap or .pcapng is below this folder") }
      all += below.sorted().map { "\(name)/\($0)" }
    }
    return all
  }
}
