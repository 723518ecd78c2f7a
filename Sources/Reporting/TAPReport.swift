package import Judging

extension Report {
  /// TAP 14: a test point a case, with a block of diagnostics where there is something to say.
  ///
  /// What is not applicable is `SKIP`, what is known to fail `TODO`; inconclusive is `not ok`.
  package func tap(_ suite: Suite) -> String {
    let wording = Wording(suite)
    let names = RunReport.names(of: runs)
    let points = runs.indices.flatMap { index in outcomes(of: index, wording).map { (index, $0) } }
    var out = "TAP version 14\n1..\(points.count)\(points.isEmpty ? " # SKIP nothing was judged" : "")\n"
    for (number, (index, outcome)) in points.enumerated() {
      let isPass = outcome.verdict == .pass || outcome.verdict == .notApplicable
      let isOk = isPass && outcome.stale == nil
      let message = outcome.message(wording)
      out += "\(isOk ? "ok" : "not ok") \(number + 1) - \(description("\(outcome.name) [\(names[index])]"))"
      if outcome.verdict == .notApplicable {
        out += " # SKIP \(description(message))"
      } else if let known = outcome.known {
        out += " # TODO known: \(description(printable(known)))"
      }
      out += "\n"
      let findings = outcome.findings.filter { $0.verdict == .fail || $0.verdict == .warning }
      guard !isOk || !findings.isEmpty || !outcome.alternatives.isEmpty else { continue }
      out += "  ---\n  verdict: \(outcome.verdict.rawValue)\n"
      if !isPass { out += "  message: \(quoted(message))\n" }
      if let stale = outcome.stale { out += "  stale: \(quoted(stale))\n" }
      if !outcome.clause.isEmpty { out += "  clause: \(quoted(outcome.clause))\n" }
      out += list(
        "findings", findings.map { "\($0.verdict.rawValue) \(wording.line($0)); \(wording.place($0, capture: runs[index].capture))" })
      out += list("alternatives", outcome.alternatives)
      out += "  ...\n"
    }
    return out
  }

  private func list(_ name: String, _ items: [String]) -> String {
    items.isEmpty ? "" : "  \(name):\n" + items.map { "    - \(quoted($0))\n" }.joined()
  }

  /// A `#` would begin a directive.
  private func description(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("#", with: "\\#")
  }

  /// A double-quoted scalar of YAML.
  private func quoted(_ text: String) -> String {
    "\"" + printable(text).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }
}
