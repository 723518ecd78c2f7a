package import Wire

/// Reads typed values out of YAML and collects everything that is wrong, so that a file's mistakes are told all at once.
///
/// Every reading function takes an optional node and gives nil for nil, so that an absent key needs no case of its own.
package final class YAMLReader {
  /// What is wrong so far.
  package private(set) var errors: [SuiteError] = []
  private var told: Set<String> = []

  package init() {}

  package func fail(_ location: Location, _ message: String) {
    let error = SuiteError(location, message)
    // A template that several rules build on is read once for each, and told of once.
    if told.insert(error.description).inserted { errors.append(error) }
  }

  /// `expected …, found …`
  package func expected(_ what: String, _ node: YAMLNode) { fail(node.location, "expected \(what), found \(node.found)") }

  /// Every error, in the order of files and lines; throws nothing when there is none.
  package func throwErrors() throws(SuiteErrors) {
    guard !errors.isEmpty else { return }
    throw SuiteErrors(
      errors.sorted {
        ($0.location.file, $0.location.line, $0.location.column) < ($1.location.file, $1.location.line, $1.location.column)
      })
  }

  /// A scalar that is not empty.
  package func text(_ node: YAMLNode?, _ what: String = "text") -> String? {
    guard let node else { return nil }
    guard case .scalar(let text, _) = node.content, node.found != "nothing", !text.trimmed.isEmpty else {
      expected(what, node)
      return nil
    }
    return text.trimmed
  }

  /// A name that other entries may refer to: letters, digits, `.`, `-`, `_`, `+`.
  package func name(_ node: YAMLNode?, _ what: String = "a name") -> String? {
    guard let node, let text = text(node, what) else { return nil }
    guard
      text.unicodeScalars.allSatisfy({
        $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil || ".-_+".unicodeScalars.contains($0))
      })
    else {
      fail(node.location, "expected \(what) of letters, digits, '.', '-', '_' and '+', found '\(text)'")
      return nil
    }
    return text
  }

  /// A whole number, decimal or `0x…`.
  package func integer(_ node: YAMLNode?, in range: ClosedRange<Int>, _ what: String = "a whole number") -> Int? {
    guard let node else { return nil }
    guard case .scalar(let text, _) = node.content, let value = Self.number(text), let small = Int(exactly: value), range.contains(small)
    else {
      expected("\(what) from \(range.lowerBound) to \(range.upperBound)", node)
      return nil
    }
    return small
  }

  /// `yes`, `no`, `true` or `false`.
  package func boolean(_ node: YAMLNode?) -> Bool? {
    guard let node else { return nil }
    if case .scalar(let text, _) = node.content {
      switch text {
      case "yes", "true": return true
      case "no", "false": return false
      default: break
      }
    }
    expected("yes or no", node)
    return nil
  }

  /// A length of time up to a day: `5 s`, `20 ms`, `1.5 s`, `100 us`, `2 min`.
  package func duration(_ node: YAMLNode?) -> Interval? {
    guard let node else { return nil }
    guard case .scalar(let text, _) = node.content, let interval = Self.interval(text) else {
      expected("a length of time such as '5 s' or '20 ms'", node)
      return nil
    }
    return interval
  }

  /// A length of time that may be negative.
  package func signedDuration(_ node: YAMLNode) -> Interval? {
    guard case .scalar(let text, _) = node.content else { return duration(node) }
    guard text.hasPrefix("-"), let interval = Self.interval(String(text.dropFirst())) else { return duration(node) }
    return interval * -1
  }

  /// One of `names`.
  package func choice(_ node: YAMLNode?, of names: [String], _ what: String) -> String? {
    guard let node, let text = text(node, what) else { return nil }
    guard names.contains(text) else {
      fail(node.location, "expected \(what), found '\(text)'\(Self.suggestion(text, names))")
      return nil
    }
    return text
  }

  /// One case of an enumeration, by its raw value.
  package func choice<E: RawRepresentable & CaseIterable>(_ node: YAMLNode?, _ type: E.Type, _ what: String) -> E?
  where E.RawValue == String {
    choice(node, of: type.allCases.map(\.rawValue), what).flatMap(E.init(rawValue:))
  }

  /// An IPv6 address that a node may have: neither multicast, unspecified, loopback nor link-local.
  package func address(_ node: YAMLNode?) -> IPv6Address? {
    guard let node else { return nil }
    guard case .scalar(let text, _) = node.content, let address = IPv6Address(text), address.isRoutableUnicast else {
      expected("a unicast IPv6 address such as 2001:db8:a::1", node)
      return nil
    }
    return address
  }

  /// The elements of a list; a single thing counts as a list of one.
  package func list(_ node: YAMLNode?) -> [YAMLNode] {
    guard let node else { return [] }
    if case .list(let elements) = node.content { return elements }
    return [node]
  }

  /// The elements of a list.
  package func strictList(_ node: YAMLNode?, _ what: String) -> [YAMLNode]? {
    guard let node else { return nil }
    guard case .list(let elements) = node.content else {
      expected("a list of \(what)", node)
      return nil
    }
    return elements
  }

  /// A mapping, of which each key is then taken by name.
  package func mapping(_ node: YAMLNode?, _ what: String) -> YAMLMapping? {
    guard let node else { return nil }
    guard case .mapping(let pairs) = node.content else {
      expected("\(what) (a mapping)", node)
      return nil
    }
    return YAMLMapping(reader: self, what: what, location: node.location, pairs: pairs)
  }
}

extension YAMLReader {
  /// A whole number of at most 128 bits, decimal or `0x…`; nil for anything else, a sign included.
  package static func number(_ text: String) -> UInt128? {
    let isHexadecimal = text.hasPrefix("0x") || text.hasPrefix("0X")
    let digits = isHexadecimal ? text.dropFirst(2) : text[...]
    guard let first = digits.first, first.isHexDigit else { return nil }
    return UInt128(digits, radix: isHexadecimal ? 16 : 10)
  }

  /// A length of time from 0 to a day; nil for anything else.
  package static func interval(_ text: String) -> Interval? {
    let digits = text.prefix { "0123456789.".contains($0) }
    let unit = String(text[digits.endIndex...]).trimmed
    guard let first = digits.first, first != ".", let count = Double(digits),
      let scale = ["us": 1e3, "ms": 1e6, "s": 1e9, "min": 6e10][unit]
    else { return nil }
    let nanoseconds = (count * scale).rounded()
    guard nanoseconds <= 86_400e9 else { return nil }
    return Interval(nanoseconds: Int64(nanoseconds))
  }

  /// `; did you mean 'x'?` when a name is near, else what there is.
  package static func suggestion(_ name: String, _ names: [String]) -> String {
    let near = names.filter { isNear(name, $0) }.map { ($0, distance(name, $0)) }.min { ($0.1, $0.0) < ($1.1, $1.0) }
    if let near { return "; did you mean '\(near.0)'?" }
    guard !names.isEmpty else { return "" }
    let shown = names.prefix(20).joined(separator: ", ")
    return "; there is \(shown)\(names.count > 20 ? ", …" : "")"
  }

  /// The same of ids, of which there may be hundreds: where none is near, the three that are nearest.
  static func nearest(_ id: String, _ ids: [String]) -> String {
    let ranked = ids.map { ($0, distance(id, $0)) }.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.prefix(3).map(\.0)
    guard ids.count > ranked.count, let first = ranked.first, !isNear(id, first) else { return suggestion(id, ids) }
    return "; the nearest are \(ranked.joined(separator: ", "))"
  }

  static func isNear(_ a: String, _ b: String) -> Bool { distance(a, b) <= max(1, a.count / 3) }

  /// How many letters must be put in, left out, exchanged or swapped with their neighbour.
  private static func distance(_ a: String, _ b: String) -> Int {
    let from = Array(a.unicodeScalars.prefix(64))
    let to = Array(b.unicodeScalars.prefix(64))
    var before: [Int] = []
    var row = Array(0...to.count)
    for i in 0..<from.count {
      var next = [i + 1]
      for j in 0..<to.count {
        var best = min(next[j] + 1, row[j + 1] + 1, row[j] + (from[i] == to[j] ? 0 : 1))
        if i > 0, j > 0, from[i] == to[j - 1], from[i - 1] == to[j] { best = min(best, before[j - 1] + 1) }
        next.append(best)
      }
      before = row
      row = next
    }
    return row[to.count]
  }
}

/// A mapping that is being read. Each key is taken once; those never asked for are unknown, and `finish` says so.
package struct YAMLMapping {
  private let reader: YAMLReader
  private let what: String
  private var pairs: [YAMLNode.Pair]
  /// The keys that were asked for so far.
  package private(set) var asked: [String] = []
  private var missing: [String] = []
  private var rest: [String] = []
  package let location: Location

  init(reader: YAMLReader, what: String, location: Location, pairs: [YAMLNode.Pair]) {
    self.reader = reader
    self.what = what
    self.location = location
    self.pairs = pairs
  }

  /// The value of a key, or nil.
  package mutating func take(_ key: String) -> YAMLNode? {
    asked.append(key)
    guard let index = pairs.firstIndex(where: { $0.key == key }) else { return nil }
    return pairs.remove(at: index).value
  }

  /// The value of a key that must be there; `finish` complains when it is not.
  package mutating func require(_ key: String) -> YAMLNode? {
    let value = take(key)
    if value == nil { missing.append(key) }
    return value
  }

  /// Takes every key that is left, for mappings whose keys are names or field paths.
  package mutating func takeRest() -> [YAMLNode.Pair] {
    defer { pairs = [] }
    rest += pairs.map(\.key)
    return pairs
  }

  /// Complains about every key that nobody asked for, and every key that is not there; one that was misspelt is told of once.
  package func finish() {
    for pair in pairs { reader.fail(pair.location, "unknown key '\(pair.key)' in \(what)\(YAMLReader.suggestion(pair.key, asked))") }
    for key in missing where !(rest + pairs.map(\.key)).contains(where: { YAMLReader.isNear($0, key) }) {
      reader.fail(location, "expected the key '\(key)' in \(what), found none")
    }
  }
}
