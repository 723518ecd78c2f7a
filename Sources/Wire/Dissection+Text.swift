extension Dissection {
  /// A dissection for people: a line a layer with its offset and clause, a line a field with its Wireshark name, the options, the octets
  /// that nobody reads in hexadecimal, and what was wrong.
  ///
  /// - Parameter refusal: why a seal was refused for which there is a key.
  public func text(_ bytes: Span<UInt8>, refusal: String? = nil) -> String {
    var out = ""
    var end = 0
    for index in 0..<count {
      let layer = layers[index]
      // A Home Address option is shown among the options of its header.
      if layer.kind == .hao { continue }
      let start = Int(layer.offset)
      if !layer.kind.isMobilityMessage { out += Self.octets("octets", bytes, end, start) }
      out += Self.line(Schema.of(layer.kind, layer.dialect), offset: start, length: Int(layer.length), layer.protection)
      out += Self.lines(fields(ofLayer: index, in: bytes), indent: "  ")
      out += inside(index, bytes)
      end = max(end, layer.end)
    }
    out += Self.octets("octets", bytes, end, restOffset)
    out += Self.octets("rest", bytes, restOffset, restOffset + restLength)
    let isOpened = (0..<count).contains { layers[$0].kind == .esp && layers[$0].protection.isOpened }
    out += Self.octets(isOpened ? "ESP trailer" : "behind the packet", bytes, max(end, restOffset + restLength), bytes.count)
    for anomaly in (0..<anomalyCount).map({ describe(anomalies[$0], bytes) }) + refused(refusal) {
      out += "wrong: \(anomaly.layer)\(anomaly.field.map { "." + $0 } ?? ""): \(anomaly.text)\n"
    }
    return out
  }

  /// The options of a layer, and the octets behind its fixed part that are no option.
  private func inside(_ index: Int, _ bytes: Span<UInt8>) -> String {
    let layer = layers[index]
    guard let octets = optionOctets(ofLayer: index, in: bytes) else {
      let hasMessage = index == mobility && message >= 0
      let fixed = Int(layer.offset) + Schema.of(layer.kind, layer.dialect).minimum
      return hasMessage ? "" : Self.octets("  octets", bytes, fixed, layer.end)
    }
    if layer.kind == .ike { return payloads(octets, bytes) }
    var out = ""
    var end = octets.lowerBound
    forEachOption(ofLayer: index, in: bytes) { kind, offset, length in
      // One too short for its schema is shown as what it is, an option that nobody can read.
      let isShort = Schema.of(kind).minimum > length
      let unknown: LayerKind = kind.isMobilityOption ? .unknownMobilityOption : .unknownDestinationOption
      let schema = Schema.of(isShort ? unknown : kind)
      out += "  option " + Self.line(schema, offset: offset, length: length, .clear)
      out += Self.lines(schema.values(in: bytes, at: offset, end: offset + length), indent: "    ")
      out += Self.octets("    data", bytes, offset + schema.minimum, offset + length)
      end = offset + length
    }
    return out + Self.octets("  octets", bytes, end, octets.upperBound)
  }

  /// The payloads of an IKE message, their parts one step further in.
  private func payloads(_ octets: Range<Int>, _ bytes: Span<UInt8>) -> String {
    var out = ""
    var end = octets.lowerBound
    forEachPayload(in: bytes) { place in
      out += Self.octets("  octets", bytes, end, place.offset)
      let schema = Schema.of(place.kind)
      let indent = String(repeating: "  ", count: place.kind.depth + 1)
      let type = place.kind == .unknownPayload ? " of type \(place.type)" : ""
      out +=
        "\(indent)\(place.kind.depth == 0 ? "payload" : "part")\(type) \(Self.line(schema, offset: place.offset, length: place.length, .clear))"
      out += Self.lines(schema.values(in: bytes, at: place.offset, end: place.offset + place.length), indent: indent + "  ")
      out += Self.octets("\(indent)  data", bytes, place.offset + schema.minimum, place.offset + place.length)
      end = place.offset + place.length
    }
    return out + Self.octets("  octets", bytes, end, octets.upperBound)
  }

  private static func line(_ schema: Schema, offset: Int, length: Int, _ protection: Protection) -> String {
    let dialect = schema.dialect.map { " (\($0.name))" } ?? ""
    let seal =
      switch protection {
      case .clear: ""
      case .opaque: ", sealed"
      case .unverified: ", not encrypted, integrity unknown"
      default: ", opened with security association \(protection.raw - 1)"
      }
    return "\(schema.kind.name)\(dialect) at \(offset), \(length) octets, \(schema.clause)\(seal)\n"
  }

  private static func lines(_ fields: [(field: Field, value: UInt128)], indent: String) -> String {
    fields.map { field, value in
      "\(indent)\(field.name) = \(field.text(value))\(field.wireshark.isEmpty ? "" : "  [\(field.wireshark)]")\n"
    }.joined()
  }

  private static func octets(_ name: String, _ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> String {
    let end = min(end, bytes.count)
    return start < end ? "\(name) at \(start), \(end - start) octets: \(hexadecimal(bytes, start, end))\n" : ""
  }
}
