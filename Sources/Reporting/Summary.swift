import Judging

/// Counts over all runs of a report.
package struct Summary: Codable, Sendable, Equatable {
  package var cases = Cases()
  package var outside = Outside()
  package var requirements = Requirements()
  /// Entries of the known-failing file that no longer hold.
  package var stale: [KnownFailing.Entry] = []

  package struct Cases: Codable, Sendable, Equatable {
    package var total = 0
    /// Those with warnings among them.
    package var pass = 0
    package var warnings = 0
    package var fail = 0
    package var inconclusive = 0
    package var error = 0
    package var notApplicable = 0
    /// Failed and inconclusive cases that the known-failing file lists.
    package var known = 0

    enum CodingKeys: String, CodingKey {
      case total, pass, warnings, fail, inconclusive, error
      case notApplicable = "not-applicable"
      case known
    }
  }

  /// Findings that no case's verdict rests on.
  package struct Outside: Codable, Sendable, Equatable {
    package var fail = 0
    package var warning = 0
    package var inconclusive = 0
    package var note = 0
  }

  package struct Requirements: Codable, Sendable, Equatable {
    package var reached = 0
    /// A subset of those that were reached.
    package var broken = 0
    package var neverReached: [String] = []

    enum CodingKeys: String, CodingKey {
      case reached, broken
      case neverReached = "never-reached"
    }
  }

  init(_ runs: [RunReport], _ application: KnownFailing.Application) {
    var reached: Set<String> = []
    var broken: Set<String> = []
    var all: Set<String> = []
    for (index, run) in runs.enumerated() {
      for result in run.verdicts.cases {
        cases.count(result)
        if application.reason(run: index, testCase: result.testCase) != nil { cases.known += 1 }
      }
      for finding in run.verdicts.attributed.outside { outside.count(finding.verdict) }
      for result in run.verdicts.requirements {
        all.insert(result.requirement)
        if result.isReached { reached.insert(result.requirement) }
        if result.broken > 0, result.verdict == .fail || result.verdict == .warning { broken.insert(result.requirement) }
      }
    }
    requirements = Requirements(reached: reached.count, broken: broken.count, neverReached: all.subtracting(reached).sorted())
    stale = application.stale
  }
}

extension Summary.Cases {
  fileprivate mutating func count(_ result: CaseResult) {
    total += 1
    switch result.verdict {
    case .pass, .note, .warning:
      pass += 1
      if result.warnings > 0 { warnings += 1 }
    case .fail: fail += 1
    case .inconclusive: inconclusive += 1
    case .error: error += 1
    case .notApplicable: notApplicable += 1
    }
  }
}

extension Summary.Outside {
  fileprivate mutating func count(_ verdict: Verdict) {
    switch verdict {
    case .fail, .error: fail += 1
    case .warning: warning += 1
    case .inconclusive: inconclusive += 1
    case .note, .pass, .notApplicable: note += 1
    }
  }
}

extension CaseResult {
  /// Assertions of sentences weaker than *shall* that were broken.
  var warnings: Int { assertions.count { $0.verdict == .warning } }
}

extension Verdicts.RequirementResult {
  var isReached: Bool { passed > 0 || broken > 0 }
}

extension Verdicts {
  /// The findings that each case's verdict rests on, and the others.
  var attributed: (byCase: [String: [Finding]], outside: [Finding]) {
    var exercised: [String: Set<[String]>] = [:]
    for result in cases { exercised[result.testCase] = Set(result.assertions.map { [$0.rule, $0.requirement] }) }
    var byCase: [String: [Finding]] = [:]
    var outside: [Finding] = []
    for finding in findings {
      if let id = finding.testCase, exercised[id]?.contains([finding.rule, finding.requirement]) == true {
        byCase[id, default: []].append(finding)
      } else {
        outside.append(finding)
      }
    }
    return (byCase, outside)
  }
}
