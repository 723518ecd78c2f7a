/// What a layer of a packet is: a header, a message of the Mobility Header, or an option.
public enum LayerKind: UInt8, Sendable, CaseIterable {
  case ethernet, vlan, arp, ipv4, ipv6, hopByHop, destinationOptions, routing, rh2, fragment, udp, tlv, esp, ike
  case icmpv6, routerSolicitation, routerAdvertisement, neighbourSolicitation, neighbourAdvertisement
  case mh, bu, ba, be, bri, bra
  /// MH type 16 of which the layout does not say whether it is a BRI or a BRA: draft-01 with one type number, or an unassigned B.R. Type.
  case revocation
  // Options of the destination options and hop-by-hop headers (RFC 8200 4.2).
  case hao, unknownDestinationOption, destinationPad1, destinationPadN
  // Options of Neighbour Discovery (RFC 4861 4.6).
  case linkLayerAddress, prefixInformation, rdnss, unknownNeighbourOption
  // Mobility options (RFC 6275 6.2; spec of each beside its schema).
  case pad1, padN, bindingRefreshAdvice, alternateCareOfAddress, nonceIndices, bindingAuthorizationData, mobileNetworkPrefix
  case mobileNodeLinkLayerAddress, mobileNodeIdentifier, mobilityAuthentication, mesgID, vendorSpecific, serviceSelection
  case homeNetworkPrefix, handoffIndicator, accessTechnologyType, timestamp
  case ipv4HomeAddress, ipv4AddressAcknowledgement, natDetection, ipv4CareOfAddress, bindingIdentifier
  case ipv4HomeAddressRequest, ipv4HomeAddressReply, unknownMobilityOption
  // Payloads of IKEv2 (RFC 7296 3.2), by the names of its 1.2.
  case sa, ke, idi, idr, cert, certreq, auth, nonce, notify, delete, vendorID, tsi, tsr, sk, cp, eap, skf, unknownPayload
  // Their parts, which follow them (RFC 7296 3.3.1, 3.3.2, 3.3.5, 3.13.1, 3.15.1).
  case proposal
  case encryptionTransform, prfTransform, integrityTransform, dhTransform, esnTransform, unknownTransform
  case transformAttribute, variableTransformAttribute
  case trafficSelector4, trafficSelector6, unknownTrafficSelector
  case configurationAttribute

  /// The name in field paths and reports, for instance `bri` in `bri.trigger`.
  public var name: String {
    switch self {
    case .routerSolicitation: "rs"
    case .routerAdvertisement: "ra"
    case .neighbourSolicitation: "ns"
    case .neighbourAdvertisement: "na"
    default: kebab("\(self)")
    }
  }

  private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.name, $0) })

  /// The kind of this name; nil when there is none.
  public init?(name: String) {
    guard let kind = Self.byName[name] else { return nil }
    self = kind
  }

  /// It is an option inside another layer, found by scanning that layer, not by the layer table (the Home Address option is in both).
  public var isOption: Bool { rawValue >= LayerKind.hao.rawValue }
  public var isMobilityOption: Bool { (LayerKind.pad1.rawValue...LayerKind.unknownMobilityOption.rawValue).contains(rawValue) }
  /// A payload of IKEv2, or a part of one.
  public var isPayload: Bool { rawValue >= LayerKind.sa.rawValue }
  /// How deep inside the payload it stands in a part of IKEv2 stands: 0 for payloads and for whatever is no part of one.
  public var depth: Int {
    switch self {
    case .proposal, .trafficSelector4, .trafficSelector6, .unknownTrafficSelector, .configurationAttribute: 1
    case .encryptionTransform, .prfTransform, .integrityTransform, .dhTransform, .esnTransform, .unknownTransform: 2
    case .transformAttribute, .variableTransformAttribute: 3
    default: 0
    }
  }
  public var isDestinationOption: Bool { (LayerKind.hao.rawValue...LayerKind.destinationPadN.rawValue).contains(rawValue) }
  /// A message of the Mobility Header; its fields are counted from the start of that header.
  public var isMobilityMessage: Bool { (LayerKind.bu.rawValue...LayerKind.revocation.rawValue).contains(rawValue) }
}

extension LayerKind {
  /// The number by which an IP header or one of its extensions names it, 59 (nothing follows) for what none can name.
  public var protocolNumber: UInt8 {
    switch self {
    case .ipv4: 4
    case .ipv6: 41
    case .hopByHop: 0
    case .destinationOptions: 60
    case .routing, .rh2: 43
    case .fragment: 44
    case .udp: 17
    case .esp: 50
    case .icmpv6, .routerSolicitation, .routerAdvertisement, .neighbourSolicitation, .neighbourAdvertisement: 58
    case .mh, .bu, .ba, .be, .bri, .bra, .revocation: 135
    default: 59
    }
  }
}

/// `camelCase` as `camel-case`.
func kebab(_ name: String) -> String {
  var out = ""
  var isInWord = false
  for character in name {
    // Capitals in a row are one word: mesgID is mesg-id.
    if character.isUppercase, isInWord { out += "-" }
    isInWord = !character.isUppercase
    out += character.lowercased()
  }
  return out
}

/// A layout of the revocation messages.
public enum Dialect: UInt8, Sendable, CaseIterable {
  /// draft-muhanna-mext-binding-revocation-01: sequence first, P A G flags.
  case draft01
  /// RFC 5846: B.R. Type first, P V G flags.
  case rfc5846

  public var name: String { self == .draft01 ? "draft-01" : "rfc5846" }

  public init?(name: String) {
    guard let match = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = match
  }
}

/// How a layer was protected when it was captured.
public struct Protection: Hashable, Sendable {
  public var raw: UInt16

  /// Nothing protected it.
  public static let clear = Protection(raw: 0)
  /// It is sealed and nobody opened it.
  public static let opaque = Protection(raw: .max)
  /// It is not encrypted, so it could be read; nobody had the key to say whether it is what was sent.
  public static let unverified = Protection(raw: .max - 1)
  /// It was opened, whichever security association did it.
  public var isOpened: Bool { self != .clear && raw < Protection.unverified.raw }
  /// Opened with the security association of this index, 0 to 65,532.
  public static func opened(_ association: UInt16) -> Protection { Protection(raw: min(association, .max - 3) + 1) }
}
