package import Judging
import Wire

/// What `detachspec explain` prints.
package struct Explanation: Sendable {
  let relations: Relations
  private let behaviours: [(kind: String, behaviour: NodeBehaviour)]

  package init(_ suite: Suite, defects: [NodeBehaviour] = [], variations: [NodeBehaviour] = []) {
    relations = Relations(suite)
    behaviours = defects.map { ("defect", $0) } + variations.map { ("variation", $0) }
  }

  /// A requirement, rule, case, field path, layer, profile, text, probe, plan, defect or variation in words.
  ///
  /// A line feed ends every line.
  ///
  /// - Parameter width: columns of the terminal.
  /// - Throws: `UnknownName`, with the nearest names.
  package func text(of id: String, width: Int = 100) throws(UnknownName) -> String {
    let suite = relations.suite
    let page: Page
    if let requirement = suite.requirement(id) {
      page = explain(requirement, width)
    } else if let rule = suite.rule(id) {
      page = explain(rule, width)
    } else if let testCase = suite.testCase(id) {
      page = explain(testCase, width)
    } else if let path = FieldPath(id) {
      page = explain(path, width)
    } else if let kind = LayerKind(name: id) {
      page = explain(kind, width)
    } else if let other = explainOther(id, width) {
      page = other
    } else if behaviours.contains(where: { $0.behaviour.name == id }) {
      return behaviours.filter { $0.behaviour.name == id }.map { explain($0.behaviour, $0.kind, width).text }.joined(separator: "\n")
    } else {
      throw UnknownName(name: id, nearest: nearest(to: id))
    }
    return page.text
  }

  private func explain(_ requirement: Requirement, _ width: Int) -> Page {
    var page = Page(requirement.id, requirement.paraphrase, width)
    page.add("document", "\(requirement.document) \(requirement.clause)")
    page.add("binds", requirement.roles.map(\.words).joined(separator: ", "))
    page.add("level", relations.levels(requirement).map { "\($0.level.words) under \($0.text)" })
    page.add("decided", requirement.decided)
    page.add("seen by", relations.sights(of: requirement.id))
    let rules = relations.rules(of: requirement.id)
    page.add("rules", rules.isEmpty ? ["none: it is not judged"] : rules.map { "\($0.id): \($0.when.words)" })
    page.add("cases", relations.cases(of: requirement.id).map { "\($0): \(relations.suite.testCase($0)?.title ?? "")" })
    page.add("killers", relations.killers(of: requirement.id).joined(separator: ", "))
    page.add("stands in", requirement.location.description)
    return page
  }

  private func explainOther(_ id: String, _ width: Int) -> Page? {
    let suite = relations.suite
    if let profile = suite.profile(id) {
      var page = Page(id, "A profile: the pair of layout and text that messages are spoken and judged by.", width)
      page.add("dialect", profile.dialect.name)
      page.add("text", "\(profile.text): \(suite.text(profile.text)?.title ?? "")")
      addConstants(suite.text(profile.text), to: &page)
      return page
    }
    if let text = suite.text(id) {
      var page = Page(id, text.title, width)
      addConstants(text, to: &page)
      return page
    }
    if let probe = suite.probes.first(where: { $0.id == id }) {
      var page = Page(id, "A probe of the \(probe.role.words): \(probe.stimulus), watched for \(probe.window.words).", width)
      page.add("strength", probe.strength == "strong" ? "strong: its silence is an answer" : "weak: only a reaction is an answer")
      page.add("needs", probe.needs.joined(separator: ", "))
      page.add("effects", probe.sideEffects)
      page.add("stands in", probe.location.description)
      return page
    }
    if let plan = suite.plans.first(where: { $0.id == id }) {
      var page = Page(id, plan.title, width)
      page.add("device", plan.role.words)
      page.add("sends", ([plan.message.rawValue] + plan.values.map { "\($0.path) \($0.value.words($0.path))" }).joined(separator: ", "))
      page.add("breaks", plan.layers.map(\.name).joined(separator: ", "))
      page.add("spares", plan.spares.map(\.description).joined(separator: ", "))
      page.add("stands in", plan.location.description)
      return page
    }
    return nil
  }

  /// The nodes have some names in common, and break different sentences by them.
  private func explain(_ behaviour: NodeBehaviour, _ kind: String, _ width: Int) -> Page {
    var page = Page(behaviour.name, behaviour.summary, width)
    page.add("what", "a \(kind) of the reference \(behaviour.role.words)")
    page.add("breaks", behaviour.cites)
    page.add("modifiers", behaviour.modifiers.map { "@\($0)" }.joined(separator: " "))
    return page
  }

  private func addConstants(_ text: Text?, to page: inout Page) {
    guard let text else { return }
    let durations = text.durations.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    page.add("constants", durations + text.numbers.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })
    page.add("stands in", text.location.description)
  }

  // MARK: Unknown names

  private func nearest(to id: String) -> String {
    let suite = relations.suite
    var names =
      suite.requirements.map(\.id) + suite.rules.map(\.id) + suite.cases.map(\.id) + suite.profiles.map(\.id) + suite.texts.map(\.id)
    names += suite.probes.map(\.id) + suite.plans.map(\.id) + behaviours.map(\.behaviour.name) + LayerKind.allCases.map(\.name)
    names += Schema.all.flatMap { schema in schema.fields.map { "\(schema.kind.name).\($0.name)" } }
    names = names.unique
    let holding = names.filter { !id.isEmpty && $0.lowercased().contains(id.lowercased()) }.prefix(6)
    if !holding.isEmpty { return "; did you mean \(holding.map { "'\($0)'" }.joined(separator: ", "))?" }
    let suggestion = YAMLReader.suggestion(id, names)
    return suggestion.contains("did you mean") ? suggestion : "; 'detachspec list' names what there is"
  }
}

/// A name that nothing has.
package struct UnknownName: Error, Sendable, Equatable, CustomStringConvertible {
  package let name: String
  /// What was meant, most likely; begins with a semicolon.
  let nearest: String

  package var description: String { "nothing is called '\(printable(name))'\(nearest)" }
}

/// A title, a sentence, and labelled paragraphs below.
struct Page {
  private(set) var lines: [String]
  private let width: Int
  private static let indent = 13

  init(_ title: String, _ sentence: String, _ width: Int) {
    self.width = max(40, width)
    lines = [title]
    if !sentence.isEmpty { lines += sentence.wrapped(to: self.width - 2).map { "  \($0)" } + [""] }
  }

  /// A paragraph; nothing when there is nothing to say.
  mutating func add(_ label: String, _ text: String) { add(label, text.isEmpty ? [] : [text]) }

  /// A paragraph for each text.
  mutating func add(_ label: String, _ texts: [String]) {
    var label = label
    for text in texts {
      for line in text.wrapped(to: width - Self.indent) {
        lines.append("  \(label)".padded(to: Self.indent) + line)
        label = ""
      }
    }
  }

  /// Lines as they are, below an empty one.
  mutating func add(drawing: [String]) { lines += [""] + drawing.map { "  \($0)" } }

  var text: String { lines.map { $0 + "\n" }.joined() }
}
