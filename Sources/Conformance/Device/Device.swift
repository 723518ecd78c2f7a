package import Judging
package import Link
package import Parties
package import Security
package import Wire

/// The device under test and the surroundings that the tester has for it: ETSI's ICS and IXIT.
package struct Device: Sendable {
  /// An interface of the tester.
  package struct Interface: Sendable, Equatable {
    package enum Purpose: String, Sendable, CaseIterable {
      /// Where care-of addresses are: towards the Home Agent, or towards the UE.
      case access
      /// The link of the home addresses, with the correspondent.
      case home
    }
    package var name: String
    package var purpose: Purpose

    package init(name: String, purpose: Purpose) {
      self.name = name
      self.purpose = purpose
    }
  }

  package enum Hook: Sendable, Equatable {
    /// A program and its arguments.
    case command([String])
    /// What an operator is asked to do.
    case prompt(String)
  }

  /// What the device is.
  package var role: Role
  /// The profile that it speaks; nil: not said.
  package var profile: String?
  package var interfaces: [Interface]
  /// The Home Agent: the device, or the one that the tester plays.
  package var homeAgent: IPv6Address
  /// The care-of address of the device, or those that the tester may use.
  package var careOf: [IPv6Address]
  package var homeAddresses: [IPv6Address]
  /// A node on the home link that the tester plays.
  package var correspondent: IPv6Address?
  /// Lengths of time that differ from the defaults, by the names of `timerNames`.
  package var timers: [String: Interval] = [:]
  /// BRIMaxRetriesNumber as it is configured; nil: not known, so that more copies are a note.
  package var briMaxRetries: Int?
  /// What the device is said to do (`Statement.all`); those that are not named are not known.
  package var ics: [String: Bool] = [:]
  package var hooks: [HookName: Hook] = [:]
  /// The secret of the IKE SAs that protect its bindings; nil: their messages go in clear.
  package var security = BindingSecurity.none

  /// The network that a UE on a kernel's own stack attaches to, which the tester plays too; nil: it has its addresses already.
  package var network: AccessNetwork.Configuration?

  /// How the packets of its bindings go over the access link; care-of addresses are IPv4-mapped ones where that is over IPv4.
  package var tunnelling = Tunnelling.native
  /// The Home Agent's IPv4 address, for tunnels.
  package var ipv4HomeAgent: IPv4Address?

  package init(
    role: Role, profile: String?, interfaces: [Interface], homeAgent: IPv6Address, careOf: [IPv6Address], homeAddresses: [IPv6Address],
    correspondent: IPv6Address? = nil
  ) {
    self.role = role
    self.profile = profile
    self.interfaces = interfaces
    self.homeAgent = homeAgent
    self.careOf = careOf
    self.homeAddresses = homeAddresses
    self.correspondent = correspondent
  }

  /// False: the device's IKE SAs are all that it is judged by.
  package var hasMobileIPv6: Bool { ics["mobile-ipv6"] != false }

  /// What it is said to do, with what follows from the rest of the description.
  package var statements: [String: Bool] {
    ics.merging(["ipsec": security.agreement != nil, "tunnelled": tunnelling != .native]) { $1 }
  }

  /// The links that cases and probes may need: `access`; `home` with a correspondent on it.
  package var links: [String] {
    let hasHome = correspondent != nil && interfaces.contains { $0.purpose == .home }
    return hasHome ? ["access", "home"] : ["access"]
  }

  /// Every address that the tester may send to (link-scope addresses of Neighbour Discovery apart).
  package var allowedDestinations: [IPv6Address] {
    let homes = hasMobileIPv6 ? homeAddresses : []
    return (role == .ha ? [homeAgent] + [ipv4HomeAgent].compactMap(\.self).map { IPv6Address(mapped: $0) } : careOf) + homes
  }

  /// The same for the network; an IPv4-mapped address stands for the IPv4 one.
  package var addressGuard: AddressGuard {
    var allowed = AddressGuard(allowedDestinations, allowedDestinations.compactMap(\.ipv4))
    network?.allow(in: &allowed)
    return allowed
  }
}

extension Device {
  private static var timerPaths: [(name: String, path: WritableKeyPath<Timers, Interval>)] {
    [
      ("guard-time", \.guardTime), ("trigger-time", \.triggerTime), ("probe-time", \.probeTime), ("grace", \.grace),
      ("tolerance", \.tolerance),
      ("init-min-delay-bris", \.initialDelay), ("minimum-delay-bris", \.minimumDelay), ("max-brack-timeout", \.maximumDelay),
    ]
  }

  /// The lengths of time that a description may set.
  package static let timerNames = timerPaths.map(\.name)

  /// The constants of a text, with what the device's description says instead.
  package func timers(under text: Text) -> Timers {
    var timers = Timers(text)
    for (name, path) in Self.timerPaths {
      if let interval = self.timers[name] { timers[keyPath: path] = interval }
    }
    timers.doubles = timers.maximumDelay > timers.initialDelay
    if let briMaxRetries { timers.maximumRetries = briMaxRetries }
    return timers
  }
}

extension Device {
  /// In one line: what it is, what protects it, how it is reached.
  package var summary: String {
    let way: String
    switch security {
    case .none: way = "in clear"
    case .manual: way = "ESP by hand"
    case .ikev2: way = "IKEv2"
    }
    let link = tunnelling == .native ? "" : ", over IPv4 (\(tunnelling.rawValue))"
    return "\(role == .ha ? "Home Agent" : "UE")\(hasMobileIPv6 ? "" : " without Mobile IPv6"), \(way)\(link)"
  }
}
