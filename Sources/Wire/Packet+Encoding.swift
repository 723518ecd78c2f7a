extension Packet {
  /// The octets, every field in place and every computed field computed unless it was given.
  public func encoded() -> [UInt8] {
    var starts: [Int] = []
    var bytes = encoded(starts: &starts)
    if let truncation, truncation < bytes.count { bytes.removeLast(bytes.count - max(0, truncation)) }
    return bytes
  }

  /// The same before it is cut.
  ///
  /// - Parameter starts: where each header starts in it, and last the payload.
  public func encoded(starts: inout [Int]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(160)
    starts.removeAll(keepingCapacity: true)
    starts.reserveCapacity(headers.count)
    for header in headers {
      starts.append(bytes.count)
      header.append(to: &bytes)
    }
    let payloadStart = bytes.count
    bytes += payload
    for index in headers.indices.reversed() {
      let end = index + 1 < headers.count ? starts[index + 1] : payloadStart
      computeLengths(index, start: starts[index], end: end, &bytes)
    }
    for index in headers.indices.reversed() { computeChecksum(index, starts, &bytes) }
    starts.append(payloadStart)
    return bytes
  }

  private func computeLengths(_ index: Int, start: Int, end: Int, _ bytes: inout [UInt8]) {
    let layout = headers[index].layout
    if layout.computed.isEmpty { return }
    for entry in layout.computed where !headers[index].gives(entry.path) {
      let value: Int
      switch entry.computed {
      case .nextHeader: value = nextProtocol(after: index)
      case .headerLength8: value = (end - start) / 8 - 1
      case .payloadLength: value = bytes.count - end
      case .totalLength: value = bytes.count - start
      case .ipv4HeaderLength: value = (end - start) / 4
      case .no, .constant, .length8, .optionLength, .checksum, .partsLength, .dataLength, .partCount, .more: continue
      }
      entry.range.write(&bytes, at: start, UInt128(max(0, value)))
    }
  }

  /// The number by which header `index` names what follows it.
  private func nextProtocol(after index: Int) -> Int {
    if headers[index].kind == .ike { return headers[index].options.first.map { Int($0.payloadType) } ?? 0 }
    let isLink = headers[index].kind == .ethernet || headers[index].kind == .vlan
    guard index + 1 < headers.count else { return isLink ? 0x86dd : 59 }
    switch headers[index + 1].kind {
    case .vlan: return 0x8100
    case .arp: return 0x0806
    case .ipv4 where isLink: return 0x0800
    case .ipv6 where isLink: return 0x86dd
    case let kind: return Int(kind.protocolNumber)
    }
  }

  private func computeChecksum(_ index: Int, _ starts: [Int], _ bytes: inout [UInt8]) {
    guard let entry = headers[index].layout.checksum, !headers[index].gives(entry.path) else { return }
    let start = starts[index]
    entry.range.write(&bytes, at: start, 0)
    var sum = ChecksumSum()
    switch entry.path.kind {
    case .ipv4: sum.add(bytes.span, start, (index + 1 < starts.count ? starts[index + 1] : bytes.count - payload.count) - start)
    case .mh:
      // What the Mobility Header claims is what its checksum covers, as far as there are octets.
      let length = min((Int(bytes[start + 1]) + 1) * 8, bytes.count - start)
      addPseudoHeader(index, starts, bytes, length: length, next: 135, &sum)
      sum.add(bytes.span, start, length)
    default:
      addPseudoHeader(index, starts, bytes, length: bytes.count - start, next: entry.path.kind == .udp ? 17 : 58, &sum)
      sum.add(bytes.span, start, bytes.count - start)
    }
    var value = sum.checksum
    // RFC 768: zero would say that there is no checksum.
    if entry.path.kind == .udp, value == 0 { value = 0xffff }
    entry.range.write(&bytes, at: start, UInt128(value))
  }

  /// RFC 8200 8.1; RFC 6275 6.1.1 and 11.3.1 for what the Home Address option and the type 2 routing header stand in for.
  private func addPseudoHeader(_ index: Int, _ starts: [Int], _ bytes: [UInt8], length: Int, next: UInt32, _ sum: inout ChecksumSum) {
    guard let network = headers[..<index].lastIndex(where: { $0.kind == .ipv6 || $0.kind == .ipv4 }) else { return }
    if headers[network].kind == .ipv4 {
      sum.add(bytes.span, starts[network] + 12, 8)
    } else {
      var source: Int?
      var destination = starts[network] + 24
      for position in (network + 1)..<index {
        switch headers[position].kind {
        case .rh2: destination = starts[position] + 8
        case .destinationOptions where source == nil: source = headers[position].homeAddressOffset(in: bytes, at: starts[position])
        default: break
        }
      }
      sum.add(bytes.span, source ?? starts[network] + 8, 16)
      sum.add(bytes.span, destination, 16)
    }
    sum.add(UInt32(clamping: length))
    sum.add(next)
  }
}

extension Packet.Header {
  var layout: Layout { .of(kind, dialect) }

  func gives(_ path: FieldPath) -> Bool {
    for value in values where value.path == path { return true }
    return false
  }

  /// Whether a path names a field of this header; a message's header holds those of `mh` too.
  private func holds(_ path: FieldPath) -> Bool { path.kind == kind || path.kind == .mh && kind.isMobilityMessage }

  /// Appends fixed part and options; lengths and checksums are filled in later.
  func append(to bytes: inout [UInt8]) {
    let start = bytes.count
    let layout = self.layout
    bytes += layout.blank
    bytes += opaque
    for (path, value) in values where holds(path) { path.range(in: dialect)?.write(&bytes, at: start, value) }
    if kind == .ike { return Packet.Option.encode(options, to: &bytes) }
    for option in options {
      if pads { Self.pad(&bytes, from: start, to: Schema.of(option.kind).alignment, kind) }
      option.append(to: &bytes)
    }
    switch kind {
    case .hopByHop, .destinationOptions, .bu, .ba, .be, .bri, .bra, .revocation, .mh:
      if pads { Self.pad(&bytes, from: start, to: (8, 0), kind) }
    default: break
    }
  }

  /// Appends Pad1 or PadN until the next octet is at `multiple · n + offset` from the header's start.
  private static func pad(_ bytes: inout [UInt8], from start: Int, to alignment: (multiple: Int, offset: Int), _ kind: LayerKind) {
    let position = bytes.count - start
    let missing = ((alignment.offset - position) % alignment.multiple + alignment.multiple) % alignment.multiple
    switch missing {
    case 0: return
    case 1: bytes.append(0)
    default:
      bytes.append(1)
      bytes.append(UInt8(truncatingIfNeeded: missing - 2))
      for _ in 0..<missing - 2 { bytes.append(0) }
    }
  }

  /// Where the address of the Home Address option stands in the written octets.
  func homeAddressOffset(in bytes: [UInt8], at start: Int) -> Int? {
    var offset = start + 2
    let end = min(bytes.count, start + (Int(bytes[start + 1]) + 1) * 8)
    while offset < end {
      if bytes[offset] == 0 {
        offset += 1
        continue
      }
      guard offset + 1 < end else { return nil }
      let length = Int(bytes[offset + 1])
      if bytes[offset] == 201, length == 16, offset + 18 <= end { return offset + 2 }
      offset += 2 + length
    }
    return nil
  }
}

extension Packet.Option {
  func append(to bytes: inout [UInt8]) {
    let start = bytes.count
    let layout = Layout.of(kind, .rfc5846)
    bytes += layout.blank
    bytes += data
    for entry in layout.computed {
      switch entry.computed {
      case .optionLength: entry.range.write(&bytes, at: start, UInt128(max(0, bytes.count - start - 2)))
      case .length8: entry.range.write(&bytes, at: start, UInt128((bytes.count - start) / 8))
      case .dataLength: entry.range.write(&bytes, at: start, UInt128(bytes.count - start - layout.minimum))
      default: break
      }
    }
    for (path, value) in values where path.kind == kind { path.range(in: .rfc5846)?.write(&bytes, at: start, value) }
  }
}
