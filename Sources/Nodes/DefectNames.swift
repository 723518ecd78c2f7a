extension Defect {
  package enum Name: String, Sendable, CaseIterable {
    // The Home Agent's Binding Revocation Indication.
    case briABitClear = "bri-a-bit-clear"
    case briPBitSet = "bri-p-bit-set"
    case briGBitSet = "bri-g-bit-set"
    case briVBitSet = "bri-v-bit-set"
    case briTriggerWrong = "bri-trigger-wrong"
    case briWrongCarrier = "bri-wrong-carrier"
    case briWithOption = "bri-with-option"
    case briNotSent = "bri-not-sent"
    case briOtherHomeAddress = "bri-other-home-address"
    case briBadChecksum = "bri-bad-checksum"
    case briPayloadProto = "bri-payload-proto"
    case briReservedSet = "bri-reserved-set"
    case briHeaderReservedSet = "bri-header-reserved-set"
    case briTriggerGlobal = "bri-trigger-global"
    case briWithBindingIdentifier = "bri-with-binding-identifier"
    case briToHomeAddress = "bri-to-home-address"
    case briSequenceDecreases = "bri-sequence-decreases"
    // Its retransmission.
    case briCopyChanged = "bri-copy-changed"
    case briNotRetransmitted = "bri-not-retransmitted"
    case briCopyEarly = "bri-copy-early"
    case briWaitsConstant = "bri-waits-constant"
    case briAfterBA = "bri-after-ba"
    case briAfterBRA = "bri-after-bra"
    // What becomes of bindings.
    case bindingKeptAfterDeregistration = "binding-kept-after-deregistration"
    case bindingRemovedBeforeBRA = "binding-removed-before-bra"
    case bindingKeptAfterBRA = "binding-kept-after-bra"
    case bindingKeptAfterExpiry = "binding-kept-after-expiry"
    case bindingRemovedEarly = "binding-removed-early"
    case bystanderRemoved = "bystander-removed"
    case unmatchedBRAAccepted = "unmatched-bra-accepted"
    // The Binding Acknowledgement to a de-registration.
    case baNotSent = "ba-not-sent"
    case baBadStatus = "ba-bad-status"
    case baSequenceWrong = "ba-sequence-wrong"
    case baLifetimeNonzero = "ba-lifetime-nonzero"
    case baWithoutRoutingHeader = "ba-without-routing-header"
    case baToCareOfAddress = "ba-to-alternate-coa"
    case baBadChecksum = "ba-bad-checksum"
    case baReservedSet = "ba-reserved-set"
    // What the Home Agent lets pass.
    case sequenceWindowIgnored = "sequence-window-ignored"
    case registrationTypeIgnored = "registration-type-ignored"
    case nonceIndicesAccepted = "nonce-indices-accepted"
    case careOfAddressUnchecked = "care-of-address-unchecked"
    case foreignHomeAddressAccepted = "foreign-home-address-accepted"
    case unmatchedHomeAddressAccepted = "unmatched-home-address-accepted"
    // What it refuses, or takes, of a home address that it has no binding for, or of a number.
    case sequenceComparedUnsigned = "sequence-compared-unsigned"
    case sequenceRemembered = "sequence-remembered"
    case unknownDeregistrationAccepted = "unknown-deregistration-accepted"
    case unknownDeregistrationUnanswered = "unknown-deregistration-unanswered"
    // What either lets pass, or does not.
    case badChecksumAccepted = "bad-checksum-accepted"
    case headerLengthIgnored = "header-length-ignored"
    case payloadProtoIgnored = "payload-proto-ignored"
    case unknownTypeUnanswered = "unknown-type-unanswered"
    case reservedNotIgnored = "reserved-not-ignored"
    case unknownOptionNotSkipped = "unknown-option-not-skipped"
    case unroutableHomeAddressAccepted = "unroutable-home-address-accepted"
    case nonUnicastSourceAnswered = "non-unicast-source-answered"
    // Where either sends its errors.
    case errorsToHomeAddress = "errors-to-home-address"
    // The UE's Binding Revocation Acknowledgement.
    case braNotSent = "bra-not-sent"
    case braBadStatus = "bra-bad-status"
    case braSequenceWrong = "bra-sequence-wrong"
    case braToWrongAddress = "bra-to-wrong-address"
    case braBadChecksum = "bra-bad-checksum"
    case braPayloadProto = "bra-payload-proto"
    case braReservedSet = "bra-reserved-set"
    case braPBitSet = "bra-p-bit-set"
    case braWithoutHomeAddressOption = "bra-without-home-address-option"
    case braBadStatusWhileDetaching = "bra-bad-status-while-detaching"
    case routingHeaderReversed = "routing-header-reversed"
    // What the UE lets pass.
    case pBitAccepted = "p-bit-accepted"
    case vBitIgnored = "v-bit-ignored"
    case globalBitAccepted = "global-bit-accepted"
    case unusualTriggerDropped = "unusual-trigger-dropped"
    case wrongHomeAddressAccepted = "wrong-home-address-accepted"
    case briAnsweredForOtherSource = "bri-answered-for-other-source"
    case routingHeaderUnchecked = "routing-header-unchecked"
    case discardedBRIRefused = "discarded-bri-refused"
    case unboundBRIAccepted = "unbound-bri-accepted"
    case errorToNonUnicastSource = "error-to-non-unicast-source"
    // What becomes of the UE's bindings.
    case bindingKeptAfterBRI = "binding-kept-after-bri"
    case otherBindingRemoved = "other-binding-removed"
    case otherBindingDetached = "other-binding-detached"
    case reregistersAfterAdministrative = "reregisters-after-administrative"
    // The UE's own de-registration.
    case buNotSent = "bu-not-sent"
    case buLifetimeNonzero = "bu-lifetime-nonzero"
    case buWithoutHomeAddressOption = "bu-without-home-address-option"
    case buWithoutAlternateCoA = "bu-without-alternate-coa"
    case buHClear = "bu-h-clear"
    case buAClear = "bu-a-clear"
    case buSequenceRepeated = "bu-sequence-repeated"
    case buBadChecksum = "bu-bad-checksum"
    case buReservedSet = "bu-reserved-set"
    case buNotRetransmitted = "bu-not-retransmitted"
    // What the UE makes of the answers to it.
    case unmatchedBAAccepted = "unmatched-ba-accepted"
    case sequenceNotTakenOver = "sequence-not-taken-over"
    case updateRateIgnored = "update-rate-ignored"
    case buBackOffMissing = "bu-back-off-missing"

    // The IKE SA of a binding: of nodes that have one.
    case deleteNotSent = "delete-not-sent"
    case deleteNamesESPSAs = "delete-names-esp-sas"
    case deleteWithSPISize = "delete-with-spi-size"
    case deleteBeforeBRA = "delete-before-bra"
    case deleteUnanswered = "delete-unanswered"
    case espSAsKept = "esp-sas-kept"
    case ikeSAKept = "ike-sa-kept"
    case deleteAnsweredAnew = "delete-answered-anew"
    case informationalUnanswered = "informational-unanswered"
    // The Home Agent's half of it.
    case deleteCopyChanged = "delete-copy-changed"
    case espInboundKept = "esp-inbound-kept"
    case espOutboundKept = "esp-outbound-kept"
    case bystanderIKESAClosed = "bystander-ike-sa-closed"
    case bystanderESPSAsClosed = "bystander-esp-sas-closed"
    // The UE's.
    case deleteListsSPIs = "delete-lists-spis"
    case otherIKESADeleted = "other-ike-sa-deleted"
    case otherESPSAsClosed = "other-esp-sas-closed"
    case espSAsKeptByPeer = "esp-sas-kept-after-peer"
    // What either makes of a DELETE that nobody can vouch for, and how it answers one.
    case forgedDeleteAccepted = "forged-delete-accepted"
    case unprotectedDeleteAccepted = "unprotected-delete-accepted"
    case deleteAnsweredWithOtherMessageID = "delete-answered-with-other-message-id"
    case deleteAnsweredInClear = "delete-answered-in-clear"
    // An ESP packet that has come before.
    case replayedESPAccepted = "replayed-esp-accepted"
    // What goes out by no security association of its binding.
    case briInClear = "bri-in-clear"
    case briUnderAnotherSA = "bri-under-another-sa"
    case baInClear = "ba-in-clear"
    case baUnderAnotherSA = "ba-under-another-sa"
    case braInClear = "bra-in-clear"
    case braUnderAnotherSA = "bra-under-another-sa"
    case buInClear = "bu-in-clear"
    case buUnderAnotherSA = "bu-under-another-sa"
    // What is taken though it came by none.
    case unprotectedBUAccepted = "unprotected-bu-accepted"
    case unprotectedBUTakenSilently = "unprotected-bu-taken-silently"
    case foreignSABUAccepted = "foreign-sa-bu-accepted"
    case forgedBUAccepted = "forged-bu-accepted"
    case unprotectedBRAAccepted = "unprotected-bra-accepted"
    case foreignSABRAAccepted = "foreign-sa-bra-accepted"
    case forgedBRAAccepted = "forged-bra-accepted"
    case unprotectedBRIAccepted = "unprotected-bri-accepted"
    case foreignSABRIAccepted = "foreign-sa-bri-accepted"
    case forgedBRIAccepted = "forged-bri-accepted"
    case unprotectedBAAccepted = "unprotected-ba-accepted"
    case foreignSABAAccepted = "foreign-sa-ba-accepted"
    case forgedBAAccepted = "forged-ba-accepted"

    // The tunnel over IPv4: of nodes that are on one.
    case briNotInUDP = "bri-not-in-udp"
    case briToOtherPort = "bri-to-other-port"
    case braNotInUDP = "bra-not-in-udp"
    case braFromOtherPort = "bra-from-other-port"
  }

  /// Those that show only in a node whose bindings have an IKE SA.
  static let namesThatNeedKeys: Set<Name> = [
    .deleteNotSent, .deleteNamesESPSAs, .deleteWithSPISize, .deleteBeforeBRA, .deleteUnanswered, .espSAsKept, .ikeSAKept,
    .deleteAnsweredAnew, .informationalUnanswered, .espInboundKept, .espOutboundKept, .bystanderIKESAClosed, .bystanderESPSAsClosed,
    .deleteListsSPIs, .deleteCopyChanged, .otherIKESADeleted, .otherESPSAsClosed, .espSAsKeptByPeer, .briInClear, .briUnderAnotherSA,
    .baInClear, .baUnderAnotherSA, .braInClear, .braUnderAnotherSA, .buInClear, .buUnderAnotherSA, .unprotectedBUAccepted,
    .unprotectedBUTakenSilently,
    .foreignSABUAccepted, .forgedBUAccepted, .unprotectedBRAAccepted, .foreignSABRAAccepted, .forgedBRAAccepted, .unprotectedBRIAccepted,
    .foreignSABRIAccepted, .forgedBRIAccepted, .unprotectedBAAccepted, .foreignSABAAccepted, .forgedBAAccepted,
    .forgedDeleteAccepted, .unprotectedDeleteAccepted, .deleteAnsweredWithOtherMessageID, .deleteAnsweredInClear, .replayedESPAccepted,
  ]
  /// Those that show only where messages go in clear: what they let pass comes under no security association of the right binding.
  static let namesThatNeedClear: Set<Name> = [
    .foreignHomeAddressAccepted, .unroutableHomeAddressAccepted, .wrongHomeAddressAccepted, .unboundBRIAccepted,
  ]
  /// Those that show only in a node whose packets go over IPv4.
  static let namesThatNeedTunnel: Set<Name> = [.briNotInUDP, .briToOtherPort, .braNotInUDP, .braFromOtherPort]

  /// Every defect there is, the Home Agent's first.
  package static let all: [Defect] =
    homeAgentDefects + homeAgentProtectionDefects + userEquipmentDefects + userEquipmentProtectionDefects
}

/// The same requirements whatever the modifier.
func under(_ modifiers: [Defect.Modifier], _ requirements: Requirements) -> [Defect.Modifier: Requirements] {
  Dictionary(modifiers.map { ($0, requirements) }, uniquingKeysWith: { a, _ in a })
}

extension Dictionary where Key == Defect.Modifier, Value == Requirements {
  static func + (a: Self, b: Self) -> Self { a.merging(b) { _, new in new } }
}
