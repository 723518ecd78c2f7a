package import Wire

/// What whoever captures adds of his own: packets that are seen twice, at both interfaces of a router or in both directions of a mirrored port,
/// and frames that a snapshot length has cut off.
///
/// Who captures twice at one place has the packet again within a millisecond; behind a router its hop limit is another, which no sender's own
/// copy has.
package struct Sightings: Sendable {
  /// Mobility Headers by the way in which they came.
  package struct Tunnels: Sendable {
    package var native = 0
    package var tunnelled = 0
    /// The Home Agents at the end of the tunnels, in the order in which they were seen.
    package var homeAgents: [IPv6Address] = []
  }

  private struct Seen {
    var digest: UInt64 = 0
    var time = Instant.distantPast
    var hopLimit: UInt8 = 0
  }

  /// In a table of fixed size: two packets in one place lose a repetition, and no more.
  private var seen = ContiguousArray(repeating: Seen(), count: 1_024)
  private static let window = Interval.milliseconds(1)
  private static let windowBehindRouter = Interval.milliseconds(100)
  private static let maximumHomeAgents = 1_024

  private(set) var repeated = 0
  private(set) var cut = 0
  /// Frames of which nobody has the keys.
  private(set) var sealed = 0
  /// The last frame is one that was cut off.
  private(set) var isCut = false
  package private(set) var tunnels = Tunnels()
  /// Whom the last IKE SA over IPv4 was begun with: the UE is its initiator.
  private var responder: UInt128?

  /// Takes note of a frame; false for one that was there already.
  ///
  /// - Parameters:
  ///   - bytes: as it was captured.
  ///   - hasKeys: what is sealed in it matters.
  mutating func take(_ bytes: Span<UInt8>, _ dissection: borrowing Dissection, at time: Instant, hasKeys: Bool) -> Bool {
    isCut = false
    let (network, mobility, ike, count) = (dissection.network, dissection.mobility, dissection.ike, dissection.count)
    guard network >= 0, count > 0 else { return true }
    let isESP = dissection.layers[count - 1].kind == .esp
    let isError = dissection.isICMPError
    let isSealed = isESP || ike >= 0
    guard mobility >= 0 || isSealed || isError else { return true }
    let start = Int(dissection.layers[network].offset)
    let digest = Self.digest(bytes, from: start)
    let place = Int(truncatingIfNeeded: (digest &* 0x9e37_79b9_7f4a_7c15) >> 54)
    let last = seen[place]
    // The first message of an IKE SA is in clear.
    let protection = isESP ? dissection.layers[count - 1].protection : ike >= 0 ? dissection.layers[ike].protection : .clear
    if protection == .opaque, dissection.missing == 0 { sealed += 1 }
    let hopLimit = Self.hopLimit(bytes, at: start)
    let window = hopLimit == last.hopLimit ? Self.window : Self.windowBehindRouter
    if last.digest == digest, time - last.time < window, last.time - time < window {
      repeated += 1
      return false
    }
    seen[place] = Seen(digest: digest, time: time, hopLimit: hopLimit)
    let isPart = isSealed ? hasKeys : Self.isPart(bytes, mobility >= 0 ? Int(dissection.layers[mobility].offset) : bytes.count)
    if dissection.missing > 0, isPart {
      cut += 1
      isCut = true
    }
    return true
  }

  /// A Mobility Header of which some octets are not there.
  private static func isPart(_ bytes: Span<UInt8>, _ start: Int) -> Bool {
    start + 2 <= bytes.count && start + (Int(bytes[start + 1]) + 1) * 8 > bytes.count
  }

  /// The Hop Limit of an IPv6 header, the Time to Live of an IPv4 one.
  private static func hopLimit(_ bytes: Span<UInt8>, at start: Int) -> UInt8 {
    guard start + 9 <= bytes.count else { return 0 }
    return bytes[start] >> 4 == 4 ? bytes[start + 8] : bytes[start + 7]
  }

  /// FNV-1a of a packet but for what routers change: Traffic Class and Flow Label, Hop Limit; Type of Service, Time to Live and the
  /// header checksum of IPv4.
  private static func digest(_ bytes: Span<UInt8>, from start: Int) -> UInt64 {
    guard start < bytes.count else { return 0 }
    let isIPv4 = bytes[start] >> 4 == 4
    var end = bytes.count
    if start + 6 <= bytes.count {
      let length = isIPv4 ? start + 2 : start + 4
      end = min(end, start + (isIPv4 ? 0 : 40) + (Int(bytes[length]) << 8 | Int(bytes[length + 1])))
    }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    var offset = start
    while offset < end {
      let place = offset &- start
      let changes = isIPv4 ? place == 1 || place == 8 || place == 10 || place == 11 : place < 4 || place == 7
      if !changes { hash = (hash ^ UInt64(bytes[offset])) &* 0x0000_0100_0000_01b3 }
      offset &+= 1
    }
    return hash
  }

  /// Counts what may be a Mobility Header by its way. In a tunnel the Home Agent is who has the port of DSMIPv6 (RFC 5555 4.4.1); where both
  /// have it, whom a BU goes to or a UE begins its IKE SA with.
  mutating func countTunnels(_ bytes: Span<UInt8>, _ dissection: borrowing Dissection, isTunnelled: Bool) {
    let (network, inner, mobility, count) = (dissection.network, dissection.inner, dissection.mobility, dissection.count)
    guard !isTunnelled, network >= 0 else { return }
    if dissection.layers[network].kind == .ipv6 {
      if mobility >= 0 { tunnels.native += 1 }
      return
    }
    if dissection.ike >= 0, dissection.value(.ikeExchangeType, in: bytes) == 34, dissection.value(.ikeR, in: bytes) == 0 {
      responder = dissection.value(.ipv4Destination, ofLayer: network, in: bytes)
    }
    guard inner > 0, inner + 1 < count else { return }
    let (before, behind) = (dissection.layers[inner - 1].kind, dissection.layers[inner + 1].kind)
    guard before == .udp, mobility >= 0 || behind == .esp else { return }
    tunnels.tunnelled += 1
    guard let source = dissection.value(.ipv6Source, in: bytes), let destination = dissection.value(.ipv6Destination, in: bytes),
      let port = dissection.value(.udpDestinationPort, ofLayer: inner - 1, in: bytes)
    else { return }
    var isToHomeAgent = port == 4191
    if port == 4191, dissection.value(.udpSourcePort, ofLayer: inner - 1, in: bytes) == 4191 {
      let kind = dissection.messageKind
      if kind == .bu {
        isToHomeAgent = true
      } else if kind == .ba {
        isToHomeAgent = false
      } else if let responder, dissection.value(.ipv4Destination, ofLayer: network, in: bytes) == responder {
        isToHomeAgent = true
      } else if let responder, dissection.value(.ipv4Source, ofLayer: network, in: bytes) == responder {
        isToHomeAgent = false
      } else {
        return
      }
    }
    let (own, other) = isToHomeAgent ? (destination, source) : (source, destination)
    let isKnown = tunnels.homeAgents.contains(IPv6Address(own)) || tunnels.homeAgents.contains(IPv6Address(other))
    if !isKnown, tunnels.homeAgents.count < Self.maximumHomeAgents { tunnels.homeAgents.append(IPv6Address(own)) }
  }
}
