import Wire

/// Requirements, texts, profiles; what the kill matrix expects.
extension SuiteLoader {
  mutating func readRequirement(_ id: String, _ location: Location, _ mapping: inout YAMLMapping) {
    let document = reader.text(mapping.require("document"), "the name of a document")
    let clause = reader.text(mapping.require("clause"), "a clause")
    let roles = reader.list(mapping.require("role")).compactMap { reader.choice($0, Role.self, "ha or ue") }
    let levels = readLevels(mapping.require("level"))
    let paraphrase = reader.text(mapping.require("paraphrase"))
    let decided = reader.text(mapping.take("decided"))
    let unjudged = reader.text(mapping.take("unjudged"), "the reason why no rule judges it")
    guard let document, let clause, let levels, let paraphrase else { return }
    suite.requirements.append(
      Requirement(
        id: id, document: document, clause: clause, roles: roles, levels: levels.byText, level: levels.level, paraphrase: paraphrase,
        decided: decided ?? "", unjudged: unjudged ?? "", location: location))
  }

  /// One level for every text, or one for each text that is named, and `absent` for the others.
  private func readLevels(_ node: YAMLNode?) -> (level: Level, byText: [String: Level])? {
    guard let node else { return nil }
    guard case .mapping(let pairs) = node.content else { return reader.choice(node, Level.self, "a level").map { ($0, [:]) } }
    var levels: [String: Level] = [:]
    for pair in pairs where check("text", pair.key, pair.location) {
      levels[pair.key] = reader.choice(pair.value, Level.self, "a level")
    }
    return (.absent, levels)
  }

  mutating func readText(_ id: String, _ location: Location, _ mapping: inout YAMLMapping) {
    let title = reader.text(mapping.require("title"))
    var durations: [String: Interval] = [:]
    if var named = reader.mapping(mapping.take("durations"), "lengths of time by name") {
      for pair in named.takeRest() { durations[pair.key] = reader.duration(pair.value) }
    }
    var numbers: [String: Int] = [:]
    if var named = reader.mapping(mapping.take("numbers"), "numbers by name") {
      for pair in named.takeRest() { numbers[pair.key] = reader.integer(pair.value, in: 0...1_000_000) }
    }
    guard let title else { return }
    suite.texts.append(Text(id: id, title: title, durations: durations, numbers: numbers, location: location))
  }

  mutating func readProfile(_ id: String, _ location: Location, _ mapping: inout YAMLMapping) {
    let dialect = reader.choice(mapping.require("dialect"), of: Dialect.allCases.map(\.name), "a dialect").flatMap(Dialect.init(name:))
    let text = knownID(mapping.require("text"), of: "text")
    guard let dialect, let text else { return }
    suite.profiles.append(Profile(id: id, dialect: dialect, text: text, location: location))
  }

  mutating func readExpectation(_ defect: String, _ location: Location, _ mapping: inout YAMLMapping) {
    let role = reader.choice(mapping.require("role"), Role.self, "ha or ue")
    let variations = reader.list(mapping.take("with")).compactMap { reader.name($0, "a variation") }
    var blames: [String] = []
    var byProfile: [String: [String]] = [:]
    if let node = mapping.require("blames") {
      if case .mapping(let pairs) = node.content {
        for pair in pairs where check("profile", pair.key, pair.location) {
          byProfile[pair.key] = knownIDs(pair.value, of: "requirement")
        }
      } else {
        blames = knownIDs(node, of: "requirement")
      }
    }
    guard let role else { return }
    claim("expectation for \(role)", ([defect] + variations).joined(separator: " "), location)
    suite.expectations.append(
      Expectation(defect: defect, variations: variations, role: role, byProfile: byProfile, blames: blames, location: location))
  }

  mutating func readEquivalent(_ mutant: String, _ location: Location, _ mapping: inout YAMLMapping) {
    guard let reason = reader.text(mapping.require("reason")) else { return }
    // `rule`, `assertion`, `mutation`.
    // One that begins with a pattern is about no rule in particular.
    let rule = String(mutant.prefix { $0 != " " })
    if !rule.contains("*") { checkRule(rule, location) }
    suite.equivalents.append(Equivalent(mutant: mutant, reason: reason, location: location))
  }

  /// A window by name, or a length of time.
  func window(_ node: YAMLNode?) -> Window? {
    guard let node else { return nil }
    guard let text = reader.text(node, "a window or a length of time") else { return nil }
    if Window.names.contains(text) { return .named(text) }
    if text.first?.isNumber == true { return reader.duration(node).map { .fixed($0) } }
    reader.fail(node.location, "expected a window or a length of time, found '\(text)'\(YAMLReader.suggestion(text, Window.names))")
    return nil
  }
}
