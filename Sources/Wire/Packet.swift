/// A packet to be written: headers in wire order, each with the field values that somebody chose.
///
/// A field without a value is computed (a length, a checksum, a next header), has its schema's constant, or is zero. Every field can be
/// given a value, the computed ones included, so that a packet can be wrong in exactly one place and right in every other.
public struct Packet: Sendable {
  public var headers: [Header]
  /// The octets behind the last header.
  public var payload: [UInt8]
  /// The frame is cut to this many octets after everything was computed.
  public var truncation: Int?

  public init(_ headers: [Header] = [], payload: [UInt8] = []) {
    self.headers = headers
    self.payload = payload
  }

  /// One header, with its options.
  public struct Header: Sendable {
    public var kind: LayerKind
    public var dialect: Dialect
    /// Values that somebody chose; the last one of a path counts.
    public var values: [(path: FieldPath, value: UInt128)]
    public var options: [Option]
    /// Options are preceded and followed by the padding that alignment asks for; off for a packet taken over from the wire.
    public var pads = true
    /// The MH type of a message that has no schema.
    public var opaque: [UInt8] = []

    public init(_ kind: LayerKind, _ dialect: Dialect = .rfc5846, _ values: [(FieldPath, UInt128)] = [], options: [Option] = []) {
      self.kind = kind
      self.dialect = dialect
      self.values = values.map { (path: $0.0, value: $0.1) }
      self.options = options
    }
  }

  /// An option of a header; a payload of IKEv2, or a part of one, which follows it in the header's options.
  public struct Option: Sendable {
    public var kind: LayerKind
    public var values: [(path: FieldPath, value: UInt128)]
    /// The octets behind the fields of its schema.
    public var data: [UInt8]
    /// The type number that announces this payload of IKEv2, where it is not that of its kind.
    public var announced: UInt8?

    public init(_ kind: LayerKind, _ values: [(FieldPath, UInt128)] = [], data: [UInt8] = []) {
      self.kind = kind
      self.values = values.map { (path: $0.0, value: $0.1) }
      self.data = data
    }
  }

  /// Gives a field a value, in the first header (the last for IPv6, as reading does) or option that has it. False when there is none.
  @discardableResult
  public mutating func set(_ path: FieldPath, _ value: UInt128) -> Bool {
    if path.kind.isOption {
      for header in headers.indices {
        if let option = headers[header].options.firstIndex(where: { $0.kind == path.kind }) {
          headers[header].options[option].values.append((path: path, value: value))
          return true
        }
      }
      return false
    }
    guard let index = index(of: path.kind) else { return false }
    headers[index].values.append((path: path, value: value))
    return true
  }

  /// The header that a layer's fields stand in: a message's header holds those of `mh` too.
  public func index(of kind: LayerKind) -> Int? {
    switch kind {
    case .mh: headers.firstIndex { $0.kind == .mh || $0.kind.isMobilityMessage }
    case .ipv6: headers.lastIndex { $0.kind == .ipv6 }
    default: headers.firstIndex { $0.kind == kind }
    }
  }

  /// The value that somebody chose for a field.
  public func chosen(_ path: FieldPath) -> UInt128? {
    if path.kind.isOption {
      for header in headers {
        if let option = header.options.first(where: { $0.kind == path.kind }) { return option.values.last { $0.path == path }?.value }
      }
      return nil
    }
    return index(of: path.kind).flatMap { headers[$0].values.last { $0.path == path }?.value }
  }
}
