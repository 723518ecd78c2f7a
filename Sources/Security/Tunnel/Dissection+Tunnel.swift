package import Wire

/// A packet of a binding that came over IPv4, in UDP or as it is (RFC 5555 4.1), as it would have come natively.
///
/// The inner header's own addresses say in a tunnel what natively the Home Address option and the type 2 routing header say (RFC 5555 3.3,
/// RFC 6275 6.3, 6.4). With these in their place, and the IPv4 care-of address as an IPv4-mapped one, whoever follows bindings need not know
/// of tunnels. Every octet of the Mobility Header stays, and so does what is right or wrong with its checksum: both forms have the same
/// pseudo-header (RFC 6275 6.1.1).
package struct UntunnelledPacket: Sendable {
  /// From the link's header on.
  package var octets: [UInt8]
  package var isFromHomeAgent: Bool
  package var home: IPv6Address
  package var careOf: IPv4Address
  /// Of the mobile node; nil: the packet came without UDP.
  package var port: UInt16?
  /// Of the Home Agent.
  package var homeAgentPort: UInt16?
  /// The Home Agent's address in the outer header.
  package var homeAgent: IPv4Address
}

extension Dissection {
  /// Takes a packet out of its tunnel; nil for one that came through none, or whose outer headers are wrong.
  ///
  /// - Parameters:
  ///   - homeAgent: the Home Agent's IPv6 address; of a packet of which it is neither end, `outer` tells the direction.
  ///   - outer: the Home Agent's IPv4 address; nil: not known yet.
  package func untunnelled(_ frame: Span<UInt8>, homeAgent: IPv6Address, _ outer: IPv4Address?) -> UntunnelledPacket? {
    guard network >= 0, layers[network].kind == .ipv4, network + 1 < count else { return nil }
    let hasUDP = layers[network + 1].kind == .udp
    let index = network + (hasUDP ? 2 : 1)
    guard index < count, layers[index].kind == .ipv6, !hasFlaws(before: index) else { return nil }
    let start = Int(layers[index].offset)
    let path: FieldPath = hasUDP ? .udpLength : .ipv4TotalLength
    guard let length = value(path, ofLayer: index - 1, in: frame),
      let from = value(.ipv4Source, ofLayer: network, in: frame), let to = value(.ipv4Destination, ofLayer: network, in: frame),
      let source = value(.ipv6Source, ofLayer: index, in: frame), let destination = value(.ipv6Destination, ofLayer: index, in: frame)
    else { return nil }
    let end = min(frame.count, Int(layers[index - 1].offset) + Int(length))
    guard start + 40 <= end else { return nil }
    let isFromHomeAgent: Bool
    switch homeAgent.value {
    case source: isFromHomeAgent = true
    case destination: isFromHomeAgent = false
    default:
      guard let outer, UInt128(outer.value) == from || UInt128(outer.value) == to else { return nil }
      isFromHomeAgent = UInt128(outer.value) == from
    }
    let careOf = IPv4Address(UInt32(truncatingIfNeeded: isFromHomeAgent ? to : from))
    let mapped = IPv6Address(mapped: careOf)
    var octets: [UInt8] = []
    octets.reserveCapacity(end - start + 80)
    for position in 0..<Int(layers[network].offset) { octets.append(frame[position]) }
    if octets.count >= 2 { octets.replaceSubrange((octets.count - 2)..., with: [0x86, 0xdd]) }
    let isSignalling = homeAgent.value == source || homeAgent.value == destination
    let hasOwnHeader = inner == index && (isFromHomeAgent ? routing >= 0 : homeAddressOption >= 0)
    let addresses = (from: isFromHomeAgent ? homeAgent : mapped, to: isFromHomeAgent ? mapped : homeAgent)
    if isSignalling {
      let home = IPv6Address(isFromHomeAgent ? destination : source)
      let added = hasOwnHeader ? 0 : 24
      // A hop-by-hop header has to stay the first.
      guard let payload = value(.ipv6PayloadLength, ofLayer: index, in: frame), Int(payload) + added <= 0xffff, frame[start + 6] != 0
      else { return nil }
      for position in start..<start + 4 { octets.append(frame[position]) }
      octets += [UInt8](bigEndian: UInt16(truncatingIfNeeded: Int(payload) + added))
      octets.append(hasOwnHeader ? frame[start + 6] : isFromHomeAgent ? 43 : 60)
      octets.append(frame[start + 7])
      octets += addresses.from.octets + addresses.to.octets
      if !hasOwnHeader {
        octets.append(frame[start + 6])
        octets += isFromHomeAgent ? [2, 2, 1, 0, 0, 0, 0] : [2, 1, 2, 0, 0, 201, 16]
        octets += home.octets
      }
      for position in start + 40..<end { octets.append(frame[position]) }
    } else {
      // Data: natively they go in IPv6 (RFC 6275 10.4.5).
      guard end - start <= 0xffff else { return nil }
      octets += [0x60, 0, 0, 0] + [UInt8](bigEndian: UInt16(truncatingIfNeeded: end - start)) + [41, 64]
      octets += addresses.from.octets + addresses.to.octets
      for position in start..<end { octets.append(frame[position]) }
    }
    let own = hasUDP ? value(isFromHomeAgent ? .udpSourcePort : .udpDestinationPort, ofLayer: index - 1, in: frame) : nil
    let port = hasUDP ? value(isFromHomeAgent ? .udpDestinationPort : .udpSourcePort, ofLayer: index - 1, in: frame) : nil
    return UntunnelledPacket(
      octets: octets, isFromHomeAgent: isFromHomeAgent, home: IPv6Address(isFromHomeAgent ? destination : source), careOf: careOf,
      port: port.map { UInt16(truncatingIfNeeded: $0) }, homeAgentPort: own.map { UInt16(truncatingIfNeeded: $0) },
      homeAgent: IPv4Address(UInt32(truncatingIfNeeded: isFromHomeAgent ? from : to)))
  }

  /// Something is wrong in front of a layer: IPv4 or UDP drops the packet.
  package func hasFlaws(before layer: Int) -> Bool {
    for position in 0..<anomalyCount where Int(anomalies[position].layer) < layer { return true }
    return false
  }
}
