package import Wire

/// Whom the tester plays.
package enum Party: Sendable {
  case userEquipment(UserEquipmentParty)
  case homeAgent(HomeAgentParty)

  /// Takes a packet from the device, and gives the answers that are due.
  package mutating func receive(_ frame: Span<UInt8>, _ dissection: Dissection) -> [Packet] {
    var packets: [Packet] = []
    withUserEquipment { packets = $0.receive(frame, dissection) }
    withHomeAgent { packets = $0.receive(frame, dissection) }
    return packets
  }

  /// Changes the UE, if that is whom the tester plays, where it is: a copy would copy all its bindings.
  package mutating func withUserEquipment(_ change: (inout UserEquipmentParty) -> Void) {
    guard case .userEquipment(var party) = self else { return }
    self = .absent
    change(&party)
    self = .userEquipment(party)
  }

  /// The same of the Home Agent.
  package mutating func withHomeAgent(_ change: (inout HomeAgentParty) -> Void) {
    guard case .homeAgent(var party) = self else { return }
    self = .absent
    change(&party)
    self = .homeAgent(party)
  }

  private static let absent = Party.homeAgent(
    HomeAgentParty(dialect: .rfc5846, homeAgent: .unspecified, address: MACAddress(0), firstRevocation: 0))

  /// The last BRI's sequence number on a home address, sent or received.
  package func revocation(_ home: IPv6Address) -> UInt16? {
    switch self {
    case .userEquipment(let party): party.bindings[home]?.revocation
    case .homeAgent(let party): party.bindings[home]?.revocation
    }
  }

  /// The last BU's sequence number on a home address, sent or accepted.
  package func update(_ home: IPv6Address) -> UInt16? {
    switch self {
    case .userEquipment(let party): party.bindings[home]?.sequence
    case .homeAgent(let party): party.bindings[home]?.sequence
    }
  }
}

extension Packet {
  /// Puts the home address into another carrier: `hao`, `rh2`, `both`, `hao-twice` (two options in one header) or `none`.
  package mutating func carry(_ home: IPv6Address, in carrier: String) {
    guard let ip = index(of: .ipv6) else { return }
    headers.removeAll { $0.kind == .destinationOptions || $0.kind == .rh2 }
    switch carrier {
    case "hao": headers.insert(.homeAddress(home), at: ip + 1)
    case "rh2": headers.insert(.routing(to: home), at: ip + 1)
    case "both": headers.insert(contentsOf: [.routing(to: home), .homeAddress(home)], at: ip + 1)
    case "hao-twice":
      var header = Packet.Header.homeAddress(home)
      header.options += header.options
      headers.insert(header, at: ip + 1)
    default: break
    }
  }
}
