extension Dissection {
  /// An anomaly in words, with the value that stands there and, for a checksum, the one that would be right.
  func describe(_ anomaly: Anomaly, _ bytes: Span<UInt8>) -> DissectedAnomaly {
    let index = Int(anomaly.layer)
    guard index < count else {
      return DissectedAnomaly(layer: "frame", field: nil, kind: anomaly.kind.name, text: Self.words(anomaly.kind, value: nil))
    }
    let layer = layers[index]
    if layer.kind == .ike, let part = payloadAnomaly(anomaly, layer, bytes) { return part }
    let found = fields(ofLayer: index, in: bytes).first { $0.field.range.bit == Int(anomaly.bit) }
    let value = found?.value
    var text = Self.words(anomaly.kind, value: value)
    if anomaly.kind == .checksum || anomaly.kind == .checksumOverWireSource, let right = rightChecksum(index, bytes) {
      text += "; right is 0x\(String(right, radix: 16))"
    }
    let octet = Int(layer.offset) + Int(anomaly.bit) / 8
    if anomaly.kind == .optionOverrun { text += " (at octet \(octet))" }
    return DissectedAnomaly(layer: layer.kind.name, field: found?.field.name, kind: anomaly.kind.name, text: text)
  }

  /// An anomaly of a payload, named by that payload.
  private func payloadAnomaly(_ anomaly: Anomaly, _ layer: Layer, _ bytes: Span<UInt8>) -> DissectedAnomaly? {
    let octet = Int(layer.offset) + Int(anomaly.bit) / 8
    guard Int(anomaly.bit) >= 28 * 8, anomaly.bit != .max else { return nil }
    var holder: PayloadPlace?
    forEachPayload(in: bytes) { if $0.offset <= octet { holder = $0 } }
    guard let holder else {
      return DissectedAnomaly(layer: "ike", field: nil, kind: anomaly.kind.name, text: Self.words(anomaly.kind, value: nil))
    }
    let found = Schema.of(holder.kind).values(in: bytes, at: holder.offset, end: holder.offset + holder.length)
      .first { holder.offset * 8 + $0.field.range.bit == octet * 8 }
    return DissectedAnomaly(
      layer: holder.kind.name, field: anomaly.kind == .optionOverrun ? nil : found?.field.name, kind: anomaly.kind.name,
      text: "\(Self.words(anomaly.kind, value: found?.value)) (at octet \(octet))")
  }

  private static func words(_ kind: Anomaly.Kind, value: UInt128?) -> String {
    let number = value.map { "\($0)" } ?? "it"
    switch kind {
    case .truncated: return "the octets end before what comes next does"
    case .lengthBeyond: return "\(number) says more than there is"
    case .lengthTooShort: return "\(number) is less than the least that is lawful"
    case .checksum: return "0x\(String(value ?? 0, radix: 16)) is not the checksum of these octets"
    case .checksumOverWireSource: return "right over the IPv6 source address, where the Home Address option counts (RFC 6275 6.1.1)"
    case .value: return value == nil ? "what comes next is neither IPv4 nor IPv6, or not of its length" : "\(number) is not a lawful value"
    case .optionOverrun: return "an option runs past the end"
    case .trailing: return "octets follow that \(number) does not count"
    case .repeated: return "a second one"
    case .limit: return "more layers or anomalies than are kept"
    }
  }

  /// The checksum that the octets of a layer should carry: that of the same packet with this one field left to be computed.
  private func rightChecksum(_ index: Int, _ bytes: Span<UInt8>) -> UInt128? {
    var packet = Packet(bytes, self)
    let position = (0..<index).count { !layers[$0].kind.isOption && !layers[$0].kind.isMobilityMessage }
    guard position < packet.headers.count, let entry = packet.headers[position].layout.checksum else { return nil }
    packet.headers[position].values.removeAll { $0.path == entry.path }
    let start = Int(layers[index].offset)
    let encoded = packet.encoded()
    return start + entry.range.octetsNeeded <= encoded.count ? entry.range.read(encoded.span, at: start) : nil
  }
}

extension Anomaly.Kind {
  /// The name in reports, for instance `length-beyond`.
  public var name: String { kebab("\(self)") }
}
