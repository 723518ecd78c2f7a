package import Wire

extension IKEAgreement {
  /// How one of the two ends speaks IKEv2; nil where nobody said how it proves who it is.
  ///
  /// - Parameters:
  ///   - homeAgent: its IPv6 address, of the Child SA's selectors.
  ///   - own: the address that the end speaks from, where that is known already: of an identity that is an address.
  ///   - homes: the home addresses.
  package func configuration(
    _ role: BindingProtection.BindingRole, homeAgent: IPv6Address, own: IPv6Address, homes: [IPv6Address]
  ) -> IKEConfiguration? {
    let isMobileNode = role == .mobileNode
    let (end, peer) = isMobileNode ? (mobileNode, self.homeAgent) : (self.homeAgent, mobileNode)
    let first = homes.first ?? .unspecified
    let identity = end.identity.identity(of: first, number: 0, own: own) ?? .address(HostAddress(unmapped: own))
    guard let credential = end.proof.credential(as: identity), let trust = peer.proof.trust else { return nil }
    var configuration = IKEConfiguration(
      identity, credential, peer: peer.identity.isCommon ? peer.identity.identity(of: first, number: 0, own: own) : nil, trust, proposals)
    configuration.isResponder = !isMobileNode
    configuration.traversal = traversal
    if isMobileNode {
      configuration.attributes = requests.map { $0 == .homePrefix ? .homePrefix(nil) : .address(IPv6Address?.none) }
    } else if let prefix = homes.first, prefix.ipv4 == nil {
      configuration.attributes = [.homePrefix(IPv6Address((prefix.value >> 64) << 64))]
    }
    guard let child, let low = homes.min(), let high = homes.max() else { return configuration }
    let side = child.homeAgentSide ?? homeAgent...homeAgent
    let agent = child.selector(side.lowerBound, side.upperBound)
    configuration.child = IKEChildConfiguration(
      child.proposals, local: isMobileNode ? [] : [agent], remote: isMobileNode ? [agent] : [child.selector(low, high)])
    configuration.child?.usesTransportMode = child.usesTransportMode
    return configuration
  }

  /// What is the mobile node's own of one home address: its identity, what proves it, and its side of the Child SA's selectors.
  func specialize(_ configuration: inout IKEConfiguration, for home: IPv6Address, number: Int, careOf: IPv6Address) {
    if !mobileNode.identity.isCommon, let identity = mobileNode.identity.identity(of: home, number: number, own: careOf) {
      configuration.identity = identity
      if let credential = mobileNode.proof.credential(as: identity) { configuration.credential = credential }
    }
    if let child { configuration.child?.local = [child.selector(home, home)] }
  }
}

extension IKEAgreement.Child {
  fileprivate func selector(_ low: IPv6Address, _ high: IPv6Address) -> TrafficSelector {
    TrafficSelector(protocolID: protocolID, from: HostAddress(unmapped: low), to: HostAddress(unmapped: high))
  }
}

extension IKEAgreement.Proof {
  /// By which its owner proves itself; nil where its private key is not known here.
  fileprivate func credential(as identity: IKEIdentity) -> IKECredential? {
    switch self {
    case .sharedKey(let key): .sharedKey(key)
    case .certificate(_, let chain, let key?): .certificate(chain, key)
    case .certificate: nil
    // Nothing was accepted before: the server's number is above it, whatever it is.
    case .aka(let milenage, _): .eap(AKAPeer(identity: identity.description, USIM(milenage)))
    }
  }

  /// By which the other end believes it; nil where no authority is known.
  fileprivate var trust: IKETrust? {
    switch self {
    case .sharedKey(let key): .sharedKey(key)
    case .certificate(let authorities, _, _): authorities.isEmpty ? nil : .certificate(authorities: authorities)
    case .aka(let milenage, let sequence):
      .eap { identity in AKAServer(milenage, identity: identity.description, sequence: sequence) }
    }
  }
}
