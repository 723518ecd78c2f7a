import Wire

/// How one assertion that a case exercises came out.
package struct AssertionResult: Sendable, Codable, Equatable {
  package var requirement: String
  package var rule: String
  package var level: Level
  /// `pass`, `fail`, `warning`, `note`, or `inconclusive` where it was never reached.
  package var verdict: Verdict
  /// How often it was decided.
  package var reached: Int
}

/// A case's verdict, and what it rests on.
package struct CaseResult: Sendable, Codable, Equatable {
  package var testCase: String
  package var title: String
  package var clause: String
  package var verdict: Verdict
  package var reason: String?
  package var assertions: [AssertionResult]
  package var homes: [String]
  package var attempt: Int
  /// Capture times of its begin and end, in nanoseconds.
  package var begin: Int64
  package var end: Int64

  enum CodingKeys: String, CodingKey {
    case testCase = "case"
    case title, clause, verdict, reason, assertions, homes, attempt, begin, end
  }
}

/// Everything that judging one capture under one profile gave: what `run` and `check` print alike, byte for byte.
package struct Verdicts: Sendable, Codable, Equatable {
  package var role: Role?
  package var profile: String
  package var suite: String
  package var cases: [CaseResult]
  /// In order of time, notes included.
  package var findings: [Finding]
  /// By requirement: how often it was decided over the whole capture, and how.
  package var requirements: [RequirementResult]

  /// A requirement over the whole capture.
  package struct RequirementResult: Sendable, Codable, Equatable {
    package var requirement: String
    package var verdict: Verdict
    package var passed: Int
    package var broken: Int
    package var inconclusive: Int
  }
}
