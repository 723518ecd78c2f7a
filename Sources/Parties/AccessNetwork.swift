package import Link
package import Wire

/// The network that a UE on a kernel's own stack attaches to: its default router (RFC 4861, 4862), its DHCPv4 server (RFC 2131) and its
/// DNS server (RFC 1035), so that the UE gets its addresses and finds its Home Agent.
///
/// It does no I/O: it takes frames and times and says what to send, each frame complete with its Ethernet header. It answers for no address:
/// `claim` has Neighbour Discovery do that.
package struct AccessNetwork: Sendable {
  package struct Configuration: Sendable, Equatable {
    /// The prefix that is advertised for addresses of the UE's own making; nil: no router.
    package var prefix: IPv6Prefix?
    /// The address that a DHCP client is given; nil: no DHCP server.
    package var lease: IPv4Lease?
    /// Addresses by name, IPv4 ones as IPv4-mapped; nil: no DNS server. Names are in lower case, without a dot at the end.
    package var names: [String: [IPv6Address]]?
    /// Flags of the advertisements (RFC 4861 4.2, 4.6.2): whether addresses, or other things, are to be had by DHCPv6.
    package var isManaged = false
    package var hasOtherConfiguration = false
    package var isOnLink = true
    package var isAutonomous = true

    package init(prefix: IPv6Prefix? = nil, lease: IPv4Lease? = nil, names: [String: [IPv6Address]]? = nil) {
      self.prefix = prefix
      self.lease = lease
      self.names = names
    }

    /// The network's own address in the prefix, ending in 1: its DNS server's.
    package var ipv6Server: IPv6Address? { prefix.map { IPv6Address($0.address.value | 1) } }
    /// The network's own IPv4 address, the first of the subnet that is not the lease: DHCP server, router and DNS server.
    package var ipv4Server: IPv4Address? { lease?.server }
  }

  package let configuration: Configuration
  /// The tester's Ethernet address on the access link.
  package let address: MACAddress
  /// Advertisements come from it (RFC 4861 4.2): made of the Ethernet address (RFC 4291 A).
  package let linkLocal: IPv6Address
  var leaseHolder: (hardware: MACAddress, end: Instant)?
  /// Advertisements that wait for their time: to whom, and where that is.
  private var pending: [(due: Instant, destination: IPv6Address, hardware: MACAddress)] = []
  /// When the next advertisement leaves that nobody asked for.
  private var nextUnsolicited: Instant
  private var initialLeft = 3
  private var lastMulticast: Instant?
  private var generator: SeededGenerator

  /// RFC 4861 6.2.1, 10.
  private static let maximumInterval = Interval.seconds(600)
  private static let initialInterval = Interval.seconds(16)
  private static let maximumDelay = Interval.milliseconds(500)
  private static let minimumBetween = Interval.seconds(3)
  static let routerLifetime: UInt16 = 1800

  /// - Parameters:
  ///   - address: the tester's Ethernet address on the access link.
  ///   - start: when the first advertisement leaves.
  package init(_ configuration: Configuration, address: MACAddress, start: Instant, seed: UInt64) {
    self.configuration = configuration
    self.address = address
    linkLocal = IPv6Address(linkLocal: address)
    nextUnsolicited = configuration.prefix == nil ? .distantFuture : start
    generator = SeededGenerator(seed: seed)
  }

  /// Has Neighbour Discovery answer for the network's own addresses, as a router's.
  package func claim(in neighbours: inout NeighbourDiscovery, on port: Int) {
    if let server = configuration.ipv6Server {
      neighbours.own(linkLocal, on: port)
      neighbours.own(server, on: port)
      neighbours.setRouter(true, on: port)
    }
    if let server = configuration.ipv4Server { neighbours.own(server, on: port) }
  }

  // MARK: Router

  /// When `wake` is wanted.
  package var nextDeadline: Instant { pending.reduce(nextUnsolicited) { min($0, $1.due) } }

  /// Sends the advertisements that are due.
  package mutating func wake(at now: Instant, on port: Int, _ outbox: inout Outbox) {
    for item in pending where item.due <= now { advertise(to: item.destination, item.hardware, on: port, at: now, &outbox) }
    pending.removeAll { $0.due <= now }
    if nextUnsolicited <= now { advertise(to: .allNodes, MACAddress(multicast: .allNodes), on: port, at: now, &outbox) }
  }

  /// The advertisement that ends the network (RFC 4861 6.2.5): its router is none any more.
  package mutating func cease(on port: Int, _ outbox: inout Outbox) {
    guard configuration.prefix != nil else { return }
    outbox.send(advertisement(to: .allNodes, MACAddress(multicast: .allNodes), lifetime: 0).encoded(), on: port)
    nextUnsolicited = .distantFuture
    pending = []
  }

  private mutating func advertise(
    to destination: IPv6Address, _ hardware: MACAddress, on port: Int, at now: Instant, _ outbox: inout Outbox
  ) {
    if destination == .allNodes {
      lastMulticast = now
      // Whoever waits for one hears this.
      pending.removeAll { $0.destination == .allNodes }
      // RFC 4861 6.2.4, 6.2.6: between a third of the longest interval and all of it, the first few sooner; asked or unasked.
      initialLeft = max(0, initialLeft - 1)
      let longest = Self.maximumInterval.nanoseconds
      let interval = Interval(nanoseconds: longest / 3 + generator.below(longest * 2 / 3))
      nextUnsolicited = now + (initialLeft > 0 ? min(interval, Self.initialInterval) : interval)
    }
    outbox.send(advertisement(to: destination, hardware, lifetime: Self.routerLifetime).encoded(), on: port)
  }

  private func advertisement(to destination: IPv6Address, _ hardware: MACAddress, lifetime: UInt16) -> Packet {
    var options: [Packet.Option] = [.linkLayerAddress(type: 1, address)]
    if let prefix = configuration.prefix {
      options.append(
        .prefixInformation(
          prefix.address, length: prefix.length, isOnLink: configuration.isOnLink, isAutonomous: configuration.isAutonomous,
          valid: 7200, preferred: 3600))
    }
    if configuration.names != nil, let server = configuration.ipv6Server {
      options.append(.recursiveDNSServers([server], lifetime: UInt32(lifetime)))
    }
    return Packet([
      .ethernet(from: address, to: hardware), .ipv6(from: linkLocal, to: destination, hopLimit: 255),
      .init(
        .routerAdvertisement, .rfc5846,
        [
          (.advertisedHopLimit, 64), (.advertisedManaged, configuration.isManaged ? 1 : 0),
          (.advertisedOther, configuration.hasOtherConfiguration ? 1 : 0), (.advertisedRouterLifetime, UInt128(lifetime)),
        ], options: options),
    ])
  }

  private mutating func solicited(_ frame: Span<UInt8>, _ dissection: Dissection, at now: Instant) {
    // RFC 4861 6.1.1. There are never more answers waiting than there are neighbours worth answering.
    guard configuration.prefix != nil, dissection.isSound, dissection.value(.ipv6HopLimit, in: frame) == 255,
      dissection.value(.solicitationCode, in: frame) == 0, pending.count < 16,
      let source = dissection.value(.ipv6Source, in: frame).map(IPv6Address.init), !source.isMulticast
    else { return }
    var destination = source
    if source == .unspecified || !reaches(source) { destination = .allNodes }
    guard !pending.contains(where: { $0.destination == destination }) else { return }
    var due = now + Interval(nanoseconds: generator.below(Self.maximumDelay.nanoseconds))
    if destination == .allNodes, let lastMulticast { due = max(due, lastMulticast + Self.minimumBetween) }
    pending.append((due, destination, destination == .allNodes ? MACAddress(multicast: .allNodes) : frame.ethernetSource))
  }

  // MARK: What arrives

  /// Takes a frame that arrived on the access link and that Neighbour Discovery has left alone.
  package mutating func receive(
    _ frame: Span<UInt8>, _ dissection: Dissection, on port: Int, at now: Instant, _ outbox: inout Outbox
  ) {
    guard dissection.isSound, frame.count >= 14, dissection.count == 3 else { return }
    switch dissection.layers[2].kind {
    case .routerSolicitation: solicited(frame, dissection, at: now)
    case .udp:
      // A kernel on a veth may leave the checksum to hardware that is not there, so it is not looked at.
      let payload = (dissection.restOffset..<dissection.restOffset + dissection.restLength).map { frame[$0] }
      switch dissection.value(.udpDestinationPort, in: frame) {
      case 67: if let reply = lease(payload, frame, dissection, at: now) { outbox.send(reply.encoded(), on: port) }
      case 53: if let reply = resolve(payload, frame, dissection) { outbox.send(reply.encoded(), on: port) }
      default: break
      }
    default: break
    }
  }

  /// Whether an address is one of the UE's, as far as the network can know: link-local, of the prefix, or the lease.
  private func reaches(_ address: IPv6Address) -> Bool {
    address.isLinkLocal || configuration.prefix?.contains(address) == true
  }

  /// The answer to a query to one of the network's own addresses.
  private func resolve(_ query: [UInt8], _ frame: Span<UInt8>, _ dissection: Dissection) -> Packet? {
    guard let names = configuration.names, let port = dissection.value(.udpSourcePort, in: frame), port != 0 else { return nil }
    let ip: Packet.Header
    if let source = dissection.value(.ipv6Source, in: frame).map(IPv6Address.init) {
      guard let server = configuration.ipv6Server, dissection.value(.ipv6Destination, in: frame) == server.value, reaches(source),
        source != server, source != linkLocal
      else { return nil }
      ip = .ipv6(from: server, to: source)
    } else {
      guard let server = configuration.ipv4Server, let lease = configuration.lease,
        dissection.value(.ipv4Destination, in: frame) == UInt128(server.value),
        dissection.value(.ipv4Source, in: frame) == UInt128(lease.address.value)
      else { return nil }
      ip = .ipv4(from: server, to: lease.address)
    }
    guard let answer = DNSMessage.answer(to: query, names) else { return nil }
    return Packet(
      [.ethernet(from: address, to: frame.ethernetSource), ip, .udp(from: 53, to: UInt16(truncatingIfNeeded: port))], payload: answer)
  }
}

/// A prefix of IPv6 addresses.
package struct IPv6Prefix: Hashable, Sendable {
  /// The bits behind the prefix are zero.
  package let address: IPv6Address
  /// 0 to 128.
  package let length: Int

  /// Nil for a length that is none, or an address with bits behind it.
  package init?(_ address: IPv6Address, length: Int) {
    guard (0...128).contains(length), address.value & ~Self.mask(length) == 0 else { return nil }
    self.address = address
    self.length = length
  }

  package func contains(_ other: IPv6Address) -> Bool { other.value & Self.mask(length) == address.value }

  private static func mask(_ length: Int) -> UInt128 { length == 0 ? 0 : .max << UInt128(128 - length) }
}

extension Span<UInt8> {
  /// The source address of a frame's Ethernet header.
  var ethernetSource: MACAddress {
    guard count >= 12 else { return .broadcast }
    return MACAddress((6..<12).reduce(UInt64(0)) { $0 << 8 | UInt64(self[$1]) })
  }
}

extension IPv6Address {
  /// The link-local address of the modified EUI-64 of an Ethernet address (RFC 2464 5).
  package init(linkLocal address: MACAddress) {
    let high = (address.value >> 24 ^ 0x02_0000) << 40
    self.init(0xfe80 << 112 | UInt128(high | 0xff_fe00_0000 | address.value & 0xff_ffff))
  }
}
