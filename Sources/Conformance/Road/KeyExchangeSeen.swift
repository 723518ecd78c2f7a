import Judging
import Security
import Wire

/// What a probe of the road has seen of IKE so far.
struct KeyExchangeSeen {
  private(set) var established: IKEEstablished?
  private(set) var child: IKEChildSA?
  private(set) var failure: Failure?

  enum Failure {
    case closed(IKEClosure)
    /// The Child SA was refused by an error notification.
    case childRefused(UInt16)
    /// Nothing came in the time that there was.
    case silence
    /// The IKE SA stands, and no Child SA with it.
    case noChild
  }

  mutating func take(_ events: [IKEEvent]) {
    for event in events {
      switch event {
      case .established(_, let sa): established = sa
      case .childEstablished(_, let sa): child = sa
      case .childRefused(_, let notify): failure = failure ?? .childRefused(notify)
      case .closed(_, let reason): failure = failure ?? .closed(reason)
      // Another group is asked for; everything else ends it.
      case .initiatorRefused(let notify) where notify != 17:
        failure = failure ?? .closed(notify == 14 ? .noProposalChosen : .malformed)
      default: break
      }
    }
  }

  /// The step that failed, and the mend.
  static func step(_ failure: Failure, isAuthentication: Bool, _ setup: Setup, _ patience: Interval) -> RoadProbe.Step {
    let name = isAuthentication ? "IKE_AUTH" : "IKE_SA_INIT"
    let device = setup.device.map { $0.ipv4?.description ?? $0.description } ?? "the device"
    switch failure {
    case .closed(let closure): return step(closure, name, setup)
    case .childRefused(let notify):
      return RoadProbe.Step(
        name: "ESP", seen: "the device refuses the Child SA: \(words(notify))",
        mend: notify == 38
          ? "let its traffic selectors have the Mobility Headers (protocol 135) between the home addresses and the Home Agent, or mend 'home-addresses' and 'child'"
          : "let 'child: { proposals: … }' and the device's ESP proposals have one in common, in \(mode(setup)) mode")
    case .noChild:
      return RoadProbe.Step(
        name: "ESP", seen: "the IKE SA stands, and no Child SA came with it",
        mend: "let the device ask for one in \(mode(setup)) mode for the Mobility Headers, or say 'child: none' of one without Mobile IPv6")
    case .silence where setup.role == .ue && !isAuthentication:
      return RoadProbe.Step(
        name: name,
        seen: "the device sent no IKE_SA_INIT to \(setup.homeAgent.ipv4?.description ?? setup.homeAgent.description) in \(patience)",
        mend:
          "see that the device is configured with that address for its Home Agent, that its hook makes it attach, and what its IKE log says"
      )
    case .silence:
      return RoadProbe.Step(
        name: name, seen: "\(device) did not go on in \(patience) (\(isAuthentication ? "IKE_AUTH" : "UDP port 500"))",
        mend: isAuthentication
          ? "look into the device's IKE log; a firewall may let port 500 pass and not 4500, or drop what is large"
          : "see that an IKE daemon listens there, that no firewall drops UDP port 500, and that it has a connection for the tester's address"
      )
    }
  }

  private static func step(_ closure: IKEClosure, _ name: String, _ setup: Setup) -> RoadProbe.Step {
    let (seen, mend): (String, String)
    switch closure {
    case .refused(14), .noProposalChosen:
      seen = closure == .noProposalChosen ? "none of the device's proposals is among ours" : "the device says NO_PROPOSAL_CHOSEN"
      mend = "let 'proposals' in 'security: { ikev2: … }' and those of the device have one in common"
    case .refused(24):
      seen = "the device says AUTHENTICATION_FAILED: it does not believe the tester"
      mend = "let 'tester: { identity: … }' be who the device expects, and 'shared-key', 'certificate' or 'usim' be what it has for it"
    case .refused(38):
      seen = "the device says TS_UNACCEPTABLE"
      mend = "let its traffic selectors have the Mobility Headers (protocol 135) between the home addresses and the Home Agent"
    case .refused(let notify):
      seen = "the device refuses: \(words(notify))"
      mend = "look into the device's IKE log"
    case .authenticationFailed:
      seen = "the device did not prove who it is"
      mend = "let 'device: { identity: … }' be who it says that it is, and 'shared-key', 'authority' or 'usim' be right for it"
    case .childlessUnsupported:
      seen = "the device does not say that it can do without a Child SA (CHILDLESS_IKEV2_SUPPORTED, RFC 6023)"
      mend = "let it allow childless IKE SAs (strongSwan: childless = allow), or describe one in 'child'"
    case .unanswered(let exchange):
      seen = "a request of exchange type \(exchange) stayed without an answer"
      mend = "look into the device's IKE log, and at firewalls for UDP ports 500 and 4500"
    case .deletedByPeer, .deleted:
      seen = "the device deleted the IKE SA again"
      mend = "look into its IKE log"
    case .abandoned:
      seen = "the device did not go on behind IKE_SA_INIT"
      mend = "look into its IKE log: it may not like the tester's answer"
    case .malformed:
      seen = "what the device sent cannot be gone on with"
      mend = "capture it, and look at it with 'detachspec decode'"
    case .error(let error):
      seen = "\(error)"
      mend = "see 'security' in the device's description"
    }
    return RoadProbe.Step(name: name, seen: seen, mend: mend)
  }

  private static func mode(_ setup: Setup) -> String {
    setup.security.agreement?.child?.usesTransportMode == false ? "tunnel" : "transport"
  }

  /// RFC 7296 3.10.1.
  private static func words(_ notify: UInt16) -> String {
    let names: [UInt16: String] = [
      7: "INVALID_SYNTAX", 14: "NO_PROPOSAL_CHOSEN", 17: "INVALID_KE_PAYLOAD", 24: "AUTHENTICATION_FAILED", 34: "SINGLE_PAIR_REQUIRED",
      35: "NO_ADDITIONAL_SAS", 36: "INTERNAL_ADDRESS_FAILURE", 37: "FAILED_CP_REQUIRED", 38: "TS_UNACCEPTABLE", 43: "TEMPORARY_FAILURE",
    ]
    return names[notify] ?? "notification \(notify)"
  }
}
