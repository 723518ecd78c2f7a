/// What writing a header and taking one over need of its schemas, worked out once for every kind and dialect.
final class Layout: Sendable {
  struct Entry: Sendable {
    let path: FieldPath
    let range: BitRange
    let computed: Computed
  }

  /// Octets of the fixed part, a message's with its Mobility Header.
  let minimum: Int
  /// The fields in order, a message's behind those of its Mobility Header.
  let entries: [Entry]
  /// The fixed part with nothing in it but what stands in fields that nobody gave a value, the MH type of a message among them.
  let blank: [UInt8]
  /// The fields that lengths and successors fill.
  let computed: [Entry]
  let checksum: Entry?

  private init(_ kind: LayerKind, _ dialect: Dialect) {
    let schemas: [Schema] = kind.isMobilityMessage ? [.of(.mh), .of(kind, dialect)] : [.of(kind, dialect)]
    minimum = schemas.map(\.minimum).max() ?? 0
    var blank = [UInt8](repeating: 0, count: minimum)
    entries = schemas.flatMap { schema in
      schema.fields.compactMap { field in
        FieldPath(schema.kind, field.name).map { Entry(path: $0, range: field.range, computed: field.computed) }
      }
    }
    var computed: [Entry] = []
    for entry in entries {
      switch entry.computed {
      case .constant(let value): entry.range.write(&blank, at: 0, UInt128(value))
      case .no, .checksum: break
      default: computed.append(entry)
      }
    }
    if kind.isMobilityMessage, let number = schemas.last?.number, let range = FieldPath.mhType.range(in: dialect) {
      range.write(&blank, at: 0, UInt128(number))
    }
    self.blank = blank
    self.computed = computed
    checksum = entries.first { $0.computed == .checksum }
  }

  private static let table: [Layout] = LayerKind.allCases.flatMap { kind in Dialect.allCases.map { Layout(kind, $0) } }

  static func of(_ kind: LayerKind, _ dialect: Dialect) -> Layout { table[Int(kind.rawValue) * 2 + Int(dialect.rawValue)] }
}
