import Wire

/// Rules.
extension SuiteLoader {
  mutating func readRule(_ id: String, _ location: Location, _ mapping: inout YAMLMapping) {
    let texts = knownIDs(mapping.take("texts"), of: "text")
    let trigger = readTrigger(mapping.require("when"))
    let states = readStates(mapping.take("while"))
    let ics = reader.statements(mapping.take("ics"))
    let presumes = readRules(mapping.take("presumes"))
    let why = reader.text(mapping.take("why"))

    let must = mapping.take("must")
    let then = mapping.take("then")
    let never = mapping.take("never")
    let reactions = mapping.take("reactions")
    let unless = mapping.take("unless")
    var reference = Reference.none
    var musts: [Must] = []
    if case .message(let template) = trigger {
      reference = .trigger(template.kind)
      musts = readMusts(must, template.kind)
    } else if trigger != nil, let must {
      reader.fail(must.location, "expected no 'must' beside an event, which has no fields")
    } else if case .mapping(let pairs) = must?.content {
      // Without the message, only the names of the requirements can be checked.
      for pair in pairs { _ = check("requirement", pair.key, pair.location) }
    }
    if let unless, reactions == nil {
      reader.fail(unless.location, "expected 'reactions' beside 'unless'; 'then' and 'never' have their own")
    }
    var sequels = reader.list(then).compactMap { readSequel($0, .then, reference) }
    sequels += reader.list(never).compactMap { readSequel($0, .never, reference) }
    if let reactions, var sequel = readReactions(reactions, reference) {
      sequel.unless = reader.list(unless).compactMap { template($0, reference) }
      sequels.append(sequel)
    }

    let checkNode = mapping.take("check")
    if [must, then, never, reactions, checkNode].allSatisfy({ $0 == nil }) {
      reader.fail(location, "expected an assertion that names a requirement (must, then, never, reactions or check), found none")
    }
    let check = reader.choice(checkNode, of: Vocabulary.checks, "the name of a check")
    let decidesNode = mapping.take("decides")
    let decides = knownIDs(decidesNode, of: "requirement")
    if let checkNode, decidesNode == nil {
      reader.expected("'decides' with the requirements of the check", checkNode)
    } else if checkNode == nil, let decidesNode {
      reader.fail(decidesNode.location, "expected 'check' beside 'decides': only a check has requirements without an assertion")
    }

    guard let trigger else { return }
    let rule = Rule(
      id: id, texts: texts, when: trigger, while: states, ics: ics, musts: musts, sequels: sequels, presumes: presumes, check: check,
      decides: decides, why: why ?? "", location: location)
    checkLookBacks(rule)
    suite.rules.append(rule)
  }

  /// A message that sets a rule off leaves a fixed number of fields behind; a rule that wanted more would compare with nothing.
  private func checkLookBacks(_ rule: Rule) {
    let most = Slots.capacity
    var fields: [FieldPath] = []
    for (tests, location) in rule.allTests {
      for case .some(let field) in tests.map(\.condition.lookedBackAt) where !fields.contains(field) {
        fields.append(field)
        guard fields.count > most else { continue }
        return reader.fail(
          location,
          "expected at most \(most) fields of the message that sets the rule off to look back at, found \(field) as another; "
            + "make two rules of it")
      }
    }
  }

  private func readTrigger(_ node: YAMLNode?) -> Trigger? {
    guard let node else { return nil }
    guard case .mapping(let pairs) = node.content, pairs.contains(where: { $0.key == "event" }),
      var mapping = reader.mapping(node, "an event")
    else { return template(node, .none).map { .message($0) } }
    let event = reader.choice(mapping.require("event"), of: Vocabulary.events.keys.sorted(), "an event")
    var attributes: [String: String] = [:]
    for key in event.flatMap({ Vocabulary.events[$0] }) ?? [] {
      guard let value = mapping.take(key) else { continue }
      attributes[key] =
        event == "probe" ? knownID(value, of: "probe") : reader.choice(value, of: Vocabulary.hooks, "a hook")
    }
    mapping.finish()
    return event.map { .event($0, attributes) }
  }

  private func readStates(_ node: YAMLNode?) -> [StateCondition] {
    guard let node, var mapping = reader.mapping(node, "conditions on the conversation") else { return [] }
    defer { mapping.finish() }
    return StateCondition.Subject.allCases.compactMap { subject in
      guard let value = mapping.take(subject.rawValue) else { return nil }
      let names = StateCondition.names(subject)
      return StateCondition(subject, reader.list(value).compactMap { reader.choice($0, of: names, "a state of \(subject.rawValue)") })
    }
  }

  /// Ids of rules; those that are not there are noted as dangling.
  mutating func readRules(_ node: YAMLNode?) -> [String] {
    var ids: [String] = []
    for element in reader.list(node) {
      guard let id = reader.text(element, "a rule") else { continue }
      ids.append(id)
      checkRule(id, element.location)
    }
    return ids
  }

  mutating func checkRule(_ id: String, _ location: Location) {
    let rules = names(of: "rule")
    guard !rules.contains(id) else { return }
    suite.dangling.append(SuiteError(location, "unknown rule '\(id)'\(YAMLReader.nearest(id, rules))"))
  }

  private func readMusts(_ node: YAMLNode?, _ kind: MessageKind) -> [Must] {
    guard let node, var mapping = reader.mapping(node, "requirements and what they ask of the message") else { return [] }
    return mapping.takeRest().compactMap { pair in
      let isKnown = check("requirement", pair.key, pair.location)
      guard var fields = reader.mapping(pair.value, "what the message must be") else { return nil }
      let asked = tests(fields.takeRest(), of: kind, .itself(kind), keys: [])
      return isKnown ? Must(requirement: pair.key, tests: asked, location: pair.location) : nil
    }
  }

  /// `then … within`, `never … for`.
  private func readSequel(_ node: YAMLNode, _ form: Sequel.Form, _ reference: Reference) -> Sequel? {
    guard var mapping = reader.mapping(node, "what \(form == .then ? "must" : "must never") follow") else { return nil }
    defer { mapping.finish() }
    let length = window(mapping.require(form == .then ? "within" : "for"))
    let grace = window(mapping.take("after"))
    let requirement = knownID(mapping.require("decides"), of: "requirement")
    let label = reader.name(mapping.take("label"), "a label")
    let unless = reader.list(mapping.take("unless")).compactMap { template($0, reference) }
    guard let message = template(&mapping, reference), let length, let requirement else { return nil }
    let reaction = Reaction(
      label: label ?? "", match: .message(message), verdict: form == .then ? .pass : .fail, requirement: requirement,
      location: node.location)
    let silence = Reaction(
      label: "nothing", match: .silence, verdict: form == .then ? .fail : .pass, requirement: requirement, location: node.location)
    return Sequel(form: form, reactions: [reaction, silence], window: length, grace: grace, unless: unless, location: node.location)
  }

  /// The closed list: the first that matches decides.
  private func readReactions(_ node: YAMLNode, _ reference: Reference) -> Sequel? {
    guard let nodes = reader.strictList(node, "reactions") else { return nil }
    var windows: [Window] = []
    var silences = 0
    var labels: Set<String> = []
    let reactions = nodes.enumerated().compactMap { index, node -> Reaction? in
      guard var mapping = reader.mapping(node, "a reaction") else { return nil }
      defer { mapping.finish() }
      let label = reader.name(mapping.require("label"), "a label")
      if let label, !labels.insert(label).inserted { reader.fail(node.location, "expected a label of its own, found '\(label)' again") }
      let verdict = reader.choice(mapping.require("verdict"), of: Vocabulary.verdicts, "a verdict").flatMap(Verdict.init(rawValue:))
      let requirement = knownID(mapping.require("decides"), of: "requirement")
      let matchNode = mapping.take("match")
      let silenceNode = mapping.take("silence")
      if silenceNode != nil { silences += 1 }
      let match: Reaction.Match
      switch (matchNode, silenceNode) {
      case (let matchNode?, nil):
        guard let message = template(matchNode, reference) else { return nil }
        match = .message(message)
      case (nil, let silenceNode?):
        guard let length = window(silenceNode) else { return nil }
        windows.append(length)
        match = .silence
      case (nil, nil):
        guard label == "otherwise" else {
          reader.fail(node.location, "expected 'match', 'silence' or the label 'otherwise' in a reaction")
          return nil
        }
        if index != nodes.count - 1 { reader.fail(node.location, "expected 'otherwise' as the last reaction: it takes everything") }
        match = .otherwise
      default:
        reader.fail(node.location, "expected either 'match' or 'silence' in a reaction, found both")
        return nil
      }
      guard let label, let verdict, let requirement else { return nil }
      return Reaction(label: label, match: match, verdict: verdict, requirement: requirement, location: node.location)
    }
    if !labels.contains("otherwise") {
      reader.fail(node.location, "expected 'otherwise' as the last reaction: the list must be closed, with a verdict for everything else")
    }
    if silences != 1 { reader.fail(node.location, "expected one reaction 'silence' with the window, found \(silences)") }
    guard let window = windows.first else { return nil }
    return Sequel(form: .reactions, reactions: reactions, window: window, grace: nil, location: node.location)
  }
}

extension Rule {
  /// Everything that the rule asks of fields, and where it stands.
  fileprivate var allTests: [(tests: [FieldTest], location: Location)] {
    var all = musts.map { ($0.tests, $0.location) }
    if case .message(let template) = when { all.insert((template.tests, location), at: 0) }
    for sequel in sequels {
      for reaction in sequel.reactions {
        if case .message(let template) = reaction.match { all.append((template.tests, reaction.location)) }
      }
      all += sequel.unless.map { ($0.tests, sequel.location) }
    }
    return all
  }
}

extension Condition {
  /// The field of the triggering message that it compares with.
  fileprivate var lookedBackAt: FieldPath? {
    switch self {
    case .same(let field), .differs(let field), .serialAfter(let field): field
    default: nil
    }
  }
}
