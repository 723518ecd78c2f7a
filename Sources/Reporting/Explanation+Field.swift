import Judging
import Wire

extension Explanation {
  func explain(_ path: FieldPath, _ width: Int) -> Page {
    var page = Page(path.description, "", width)
    let hasOneLayout = Schema.of(path.kind, .rfc5846).dialect == nil
    for dialect in hasOneLayout ? [.rfc5846] : Dialect.allCases {
      let label = hasOneLayout ? "layout" : dialect.name
      guard let field = path.field(in: dialect) else {
        page.add(label, "absent")
        continue
      }
      let schema = Schema.of(path.kind, dialect)
      var parts = ["\(field.place) from the start of the \(path.kind.origin), \(counted(field.range.width, "bit"))"]
      if let filled = field.computed.words { parts.append(filled) }
      parts.append(field.wireshark.isEmpty ? "no name in Wireshark" : "Wireshark: \(field.wireshark)")
      parts.append(schema.clause)
      page.add(label, [parts.joined(separator: "; ")] + field.meanings.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })
    }
    let tests = relations.suite.rules.filter { rule in rule.musts.contains { $0.tests.contains { $0.subject == .field(path) } } }
    page.add("rules", tests.map(\.id).joined(separator: ", "))
    return page
  }

  func explain(_ kind: LayerKind, _ width: Int) -> Page {
    let dialects = Schema.of(kind, .rfc5846).dialect == nil ? [.rfc5846] : Dialect.allCases
    let clauses = dialects.map { Schema.of(kind, $0) }.filter { !$0.fields.isEmpty }.map(\.clause)
    var page = Page(kind.name, "Offsets count from the start of the \(kind.origin). \(clauses.joined(separator: "; "))", width)
    let names = dialects.flatMap { Schema.of(kind, $0).fields.map(\.name) }.unique
    let rows = names.map { name -> [String] in
      let fields = dialects.map { dialect in Schema.of(kind, dialect).fields.first { $0.name == name } }
      return ["\(kind.name).\(name)"] + fields.map { $0?.place ?? "absent" } + [
        fields.compactMap { $0?.wireshark }.first { !$0.isEmpty } ?? ""
      ]
    }
    let places = dialects.count == 1 ? ["place"] : dialects.map(\.name)
    page.add(drawing: Table(header: ["field"] + places + ["Wireshark"], wrapping: [], rows: rows).lines(width: width))
    return page
  }
}

extension LayerKind {
  /// What the offsets of its fields count from.
  fileprivate var origin: String {
    isMobilityMessage || self == .mh ? "Mobility Header" : isPayload ? "payload" : isOption ? "option" : "header"
  }
}

extension Field {
  /// `octet 7`, `octets 8-9`, `octet 10 bit 2`, `octet 10 bit 3 to octet 11 bit 7`.
  ///
  /// Octets count from 0, bits from the most significant one.
  fileprivate var place: String {
    let first = range.bit
    let last = range.bit + range.width - 1
    switch (first % 8, last % 8) {
    case (0, 7): return first / 8 == last / 8 ? "octet \(first / 8)" : "octets \(first / 8)-\(last / 8)"
    case _ where first == last: return "octet \(first / 8) bit \(first % 8)"
    case _ where first / 8 == last / 8: return "octet \(first / 8) bits \(first % 8)-\(last % 8)"
    default: return "octet \(first / 8) bit \(first % 8) to octet \(last / 8) bit \(last % 8)"
    }
  }
}

extension Computed {
  /// What fills it when nobody does.
  fileprivate var words: String? {
    switch self {
    case .no: nil
    case .constant(let value): "always \(value)"
    case .nextHeader: "the number of what follows"
    case .headerLength8: "octets of the header in units of 8, less the first 8"
    case .length8: "octets in units of 8"
    case .optionLength: "octets behind type and length"
    case .payloadLength: "octets behind the header"
    case .totalLength: "octets to the end of the packet"
    case .partsLength: "octets with its parts"
    case .dataLength: "octets behind the fixed part"
    case .partCount: "how many parts it has"
    case .more(let marker): "\(marker) where another follows, else 0"
    case .ipv4HeaderLength: "octets of the header in units of 4"
    case .checksum: "the Internet checksum"
    }
  }
}
