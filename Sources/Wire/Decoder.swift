/// What the first octet of a captured frame belongs to.
public enum FrameStart: Sendable {
  case ethernet
  /// An IPv4 or IPv6 header, told apart by its version.
  case ip
  /// The header of an IKE message, what UDP carries (behind the non-ESP marker on port 4500).
  case ike
  /// Something that nobody here reads.
  case opaque
}

/// Turns octets into a table of layers. It reads nothing outside the octets, traps on none, and allocates nothing.
public struct Decoder: Sendable {
  /// The layout of MH type 16, unless `dialects` names another for one of the packet's addresses.
  public var dialect: Dialect
  /// Layouts by Home Agent, for captures in which several speak differently.
  public var dialects: [IPv6Address: Dialect] = [:]
  /// MH type numbers that are read as a revocation, 16 in both dialects unless the device's description says otherwise.
  public var revocationTypes: (UInt8, UInt8) = (16, 16)
  /// What stands opened in the frame at hand.
  var openings: [Opening] = []

  public init(dialect: Dialect) { self.dialect = dialect }

  /// Decodes a frame into `result`, whatever was in it before.
  ///
  /// - Parameter originalLength: octets on the wire, where the capture holds fewer.
  public func decode(_ bytes: Span<UInt8>, _ start: FrameStart = .ethernet, originalLength: Int? = nil, into result: inout Dissection) {
    result.reset()
    result.missing = max(0, (originalLength ?? bytes.count) &- bytes.count)
    var cursor = Cursor(offset: 0, end: bytes.count)
    switch start {
    case .ethernet: ethernet(bytes, &cursor, &result)
    case .ip: ip(bytes, &cursor, &result)
    case .ike: ike(bytes, &cursor, &result)
    case .opaque: break
    }
    result.restOffset = min(cursor.offset, bytes.count)
    result.restLength = max(0, min(cursor.end, bytes.count) &- result.restOffset)
  }

  /// Decodes a frame in which sealed octets were replaced by what they seal, each in its place; the inside is decoded too.
  public func decode(
    _ bytes: Span<UInt8>, _ start: FrameStart = .ethernet, originalLength: Int? = nil, opened openings: [Opening],
    into result: inout Dissection
  ) {
    var decoder = self
    decoder.openings = openings
    decoder.decode(bytes, start, originalLength: originalLength, into: &result)
  }

  /// Where decoding stands: the next octet, and the end of what the enclosing headers allow.
  struct Cursor {
    var offset: Int
    var end: Int
    /// The innermost IP header says that its packet goes on behind `end`: nobody can judge a sum over all of it.
    var isCut = false
    @inline(__always) var room: Int { end &- offset }
  }

  @inline(__always) static func word(_ bytes: Span<UInt8>, _ offset: Int) -> Int { Int(bytes[offset]) &<< 8 | Int(bytes[offset &+ 1]) }

  /// Adds a layer of `length` octets, or notes why it could not.
  @inline(__always) func enter(
    _ kind: LayerKind, _ length: Int, minimum: Int, _ cursor: inout Cursor, _ result: inout Dissection, dialect: Dialect = .rfc5846
  ) -> Int? {
    guard cursor.room >= minimum else {
      truncated(kind, cursor, &result)
      return nil
    }
    guard let index = result.push(kind, dialect, offset: cursor.offset, length: min(length, cursor.room)) else {
      result.note(.limit, layer: result.count &- 1, bit: 0)
      return nil
    }
    cursor.offset &+= min(length, cursor.room)
    return index
  }

  @inline(never) func truncated(_ kind: LayerKind, _ cursor: Cursor, _ result: inout Dissection) {
    noteBehind(.truncated, cursor, &result)
  }

  /// Blames what comes behind the last layer, so that no field of that layer looks wrong.
  private func noteBehind(_ kind: Anomaly.Kind, _ cursor: Cursor, _ result: inout Dissection) {
    let last = max(0, result.count &- 1)
    result.note(kind, layer: last, bit: result.count > 0 ? (cursor.offset &- Int(result.layers[last].offset)) &* 8 : 0)
  }

  private func ethernet(_ bytes: Span<UInt8>, _ cursor: inout Cursor, _ result: inout Dissection) {
    guard enter(.ethernet, 14, minimum: 14, &cursor, &result) != nil else { return }
    var type = Self.word(bytes, cursor.offset &- 2)
    while type == 0x8100 || type == 0x88a8 {
      guard enter(.vlan, 4, minimum: 4, &cursor, &result) != nil else { return }
      type = Self.word(bytes, cursor.offset &- 2)
    }
    switch type {
    case 0x86dd, 0x0800: ip(bytes, &cursor, &result)
    case 0x0806: _ = enter(.arp, 28, minimum: 28, &cursor, &result)
    default: break
    }
  }

  func ip(_ bytes: Span<UInt8>, _ cursor: inout Cursor, _ result: inout Dissection) {
    guard cursor.room > 0 else { return truncated(.ipv6, cursor, &result) }
    switch bytes[cursor.offset] >> 4 {
    case 6: ipv6(bytes, &cursor, &result)
    case 4: ipv4(bytes, &cursor, &result)
    default: noteBehind(.value, cursor, &result)
    }
  }

  private func ipv4(_ bytes: Span<UInt8>, _ cursor: inout Cursor, _ result: inout Dissection) {
    let start = cursor.offset
    guard cursor.room >= 20 else { return truncated(.ipv4, cursor, &result) }
    let headerLength = Int(bytes[start] & 0xf) &* 4
    guard let index = enter(.ipv4, max(20, headerLength), minimum: 20, &cursor, &result) else { return }
    if result.network < 0 { result.network = index }
    if headerLength < 20 { result.note(.lengthTooShort, layer: index, bit: 4) }
    let header = cursor.offset &- start
    if headerLength > header &+ result.missing { result.note(.lengthBeyond, layer: index, bit: 4) }
    var sum = ChecksumSum()
    sum.add(bytes, start, header)
    if !sum.isValid { result.note(.checksum, layer: index, bit: 80) }
    let total = Self.word(bytes, start &+ 2)
    bound(total, from: start, header: header, layer: index, bit: 16, &cursor, &result)
    let fragment = Self.word(bytes, start &+ 6)
    guard fragment & 0x3fff == 0 else { return }
    switch bytes[start &+ 9] {
    case 17: udp(bytes, &cursor, &result, network: index)
    case 41: ipv6(bytes, &cursor, &result)
    case 4: ipv4(bytes, &cursor, &result)
    case 50: esp(bytes, &cursor, &result, network: index)
    default: break
    }
  }

  /// Ends the packet where its length field says; notes a length that says more, or less than the header.
  @inline(__always) private func bound(
    _ total: Int, from start: Int, header: Int, layer: Int, bit: Int, _ cursor: inout Cursor, _ result: inout Dissection
  ) {
    cursor.isCut = start &+ total > cursor.end
    if total < header {
      result.note(.lengthTooShort, layer: layer, bit: bit)
    } else if cursor.isCut {
      // What a snapshot length cut off is no fault of the packet's.
      if start &+ total > cursor.end &+ result.missing { result.note(.lengthBeyond, layer: layer, bit: bit) }
    } else {
      cursor.end = start &+ total
    }
  }

  private func ipv6(_ bytes: Span<UInt8>, _ cursor: inout Cursor, _ result: inout Dissection) {
    let start = cursor.offset
    guard let index = enter(.ipv6, 40, minimum: 40, &cursor, &result) else { return }
    if result.network < 0 { result.network = index }
    result.inner = index
    result.homeAddressOption = -1
    result.routing = -1
    if bytes[start] >> 4 != 6 { result.note(.value, layer: index, bit: 0) }
    bound(40 &+ Self.word(bytes, start &+ 4), from: start, header: 40, layer: index, bit: 32, &cursor, &result)
    headers(bytes, bytes[start &+ 6], &cursor, &result, network: index)
  }

  /// The chain behind an IPv6 header (RFC 8200 4.1).
  func headers(_ bytes: Span<UInt8>, _ first: UInt8, _ cursor: inout Cursor, _ result: inout Dissection, network: Int) {
    var next = first
    while true {
      let start = cursor.offset
      switch next {
      case 0, 60:
        guard let index = extensionHeader(next == 0 ? .hopByHop : .destinationOptions, bytes, &cursor, &result) else { return }
        options(bytes, from: start &+ 2, to: cursor.offset, header: index, &result)
      case 43:
        guard cursor.room >= 4 else { return truncated(.routing, cursor, &result) }
        let isType2 = bytes[start &+ 2] == 2 && bytes[start &+ 1] == 2 && cursor.room >= 24
        guard let index = extensionHeader(isType2 ? .rh2 : .routing, bytes, &cursor, &result) else { return }
        if isType2 {
          result.routing = index
        } else if bytes[start &+ 2] == 2 {
          // RFC 6275 6.4.1: Hdr Ext Len is 2. Whatever follows one of another length, the header itself is wrong.
          result.note(.value, layer: index, bit: 8)
        }
      case 44:
        guard cursor.room >= 8 else { return truncated(.fragment, cursor, &result) }
        guard enter(.fragment, 8, minimum: 8, &cursor, &result) != nil else { return }
        // A part of a packet; only the whole could be read.
        guard Self.word(bytes, start &+ 2) & 0xfff9 == 0 else { return }
      case 4: return ipv4(bytes, &cursor, &result)
      case 41: return ipv6(bytes, &cursor, &result)
      case 17: return udp(bytes, &cursor, &result, network: network)
      case 50: return esp(bytes, &cursor, &result, network: network)
      case 58: return icmpv6(bytes, &cursor, &result, network: network)
      case 135: return mobility(bytes, &cursor, &result)
      default: return
      }
      next = bytes[start]
    }
  }

  private func extensionHeader(_ kind: LayerKind, _ bytes: Span<UInt8>, _ cursor: inout Cursor, _ result: inout Dissection) -> Int? {
    let start = cursor.offset
    guard cursor.room >= 8 else {
      truncated(kind, cursor, &result)
      return nil
    }
    let length = (Int(bytes[start &+ 1]) &+ 1) &* 8
    guard length <= cursor.room else {
      let isSnapped = length <= cursor.room &+ result.missing
      guard let index = enter(kind, cursor.room, minimum: 8, &cursor, &result) else { return nil }
      if isSnapped {
        truncated(kind, cursor, &result)
      } else {
        result.note(.lengthBeyond, layer: index, bit: 8)
      }
      return nil
    }
    return enter(kind, length, minimum: 8, &cursor, &result)
  }

  /// The options of a destination options or hop-by-hop header (RFC 8200 4.2).
  private func options(_ bytes: Span<UInt8>, from start: Int, to end: Int, header: Int, _ result: inout Dissection) {
    var offset = start
    // RFC 6275 6.3: the Home Address option stands in a destination options header alone.
    let isDestination = result.layers[header].kind == .destinationOptions
    while offset < end {
      let type = bytes[offset]
      if type == 0 {
        offset &+= 1
        continue
      }
      guard offset &+ 2 <= end else { return result.note(.optionOverrun, layer: header, bit: (offset &- start &+ 2) &* 8) }
      let length = Int(bytes[offset &+ 1])
      guard offset &+ 2 &+ length <= end else { return result.note(.optionOverrun, layer: header, bit: (offset &- start &+ 3) &* 8) }
      if type == 201, length == 16, isDestination {
        guard let index = result.push(.hao, .rfc5846, offset: offset, length: 18) else {
          return result.note(.limit, layer: result.count &- 1, bit: 0)
        }
        if result.homeAddressOption < 0 {
          result.homeAddressOption = index
        } else {
          result.note(.repeated, layer: index, bit: 0)
        }
      } else if type == 201, isDestination {
        result.note(.value, layer: header, bit: (offset &- start &+ 3) &* 8)
      }
      offset &+= 2 &+ length
    }
  }
}
