import Testing
import Wire

@Suite("Schemas")
struct SchemaTests {
  static let pairs = LayerKind.allCases.flatMap { kind in Dialect.allCases.map { (kind, $0) } }

  @Test("every kind has a schema in every dialect", arguments: pairs)
  func present(_ kind: LayerKind, _ dialect: Dialect) {
    let schema = Schema.of(kind, dialect)
    #expect(schema.kind == kind)
    #expect(schema.minimum > 0)
    #expect(!schema.clause.isEmpty)
    #expect(!schema.fields.isEmpty)
  }

  @Test("the fields cover each bit of the fixed part exactly once, a message's with its Mobility Header's", arguments: pairs)
  func tiles(_ kind: LayerKind, _ dialect: Dialect) {
    let schema = Schema.of(kind, dialect)
    var covered = [Int](repeating: 0, count: schema.minimum * 8)
    for field in (kind.isMobilityMessage ? Schema.of(.mh).fields : []) + schema.fields {
      for bit in field.range.bit..<(field.range.bit + field.range.width) {
        guard covered.indices.contains(bit) else {
          Issue.record("\(field.name) is outside")
          continue
        }
        covered[bit] += 1
      }
    }
    #expect(covered.allSatisfy { $0 == 1 })
  }

  @Test("names are one word in kebab case, once a layer; numbers have at most 64 bits", arguments: pairs)
  func names(_ kind: LayerKind, _ dialect: Dialect) {
    let fields = Schema.of(kind, dialect).fields
    #expect(Set(fields.map(\.name)).count == fields.count)
    for field in fields {
      #expect(field.name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "-" }, "\(field.name)")
      #expect(field.presentation != .number || field.range.width <= 64, "\(field.name)")
      #expect(FieldPath(kind, field.name)?.range(in: dialect) == field.range)
    }
    #expect(kind.name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "-" }, "\(kind.name)")
  }

  @Test("layer names are distinct, and read back")
  func layerNames() {
    #expect(Set(LayerKind.allCases.map(\.name)).count == LayerKind.allCases.count)
    #expect(LayerKind.mesgID.name == "mesg-id")
    #expect(LayerKind.ipv4HomeAddress.name == "ipv4-home-address")
    #expect(LayerKind.padN.name == "pad-n")
    for dialect in Dialect.allCases { #expect(Dialect(name: dialect.name) == dialect) }
  }

  @Test("every field that code names resolves, and says its own name")
  func wellKnown() {
    #expect(Set(FieldPath.wellKnown).count == FieldPath.wellKnown.count)
    for path in FieldPath.wellKnown {
      #expect(path.exists)
      #expect(FieldPath(path.description) == path)
      #expect(path.field(in: .rfc5846) != nil || path.field(in: .draft01) != nil)
    }
  }

  @Test(
    "what is no field resolves to nothing",
    arguments: ["", ".", "bri", "bri.", ".trigger", "bri.colour", "frob.trigger", "bri.trigger.x", "BRI.trigger"])
  func unknown(_ text: String) { #expect(FieldPath(text) == nil) }

  /// RFC 6275, 5555, 5213, 5648, 5844, 4283, 4285, 5094, 5149, 3963, 5568, through the registry of the IANA.
  static let numbers: [(UInt8, LayerKind)] = [
    (0, .pad1), (1, .padN), (2, .bindingRefreshAdvice), (3, .alternateCareOfAddress), (4, .nonceIndices), (5, .bindingAuthorizationData),
    (6, .mobileNetworkPrefix), (7, .mobileNodeLinkLayerAddress), (8, .mobileNodeIdentifier), (9, .mobilityAuthentication), (10, .mesgID),
    (19, .vendorSpecific), (20, .serviceSelection), (22, .homeNetworkPrefix), (23, .handoffIndicator), (24, .accessTechnologyType),
    (27, .timestamp), (29, .ipv4HomeAddress), (30, .ipv4AddressAcknowledgement), (31, .natDetection), (32, .ipv4CareOfAddress),
    (35, .bindingIdentifier), (36, .ipv4HomeAddressRequest), (37, .ipv4HomeAddressReply),
  ]

  @Test("mobility options have their registered numbers; every other number is unknown")
  func optionNumbers() {
    let known = Dictionary(uniqueKeysWithValues: Self.numbers)
    for number in UInt8.min...UInt8.max { #expect(Schema.mobilityOption(number) == known[number] ?? .unknownMobilityOption, "\(number)") }
    #expect(Schema.destinationOption(201) == .hao)
    #expect(Schema.destinationOption(0) == .destinationPad1)
    #expect(Schema.destinationOption(1) == .destinationPadN)
    #expect(Schema.destinationOption(5) == .unknownDestinationOption)
  }

  @Test("meanings of numbers are those of the documents")
  func meanings() {
    #expect(path("bri.trigger").field(in: .draft01)?.text(1) == "1 unspecified")
    #expect(path("bri.trigger").field(in: .rfc5846)?.text(0) == "0 unspecified")
    #expect(path("bri.trigger").field(in: .rfc5846)?.text(1) == "1 administrative reason")
    #expect(path("bra.status").field(in: .rfc5846)?.text(128) == "128 (0x80) binding does not exist")
    #expect(path("mh.type").field(in: .rfc5846)?.text(16) == "16 (0x10) Binding Revocation")
    #expect(path("ipv6.source").field(in: .rfc5846)?.text(Lab.home.value) == "2001:db8:a::77")
    #expect(path("ipv4.source").field(in: .rfc5846)?.text(0xc000_0201) == "192.0.2.1")
    #expect(path("ethernet.source").field(in: .rfc5846)?.text(0x0200_0000_0001) == "02:00:00:00:00:01")
  }

  @Test("a bit range keeps to its bits at any place", arguments: [1, 3, 8, 13, 20, 32, 48, 56, 57, 64, 100, 128])
  func ranges(_ width: Int) {
    for bit in 0..<16 where width + bit <= 128 {
      let range = BitRange(bit: bit, width: width)
      #expect(range.octetsNeeded == (bit + width + 7) / 8)
      #expect(range.maximum == (width == 128 ? .max : (UInt128(1) << UInt128(width)) - 1))
    }
  }
}
