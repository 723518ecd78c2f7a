import Wire

/// Test cases, probes, fuzz plans.
extension SuiteLoader {
  mutating func readCase(_ id: String, _ location: Location, _ mapping: inout YAMLMapping) {
    let title = reader.text(mapping.require("title"))
    let clause = reader.text(mapping.require("clause"), "a clause")
    let role = reader.choice(mapping.require("role"), Role.self, "ha or ue")
    let profiles = knownIDs(mapping.take("profiles"), of: "profile")
    let needs = readNeeds(mapping.take("needs"))
    let party = readParty(mapping.take("party"))
    let why = reader.text(mapping.take("why"))
    let stepsNode = mapping.require("steps")
    let steps = (reader.strictList(stepsNode, "steps") ?? []).compactMap { readStep($0, needs, role) }
    if let stepsNode, case .list(let nodes) = stepsNode.content, nodes.isEmpty { reader.expected("at least one step", stepsNode) }
    let exercisesNode = mapping.require("exercises")
    let exercises = readRules(exercisesNode)
    if let exercisesNode, reader.list(exercisesNode).isEmpty {
      reader.fail(exercisesNode.location, "expected at least one rule that the case exercises: its verdict comes from them")
    }
    let mayExercise = readRules(mapping.take("may-exercise"))
    guard let title, let clause, let role else { return }
    suite.cases.append(
      Case(
        id: id, title: title, clause: clause, role: role, profiles: profiles, needs: needs, party: party, steps: steps,
        exercises: exercises, mayExercise: mayExercise,
        why: why ?? "", location: location))
  }

  private func readNeeds(_ node: YAMLNode?) -> Case.Needs {
    var needs = Case.Needs()
    guard var mapping = reader.mapping(node, "what a case needs") else { return needs }
    defer { mapping.finish() }
    needs.homeAddresses = reader.integer(mapping.take("home-addresses"), in: 0...100_000, "how many home addresses,") ?? needs.homeAddresses
    needs.hooks = reader.list(mapping.take("hooks")).compactMap { reader.choice($0, of: Vocabulary.hooks, "a hook") }
    needs.exclusive = reader.list(mapping.take("exclusive")).compactMap { reader.choice($0, of: Vocabulary.exclusives, "an exclusive use") }
    needs.ics = reader.statements(mapping.take("ics"))
    needs.links = reader.list(mapping.take("links")).compactMap { reader.choice($0, of: Vocabulary.links, "a link") }
    return needs
  }

  private func readParty(_ node: YAMLNode?) -> Case.PartyBehaviour {
    var party = Case.PartyBehaviour()
    guard var mapping = reader.mapping(node, "how the tester's party behaves") else { return party }
    defer { mapping.finish() }
    party.acknowledgesRevocations = reader.boolean(mapping.take("acknowledges-revocations")) ?? party.acknowledgesRevocations
    party.acknowledgesUpdates = reader.boolean(mapping.take("acknowledges-updates")) ?? party.acknowledgesUpdates
    if let lifetime = reader.integer(mapping.take("lifetime"), in: 0...0xffff, "a lifetime in units of 4 s") {
      party.lifetime = UInt16(lifetime)
    }
    if let first = reader.integer(mapping.take("first-sequence"), in: 0...0xffff, "a sequence number") {
      party.firstSequence = UInt16(first)
    }
    party.isOneUE = reader.boolean(mapping.take("one-ue")) ?? party.isOneUE
    return party
  }

  private func readStep(_ node: YAMLNode, _ needs: Case.Needs, _ role: Role?) -> Step? {
    let names = [
      "register", "send", "await", "end-unless", "wait", "hook", "race", "probe", "withhold", "establish-keys", "delete-keys",
      "delete-again", "false-delete",
    ]
    if case .scalar(let word, _) = node.content {
      if word == "register" { return .register(home: homeIndex(nil, needs, node.location)) }
      if word == "establish-keys" { return .establishKeys(home: homeIndex(nil, needs, node.location)) }
      if word == "delete-again" { return .deleteAgain(home: homeIndex(nil, needs, node.location)) }
      if word == "delete-keys" { return .deleteKeys(home: homeIndex(nil, needs, node.location)) }
      reader.fail(
        node.location, "expected a step (\(names.joined(separator: ", "))), found \(node.found)\(YAMLReader.suggestion(word, names))")
      return nil
    }
    guard case .mapping(let pairs) = node.content, pairs.count == 1, let pair = pairs.first else {
      reader.expected("a step with one key", node)
      return nil
    }
    let value = pair.value
    switch pair.key {
    case "register": return .register(home: homeIndex(value, needs, node.location))
    case "establish-keys": return .establishKeys(home: homeIndex(value, needs, node.location))
    case "delete-keys": return .deleteKeys(home: homeIndex(value, needs, node.location))
    case "delete-again": return .deleteAgain(home: homeIndex(value, needs, node.location))
    case "send": return readStimulus(value, needs).map { .send($0) }
    case "false-delete":
      return named(value, needs).flatMap { name, home in
        reader.choice(name, of: ["unsealed", "wrong"], "unsealed or wrong").map { .falseDelete(isSealed: $0 == "wrong", home: home) }
      }
    case "await", "end-unless":
      let isEnd = pair.key == "end-unless"
      func step(_ template: MessageTemplate, _ within: Window, _ home: Int, _ isOptional: Bool) -> Step {
        isEnd
          ? .endUnless(template, within: within, home: home) : .await(template, within: within, home: home, isOptional: isOptional)
      }
      guard case .mapping = value.content, var mapping = reader.mapping(value, "what is awaited") else {
        return template(value, .none).map { step($0, .named("guard-time"), homeIndex(nil, needs, value.location), false) }
      }
      defer { mapping.finish() }
      let withinNode = mapping.take("within")
      let within = withinNode == nil ? .named("guard-time") : window(withinNode)
      let home = homeIndex(mapping.take("home"), needs, value.location)
      let isOptional = isEnd ? false : mapping.take("optional").flatMap { reader.boolean($0) } ?? false
      guard let template = template(&mapping, .none), let within else { return nil }
      return step(template, within, home, isOptional)
    case "wait": return window(value).map { .wait($0) }
    case "hook":
      return named(value, needs).flatMap { name, home in reader.choice(name, of: Vocabulary.hooks, "a hook").map { .hook($0, home: home) } }
    case "race":
      guard let offset = reader.signedDuration(value) else { return nil }
      return .race(offset: offset, home: homeIndex(nil, needs, node.location))
    case "withhold":
      return named(value, needs).flatMap { name, home in
        reader.choice(name, of: ["updates", "revocations", "keys"], "updates, revocations or keys").map { .withhold($0, home: home) }
      }
    case "probe":
      guard let (name, home) = named(value, needs), let id = knownID(name, of: "probe") else { return nil }
      if let role, let probe = suite.probes.first(where: { $0.id == id }), probe.role != role {
        reader.fail(name.location, "expected a probe of the \(role), found '\(id)', which is one of the \(probe.role)")
      }
      return .probe(id, home: home)
    default:
      reader.fail(pair.location, "unknown step '\(pair.key)'\(YAMLReader.suggestion(pair.key, names))")
      return nil
    }
  }

  /// `forwarding`, or `forwarding: 1` with the home address it is for.
  private func named(_ node: YAMLNode, _ needs: Case.Needs) -> (YAMLNode, Int)? {
    guard case .mapping(let pairs) = node.content else { return (node, homeIndex(nil, needs, node.location)) }
    guard pairs.count == 1, let pair = pairs.first else {
      reader.expected("one name with a home address, such as 'forwarding: 1'", node)
      return nil
    }
    return (YAMLNode(.scalar(pair.key, plain: true), at: pair.location), homeIndex(pair.value, needs, node.location))
  }

  /// The index of a home address that the case leases; 0 when none is written.
  private func homeIndex(_ node: YAMLNode?, _ needs: Case.Needs, _ location: Location) -> Int {
    guard needs.homeAddresses > 0 else {
      reader.fail(location, "expected 'home-addresses' of at least 1 in what the case needs: this step uses one")
      return 0
    }
    return reader.integer(node, in: 0...needs.homeAddresses - 1, "the index of a home address that the case needs,") ?? 0
  }

  private func readStimulus(_ node: YAMLNode, _ needs: Case.Needs) -> Stimulus? {
    let kinds = MessageKind.allCases.map(\.rawValue)
    if case .scalar = node.content {
      return reader.choice(node, of: kinds, "a message").flatMap(MessageKind.init(rawValue:)).map {
        Stimulus(kind: $0, home: homeIndex(nil, needs, node.location), location: node.location)
      }
    }
    guard var mapping = reader.mapping(node, "what is sent") else { return nil }
    defer { mapping.finish() }
    let home = homeIndex(mapping.take("home"), needs, node.location)
    let carrierNode = mapping.take("carrier")
    let carrier = reader.choice(carrierNode, of: Vocabulary.carriers, "a carrier of the home address")
    let optionsNode = mapping.take("options")
    let options = reader.list(optionsNode).compactMap { readOption($0) }
    let unless = reader.choice(mapping.take("unless"), MessageKind.self, "a message")
    let sealing = mapping.take("sealed").map { readSealing($0, needs) } ?? .own
    let messages = MessageKind.allCases.compactMap { kind in mapping.take(kind.rawValue).map { (kind, $0) } }
    guard messages.count == 1, let (kind, fields) = messages.first else {
      if mapping.takeRest().isEmpty || messages.count > 1 {
        reader.fail(node.location, "expected one message (\(kinds.joined(separator: ", "))) to send, found \(messages.count)")
      }
      return nil
    }
    if case .scalar(let word, _) = fields.content {
      guard word == "again" else {
        reader.expected("fields of the message, or 'again'", fields)
        return nil
      }
      if let node = carrierNode ?? optionsNode { reader.fail(node.location, "expected nothing beside 'again': the same octets are sent") }
      return Stimulus(kind: kind, home: home, again: true, sealing: sealing, location: node.location)
    }
    return Stimulus(
      kind: kind, values: stepValues(fields, of: kind, needs), options: options, carrier: carrier, home: home, sealing: sealing,
      unless: unless, location: node.location)
  }

  /// `no`, `wrong`, `again`, or the index of the home address whose keys are taken.
  private func readSealing(_ node: YAMLNode, _ needs: Case.Needs) -> Stimulus.Sealing {
    switch node.content {
    case .scalar("no", _): return .none
    case .scalar("wrong", _): return .wrong
    case .scalar("again", _): return .again
    default: return .home(homeIndex(node, needs, node.location))
    }
  }

  /// `{ type: 200, data: "0102" }`
  private func readOption(_ node: YAMLNode) -> (type: UInt8, data: [UInt8])? {
    guard var mapping = reader.mapping(node, "an option") else { return nil }
    defer { mapping.finish() }
    let type = reader.integer(mapping.require("type"), in: 0...255, "an option type")
    var data: [UInt8] = []
    if let node = mapping.take("data") {
      guard case .scalar(let text, _) = node.content, let octets = Self.octets(text), octets.count <= 255 else {
        reader.expected("at most 255 octets in hexadecimal", node)
        return nil
      }
      data = octets
    }
    return type.map { (UInt8($0), data) }
  }

  private static func octets(_ text: String) -> [UInt8]? {
    let digits = text.compactMap(\.hexDigitValue)
    guard digits.count == text.count, digits.count.isMultiple(of: 2) else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
  }

  /// Fields and the values that are written into them.
  private func stepValues(_ node: YAMLNode?, of kind: MessageKind, _ needs: Case.Needs) -> [(path: FieldPath, value: StepValue)] {
    guard var mapping = reader.mapping(node, "fields of the message") else { return [] }
    return mapping.takeRest().compactMap { pair in
      guard let path = path(pair.key, in: kind.layer, pair.location) else { return nil }
      guard kind.mayHave(path.kind) else {
        reader.fail(pair.location, "expected a field that a \(kind) has, found '\(pair.key)'")
        return nil
      }
      return stepValue(pair.value, path, needs).map { (path, $0) }
    }
  }

  private func stepValue(_ node: YAMLNode, _ path: FieldPath, _ needs: Case.Needs) -> StepValue? {
    switch node.content {
    case .scalar("wrong", _): return .wrong
    case .scalar, .list: return value(node, path).map { .number($0) }
    case .mapping(let pairs):
      guard pairs.count == 1, let pair = pairs.first else {
        reader.expected("one of { plus: 1 }, { sequence-of: bri }, { home: 1 }", node)
        return nil
      }
      switch pair.key {
      case "plus":
        guard let number = signed(pair.value) else { return nil }
        return .plus(number)
      case "sequence-of":
        return reader.choice(pair.value, of: ["bri", "bu"], "bri or bu").flatMap(MessageKind.init(rawValue:)).map { .sequenceOf($0) }
      case "home": return .home(homeIndex(pair.value, needs, pair.location))
      default:
        let names = ["plus", "sequence-of", "home"]
        reader.fail(pair.location, "unknown value '\(pair.key)'\(YAMLReader.suggestion(pair.key, names))")
        return nil
      }
    }
  }

  private func signed(_ node: YAMLNode) -> Int? {
    guard case .scalar(let text, _) = node.content, let number = Int(text), abs(Double(number)) <= 0xffff_ffff else {
      reader.expected("a whole number, which may be negative", node)
      return nil
    }
    return number
  }

  mutating func readProbe(_ id: String, _ location: Location, _ mapping: inout YAMLMapping) {
    let role = reader.choice(mapping.require("role"), Role.self, "ha or ue")
    let strength = reader.choice(mapping.require("strength"), of: Vocabulary.strengths, "strong or weak")
    let needs = reader.list(mapping.take("needs")).compactMap { reader.choice($0, of: Vocabulary.links, "a link") }
    let stimulus = reader.choice(mapping.require("stimulus"), of: Vocabulary.stimuli, "a stimulus")
    let window = window(mapping.require("window"))
    let sideEffects = reader.text(mapping.require("side-effects"))
    guard let role, let strength, let stimulus, let window, let sideEffects else { return }
    suite.probes.append(
      Probe(
        id: id, role: role, strength: strength, needs: needs, stimulus: stimulus, window: window, sideEffects: sideEffects,
        location: location))
  }

  mutating func readPlan(_ id: String, _ location: Location, _ mapping: inout YAMLMapping) {
    let title = reader.text(mapping.require("title"))
    let role = reader.choice(mapping.require("role"), Role.self, "ha or ue")
    let kind = reader.choice(mapping.require("message"), MessageKind.self, "a message")
    let values = kind.map { stepValues(mapping.take("values"), of: $0, Case.Needs()) } ?? []
    let names = LayerKind.allCases.map(\.name)
    let layersNode = mapping.require("layers")
    let layers = reader.list(layersNode).compactMap { node in
      reader.choice(node, of: names, "a layer").flatMap { name in LayerKind(name: name) }
    }
    if let layersNode, reader.list(layersNode).isEmpty { reader.expected("at least one layer", layersNode) }
    var spares: [FieldPath] = []
    if let node = mapping.take("spares"), var fields = reader.mapping(node, "fields that are left alone, each with the reason") {
      for pair in fields.takeRest() {
        // The reason is for the reader of the file.
        _ = reader.text(pair.value, "the reason why the field is left alone")
        if let path = path(pair.key, pair.location) { spares.append(path) }
      }
    }
    guard let title, let role, let kind else { return }
    suite.plans.append(
      Plan(id: id, title: title, role: role, message: kind, values: values, layers: layers, spares: spares, location: location))
  }
}
