package import Judging
package import Link
package import Nodes
package import Security
package import Wire

/// How a reference node is set up for a run: which defects and variations it has, how many home addresses.
package struct ReferenceNode: Sendable {
  package var role: Role
  package var profile: Profile
  package var defects: [DefectUse]
  package var variations: Set<Variation.Name>
  /// More than all cases together use, so that none finds what another left of a home address.
  package var homeAddresses: Int
  package var reattaches: Bool
  /// What protects the messages of its bindings.
  package var security = BindingSecurity.none
  /// From which its IKE SAs are played, or into which they are written; the tester's are as well.
  package var rehearsal: IKERehearsal?
  /// How the packets of its bindings go over the access link.
  package var tunnelling = Tunnelling.native
  /// A NAT stands in front of the UE, whichever side that is.
  package var isBehindNAT = false
  /// Addresses from somebody's description instead of the lab's.
  package var described: Device?

  package init(
    role: Role, profile: Profile, defects: [DefectUse] = [], variations: Set<Variation.Name> = [], homeAddresses: Int = 256,
    reattaches: Bool = false
  ) {
    self.role = role
    self.profile = profile
    self.defects = defects
    self.variations = variations
    self.homeAddresses = homeAddresses
    self.reattaches = reattaches
  }

  /// The device's description of this node.
  package var device: Device {
    var device = Device.reference(
      role: role, profile: profile.id, homeAddresses: homeAddresses, access: Self.accessInterface,
      home: role == .ha ? Self.homeInterface : nil)
    device.tunnel(tunnelling)
    device.ics["reattaches-by-itself"] = reattaches
    device.timers["trigger-time"] = .seconds(5)
    device.security = security
    return device
  }

  package static let accessInterface = "access0"
  package static let homeInterface = "home0"
  /// The tester's Ethernet addresses on the access and on the home link; the node's follow.
  static let testerHardware = [MACAddress(0x0200_0000_0100), MACAddress(0x0200_0000_0101)]
  static let nodeHardware = [MACAddress(0x0200_0000_0200), MACAddress(0x0200_0000_0201)]
  static let natHardware = [MACAddress(0x0200_0000_0300), MACAddress(0x0200_0000_0301)]

  /// The NAT's address, and the first that is behind it; nil without a NAT. In front of the node it has the address that the tester knows
  /// for the node's; in front of the tester 203.0.113.1.
  var translation: (outside: IPv4Address, inside: IPv4Address)? {
    guard isBehindNAT, let careOf = device.careOf.first?.ipv4 else { return nil }
    return role == .ue ? (careOf, IPv4Address(192 << 24 | 168 << 16 | 2)) : (IPv4Address(203 << 24 | 113 << 8 | 1), careOf)
  }

  /// What the node itself is told.
  package var configuration: NodeConfiguration {
    let device = described ?? device
    var configuration = NodeConfiguration(
      dialect: profile.dialect, hardware: role == .ha ? Self.nodeHardware : [Self.nodeHardware[0]], homeAgent: device.homeAgent,
      careOf: role == .ue ? device.careOf.first ?? .unspecified : .unspecified,
      firstHomeAddress: device.homeAddresses.first ?? .unspecified,
      homeAddressCount: device.homeAddresses.count)
    if role == .ue, let translation { configuration.careOf = IPv6Address(mapped: translation.inside) }
    configuration.defects = defects
    configuration.variations = variations
    configuration.reattachesByItself = reattaches
    configuration.security = device.security
    configuration.rehearsal = rehearsal
    configuration.tunnelling = device.tunnelling
    configuration.ipv4HomeAgent = device.ipv4HomeAgent
    return configuration
  }

  /// The node as a station.
  package func station() -> any Station { station(configuration) }

  /// The same, with what it is told already at hand.
  func station(_ configuration: NodeConfiguration) -> any Station {
    switch role {
    case .ha: ReferenceHomeAgent(configuration)
    case .ue: ReferenceUserEquipment(configuration)
    }
  }

  /// A simulated link with the node at its other end, and the hooks that reach it.
  ///
  /// - Parameter start: when it begins, a time that a capture can have; 2024-01-01 unless it is given.
  package func simulation(
    seed: UInt64 = 1, start: Instant = Instant(nanoseconds: 1_704_067_200_000_000_000)
  ) -> (network: SimulatedNetwork, hooks: ImmediateHooks) {
    simulation(of: station(), seed: seed, start: start)
  }

  /// The same for the node in some wrapping.
  func simulation(
    of station: any Station, seed: UInt64 = 1, start: Instant = Instant(nanoseconds: 1_704_067_200_000_000_000)
  ) -> (network: SimulatedNetwork, hooks: ImmediateHooks) {
    let ports = role == .ha ? 2 : 1
    let network = SimulatedNetwork(
      addresses: Array(Self.testerHardware.prefix(ports)), allowing: device.addressGuard, seed: seed,
      start: start)
    let index = network.attach(station, to: Array(0..<ports))
    if let translation {
      let nat = NAT(outside: translation.outside, inside: translation.inside)
      network.translate(port: 0, by: nat, inside: role == .ue ? .toStations : .toTester)
    }
    let hooks = ImmediateHooks { [network] name, context in
      network.command(name.controlLine(for: context), toStation: index)
    }
    return (network, hooks)
  }
}

extension Setup {
  /// What a device's description says, for one profile.
  package init?(_ device: Device, profile: Profile, suite: Suite, seed: UInt64 = 1) {
    guard let text = suite.text(profile.text) else { return nil }
    self.init(
      role: device.role, profile: profile, homeAgent: device.homeAgent,
      device: device.role == .ha ? device.ipv4HomeAgent.map { IPv6Address(mapped: $0) } ?? device.homeAgent : device.careOf.first,
      homes: device.homeAddresses,
      careOf: device.role == .ha ? device.careOf : [],
      correspondent: device.correspondent, accessPort: device.interfaces.firstIndex { $0.purpose == .access } ?? 0,
      homePort: device.correspondent == nil ? nil : device.interfaces.firstIndex { $0.purpose == .home },
      timers: device.timers(under: text),
      ics: device.ics, seed: seed)
    security = device.security
    ics = device.statements
    network = device.network
    tunnelling = device.tunnelling
    ipv4HomeAgent = device.ipv4HomeAgent
  }
}
