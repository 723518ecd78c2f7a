/// How the messages of bindings are protected (RFC 4877), as both ends agree on it: a description from which either end is made.
package enum BindingSecurity: Sendable {
  /// They go in clear.
  case none
  /// ESP with keys that somebody wrote down (RFC 4301 4.5.1).
  case manual(ManualSecurity)
  case ikev2(IKEAgreement)

  /// Messages go in ESP, or there is at least an IKE SA.
  package var isProtected: Bool { if case .none = self { false } else { true } }
  /// What IKEv2 is to do; nil where nobody speaks it.
  package var agreement: IKEAgreement? { if case .ikev2(let agreement) = self { agreement } else { nil } }

  /// What the reference nodes and the tester agree on in the lab: a shared key, and the algorithms that RFC 8247 and RFC 8221 ask for.
  package static let lab: BindingSecurity = .ikev2(
    IKEAgreement(
      mobileNode: IKEAgreement.End(.text(["ue.detachspec.test"]), .sharedKey(Array("detachspec".utf8))),
      homeAgent: IKEAgreement.End(.text(["ha.detachspec.test"]), .sharedKey(Array("detachspec".utf8))),
      proposals: [IKEProposal([.aesCBC(keyBits: 128)], [.hmacSHA2_256_128], [.hmacSHA2_256], [.curve25519])],
      child: IKEAgreement.Child([IKEProposal([.aesCBC(keyBits: 128)], [.hmacSHA2_256_128])])))
}

/// ESP SAs in transport mode with keys that somebody wrote down: one in each direction for each home address.
package struct ManualSecurity: Hashable, Sendable {
  /// The SA of one direction.
  package struct Direction: Hashable, Sendable {
    /// Of the first home address; each further one has the next.
    package var firstSPI: UInt32
    package var keys: ESPKeys

    package init(firstSPI: UInt32, _ keys: ESPKeys) {
      self.firstSPI = firstSPI
      self.keys = keys
    }
  }

  package var toHomeAgent: Direction
  package var fromHomeAgent: Direction

  package init(toHomeAgent: Direction, fromHomeAgent: Direction) {
    self.toHomeAgent = toHomeAgent
    self.fromHomeAgent = fromHomeAgent
  }

  /// The SAs of the home address with this number, as one end has them.
  func associations(_ number: Int, _ role: BindingProtection.BindingRole) -> IKEChildSA {
    let (inbound, outbound) = role == .homeAgent ? (toHomeAgent, fromHomeAgent) : (fromHomeAgent, toHomeAgent)
    let offset = UInt32(truncatingIfNeeded: number)
    return IKEChildSA(
      inboundSPI: inbound.firstSPI &+ offset, outboundSPI: outbound.firstSPI &+ offset, inbound: inbound.keys, outbound: outbound.keys,
      isTransportMode: true, local: [], remote: [])
  }
}
