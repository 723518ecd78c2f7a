package import Judging

/// What is known to fail, or to be inconclusive, and why: the entries of a known-failing file.
package struct KnownFailing: Codable, Sendable, Equatable {
  package struct Entry: Codable, Sendable, Equatable {
    /// Nil: whatever case, and findings outside of the cases.
    package var testCase: String?
    /// Nil: whatever requirement the case breaks.
    package var requirement: String?
    /// `fail` or `inconclusive`.
    package var verdict: Verdict
    package var reason: String

    package init(testCase: String?, requirement: String? = nil, verdict: Verdict, reason: String) {
      self.testCase = testCase
      self.requirement = requirement
      self.verdict = verdict
      self.reason = reason
    }

    enum CodingKeys: String, CodingKey {
      case testCase = "case"
      case requirement, verdict, reason
    }

    fileprivate func lists(_ item: Item) -> Bool {
      verdict == item.verdict && (testCase ?? item.testCase) == item.testCase && (requirement ?? item.requirement) == item.requirement
    }
  }

  package var entries: [Entry]

  package init(_ entries: [Entry] = []) { self.entries = entries }

  package init(from decoder: any Decoder) throws { entries = try decoder.singleValueContainer().decode([Entry].self) }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(entries)
  }

  /// One thing that an entry can list: a broken or undecided requirement of a case, or of no case.
  struct Item: Hashable {
    var run: Int
    var testCase: String?
    var requirement: String?
    var verdict: Verdict
  }

  /// The entries held against the verdicts of a report.
  package struct Application {
    private(set) var uncovered: [Item] = []
    /// Entries that speak of something which was judged and did not come out so.
    package private(set) var stale: [Entry] = []
    private var reasons: [Place: String] = [:]

    private struct Place: Hashable {
      var run: Int
      var testCase: String
    }

    package init(_ known: KnownFailing, to runs: [RunReport]) {
      var isUsed = Array(repeating: false, count: known.entries.count)
      for (run, report) in runs.enumerated() {
        for result in report.verdicts.cases {
          let items = Self.items(result, run)
          let matches = items.map { item in known.entries.indices.filter { known.entries[$0].lists(item) } }
          for index in matches.joined() { isUsed[index] = true }
          if let first = matches.first?.first, matches.allSatisfy({ !$0.isEmpty }) {
            reasons[Place(run: run, testCase: result.testCase)] = known.entries[first].reason
          } else {
            for (item, match) in zip(items, matches) where match.isEmpty { uncovered.append(item) }
          }
        }
        for finding in report.verdicts.attributed.outside where finding.verdict == .fail {
          let item = Item(run: run, testCase: finding.testCase, requirement: finding.requirement, verdict: .fail)
          let matches = known.entries.indices.filter { known.entries[$0].lists(item) }
          for index in matches { isUsed[index] = true }
          if matches.isEmpty { uncovered.append(item) }
        }
      }
      stale = zip(known.entries, isUsed).filter { !$0.1 && Self.wasJudged($0.0, in: runs) }.map(\.0)
    }

    /// Why a failed or inconclusive case is known to be so; nil where something of it is not listed.
    package func reason(run: Int, testCase: String) -> String? { reasons[Place(run: run, testCase: testCase)] }

    /// A finding outside of the cases is listed.
    func lists(_ finding: Finding, run: Int) -> Bool {
      !uncovered.contains(Item(run: run, testCase: finding.testCase, requirement: finding.requirement, verdict: finding.verdict))
    }

    /// Why a case failed or is inconclusive, requirement by requirement; none otherwise.
    private static func items(_ result: CaseResult, _ run: Int) -> [Item] {
      guard result.verdict == .fail || result.verdict == .inconclusive else { return [] }
      let items = result.assertions.filter { $0.verdict == result.verdict }.map {
        Item(run: run, testCase: result.testCase, requirement: $0.requirement, verdict: result.verdict)
      }
      return items.isEmpty ? [Item(run: run, testCase: result.testCase, requirement: nil, verdict: result.verdict)] : items
    }

    private static func wasJudged(_ entry: Entry, in runs: [RunReport]) -> Bool {
      runs.contains { run in
        if let testCase = entry.testCase {
          return run.verdicts.cases.contains { $0.testCase == testCase && $0.verdict != .notApplicable }
        }
        return run.verdicts.requirements.contains { $0.requirement == entry.requirement && $0.isReached }
      }
    }
  }
}
