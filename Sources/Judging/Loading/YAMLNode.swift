private import Yams

/// A piece of a YAML file that remembers where it stands; scalars are kept as they are written, without YAML's own ideas of their type.
package struct YAMLNode: Sendable {
  package enum Content: Sendable {
    /// `plain`: written without quotes.
    case scalar(String, plain: Bool)
    case list([YAMLNode])
    case mapping([Pair])
  }
  package struct Pair: Sendable {
    package var key: String
    /// Where the key stands.
    package var location: Location
    package var value: YAMLNode
  }
  package var content: Content
  package var location: Location

  package init(_ content: Content, at location: Location) {
    self.content = content
    self.location = location
  }

  /// What it is, for the end of `expected …, found …`.
  package var found: String {
    switch content {
    case .scalar(let text, let plain):
      if plain, text.isEmpty || text == "~" { return "nothing" }
      return text.count > 40 ? "'\(text.prefix(40))…'" : "'\(text)'"
    case .list: return "a list"
    case .mapping: return "a mapping"
    }
  }
}

extension YAMLNode {
  /// The most that a file may hold, so that a hostile one cannot hang or grow the program.
  package static let maximumOctets = 4 << 20
  package static let maximumNodes = 500_000
  package static let maximumNesting = 32

  /// Reads the one document of a file.
  ///
  /// - Throws: what is wrong with the file as YAML, one error: syntax, a duplicate key, aliases, no content, too much of it.
  package static func parse(file: String, text: String) throws(SuiteError) -> YAMLNode {
    let top = Location(file: file, line: 1, column: 1)
    guard text.utf8.count <= maximumOctets else {
      throw SuiteError(top, "expected at most \(maximumOctets >> 20) MiB, found \(text.utf8.count) octets")
    }
    if let alias = firstAlias(in: text) {
      throw SuiteError(
        Location(file: file, line: alias.line, column: alias.column),
        "expected no aliases, found '*\(alias.name)': write the thing out, so that an error in it has one place")
    }
    let node: Node?
    do {
      node = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
    } catch {
      throw located(error, top)
    }
    guard let node else { throw SuiteError(top, "expected YAML, found an empty file") }
    var budget = maximumNodes
    return try convert(node, file: file, depth: 0, &budget)
  }

  private static func convert(_ node: Node, file: String, depth: Int, _ budget: inout Int) throws(SuiteError) -> YAMLNode {
    let location = Location(file: file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
    budget -= 1
    guard budget >= 0 else { throw SuiteError(location, "expected at most \(maximumNodes) values in a file, found more") }
    guard depth <= maximumNesting else { throw SuiteError(location, "expected at most \(maximumNesting) levels of nesting, found more") }
    switch node {
    case .scalar(let scalar):
      return YAMLNode(.scalar(scalar.string, plain: scalar.style == .plain || scalar.style == .any), at: location)
    case .sequence(let sequence):
      var list: [YAMLNode] = []
      for element in sequence { list.append(try convert(element, file: file, depth: depth + 1, &budget)) }
      return YAMLNode(.list(list), at: location)
    case .mapping(let mapping):
      var pairs: [Pair] = []
      for (key, value) in mapping {
        let keyNode = try convert(key, file: file, depth: depth + 1, &budget)
        guard case .scalar(let name, _) = keyNode.content else {
          throw SuiteError(keyNode.location, "expected a word as key, found \(keyNode.found)")
        }
        pairs.append(Pair(key: name, location: keyNode.location, value: try convert(value, file: file, depth: depth + 1, &budget)))
      }
      return YAMLNode(.mapping(pairs), at: location)
    case .alias:
      throw SuiteError(location, "expected no aliases")
    }
  }

  private static func located(_ error: any Error, _ top: Location) -> SuiteError {
    func at(_ mark: Mark) -> Location { Location(file: top.file, line: max(1, mark.line), column: max(1, mark.column)) }
    switch error as? YamlError {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let while_ = context.map { "\($0.text.trimmed) " } ?? ""
      return SuiteError(at(mark), "this is not YAML: \(while_)\(problem)")
    case .reader(let problem, let offset, _, let text):
      let before = String(decoding: text.utf8.prefix(offset ?? 0), as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
      let place = Location(file: top.file, line: before.count, column: (before.last?.unicodeScalars.count ?? 0) + 1)
      return SuiteError(place, "this is not YAML: \(problem)")
    case .duplicatedKeysInMapping(let keys, let context):
      let names = keys.map { "'\($0)'" }.joined(separator: ", ")
      return SuiteError(at(context.mark), "expected each key once, found \(names) twice in this mapping")
    default: return SuiteError(top, "this is not YAML: \(error)")
    }
  }

  /// Yams expands aliases silently, gives what they expand to the anchor's place, and compares keys by their expansion: a few lines of
  /// nested aliases would hang it. So they are found before it reads the file: a `*name` whose `&name` stands there too.
  private static func firstAlias(in text: String) -> (name: String, line: Int, column: Int)? {
    guard text.utf8.contains(UInt8(ascii: "&")), text.utf8.contains(UInt8(ascii: "*")) else { return nil }
    var anchors: Set<String> = []
    var aliases: [(name: String, line: Int, column: Int)] = []
    var line = 1
    var column = 1
    var mark: Unicode.Scalar?
    var name = ""
    var start = (line: 1, column: 1)
    var previous: Unicode.Scalar = "\n"
    for scalar in text.unicodeScalars {
      if mark != nil, scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "_" || scalar == "-" {
        name.unicodeScalars.append(scalar)
      } else {
        if mark == "&", !name.isEmpty { anchors.insert(name) }
        if mark == "*", !name.isEmpty { aliases.append((name, start.line, start.column)) }
        let opens = scalar == "&" || scalar == "*"
        mark = opens && (previous.properties.isWhitespace || "[{,:-?".unicodeScalars.contains(previous)) ? scalar : nil
        name = ""
        start = (line, column)
      }
      previous = scalar
      if scalar == "\n" {
        line += 1
        column = 1
      } else {
        column += 1
      }
    }
    if mark == "*", !name.isEmpty { aliases.append((name, start.line, start.column)) }
    return aliases.first { anchors.contains($0.name) }
  }
}

extension String {
  /// Without white space at either end.
  var trimmed: String {
    var rest = self[...]
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
  }
}
