package import Judging
package import Parties
package import Security
package import Wire

/// What a run is about: the device's description, brought down to what the session needs of it.
package struct Setup: Sendable {
  /// The device's role.
  package var role: Role
  package var profile: Profile
  /// The Home Agent's address: the device's, or the one that the tester plays.
  package var homeAgent: IPv6Address
  /// The device's own address on the access link: the Home Agent's or the UE's care-of address; nil: not known.
  package var device: IPv6Address?
  /// Home addresses that cases may lease.
  package var homes: [IPv6Address]
  /// Care-of addresses of the UEs that the tester plays, one for each home address; empty where the device is the UE.
  package var careOf: [IPv6Address]
  /// The correspondent that the tester plays on the home link.
  package var correspondent: IPv6Address?
  /// The network's port on the access side, and on the home side where there is one.
  package var accessPort: Int
  package var homePort: Int?
  package var timers: Timers
  /// Statements of the device's ICS.
  package var ics: [String: Bool]
  /// What protects the messages of the bindings.
  package var security = BindingSecurity.none
  /// From which the party's IKE SAs are played, or into which they are written.
  package var rehearsal: IKERehearsal?
  /// How the packets of the bindings go over the access link; care-of addresses are IPv4-mapped ones where that is over IPv4.
  package var tunnelling = Tunnelling.native
  /// The Home Agent's IPv4 address.
  package var ipv4HomeAgent: IPv4Address?
  /// The network that the UE attaches to; nil: it needs none.
  package var network: AccessNetwork.Configuration?
  /// Of sequence numbers and the like.
  package var seed: UInt64

  package init(
    role: Role, profile: Profile, homeAgent: IPv6Address, device: IPv6Address?, homes: [IPv6Address], careOf: [IPv6Address],
    correspondent: IPv6Address?,
    accessPort: Int = 0, homePort: Int?, timers: Timers, ics: [String: Bool], seed: UInt64 = 1
  ) {
    self.role = role
    self.profile = profile
    self.homeAgent = homeAgent
    self.device = device
    self.homes = homes
    self.careOf = careOf
    self.correspondent = correspondent
    self.accessPort = accessPort
    self.homePort = homePort
    self.timers = timers
    self.ics = ics
    self.ics["ipsec"] = false
    self.ics["tunnelled"] = false
    self.seed = seed
  }

  /// False: the device's IKE SAs are all that it is judged by.
  package var hasMobileIPv6: Bool { ics["mobile-ipv6"] != false }

  /// The links that there are, by the names that cases and probes use.
  package var links: Set<String> { homePort == nil ? ["access"] : ["access", "home"] }
}
