/// The one description of a header, message or option: its fields in order, and how its options are aligned.
public struct Schema: Sendable {
  public let kind: LayerKind
  /// The layout that it belongs to; nil where there is only one.
  public let dialect: Dialect?
  /// Octets of the fixed part. The fields of a mobility message count from the start of the Mobility Header.
  public let minimum: Int
  public let fields: [Field]
  /// The number that names it: an option type, an MH type.
  public let number: UInt8?
  /// An option starts at `multiple · n + offset` octets from the start of the header that holds it.
  public let alignment: (multiple: Int, offset: Int)
  /// The document and clause that draw it.
  public let clause: String

  init(
    _ kind: LayerKind, dialect: Dialect? = nil, number: UInt8? = nil, octets minimum: Int, align alignment: (Int, Int) = (1, 0),
    _ clause: String,
    _ fields: [Field]
  ) {
    self.kind = kind
    self.dialect = dialect
    self.number = number
    self.minimum = minimum
    self.alignment = alignment
    self.clause = clause
    self.fields = fields
  }

  /// Every schema there is.
  public static let all: [Schema] =
    linkSchemas + networkSchemas + neighbourSchemas + mobilitySchemas + mobilityOptionSchemas
    + keyExchangeSchemas

  private static let table: [Schema?] = {
    var table = [Schema?](repeating: nil, count: LayerKind.allCases.count * 2)
    for schema in all {
      for dialect in Dialect.allCases where schema.dialect == nil || schema.dialect == dialect {
        table[Int(schema.kind.rawValue) * 2 + Int(dialect.rawValue)] = schema
      }
    }
    return table
  }()

  private static let minimums: [Int] = table.map { $0?.minimum ?? 0 }

  /// Octets of the fixed part; decoding asks for them alone, because a whole schema costs reference counts.
  @inline(__always) static func minimum(of kind: LayerKind, _ dialect: Dialect = .rfc5846) -> Int {
    minimums[Int(kind.rawValue) * 2 + Int(dialect.rawValue)]
  }

  /// The schema of a kind in a dialect. Every kind has one (a test walks them all).
  public static func of(_ kind: LayerKind, _ dialect: Dialect = .rfc5846) -> Schema {
    table[Int(kind.rawValue) * 2 + Int(dialect.rawValue)] ?? Schema(kind, octets: 0, "", [])
  }

  private static func byNumber(_ schemas: [Schema], where belongs: (LayerKind) -> Bool) -> [LayerKind?] {
    var table = [LayerKind?](repeating: nil, count: 256)
    for schema in schemas where belongs(schema.kind) {
      if let number = schema.number { table[Int(number)] = schema.kind }
    }
    return table
  }
  private static let mobilityOptions = byNumber(all) { $0.isMobilityOption }
  private static let destinationOptions = byNumber(all) { $0.isDestinationOption }
  private static let payloads = byNumber(all) { $0.isPayload && $0.depth == 0 }
  private static let transforms = byNumber(all) { $0.isPayload && $0.depth == 2 }

  /// The kind of a mobility option by its type number.
  public static func mobilityOption(_ type: UInt8) -> LayerKind { mobilityOptions[Int(type)] ?? .unknownMobilityOption }
  /// The kind of an option of a destination options or hop-by-hop header by its type number.
  public static func destinationOption(_ type: UInt8) -> LayerKind { destinationOptions[Int(type)] ?? .unknownDestinationOption }
  /// The kind of an option of Neighbour Discovery by its type number; one of fewer octets than its kind has is an unknown one.
  public static func neighbourOption(_ type: UInt8, length: Int) -> LayerKind {
    let kind: LayerKind =
      switch type {
      case 1, 2: .linkLayerAddress
      case 3: .prefixInformation
      case 25: .rdnss
      default: .unknownNeighbourOption
      }
    return length >= minimum(of: kind) ? kind : .unknownNeighbourOption
  }
  /// The kind of a payload of IKEv2 by its type number.
  public static func payloadKind(_ type: UInt8) -> LayerKind { payloads[Int(type)] ?? .unknownPayload }
  /// The kind of a transform of IKEv2 by its type number.
  public static func transformKind(_ type: UInt8) -> LayerKind { transforms[Int(type)] ?? .unknownTransform }
}
