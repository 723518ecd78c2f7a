package import Wire

extension IKEConfiguration {
  /// What two ends of a binding in the lab agree on: the algorithms that RFC 8247 and RFC 8221 ask for, and a shared key.
  private static func lab(_ own: IKEIdentity, _ peer: IKEIdentity?, _ sharedKey: [UInt8]) -> IKEConfiguration {
    IKEConfiguration(
      own, .sharedKey(sharedKey), peer: peer, .sharedKey(sharedKey),
      [IKEProposal([.aesCBC(keyBits: 128)], [.hmacSHA2_256_128], [.hmacSHA2_256], [.curve25519])])
  }

  private static let childProposals = [IKEProposal([.aesCBC(keyBits: 128)], [.hmacSHA2_256_128])]

  /// A mobile node that asks for a Child SA in transport mode for its Mobility Headers (RFC 4877 4.3).
  package static func mobileNode(homeAgent: IPv6Address, sharedKey: [UInt8]) -> IKEConfiguration {
    var configuration = lab(.domainName("ue.detachspec.test"), .domainName("ha.detachspec.test"), sharedKey)
    configuration.isResponder = false
    configuration.child = IKEChildConfiguration(childProposals, local: [], remote: [.mobility(.ipv6(homeAgent))])
    return configuration
  }

  /// A Home Agent that agrees to one for each of its home addresses.
  package static func homeAgent(
    _ homeAgent: IPv6Address, homeAddresses: ClosedRange<IPv6Address>, sharedKey: [UInt8]
  ) -> IKEConfiguration {
    var configuration = lab(.domainName("ha.detachspec.test"), nil, sharedKey)
    configuration.child = IKEChildConfiguration(
      childProposals, local: [.mobility(.ipv6(homeAgent))],
      remote: [TrafficSelector(protocolID: 135, from: .ipv6(homeAddresses.lowerBound), to: .ipv6(homeAddresses.upperBound))])
    return configuration
  }
}
