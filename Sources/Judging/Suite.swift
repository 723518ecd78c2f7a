package import Wire

/// One sentence of a document.
package struct Requirement: Sendable {
  /// `document-clause-number`; never renumbered.
  package var id: String
  package var document: String
  package var clause: String
  package var roles: [Role]
  /// The sentence's level by text; a text that is not named has `level`.
  package var levels: [String: Level]
  package var level: Level
  /// A paraphrase.
  package var paraphrase: String
  /// How it is decided, and the traps; empty where there are none.
  package var decided: String
  /// Why no rule judges it: another requirement carries the rule, IPsec is needed. Empty: a rule must.
  package var unjudged: String
  package var location: Location

  package init(
    id: String, document: String, clause: String, roles: [Role], levels: [String: Level] = [:], level: Level, paraphrase: String,
    decided: String = "", unjudged: String = "", location: Location
  ) {
    self.id = id
    self.document = document
    self.clause = clause
    self.roles = roles
    self.levels = levels
    self.level = level
    self.paraphrase = paraphrase
    self.decided = decided
    self.unjudged = unjudged
    self.location = location
  }

  package func level(in text: String) -> Level { levels[text] ?? level }
}

/// A text in force: sentences with levels, and constants.
package struct Text: Sendable {
  package var id: String
  package var title: String
  /// Named lengths of time, for instance `init-min-delay-bris`.
  package var durations: [String: Interval]
  /// Named numbers, for instance `bri-max-retries`.
  package var numbers: [String: Int]
  package var location: Location

  package init(id: String, title: String, durations: [String: Interval], numbers: [String: Int], location: Location) {
    self.id = id
    self.title = title
    self.durations = durations
    self.numbers = numbers
    self.location = location
  }
}

/// A pair of dialect and text.
package struct Profile: Sendable {
  package var id: String
  package var dialect: Dialect
  package var text: String
  package var location: Location

  package init(id: String, dialect: Dialect, text: String, location: Location) {
    self.id = id
    self.dialect = dialect
    self.text = text
    self.location = location
  }
}

/// What a defect of a reference node must be blamed on, written from the sentence before any run.
package struct Expectation: Sendable {
  /// The defect's name, with a modifier or without; in an entry about variations `*` stands for any characters.
  package var defect: String
  /// The variations that it is about; none: the defect alone, or with a variation that changes nothing of it.
  package var variations: [String]
  package var role: Role
  /// Requirement ids by profile; a profile that is not named has `blames`.
  package var byProfile: [String: [String]]
  package var blames: [String]
  package var location: Location

  package init(defect: String, variations: [String] = [], role: Role, byProfile: [String: [String]], blames: [String], location: Location) {
    self.defect = defect
    self.variations = variations
    self.role = role
    self.byProfile = byProfile
    self.blames = blames
    self.location = location
  }

  package func blames(in profile: String) -> [String] { byProfile[profile] ?? blames }
}

extension [Expectation] {
  /// What a defect must be blamed on: the entry for it with its modifier, else that for the defect; with a variation, one that names it first;
  /// of a node whose bindings have an IKE SA, then one that is `with` keys.
  package func of(_ defect: String, modifier: String?, with variation: String?, hasKeys: Bool = false, role: Role) -> Expectation? {
    let names = [modifier.map { "\(defect)@\($0)" }, defect].compactMap { $0 }
    let ofRole = filter { $0.role == role }
    let circumstances = [variation, hasKeys ? "keys" : nil].compactMap { $0 }
    let about = circumstances.lazy.compactMap { circumstance in
      ofRole.first { entry in entry.variations.contains(circumstance) && Glob(entry.defect).matches(names[0]) }
    }.first
    return about ?? names.lazy.compactMap { name in ofRole.first { $0.variations.isEmpty && $0.defect == name } }.first
  }
}

/// A mutant of a rule that changes no cell of the matrix, and why that is right.
package struct Equivalent: Sendable {
  /// A mutant as the matrix prints it, `bri-fields 24303-5.4.3.1-03a assertion-dropped`; `*` stands for any characters.
  package var mutant: String
  package var reason: String
  package var location: Location

  package init(mutant: String, reason: String, location: Location) {
    self.mutant = mutant
    self.reason = reason
    self.location = location
  }

  /// The entry is about this mutant.
  package func covers(_ name: String) -> Bool { Glob(mutant).matches(name) }
}

/// The data that everything is judged by: requirements, texts, profiles, rules, cases, probes, plans.
package struct Suite: Sendable {
  package var requirements: [Requirement] = []
  package var texts: [Text] = []
  package var profiles: [Profile] = []
  package var rules: [Rule] = []
  package var cases: [Case] = []
  package var probes: [Probe] = []
  package var plans: [Plan] = []
  package var expectations: [Expectation] = []
  package var equivalents: [Equivalent] = []
  /// SHA-256 or similar of all files, in hexadecimal; reports print it.
  package var digest = ""
  /// References to rules that are not there. Everything but the kill matrix refuses a suite that has any.
  package var dangling: [SuiteError] = []

  package init() {}

  package func requirement(_ id: String) -> Requirement? { requirements.first { $0.id == id } }
  package func profile(_ id: String) -> Profile? { profiles.first { $0.id == id } }
  package func text(_ id: String) -> Text? { texts.first { $0.id == id } }
  package func rule(_ id: String) -> Rule? { rules.first { $0.id == id } }
  package func testCase(_ id: String) -> Case? { cases.first { $0.id == id } }
}
