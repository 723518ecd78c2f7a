/// An EAP packet (RFC 3748 4).
package struct EAPPacket: Hashable, Sendable {
  package enum Code: UInt8, Sendable {
    case request = 1
    case response, success, failure
  }

  package var code: Code
  package var identifier: UInt8
  /// The Type, nil for Success and Failure: 1 Identity, 2 Notification, 3 Nak, 23 AKA.
  package var type: UInt8?
  /// What follows the Type.
  package var data: [UInt8]

  package init(_ code: Code, identifier: UInt8, type: UInt8? = nil, data: [UInt8] = []) {
    self.code = code
    self.identifier = identifier
    self.type = type
    self.data = data
  }

  /// Octets behind the Length are padding, and not read. Throws `malformed`.
  package init(_ octets: [UInt8]) throws(SecurityError) {
    guard octets.count >= 4 else { throw .malformed("an EAP packet of fewer than four octets") }
    guard let code = Code(rawValue: octets[0]) else { throw .malformed("EAP code \(octets[0])") }
    let length = Int(octets[2]) << 8 | Int(octets[3])
    let hasType = code == .request || code == .response
    guard length >= (hasType ? 5 : 4), length <= octets.count else { throw .malformed("EAP length \(length) in \(octets.count) octets") }
    self.init(
      code, identifier: octets[1], type: hasType ? octets[4] : nil, data: hasType ? Array(octets[5..<length]) : Array(octets[4..<length]))
  }

  package var octets: [UInt8] {
    let body = (type.map { [$0] } ?? []) + data
    return [code.rawValue, identifier] + [UInt8](bigEndian: UInt16(truncatingIfNeeded: body.count + 4)) + body
  }
}

/// An EAP-AKA message (RFC 4187 8.1).
package struct AKAMessage: Hashable, Sendable {
  package enum Subtype: UInt8, Sendable {
    case challenge = 1
    case authenticationReject = 2
    case synchronizationFailure = 4
    case identity = 5
    case notification = 12
    case reauthentication = 13
    case clientError = 14
  }

  package static let type: UInt8 = 23

  package var isRequest: Bool
  package var identifier: UInt8
  package var subtype: Subtype
  package var attributes: [AKAAttribute]
  /// What stands in AT_MAC in place of the right value.
  package var mac: [UInt8]?

  package init(isRequest: Bool, identifier: UInt8, _ subtype: Subtype, _ attributes: [AKAAttribute] = []) {
    self.isRequest = isRequest
    self.identifier = identifier
    self.subtype = subtype
    self.attributes = attributes
  }

  /// Throws `malformed` for what is no EAP-AKA message, or holds an attribute whose length is none.
  package init(_ packet: EAPPacket) throws(SecurityError) {
    guard packet.type == Self.type, packet.data.count >= 3 else { throw .malformed("no EAP-AKA message") }
    guard let subtype = Subtype(rawValue: packet.data[0]) else { throw .malformed("EAP-AKA subtype \(packet.data[0])") }
    self.init(isRequest: packet.code == .request, identifier: packet.identifier, subtype)
    var rest = packet.data[3...]
    while !rest.isEmpty {
      guard rest.count >= 4 else { throw .malformed("\(rest.count) octets behind the last attribute") }
      let (type, length) = (rest[rest.startIndex], Int(rest[rest.startIndex + 1]) * 4)
      guard length >= 4, length <= rest.count else { throw .malformed("attribute \(type) of \(length) octets, \(rest.count) left") }
      attributes.append(AKAAttribute(AKAAttribute.Kind(rawValue: type), value: Array(rest.prefix(length).dropFirst(2))))
      rest = rest.dropFirst(length)
    }
  }

  package func first(_ kind: AKAAttribute.Kind) -> AKAAttribute? { attributes.first { $0.kind == kind } }

  /// The whole EAP packet. AT_MAC, where there is one, gets its value if there are keys for it.
  package func octets(_ keys: AKAKeys? = nil) throws(SecurityError) -> [UInt8] {
    let data = [subtype.rawValue, 0, 0] + attributes.flatMap(\.octets)
    var out = EAPPacket(isRequest ? .request : .response, identifier: identifier, type: Self.type, data: data).octets
    guard let place = macPlace else { return out }
    let value = if let mac { mac } else if let keys { try keys.mac(out) } else { [UInt8]() }
    for (index, octet) in zip(place, value) where index < out.count { out[index] = octet }
    return out
  }

  /// Throws `integrity` unless the packet's AT_MAC is the right one, and `malformed` when there is none.
  ///
  /// - Parameter octets: the EAP packet that this message was read from.
  package func verify(_ octets: [UInt8], _ keys: AKAKeys) throws(SecurityError) {
    guard let place = macPlace, let given = first(.mac)?.data, given.count == 16 else { throw .malformed("no AT_MAC") }
    // What follows the packet's Length is not part of it.
    var zeroed = try EAPPacket(octets).octets
    guard place.upperBound <= zeroed.count else { throw .tooShort }
    for index in place { zeroed[index] = 0 }
    guard try keys.mac(zeroed).isEqual(to: given) else { throw .integrity }
  }

  /// Where the value of AT_MAC stands in the packet.
  private var macPlace: Range<Int>? {
    var offset = 8
    for attribute in attributes {
      if attribute.kind == .mac { return (offset + 4)..<(offset + 20) }
      offset += attribute.octets.count
    }
    return nil
  }
}

/// An attribute of an EAP-AKA message (RFC 4187 10).
package struct AKAAttribute: Hashable, Sendable {
  /// Its type. Of 128 and above, those that are not known are skipped (RFC 4187 8.1).
  package struct Kind: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let rand = Kind(rawValue: 1)
    package static let autn = Kind(rawValue: 2)
    package static let res = Kind(rawValue: 3)
    package static let auts = Kind(rawValue: 4)
    package static let padding = Kind(rawValue: 6)
    package static let permanentIDRequest = Kind(rawValue: 10)
    package static let mac = Kind(rawValue: 11)
    package static let notification = Kind(rawValue: 12)
    package static let anyIDRequest = Kind(rawValue: 13)
    package static let identity = Kind(rawValue: 14)
    package static let fullAuthenticationIDRequest = Kind(rawValue: 17)
    package static let clientErrorCode = Kind(rawValue: 22)
    package static let checkcode = Kind(rawValue: 134)
    package static let resultIndication = Kind(rawValue: 135)

    static let known: Set<Kind> = [
      .rand, .autn, .res, .auts, .padding, .permanentIDRequest, .mac, .notification, .anyIDRequest, .identity,
      .fullAuthenticationIDRequest, .clientErrorCode, .checkcode, .resultIndication,
    ]

    /// A message that holds it cannot be understood (RFC 4187 8.1).
    package var isFatal: Bool { rawValue < 128 && !Self.known.contains(self) }
  }

  package var kind: Kind
  /// Everything behind the Length, whole words with the two octets in front of them.
  package var value: [UInt8]
  /// What stands in the Length in place of the number of words.
  package var length: UInt8?

  package init(_ kind: Kind, value: [UInt8]) {
    self.kind = kind
    self.value = value
  }

  /// Two octets of `word` (reserved, a length or a code), then the data.
  package init(_ kind: Kind, word: UInt16 = 0, _ data: [UInt8] = []) { self.init(kind, value: [UInt8](bigEndian: word) + data) }

  /// AT_RES: the length of RES in bits.
  package static func res(_ res: [UInt8]) -> Self { Self(.res, word: UInt16(truncatingIfNeeded: res.count * 8), res) }
  /// AT_IDENTITY: its length in octets.
  package static func identity(_ identity: [UInt8]) -> Self {
    Self(.identity, word: UInt16(truncatingIfNeeded: identity.count), identity)
  }
  /// AT_MAC, to be filled in.
  package static let emptyMAC = Self(.mac, [UInt8](repeating: 0, count: 16))

  /// The two octets in front of the data.
  package var word: UInt16 { UInt16(bigEndian: value.prefix(2)) }
  /// What follows them.
  package var data: [UInt8] { Array(value.dropFirst(2)) }
  /// The data as far as the length in front of them says: of AT_IDENTITY in octets, of AT_RES in bits. Nil for a length that is none.
  package var sizedData: [UInt8]? {
    let count = kind == .res ? Int(word) / 8 : Int(word)
    return count <= data.count ? Array(data.prefix(count)) : nil
  }

  var octets: [UInt8] {
    let padded = value + [UInt8](repeating: 0, count: (4 - (value.count + 2) % 4) % 4)
    return [kind.rawValue, length ?? UInt8(truncatingIfNeeded: (padded.count + 2) / 4)] + padded
  }
}
