package import Wire

/// The tunnels of a host's bindings over IPv4 (RFC 5555): below the Mobility Header and below ESP, so that nobody who follows bindings sees
/// more of them than an IPv4-mapped care-of address.
///
/// It stands beside `BindingProtection`, for nodes, tester and judge alike: all three use this floor, and the judge uses no link. It does no
/// I/O: it takes frames, and says what goes around a packet.
package struct BindingTunnel: Sendable {
  /// DSMIPv6's port (RFC 5555 10).
  package static let port: UInt16 = 4191
  /// NATKATIMEOUT, in seconds (RFC 5555 9).
  static let keepaliveTime: UInt32 = 110

  private let role: BindingProtection.BindingRole
  private let dialect: Dialect
  private let form: Tunnelling
  private let homeAgent: IPv6Address
  private let ipv4HomeAgent: IPv4Address
  /// The mobile node's own port.
  private let ownPort: UInt16
  /// Where the BUs that were accepted came from, by home address.
  private var accepted: [IPv6Address: Peer] = [:]
  /// The bindings of which a BA says that UDP is needed.
  private var needsUDP: Set<IPv6Address> = []
  /// The packet in hand.
  private var latest: Latest?

  /// Where a mobile node is.
  private struct Peer: Sendable {
    var address: IPv4Address
    var port: UInt16
    /// There is a NAT, or the F flag asked for it: all that follows goes in UDP.
    var usesUDP = false
    var isBehindNAT = false
    var ipv4Home: IPv4Address?
  }

  private struct Latest: Sendable {
    var home: IPv6Address
    var peer: Peer
    var isInUDP: Bool
    /// From the inner IPv6 header on.
    var original: [UInt8]
  }

  /// - Parameters:
  ///   - form: `.udp` or `.ipv4`.
  ///   - ownPort: the UDP port of a mobile node; a Home Agent's is 4191.
  package init(
    _ role: BindingProtection.BindingRole, _ form: Tunnelling, homeAgent: IPv6Address, ipv4HomeAgent: IPv4Address, dialect: Dialect,
    ownPort: UInt16 = 40_077
  ) {
    self.role = role
    self.form = form
    self.homeAgent = homeAgent
    self.ipv4HomeAgent = ipv4HomeAgent
    self.dialect = dialect
    self.ownPort = ownPort
  }

  // MARK: In

  /// The frame as it is out of its tunnel, decoded; nil where it came through none of this host's. `dissection` is of the frame as it came then.
  package mutating func opened(_ frame: Span<UInt8>, with decoder: Decoder, into dissection: inout Dissection) -> [UInt8]? {
    decoder.decode(frame, into: &dissection)
    latest = nil
    guard let packet = dissection.untunnelled(frame, homeAgent: homeAgent, ipv4HomeAgent), packet.homeAgent == ipv4HomeAgent,
      packet.isFromHomeAgent == (role == .mobileNode), packet.port == nil || isPortRight(frame, dissection, packet)
    else { return nil }
    let start = Int(dissection.layers[dissection.network + (packet.port == nil ? 1 : 2)].offset)
    var original: [UInt8] = []
    for index in start..<frame.count { original.append(frame[index]) }
    latest = Latest(
      home: packet.home, peer: Peer(address: packet.careOf, port: packet.port ?? Self.port), isInUDP: packet.port != nil, original: original
    )
    decoder.decode(packet.octets.span, into: &dissection)
    return packet.octets
  }

  /// The Home Agent's port is 4191; the mobile node's its own (RFC 5555 4.1).
  private func isPortRight(_ frame: Span<UInt8>, _ dissection: Dissection, _ packet: UntunnelledPacket) -> Bool {
    if packet.isFromHomeAgent { return packet.port == ownPort && dissection.value(.udpSourcePort, in: frame) == UInt128(Self.port) }
    return dissection.value(.udpDestinationPort, in: frame) == UInt128(Self.port)
  }

  /// Takes from the message in hand, which is in clear now, what it says about tunnels (RFC 5555 4.3, 4.4).
  package mutating func learn(_ frame: Span<UInt8>, _ dissection: Dissection) {
    guard let latest else { return }
    switch dissection.messageKind {
    case .bu where role == .homeAgent:
      let careOf = dissection.value(.ipv4CareOfAddress, in: frame)
      let isBehindNAT = careOf.map { $0 != UInt128(latest.peer.address.value) } ?? false
      self.latest?.peer.isBehindNAT = isBehindNAT
      self.latest?.peer.usesUDP = isBehindNAT || dissection.value(.buF, in: frame) == 1
      self.latest?.peer.ipv4Home = dissection.value(.ipv4HomeAddress, in: frame).map { IPv4Address(UInt32(truncatingIfNeeded: $0)) }
    case .ba where role == .mobileNode:
      if dissection.value(.natRefreshTime, in: frame) == nil { needsUDP.remove(latest.home) } else { needsUDP.insert(latest.home) }
    default: break
    }
  }

  // MARK: Out

  /// What goes around a packet whose care-of address is an IPv4 one, and the options that go into its message before that is sealed; nil for
  /// a packet that goes natively.
  package mutating func headers(for packet: inout Packet) -> TunnelHeaders? {
    let (source, destination) = (packet.chosen(.ipv6Source).map(IPv6Address.init), packet.chosen(.ipv6Destination).map(IPv6Address.init))
    switch role {
    case .homeAgent:
      guard let careOf = destination?.ipv4, let home = home(of: packet, at: careOf) else { return nil }
      return toMobileNode(&packet, home, careOf)
    case .mobileNode:
      guard let careOf = source?.ipv4, let home = home(of: packet, at: careOf) else { return nil }
      return toHomeAgent(&packet, home, careOf)
    }
  }

  private func home(of packet: Packet, at careOf: IPv4Address) -> IPv6Address? {
    if let home = packet.boundHomeAddress { return home }
    if packet.carriesPacket {
      let octets = packet.payload[(role == .homeAgent ? 24 : 8)...].prefix(16)
      return IPv6Address(octets.reduce(UInt128(0)) { $0 << 8 | UInt128($1) })
    }
    // An error goes where the packet came from that it is about.
    return latest?.home
  }

  private mutating func toHomeAgent(_ packet: inout Packet, _ home: IPv6Address, _ careOf: IPv4Address) -> TunnelHeaders {
    let message = packet.index(of: .mh)
    let kind = message.map { packet.headers[$0].kind }
    if kind == .bu, let message {
      if form == .udp, packet.chosen(.buF) == nil { packet.set(.buF, 1) }
      for index in packet.headers[message].options.indices where packet.headers[message].options[index].maps(careOf) {
        packet.headers[message].options[index] = .ipv4CareOfAddress(careOf)
        // A de-registration removes whatever there is (RFC 5555 3.1.1).
        if packet.chosen(.buLifetime) != 0 { packet.headers[message].options.insert(.ipv4HomeAddress(home.ipv4Home), at: index) }
        break
      }
    }
    report(&packet)
    let usesUDP = form == .udp || kind == .bu || needsUDP.contains(home) || isRevocationInUDP(kind)
    return TunnelHeaders(
      isFromHomeAgent: false, home: home, source: careOf, destination: ipv4HomeAgent, ports: usesUDP ? (ownPort, Self.port) : nil)
  }

  private mutating func toMobileNode(_ packet: inout Packet, _ home: IPv6Address, _ careOf: IPv4Address) -> TunnelHeaders? {
    // Draft-01's BRI names the home address in an option, which gives its checksum another pseudo-header than it has in the tunnel.
    if let option = packet.headers.firstIndex(where: \.isHomeAddress) {
      if packet.index(of: .rh2) == nil { packet.headers[option] = .routing(to: home) } else { packet.headers.remove(at: option) }
    }
    let message = packet.index(of: .mh)
    let kind = message.map { packet.headers[$0].kind }
    let asking = latest.flatMap { $0.home == home ? $0 : nil }
    // A BA goes where its BU came from, anything else where the last one came from that was accepted (RFC 5555 4.4.1, RFC 5846 4).
    guard var peer = (kind == .ba ? asking?.peer ?? accepted[home] : accepted[home] ?? asking?.peer) else { return nil }
    if peer.address != careOf { peer = Peer(address: careOf, port: peer.port, usesUDP: peer.usesUDP) }
    if kind == .ba, let message, !packet.headers[message].options.contains(where: { $0.kind == .natDetection }) {
      let isAccepted = packet.chosen(.baStatus).map { $0 < 128 } ?? false
      let isBound = packet.chosen(.baLifetime).map { $0 > 0 } ?? false
      if isAccepted, isBound, let ipv4Home = peer.ipv4Home {
        packet.headers[message].options.append(.ipv4AddressAcknowledgement(ipv4Home))
      }
      if isAccepted, peer.usesUDP {
        packet.headers[message].options.append(
          .natDetection(isForced: !peer.isBehindNAT, refreshTime: peer.isBehindNAT ? Self.keepaliveTime : .max))
      }
      if isAccepted { accepted[home] = isBound ? peer : nil }
    }
    report(&packet)
    let usesUDP = kind == .ba ? asking?.isInUDP ?? true : peer.usesUDP || isRevocationInUDP(kind)
    return TunnelHeaders(
      isFromHomeAgent: true, home: home, source: ipv4HomeAgent, destination: peer.address, ports: usesUDP ? (Self.port, peer.port) : nil)
  }

  /// RFC 5846 4 has a BRI and its BRA go as BU and BA went, which is in UDP; 24.303 v0.4.1 5.4.2.1 and 5.4.3.1 leave it open.
  private func isRevocationInUDP(_ kind: LayerKind?) -> Bool {
    guard dialect == .rfc5846, let kind else { return false }
    return kind.isMobilityMessage
  }

  /// An error is about the packet as it came, which had no Home Address option and no routing header.
  private func report(_ packet: inout Packet) {
    if packet.index(of: .be) != nil { packet.set(.beHomeAddress, 0) }
    guard let latest, let type = packet.chosen(.icmpType), type < 128, let pointer = packet.chosen(.icmpPointer) else { return }
    packet.payload = Array(latest.original.prefix(max(packet.payload.count - 24, 0)))
    // The header that is not there was 24 octets long, and named in octet 6 of the IPv6 header.
    if type == 4 { packet.set(.icmpPointer, pointer < 40 ? pointer : pointer < 64 ? 6 : pointer - 24) }
  }
}

extension Packet.Option {
  /// It is an Alternate Care-of Address option with an IPv4 address.
  fileprivate func maps(_ careOf: IPv4Address) -> Bool {
    kind == .alternateCareOfAddress && values.last { $0.path == .alternateCareOfAddress }?.value == IPv6Address(mapped: careOf).value
  }
}

extension IPv6Address {
  /// The IPv4 home address of whoever has this one: 10.0.0.0/8 and its last 24 bits.
  fileprivate var ipv4Home: IPv4Address { IPv4Address(10 << 24 | UInt32(truncatingIfNeeded: value & 0xff_ffff)) }
}
