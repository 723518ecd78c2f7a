package import Wire

/// Neighbour Discovery (RFC 4861) and ARP (RFC 826) for addresses that the kernel does not have.
///
/// It answers for the addresses that it was given, finds the Ethernet addresses of next hops, and keeps frames until they are found.
/// It does no I/O: it takes frames and times, and says what to send.
package struct NeighbourDiscovery: Sendable {
  private struct Port: Sendable {
    var address: MACAddress
    var isRouter = false
    var ipv6: Set<IPv6Address> = []
    var prefixes: [(value: UInt128, mask: UInt128)] = []
    var ipv4: Set<IPv4Address> = []
    /// The addresses that questions come from when the frame's own source is not ours.
    var firstIPv6: IPv6Address?
    var firstIPv4: IPv4Address?
  }

  private var ports: [Port]
  private var cache = NeighbourCache()

  /// - Parameter addresses: the own Ethernet address of each port.
  package init(ports addresses: [MACAddress]) { ports = addresses.map { Port(address: $0) } }

  // MARK: Own addresses

  /// Answers for an address on a port from now on.
  package mutating func own(_ address: IPv6Address, on port: Int) {
    guard ports.indices.contains(port) else { return }
    ports[port].ipv6.insert(address)
    if ports[port].firstIPv6 == nil { ports[port].firstIPv6 = address }
  }

  package mutating func own(_ address: IPv4Address, on port: Int) {
    guard ports.indices.contains(port) else { return }
    ports[port].ipv4.insert(address)
    if ports[port].firstIPv4 == nil { ports[port].firstIPv4 = address }
  }

  /// Answers for all addresses of a prefix: thousands of home addresses at once. Lengths outside 0...128 are taken as the nearest.
  package mutating func own(prefix: IPv6Address, length: Int, on port: Int) {
    guard ports.indices.contains(port) else { return }
    let mask = length <= 0 ? 0 : UInt128.max << UInt128(128 - min(length, 128))
    ports[port].prefixes.append((prefix.value & mask, mask))
  }

  /// Answers for an address no more (one given alone, not by prefix).
  package mutating func disown(_ address: IPv6Address, on port: Int) {
    guard ports.indices.contains(port) else { return }
    ports[port].ipv6.remove(address)
    if ports[port].firstIPv6 == address { ports[port].firstIPv6 = ports[port].ipv6.min() }
  }

  /// Whether advertisements on the port say that their sender is a router (RFC 4861 4.4, R flag).
  package mutating func setRouter(_ isRouter: Bool, on port: Int) {
    if ports.indices.contains(port) { ports[port].isRouter = isRouter }
  }

  package func owns(_ address: IPv6Address, on port: Int) -> Bool {
    ports.indices.contains(port)
      && (ports[port].ipv6.contains(address) || ports[port].prefixes.contains { address.value & $0.mask == $0.value })
  }

  package func owns(_ address: IPv4Address, on port: Int) -> Bool { ports.indices.contains(port) && ports[port].ipv4.contains(address) }

  // MARK: Next hops

  /// The Ethernet address of a neighbour, where it is known. A multicast address always is.
  package func linkAddress(of neighbour: IPv6Address, on port: Int) -> MACAddress? {
    neighbour.isMulticast ? MACAddress(multicast: neighbour) : cache.address(of: key(neighbour, port))
  }

  package func linkAddress(of neighbour: IPv4Address, on port: Int) -> MACAddress? { cache.address(of: key(neighbour, port)) }

  /// Enters a neighbour whose Ethernet address is given by configuration; what it announces itself still replaces it.
  package mutating func enter(_ neighbour: IPv6Address, _ address: MACAddress, on port: Int) {
    _ = cache.learn(key(neighbour, port), address, onlyUpdate: false)
  }

  /// Neighbours that did not answer three questions: port and address as text.
  package var unanswered: [(port: Int, address: String)] {
    cache.unanswered.map {
      ($0.port, $0.isIPv4 ? IPv4Address(UInt32(truncatingIfNeeded: $0.address)).description : IPv6Address($0.address).description)
    }
  }

  /// Frames dropped because their next hop did not answer.
  package var dropped: Int { cache.dropped }

  /// Sends a frame to a next hop: at once if its Ethernet address is known, else when it has answered. The frame's Ethernet destination is
  /// filled in here, its source stays.
  package mutating func send(_ frame: [UInt8], to nextHop: IPv6Address, on port: Int, at now: Instant, _ outbox: inout Outbox) {
    if let address = linkAddress(of: nextHop, on: port) { return outbox.send(Self.addressed(frame, address), on: port) }
    guard ports.indices.contains(port), let source = source6(of: frame, on: port) else { return }
    if cache.wait(key(nextHop, port), frame, source: source.value, at: now) { solicit(nextHop, from: source, on: port, &outbox) }
  }

  package mutating func send(_ frame: [UInt8], to nextHop: IPv4Address, on port: Int, at now: Instant, _ outbox: inout Outbox) {
    if let address = linkAddress(of: nextHop, on: port) { return outbox.send(Self.addressed(frame, address), on: port) }
    guard ports.indices.contains(port), let source = ports[port].firstIPv4 else { return }
    if cache.wait(key(nextHop, port), frame, source: UInt128(source.value), at: now) { request(nextHop, from: source, on: port, &outbox) }
  }

  /// When `wake` is wanted.
  package var nextDeadline: Instant { cache.nextDeadline }

  /// Asks again where no answer came, and gives up after the third time.
  package mutating func wake(at now: Instant, _ outbox: inout Outbox) {
    for (key, source) in cache.due(at: now) {
      if key.isIPv4 {
        request(
          IPv4Address(UInt32(truncatingIfNeeded: key.address)), from: IPv4Address(UInt32(truncatingIfNeeded: source)), on: key.port, &outbox
        )
      } else {
        solicit(IPv6Address(key.address), from: IPv6Address(source), on: key.port, &outbox)
      }
    }
  }

  // MARK: What arrives

  /// Takes a frame that arrived on a port, with its dissection; frames that are neither Neighbour Discovery nor ARP are left alone.
  /// - Returns: whether it was one of them.
  @discardableResult
  package mutating func receive(
    _ frame: Span<UInt8>, _ dissection: Dissection, on port: Int, _ outbox: inout Outbox
  ) -> Bool {
    guard ports.indices.contains(port) else { return false }
    if dissection.icmp >= 0, dissection.network == dissection.inner {
      switch dissection.layers[dissection.icmp].kind {
      case .neighbourSolicitation: receiveSolicitation(frame, dissection, on: port, &outbox)
      case .neighbourAdvertisement: receiveAdvertisement(frame, dissection, on: port, &outbox)
      default: return false
      }
      return true
    }
    guard dissection.network < 0, dissection.layer(.arp) != nil else { return false }
    receiveARP(frame, dissection, on: port, &outbox)
    return true
  }

  /// What RFC 4861 7.1 asks of every solicitation and advertisement.
  private func isValid(_ frame: Span<UInt8>, _ dissection: Dissection) -> Bool {
    dissection.isSound && dissection.value(.ipv6HopLimit, in: frame) == 255
      && frame.count > Int(dissection.layers[dissection.icmp].offset) + 1
      && frame[Int(dissection.layers[dissection.icmp].offset) + 1] == 0
  }

  private func linkLayerOption(_ type: UInt8, _ frame: Span<UInt8>, _ dissection: Dissection) -> MACAddress? {
    var address: MACAddress?
    dissection.forEachOption(in: frame) { kind, offset, length in
      guard kind == .linkLayerAddress, address == nil, length == 8, offset &+ 8 <= frame.count, frame[offset] == type else { return }
      var value: UInt64 = 0
      for index in offset &+ 2..<offset &+ 8 { value = value << 8 | UInt64(frame[index]) }
      address = MACAddress(value)
    }
    return address
  }

  private mutating func receiveSolicitation(
    _ frame: Span<UInt8>, _ dissection: Dissection, on port: Int, _ outbox: inout Outbox
  ) {
    guard isValid(frame, dissection), let target = dissection.value(.solicitedTarget, in: frame).map({ IPv6Address($0) }),
      let source = dissection.value(.ipv6Source, in: frame).map({ IPv6Address($0) }), owns(target, on: port)
    else { return }
    let own = ports[port].address
    // Duplicate address detection asks without an address of its own; everybody hears the answer (RFC 4861 7.2.4).
    let isDetection = source == .unspecified
    var neighbour = linkAddress(of: source, on: port)
    if !isDetection, let address = linkLayerOption(1, frame, dissection) {
      neighbour = address
      release(cache.learn(key(source, port), address, onlyUpdate: false), to: address, on: port, &outbox)
    }
    let destination = isDetection ? IPv6Address.allNodes : source
    let packet = Packet([
      .ethernet(from: own, to: isDetection ? MACAddress(multicast: .allNodes) : neighbour ?? senderAddress(frame)),
      .ipv6(from: target, to: destination, hopLimit: 255),
      .init(
        .neighbourAdvertisement, .rfc5846,
        [
          (.advertisedTarget, target.value), (.advertisedSolicited, isDetection ? 0 : 1), (.advertisedOverride, 1),
          (.advertisedRouter, ports[port].isRouter ? 1 : 0),
        ], options: [.linkLayerAddress(type: 2, own)]),
    ])
    outbox.send(packet.encoded(), on: port)
  }

  private mutating func receiveAdvertisement(
    _ frame: Span<UInt8>, _ dissection: Dissection, on port: Int, _ outbox: inout Outbox
  ) {
    guard isValid(frame, dissection), let target = dissection.value(.advertisedTarget, in: frame).map({ IPv6Address($0) }),
      !target.isMulticast
    else { return }
    let key = key(target, port)
    // Without the override flag a known address stays (RFC 4861 7.2.5).
    let overrides = dissection.value(.advertisedOverride, in: frame) == 1
    guard overrides || cache.address(of: key) == nil else { return }
    // A unicast answer may leave the option out; then its sender's address is the answer (RFC 4861 4.4).
    let address = linkLayerOption(2, frame, dissection) ?? senderAddress(frame)
    release(cache.learn(key, address, onlyUpdate: true), to: address, on: port, &outbox)
  }

  private mutating func receiveARP(_ frame: Span<UInt8>, _ dissection: Dissection, on port: Int, _ outbox: inout Outbox) {
    guard let operation = dissection.value(.arpOperation, in: frame), let sender = dissection.value(.arpSender, in: frame),
      let hardware = dissection.value(.arpSenderHardware, in: frame), let target = dissection.value(.arpTarget, in: frame)
    else { return }
    let (senderAddress, address) = (IPv4Address(UInt32(truncatingIfNeeded: sender)), MACAddress(UInt64(truncatingIfNeeded: hardware)))
    let targetAddress = IPv4Address(UInt32(truncatingIfNeeded: target))
    let isForUs = owns(targetAddress, on: port)
    if sender != 0 {
      release(cache.learn(key(senderAddress, port), address, onlyUpdate: !isForUs), to: address, on: port, &outbox)
    }
    if operation == 1, isForUs { arp(operation: 2, from: targetAddress, to: senderAddress, address, on: port, &outbox) }
  }

  // MARK: Frames

  private func key(_ address: IPv6Address, _ port: Int) -> NeighbourCache.Key { .init(port: port, address: address.value, isIPv4: false) }
  private func key(_ address: IPv4Address, _ port: Int) -> NeighbourCache.Key {
    .init(port: port, address: UInt128(address.value), isIPv4: true)
  }

  private func release(_ frames: [[UInt8]], to address: MACAddress, on port: Int, _ outbox: inout Outbox) {
    for frame in frames { outbox.send(Self.addressed(frame, address), on: port) }
  }

  private static func addressed(_ frame: [UInt8], _ address: MACAddress) -> [UInt8] {
    guard frame.count >= 6 else { return frame }
    var frame = frame
    for index in 0..<6 { frame[index] = UInt8(truncatingIfNeeded: address.value >> UInt64(40 - 8 * index)) }
    return frame
  }

  private func senderAddress(_ frame: Span<UInt8>) -> MACAddress {
    guard frame.count >= 12 else { return .broadcast }
    return MACAddress((6..<12).reduce(UInt64(0)) { $0 << 8 | UInt64(frame[$1]) })
  }

  /// The source that a question is asked from: the frame's own where it is ours, so that the neighbour learns that one (RFC 4861 7.2.2).
  private func source6(of frame: [UInt8], on port: Int) -> IPv6Address? {
    if frame.count >= 54, frame[12] == 0x86, frame[13] == 0xdd {
      let source = IPv6Address((22..<38).reduce(UInt128(0)) { $0 << 8 | UInt128(frame[$1]) })
      if owns(source, on: port) { return source }
    }
    return ports[port].firstIPv6
  }

  private func solicit(_ target: IPv6Address, from source: IPv6Address, on port: Int, _ outbox: inout Outbox) {
    let own = ports[port].address
    let packet = Packet([
      .ethernet(from: own, to: MACAddress(multicast: target.solicitedNode)),
      .ipv6(from: source, to: target.solicitedNode, hopLimit: 255),
      .init(.neighbourSolicitation, .rfc5846, [(.solicitedTarget, target.value)], options: [.linkLayerAddress(type: 1, own)]),
    ])
    outbox.send(packet.encoded(), on: port)
  }

  private func request(_ target: IPv4Address, from source: IPv4Address, on port: Int, _ outbox: inout Outbox) {
    arp(operation: 1, from: source, to: target, nil, on: port, &outbox)
  }

  private func arp(
    operation: UInt128, from sender: IPv4Address, to target: IPv4Address, _ hardware: MACAddress?, on port: Int, _ outbox: inout Outbox
  ) {
    let own = ports[port].address
    let packet = Packet([
      .ethernet(from: own, to: hardware ?? .broadcast),
      .init(
        .arp, .rfc5846,
        [
          (.arpOperation, operation), (.arpSenderHardware, UInt128(own.value)), (.arpSender, UInt128(sender.value)),
          (.arpTargetHardware, UInt128(hardware?.value ?? 0)), (.arpTarget, UInt128(target.value)),
        ]),
    ])
    outbox.send(packet.encoded(), on: port)
  }
}
