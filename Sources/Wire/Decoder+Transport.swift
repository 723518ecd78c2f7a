extension Decoder {
  /// UDP; inside it DSMIPv6 on port 4191 (RFC 5555 4.4.1), whose packets begin with 4 or 6, or a TLV header; IKE on 500, IKE and ESP on 4500 (RFC 3948 2).
  func udp(_ bytes: Span<UInt8>, _ cursor: inout Cursor, _ result: inout Dissection, network: Int) {
    let start = cursor.offset
    guard let index = enter(.udp, 8, minimum: 8, &cursor, &result) else { return }
    let source = Self.word(bytes, start)
    let destination = Self.word(bytes, start &+ 2)
    let length = Self.word(bytes, start &+ 4)
    let isMobile = source == 4191 || destination == 4191
    let isKeyExchange = source == 500 || destination == 500
    let isOurs = isMobile || isKeyExchange || source == 4500 || destination == 4500
    if length < 8 {
      result.note(.lengthTooShort, layer: index, bit: 32)
    } else if start &+ length > cursor.end {
      if start &+ length > cursor.end &+ result.missing { result.note(.lengthBeyond, layer: index, bit: 32) }
    } else {
      cursor.end = start &+ length
      // Zero in IPv4: the sender made none (RFC 768). Over octets that are not there, nobody can say whether it is right.
      let isAbsent = result.layers[network].kind == .ipv4 && Self.word(bytes, start &+ 6) == 0
      if let opening = openings.first(where: { $0.offset > start && $0.offset < cursor.end }) {
        if opening.isChecksumWrong { result.note(.checksum, layer: index, bit: 48) }
      } else if isOurs, !isAbsent, !isValid(bytes, from: start, to: cursor.end, next: 17, network: network, &result) {
        result.note(.checksum, layer: index, bit: 48)
      }
    }
    guard isOurs else { return }
    if isMobile {
      guard cursor.room > 0 else { return }
      switch bytes[cursor.offset] >> 4 {
      case 6, 4: ip(bytes, &cursor, &result)
      default:
        // A TLV header: what it announces is nothing that went before it was negotiated.
        result.note(.value, layer: index, bit: 64)
        _ = enter(.tlv, 4, minimum: 4, &cursor, &result)
      }
    } else if isKeyExchange {
      ike(bytes, &cursor, &result)
    } else if cursor.room >= 4, Self.word(bytes, cursor.offset) == 0, Self.word(bytes, cursor.offset &+ 2) == 0 {
      // The non-ESP marker.
      cursor.offset &+= 4
      ike(bytes, &cursor, &result)
    } else if cursor.room > 1 {
      esp(bytes, &cursor, &result, network: network)
    }
  }

  func ike(_ bytes: Span<UInt8>, _ cursor: inout Cursor, _ result: inout Dissection) {
    let start = cursor.offset
    guard cursor.room >= 28 else { return truncated(.ike, cursor, &result) }
    let room = cursor.room
    let length = Self.word(bytes, start &+ 24) &<< 16 | Self.word(bytes, start &+ 26)
    guard let index = enter(.ike, max(28, length), minimum: 28, &cursor, &result) else { return }
    result.ike = index
    if length < 28 {
      result.note(.lengthTooShort, layer: index, bit: 192)
    } else if length < room {
      result.note(.trailing, layer: index, bit: 192)
    } else if length > room &+ result.missing {
      result.note(.lengthBeyond, layer: index, bit: 192)
    }
    payloads(bytes, index, isWhole: length == room, &result)
  }

  /// Notes whether the payloads are sealed and, where the message's own length is right, what is wrong with them.
  private func payloads(_ bytes: Span<UInt8>, _ index: Int, isWhole: Bool, _ result: inout Dissection) {
    let layer = result.layers[index]
    let opening = openings.first { $0.offset == Int(layer.offset) }
    result.openedPayloads = opening?.payload
    guard let walk = Dissection.payloadWalk(of: layer, opened: opening?.payload, in: bytes) else { return }
    var isSealed = false
    var flaws = 0
    walk.forEach(in: bytes) { place in
      if place.kind == .sk || place.kind == .skf { isSealed = true }
    } flaw: { _, _ in
      flaws &+= 1
    }
    if isSealed { result.layers[index].protection = opening?.protection ?? .opaque }
    guard flaws > 0, isWhole else { return }
    walk.forEach(in: bytes) { _ in
    } flaw: { kind, octet in
      result.note(kind, layer: index, bit: (octet &- Int(layer.offset)) &* 8)
    }
  }

  /// The checksum over an upper-layer packet and the pseudo-header of its network layer (RFC 8200 8.1, RFC 768; RFC 6275 11.3.1: a home
  /// address in a Home Address option is the source). `inout` only so that no copy of the table is made.
  private func isValid(_ bytes: Span<UInt8>, from start: Int, to end: Int, next: UInt32, network: Int, _ result: inout Dissection) -> Bool {
    var sum = ChecksumSum()
    let layer = result.layers[network]
    if layer.kind == .ipv4 {
      sum.add(bytes, Int(layer.offset) &+ 12, 8)
    } else {
      let hasHome = network == result.inner && result.homeAddressOption >= 0
      sum.add(bytes, hasHome ? Int(result.layers[result.homeAddressOption].offset) &+ 2 : Int(layer.offset) &+ 8, 16)
      // The final destination counts: the home address of a routing header that is still to be processed.
      let hasRoute = network == result.inner && result.routing >= 0
      sum.add(bytes, hasRoute ? Int(result.layers[result.routing].offset) &+ 8 : Int(layer.offset) &+ 24, 16)
    }
    sum.add(UInt32(clamping: end &- start))
    sum.add(next)
    sum.add(bytes, start, end &- start)
    return sum.isValid
  }

  func icmpv6(_ bytes: Span<UInt8>, _ cursor: inout Cursor, _ result: inout Dissection, network: Int) {
    let start = cursor.offset
    guard cursor.room >= 8 else { return truncated(.icmpv6, cursor, &result) }
    let kind: LayerKind
    switch bytes[start] {
    case 133: kind = .routerSolicitation
    case 134: kind = .routerAdvertisement
    case 135: kind = .neighbourSolicitation
    case 136: kind = .neighbourAdvertisement
    default: kind = .icmpv6
    }
    let minimum = Schema.minimum(of: kind)
    let end = cursor.end
    // An ND message is its options too; an error carries the packet that it is about, which is opaque here.
    guard let index = enter(kind, kind == .icmpv6 ? 8 : cursor.room, minimum: minimum, &cursor, &result) else { return }
    result.icmp = index
    result.isICMPError = kind == .icmpv6 && bytes[start] < 128
    if !cursor.isCut, !isValid(bytes, from: start, to: end, next: 58, network: network, &result) {
      result.note(.checksum, layer: index, bit: 16)
    }
  }
}
