package import Judging
import Wire

/// A defect or a permitted variation of a reference node, for lists and explanations.
package struct NodeBehaviour: Sendable {
  package var name: String
  package var role: Role
  package var summary: String
  /// The requirements that a defect breaks.
  package var cites: [String]
  package var modifiers: [String]

  package init(name: String, role: Role, summary: String, cites: [String] = [], modifiers: [String] = []) {
    self.name = name
    self.role = role
    self.summary = summary
    self.cites = cites
    self.modifiers = modifiers
  }
}

/// What `detachspec list` prints.
package struct Listing: Sendable {
  package enum Kind: String, Sendable, CaseIterable { case cases, rules, requirements, profiles, defects, variations, plans }

  private let relations: Relations
  private let defects: [NodeBehaviour]
  private let variations: [NodeBehaviour]

  package init(_ suite: Suite, defects: [NodeBehaviour] = [], variations: [NodeBehaviour] = []) {
    relations = Relations(suite)
    self.defects = defects
    self.variations = variations
  }

  /// Aligned columns, a line feed at the end of every line.
  ///
  /// - Parameters:
  ///   - selects: by id; the order is that of the suite.
  ///   - width: columns of the terminal.
  package func text(_ kind: Kind, width: Int = 100, where selects: (String) -> Bool = { _ in true }) -> String {
    let lines =
      switch kind {
      case .cases: table(cases(selects), width)
      case .rules: table(rules(selects), width)
      case .requirements: table(requirements(selects), width)
      case .profiles: table(profiles(selects), width)
      case .defects: table(behaviours(defects, selects), width)
      case .variations: table(behaviours(variations, selects), width)
      case .plans: table(plans(selects), width)
      }
    return lines.map { $0 + "\n" }.joined()
  }

  /// One JSON array of objects, keys sorted.
  package func json(_ kind: Kind, where selects: (String) -> Bool = { _ in true }) -> [UInt8] {
    let octets =
      switch kind {
      case .cases: encoded(cases(selects), isIndented: true)
      case .rules: encoded(rules(selects), isIndented: true)
      case .requirements: encoded(requirements(selects), isIndented: true)
      case .profiles: encoded(profiles(selects), isIndented: true)
      case .defects: encoded(behaviours(defects, selects), isIndented: true)
      case .variations: encoded(behaviours(variations, selects), isIndented: true)
      case .plans: encoded(plans(selects), isIndented: true)
      }
    return octets + [0x0a]
  }

  private func table<Row: ListRow>(_ rows: [Row], _ width: Int) -> [String] {
    Table(header: Row.header, wrapping: Row.wrapping, rows: rows.map(\.cells)).lines(width: width)
  }

  // MARK: Rows

  private func cases(_ selects: (String) -> Bool) -> [CaseRow] {
    relations.suite.cases.filter { selects($0.id) }.map { testCase in
      CaseRow(
        id: testCase.id, role: testCase.role, clause: testCase.clause, title: testCase.title, profiles: testCase.profiles,
        exercises: testCase.exercises,
        requirements: testCase.exercises.compactMap(relations.suite.rule).flatMap(\.requirements).unique)
    }
  }

  private func rules(_ selects: (String) -> Bool) -> [RuleRow] {
    relations.suite.rules.filter { selects($0.id) }.map { rule in
      RuleRow(
        id: rule.id, when: rule.when.words, texts: rule.texts, requirements: rule.requirements.unique,
        cases: relations.cases(ofRule: rule.id).map(\.id))
    }
  }

  private func requirements(_ selects: (String) -> Bool) -> [RequirementRow] {
    relations.suite.requirements.filter { selects($0.id) }.map { requirement in
      RequirementRow(
        id: requirement.id, document: requirement.document, clause: requirement.clause, roles: requirement.roles,
        levels: Dictionary(relations.levels(requirement).map { ($0.text, $0.level) }, uniquingKeysWith: { first, _ in first }),
        paraphrase: requirement.paraphrase, rules: relations.rules(of: requirement.id).map(\.id),
        cases: relations.cases(of: requirement.id),
        sights: relations.sights(of: requirement.id), killers: relations.killers(of: requirement.id),
        unjudged: requirement.unjudged, level: relations.levelWords(requirement))
    }
  }

  private func profiles(_ selects: (String) -> Bool) -> [ProfileRow] {
    relations.suite.profiles.filter { selects($0.id) }.map { profile in
      ProfileRow(id: profile.id, dialect: profile.dialect.name, text: profile.text, title: relations.suite.text(profile.text)?.title ?? "")
    }
  }

  private func plans(_ selects: (String) -> Bool) -> [PlanRow] {
    relations.suite.plans.filter { selects($0.id) }.map { plan in
      PlanRow(
        id: plan.id, role: plan.role, message: plan.message.rawValue, layers: plan.layers.map(\.name),
        spares: plan.spares.map(\.description),
        title: plan.title)
    }
  }

  private func behaviours(_ all: [NodeBehaviour], _ selects: (String) -> Bool) -> [BehaviourRow] {
    all.filter { selects($0.name) }.map {
      BehaviourRow(name: $0.name, role: $0.role, summary: $0.summary, requirements: $0.cites, modifiers: $0.modifiers)
    }
  }
}

extension Array where Element: Hashable {
  /// Each element once, where it first stood.
  var unique: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
