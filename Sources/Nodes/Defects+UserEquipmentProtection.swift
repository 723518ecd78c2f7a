private let each: [Defect.Modifier] = [.first, .second]
private let protectedSignalling = Requirements.both("BR01-6.1-02")
private let protectedUpdates = Requirements.both("R4877-4.1-01")
private let underIPsec = Requirements.both("BR01-6.2-02")
private let authenticated = Requirements.both("M-20a")
private let sameEncapsulation = Requirements.rfc("R5846-4-01")
/// After a revocation, after a detach.
private let removed = Requirements.both("24303-5.4.2.1-06", "24303-5.4.2.2-02")
private let isolation = Requirements.both("24303-5.4.2.1-08")

private func ue(
  _ id: Defect.Name, _ breaks: Requirements, _ modifiers: [Defect.Modifier], _ summary: String,
  changing changed: [Defect.Modifier: Requirements] = [:]
) -> Defect {
  Defect(id, .userEquipment, breaks, under(modifiers, breaks) + changed, summary)
}

private func ue(_ id: Defect.Name, _ breaks: Requirements, _ summary: String) -> Defect { ue(id, breaks, each, summary) }

/// Those of a UE whose bindings have keys, or a tunnel.
let userEquipmentProtectionDefects: [Defect] = [
  ue(
    .deleteNotSent, .both("24303-5.4.2.1-06", "24303-5.4.2.2-03"), each,
    "the UE keeps the IKE SA of a binding that is over; 24303 5.4.2.1, 5.4.2.2: it deletes it",
    changing: [.otherBinding: .both("24303-5.4.2.1-06", "24303-5.4.2.2-03", "24303-5.4.2.1-08")]),
  ue(
    .deleteNamesESPSAs, .both("24303-5.4.2.1-06", "24303-5.4.2.2-04"),
    "the UE's DELETE names protocol 3 and its ESP SAs alone; 24303 5.4.2.2: protocol 1"),
  ue(.deleteWithSPISize, .both("24303-5.4.2.2-04"), "the DELETE of the IKE SA has an SPI Size of 8; RFC 7296 3.11: 0"),
  ue(.deleteListsSPIs, .both("24303-5.4.2.2-04"), "the DELETE of the IKE SA lists an SPI; RFC 7296 3.11: none"),
  ue(.deleteBeforeBRA, .both("24303-5.4.2.1-07"), "the DELETE goes before the BRA; 24303 5.4.2.1: the BRA first"),
  ue(.ikeSAKept, removed, "the IKE SA that the UE has deleted goes on answering; 24303 5.4.2.1, 5.4.2.2: it is removed"),
  ue(.espSAsKept, removed, "what comes under the ESP SAs of an IKE SA that the UE has deleted is still taken; 24303 5.4.2.1, 5.4.2.2"),
  ue(.deleteCopyChanged, .both("I-07b"), "a DELETE that is sent again is other octets than the first; RFC 7296 2.1: the same"),
  ue(.deleteUnanswered, .both("I-01"), "the Home Agent's DELETE gets no response; RFC 7296 1.4: every request is answered"),
  ue(
    .deleteAnsweredAnew, .both("I-07c"), "a DELETE that comes again is answered by other octets than the first time; RFC 7296 2.1: the same"
  ),
  ue(.informationalUnanswered, .both("I-01"), "an empty INFORMATIONAL request gets no response; RFC 7296 1.4: every request is answered"),
  ue(
    .espSAsKeptByPeer, .both("I-05"),
    "the ESP SAs of an IKE SA that the Home Agent has deleted live on; RFC 7296 1.4.1: they go with it"),
  ue(
    .forgedDeleteAccepted, .both("I-10b"),
    "a DELETE of the IKE SA whose integrity check value is wrong is carried out; RFC 7296 2.4: nothing is concluded from it"),
  ue(
    .unprotectedDeleteAccepted, .both("I-10b"),
    "a DELETE of the IKE SA that comes in clear is carried out; RFC 7296 1.4, 2.4: nothing is concluded from it"),
  ue(
    .deleteAnsweredWithOtherMessageID, .both("I-07a"),
    "the response to a DELETE has the Message ID of the next request; RFC 7296 2.2: that of its own"),
  ue(.deleteAnsweredInClear, .both("I-01"), "the response to a DELETE comes in clear; RFC 7296 1.4: it is protected"),
  ue(.replayedESPAccepted, .both("R4303-3.4.3-01"), "an ESP packet that comes again is taken again; RFC 4303 3.4.3"),
  ue(.otherIKESADeleted, isolation, "after a BRI for one binding the IKE SA of another is deleted too; 24.303 5.4.2.1"),
  ue(.otherESPSAsClosed, isolation, "after a BRI for one binding the ESP SAs of another are closed too; 24.303 5.4.2.1"),
  // Copies of the BRI come under keys that are gone, and get no BRA.
  ue(
    .braInClear, protectedSignalling, each,
    "the BRA goes in clear though the binding has an ESP SA; clause 6.1 of draft-01 and RFC 5846"),
  ue(.braUnderAnotherSA, protectedSignalling, "the BRA is sealed by the ESP SA of another binding; clause 6.1 of draft-01 and RFC 5846"),
  ue(.buInClear, protectedUpdates, each + [.copyOnly], "the BU(0) goes in clear though the binding has an ESP SA; RFC 4877 4.1"),
  ue(.buUnderAnotherSA, protectedUpdates, "the BU(0) is sealed by the ESP SA of another binding; RFC 4877 4.1"),
  ue(
    .unprotectedBRIAccepted, underIPsec,
    "a BRI in clear is taken though the binding has an ESP SA; clause 6.2 of draft-01 and RFC 5846"),
  ue(.foreignSABRIAccepted, underIPsec, "a BRI under the ESP SA of another binding is taken; clause 6.2 of draft-01 and RFC 5846"),
  ue(
    .forgedBRIAccepted, underIPsec,
    "a BRI whose integrity check value is wrong is taken; clause 6.2 of draft-01 and RFC 5846, RFC 4303 3.4.4"),
  ue(.unprotectedBAAccepted, authenticated, "a BA in clear ends the de-registration though the binding has an ESP SA; RFC 6275 11.7.3"),
  ue(.foreignSABAAccepted, authenticated, "a BA under the ESP SA of another binding ends the de-registration; RFC 6275 11.7.3"),
  ue(
    .forgedBAAccepted, authenticated,
    "a BA whose integrity check value is wrong ends the de-registration; RFC 6275 11.7.3, RFC 4303 3.4.4"),
  ue(
    .braNotInUDP, sameEncapsulation, each, "the BRA goes as IPv6 in IPv4 where the BU went in UDP; RFC 5846 4: in the same encapsulation"),
  ue(.braFromOtherPort, sameEncapsulation, "the BRA comes from another UDP port than the BU; RFC 5846 4: from the same"),
]
