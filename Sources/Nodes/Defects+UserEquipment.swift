private let each: [Defect.Modifier] = [.first, .second]
private let numbered: [Defect.Modifier] = [.first, .second, .wrap, .afterError]
/// The number of a BU is the UE's own: no tester can make it wrap.
private let unnumbered: [Defect.Modifier] = [.first, .second, .afterError]

private func ue(
  _ id: Defect.Name, _ breaks: Requirements, _ modifiers: [Defect.Modifier], _ summary: String,
  changing changed: [Defect.Modifier: Requirements] = [:]
) -> Defect {
  Defect(id, .userEquipment, breaks, under(modifiers, breaks) + changed, summary)
}

let userEquipmentDefects: [Defect] = [
  ue(
    .braNotSent, .both("24303-5.4.2.1-02"), [],
    "no BRA answers a BRI that asks for it; 24.303 5.4.2.1, RFC 5846 10.1",
    // Under draft-01 one that does not answer the first BRI may be one that takes no Home Address option.
    changing: under(numbered + [.late], .rfc("24303-5.4.2.1-02")) + under([.second], .both("24303-5.4.2.1-02"))),
  ue(.braBadStatus, .both("24303-5.4.2.1-03"), numbered, "the BRA's status is 2 (draft-01) or 128; 24.303 5.4.2.1: successful"),
  ue(
    .braSequenceWrong, .both("BR01-6.1-03"), numbered + [.race, .copyOnly],
    "the BRA has another sequence number than the BRI; clause 6.1 of draft-01 and RFC 5846"),
  ue(
    .braToWrongAddress, .both("BR01-10.2-02"), numbered + [.race, .copyOnly],
    "the BRA goes to the home address instead of the BRI's source; clause 10.2 of draft-01 and RFC 5846"),
  ue(.braBadChecksum, .both("MH-send-01"), numbered + [.race, .copyOnly], "the BRA's checksum is wrong; RFC 6275 6.1.1"),
  ue(.braPayloadProto, .both("MH-send-01"), numbered + [.race, .copyOnly], "the BRA's Payload Proto is 6; RFC 6275 6.1.1 says 59"),
  ue(
    .braReservedSet, .both("MH-send-01"), numbered + [.race, .copyOnly],
    "the Mobility Header's Reserved field of the BRA is not 0; RFC 6275 6.1.1"),
  ue(
    .braPBitSet, .both("BR01-6.1-04a"), numbered,
    "the BRA's P bit is set though the BRI's is clear; it is copied (draft-01 5.2, RFC 5846 6.1.2)"),
  ue(
    .badChecksumAccepted, .both("M-01a", "BR01-6.2-01a"), [.first],
    "a BRI with a wrong checksum is accepted; RFC 6275 9.2, clause 6.2 of draft-01 and RFC 5846"),
  ue(
    .headerLengthIgnored, .both("M-01e", "M-01f", "BR01-6.2-01a"), [.first],
    "a BRI with Header Len 0 is accepted; RFC 6275 9.2: discarded, and answered with a Parameter Problem"),
  ue(
    .payloadProtoIgnored, .both("M-01c", "M-01d", "BR01-6.2-01a"), [.first],
    "a BRI with another Payload Proto than 59 is accepted; RFC 6275 9.2: discarded, and answered with a Parameter Problem"),
  ue(
    .errorsToHomeAddress, .both("M-01g", "M-02a"), [.first],
    "Binding Errors and ICMPv6 errors go to the home address; RFC 6275 9.2: to the source address on the wire"),
  ue(
    .unroutableHomeAddressAccepted, .seed("M-03", "BR01-10.1-01a"), [.first],
    "a BRI whose Home Address option is not routable unicast, and so no address of the UE's, is acknowledged; RFC 3775 9.3.1: dropped, "
      + "Binding Error 1; draft-01 10.1"),
  ue(
    .nonUnicastSourceAnswered, Requirements(draft01: ["M-02b"], rfc5846: ["R5846-6.1.2-01"]), [.first],
    "a BRI from a multicast address is answered: Binding Error 2 (draft-01) or a BRA; RFC 3775 9.3.3, RFC 5846 6.1.2: not at all"),
  ue(
    .braWithoutHomeAddressOption, .both("BR01-10.2-04"), numbered + [.race, .copyOnly],
    "the BRA has no Home Address option; RFC 6275 11.3.1 for every packet of the UE"),
  ue(.globalBitAccepted, .rfc("R5846-6.2.1-02"), [.first], "a BRI with the G bit and trigger 1 is carried out; RFC 5846 6.2.1: status 134"),
  ue(
    .unusualTriggerDropped, .rfc("R5846-6.2.1-01", "R5846-6.2.1-02"), [.first],
    "a BRI with a trigger above 7 is dropped; RFC 5846 6.2.1: status 133 or 134"),
  ue(
    .braBadStatusWhileDetaching, .both("BR01-6.1-04a"), [.first],
    "a BRI that meets the UE's BU(0) gets status 130 (draft-01: 3); clause 6.1: what became of it"),
  ue(
    .unknownTypeUnanswered, .both("M-01b", "BR01-6.2-01b"), [.first],
    "an unknown MH type gets no Binding Error; RFC 6275 9.2, clause 6.2 of draft-01 and RFC 5846"),
  ue(
    .reservedNotIgnored, .both("BR01-5.1-02"), [.first],
    "a BRI whose reserved fields are not 0 is dropped; draft-01 5.1, RFC 5846 6.1.1: ignored by the receiver"),
  ue(
    .unknownOptionNotSkipped, .both("BR01-5.1-03"), [.first],
    "a BRI with an unknown mobility option is dropped; draft-01 5.1, RFC 5846 6.1: skipped"),
  ue(
    .pBitAccepted, .both("BR01-10.1-04"), [.first],
    "a BRI with the P bit set is carried out; draft-01 10.1: silently discarded, RFC 5846 10.1: status 135"),
  ue(
    .vBitIgnored, .rfc("R5846-10-01a", "R5846-10-01b"), [.first],
    "a BRI with the V bit set is carried out as if it were clear; RFC 5846 10.1: status 129 without an IPv4 home address, 128 with another's"
  ),
  ue(
    .wrongHomeAddressAccepted, .both("BR01-10.1-01a", "M-05"), [.first],
    "a BRI for a home address that is not the UE's is acknowledged; clause 10.1 of draft-01 and RFC 5846, RFC 6275 6.4 for a routing header"
  ),
  ue(
    .briAnsweredForOtherSource, Requirements(draft01: ["BR01-10.2-03"], rfc5846: ["BR01-10.1-01b"]), [.first],
    "a BRI from another address than the Home Agent's is carried out; draft-01 10.2, RFC 5846 10.1"),
  ue(
    .discardedBRIRefused, Requirements(draft01: ["M-01a", "BR01-6.2-01a"], rfc5846: ["M-01a", "BR01-6.2-01a", "BR01-6.1-04b"]), [.first],
    "a BRI with a wrong checksum is discarded, and yet refused by a BRA of status 2 (draft-01) or 128; RFC 6275 9.2: silently, RFC 5846 6.1.2: "
      + "not answered"),
  ue(
    .unboundBRIAccepted, Requirements(draft01: ["BR01-10.1-03"], rfc5846: ["R5846-6.2.1-03"]), [.first],
    "a BRI for a home address without a binding gets status 0; draft-01 10.1: the fitting status, RFC 5846 6.2.1: 128"),
  ue(
    .errorToNonUnicastSource, .both("M-02b"), [.first],
    "an unknown MH type from a multicast address is answered with Binding Error 2; RFC 6275 9.3.3: not at all"),
  ue(
    .routingHeaderReversed, .both("M-22"), [.first, .second, .wrap],
    "the BRA has a type 2 routing header where the BRI came with one; RFC 6275 6.4: it is not reversed"),
  ue(
    .routingHeaderUnchecked, .both("M-05"), [.first],
    "a type 2 routing header with Segments Left 0 or 2, or of another length, is taken; RFC 6275 6.4"),
  ue(
    .bindingKeptAfterBRI, .both("24303-5.4.2.1-05"), [.first],
    "the binding is refreshed on after the BRI was acknowledged; 24.303 5.4.2.1",
    changing: [.otherBinding: .both("24303-5.4.2.1-05", "24303-5.4.2.1-08")]),
  ue(
    .otherBindingDetached, .both("24303-5.4.2.1-08"), [.first],
    "after a BRI for one binding another is de-registered where it should be refreshed; 24.303 5.4.2.1"),
  ue(.otherBindingRemoved, .both("24303-5.4.2.1-08"), [.first], "a BRI for one binding removes another too; 24.303 5.4.2.1"),
  ue(
    .reregistersAfterAdministrative, .seed("BR01-10.1-05"), [.first],
    "the UE registers again at once after a BRI with trigger 2; draft-01 10.1: not before it has asked the operator"),
  ue(
    .buNotSent, .both("24303-5.4.2.2-01"), unnumbered, "the UE detaches without a BU; 24.303 5.4.2.2",
    changing: [.otherBinding: .both("24303-5.4.2.2-01")]),
  ue(.buLifetimeNonzero, .both("24303-5.4.2.2-01"), unnumbered, "the UE detaches with a BU of lifetime 1; 24.303 5.4.2.2: 0"),
  ue(.buWithoutHomeAddressOption, .both("M-18g"), unnumbered, "the BU(0) has no Home Address option; RFC 6275 11.7.1"),
  ue(.buWithoutAlternateCoA, .both("M-18h"), unnumbered, "the BU(0) has no Alternate Care-of Address option; RFC 6275 11.7.1"),
  ue(.buHClear, .both("M-18a"), unnumbered, "the BU(0)'s H bit is clear; RFC 6275 11.7.1"),
  ue(.buAClear, .both("M-18b"), unnumbered, "the BU(0)'s A bit is clear; RFC 6275 11.7.1"),
  ue(
    .buSequenceRepeated, .both("M-19a"), each + [.copyOnly, .afterError],
    "the BU(0) has the sequence number of the BU before it; RFC 6275 11.7.1, 11.8: a greater one"),
  ue(.buBadChecksum, .both("MH-send-01"), unnumbered + [.copyOnly], "the BU(0)'s checksum is wrong; RFC 6275 6.1.1"),
  ue(
    .buReservedSet, .both("MH-send-01"), unnumbered + [.copyOnly],
    "the Mobility Header's Reserved field of the BU(0) is not 0; RFC 6275 6.1.1"),
  ue(.buNotRetransmitted, .both("M-19b"), [.first], "a BU(0) without an answer is not retransmitted; RFC 6275 11.8"),
  ue(
    .unmatchedBAAccepted, .both("M-20b"), [.first],
    "a BA of another sequence number ends the de-registration; RFC 6275 11.7.3: silently ignored"),
  ue(
    .sequenceNotTakenOver, .both("M-20c"), [.first],
    "after a BA of status 135 the UE goes on with its own numbers; RFC 6275 11.7.3: it takes over that of the BA"),
  ue(
    .buBackOffMissing, .both("M-19b"), [.first],
    "a BU(0) without an answer is sent again every second; RFC 6275 11.8: each wait is twice the one before"),
  ue(
    .updateRateIgnored, .both("M-19c"), [.first], "each BA of status 135 is followed by a BU at once; RFC 6275 11.8: at most three a second"
  ),
]
