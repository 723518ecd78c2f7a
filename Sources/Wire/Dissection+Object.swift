/// What one frame holds, as values that any encoder can write; `detachspec decode --format json` prints one of these a frame.
public struct DissectedFrame: Encodable, Sendable {
  /// The number of the frame, counted from 1.
  public let frame: Int
  /// Capture time in nanoseconds, as text: not every reader of JSON keeps 64 bits.
  public let time: String
  public let interface: Int
  /// The link type of the capture, for instance 1 for Ethernet.
  public let link: Int
  public let layers: [DissectedLayer]
  public let anomalies: [DissectedAnomaly]
  /// Where something sealed was opened: the frame's octets in hexadecimal, with the plain ones in place of those that sealed them. All offsets
  /// are of these.
  public let opened: String?
}

/// One layer of a frame with its fields.
public struct DissectedLayer: Encodable, Sendable {
  /// The layer's name in field paths.
  public let layer: String
  /// The layout, of a message that has more than one.
  public let dialect: String?
  /// Octets from the frame's start; a message's fields count from its Mobility Header.
  public let offset: Int
  public let length: Int
  /// `sealed`, `opened`, or `unverified`: not encrypted, and nobody has the key to say whether it is what was sent; nil for what was in clear.
  public let protection: String?
  public let fields: DissectedFields
  /// Nil for a layer that holds no options by its nature.
  public let options: [DissectedOption]?
  /// The payloads of an IKE message, each followed by its parts; nil for any other layer.
  public let payloads: [DissectedPayload]?
}

/// A payload of an IKE message, or a part of one.
public struct DissectedPayload: Encodable, Sendable {
  /// Its name in field paths.
  public let payload: String
  /// The type number by which it is announced; nil for a part.
  public let type: Int?
  /// Octets from the frame's start.
  public let offset: Int
  /// Octets of its own, without its parts.
  public let length: Int
  public let fields: DissectedFields
  /// What stands behind the fields, in hexadecimal.
  public let data: String
}

/// Fields by name, in wire order.
public struct DissectedFields: Encodable, Sendable {
  public let values: [(field: Field, value: UInt128)]

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// A number as a number, an address as text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    for (field, value) in values {
      let key = Key(stringValue: field.name)
      if field.presentation == .number, let number = UInt64(exactly: value) {
        try container.encode(number, forKey: key)
      } else {
        try container.encode(field.text(value), forKey: key)
      }
    }
  }
}

/// One option: its type, its length field, and what stands behind them in hexadecimal.
public struct DissectedOption: Encodable, Sendable {
  public let type: Int
  public let length: Int
  public let data: String
}

/// Something that was wrong.
public struct DissectedAnomaly: Encodable, Sendable {
  public let layer: String
  /// Nil where no field of the layer is to blame.
  public let field: String?
  /// In kebab case, for instance `checksum-over-wire-source`.
  public let kind: String
  /// What is wrong, for people.
  public let text: String
}

extension Dissection {
  /// Everything that was found, for a frame of which the capture knows number, time (nanoseconds), interface and link type.
  ///
  /// - Parameters:
  ///   - isOpened: these are not the frame's octets, but with something opened in its place.
  ///   - refusal: why a seal was refused for which there is a key.
  public func object(
    _ bytes: Span<UInt8>, frame: Int, time: Instant, interface: Int, link: Int, isOpened: Bool = false, refusal: String? = nil
  ) -> DissectedFrame {
    DissectedFrame(
      frame: frame, time: String(time.nanoseconds), interface: interface, link: link,
      layers: (0..<count).map { index in
        let layer = layers[index]
        return DissectedLayer(
          layer: layer.kind.name, dialect: Schema.of(layer.kind, layer.dialect).dialect?.name, offset: Int(layer.offset),
          length: Int(layer.length), protection: layer.protection.name,
          fields: DissectedFields(values: fields(ofLayer: index, in: bytes)), options: options(ofLayer: index, in: bytes),
          payloads: index == ike ? payloads(in: bytes) : nil)
      },
      anomalies: (0..<anomalyCount).map { describe(anomalies[$0], bytes) } + refused(refusal),
      opened: isOpened ? hexadecimal(bytes, 0, bytes.count) : nil)
  }

  /// A seal that was refused, as something that is wrong with its layer.
  func refused(_ reason: String?) -> [DissectedAnomaly] {
    guard let reason, let index = (0..<count).last(where: { layers[$0].protection == .opaque }) else { return [] }
    return [DissectedAnomaly(layer: layers[index].kind.name, field: nil, kind: "refused", text: reason)]
  }

  /// The fields of a layer that are there, in wire order.
  func fields(ofLayer index: Int, in bytes: Span<UInt8>) -> [(field: Field, value: UInt128)] {
    let layer = layers[index]
    return Schema.of(layer.kind, layer.dialect).values(in: bytes, at: Int(layer.offset), end: bytes.count)
  }

  private func options(ofLayer index: Int, in bytes: Span<UInt8>) -> [DissectedOption]? {
    guard layers[index].kind != .ike, optionOctets(ofLayer: index, in: bytes) != nil else { return nil }
    var out: [DissectedOption] = []
    forEachOption(ofLayer: index, in: bytes) { _, offset, length in
      out.append(
        DissectedOption(
          type: Int(bytes[offset]), length: length > 1 ? Int(bytes[offset + 1]) : 0, data: hexadecimal(bytes, offset + 2, offset + length)))
    }
    return out
  }
}

extension Dissection {
  private func payloads(in bytes: Span<UInt8>) -> [DissectedPayload] {
    var out: [DissectedPayload] = []
    forEachPayload(in: bytes) { place in
      let schema = Schema.of(place.kind)
      let end = place.offset + place.length
      out.append(
        DissectedPayload(
          payload: place.kind.name, type: place.type == 0 ? nil : Int(place.type), offset: place.offset, length: place.length,
          fields: DissectedFields(values: schema.values(in: bytes, at: place.offset, end: end)),
          data: hexadecimal(bytes, place.offset + schema.minimum, end)))
    }
    return out
  }
}

extension Schema {
  /// The fields whose octets are there, of something that starts at an offset.
  func values(in bytes: Span<UInt8>, at offset: Int, end: Int) -> [(field: Field, value: UInt128)] {
    fields.filter { offset + $0.range.octetsNeeded <= min(end, bytes.count) }.map { (field: $0, value: $0.range.read(bytes, at: offset)) }
  }
}

extension Protection {
  /// The word in JSON; nil for what stood in clear.
  fileprivate var name: String? {
    switch self {
    case .clear: nil
    case .opaque: "sealed"
    case .unverified: "unverified"
    default: "opened"
    }
  }
}

/// Octets `start ..< end`, as far as they are there, two digits each.
func hexadecimal(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> String {
  var out = ""
  for index in start..<max(start, min(end, bytes.count)) {
    let octet = bytes[index]
    out += (octet < 16 ? "0" : "") + String(octet, radix: 16)
  }
  return out
}
