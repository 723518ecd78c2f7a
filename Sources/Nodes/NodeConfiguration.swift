package import Security
package import Wire

/// Which of the two ends a node plays.
package enum NodeRole: String, Sendable, CaseIterable {
  case homeAgent = "ha"
  case userEquipment = "ue"
}

/// Everything that a reference node is told before it starts.
package struct NodeConfiguration: Sendable {
  /// The layout it speaks; the sentences it follows are those of TS 24.303 v0.4.1 with draft-01, of Rel-17 with RFC 5846.
  package var dialect: Dialect
  /// The node's Ethernet address on each port: the access link, then (Home Agent only) the home link.
  package var hardware: [MACAddress]
  package var homeAgent: IPv6Address
  /// The UE's address on the access link; the Home Agent learns care-of addresses from Binding Updates.
  package var careOf: IPv6Address
  /// The home addresses are contiguous: this one and the `homeAddressCount - 1` after it.
  package var firstHomeAddress: IPv6Address
  package var homeAddressCount: Int

  /// MINDelayBRIs of draft-01, InitMINDelayBRIs of RFC 5846 (both clause 11).
  package var initialRevocationDelay = Interval.seconds(1)
  /// MAX_BRACK_TIMEOUT (RFC 5846 11); draft-01 has no back-off.
  package var maximumRevocationDelay = Interval.seconds(2)
  /// BRIMaxRetriesNumber (clause 11).
  package var maximumRetries = 1
  /// INITIAL_BINDACK_TIMEOUT (RFC 6275 12).
  package var initialBindingTimeout = Interval.seconds(1)
  /// MAX_BINDACK_TIMEOUT (RFC 6275 12).
  package var maximumBindingTimeout = Interval.seconds(32)
  /// How long the UE knows a BRI again that it has answered.
  package var indicationMemory = Interval.seconds(8)

  /// What the UE asks for, in units of 4 s.
  package var requestedLifetime: UInt16 = 900
  /// The most that the Home Agent grants, in units of 4 s.
  package var maximumLifetime: UInt16 = 900
  /// The L and K bits of the UE's Binding Updates (RFC 6275 6.1.7).
  package var isLinkLocalCompatible = false
  package var hasKeyManagementMobility = true
  /// The UE registers again at once after a revocation.
  package var reattachesByItself = false
  /// Binding Errors and ICMPv6 errors that the node sends in a second; 0: as many as there is cause for.
  package var errorsPerSecond = 0
  /// Everything that the node would draw by lot follows from it.
  package var seed: UInt64 = 1
  /// What protects the bindings' messages, as both ends agree on it.
  package var security = BindingSecurity.none
  /// From which the node's IKE SAs are played, or into which they are written.
  package var rehearsal: IKERehearsal?
  /// How the packets of bindings go over the access link; `careOf` is an IPv4-mapped address where that is over IPv4.
  package var tunnelling = Tunnelling.native
  /// The Home Agent's IPv4 address.
  package var ipv4HomeAgent: IPv4Address?
  package var defects: [DefectUse] = []
  /// Told which defects the node looks for in itself.
  package var witness: DefectWitness?
  package var variations: Set<Variation.Name> = []

  package init(
    dialect: Dialect, hardware: [MACAddress], homeAgent: IPv6Address, careOf: IPv6Address = .unspecified, firstHomeAddress: IPv6Address,
    homeAddressCount: Int = 1
  ) {
    self.dialect = dialect
    self.hardware = hardware
    self.homeAgent = homeAgent
    self.careOf = careOf
    self.firstHomeAddress = firstHomeAddress
    self.homeAddressCount = homeAddressCount
  }

  /// It is one of the configured home addresses.
  package func holds(_ home: IPv6Address) -> Bool {
    home >= firstHomeAddress && home.value &- firstHomeAddress.value < UInt128(max(0, homeAddressCount))
  }

  /// It is on the home link: a /64, as for every link of RFC 4291 2.5.1.
  func isOnHomeLink(_ address: IPv6Address) -> Bool { address.value >> 64 == firstHomeAddress.value >> 64 }

  /// The wait after the BRI (`copies` = 0) or after its n-th copy.
  func revocationWait(copies: Int) -> Interval {
    dialect == .draft01 ? initialRevocationDelay : min(initialRevocationDelay * (1 << Int64(min(copies, 20))), maximumRevocationDelay)
  }

  /// The home addresses, for people.
  var homeAddressRange: String {
    homeAddressCount > 1 ? "\(firstHomeAddress) to \(firstHomeAddress.advanced(by: homeAddressCount - 1))" : "\(firstHomeAddress)"
  }
}
