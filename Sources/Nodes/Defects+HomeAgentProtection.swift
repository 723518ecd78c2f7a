private let each: [Defect.Modifier] = [.first, .second]
private let protectedSignalling = Requirements.both("BR01-6.1-02")
private let protectedUpdates = Requirements.both("R4877-4.1-01")
private let authenticated = Requirements.both("M-12")
/// Draft-01 says it of the UE alone.
private let underIPsec = Requirements.rfc("BR01-6.2-02")
private let sameEncapsulation = Requirements.rfc("R5846-4-01")
private let closed = Requirements.both("24303-5.4.3.2-04")
private let isolation = Requirements.both("24303-5.4.3-05")

private func ha(
  _ id: Defect.Name, _ breaks: Requirements, _ modifiers: [Defect.Modifier] = each, _ summary: String
) -> Defect {
  Defect(id, .homeAgent, breaks, under(modifiers, breaks), summary)
}

/// Those of a Home Agent whose bindings have keys, or a tunnel.
let homeAgentProtectionDefects: [Defect] = [
  ha(
    .deleteUnanswered, .both("24303-5.4.3.2-03"), each + [.race],
    "the UE's DELETE gets no response; RFC 7296 1.4: every request is answered"),
  ha(
    .ikeSAKept, .both("24303-5.4.3.2-03"), each + [.race],
    "an IKE SA that the UE has deleted goes on answering, though its ESP SAs are closed; 24303 5.4.3.2: it is closed"),
  ha(
    .deleteAnsweredAnew, .both("I-07c"), "a DELETE that comes again is answered by other octets than the first time; RFC 7296 2.1: the same"
  ),
  ha(.deleteCopyChanged, .both("I-07b"), "a DELETE that is sent again is other octets than the first; RFC 7296 2.1: the same"),
  ha(.informationalUnanswered, .both("I-01"), "an empty INFORMATIONAL request gets no response; RFC 7296 1.4: every request is answered"),
  ha(
    .espSAsKept, closed, each + [.race],
    "the ESP SAs of an IKE SA that the UE has deleted live on; 24303 5.4.3.2: they are closed"),
  ha(
    .espInboundKept, closed, "what comes under the ESP SA of an IKE SA that the UE has deleted is still taken; 24303 5.4.3.2: it is closed"),
  ha(
    .espOutboundKept, closed,
    "a revocation goes on under the ESP SA of an IKE SA that the UE has deleted meanwhile; 24303 5.4.3.2: it is closed"),
  ha(.deleteWithSPISize, .both("I-02"), "the Home Agent's DELETE of the IKE SA has an SPI Size of 8; RFC 7296 3.11: 0"),
  ha(.deleteListsSPIs, .both("I-02"), "the Home Agent's DELETE of the IKE SA lists an SPI; RFC 7296 3.11: none"),
  ha(
    .forgedDeleteAccepted, .both("I-10b"),
    "a DELETE of the IKE SA whose integrity check value is wrong is carried out; RFC 7296 2.4: nothing is concluded from it"),
  ha(
    .unprotectedDeleteAccepted, .both("I-10b"),
    "a DELETE of the IKE SA that comes in clear is carried out; RFC 7296 1.4, 2.4: nothing is concluded from it"),
  ha(
    .deleteAnsweredWithOtherMessageID, .both("I-07a"),
    "the response to a DELETE has the Message ID of the next request; RFC 7296 2.2: that of its own"),
  ha(.deleteAnsweredInClear, .both("24303-5.4.3.2-03"), "the response to a DELETE comes in clear; RFC 7296 1.4: it is protected"),
  ha(.replayedESPAccepted, .both("R4303-3.4.3-01"), "an ESP packet that comes again is taken again; RFC 4303 3.4.3"),
  ha(.bystanderIKESAClosed, isolation, "a DELETE closes the IKE SA of another binding too; 24.303 5.4.3"),
  ha(.bystanderESPSAsClosed, isolation, "a DELETE closes the ESP SAs of another binding too; 24.303 5.4.3"),
  ha(
    .briInClear, protectedSignalling, each + [.copyOnly],
    "the BRI goes in clear though the binding has an ESP SA; clause 6.1 of draft-01 and RFC 5846"),
  ha(.briUnderAnotherSA, protectedSignalling, "the BRI is sealed by the ESP SA of another binding; clause 6.1 of draft-01 and RFC 5846"),
  ha(
    .baInClear, protectedUpdates, each + [.race], "the BA to a BU(0) goes in clear though the binding has an ESP SA; RFC 4877 4.1"),
  ha(.baUnderAnotherSA, protectedUpdates, "the BA to a BU(0) is sealed by the ESP SA of another binding; RFC 4877 4.1"),
  ha(.unprotectedBUAccepted, authenticated, "a BU in clear is taken though the binding has an ESP SA; RFC 6275 10.3.1"),
  ha(.unprotectedBUTakenSilently, authenticated, "a BU in clear is carried out, and not answered; RFC 6275 10.3.1"),
  ha(.foreignSABUAccepted, authenticated, "a BU under the ESP SA of another binding is taken; RFC 6275 10.3.1"),
  ha(.forgedBUAccepted, authenticated, "a BU whose integrity check value is wrong is taken; RFC 6275 10.3.1, RFC 4303 3.4.4"),
  ha(.unprotectedBRAAccepted, underIPsec, "a BRA in clear ends the revocation though the binding has an ESP SA; RFC 5846 6.2"),
  ha(.foreignSABRAAccepted, underIPsec, "a BRA under the ESP SA of another binding ends the revocation; RFC 5846 6.2"),
  ha(.forgedBRAAccepted, underIPsec, "a BRA whose integrity check value is wrong ends the revocation; RFC 5846 6.2, RFC 4303 3.4.4"),
  ha(
    .briNotInUDP, sameEncapsulation, each + [.copyOnly],
    "the BRI goes as IPv6 in IPv4 where the UE's BU came in UDP; RFC 5846 4: in the same encapsulation"),
  ha(
    .briToOtherPort, sameEncapsulation, each + [.copyOnly],
    "the BRI goes to another UDP port than that of the UE's BU; RFC 5846 4: to the same"),
]

private func ha(_ id: Defect.Name, _ breaks: Requirements, _ summary: String) -> Defect { ha(id, breaks, each, summary) }
