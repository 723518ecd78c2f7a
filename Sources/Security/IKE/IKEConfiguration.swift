package import Wire

/// How a party proves to the other who it is.
package enum IKECredential: Sendable {
  case sharedKey([UInt8])
  /// The own certificate, those between it and an authority behind it.
  case certificate([Certificate], PrivateKey)
  /// EAP-AKA, of an initiator (RFC 7296 2.16).
  case eap(AKAPeer)
}

/// How a party lets the other prove who it is.
package enum IKETrust: Sendable {
  case sharedKey([UInt8])
  /// By a certificate of one of these authorities, made out to the identity.
  case certificate(authorities: [Certificate])
  /// EAP-AKA, asked by a responder: who answers for an identity; nil: nobody knows it.
  case eap(@Sendable (IKEIdentity) -> AKAServer?)
}

/// What a party wants of a Child SA.
package struct IKEChildConfiguration: Sendable {
  package var proposals: [IKEProposal]
  /// Transport mode is asked for and agreed to (RFC 7296 1.3.1).
  package var usesTransportMode = true
  /// This party's side, and the other's.
  package var local: [TrafficSelector]
  package var remote: [TrafficSelector]

  package init(_ proposals: [IKEProposal], local: [TrafficSelector], remote: [TrafficSelector]) {
    self.proposals = proposals
    self.local = local
    self.remote = remote
  }
}

/// An attribute of a configuration payload (RFC 7296 3.15.1).
package struct ConfigurationAttribute: Hashable, Sendable {
  package var type: UInt16
  package var value: [UInt8]

  package init(type: UInt16, value: [UInt8] = []) {
    self.type = type
    self.value = value
  }

  /// INTERNAL_IP4_ADDRESS.
  package static func address(_ address: IPv4Address?) -> Self { Self(type: 1, value: address.map { HostAddress.ipv4($0).octets } ?? []) }
  /// INTERNAL_IP6_ADDRESS, with the length of its prefix.
  package static func address(_ address: IPv6Address?, prefixLength: UInt8 = 64) -> Self {
    Self(type: 8, value: address.map { $0.octets + [prefixLength] } ?? [])
  }
  /// MIP6_HOME_PREFIX (RFC 5026), with its lifetime in seconds; nil asks for one.
  package static func homePrefix(_ prefix: IPv6Address?, length: UInt8 = 64, lifetime: UInt32 = .max) -> Self {
    Self(type: 16, value: prefix.map { [UInt8](bigEndian: lifetime) + $0.octets + [length] } ?? [])
  }
}

/// Which UDP ports an IKE SA goes on with after IKE_SA_INIT (RFC 7296 2.23).
package enum NATTraversal: Sendable {
  /// 4500 where a NAT was detected.
  case detected
  /// 4500 even without a NAT (RFC 5555 6).
  case always
  /// The ports of the first message, and no NAT detection.
  case never
}

/// How often a request is sent again (RFC 7296 2.4).
package struct IKERetransmission: Hashable, Sendable {
  /// The first wait; each is twice the one before.
  package var first = Interval.seconds(1)
  /// How many copies follow the first.
  package var copies = 5

  package init(first: Interval = .seconds(1), copies: Int = 5) {
    self.first = first
    self.copies = copies
  }
}

/// A message on its way out, before it is sealed.
package struct IKEOutgoing: Sendable {
  package var exchange: UInt8
  package var isResponse: Bool
  package var id: UInt32
  /// The payloads, each followed by its parts; they go into SK where `isSealed`.
  package var payloads: [Packet.Option]
  package var isSealed: Bool
  /// Values for fields of the IKE header, in place of what would stand there.
  package var header: [(path: FieldPath, value: UInt128)] = []
  /// Values for fields of SK's generic header.
  package var sk: [(path: FieldPath, value: UInt128)] = []
  package var seal = IKESeal.Overrides()
  /// Other algorithms or keys than those of the SA.
  package var key: IKESeal?
}

/// How a party speaks IKEv2.
package struct IKEConfiguration: Sendable {
  package var identity: IKEIdentity
  /// Who the other has to be; nil: anybody who can prove it.
  package var peerIdentity: IKEIdentity?
  package var credential: IKECredential
  package var trust: IKETrust
  /// The best first.
  package var proposals: [IKEProposal]
  /// The Child SA of IKE_AUTH; nil: none is asked for, or agreed to (RFC 6023).
  package var child: IKEChildConfiguration?
  /// As an initiator: what is asked for in CFG_REQUEST. As a responder: what is answered to one of the same type; addresses count up from
  /// one initiator to the next.
  package var attributes: [ConfigurationAttribute] = []
  package var traversal = NATTraversal.detected
  package var retransmission = IKERetransmission()
  /// As a responder: every initiator must return a cookie first (RFC 7296 2.6).
  package var asksForCookie = false
  /// A responder answers IKE_SA_INIT requests.
  package var isResponder = true
  /// A new initiator says that it has no other SA with this peer (RFC 7296 2.4).
  package var saysInitialContact = false
  /// An unprotected INVALID_IKE_SPI answers a request for an SA that does not exist, once a second at most (RFC 7296 1.5).
  package var answersUnknownSPIs = true
  /// How often a party behind a NAT keeps its mapping alive (RFC 3948 4).
  package var keepAlive = Interval.seconds(20)
  /// How long the answer to a DELETE is remembered after the SA is gone, and how long an initiator may take for its IKE_AUTH.
  package var memory = Interval.seconds(30)
  /// What the first exchanges of its IKE SAs are played from, or written into.
  package var rehearsal: IKERehearsal?
  /// Changes a message before it is sealed: anything can be made wrong.
  package var alter: (@Sendable (inout IKEOutgoing) -> Void)?

  package init(
    _ identity: IKEIdentity, _ credential: IKECredential, peer: IKEIdentity? = nil, _ trust: IKETrust, _ proposals: [IKEProposal]
  ) {
    self.identity = identity
    self.credential = credential
    peerIdentity = peer
    self.trust = trust
    self.proposals = proposals
  }
}
