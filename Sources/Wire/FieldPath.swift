/// A field by name, resolved once: `bri.trigger`, `ipv6.source`, `ipv4-home-address.address`.
///
/// Reading one costs a scan of the layer table and a few loads; a dialect that lacks the field gives nil.
package struct FieldPath: Sendable, Hashable, CustomStringConvertible {
  package let kind: LayerKind
  // An index, not a String: a path is copied on the hot path, and must cost no reference count.
  private let nameIndex: UInt16
  private let draft01: BitRange?
  private let rfc5846: BitRange?

  private static let names = Set(Schema.all.flatMap { $0.fields.map(\.name) }).sorted()

  /// The RFC's field name.
  package var name: String { Int(nameIndex) < Self.names.count ? Self.names[Int(nameIndex)] : "" }

  /// Resolves `layer.field`; nil when there is no such layer or field.
  package init?(_ path: String) {
    guard let dot = path.firstIndex(of: ".") else { return nil }
    let layer = path[..<dot]
    guard let kind = LayerKind(name: String(layer)) else { return nil }
    self.init(kind, String(path[path.index(after: dot)...]))
  }

  /// Resolves a field of a layer; nil when no dialect has it.
  package init?(_ kind: LayerKind, _ name: String) {
    self.init(kind, named: name)
    guard draft01 != nil || rfc5846 != nil else { return nil }
  }

  /// For the names that code itself spells; the test of `wellKnown` holds that each one resolves.
  private init(certain path: StaticString) {
    let parts = "\(path)".split(separator: ".", maxSplits: 1).map(String.init)
    self.init(LayerKind(name: parts.first ?? "") ?? .ethernet, named: parts.last ?? "")
  }

  private init(_ kind: LayerKind, named name: String) {
    self.kind = kind
    nameIndex = UInt16(clamping: Self.names.firstIndex(of: name) ?? Int(UInt16.max))
    draft01 = Schema.of(kind, .draft01).fields.first { $0.name == name }?.range
    rfc5846 = Schema.of(kind, .rfc5846).fields.first { $0.name == name }?.range
  }

  /// Where the field is in a dialect; nil where that dialect lacks it.
  @inline(__always) package func range(in dialect: Dialect) -> BitRange? { dialect == .draft01 ? draft01 : rfc5846 }

  /// The schema's entry for the field in a dialect.
  package func field(in dialect: Dialect) -> Field? { Schema.of(kind, dialect).fields.first { $0.name == name } }

  /// Some dialect has the field.
  package var exists: Bool { draft01 != nil || rfc5846 != nil }

  package var description: String { "\(kind.name).\(name)" }
  package static func == (a: Self, b: Self) -> Bool { a.kind == b.kind && a.nameIndex == b.nameIndex }
  package func hash(into hasher: inout Hasher) {
    hasher.combine(kind)
    hasher.combine(nameIndex)
  }
}

extension FieldPath {
  // The fields that code names itself. A test holds that every one resolves.
  package static let ethernetDestination = FieldPath(certain: "ethernet.destination")
  package static let ethernetSource = FieldPath(certain: "ethernet.source")
  package static let ethernetType = FieldPath(certain: "ethernet.type")
  package static let ipv4Source = FieldPath(certain: "ipv4.source")
  package static let ipv4Destination = FieldPath(certain: "ipv4.destination")
  package static let ipv4Protocol = FieldPath(certain: "ipv4.protocol")
  package static let ipv6Source = FieldPath(certain: "ipv6.source")
  package static let ipv6Destination = FieldPath(certain: "ipv6.destination")
  package static let ipv6NextHeader = FieldPath(certain: "ipv6.next-header")
  package static let ipv6HopLimit = FieldPath(certain: "ipv6.hop-limit")
  package static let ipv6PayloadLength = FieldPath(certain: "ipv6.payload-length")
  package static let homeAddressOption = FieldPath(certain: "hao.home-address")
  package static let routingHomeAddress = FieldPath(certain: "rh2.home-address")
  package static let segmentsLeft = FieldPath(certain: "rh2.segments-left")
  package static let routingExtLength = FieldPath(certain: "rh2.hdr-ext-len")
  package static let udpSourcePort = FieldPath(certain: "udp.source-port")
  package static let udpDestinationPort = FieldPath(certain: "udp.destination-port")
  package static let icmpType = FieldPath(certain: "icmpv6.type")
  package static let icmpCode = FieldPath(certain: "icmpv6.code")
  package static let icmpPointer = FieldPath(certain: "icmpv6.pointer")
  package static let solicitedTarget = FieldPath(certain: "ns.target")
  package static let advertisedTarget = FieldPath(certain: "na.target")
  package static let advertisedSolicited = FieldPath(certain: "na.s")
  package static let advertisedOverride = FieldPath(certain: "na.o")
  package static let advertisedRouter = FieldPath(certain: "na.r")
  package static let linkLayerType = FieldPath(certain: "link-layer-address.option-type")
  package static let linkLayerAddress = FieldPath(certain: "link-layer-address.address")
  package static let arpOperation = FieldPath(certain: "arp.operation")
  package static let arpSenderHardware = FieldPath(certain: "arp.sender-hardware")
  package static let arpSender = FieldPath(certain: "arp.sender")
  package static let arpTargetHardware = FieldPath(certain: "arp.target-hardware")
  package static let arpTarget = FieldPath(certain: "arp.target")
  package static let mhPayloadProto = FieldPath(certain: "mh.payload-proto")
  package static let mhHeaderLen = FieldPath(certain: "mh.header-len")
  package static let mhType = FieldPath(certain: "mh.type")
  package static let mhReserved = FieldPath(certain: "mh.reserved")
  package static let mhChecksum = FieldPath(certain: "mh.checksum")
  package static let buSequence = FieldPath(certain: "bu.sequence")
  package static let buLifetime = FieldPath(certain: "bu.lifetime")
  package static let buA = FieldPath(certain: "bu.a")
  package static let buH = FieldPath(certain: "bu.h")
  package static let buL = FieldPath(certain: "bu.l")
  package static let buK = FieldPath(certain: "bu.k")
  package static let buP = FieldPath(certain: "bu.p")
  package static let baStatus = FieldPath(certain: "ba.status")
  package static let baK = FieldPath(certain: "ba.k")
  package static let baSequence = FieldPath(certain: "ba.sequence")
  package static let baLifetime = FieldPath(certain: "ba.lifetime")
  package static let beStatus = FieldPath(certain: "be.status")
  package static let beHomeAddress = FieldPath(certain: "be.home-address")
  package static let briSequence = FieldPath(certain: "bri.sequence")
  package static let briTrigger = FieldPath(certain: "bri.trigger")
  package static let briP = FieldPath(certain: "bri.p")
  package static let briA = FieldPath(certain: "bri.a")
  package static let briG = FieldPath(certain: "bri.g")
  package static let briV = FieldPath(certain: "bri.v")
  package static let briReserved = FieldPath(certain: "bri.reserved")
  package static let braSequence = FieldPath(certain: "bra.sequence")
  package static let braStatus = FieldPath(certain: "bra.status")
  package static let braP = FieldPath(certain: "bra.p")
  package static let braG = FieldPath(certain: "bra.g")
  package static let braV = FieldPath(certain: "bra.v")
  package static let revocationSequence = FieldPath(certain: "revocation.sequence")
  package static let alternateCareOfAddress = FieldPath(certain: "alternate-care-of-address.address")

  /// All of the above.
  package static let wellKnown: [FieldPath] = [
    ethernetDestination, ethernetSource, ethernetType, ipv4Source, ipv4Destination, ipv4Protocol, ipv6Source, ipv6Destination,
    ipv6NextHeader,
    ipv6HopLimit, ipv6PayloadLength, homeAddressOption, routingHomeAddress, segmentsLeft, routingExtLength, udpSourcePort,
    udpDestinationPort,
    icmpType, icmpCode, icmpPointer, solicitedTarget, advertisedTarget, advertisedSolicited, advertisedOverride, advertisedRouter,
    linkLayerType,
    linkLayerAddress, arpOperation, arpSenderHardware, arpSender, arpTargetHardware, arpTarget, mhPayloadProto, mhHeaderLen, mhType,
    mhReserved,
    mhChecksum, buSequence, buLifetime, buA, buH, buL, buK, buP, baStatus, baK, baSequence, baLifetime, beStatus, beHomeAddress,
    briSequence,
    briTrigger, briP, briA, briG, briV, briReserved, braSequence, braStatus, braP, braG, braV, revocationSequence, alternateCareOfAddress,
  ]
}
