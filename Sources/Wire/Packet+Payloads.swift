extension Packet.Option {
  /// The type number by which what stands before a payload announces it: its own, or the one that was chosen for an unknown payload.
  public var payloadType: UInt8 { announced ?? Schema.of(kind).number ?? 0 }

  /// The value that somebody chose for a field, or that it was taken over with.
  public func value(_ path: FieldPath) -> UInt128? { values.last { $0.path == path }?.value }

  /// Appends payloads of IKEv2, each followed by its parts, with lengths, counts and next payloads computed where nobody chose them.
  public static func encode(_ payloads: [Self], to bytes: inout [UInt8]) {
    var starts: [Int] = []
    for payload in payloads {
      starts.append(bytes.count)
      payload.append(to: &bytes)
    }
    starts.append(bytes.count)
    for index in payloads.indices {
      let payload = payloads[index]
      let depth = payload.kind.depth
      // What is opened holds all that follows.
      let end = payload.kind == .sk ? payloads.count : payloads[(index + 1)...].firstIndex { $0.kind.depth <= depth } ?? payloads.count
      for entry in Layout.of(payload.kind, .rfc5846).computed where !payload.values.contains(where: { $0.path == entry.path }) {
        let value: Int
        switch entry.computed {
        case .nextHeader: value = payloads[(index + 1)...].first { $0.kind.depth == 0 }.map { Int($0.payloadType) } ?? 0
        case .partsLength: value = starts[end] - starts[index]
        case .partCount: value = payloads[(index + 1)..<end].count { $0.kind.depth == depth + 1 }
        case .more(let marker): value = end < payloads.count && payloads[end].kind.depth == depth ? Int(clamping: marker) : 0
        default: continue
        }
        entry.range.write(&bytes, at: starts[index], UInt128(value))
      }
    }
  }
}

extension Packet.Header {
  /// The value that somebody chose for a field, or that it was taken over with.
  public func value(_ path: FieldPath) -> UInt128? { values.last { $0.path == path }?.value }

  /// Gives every computed field of the payloads the value that it has in these octets.
  mutating func freezePayloads(_ bytes: [UInt8], at start: Int) {
    var place = start + layout.minimum + opaque.count
    for index in options.indices {
      let option = options[index]
      for entry in Layout.of(option.kind, .rfc5846).entries
      where entry.computed != .no && !option.values.contains(where: { $0.path == entry.path }) {
        guard place + entry.range.octetsNeeded <= bytes.count else { continue }
        options[index].values.append((path: entry.path, value: entry.range.read(bytes.span, at: place)))
      }
      var own: [UInt8] = []
      option.append(to: &own)
      place += own.count
    }
  }

  /// Takes over the payloads of a message; octets that belong to none go with the one before them.
  mutating func take(payloadsOf layer: Layer, opened: Range<Int>?, _ bytes: Span<UInt8>) {
    let last = min(layer.end, bytes.count)
    var end = min(Int(layer.offset) + layout.minimum, last)
    var taken: [Packet.Option] = []
    var rest: [UInt8] = []
    func keep(_ start: Int, _ stop: Int) {
      guard start < stop else { return }
      if taken.isEmpty { rest += Packet.copy(bytes, start, stop) } else { taken[taken.count - 1].data += Packet.copy(bytes, start, stop) }
    }
    Dissection.payloadWalk(of: layer, opened: opened, in: bytes)?.forEach(in: bytes) { place in
      keep(end, place.offset)
      var option = Packet.Option(place.kind)
      option.announced = place.type == 0 ? nil : place.type
      let layout = Layout.of(place.kind, .rfc5846)
      for entry in layout.entries { option.values.append((path: entry.path, value: entry.range.read(bytes, at: place.offset))) }
      end = place.offset + place.length
      option.data = Packet.copy(bytes, place.offset + layout.minimum, end)
      taken.append(option)
    }
    keep(end, last)
    opaque = rest
    options = taken
  }
}
