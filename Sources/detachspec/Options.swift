import ArgumentParser
import Conformance
import Foundation
import Judging
import Link
import Nodes
import Reporting
import Wire

/// Something that ends the program with one message and a documented status.
struct Stop: Error {
  var status: ExitStatus
  var message: String

  init(_ status: ExitStatus, _ message: String) {
    self.status = status
    self.message = message
  }
}

/// Runs a command's body; what stops it is told in one message on standard error.
func guarded(_ body: () throws -> ExitStatus) throws {
  let status: ExitStatus
  do {
    status = try body()
  } catch let stop as Stop {
    complain(stop.message)
    status = stop.status
  }
  if status != .success { throw ExitCode(status.rawValue) }
}

func complain(_ message: String) { FileHandle.standardError.write(Data("detachspec: \(message)\n".utf8)) }

/// Writes to standard output at once, a pipe too. A reader that has seen enough takes away the output, not the run and its report.
func print(now text: String) {
  signal(SIGPIPE, SIG_IGN)
  print(text, terminator: "")
  fflush(nil)
}

func print(octets: [UInt8]) { FileHandle.standardOutput.write(Data(octets)) }

struct SuiteOptions: ParsableArguments {
  @Option(name: .customLong("suite"), help: "Judge by the suite in this folder instead of the built-in one (also $DETACHSPEC_SUITES).")
  var directory: String?

  /// The suite; `lenient`: references to rules that are not there are kept as problems instead of ending the program.
  func load(lenient: Bool = false) throws -> Suite {
    let suite: Suite
    do throws(SuiteErrors) {
      if let directory = directory ?? ProcessInfo.processInfo.environment["DETACHSPEC_SUITES"], !directory.isEmpty {
        suite = try Suite.load(directory: directory)
      } else {
        suite = try Suite.embedded()
      }
    } catch {
      throw Stop(.usage, error.description)
    }
    if !lenient, !suite.dangling.isEmpty { throw Stop(.usage, suite.dangling.map(\.description).joined(separator: "\n")) }
    return suite
  }
}

extension Role: ExpressibleByArgument {}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable { case text, json, tap }
enum ListFormat: String, ExpressibleByArgument, CaseIterable { case text, json }

extension Suite {
  /// Profiles by name; an unknown one ends the program.
  func profiles(named names: [String]) throws -> [Profile] {
    try names.map { name in
      guard let profile = profile(name) else {
        throw Stop(.usage, "no profile is called '\(name)'; there are \(profiles.map(\.id).joined(separator: ", "))")
      }
      return profile
    }
  }

  /// Cases that a pattern names: an id, a glob, a clause, a requirement.
  private func matches(_ pattern: String) -> [Case] {
    cases.filter { testCase in
      testCase.id == pattern || Glob(pattern).matches(testCase.id) || testCase.clause == pattern || testCase.clause.hasPrefix(pattern + ".")
        || (testCase.exercises + testCase.mayExercise).contains { id in
          id == pattern || rule(id).map { $0.requirements.contains { $0 == pattern || Glob(pattern).matches($0) } } ?? false
        }
    }
  }

  /// The cases that --select and --skip leave.
  func chosen(select: [String], skip: [String]) throws -> [Case] {
    func ids(_ patterns: [String], _ option: String) throws -> Set<String> {
      var ids: Set<String> = []
      for pattern in patterns {
        let found = matches(pattern)
        guard !found.isEmpty else {
          throw Stop(
            .usage,
            "--\(option) '\(pattern)' matches no case; it may be an id, a glob such as 'TP_HA_*', a clause such as 5.4.3.1 or a requirement "
              + "(see 'detachspec list cases')")
        }
        ids.formUnion(found.map(\.id))
      }
      return ids
    }
    let selected = select.isEmpty ? Set(cases.map(\.id)) : try ids(select, "select")
    let skipped = try ids(skip, "skip")
    return cases.filter { selected.contains($0.id) && !skipped.contains($0.id) }
  }
}

struct NodeOptions: ParsableArguments {
  @Option(
    name: .customLong("defect"),
    help: "Give the reference node a defect, NAME or NAME@MODIFIER (see 'detachspec list defects'); repeatable.")
  var defects: [String] = []
  @Option(
    name: .customLong("variation"), help: "Give the reference node a permitted variation (see 'detachspec list variations'); repeatable.")
  var variations: [String] = []

  var isEmpty: Bool { defects.isEmpty && variations.isEmpty }

  /// The roles that have every defect and variation named; an unknown name ends the program.
  func roles(among candidates: [Role]) throws -> [Role] {
    guard !isEmpty else { return candidates }
    var problems: [String] = []
    let fitting = candidates.filter { role in
      do {
        _ = try uses(role)
        return true
      } catch {
        problems.append((error as? Stop)?.message ?? "\(error)")
        return false
      }
    }
    guard let problem = problems.first, fitting.isEmpty else { return fitting }
    throw Stop(.usage, problem)
  }

  /// The defects and variations for a role.
  func uses(_ role: Role) throws -> (defects: [DefectUse], variations: Set<Variation.Name>) {
    let nodeRole: NodeRole = role == .ha ? .homeAgent : .userEquipment
    var uses: [DefectUse] = []
    var names: Set<Variation.Name> = []
    for text in defects {
      do throws(DefectError) { uses.append(try DefectUse(parsing: text, role: nodeRole)) } catch { throw Stop(.usage, error.description) }
    }
    for text in variations {
      do throws(VariationError) { names.insert(try Variation.named(text, role: nodeRole).id) } catch {
        throw Stop(.usage, error.description)
      }
    }
    return (uses, names)
  }
}
