import Wire

/// The message that a reference in a template (`same`, `differs`, `serial-after`) looks back to.
enum Reference {
  /// There is none: the template is what sets a rule off, or a case waits for it.
  case none
  /// The template says what the triggering message itself must be.
  case itself(MessageKind)
  /// The message that set the rule off.
  case trigger(MessageKind)
}

extension MessageKind {
  /// The layer whose fields a bare field name means.
  var layer: LayerKind {
    switch self {
    case .bu: .bu
    case .ba: .ba
    case .be: .be
    case .bri: .bri
    case .bra: .bra
    case .mh: .mh
    case .icmpv6: .icmpv6
    case .tunnelled: .ipv6
    case .ike: .ike
    }
  }

  /// Whether a message of this kind can have the layer: a BRI has no BRA's fields.
  func mayHave(_ kind: LayerKind) -> Bool {
    switch self {
    case .bu, .ba, .be, .bri, .bra: !kind.isMobilityMessage || kind == layer
    case .mh, .icmpv6, .tunnelled, .ike: true
    }
  }
}

/// Reads TTCN-3 matching mechanisms.
extension SuiteLoader {
  /// Resolves a field's name; `layer` is that of names without a dot.
  func path(_ name: String, in layer: LayerKind? = nil, _ location: Location) -> FieldPath? {
    let full = name.contains(".") ? name : layer.map { "\($0.name).\(name)" } ?? name
    if let path = FieldPath(full) { return path }
    let names = Self.fieldNames
    // A wrong field of a layer that is there is most likely another field of that layer.
    let siblings = names.filter { $0.hasPrefix(full.prefix { $0 != "." } + ".") }
    reader.fail(location, "unknown field '\(full)'\(YAMLReader.suggestion(full, siblings.isEmpty ? names : siblings))")
    return nil
  }

  private static let fieldNames = Array(Set(Schema.all.flatMap { schema in schema.fields.map { "\(schema.kind.name).\($0.name)" } }))
    .sorted()

  /// The tests in what is left of a template's keys.
  func tests(_ pairs: [YAMLNode.Pair], of kind: MessageKind, _ reference: Reference, keys: [String]) -> [FieldTest] {
    pairs.flatMap { pair -> [FieldTest] in
      guard pair.key == "native" || pair.key == "tunnelled" else { return test(pair, of: kind, reference, keys: keys).map { [$0] } ?? [] }
      guard case .mapping(let inner) = pair.value.content else {
        reader.expected("a mapping of fields", pair.value)
        return []
      }
      return inner.compactMap {
        var test = test($0, of: kind, reference, keys: keys)
        test?.isTunnelled = pair.key == "tunnelled"
        return test
      }
    }
  }

  private func test(_ pair: YAMLNode.Pair, of kind: MessageKind, _ reference: Reference, keys: [String]) -> FieldTest? {
    switch pair.key {
    case "sound": return reader.boolean(pair.value).map { FieldTest(.sound, $0 ? .yes : .no) }
    case "mh.options": return optionTypes(pair.value).map { FieldTest(.options, $0) }
    default: break
    }
    if let manner = Manner(rawValue: pair.key) { return words(pair.value, of: manner).map { FieldTest(.manner(manner), $0) } }
    guard pair.key.contains(".") else {
      reader.fail(
        pair.location,
        "unknown key '\(pair.key)' in a template\(YAMLReader.suggestion(pair.key, keys + ["sound", "mh.options"] + Manner.allCases.map(\.rawValue)))"
      )
      return nil
    }
    guard let path = path(pair.key, pair.location) else { return nil }
    guard kind.mayHave(path.kind) else {
      reader.fail(pair.location, "expected a field that a \(kind) has, found '\(pair.key)'")
      return nil
    }
    return condition(pair.value, on: path, reference).map { FieldTest(.field(path), $0) }
  }

  /// One of its words, some of them, or `{ not: … }`; `present` where it can be told at all.
  private func words(_ node: YAMLNode, of manner: Manner) -> Condition? {
    if case .scalar("present", _) = node.content { return .present }
    var (node, isNegated) = (node, false)
    if case .mapping(let pairs) = node.content, pairs.count == 1, pairs[0].key == "not" { (node, isNegated) = (pairs[0].value, true) }
    let names = reader.list(node).compactMap { reader.choice($0, of: manner.words, "a word for '\(manner.rawValue)'") }
    let values = names.compactMap { name in manner.words.firstIndex(of: name).map { UInt128($0)...UInt128($0) } }
    return values.isEmpty ? nil : isNegated ? .noneOf(values) : .oneOf(values)
  }

  private func optionTypes(_ node: YAMLNode) -> Condition? {
    guard case .mapping(let pairs) = node.content, pairs.count == 1, let pair = pairs.first else {
      reader.expected("{ only: […] }, { contains: […] } or { none-of: […] } with option types", node)
      return nil
    }
    let types = reader.list(pair.value).compactMap { reader.integer($0, in: 0...255, "an option type") }.map { UInt8($0) }
    switch pair.key {
    case "only": return .only(types)
    case "contains": return .contains(types)
    case "none-of": return .excludes(types)
    default:
      reader.fail(pair.location, "unknown relation '\(pair.key)'\(YAMLReader.suggestion(pair.key, ["only", "contains", "none-of"]))")
      return nil
    }
  }

  /// What a field must be.
  func condition(_ node: YAMLNode, on path: FieldPath, _ reference: Reference) -> Condition? {
    switch node.content {
    case .list: return ranges(node, path).map { .oneOf($0) }
    case .mapping(let pairs):
      guard pairs.count == 1, let pair = pairs.first else {
        reader.expected("one relation, such as { not: 59 }", node)
        return nil
      }
      return relation(pair, path, reference)
    case .scalar(let word, _):
      switch word {
      case "any": return .any
      case "present": return .present
      case "absent": return .absent
      case "same":
        guard case .trigger(let kind) = reference else {
          reader.fail(
            node.location, "expected a value, found 'same': no message came before this one; { same: field } compares two fields of one")
          return nil
        }
        // A message's own field is compared with the field of that name in the other message, anything else with itself.
        let name = path.kind.isMobilityMessage ? "\(kind.layer.name).\(path.name)" : path.description
        return self.path(name, node.location).map { .same($0) }
      case "serial-after-accepted": return sequenceOnly(.serialAfterAccepted, path, node)
      case "not-after-accepted": return sequenceOnly(.notAfterAccepted, path, node)
      case "correct", "wrong":
        guard Dialect.allCases.contains(where: { path.field(in: $0).map { $0.computed != .no } ?? false }) else {
          reader.expected("a value: nothing computes \(path)", node)
          return nil
        }
        return word == "correct" ? .correct : .wrong
      default: return ranges(node, path).map { .oneOf($0) }
      }
    }
  }

  private func relation(_ pair: YAMLNode.Pair, _ path: FieldPath, _ reference: Reference) -> Condition? {
    switch pair.key {
    case "not": return ranges(pair.value, path).map { .noneOf($0) }
    case "same": return other(pair.value, path, reference).map { .same($0) }
    case "differs": return other(pair.value, path, reference).map { .differs($0) }
    case "serial-after":
      guard let other = other(pair.value, path, reference) else { return nil }
      return sequenceOnly(.serialAfter(other), path, pair.value)
    case "equals": return conversationValue(pair.value, path).map { .equals($0) }
    case "unequal": return conversationValue(pair.value, path).map { .unequal($0) }
    default:
      let names = ["not", "same", "differs", "serial-after", "equals", "unequal"]
      reader.fail(pair.location, "unknown relation '\(pair.key)'\(YAMLReader.suggestion(pair.key, names))")
      return nil
    }
  }

  /// Serial numbers (RFC 6275 9.5.1) are 16 bits wide.
  private func sequenceOnly(_ condition: Condition, _ path: FieldPath, _ node: YAMLNode) -> Condition? {
    if widths(path) == [16] { return condition }
    reader.fail(node.location, "expected a relation that suits \(path), found one for sequence numbers of 16 bits")
    return nil
  }

  /// The field of the message before, in `{ same: field }` and its like.
  private func other(_ node: YAMLNode, _ path: FieldPath, _ reference: Reference) -> FieldPath? {
    guard let name = reader.text(node, "a field") else { return nil }
    let kind: MessageKind
    switch reference {
    case .none:
      reader.fail(node.location, "expected a value, found a reference: no message came before this one")
      return nil
    case .itself(let message), .trigger(let message): kind = message
    }
    guard let other = self.path(name, in: kind.layer, node.location) else { return nil }
    guard kind.mayHave(other.kind) else {
      reader.fail(node.location, "expected a field that a \(kind) has, found '\(name)'")
      return nil
    }
    guard widths(other) == widths(path) else {
      reader.fail(node.location, "expected a field as wide as \(path), found '\(name)'")
      return nil
    }
    return other
  }

  private func conversationValue(_ node: YAMLNode, _ path: FieldPath) -> ConversationValue? {
    guard let value = reader.choice(node, ConversationValue.self, "something that the conversation knows") else { return nil }
    guard widths(path) == ([.lastAcceptedSequence, .outstandingRevocation, .outstandingUpdate].contains(value) ? [16] : [128]) else {
      reader.fail(node.location, "expected a value as wide as \(path), found '\(value.rawValue)'")
      return nil
    }
    return value
  }

  private func widths(_ path: FieldPath) -> Set<Int> { Set(Dialect.allCases.compactMap { path.range(in: $0)?.width }) }

  /// A value, a range `1..5`, or a list of both.
  private func ranges(_ node: YAMLNode, _ path: FieldPath) -> [ClosedRange<UInt128>]? {
    let elements = reader.list(node)
    guard !elements.isEmpty else {
      reader.expected("at least one value", node)
      return nil
    }
    let ranges = elements.compactMap { range($0, path) }
    return ranges.count == elements.count ? ranges : nil
  }

  private func range(_ node: YAMLNode, _ path: FieldPath) -> ClosedRange<UInt128>? {
    guard case .scalar(let text, _) = node.content, let dots = text.firstRange(of: "..") else { return value(node, path).map { $0...$0 } }
    let ends = [text[..<dots.lowerBound], text[dots.upperBound...]].map {
      YAMLNode(.scalar(String($0).trimmed, plain: true), at: node.location)
    }
    guard let low = value(ends[0], path), let high = value(ends[1], path) else { return nil }
    guard low <= high else {
      reader.expected("a range that begins with its smaller end", node)
      return nil
    }
    return low...high
  }

  /// A value that the field can hold, written as its presentation asks: a number, an address.
  func value(_ node: YAMLNode, _ path: FieldPath) -> UInt128? {
    let field = path.field(in: .rfc5846) ?? path.field(in: .draft01)
    let maximum = Dialect.allCases.compactMap { path.range(in: $0)?.maximum }.max() ?? 0
    if case .scalar(let text, _) = node.content {
      let address: UInt128? =
        switch field?.presentation {
        case .ipv6: IPv6Address(text)?.value
        case .ipv4: IPv4Address(text).map { UInt128($0.value) }
        case .mac: MACAddress(text).map { UInt128($0.value) }
        default: nil
        }
      if let value = address ?? YAMLReader.number(text), value <= maximum { return value }
    }
    switch field?.presentation {
    case .ipv6: reader.expected("an IPv6 address for \(path)", node)
    case .ipv4: reader.expected("an IPv4 address for \(path)", node)
    case .mac: reader.expected("an Ethernet address for \(path)", node)
    default: reader.expected("a number from 0 to \(maximum) for \(path)", node)
    }
    return nil
  }
}
