import Wire

/// Message templates, and those that have a name.
extension SuiteLoader {
  /// Checks a named template by itself, whether or not a rule uses it.
  mutating func readDefine(_ id: String, _ location: Location, _ mapping: inout YAMLMapping) {
    if MessageKind(rawValue: id) != nil {
      reader.fail(location, "expected a name that is not that of a message, found '\(id)'")
    }
    // References need a trigger; the rules that use the template give one, so here any will do.
    _ = template(&mapping, .trigger(kind(of: id) ?? .bu), within: [id])
  }

  /// `bra`, or a mapping.
  func template(_ node: YAMLNode?, _ reference: Reference) -> MessageTemplate? {
    guard let node else { return nil }
    if case .scalar = node.content { return named(node, reference, within: []) }
    guard var mapping = reader.mapping(node, "a template") else { return nil }
    defer { mapping.finish() }
    return template(&mapping, reference)
  }

  /// The template in a mapping whose other keys have been taken.
  func template(_ mapping: inout YAMLMapping, _ reference: Reference, within: [String] = []) -> MessageTemplate? {
    let base = mapping.require("message").flatMap { named($0, reference, within: within) }
    let from = reader.choice(mapping.take("from"), Role.self, "ha or ue")
    let keys = mapping.asked
    let pairs = mapping.takeRest()
    guard var template = base else {
      // The fields are read all the same, for their errors.
      _ = tests(pairs, of: .mh, reference, keys: keys)
      return nil
    }
    if let from { template.from = from }
    for test in tests(pairs, of: template.kind, reference, keys: keys) {
      template.tests.removeAll { $0.subject == test.subject && (test.isTunnelled == nil || $0.isTunnelled == test.isTunnelled) }
      template.tests.append(test)
    }
    return template
  }

  /// A kind of message, or a named template.
  private func named(_ node: YAMLNode, _ reference: Reference, within: [String]) -> MessageTemplate? {
    guard let name = reader.text(node, "a message") else { return nil }
    if let kind = MessageKind(rawValue: name) { return MessageTemplate(kind, from: nil, []) }
    guard let define = defines[name] else {
      let names = MessageKind.allCases.map(\.rawValue) + defines.keys.sorted()
      reader.fail(node.location, "unknown message '\(name)'\(YAMLReader.suggestion(name, names))")
      return nil
    }
    guard !within.contains(name), within.count < 16 else {
      reader.fail(node.location, "expected a template that does not build on itself, found '\(name)' in '\(name)'")
      return nil
    }
    guard var mapping = reader.mapping(define, "a define") else { return nil }
    _ = mapping.take("define")
    return template(&mapping, reference, within: within + [name])
  }

  /// The kind of message that a named template comes to.
  private func kind(of name: String) -> MessageKind? {
    var name = name
    for _ in 0..<16 {
      if let kind = MessageKind(rawValue: name) { return kind }
      guard case .mapping(let pairs) = defines[name]?.content,
        case .scalar(let next, _) = pairs.first(where: { $0.key == "message" })?.value.content
      else { return nil }
      name = next
    }
    return nil
  }
}
