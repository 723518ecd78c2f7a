/// A payload of an IKEv2 message, or a part of one, as a walk over the message finds it.
public struct PayloadPlace: Sendable {
  public let kind: LayerKind
  /// The type number by which what stands before it announces it; 0 for a part.
  public let type: UInt8
  /// Octets from the frame's start.
  public let offset: Int
  /// Octets of its own: without the parts that follow it, which are places of their own.
  public let length: Int
}

/// Walks the payloads of an IKEv2 message (RFC 7296 3.2), each followed by its parts.
struct PayloadWalk {
  /// The type of the first payload.
  let first: UInt8
  /// From the first payload to the end of the message.
  let octets: Range<Int>
  /// Where the payloads inside SK stand in clear, if somebody opened it.
  let opened: Range<Int>?

  /// Calls `body` for every place in wire order, and `flaw` with the octet at which something is wrong.
  @inline(__always)
  func forEach(in bytes: Span<UInt8>, _ body: (PayloadPlace) -> Void, flaw: (Anomaly.Kind, Int) -> Void = { _, _ in }) {
    var type = first
    var offset = octets.lowerBound
    var limit = octets.upperBound
    while type != 0 {
      guard let claimed = length(in: bytes, at: offset, within: limit, flaw) else { return }
      let known = Schema.payloadKind(type)
      let fits = claimed >= Schema.minimum(of: known)
      if !fits { flaw(.lengthTooShort, offset &+ 2) }
      let kind = fits ? known : .unknownPayload
      let end = offset &+ claimed
      let next = bytes[offset]
      var own = claimed
      switch kind {
      case .sa, .tsi, .tsr, .cp: own = Schema.minimum(of: kind)
      case .sk:
        if end < limit { flaw(.trailing, end) }
        if let opened, opened.lowerBound >= offset &+ 4, opened.upperBound <= end {
          // Behind the payloads stand padding and check value, which belong to no place.
          own = opened.lowerBound &- offset
          limit = opened.upperBound
        }
      default: break
      }
      body(PayloadPlace(kind: kind, type: type, offset: offset, length: own))
      switch kind {
      case .sa: proposals(in: bytes, offset &+ own..<end, body, flaw)
      case .tsi, .tsr: selectors(in: bytes, offset &+ own..<end, count: offset &+ 4, body, flaw)
      case .cp: attributes(in: bytes, offset &+ own..<end, body, flaw)
      default: break
      }
      // What is sealed is the last payload; its next payload is inside.
      if kind == .skf || kind == .sk && own == claimed { return }
      offset &+= kind == .sk ? own : claimed
      type = next
    }
    if offset < limit { flaw(.trailing, offset) }
  }

  /// The length that a payload or part claims; nil if it cannot be one.
  @inline(__always)
  private func length(
    in bytes: Span<UInt8>, at offset: Int, within end: Int, _ flaw: (Anomaly.Kind, Int) -> Void
  ) -> Int? {
    guard end &- offset >= 4 else {
      flaw(.optionOverrun, offset)
      return nil
    }
    let claimed = Decoder.word(bytes, offset &+ 2)
    guard claimed >= 4 else {
      flaw(.lengthTooShort, offset &+ 2)
      return nil
    }
    guard claimed <= end &- offset else {
      flaw(.optionOverrun, offset)
      return nil
    }
    return claimed
  }

  private func proposals(
    in bytes: Span<UInt8>, _ range: Range<Int>, _ body: (PayloadPlace) -> Void, _ flaw: (Anomaly.Kind, Int) -> Void
  ) {
    var offset = range.lowerBound
    while offset < range.upperBound {
      guard let claimed = length(in: bytes, at: offset, within: range.upperBound, flaw) else { return }
      guard claimed >= 8 else { return flaw(.lengthTooShort, offset &+ 2) }
      let spi = Int(bytes[offset &+ 6])
      if spi > claimed &- 8 { flaw(.lengthBeyond, offset &+ 6) }
      let own = 8 &+ min(spi, claimed &- 8)
      body(PayloadPlace(kind: .proposal, type: 0, offset: offset, length: own))
      let count = transforms(in: bytes, offset &+ own..<offset &+ claimed, body, flaw)
      if count != Int(bytes[offset &+ 7]) { flaw(.value, offset &+ 7) }
      let isLast = offset &+ claimed == range.upperBound
      if bytes[offset] != (isLast ? 0 : 2) { flaw(.value, offset) }
      offset &+= claimed
    }
  }

  private func transforms(
    in bytes: Span<UInt8>, _ range: Range<Int>, _ body: (PayloadPlace) -> Void, _ flaw: (Anomaly.Kind, Int) -> Void
  ) -> Int {
    var offset = range.lowerBound
    var count = 0
    while offset < range.upperBound {
      guard let claimed = length(in: bytes, at: offset, within: range.upperBound, flaw) else { return count }
      guard claimed >= 8 else {
        flaw(.lengthTooShort, offset &+ 2)
        return count
      }
      body(PayloadPlace(kind: Schema.transformKind(bytes[offset &+ 4]), type: 0, offset: offset, length: 8))
      attributes(in: bytes, offset &+ 8..<offset &+ claimed, isTransform: true, body, flaw)
      let isLast = offset &+ claimed == range.upperBound
      if bytes[offset] != (isLast ? 0 : 3) { flaw(.value, offset) }
      offset &+= claimed
      count &+= 1
    }
    return count
  }

  /// The attributes of a transform (RFC 7296 3.3.5) or of a configuration payload (3.15.1), which have no short form.
  private func attributes(
    in bytes: Span<UInt8>, _ range: Range<Int>, isTransform: Bool = false, _ body: (PayloadPlace) -> Void,
    _ flaw: (Anomaly.Kind, Int) -> Void
  ) {
    var offset = range.lowerBound
    while offset < range.upperBound {
      guard range.upperBound &- offset >= 4 else { return flaw(.optionOverrun, offset) }
      let isShort = isTransform && bytes[offset] & 0x80 != 0
      let length = isShort ? 4 : 4 &+ Decoder.word(bytes, offset &+ 2)
      guard length <= range.upperBound &- offset else { return flaw(.optionOverrun, offset) }
      let kind: LayerKind = !isTransform ? .configurationAttribute : isShort ? .transformAttribute : .variableTransformAttribute
      body(PayloadPlace(kind: kind, type: 0, offset: offset, length: length))
      offset &+= length
    }
  }

  private func selectors(
    in bytes: Span<UInt8>, _ range: Range<Int>, count place: Int, _ body: (PayloadPlace) -> Void, _ flaw: (Anomaly.Kind, Int) -> Void
  ) {
    var offset = range.lowerBound
    var count = 0
    while offset < range.upperBound {
      guard let claimed = length(in: bytes, at: offset, within: range.upperBound, flaw) else { return }
      let known: LayerKind = bytes[offset] == 7 ? .trafficSelector4 : bytes[offset] == 8 ? .trafficSelector6 : .unknownTrafficSelector
      let fits = claimed >= Schema.minimum(of: known)
      if !fits { flaw(.lengthTooShort, offset &+ 2) }
      body(PayloadPlace(kind: fits ? known : .unknownTrafficSelector, type: 0, offset: offset, length: claimed))
      offset &+= claimed
      count &+= 1
    }
    if count != Int(bytes[place]) { flaw(.value, place) }
  }
}

extension Dissection {
  /// Calls `body` for every payload of the IKEv2 message, each followed by its parts; for those in SK only where it was opened.
  public borrowing func forEachPayload(in bytes: Span<UInt8>, _ body: (PayloadPlace) -> Void) {
    guard ike >= 0, let walk = Self.payloadWalk(of: layers.span[ike], opened: openedPayloads, in: bytes) else { return }
    walk.forEach(in: bytes, body)
  }

  /// The walk over the payloads of an IKE layer; nil where they are not those of IKEv2.
  static func payloadWalk(of layer: Layer, opened: Range<Int>?, in bytes: Span<UInt8>) -> PayloadWalk? {
    let start = Int(layer.offset)
    let end = min(layer.end, bytes.count)
    guard layer.kind == .ike, end &- start >= 28, bytes[start &+ 17] >> 4 == 2 else { return nil }
    return PayloadWalk(first: bytes[start &+ 16], octets: start &+ 28..<end, opened: opened)
  }
}
