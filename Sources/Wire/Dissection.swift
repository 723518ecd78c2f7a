/// One layer of a decoded packet.
public struct Layer: Sendable {
  public var kind: LayerKind
  public var dialect: Dialect
  public var protection: Protection
  /// Octets from the frame's start.
  public var offset: Int32
  /// Octets of the layer itself: a header with its options, not what it carries.
  public var length: Int32

  public var end: Int { Int(offset) &+ Int(length) }
}

/// Something of a packet that its schema or its documents do not allow.
public struct Anomaly: Sendable, Equatable {
  public enum Kind: UInt8, Sendable {
    /// The packet ends before the layer does.
    case truncated
    /// A length that says more than there is.
    case lengthBeyond
    /// A length smaller than the layer's minimum.
    case lengthTooShort
    /// A checksum that is not the one of these octets.
    case checksum
    /// The checksum is right over the wire source address where the Home Address option's counts (spec of P1b).
    case checksumOverWireSource
    /// A field that has one lawful value has another.
    case value
    /// An option that runs past the end of its header.
    case optionOverrun
    /// Octets behind the end of the Mobility Header.
    case trailing
    /// A second Home Address option, or one out of place.
    case repeated
    /// More layers or anomalies than are kept; the rest is opaque.
    case limit
  }

  public var kind: Kind
  /// The index of the layer in the table.
  public var layer: UInt8
  /// The first bit of the field that is wrong, counted from the layer's start; a bit behind the layer where what follows it is wrong,
  /// `UInt16.max` where no field is.
  public var bit: UInt16

  public init(kind: Kind, layer: UInt8, bit: UInt16) {
    self.kind = kind
    self.layer = layer
    self.bit = bit
  }
}

/// What a frame turned out to hold: a table of layers, the octets that nobody reads, and what was wrong. Any octets give one.
public struct Dissection: Sendable {
  public static let maximumLayers = 24
  public static let maximumAnomalies = 16

  public internal(set) var layers: InlineArray<24, Layer> = InlineArray(
    repeating: Layer(kind: .ethernet, dialect: .rfc5846, protection: .clear, offset: 0, length: 0))
  public internal(set) var count = 0
  public internal(set) var anomalies: InlineArray<16, Anomaly> = InlineArray(repeating: Anomaly(kind: .limit, layer: 0, bit: 0))
  public internal(set) var anomalyCount = 0
  /// The octets behind the last layer that the outermost network header still counts as its own.
  public internal(set) var restOffset = 0
  public internal(set) var restLength = 0
  /// Indices into the table, -1 where there is none: the Mobility Header and its message, the first network header, the innermost IPv6
  /// header, the Home Address option and type 2 routing header that belong to that one, and the ICMPv6 and IKE messages.
  public internal(set) var mobility = -1
  public internal(set) var message = -1
  public internal(set) var network = -1
  public internal(set) var inner = -1
  public internal(set) var homeAddressOption = -1
  public internal(set) var routing = -1
  public internal(set) var icmp = -1
  public internal(set) var ike = -1
  /// Where the payloads of the IKE message stand that were opened; nil where none were.
  var openedPayloads: Range<Int>?
  /// The innermost packet is an ICMPv6 error (RFC 4443 2.1).
  public internal(set) var isICMPError = false
  /// Octets that are not captured: the frame was longer on the wire.
  public internal(set) var missing = 0
  // Kept, not worked out when asked for: upper floors would hand over the whole table to ask.
  /// The kind of the Mobility Header's message, `.mh` for one that has no schema; nil without a Mobility Header.
  public internal(set) var messageKind: LayerKind?
  /// Nothing was wrong, the wire-source variant of the checksum aside.
  public private(set) var isSound = true

  public init() {}

  mutating func reset() {
    count = 0
    anomalyCount = 0
    restOffset = 0
    restLength = 0
    mobility = -1
    message = -1
    network = -1
    inner = -1
    homeAddressOption = -1
    routing = -1
    icmp = -1
    ike = -1
    openedPayloads = nil
    isICMPError = false
    missing = 0
    messageKind = nil
    isSound = true
  }

  /// Gives a draft-01 revocation its name, once the sender's role is known.
  public mutating func nameMessage(_ kind: LayerKind) {
    guard message >= 0, kind.isMobilityMessage else { return }
    layers[message].kind = kind
    messageKind = kind
    settleChecksum()
  }

  /// Only a BRI may have its checksum over the wire source (C-3: the rule makes a UE's address the source of a packet of the Home Agent's); in
  /// anything else that is plainly wrong.
  mutating func settleChecksum() {
    let kind = messageKind
    guard kind != .bri, kind != .revocation else { return }
    for position in 0..<anomalyCount where anomalies[position].kind == .checksumOverWireSource {
      anomalies[position].kind = .checksum
      isSound = false
    }
  }

  /// The first layer of a kind, the innermost one for IPv6; nil when there is none.
  @inline(__always) public borrowing func layer(_ kind: LayerKind) -> Layer? {
    let index = firstIndex(kind)
    return index >= 0 ? layers.span[index] : nil
  }

  @inline(__always) borrowing func firstIndex(_ kind: LayerKind) -> Int {
    switch kind {
    case .ipv6: return inner
    case .mh: return mobility
    case .hao: return homeAddressOption
    case .rh2: return routing
    default:
      var index = 0
      while index < count {
        if layers.span[index].kind == kind { return index }
        index &+= 1
      }
      return -1
    }
  }

  /// A field's value; nil when the layer or option is absent, its dialect lacks the field, or its octets are not there.
  @inline(__always) public borrowing func value(_ path: FieldPath, in bytes: Span<UInt8>) -> UInt128? {
    if path.kind.isOption, path.kind != .hao { return optionValue(path, in: bytes) }
    let index = firstIndex(path.kind)
    guard index >= 0 else { return nil }
    return value(path, ofLayer: index, in: bytes)
  }

  /// A field of the layer at an index of the table.
  @inline(__always) public borrowing func value(_ path: FieldPath, ofLayer index: Int, in bytes: Span<UInt8>) -> UInt128? {
    let layer = layers.span[index]
    guard let range = path.range(in: layer.dialect), Int(layer.offset) &+ range.octetsNeeded <= bytes.count else { return nil }
    return range.read(bytes, at: Int(layer.offset))
  }

  private borrowing func optionValue(_ path: FieldPath, in bytes: Span<UInt8>) -> UInt128? {
    let index = optionHolder
    guard index >= 0, let octets = optionOctets(ofLayer: index, in: bytes) else { return nil }
    return Self.optionValue(path, octets, of: layers.span[index], opened: openedPayloads, in: bytes)
  }

  static func optionValue(
    _ path: FieldPath, _ octets: Range<Int>, of holder: Layer, opened: Range<Int>?, in bytes: Span<UInt8>
  ) -> UInt128? {
    var result: UInt128?
    forEachOption(octets, of: holder, opened: opened, in: bytes) { kind, offset, length in
      guard kind == path.kind, result == nil, let range = path.range(in: .rfc5846), range.octetsNeeded <= length else { return }
      result = range.read(bytes, at: offset)
    }
    return result
  }

  /// The layer whose options are meant where none is named: the Mobility Header's message or, without one, the ND or IKE message; -1: none.
  private var optionHolder: Int { Self.optionHolder(message: message, mobility: mobility, icmp: icmp, ike: ike) }

  @inline(__always) static func optionHolder(message: Int, mobility: Int, icmp: Int, ike: Int) -> Int {
    message >= 0 ? message : mobility >= 0 ? -1 : icmp >= 0 ? icmp : ike
  }

  /// Calls `body` with kind, offset and whole length of every option of the Mobility Header or, without one, of the ND message, or of every
  /// payload of the IKE message, each with its own length and followed by its parts.
  ///
  /// Stops at the first option that runs past the end.
  public borrowing func forEachOption(in bytes: Span<UInt8>, _ body: (LayerKind, Int, Int) -> Void) {
    forEachOption(ofLayer: optionHolder, in: bytes, body)
  }

  /// The same for one layer of the table, a destination options or hop-by-hop header too; a layer that has no options has none.
  public borrowing func forEachOption(ofLayer index: Int, in bytes: Span<UInt8>, _ body: (LayerKind, Int, Int) -> Void) {
    guard let octets = optionOctets(ofLayer: index, in: bytes) else { return }
    Self.forEachOption(octets, of: layers.span[index], opened: openedPayloads, in: bytes, body)
  }

  @inline(__always)
  static func forEachOption(
    _ octets: Range<Int>, of layer: Layer, opened: Range<Int>?, in bytes: Span<UInt8>, _ body: (LayerKind, Int, Int) -> Void
  ) {
    let kind = layer.kind
    if kind == .ike {
      payloadWalk(of: layer, opened: opened, in: bytes)?.forEach(in: bytes) { body($0.kind, $0.offset, $0.length) }
      return
    }
    var offset = octets.lowerBound
    while offset < octets.upperBound {
      let type = bytes[offset]
      let second = offset &+ 1 < octets.upperBound ? Int(bytes[offset &+ 1]) : 0
      let option: LayerKind
      var length = 2 &+ second
      if kind == .hopByHop || kind == .destinationOptions {
        option = Schema.destinationOption(type)
        if option == .destinationPad1 { length = 1 }
      } else if kind.isMobilityMessage {
        option = Schema.mobilityOption(type)
        if option == .pad1 { length = 1 }
      } else {
        length = second &* 8
        option = Schema.neighbourOption(type, length: length)
      }
      guard length > 0, length <= octets.upperBound &- offset else { return }
      body(option, offset, length)
      offset &+= length
    }
  }

  /// Where a layer's options are; nil for a layer that has none by its nature.
  borrowing func optionOctets(ofLayer index: Int, in bytes: Span<UInt8>) -> Range<Int>? {
    guard index >= 0, index < count else { return nil }
    return Self.optionOctets(of: layers.span[index], mobility >= 0 ? layers.span[mobility].end : nil, bytes.count)
  }

  /// - Parameters:
  ///   - mobilityEnd: where the Mobility Header ends, if there is one.
  ///   - count: octets of the frame.
  @inline(__always) static func optionOctets(of layer: Layer, _ mobilityEnd: Int?, _ count: Int) -> Range<Int>? {
    let end: Int
    switch layer.kind {
    case .hopByHop, .destinationOptions, .routerSolicitation, .routerAdvertisement, .neighbourSolicitation, .neighbourAdvertisement, .ike:
      end = layer.end
    case .bu, .ba, .be, .bri, .bra, .revocation: end = mobilityEnd ?? layer.end
    default: return nil
    }
    let start = Int(layer.offset) &+ Schema.minimum(of: layer.kind, layer.dialect)
    return start..<max(start, min(end, count))
  }

  /// Whether a field carries an anomaly that makes it wrong; the wire-source variant of the checksum is not counted.
  public borrowing func isWrong(_ path: FieldPath) -> Bool {
    let index = firstIndex(path.kind)
    guard index >= 0, let range = path.range(in: layers.span[index].dialect) else { return false }
    var position = 0
    while position < anomalyCount {
      let anomaly = anomalies.span[position]
      if Int(anomaly.layer) == index, Int(anomaly.bit) == range.bit, anomaly.kind != .checksumOverWireSource { return true }
      position &+= 1
    }
    return false
  }

  @inline(never) mutating func note(_ kind: Anomaly.Kind, layer: Int, bit: Int) {
    if kind != .checksumOverWireSource { isSound = false }
    if anomalyCount < Self.maximumAnomalies - 1 {
      anomalies[anomalyCount] = Anomaly(kind: kind, layer: UInt8(clamping: layer), bit: kind == .limit ? .max : UInt16(clamping: bit))
      anomalyCount += 1
    } else if anomalyCount == Self.maximumAnomalies - 1 {
      anomalies[anomalyCount] = Anomaly(kind: .limit, layer: UInt8(clamping: layer), bit: .max)
      anomalyCount += 1
    }
  }

  /// Everything from a layer on was sealed in the frame that this one was made of.
  public mutating func mark(from layer: Int, _ protection: Protection) {
    for index in max(0, layer)..<max(count, layer, 0) { layers[index].protection = protection }
  }

  /// Adds a layer and returns its index; nil when the table is full.
  @inline(__always) mutating func push(_ kind: LayerKind, _ dialect: Dialect, offset: Int, length: Int) -> Int? {
    guard count < Self.maximumLayers else { return nil }
    layers[count] = Layer(
      kind: kind, dialect: dialect, protection: .clear, offset: Int32(clamping: offset), length: Int32(clamping: length))
    count &+= 1
    return count &- 1
  }
}
