import Foundation
import Judging
import Reporting

/// The report folder: what is written is written whole or not at all.
struct ReportFolder {
  let path: String

  init(_ path: String) throws {
    self.path = path
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw Stop(.usage, "\(path): the report folder cannot be made: \(error.localizedDescription); name another with --report")
    }
  }

  func write(_ report: Report, _ suite: Suite) throws {
    try write(report.json, "report.json")
    try write(report.junit(suite), "junit.xml")
  }

  func write(_ octets: [UInt8], _ name: String) throws {
    do {
      try Data(octets).write(to: URL(fileURLWithPath: "\(path)/\(name)"), options: .atomic)
    } catch {
      throw Stop(.usage, "\(path)/\(name) cannot be written: \(error.localizedDescription)")
    }
  }
}

extension Report {
  /// Reads an earlier report.
  static func load(path: String) throws -> Report {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw Stop(.usage, "\(path): there is no such report; name a report.json")
    }
    do throws(ReportError) { return try Report(json: Array(data)) } catch { throw Stop(.usage, "\(path): \(error.description)") }
  }
}

extension KnownFailing {
  /// Reads a list of `{ case, requirement, verdict, reason }`.
  static func load(path: String) throws -> KnownFailing {
    do throws(SuiteErrors) {
      let text = try YAMLNode.text(ofFile: path, calledAs: path)
      let root: YAMLNode
      do throws(SuiteError) { root = try YAMLNode.parse(file: path, text: text) } catch { throw SuiteErrors([error]) }
      let reader = YAMLReader()
      var entries: [Entry] = []
      for node in reader.strictList(root, "known results") ?? [] {
        guard var mapping = reader.mapping(node, "a known result") else { continue }
        let testCase = reader.text(mapping.take("case"))
        let requirement = reader.text(mapping.take("requirement"))
        let verdict = reader.choice(mapping.require("verdict"), of: ["fail", "inconclusive"], "fail or inconclusive").flatMap(
          Verdict.init(rawValue:))
        let reason = reader.text(mapping.require("reason"))
        mapping.finish()
        if let verdict, let reason { entries.append(Entry(testCase: testCase, requirement: requirement, verdict: verdict, reason: reason)) }
      }
      try reader.throwErrors()
      return KnownFailing(entries)
    } catch {
      throw Stop(.usage, error.description)
    }
  }
}
