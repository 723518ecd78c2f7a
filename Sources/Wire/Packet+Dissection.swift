extension Packet {
  /// Takes over a decoded frame, every field of every layer with the value that it has: encoding it gives the same octets.
  ///
  /// Only the data of options that have no schema, and the octets that no layer reads, are copied as they are.
  public init(_ bytes: Span<UInt8>, _ dissection: Dissection) {
    self.init()
    var end = 0
    var index = 0
    while index < dissection.count {
      let layer = dissection.layers[index]
      // Options are taken over by the header that holds them; a message by its Mobility Header.
      if layer.kind.isOption || layer.kind.isMobilityMessage {
        index += 1
        continue
      }
      // The non-ESP marker of port 4500 belongs to no layer.
      if Int(layer.offset) > end, !headers.isEmpty { headers[headers.count - 1].opaque += Self.copy(bytes, end, Int(layer.offset)) }
      var taken = layer
      if layer.kind == .mh, dissection.message >= 0 {
        taken.kind = dissection.layers[dissection.message].kind
        taken.dialect = dissection.layers[dissection.message].dialect
      }
      headers.append(Header(taking: taken, opened: dissection.openedPayloads, bytes))
      let minimum = Schema.of(taken.kind, taken.dialect).minimum
      end = taken.kind.isMobilityMessage ? max(layer.end, Int(layer.offset) + minimum) : layer.end
      index += 1
    }
    payload = Self.copy(bytes, min(end, bytes.count), bytes.count)
  }

  static func copy(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> [UInt8] {
    [UInt8](bytes, start..<max(start, end))
  }

  /// The same packet with every computed field given the value that it has now: what is changed next leaves them broken.
  public func frozen() -> Packet {
    let bytes = encoded()
    var copy = self
    var start = 0
    for index in headers.indices {
      let header = headers[index]
      for entry in header.layout.entries where entry.computed != .no && !header.gives(entry.path) {
        guard start + entry.range.octetsNeeded <= bytes.count else { continue }
        copy.headers[index].values.append((path: entry.path, value: entry.range.read(bytes.span, at: start)))
      }
      if header.kind == .ike {
        copy.headers[index].freezePayloads(bytes, at: start)
      } else {
        for option in header.options.indices { copy.headers[index].options[option].freeze() }
      }
      var own: [UInt8] = []
      header.append(to: &own)
      start += own.count
    }
    return copy
  }
}

extension Packet.Header {
  fileprivate init(taking layer: Layer, opened: Range<Int>?, _ bytes: Span<UInt8>) {
    let (kind, dialect, start, end) = (layer.kind, layer.dialect, Int(layer.offset), layer.end)
    self.init(kind, dialect)
    pads = false
    let layout = self.layout
    let fixed = layout.minimum
    values.reserveCapacity(layout.entries.count)
    for entry in layout.entries where start + entry.range.octetsNeeded <= bytes.count {
      values.append((path: entry.path, value: entry.range.read(bytes, at: start)))
    }
    switch kind {
    case .ike: take(payloadsOf: layer, opened: opened, bytes)
    case .hopByHop, .destinationOptions:
      options = Self.options(bytes, start + fixed, end) { Schema.destinationOption($0) }
    case .bu, .ba, .be, .bri, .bra, .revocation:
      options = Self.options(bytes, start + fixed, end) { Schema.mobilityOption($0) }
    case .routerSolicitation, .routerAdvertisement, .neighbourSolicitation, .neighbourAdvertisement:
      options = Self.neighbourOptions(bytes, start + fixed, end)
    default:
      opaque = Packet.copy(bytes, start + fixed, end)
    }
  }

  private static func options(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ kindOf: (UInt8) -> LayerKind) -> [Packet.Option] {
    var out: [Packet.Option] = []
    var offset = start
    let end = min(end, bytes.count)
    while offset < end {
      let kind = kindOf(bytes[offset])
      let isPad1 = bytes[offset] == 0
      let length = isPad1 ? 1 : offset + 1 < end ? 2 + Int(bytes[offset + 1]) : 1
      // An option that runs past the end is taken as far as there are octets; its length field keeps its lie.
      out.append(Packet.Option(taking: kind, bytes, offset, min(offset + length, end)))
      offset += length
    }
    return out
  }

  private static func neighbourOptions(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> [Packet.Option] {
    var out: [Packet.Option] = []
    var offset = start
    let end = min(end, bytes.count)
    while offset < end {
      let length = offset + 1 < end ? Int(bytes[offset + 1]) * 8 : 0
      let stop = length == 0 ? end : min(offset + length, end)
      out.append(Packet.Option(taking: Schema.neighbourOption(bytes[offset], length: stop - offset), bytes, offset, stop))
      offset = stop
    }
    return out
  }
}

extension Packet.Option {
  /// Gives every computed field the value that it has now; an option's depend on nothing but itself.
  fileprivate mutating func freeze() {
    var own: [UInt8] = []
    append(to: &own)
    for entry in Layout.of(kind, .rfc5846).entries where entry.computed != .no && !values.contains(where: { $0.path == entry.path }) {
      values.append((path: entry.path, value: entry.range.read(own.span, at: 0)))
    }
  }

  /// Takes over an option; one too short for its schema is taken as an unknown one, octet by octet.
  fileprivate init(taking known: LayerKind, _ bytes: Span<UInt8>, _ start: Int, _ end: Int) {
    let unknown: LayerKind =
      known.isMobilityOption ? .unknownMobilityOption : known.isDestinationOption ? .unknownDestinationOption : .unknownNeighbourOption
    let kind = Schema.of(known).minimum <= end - start ? known : unknown
    self.init(kind)
    let schema = Schema.of(kind)
    guard schema.minimum <= end - start else {
      // One octet where two are needed: nothing but itself.
      self.init(known.isMobilityOption ? .pad1 : .destinationPad1)
      if let type = Layout.of(self.kind, .rfc5846).entries.first { values.append((path: type.path, value: UInt128(bytes[start]))) }
      return
    }
    for entry in Layout.of(kind, .rfc5846).entries { values.append((path: entry.path, value: entry.range.read(bytes, at: start))) }
    data = Packet.copy(bytes, start + schema.minimum, end)
  }
}

extension [UInt8] {
  /// Copies octets of a frame; what lies outside is left out.
  public init(_ frame: Span<UInt8>, _ range: Range<Int>) {
    let part = frame.extracting(range.clamped(to: 0..<frame.count))
    self = unsafe part.withUnsafeBufferPointer { unsafe Array($0) }
  }
}
