package import Wire

/// The ESP SAs of a Child SA, one in each direction.
package struct IKEChildSA: Hashable, Sendable {
  /// What the peer puts into its packets.
  package var inboundSPI: UInt32
  package var outboundSPI: UInt32
  package var inbound: ESPKeys
  package var outbound: ESPKeys
  package var isTransportMode: Bool
  package var local: [TrafficSelector]
  package var remote: [TrafficSelector]

  /// The ESP SA of what this side receives.
  package var inboundAssociation: SecurityAssociation {
    SecurityAssociation(spi: inboundSPI, inbound, isTransportMode ? .transport : .tunnel)
  }
  /// The ESP SA of what this side sends.
  package var outboundAssociation: SecurityAssociation {
    SecurityAssociation(spi: outboundSPI, outbound, isTransportMode ? .transport : .tunnel)
  }
}

/// An IKE SA that has come into being.
package struct IKEEstablished: Hashable, Sendable {
  package var spis: IKESPIs
  /// This party is the original initiator.
  package var isInitiator: Bool
  package var algorithms: IKEAlgorithms
  package var group: DiffieHellmanGroup
  package var keys: IKEKeys
  package var local: UDPAddress
  package var remote: UDPAddress
  package var peerIdentity: IKEIdentity
  /// What the responder assigned (CFG_REPLY), whichever of the two this party is.
  package var attributes: [ConfigurationAttribute]

  /// For a reader of a capture.
  package var record: IKEKeyRecord {
    IKEKeyRecord(initiatorSPI: spis.initiator, responderSPI: spis.responder, algorithms, keys)
  }
}

/// Why an IKE SA is gone, or never came into being.
package enum IKEClosure: Hashable, Sendable {
  /// The peer's DELETE was answered.
  case deletedByPeer
  /// The own DELETE was answered.
  case deleted
  /// A request stayed unanswered to the last copy.
  case unanswered(exchange: UInt8)
  /// An error notification of the peer ended it.
  case refused(notify: UInt16)
  /// The peer did not prove who it is.
  case authenticationFailed
  /// What the peer sent cannot be gone on with.
  case malformed
  /// None of the peer's proposals, groups or selectors is acceptable.
  case noProposalChosen
  /// The responder does not say that it can do without a Child SA (RFC 6023).
  case childlessUnsupported
  /// The initiator did not go on behind IKE_SA_INIT.
  case abandoned
  /// Another IKE SA took its place, and the peer or this party deleted it.
  case error(SecurityError)
}

/// Why a datagram was dropped without an answer.
package enum IKEDiscard: Hashable, Sendable {
  /// Not an IKE message: too short, a keepalive, ESP, or of another length than it says.
  case noMessage
  case version(UInt8)
  case unknownSPIs(IKESPIs)
  /// A response that nobody waits for.
  case unsolicitedResponse
  /// A Message ID that is not the next, and not the one of the last answer.
  case outsideWindow
  /// An exchange that has no place here.
  case exchange(UInt8)
  /// Not sealed where it has to be.
  case unprotected
  /// It could not be opened.
  case sealed(SecurityError)
  /// Nothing listens for new SAs.
  case notResponding
  case malformed
}

/// What happened to a party's IKE SAs. The first value of each is the SA's handle: its SPI on this side.
package enum IKEEvent: Sendable {
  case established(UInt64, IKEEstablished)
  case childEstablished(UInt64, IKEChildSA)
  /// The peer did not agree to the Child SA, with its reason.
  case childRefused(UInt64, notify: UInt16)
  case childClosed(UInt64, IKEChildSA, byPeer: Bool)
  /// A request of the peer that was accepted; the payloads inside.
  case requested(UInt64, exchange: UInt8, [Packet.Option])
  /// A DELETE of the peer.
  case deleteReceived(UInt64, protocolID: UInt8, spis: [UInt32])
  /// A notification of the peer in an INFORMATIONAL request, or its answer to the party's own.
  case notified(UInt64, type: UInt16, [UInt8])
  /// The answer to a request of this party's; the payloads inside.
  case answered(UInt64, exchange: UInt8, id: UInt32, [Packet.Option])
  /// A request was sent again.
  case retransmitted(UInt64, id: UInt32)
  /// The answer to a request that came again was sent again.
  case repeated(UInt64, id: UInt32)
  /// The IKE SA was replaced by another, which has its Child SAs.
  case replaced(UInt64, by: UInt64)
  case closed(UInt64, IKEClosure)
  /// An initiator's first message was answered by an error notification.
  case initiatorRefused(notify: UInt16)
  case discarded(IKEDiscard)
}

/// What a party wants done.
package struct IKEOutput: Sendable {
  package var datagrams: [IKEDatagram] = []
  package var events: [IKEEvent] = []

  package init() {}
}

/// Notify Message Types that code names (RFC 7296 3.10.1, RFC 6023 3, RFC 7427 7).
enum NotifyType {
  static let unsupportedCriticalPayload: UInt16 = 1
  static let invalidIKESPI: UInt16 = 4
  static let invalidMajorVersion: UInt16 = 5
  static let invalidSyntax: UInt16 = 7
  static let noProposalChosen: UInt16 = 14
  static let invalidKEPayload: UInt16 = 17
  static let authenticationFailed: UInt16 = 24
  static let noAdditionalSAs: UInt16 = 35
  static let tsUnacceptable: UInt16 = 38
  static let temporaryFailure: UInt16 = 43
  static let childSANotFound: UInt16 = 44
  static let initialContact: UInt16 = 16384
  static let natDetectionSource: UInt16 = 16388
  static let natDetectionDestination: UInt16 = 16389
  static let cookie: UInt16 = 16390
  static let useTransportMode: UInt16 = 16391
  static let rekeySA: UInt16 = 16393
  static let eapOnlyAuthentication: UInt16 = 16417
  static let childlessSupported: UInt16 = 16418
  static let signatureHashAlgorithms: UInt16 = 16431

  /// Below 16384 a notification tells an error (RFC 7296 3.10.1).
  static func isError(_ type: UInt16) -> Bool { type < 16384 }
}

/// Exchange types (RFC 7296 3.1).
enum Exchange {
  static let initial: UInt8 = 34
  static let authentication: UInt8 = 35
  static let createChild: UInt8 = 36
  static let informational: UInt8 = 37
}
