import Foundation
import FoundationXML
package import Judging

extension Report {
  /// JUnit XML: a suite a run, a test case a case; in the order of the suite's files.
  ///
  /// Inconclusive is an error: a clause that was not proven must not look green. What is known to fail is skipped, and what no longer does
  /// fails. Warnings stand in `system-out`. A run without cases has a test case for each requirement.
  package func junit(_ suite: Suite) -> [UInt8] {
    let wording = Wording(suite)
    let root = XMLElement(name: "testsuites")
    root.set("name", tool)
    var sum = JUnitCounts()
    let names = RunReport.names(of: runs)
    for (index, run) in runs.enumerated() {
      let outcomes = outcomes(of: index, wording)
      var counts = JUnitCounts()
      let element = XMLElement(name: "testsuite")
      element.set("name", names[index])
      element.set("timestamp", started)
      let properties = XMLElement(name: "properties")
      for (name, value) in junitProperties(run) {
        let property = XMLElement(name: "property")
        property.set("name", name)
        property.set("value", value)
        properties.addChild(property)
      }
      element.addChild(properties)
      for outcome in outcomes { element.addChild(junitCase(outcome, run, wording, &counts)) }
      counts.seconds = run.statistics.seconds
      counts.write(to: element)
      root.addChild(element)
      sum.add(counts)
    }
    sum.write(to: root)
    let document = XMLDocument(rootElement: root)
    document.characterEncoding = "UTF-8"
    return [UInt8](document.xmlData(options: .nodePrettyPrint))
  }

  private func junitProperties(_ run: RunReport) -> [(String, String)] {
    [
      ("version", version), ("suite", self.suite), ("role", run.role?.rawValue ?? "both"), ("profile", run.profile),
      ("capture", run.capture ?? ""),
      ("frames", "\(run.statistics.frames)"), ("mobility-headers", "\(run.statistics.mobilityHeaders)"),
      ("drops", "\(run.statistics.drops)"),
    ]
  }

  private func junitCase(_ outcome: Outcome, _ run: RunReport, _ wording: Wording, _ counts: inout JUnitCounts) -> XMLElement {
    let element = XMLElement(name: "testcase")
    element.set("name", outcome.name)
    element.set("classname", outcome.clause.isEmpty ? outcome.id : outcome.clause)
    element.set("time", rounded(outcome.seconds))
    counts.tests += 1
    let details = outcome.findings.filter { $0.verdict == .fail || $0.verdict == .warning }.map {
      wording.block($0, capture: run.capture).joined(separator: "\n")
    }.joined(separator: "\n\n")
    let message = outcome.message(wording)
    if let known = outcome.known {
      counts.skipped += 1
      element.addChild(note("skipped", "known: \(known); \(message)", nil, ""))
    } else if let stale = outcome.stale {
      counts.failures += 1
      element.addChild(note("failure", "listed as known to fail, which no longer holds: \(stale)", "XPASS", details))
    } else {
      switch outcome.verdict {
      case .fail:
        counts.failures += 1
        element.addChild(note("failure", message, outcome.blamed ?? "FAIL", details))
      case .error:
        counts.errors += 1
        element.addChild(note("error", message, "ERROR", outcome.reason ?? ""))
      case .inconclusive:
        counts.errors += 1
        element.addChild(note("error", message, outcome.blamed.map { "INCONC.\($0)" } ?? "INCONC", outcome.reason ?? ""))
      case .notApplicable:
        counts.skipped += 1
        element.addChild(note("skipped", message, nil, ""))
      case .pass, .note, .warning: break
      }
    }
    let output = (outcome.verdict == .fail ? [] : [details]) + outcome.alternatives
    let text = output.filter { !$0.isEmpty }.joined(separator: "\n")
    if !text.isEmpty {
      let out = XMLElement(name: "system-out")
      out.stringValue = escaped(text)
      element.addChild(out)
    }
    return element
  }

  private func note(_ name: String, _ message: String, _ type: String?, _ details: String) -> XMLElement {
    let element = XMLElement(name: name)
    element.set("message", message)
    if let type { element.set("type", type) }
    if !details.isEmpty { element.stringValue = escaped(details) }
    return element
  }
}

/// Line by line, so that line feeds stay.
private func escaped(_ text: String) -> String {
  text.split(separator: "\n", omittingEmptySubsequences: false).map { printable(String($0)) }.joined(separator: "\n")
}

extension XMLElement {
  fileprivate func set(_ name: String, _ value: String) {
    guard let attribute = XMLNode.attribute(withName: name, stringValue: printable(value)) as? XMLNode else { return }
    addAttribute(attribute)
  }
}

private struct JUnitCounts {
  var tests = 0
  var failures = 0
  var errors = 0
  var skipped = 0
  var seconds = 0.0

  mutating func add(_ other: JUnitCounts) {
    tests += other.tests
    failures += other.failures
    errors += other.errors
    skipped += other.skipped
    seconds += other.seconds
  }

  func write(to element: XMLElement) {
    element.set("tests", "\(tests)")
    element.set("failures", "\(failures)")
    element.set("errors", "\(errors)")
    element.set("skipped", "\(skipped)")
    element.set("time", rounded(seconds))
  }
}
