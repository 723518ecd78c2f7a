/// Who sends: the Home Agent or the User Equipment. Rules speak of these, never of tester and device.
package enum Role: String, Sendable, CaseIterable, Codable {
  case ha, ue

  package var other: Role { self == .ha ? .ue : .ha }
}

/// The modal verb of a sentence.
package enum Level: String, Sendable, CaseIterable, Codable {
  case shall, shallNot = "shall-not", must, mustNot = "must-not", should, shouldNot = "should-not", may, info, derived
  /// The sentence does not stand in this text.
  case absent

  /// What a breach of the sentence is worth.
  package var severity: Verdict {
    switch self {
    case .shall, .shallNot, .must, .mustNot: .fail
    case .should, .shouldNot: .warning
    case .may, .info, .derived, .absent: .note
    }
  }
}

/// The verdicts of ISO/IEC 9646, with the gradations that sentences weaker than *shall* ask for.
package enum Verdict: String, Sendable, CaseIterable, Codable {
  case pass, note, warning, inconclusive, fail, error
  /// The device does not claim what the case needs.
  case notApplicable = "not-applicable"
}

/// A place in a file of the suite.
package struct Location: Sendable, Hashable, CustomStringConvertible {
  package var file: String
  /// Both count from 1.
  package var line: Int
  package var column: Int

  package init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }

  package var description: String { "\(file):\(line):\(column)" }
}

/// Something wrong in a file of the suite, with the mend.
package struct SuiteError: Error, Sendable, Equatable, CustomStringConvertible {
  package var location: Location
  package var message: String

  package init(_ location: Location, _ message: String) {
    self.location = location
    self.message = message
  }

  package var description: String { "\(location): \(message)" }
}

/// Everything wrong in a suite.
package struct SuiteErrors: Error, Sendable, CustomStringConvertible {
  package var errors: [SuiteError]

  package init(_ errors: [SuiteError]) { self.errors = errors }

  package var description: String { errors.map(\.description).joined(separator: "\n") }
}
