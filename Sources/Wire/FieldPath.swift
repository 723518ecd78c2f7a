/// A field by name, resolved once: `bri.trigger`, `ipv6.source`, `ipv4-home-address.address`.
///
/// Reading one costs a scan of the layer table and a few loads; a dialect that lacks the field gives nil.
public struct FieldPath: Sendable, Hashable, CustomStringConvertible {
  public let kind: LayerKind
  // An index, not a String: a path is copied on the hot path, and must cost no reference count.
  private let nameIndex: UInt16
  private let draft01: BitRange?
  private let rfc5846: BitRange?

  private static let names = Set(Schema.all.flatMap { $0.fields.map(\.name) }).sorted()

  /// The RFC's field name.
  public var name: String { Int(nameIndex) < Self.names.count ? Self.names[Int(nameIndex)] : "" }

  /// Resolves `layer.field`; nil when there is no such layer or field.
  public init?(_ path: String) {
    guard let dot = path.firstIndex(of: ".") else { return nil }
    let layer = path[..<dot]
    guard let kind = LayerKind(name: String(layer)) else { return nil }
    self.init(kind, String(path[path.index(after: dot)...]))
  }

  /// Resolves a field of a layer; nil when no dialect has it.
  public init?(_ kind: LayerKind, _ name: String) {
    self.init(kind, named: name)
    guard draft01 != nil || rfc5846 != nil else { return nil }
  }

  /// For the names that code itself spells; the test of `wellKnown` holds that each one resolves.
  init(certain path: StaticString) {
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
  @inline(__always) public func range(in dialect: Dialect) -> BitRange? { dialect == .draft01 ? draft01 : rfc5846 }

  /// The schema's entry for the field in a dialect.
  public func field(in dialect: Dialect) -> Field? { Schema.of(kind, dialect).fields.first { $0.name == name } }

  /// Some dialect has the field.
  public var exists: Bool { draft01 != nil || rfc5846 != nil }

  public var description: String { "\(kind.name).\(name)" }
  public static func == (a: Self, b: Self) -> Bool { a.kind == b.kind && a.nameIndex == b.nameIndex }
  public func hash(into hasher: inout Hasher) {
    hasher.combine(kind)
    hasher.combine(nameIndex)
  }
}

extension FieldPath {
  // The fields that code names itself. A test holds that every one resolves.
  public static let ethernetDestination = FieldPath(certain: "ethernet.destination")
  public static let ethernetSource = FieldPath(certain: "ethernet.source")
  public static let ethernetType = FieldPath(certain: "ethernet.type")
  public static let ipv4Source = FieldPath(certain: "ipv4.source")
  public static let ipv4Destination = FieldPath(certain: "ipv4.destination")
  public static let ipv4Protocol = FieldPath(certain: "ipv4.protocol")
  public static let ipv6Source = FieldPath(certain: "ipv6.source")
  public static let ipv6Destination = FieldPath(certain: "ipv6.destination")
  public static let ipv6NextHeader = FieldPath(certain: "ipv6.next-header")
  public static let ipv6HopLimit = FieldPath(certain: "ipv6.hop-limit")
  public static let ipv6PayloadLength = FieldPath(certain: "ipv6.payload-length")
  public static let homeAddressOption = FieldPath(certain: "hao.home-address")
  public static let routingHomeAddress = FieldPath(certain: "rh2.home-address")
  public static let segmentsLeft = FieldPath(certain: "rh2.segments-left")
  public static let routingExtLength = FieldPath(certain: "rh2.hdr-ext-len")
  public static let udpSourcePort = FieldPath(certain: "udp.source-port")
  public static let udpDestinationPort = FieldPath(certain: "udp.destination-port")
  public static let espSPI = FieldPath(certain: "esp.spi")
  public static let espSequence = FieldPath(certain: "esp.sequence")
  public static let icmpType = FieldPath(certain: "icmpv6.type")
  public static let icmpCode = FieldPath(certain: "icmpv6.code")
  public static let icmpPointer = FieldPath(certain: "icmpv6.pointer")
  public static let solicitedTarget = FieldPath(certain: "ns.target")
  public static let advertisedTarget = FieldPath(certain: "na.target")
  public static let advertisedSolicited = FieldPath(certain: "na.s")
  public static let advertisedOverride = FieldPath(certain: "na.o")
  public static let advertisedRouter = FieldPath(certain: "na.r")
  public static let linkLayerType = FieldPath(certain: "link-layer-address.option-type")
  public static let linkLayerAddress = FieldPath(certain: "link-layer-address.address")
  public static let arpOperation = FieldPath(certain: "arp.operation")
  public static let arpSenderHardware = FieldPath(certain: "arp.sender-hardware")
  public static let arpSender = FieldPath(certain: "arp.sender")
  public static let arpTargetHardware = FieldPath(certain: "arp.target-hardware")
  public static let arpTarget = FieldPath(certain: "arp.target")
  public static let mhPayloadProto = FieldPath(certain: "mh.payload-proto")
  public static let mhHeaderLen = FieldPath(certain: "mh.header-len")
  public static let mhType = FieldPath(certain: "mh.type")
  public static let mhReserved = FieldPath(certain: "mh.reserved")
  public static let mhChecksum = FieldPath(certain: "mh.checksum")
  public static let buSequence = FieldPath(certain: "bu.sequence")
  public static let buLifetime = FieldPath(certain: "bu.lifetime")
  public static let buA = FieldPath(certain: "bu.a")
  public static let buH = FieldPath(certain: "bu.h")
  public static let buL = FieldPath(certain: "bu.l")
  public static let buK = FieldPath(certain: "bu.k")
  public static let buP = FieldPath(certain: "bu.p")
  public static let baStatus = FieldPath(certain: "ba.status")
  public static let baK = FieldPath(certain: "ba.k")
  public static let baSequence = FieldPath(certain: "ba.sequence")
  public static let baLifetime = FieldPath(certain: "ba.lifetime")
  public static let beStatus = FieldPath(certain: "be.status")
  public static let beHomeAddress = FieldPath(certain: "be.home-address")
  public static let briSequence = FieldPath(certain: "bri.sequence")
  public static let briTrigger = FieldPath(certain: "bri.trigger")
  public static let briP = FieldPath(certain: "bri.p")
  public static let briA = FieldPath(certain: "bri.a")
  public static let briG = FieldPath(certain: "bri.g")
  public static let briV = FieldPath(certain: "bri.v")
  public static let briReserved = FieldPath(certain: "bri.reserved")
  public static let braSequence = FieldPath(certain: "bra.sequence")
  public static let braStatus = FieldPath(certain: "bra.status")
  public static let braP = FieldPath(certain: "bra.p")
  public static let braG = FieldPath(certain: "bra.g")
  public static let braV = FieldPath(certain: "bra.v")
  public static let revocationSequence = FieldPath(certain: "revocation.sequence")
  public static let alternateCareOfAddress = FieldPath(certain: "alternate-care-of-address.address")
  public static let buF = FieldPath(certain: "bu.f")
  public static let ipv4TotalLength = FieldPath(certain: "ipv4.total-length")
  public static let udpLength = FieldPath(certain: "udp.length")
  public static let ipv4CareOfAddress = FieldPath(certain: "ipv4-care-of-address.address")
  public static let ipv4HomeAddress = FieldPath(certain: "ipv4-home-address.address")
  public static let ipv4HomePrefixLength = FieldPath(certain: "ipv4-home-address.prefix-length")
  public static let ipv4AcknowledgedAddress = FieldPath(certain: "ipv4-address-acknowledgement.address")
  public static let ipv4AcknowledgedPrefixLength = FieldPath(certain: "ipv4-address-acknowledgement.prefix-length")
  public static let natDetectionF = FieldPath(certain: "nat-detection.f")
  public static let natRefreshTime = FieldPath(certain: "nat-detection.refresh-time")

  /// All of the above.
  public static let wellKnown: [FieldPath] =
    [
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
      buF, ipv4TotalLength, udpLength, ipv4CareOfAddress, ipv4HomeAddress, ipv4HomePrefixLength, ipv4AcknowledgedAddress,
      ipv4AcknowledgedPrefixLength, natDetectionF, natRefreshTime,
    ] + keyExchange + router
}
