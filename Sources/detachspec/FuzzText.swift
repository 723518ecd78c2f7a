import Foundation
import Fuzzing
import Glibc
import Judging
import Reporting
import Wire

/// A campaign for people to read.
struct FuzzText {
  private let suite: Suite

  init(_ suite: Suite) { self.suite = suite }

  func text(_ summary: FuzzSummary) -> String {
    var lines = [
      "\(summary.role.rawValue) \(summary.profile), plan \(summary.plan), seed \(summary.seed): \(summary.cases) cases, "
        + "\(summary.answered) answered, \(summary.silent) silent, \(summary.controls) controls, \(Int(summary.rate)) cases/s",
      "  silence is believed after \(Interval(nanoseconds: summary.silenceWait)); \(counted(summary.unconfirmed, "suspect")) lawful alone, "
        + "\(summary.late) late answers, \(summary.drops) frames lost, \(summary.repeated) cases run again",
    ]
    switch summary.end {
    case .finished: break
    case .cancelled: lines.append("  interrupted; case \(summary.nextIndex) is the next")
    case .deviceSilent: lines.append("  the device no longer answers valid messages; case \(summary.nextIndex) is the next")
    case .noBinding: lines.append("  no home address can be registered any more; case \(summary.nextIndex) is the next")
    }
    lines.append(summary.findings.isEmpty ? "  no finding" : "  \(counted(summary.findings.count, "finding")):")
    return lines.map { $0 + "\n" }.joined() + summary.findings.map(text).joined()
  }

  func text(_ finding: FuzzFinding) -> String {
    let breach = finding.finding
    let sentence = suite.requirement(breach.requirement)?.paraphrase ?? ""
    var lines = [
      "\(breach.verdict.rawValue.uppercased())  \(breach.requirement)  \(breach.document) \(breach.clause): \(sentence)",
      "      case \(finding.index) of plan \(finding.plan): \(finding.mutations)\(finding.count > 1 ? " (and \(finding.count - 1) like it)" : "")",
      "      \(breach.field.map { "field \($0): " } ?? "")expected \(breach.expected), seen \(breach.seen)",
    ]
    if !finding.fields.isEmpty { lines.append("      changed: \(finding.fields.joined(separator: ", "))") }
    if let last = finding.lastCases { lines.append("      the last cases under way: \(last.map(String.init).joined(separator: ", "))") }
    lines.append("      \(finding.command)")
    return lines.map { $0 + "\n" }.joined()
  }
}

/// One line on standard error that is redrawn while a campaign goes on; nothing where that is no terminal.
struct FuzzLine {
  private let isShown = isatty(2) == 1
  private var shown = ""

  mutating func update(_ state: FuzzProgress) {
    guard isShown else { return }
    let text =
      "\(state.cases)/\(state.total) cases, \(Int(state.rate))/s, \(counted(state.findings, "finding")), \(state.unconfirmed) unconfirmed"
    guard text != shown else { return }
    shown = text
    FileHandle.standardError.write(Data("\r\u{1b}[K\(text)".utf8))
  }

  mutating func clear() {
    guard isShown, !shown.isEmpty else { return }
    shown = ""
    FileHandle.standardError.write(Data("\r\u{1b}[K".utf8))
  }
}
