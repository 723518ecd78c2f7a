package import Wire

/// The one address that a DHCP client is given, and the subnet that it is of.
package struct IPv4Lease: Hashable, Sendable {
  package let address: IPv4Address
  /// Octets of the subnet mask that are set, in bits: 8 to 30.
  package let length: Int

  /// Nil where the subnet has no room for a server beside the address, or the address is not a host's.
  package init?(_ address: IPv4Address, length: Int) {
    guard (8...30).contains(length) else { return nil }
    let hosts = ~Self.mask(length)
    guard address.value & hosts != 0, address.value & hosts != hosts else { return nil }
    self.address = address
    self.length = length
  }

  package var mask: UInt32 { Self.mask(length) }

  /// The first host of the subnet that is not the lease.
  package var server: IPv4Address {
    let subnet = address.value & mask
    return IPv4Address(subnet | (address.value == subnet | 1 ? 2 : 1))
  }

  private static func mask(_ length: Int) -> UInt32 { .max << UInt32(32 - length) }
}

extension AccessNetwork {
  /// Seconds.
  static let leaseTime: UInt32 = 3600

  /// The answer to a client's message (RFC 2131 4.3).
  ///
  /// The one address goes to the first client that asks, told from others by its Ethernet address, until it gives it back or the lease ends.
  mutating func lease(_ octets: [UInt8], _ frame: Span<UInt8>, _ dissection: Dissection, at now: Instant) -> Packet? {
    guard let lease = configuration.lease, let message = DHCPMessage(octets), message.isRequest, message.relay.value == 0,
      dissection.value(.ipv4Source, in: frame) != nil
    else { return nil }
    if let holder = leaseHolder, holder.end <= now { leaseHolder = nil }
    let isFree = leaseHolder == nil || leaseHolder?.hardware == message.hardware
    switch message.kind {
    case .discover:
      guard isFree else { return nil }
      return reply(.offer, to: message, lease)
    case .request:
      // One that names another server declines the offer of this one.
      let server = message.address(DHCPMessage.Option.serverIdentifier)
      guard server == nil || server == lease.server else { return nil }
      let wanted = message.clientAddress.value == 0 ? message.address(DHCPMessage.Option.requestedAddress) : message.clientAddress
      guard isFree, wanted == lease.address else { return reply(.nak, to: message, lease) }
      leaseHolder = (message.hardware, now + .seconds(Double(Self.leaseTime)))
      return reply(.ack, to: message, lease)
    case .release, .decline:
      if leaseHolder?.hardware == message.hardware { leaseHolder = nil }
      return nil
    case .inform:
      guard message.clientAddress == lease.address else { return nil }
      return reply(.ack, to: message, lease)
    case .offer, .ack, .nak: return nil
    }
  }

  private func reply(_ kind: DHCPMessage.Kind, to message: DHCPMessage, _ lease: IPv4Lease) -> Packet {
    var reply = DHCPMessage(kind, isRequest: false, transaction: message.transaction, hardware: message.hardware)
    reply.isBroadcast = message.isBroadcast
    reply.add(DHCPMessage.Option.serverIdentifier, lease.server.value)
    if kind != .nak {
      if message.kind != .inform {
        reply.yourAddress = lease.address
        reply.add(DHCPMessage.Option.leaseTime, Self.leaseTime)
      }
      if kind == .ack { reply.clientAddress = message.clientAddress }
      reply.add(DHCPMessage.Option.subnetMask, lease.mask)
      reply.add(DHCPMessage.Option.router, lease.server.value)
      if configuration.names != nil { reply.add(DHCPMessage.Option.nameServer, lease.server.value) }
    }
    // RFC 2131 4.1: a client that has no address yet hears what is sent to its Ethernet address, unless it says that it does not.
    let isBroadcast = kind == .nak || message.clientAddress.value == 0 && message.isBroadcast
    return Packet(
      [
        .ethernet(from: address, to: isBroadcast ? .broadcast : message.hardware),
        .ipv4(from: lease.server, to: isBroadcast ? .broadcast : lease.address), .udp(from: 67, to: 68),
      ], payload: reply.octets)
  }
}

extension IPv4Address {
  /// 255.255.255.255
  package static let broadcast = IPv4Address(.max)
}
