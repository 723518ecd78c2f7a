extension Decoder {

  /// The Mobility Header and its message (RFC 6275 6.1).
  func mobility(_ bytes: Span<UInt8>, _ cursor: inout Cursor, _ result: inout Dissection) {
    let start = cursor.offset
    let end = cursor.end
    guard cursor.room >= 6 else { return truncated(.mh, cursor, &result) }
    let claimed = (Int(bytes[start &+ 1]) &+ 1) &* 8
    guard let index = enter(.mh, claimed, minimum: 6, &cursor, &result) else { return }
    result.mobility = index
    result.messageKind = .mh
    if bytes[start] != 59 { result.note(.value, layer: index, bit: 0) }
    if claimed > end &- start {
      // Its checksum counts octets that are not there: nobody can say whether it is right.
      if claimed > end &- start &+ result.missing { result.note(.lengthBeyond, layer: index, bit: 8) }
    } else {
      if claimed < end &- start { result.note(.trailing, layer: index, bit: 8) }
      checksum(bytes, start, claimed, index, &result)
    }
    message(bytes, start, claimed, end, index, &result)
    if result.anomalyCount > 0 { result.settleChecksum() }
    // A message that is longer than its header says is no part of the rest.
    if result.message >= 0 { cursor.offset = max(cursor.offset, result.layers[result.message].end) }
  }

  private func message(_ bytes: Span<UInt8>, _ start: Int, _ claimed: Int, _ end: Int, _ index: Int, _ result: inout Dissection) {
    let type = bytes[start &+ 2]
    var dialect = Dialect.rfc5846
    let kind: LayerKind
    switch type {
    case 5: kind = .bu
    case 6: kind = .ba
    case 7: kind = .be
    case revocationTypes.0, revocationTypes.1:
      dialect = self.dialect(of: bytes, &result)
      if dialect == .draft01 {
        kind = revocationTypes.0 == revocationTypes.1 ? .revocation : type == revocationTypes.0 ? .bri : .bra
      } else {
        kind = end &- start < 7 ? .revocation : bytes[start &+ 6] == 1 ? .bri : bytes[start &+ 6] == 2 ? .bra : .revocation
      }
    default: return
    }
    let minimum = Schema.minimum(of: kind, dialect)
    if claimed < (minimum &+ 7) & ~7 { result.note(.lengthTooShort, layer: index, bit: 8) }
    // A message whose Header Len is wrong is still that message: its fields are read where its octets are there.
    guard end &- start >= minimum else { return }
    guard let message = result.push(kind, dialect, offset: start, length: minimum) else {
      return result.note(.limit, layer: result.count &- 1, bit: 0)
    }
    result.message = message
    result.messageKind = kind
    options(bytes, from: start &+ minimum, to: start &+ claimed, available: end, message, &result)
  }

  /// Notes an option that runs past the end of its Mobility Header.
  private func options(_ bytes: Span<UInt8>, from first: Int, to claimed: Int, available: Int, _ message: Int, _ result: inout Dissection) {
    let end = min(claimed, available)
    var offset = first
    while offset < end {
      if bytes[offset] == 0 {
        offset &+= 1
        continue
      }
      guard offset &+ 2 <= end, offset &+ 2 &+ Int(bytes[offset &+ 1]) <= end else {
        // Where the header itself goes on behind what is there, its length is to blame, or the capture.
        guard claimed <= available else { return }
        return result.note(.optionOverrun, layer: message, bit: (offset &- Int(result.layers[message].offset)) &* 8)
      }
      offset &+= 2 &+ Int(bytes[offset &+ 1])
    }
  }

  @inline(__always) private func dialect(of bytes: Span<UInt8>, _ result: inout Dissection) -> Dialect {
    guard !dialects.isEmpty, result.inner >= 0 else { return dialect }
    return dialects[address(bytes, Int(result.layers[result.inner].offset) &+ 8)]
      ?? dialects[address(bytes, Int(result.layers[result.inner].offset) &+ 24)] ?? dialect
  }

  private func address(_ bytes: Span<UInt8>, _ offset: Int) -> IPv6Address {
    var value: UInt128 = 0
    for index in 0..<16 where offset + index < bytes.count { value = value << 8 | UInt128(bytes[offset + index]) }
    return IPv6Address(value)
  }

  /// The checksum of RFC 6275 6.1.1: a Home Address option counts as the source, a type 2 routing header's address as the destination.
  private func checksum(_ bytes: Span<UInt8>, _ start: Int, _ length: Int, _ index: Int, _ result: inout Dissection) {
    guard result.inner >= 0 else { return }
    let ip = Int(result.layers[result.inner].offset)
    var common = ChecksumSum()
    common.add(bytes, result.routing >= 0 ? Int(result.layers[result.routing].offset) &+ 8 : ip &+ 24, 16)
    common.add(UInt32(clamping: length))
    common.add(135)
    common.add(bytes, start, length)
    var sum = common
    sum.add(bytes, result.homeAddressOption >= 0 ? Int(result.layers[result.homeAddressOption].offset) &+ 2 : ip &+ 8, 16)
    guard !sum.isValid else { return }
    if result.homeAddressOption >= 0 {
      var wire = common
      wire.add(bytes, ip &+ 8, 16)
      if wire.isValid { return result.note(.checksumOverWireSource, layer: index, bit: 32) }
    }
    result.note(.checksum, layer: index, bit: 32)
  }
}
