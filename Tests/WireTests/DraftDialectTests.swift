import Testing
import Wire

/// The layouts of the revocation messages, bit by bit: octet and mask from the documents' figures, counted from the Mobility Header.
@Suite("Revocation layouts, bit by bit")
struct DraftDialectTests {
  typealias Row = (field: String, octets: [(Int, UInt8)])

  static let draftBRI: [Row] = [
    ("bri.sequence", [(6, 0xff), (7, 0xff)]), ("bri.trigger", [(8, 0xff)]), ("bri.p", [(9, 0x80)]), ("bri.a", [(9, 0x40)]),
    ("bri.g", [(9, 0x20)]),
    ("bri.reserved", [(9, 0x1f), (10, 0xff), (11, 0xff)]),
  ]
  static let draftBRA: [Row] = [
    ("bra.sequence", [(6, 0xff), (7, 0xff)]), ("bra.status", [(8, 0xff)]), ("bra.p", [(9, 0x80)]), ("bra.g", [(9, 0x40)]),
    ("bra.reserved", [(9, 0x3f), (10, 0xff), (11, 0xff)]),
  ]
  static let bri: [Row] = [
    ("bri.type", [(6, 0xff)]), ("bri.trigger", [(7, 0xff)]), ("bri.sequence", [(8, 0xff), (9, 0xff)]), ("bri.p", [(10, 0x80)]),
    ("bri.v", [(10, 0x40)]), ("bri.g", [(10, 0x20)]), ("bri.reserved", [(10, 0x1f), (11, 0xff)]),
  ]
  static let bra: [Row] = [
    ("bra.type", [(6, 0xff)]), ("bra.status", [(7, 0xff)]), ("bra.sequence", [(8, 0xff), (9, 0xff)]), ("bra.p", [(10, 0x80)]),
    ("bra.v", [(10, 0x40)]), ("bra.g", [(10, 0x20)]), ("bra.reserved", [(10, 0x1f), (11, 0xff)]),
  ]
  static let bu: [Row] = [
    ("bu.sequence", [(6, 0xff), (7, 0xff)]), ("bu.a", [(8, 0x80)]), ("bu.h", [(8, 0x40)]), ("bu.l", [(8, 0x20)]), ("bu.k", [(8, 0x10)]),
    ("bu.m", [(8, 8)]), ("bu.r", [(8, 4)]), ("bu.p", [(8, 2)]), ("bu.f", [(8, 1)]), ("bu.t", [(9, 0x80)]), ("bu.b", [(9, 0x40)]),
    ("bu.s", [(9, 0x20)]), ("bu.d", [(9, 0x10)]), ("bu.reserved", [(9, 0x0f)]), ("bu.lifetime", [(10, 0xff), (11, 0xff)]),
  ]
  static let ba: [Row] = [
    ("ba.status", [(6, 0xff)]), ("ba.k", [(7, 0x80)]), ("ba.r", [(7, 0x40)]), ("ba.p", [(7, 0x20)]), ("ba.t", [(7, 0x10)]),
    ("ba.b", [(7, 8)]),
    ("ba.s", [(7, 4)]), ("ba.d", [(7, 2)]), ("ba.reserved", [(7, 1)]), ("ba.sequence", [(8, 0xff), (9, 0xff)]),
    ("ba.lifetime", [(10, 0xff), (11, 0xff)]),
  ]
  static let be: [Row] = [
    ("be.status", [(6, 0xff)]), ("be.reserved", [(7, 0xff)]), ("be.home-address", (8..<24).map { ($0, 0xff) }),
  ]

  static let layouts: [(LayerKind, Dialect, [Row])] = [
    (.bri, .draft01, draftBRI), (.bra, .draft01, draftBRA), (.bri, .rfc5846, bri), (.bra, .rfc5846, bra), (.bu, .rfc5846, bu),
    (.ba, .rfc5846, ba), (.be, .rfc5846, be),
  ]

  /// The message alone, every computed field held at zero so that nothing but the field in hand can differ.
  private func message(_ kind: LayerKind, _ dialect: Dialect, _ values: [(FieldPath, UInt128)]) -> [UInt8] {
    var header = Packet.Header.message(
      kind, dialect, [(.mhChecksum, 0), (path("\(kind.name).type"), 0)].filter { $0.0.range(in: dialect) != nil })
    header.values += values.map { (path: $0.0, value: $0.1) }
    return Packet([header]).encoded()
  }

  @Test("each field set alone changes exactly its bits", arguments: layouts)
  func alone(_ kind: LayerKind, _ dialect: Dialect, _ rows: [Row]) throws {
    let zero = message(kind, dialect, [])
    for (name, expected) in rows {
      let field = path(name)
      let range = try #require(field.range(in: dialect), "\(name)")
      var changed = [UInt8](repeating: 0, count: zero.count)
      for (octet, mask) in expected { changed[octet] = mask }
      let all = message(kind, dialect, [(field, range.maximum)])
      #expect(zip(all, zero).map { $0 ^ $1 } == changed, "\(name)")
      for bit in 0..<range.width {
        let one = zip(message(kind, dialect, [(field, UInt128(1) << UInt128(bit))]), zero).map { $0 ^ $1 }
        #expect(one.reduce(0) { $0 + $1.nonzeroBitCount } == 1 && zip(one, changed).allSatisfy { $0 & ~$1 == 0 }, "\(name) bit \(bit)")
      }
    }
  }

  @Test("the table names every field of the layout, and no other dialect's", arguments: layouts)
  func complete(_ kind: LayerKind, _ dialect: Dialect, _ rows: [Row]) {
    #expect(Schema.of(kind, dialect).fields.map { "\(kind.name).\($0.name)" } == rows.map(\.field))
  }

  @Test("what a dialect lacks is absent")
  func lacking() {
    #expect(FieldPath.briA.range(in: .rfc5846) == nil)
    #expect(FieldPath.briV.range(in: .draft01) == nil)
    #expect(FieldPath.braV.range(in: .draft01) == nil)
    #expect(path("bra.type").range(in: .draft01) == nil)
    let bytes = Worked.p2
    #expect(dissect(bytes).value("bri.a", bytes) == nil)
  }
}
