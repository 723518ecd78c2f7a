private let each: [Defect.Modifier] = [.first, .second]
private let numbered: [Defect.Modifier] = [.first, .second, .wrap, .afterError]
/// A copy that differs from the BRI breaks one sentence more.
private let copyDiffers = Requirements.both("24303-5.4.3.1-08")
private let acknowledged = Requirements.both("24303-5.4.3.2-02")
private let acknowledgedInRace = Requirements.both("24303-5.4.3.1-14")
private let unanswered = acknowledged + acknowledgedInRace + .both("M-14")
private let removed = Requirements.both("24303-5.4.3.2-01")
private let removedInRace = Requirements.both("24303-5.4.3.1-12")
private let isolation = Requirements.both("24303-5.4.3-05")
private let keptUntilBRA = Requirements.both("24303-5.4.3.1-10")
/// One that has no binding any more answers the BRA's Home Address option with Binding Error 1 (RFC 3775 9.3.1) and goes on asking.
private let deafToBRA = keptUntilBRA + .seed("BR01-7.2-01")

private func ha(
  _ id: Defect.Name, _ breaks: Requirements, _ modifiers: [Defect.Modifier: Requirements], _ summary: String
) -> Defect {
  Defect(id, .homeAgent, breaks, modifiers, summary)
}

/// One that breaks the same sentences whatever the modifier.
private func ha(_ id: Defect.Name, _ breaks: Requirements, _ modifiers: [Defect.Modifier], _ summary: String) -> Defect {
  ha(id, breaks, under(modifiers, breaks), summary)
}

/// A defect of the BRI itself, which a copy can have alone.
private func bri(_ id: Defect.Name, _ breaks: Requirements, copy: Requirements = Requirements(), _ summary: String) -> Defect {
  // Its number is the Home Agent's own: no tester can make it wrap.
  ha(id, breaks, under(each + [.afterError], breaks) + under([.copyOnly], breaks + copy), summary)
}

/// A defect of the BA to a BU(0), which in the race breaks a sentence of its own.
private func ba(_ id: Defect.Name, _ summary: String) -> Defect {
  let breaks = acknowledged + acknowledgedInRace
  return ha(id, breaks, under(numbered, breaks) + under([.race], acknowledgedInRace), summary)
}

/// A defect of the BA whose sentence is the same in the race.
private func baForm(_ id: Defect.Name, _ breaks: Requirements, _ summary: String) -> Defect {
  ha(id, breaks, under(numbered + [.race], breaks), summary)
}

let homeAgentDefects: [Defect] = [
  bri(
    .briABitClear, .seed("24303-5.4.3.1-03a"), copy: .seed("24303-5.4.3.1-08"),
    "the A bit of the BRI is clear; 24.303 5.4.3.1 sets it (RFC 5846 has no A bit)"),
  bri(.briPBitSet, .both("24303-5.4.3.1-03b"), copy: copyDiffers, "the P bit of the BRI is set; 24.303 5.4.3.1 clears it"),
  bri(.briGBitSet, .both("24303-5.4.3.1-03c"), copy: copyDiffers, "the G bit of the BRI is set; 24.303 5.4.3.1 clears it"),
  bri(
    .briVBitSet, .rfc("24303-5.4.3.1-03c"), copy: .rfc("24303-5.4.3.1-08"),
    "the V bit of the BRI is set; 24.303 A.6.1 clears it (draft-01 has no V bit)"),
  bri(.briTriggerWrong, .both("24303-5.4.3.1-04"), copy: copyDiffers, "the revocation trigger is 2; 24.303 5.4.3.1 and A.6.1 say 1"),
  bri(
    .briWrongCarrier, Requirements(draft01: ["24303-5.4.3.1-05"], rfc5846: ["BR01-7.1-03"]),
    "the home address is in a type 2 routing header where 24.303 5.4.3.1 wants a Home Address option; under RFC 5846 7.1 the reverse"),
  bri(.briWithOption, .both("24303-5.4.3.1-06"), "the BRI carries a Mobile Node Identifier option; 24.303 5.4.3.1 wants no option"),
  ha(
    .briNotSent, .both("24303-5.4.3.1-01"), under(each + [.afterError], .both("24303-5.4.3.1-01")),
    "no BRI follows the trigger; 24.303 5.4.3.1"),
  ha(
    .briOtherHomeAddress, .both("24303-5.4.3.1-01", "24303-5.4.3.1-02"),
    under([.first], .both("24303-5.4.3.1-01", "24303-5.4.3.1-02")) + under([.second, .afterError], .both("24303-5.4.3.1-02")),
    "the BRI names another home address than that of the connection to be removed; 24.303 5.4.3.1 (one of the same UE: none is sent)"),
  bri(.briBadChecksum, .both("MH-send-01"), "the BRI's checksum is wrong; RFC 6275 6.1.1"),
  bri(.briPayloadProto, .both("MH-send-01"), "the BRI's Payload Proto is 6; RFC 6275 6.1.1 says 59"),
  bri(.briReservedSet, .both("BR01-5.1-01"), "a reserved bit of the BRI is set; draft-01 5.1, RFC 5846 6.1.1"),
  bri(.briHeaderReservedSet, .both("MH-send-01"), "the Mobility Header's Reserved field is not 0; RFC 6275 6.1.1"),
  bri(
    .briTriggerGlobal, .both("24303-5.4.3.1-04") + .rfc("BR01-7.1-02b"), copy: copyDiffers,
    "the revocation trigger is 128, one for many mobile nodes, with the G bit clear; 24.303 5.4.3.1 says 1, RFC 5846 7.1 below 128"),
  bri(
    .briWithBindingIdentifier, .both("24303-5.4.3.1-06", "BR01-7.1-07"),
    "the BRI carries a Binding Identifier option; 24.303 5.4.3.1 wants no option, draft-01 and RFC 5846 7.1 none where all bindings go"),
  ha(
    .briToHomeAddress, .rfc("BR01-7.1-04"), under(each + [.afterError], .rfc("BR01-7.1-04")),
    "the BRI goes to the home address; RFC 5846 7.1: to the care-of address (draft-01 has a slip there)"),
  ha(
    .briSequenceDecreases, .rfc("BR01-6.1-01b"), [.second],
    "each BRI has a lower sequence number than the one before; 24.303 A.6.1: they increase"),
  ha(
    .briCopyChanged, copyDiffers, under(each + [.afterError], copyDiffers),
    "the retransmitted BRI has another sequence number; draft-01 6.3, RFC 5846 6.3: the same BRI"),
  ha(
    .briNotRetransmitted, Requirements(draft01: ["BR01-7.1-05"], rfc5846: ["BR01-6.3-01a"]),
    under(each + [.afterError], Requirements(draft01: ["BR01-7.1-05"], rfc5846: ["BR01-6.3-01a"])),
    "a BRI without an answer is not retransmitted; draft-01 7.1 and RFC 5846 6.3: should"),
  ha(
    .briCopyEarly, .both("BR01-11-01"), under(each, .both("BR01-11-01")),
    "the BRI is retransmitted after 200 ms; clause 11 of draft-01 and RFC 5846: not below 500 ms"),
  ha(
    .briWaitsConstant, .rfc("BR01-6.3-01b"), under([.first], .rfc("BR01-6.3-01b")),
    "the BRI is retransmitted three times, every 600 ms; RFC 5846 6.3: each wait is twice the one before"),
  ha(
    .briAfterBA, .both("24303-5.4.3.1-11"), under(each, .both("24303-5.4.3.1-11")),
    "the BRI is retransmitted after a BU(0) was acknowledged; 24.303 5.4.3.1: the BU should count as the acknowledgement"),
  ha(.briAfterBRA, .both("BR01-7.2-01"), under(each, .both("BR01-7.2-01")), "the BRI is retransmitted after a BRA of status 0; clause 7.2"),
  ha(
    .bindingKeptAfterDeregistration, removed + removedInRace,
    under(numbered + [.late], removed + removedInRace) + under([.race], removedInRace)
      + under([.otherBinding], removed + removedInRace + isolation),
    "the binding is used on after a BU(0) that was acknowledged; 24.303 5.4.3.2, in the race 5.4.3.1"),
  ha(
    .bindingRemovedBeforeBRA, deafToBRA,
    under([.first], deafToBRA) + under([.second, .afterError], keptUntilBRA) + under([.otherBinding], isolation),
    "the binding goes when the BRI is sent; 24.303 5.4.3.1: not before the BRA"),
  ha(
    .bindingKeptAfterBRA, .both("BR01-7.2-01"),
    under(each + [.afterError, .late], .both("BR01-7.2-01")) + under([.otherBinding], .both("BR01-7.2-01") + isolation),
    "the binding is used on after a BRA of status 0; draft-01 7.2: should go, RFC 5846 7.2: must"),
  ha(.bindingKeptAfterExpiry, .both("M-23a"), [.first], "the binding outlives its lifetime; RFC 6275 10.3.1"),
  ha(
    .bindingRemovedEarly, .both("M-23b"), [.first], "the binding goes after a quarter of its lifetime; RFC 6275 10.3.1: not before its end"),
  ha(.bystanderRemoved, isolation, under(each, isolation), "revoking or de-registering one binding removes another too; 24.303 5.4.3"),
  ha(
    .unmatchedBRAAccepted, .both("BR01-6.2-03"), under(each, .both("BR01-6.2-03")),
    "a BRA with a sequence number that is not outstanding ends the revocation; clause 6.2"),
  ha(
    .baNotSent, unanswered,
    under([.first, .second, .wrap], acknowledged + acknowledgedInRace) + under([.late, .afterError], unanswered)
      + under([.race], acknowledgedInRace),
    "no BA answers a BU(0), not one for a binding that is gone either; 24.303 5.4.3.2, in the race 5.4.3.1, RFC 6275 10.3.2"),
  ba(.baBadStatus, "the BA to a BU(0) has status 128 although the binding is removed; RFC 6275 10.3.2"),
  ba(.baSequenceWrong, "the BA has another sequence number than the BU(0); RFC 6275 9.5.4"),
  ba(.baLifetimeNonzero, "the BA to a BU(0) grants a lifetime; RFC 6275 10.3.2"),
  baForm(.baWithoutRoutingHeader, .both("M-06b"), "the BA to a BU(0) has no type 2 routing header; RFC 6275 9.5.4"),
  ha(
    .baToCareOfAddress, .both("M-16a"), [.first],
    "the BA goes to the Alternate Care-of Address option's address; RFC 6275 9.5.4: the BU's source"),
  baForm(.baBadChecksum, .both("MH-send-01"), "the BA's checksum is wrong; RFC 6275 6.1.1"),
  baForm(.baReservedSet, .both("MH-send-01"), "the Mobility Header's Reserved field of the BA is not 0; RFC 6275 6.1.1"),
  ha(
    .sequenceWindowIgnored, .both("M-08b"), [.first],
    "a BU(0) whose sequence number is not greater is accepted; RFC 6275 9.5.1: status 135"),
  ha(
    .registrationTypeIgnored, .both("M-09"), [.first],
    "a BU with the H bit clear changes a home registration; RFC 6275 9.5.1"),
  ha(
    .nonceIndicesAccepted, .both("M-10a"), [.first],
    "a BU(0) with H set and a Nonce Indices option is accepted; RFC 6275 9.5.1"),
  ha(
    .badChecksumAccepted, .both("M-01a"), [.first], "a BU(0) with a wrong checksum is accepted; RFC 6275 9.2"),
  ha(
    .headerLengthIgnored, .both("M-01e", "M-01f"), [.first],
    "a BU(0) with Header Len 0 is accepted; RFC 6275 9.2: discarded, and answered with a Parameter Problem"),
  ha(
    .payloadProtoIgnored, .both("M-01c", "M-01d"), [.first],
    "a BU(0) with another Payload Proto than 59 is accepted; RFC 6275 9.2: discarded, and answered with a Parameter Problem"),
  ha(
    .errorsToHomeAddress, .both("M-01g", "M-02a"), [.first],
    "Binding Errors and ICMPv6 errors go to the home address; RFC 6275 9.2: to the source address on the wire"),
  ha(
    .unroutableHomeAddressAccepted, .both("M-03"), [.first],
    "a BU(0) whose Home Address option is not routable unicast is acknowledged; RFC 6275 9.3.1: dropped, Binding Error 1"),
  ha(
    .nonUnicastSourceAnswered, .both("M-11"), [.first],
    "a BU(0) from a multicast address is taken and answered; RFC 6275 9.5.1: silently discarded"),
  ha(
    .careOfAddressUnchecked, .both("M-10b"), [.first],
    "a BU(0) whose Alternate Care-of Address is not routable unicast is accepted; RFC 6275 9.5.1: silently discarded"),
  ha(
    .unmatchedHomeAddressAccepted, .both("M-04"), [.first],
    "a packet with a Home Address option that no binding matches is taken; RFC 6275 9.3.1: dropped, Binding Error 1"),
  ha(
    .foreignHomeAddressAccepted, .both("M-13b"), [.first],
    "a BU(0) for a home address that is on no home prefix is acknowledged with status 0; RFC 6275 10.3.1: status 132"),
  ha(
    .sequenceComparedUnsigned, .both("M-08a"), under([.wrap], .both("M-08a")),
    "the registration of a binding that stands is refused where its number is greater only modulo 65536; RFC 6275 9.5.1"),
  ha(
    .sequenceRemembered, .both("M-08c"), [.first],
    "the sequence number of a binding that has expired is held against the next registration; RFC 6275 9.5.1: any is accepted"),
  ha(
    .unknownDeregistrationAccepted, .both("M-14"), [.first],
    "a BU(0) for a home address without a binding is acknowledged with status 0; RFC 6275 10.3.2: 133"),
  ha(
    .unknownDeregistrationUnanswered, .both("M-14"), [.first],
    "a BU(0) for a home address without a binding is not answered; RFC 6275 10.3.2: status 133"),
  ha(.unknownTypeUnanswered, .both("M-01b"), [.first], "an unknown MH type gets no Binding Error; RFC 6275 9.2"),
  ha(
    .reservedNotIgnored, acknowledged, [.first],
    "a BU(0) whose reserved fields are not 0 is dropped; RFC 6275 6.1.1, 6.1.7: ignored by the receiver"),
  ha(
    .unknownOptionNotSkipped, acknowledged, [.first],
    "a BU(0) with an unknown mobility option is dropped; RFC 6275 6.2.1: skipped"),
]
