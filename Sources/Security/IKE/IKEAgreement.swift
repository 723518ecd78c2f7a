package import Wire

/// What the two ends of a binding's IKE SA agree on, the mobile node and the Home Agent.
package struct IKEAgreement: Sendable {
  /// Who an end says that it is.
  package enum Identity: Hashable, Sendable {
    /// Its own address.
    case address
    /// One for all, or one for each home address in order; `{n}` is the number of the home address from 0 on, `{home-address}` the address.
    case text([String])
    /// The subject of its certificate.
    case subject([UInt8])
    /// Whoever can prove it: of the other end alone.
    case any
  }

  /// How an end proves who it is.
  package enum Proof: Sendable {
    case sharedKey([UInt8])
    /// By a certificate of one of these authorities. The certificate, those behind it, and its key are known of the own end alone.
    case certificate(authorities: [Certificate], chain: [Certificate], PrivateKey?)
    /// EAP-AKA, of a mobile node; the sequence number is the last one that was used, 48 bits.
    case aka(Milenage, sequence: UInt64)
  }

  package struct End: Sendable {
    package var identity: Identity
    package var proof: Proof

    package init(_ identity: Identity, _ proof: Proof) {
      self.identity = identity
      self.proof = proof
    }
  }

  /// The Child SA of IKE_AUTH.
  package struct Child: Hashable, Sendable {
    package var proposals: [IKEProposal]
    package var usesTransportMode = true
    /// Of the selectors: 135 for Mobility Headers, 0 for everything.
    package var protocolID: UInt8 = 135
    /// The Home Agent's side of the selectors; nil: its address alone.
    package var homeAgentSide: ClosedRange<IPv6Address>?

    package init(_ proposals: [IKEProposal]) { self.proposals = proposals }

    /// It carries the bindings' messages (RFC 4877 4.3).
    package var isOfBinding: Bool { usesTransportMode && homeAgentSide == nil }
  }

  /// What a mobile node may ask the Home Agent for in IKE_AUTH (CFG_REQUEST).
  package enum Request: String, Hashable, Sendable, CaseIterable {
    /// MIP6_HOME_PREFIX (RFC 5026).
    case homePrefix = "home-prefix"
    /// INTERNAL_IP6_ADDRESS.
    case homeAddress = "home-address"
  }

  package var mobileNode: End
  package var homeAgent: End
  /// The best first.
  package var proposals: [IKEProposal]
  /// Nil: an IKE SA alone (RFC 6023).
  package var child: Child?
  package var traversal = NATTraversal.detected
  package var requests: [Request] = []

  package init(mobileNode: End, homeAgent: End, proposals: [IKEProposal], child: Child?) {
    self.mobileNode = mobileNode
    self.homeAgent = homeAgent
    self.proposals = proposals
    self.child = child
  }
}

extension IKEAgreement.Identity {
  /// The identity that goes with a home address, of an end that speaks from `own`; nil: anybody.
  package func identity(of home: IPv6Address, number: Int, own: IPv6Address) -> IKEIdentity? {
    switch self {
    case .address: return .address(HostAddress(unmapped: own))
    case .subject(let name): return .distinguishedName(name)
    case .any: return nil
    case .text(let texts):
      guard let text = texts.count > 1 ? (texts.indices.contains(number) ? texts[number] : nil) : texts.first else { return nil }
      return IKEIdentity(text: text.filled(["n": "\(number)", "home-address": "\(home)"]))
    }
  }

  /// It is the same for every home address.
  var isCommon: Bool {
    switch self {
    case .text(let texts): texts.count == 1 && !texts[0].utf8.contains(UInt8(ascii: "{"))
    case .subject: true
    case .address, .any: false
    }
  }
}

extension IKEIdentity {
  /// An address, a network access identifier or mail address, else a domain name (RFC 7296 3.5).
  package init(text: String) {
    if let ipv4 = IPv4Address(text) {
      self = .address(.ipv4(ipv4))
    } else if let ipv6 = IPv6Address(text) {
      self = .address(.ipv6(ipv6))
    } else if text.contains("@") {
      self = .mailAddress(text)
    } else {
      self = .domainName(text)
    }
  }
}

extension String {
  /// The text with the values of names in braces; what stands for no name stays.
  package func filled(_ values: [String: String]) -> String {
    var result = ""
    var rest = self[...]
    while let open = rest.firstIndex(of: "{") {
      result += rest[..<open]
      rest = rest[open...]
      if let close = rest.firstIndex(of: "}"), let value = values[String(rest[rest.index(after: open)..<close])] {
        result += value
        rest = rest[rest.index(after: close)...]
      } else {
        result += rest.prefix(1)
        rest = rest.dropFirst()
      }
    }
    return result + rest
  }
}
