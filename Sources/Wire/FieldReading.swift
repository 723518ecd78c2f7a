/// What a frame has in one field.
public struct FieldReading: Sendable {
  /// 0 where the field is absent.
  public var value: UInt128
  public var isPresent: Bool
  /// An anomaly lies on the field; the wire-source variant of the checksum is none.
  public var isWrong: Bool

  public init(_ value: UInt128? = nil, isWrong: Bool = false) {
    self.value = value ?? 0
    isPresent = value != nil
    self.isWrong = isWrong
  }
}

/// A field, and where its reading is to be put.
public struct FieldPlace: Sendable {
  public let path: FieldPath
  public let place: Int

  public init(path: FieldPath, place: Int) {
    self.path = path
    self.place = place
  }
}

/// Which types of options a header has, 0 to 255.
public struct OptionTypes: Sendable, Equatable {
  // Low half, high half.
  private var bits: (UInt128, UInt128) = (0, 0)

  public init() {}
  public init(_ types: some Sequence<UInt8>) { for type in types { insert(type) } }

  public mutating func insert(_ type: UInt8) {
    if type < 128 { bits.0 |= 1 << UInt128(type) } else { bits.1 |= 1 << UInt128(type & 127) }
  }

  public func isSubset(of other: Self) -> Bool { bits.0 & ~other.bits.0 == 0 && bits.1 & ~other.bits.1 == 0 }
  public func isDisjoint(with other: Self) -> Bool { bits.0 & other.bits.0 == 0 && bits.1 & other.bits.1 == 0 }
  public static func == (a: Self, b: Self) -> Bool { a.bits == b.bits }
}

extension Dissection {
  /// Reads many fields at once, and the types of the message's options (padding included) or payloads, up to the first that runs past the end.
  ///
  /// Upper floors ask for whole values, and read a message once. Mutating only so that nobody copies the table, which is too large to be
  /// handed over for every field; inside, too, nothing is done that would copy it.
  ///
  /// - Parameters:
  ///   - range: which of the fields.
  ///   - readings: has room for every field's place.
  public mutating func read(
    _ fields: [FieldPlace], _ range: Range<Int>, in bytes: Span<UInt8>, into readings: inout ContiguousArray<FieldReading>
  ) -> OptionTypes {
    var readings = readings.mutableSpan
    let fields = fields.span
    let inner = self.inner
    let mobility = self.mobility
    let message = self.message
    let homeAddressOption = self.homeAddressOption
    let routing = self.routing
    let count = self.count
    // Most fields are of the message.
    let messageKind = message >= 0 ? self.messageKind : nil
    let isClean = anomalyCount == 0
    let openedPayloads = self.openedPayloads
    let layers = self.layers.span
    let holder = Self.optionHolder(message: message, mobility: mobility, icmp: icmp, ike: ike)
    let octets = holder >= 0 ? Self.optionOctets(of: layers[holder], mobility >= 0 ? layers[mobility].end : nil, bytes.count) : nil
    var field = range.lowerBound
    while field < range.upperBound {
      let path = fields[field].path
      let place = fields[field].place
      field &+= 1
      var value: UInt128?
      var layer = -1
      if path.kind.isOption, !path.kind.isDestinationOption {
        if let octets { value = Self.optionValue(path, octets, of: layers[holder], opened: openedPayloads, in: bytes) }
      } else {
        if path.kind == messageKind {
          layer = message
        } else {
          switch path.kind {
          case .ipv6: layer = inner
          case .mh: layer = mobility
          case .hao: layer = homeAddressOption
          case .rh2: layer = routing
          default:
            layer = 0
            while layer < count, layers[layer].kind != path.kind { layer &+= 1 }
            if layer == count { layer = -1 }
          }
        }
        if layer >= 0, let range = path.range(in: layers[layer].dialect) {
          let offset = Int(layers[layer].offset)
          if offset &+ range.octetsNeeded <= bytes.count { value = range.read(bytes, at: offset) }
        }
      }
      readings[place].value = value ?? 0
      readings[place].isPresent = value != nil
      readings[place].isWrong = false
    }
    var types = OptionTypes()
    if let octets {
      let layer = layers[holder]
      if layer.kind == .ike {
        Self.payloadWalk(of: layer, opened: openedPayloads, in: bytes)?.forEach(in: bytes) { if $0.type != 0 { types.insert($0.type) } }
      } else {
        Self.forEachOption(octets, of: layer, opened: nil, in: bytes) { _, offset, _ in types.insert(bytes[offset]) }
      }
    }
    if !isClean { blame(fields, range, &readings) }
    return types
  }

  @inline(never) private func blame(_ fields: Span<FieldPlace>, _ range: Range<Int>, _ readings: inout MutableSpan<FieldReading>) {
    for index in range { readings[fields[index].place].isWrong = isWrong(fields[index].path) }
  }
}

extension Dissection {
  /// The two octets behind the checksum of a revocation, which tell its dialect; nil in any other message.
  public mutating func revocationWord(in bytes: Span<UInt8>) -> UInt16? {
    guard let messageKind, [.bri, .bra, .revocation].contains(messageKind), mobility >= 0,
      let range = FieldPath.revocationSequence.range(in: .draft01)
    else { return nil }
    let start = Int(layers[mobility].offset)
    guard start &+ range.octetsNeeded <= bytes.count else { return nil }
    return UInt16(truncatingIfNeeded: range.read(bytes, at: start))
  }
}
