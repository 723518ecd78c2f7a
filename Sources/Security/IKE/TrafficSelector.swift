import Wire

/// Which packets a Child SA protects (RFC 7296 3.13.1).
package struct TrafficSelector: Hashable, Sendable {
  /// 0 for any.
  package var protocolID: UInt8
  /// Of the Mobility Header: the MH type in the upper eight bits.
  package var startPort: UInt16
  package var endPort: UInt16
  package var start: HostAddress
  package var end: HostAddress

  package init(protocolID: UInt8 = 0, startPort: UInt16 = 0, endPort: UInt16 = .max, from start: HostAddress, to end: HostAddress) {
    self.protocolID = protocolID
    self.startPort = startPort
    self.endPort = endPort
    self.start = start
    self.end = end
  }

  /// The Mobility Headers of one address.
  /// - Parameter type: of this MH type alone; nil: of all.
  package static func mobility(_ address: HostAddress, type: UInt8? = nil) -> Self {
    let port = UInt16(type ?? 0) << 8
    return Self(protocolID: 135, startPort: port, endPort: type == nil ? .max : port, from: address, to: address)
  }

  /// The selector as a part of a TSi or TSr payload.
  var part: Packet.Option {
    switch start {
    case .ipv4:
      Packet.Option(
        .trafficSelector4,
        [
          (.selector4Protocol, UInt128(protocolID)), (.selector4StartPort, UInt128(startPort)), (.selector4EndPort, UInt128(endPort)),
          (.selector4Start, start.value), (.selector4End, end.value),
        ])
    case .ipv6:
      Packet.Option(
        .trafficSelector6,
        [
          (.selector6Protocol, UInt128(protocolID)), (.selector6StartPort, UInt128(startPort)), (.selector6EndPort, UInt128(endPort)),
          (.selector6Start, start.value), (.selector6End, end.value),
        ])
    }
  }

  private init?(_ part: Packet.Option) {
    switch part.kind {
    case .trafficSelector4:
      guard let id = part.value(.selector4Protocol), let low = part.value(.selector4StartPort), let high = part.value(.selector4EndPort),
        let start = part.value(.selector4Start), let end = part.value(.selector4End)
      else { return nil }
      self.init(
        protocolID: UInt8(truncatingIfNeeded: id), startPort: UInt16(truncatingIfNeeded: low), endPort: UInt16(truncatingIfNeeded: high),
        from: .ipv4(IPv4Address(UInt32(truncatingIfNeeded: start))), to: .ipv4(IPv4Address(UInt32(truncatingIfNeeded: end))))
    case .trafficSelector6:
      guard let id = part.value(.selector6Protocol), let low = part.value(.selector6StartPort), let high = part.value(.selector6EndPort),
        let start = part.value(.selector6Start), let end = part.value(.selector6End)
      else { return nil }
      self.init(
        protocolID: UInt8(truncatingIfNeeded: id), startPort: UInt16(truncatingIfNeeded: low), endPort: UInt16(truncatingIfNeeded: high),
        from: .ipv6(IPv6Address(start)), to: .ipv6(IPv6Address(end)))
    default: return nil
    }
  }

  /// The selectors of a message's first payload of a kind.
  static func list(_ kind: LayerKind, in payloads: [Packet.Option]) -> [TrafficSelector] {
    guard let start = payloads.firstIndex(where: { $0.kind == kind }) else { return [] }
    return payloads[(start + 1)...].prefix { $0.kind.depth > 0 }.compactMap { TrafficSelector($0) }
  }

  /// What both allow; nil for nothing.
  func narrowed(to other: TrafficSelector) -> TrafficSelector? {
    guard protocolID == other.protocolID || protocolID == 0 || other.protocolID == 0 else { return nil }
    switch (start, other.start) {
    case (.ipv4, .ipv4), (.ipv6, .ipv6): break
    default: return nil
    }
    let low = start.value > other.start.value ? start : other.start
    let high = end.value < other.end.value ? end : other.end
    let (from, to) = (max(startPort, other.startPort), min(endPort, other.endPort))
    guard low.value <= high.value, from <= to else { return nil }
    return TrafficSelector(protocolID: max(protocolID, other.protocolID), startPort: from, endPort: to, from: low, to: high)
  }

  /// What of the offered selectors the allowed ones leave.
  static func narrowed(_ offered: [TrafficSelector], to allowed: [TrafficSelector]) -> [TrafficSelector] {
    var out: [TrafficSelector] = []
    for selector in offered {
      for other in allowed {
        if let both = selector.narrowed(to: other), !out.contains(both) { out.append(both) }
      }
    }
    return out
  }
}
