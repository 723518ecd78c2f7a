import Wire

/// Reads the entries of a suite's files, in two passes: what others refer to, then what refers.
struct SuiteLoader {
  let reader = YAMLReader()
  var suite = Suite()
  /// Named templates as they are written; each is read anew for the trigger of the rule that uses it.
  var defines: [String: YAMLNode] = [:]
  /// Where each id stands, by kind of entry; also the ids of entries that are wrong in themselves, so that nobody calls them unknown.
  private var places: [String: [String: Location]] = [:]

  private struct Entry {
    var kind: String
    var id: String
    var idLocation: Location
    var mapping: YAMLMapping
  }

  mutating func load(_ files: [(path: String, text: String)]) throws(SuiteErrors) -> Suite {
    var entries: [Entry] = []
    for file in files {
      do {
        entries += read(try YAMLNode.parse(file: file.path, text: file.text))
      } catch {
        reader.fail(error.location, error.message)
      }
    }
    for kind in Vocabulary.kinds {
      for entry in entries where entry.kind == kind { read(entry) }
    }
    try reader.throwErrors()
    return suite
  }

  /// The entries of one file.
  private mutating func read(_ root: YAMLNode) -> [Entry] {
    guard case .list(let nodes) = root.content else {
      reader.expected("a list of entries ('- rule: …')", root)
      return []
    }
    return nodes.compactMap { node in
      // Nobody mends a thousand mistakes at a time.
      guard reader.errors.count < 1000 else { return nil }
      guard case .mapping(let pairs) = node.content, let first = pairs.first,
        var mapping = reader.mapping(node, "\(first.key.hasPrefix("e") ? "an" : "a") \(first.key)")
      else {
        reader.expected("an entry ('- rule: …')", node)
        return nil
      }
      guard Vocabulary.kinds.contains(first.key) else {
        reader.fail(
          first.location,
          "expected the kind of entry as the first key, found '\(first.key)'\(YAMLReader.suggestion(first.key, Vocabulary.kinds))")
        return nil
      }
      let value = mapping.take(first.key)
      let id = first.key == "equivalent" || first.key == "expect" ? reader.text(value) : reader.name(value, "an id")
      guard let id else { return nil }
      if first.key == "define" { defines[id] = node }
      // An expectation is told by defect and role.
      if first.key != "expect" { claim(first.key, id, first.value.location) }
      return Entry(kind: first.key, id: id, idLocation: first.value.location, mapping: mapping)
    }
  }

  /// Takes an id; it is an error when it is taken already.
  mutating func claim(_ kind: String, _ id: String, _ location: Location) {
    if let place = places[kind]?[id] {
      reader.fail(location, "expected a new id, found '\(id)' again: the first \(kind) of that name stands at \(place)")
    } else {
      places[kind, default: [:]][id] = location
    }
  }

  func names(of kind: String) -> [String] { places[kind].map { $0.keys.sorted() } ?? [] }

  /// Whether there is such an entry; complains when there is none.
  func check(_ kind: String, _ id: String, _ location: Location) -> Bool {
    if places[kind]?[id] != nil { return true }
    reader.fail(location, "unknown \(kind) '\(id)'\(YAMLReader.nearest(id, names(of: kind)))")
    return false
  }

  /// The ids in a node that are those of entries.
  func knownIDs(_ node: YAMLNode?, of kind: String) -> [String] { reader.list(node).compactMap { knownID($0, of: kind) } }

  /// The id in a node that is that of an entry.
  func knownID(_ node: YAMLNode?, of kind: String) -> String? {
    guard let node, let id = reader.text(node, "a \(kind)") else { return nil }
    return check(kind, id, node.location) ? id : nil
  }

  private mutating func read(_ entry: Entry) {
    var mapping = entry.mapping
    let id = entry.id
    switch entry.kind {
    case "requirement": readRequirement(id, entry.idLocation, &mapping)
    case "text": readText(id, entry.idLocation, &mapping)
    case "profile": readProfile(id, entry.idLocation, &mapping)
    case "define": readDefine(id, entry.idLocation, &mapping)
    case "rule": readRule(id, entry.idLocation, &mapping)
    case "case": readCase(id, entry.idLocation, &mapping)
    case "probe": readProbe(id, entry.idLocation, &mapping)
    case "plan": readPlan(id, entry.idLocation, &mapping)
    case "expect": readExpectation(id, entry.idLocation, &mapping)
    default: readEquivalent(id, entry.idLocation, &mapping)
    }
    mapping.finish()
  }
}
