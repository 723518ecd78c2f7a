import Link
import Wire

extension ReferenceUserEquipment {
  /// A BRI whose Mobility Header is right.
  struct Indication {
    var home: IPv6Address
    var source: IPv6Address
    var sequence: UInt16
    var trigger: UInt8
    var p: Bool
    /// Always set under RFC 5846, which has no A bit and always wants an answer.
    var a: Bool
    var g: Bool
    var v: Bool
    /// It came in a type 2 routing header.
    var isRouted: Bool
  }

  private enum Reaction {
    case discard
    /// A BRA of this status; the binding stays.
    case refuse(UInt8)
    case accept
  }

  mutating func receiveMobility(_ frame: Span<UInt8>, _ arrival: Arrival, at now: Instant, _ outbox: inout Outbox) {
    let isDraft = configuration.dialect == .draft01
    let home = (isDraft ? arrival.homeAddressOption ?? arrival.routing : arrival.routing) ?? arrival.source
    let isIndication = stack.dissection.value(.mhType, in: frame) == 16
    let path = isDraft ? FieldPath.revocationSequence : .briSequence
    let sequence = isIndication ? stack.dissection.value(path, in: frame) : nil
    let occasion = revocationOccasion(home, number: UInt16(truncatingIfNeeded: sequence ?? 1))
    stack.occasion = occasion
    guard admits(frame, arrival, isIndication, at: now, &outbox) else { return noteMalformed(home) }
    guard stack.isProtected(frame, arrival) else { return }
    // Such a source gets this far by a defect alone.
    if arrival.source.isMulticast, !isIndication, !stack.shows(.errorToNonUnicastSource, of: home) { return }
    let faults = stack.faults(frame)
    var lenience: Lenience = []
    let isRefused = isIndication && faults.contains(.checksum) && stack.shows(.discardedBRIRefused, of: home)
    if isIndication {
      if isRefused || faults.contains(.checksum) && stack.shows(.badChecksumAccepted, of: home) { lenience.insert(.checksum) }
      if faults.contains(.headerLength), stack.shows(.headerLengthIgnored, of: home) { lenience.insert(.headerLength) }
      if faults.contains(.payloadProto), stack.shows(.payloadProtoIgnored, of: home) { lenience.insert(.payloadProto) }
    }
    if faults.contains(.unknownTypeUnanswered), stack.shows(.unknownTypeUnanswered, of: home) { lenience.insert(.unknownTypeUnanswered) }
    guard stack.checkMobility(frame, arrival, lenience, at: now, &outbox) else { return noteMalformed(home) }
    if arrival.source.isMulticast, !stack.shows(.nonUnicastSourceAnswered, of: home) { return }
    // Draft-01 with one type number: what a UE receives is a BRI.
    if stack.dissection.messageKind == .revocation, isDraft { stack.dissection.nameMessage(.bri) }
    switch stack.dissection.messageKind {
    case .ba: receiveAcknowledgement(frame, arrival, at: now, &outbox)
    case .bri:
      // Such a source gets this far by a defect alone; of draft-01's sentences it breaks that on Binding Errors.
      if isDraft, arrival.source.isMulticast { return stack.sendBindingError(2, frame, arrival, at: now, &outbox) }
      let message = stack.dissection
      guard arrival.routing != nil || (isDraft && arrival.homeAddressOption != nil), let sequence = message.value(.briSequence, in: frame),
        let trigger = message.value(.briTrigger, in: frame)
      else { return noteMalformed(home) }
      let indication = Indication(
        home: home, source: arrival.source, sequence: UInt16(truncatingIfNeeded: sequence), trigger: UInt8(truncatingIfNeeded: trigger),
        p: message.value(.briP, in: frame) == 1, a: message.value(.briA, in: frame) != 0, g: message.value(.briG, in: frame) == 1,
        v: message.value(.briV, in: frame) == 1, isRouted: arrival.routing != nil)
      if isRefused {
        noteMalformed(home)
        return acknowledge(indication, isDraft ? 2 : 128, occasion, at: now, &outbox)
      }
      receiveIndication(indication, frame, occasion, at: now, &outbox)
    default: break
    }
  }

  /// The rules for the routing header and the Home Address option. False when the packet is to be dropped.
  private mutating func admits(
    _ frame: Span<UInt8>, _ arrival: Arrival, _ isIndication: Bool, at now: Instant, _ outbox: inout Outbox
  ) -> Bool {
    if let home = arrival.routing {
      if arrival.isRoutingWrong, !(isIndication && stack.shows(.routingHeaderUnchecked, of: home)) { return false }
      if !configuration.holds(home), !(isIndication && stack.shows(.wrongHomeAddressAccepted, of: home)) { return false }
    }
    guard let home = arrival.homeAddressOption else { return true }
    // RFC 6275 9.3.1 asks for no binding of a packet with a Mobility Header. RFC 3775 exempts Binding Updates alone; but the draft's BRI comes
    // with the option, and a UE that is to answer it must do as RFC 6275 does.
    let isDraft = configuration.dialect == .draft01
    let isStrict = isDraft && stack.varies(.be1ToHAOBRI)
    let isExempt = !isStrict || stack.dissection.value(.mhType, in: frame) == 5
    let isTaken = home.isRoutableUnicast || isDraft && isIndication && stack.shows(.unroutableHomeAddressAccepted, of: home)
    if isTaken, isExempt { return true }
    stack.sendBindingError(1, frame, arrival, at: now, &outbox)
    return false
  }

  private func revocationOccasion(_ home: IPv6Address, number: UInt16) -> Occasion {
    let history = histories[home] ?? History()
    let isCopy = answers[home]?.sequence == number
    return occasion(home, count: max(1, history.revocations + (isCopy ? 0 : 1)), number: number, isCopy: isCopy)
  }

  private mutating func receiveIndication(
    _ bri: Indication, _ frame: Span<UInt8>, _ occasion: Occasion, at now: Instant, _ outbox: inout Outbox
  ) {
    // Draft-01 10.2 and RFC 5846 10.1: the binding is one with the Home Agent that revokes it, of a copy that was answered before too.
    // A multicast source gets this far by a defect alone.
    let isFromOther = bri.source != configuration.homeAgent && !bri.source.isMulticast
    if isFromOther, !stack.shows(.briAnsweredForOtherSource, of: bri.home) { return noteMalformed(bri.home) }
    if !isBound(bri.home), bindings[bri.home]?.phase != .detaching, let answer = answers[bri.home], answer.sequence == bri.sequence,
      answer.until > now
    {
      guard !stack.varies(.silentToCopies) else { return }
      return acknowledge(bri, answer.status, occasion, at: now, &outbox)
    }
    switch reaction(to: bri, frame) {
    case .discard: noteMalformed(bri.home)
    case .refuse(let status):
      noteMalformed(bri.home)
      acknowledge(bri, status, occasion, at: now, &outbox)
    case .accept: accept(bri, occasion, at: now, &outbox)
    }
  }

  /// Clause 10.1 of draft-01 and RFC 5846.
  private mutating func reaction(to bri: Indication, _ frame: Span<UInt8>) -> Reaction {
    let isDraft = configuration.dialect == .draft01
    guard configuration.holds(bri.home) else {
      // A home address that is no host's gets this far by a defect alone.
      return !bri.home.isRoutableUnicast || stack.shows(.wrongHomeAddressAccepted, of: bri.home) ? .accept : .discard
    }
    if hasReservedSet(frame), stack.shows(.reservedNotIgnored, of: bri.home) { return .discard }
    let hasUnknownOption = stack.holdsOption(frame) { kind, _ in kind == .unknownMobilityOption }
    if hasUnknownOption, stack.shows(.unknownOptionNotSkipped, of: bri.home) { return .discard }
    if bindings[bri.home]?.phase == .detaching {
      if stack.varies(.silentWhileDetaching) { return .discard }
      if stack.varies(.refusesWhileDetaching) { return .refuse(isDraft ? 2 : 128) }
    }
    let isListed = isBound(bri.home) || bindings[bri.home]?.phase == .detaching || stack.shows(.unboundBRIAccepted, of: bri.home)
    let isProxy = bri.p && !stack.shows(.pBitAccepted, of: bri.home)
    if isDraft {
      if isProxy { return .discard }
      // Global revocation is for mobile access gateways: 3 "not authorized"; without the A bit nobody wants to know.
      if bri.g { return bri.a ? .refuse(3) : .discard }
      return isListed ? .accept : bri.a ? .refuse(2) : .discard
    }
    guard isListed else { return stack.varies(.refusesUnbound) ? .refuse(128) : .discard }
    if isProxy { return .refuse(135) }
    if bri.v, !stack.shows(.vBitIgnored, of: bri.home) {
      // There is no IPv4 binding: an option cannot name the right one.
      return stack.holdsOption(frame) { $0 == .ipv4HomeAddress && $1 == 8 } ? .refuse(128) : .refuse(129)
    }
    if bri.trigger > 7, stack.shows(.unusualTriggerDropped, of: bri.home) { return .discard }
    // 128 and above are global triggers, and a UE knows none; 8 to 127 are not assigned.
    if bri.g, bri.trigger <= 7, stack.shows(.globalBitAccepted, of: bri.home) { return .accept }
    if bri.g || (128...249).contains(bri.trigger) { return .refuse(134) }
    return bri.trigger > 7 ? .refuse(133) : .accept
  }

  private func hasReservedSet(_ frame: Span<UInt8>) -> Bool {
    (stack.dissection.value(.briReserved, in: frame) ?? 0) != 0 || stack.dissection.value(.mhReserved, in: frame) != 0
  }

  /// 24.303 5.4.2.1: the BRA first, then the end of the binding.
  private mutating func accept(_ bri: Indication, _ occasion: Occasion, at now: Instant, _ outbox: inout Outbox) {
    let isOwn = configuration.holds(bri.home)
    let isDraft = configuration.dialect == .draft01
    var status: UInt8 = 0
    if defects.hits(.braBadStatus, occasion) { status = isDraft ? 2 : 128 }
    if occasion.isRace, defects.hits(.braBadStatusWhileDetaching, occasion) { status = isDraft ? 3 : 130 }
    if isOwn {
      if !occasion.isCopy { histories[bri.home, default: History()].revocations += 1 }
      answers[bri.home] = Answer(sequence: bri.sequence, status: status, until: now + configuration.indicationMemory)
    }
    if isOwn, defects.hits(.deleteBeforeBRA, occasion) { stack.releaseKeys(bri.home, at: now, &outbox) }
    // Without the A bit no BRA is asked for (draft-01 5.1).
    if bri.a { acknowledge(bri, status, occasion, at: now, &outbox) }
    // One that is detaching goes on to ask for its BA.
    guard isOwn, !occasion.isRace else { return }
    let requested = bindings[bri.home]?.requested ?? configuration.requestedLifetime
    switch defects.how(.bindingKeptAfterBRI, occasion) {
    case nil where stack.varies(.deregistersAfterBRA): removeBinding(bri.home)
    case nil: endBinding(bri.home, occasion, after: bri.a ? acknowledgementDelay(bri.home) : .zero, at: now, &outbox)
    case .otherBinding: other(than: bri.home).map { removeBinding($0) }
    default: return
    }
    if stack.varies(.deregistersAfterBRA) { sayGoodbye(bri.home, at: now) }
    if defects.hits(.otherBindingRemoved, occasion), let other = other(than: bri.home) { removeBinding(other) }
    // Its next BU, which would have been a refresh, says so.
    if defects.hits(.otherBindingDetached, occasion), let other = other(than: bri.home) { bindings[other]?.phase = .detaching }
    // Draft-01 10.1: after Administrative Reason not before it has asked the operator. RFC 5846 has dropped the sentence.
    let isBarred = isDraft && bri.trigger == 2
    let reattaches = configuration.reattachesByItself && !isBarred
    if reattaches || (isBarred && defects.hits(.reregistersAfterAdministrative, occasion)) {
      stack.releaseKeys(bri.home, at: now, &outbox)
      try? register(bri.home, lifetime: requested, at: now, &outbox)
    }
  }

  /// How long a BRA is held back.
  private func acknowledgementDelay(_ home: IPv6Address) -> Interval {
    stack.varies(.slowBRA) || (stack.varies(.reorderedBRAs) && home.value % 2 == 0) ? Variation.slowness : .zero
  }

  /// Clause 10.2 of draft-01 and RFC 5846; the home address goes as in every packet of the UE to its Home Agent (RFC 6275 11.3.1).
  private mutating func acknowledge(_ bri: Indication, _ status: UInt8, _ occasion: Occasion, at now: Instant, _ outbox: inout Outbox) {
    var delay = acknowledgementDelay(bri.home)
    switch defects.how(.braNotSent, occasion) {
    case nil: break
    case .late: delay = Defect.lateness
    default: return
    }
    func hits(_ defect: Defect.Name) -> Bool { defects.hits(defect, occasion) }
    var options = stack.varies(.braPaddedWithPad1) ? [Packet.Option](repeating: Packet.Option(.pad1), count: 4) : []
    if stack.varies(.braPaddedWithPadN) { options.append(Packet.Option(.padN, data: [UInt8](repeating: 0, count: 10))) }
    if stack.varies(.braExtraOption) { options.append(.unknownMobilityOption(type: 200, data: [1, 2, 3, 4])) }
    let sequence = hits(.braSequenceWrong) ? bri.sequence &+ 1 : bri.sequence
    var bra = Packet([
      .ipv6(from: configuration.careOf, to: hits(.braToWrongAddress) ? bri.home : bri.source), .homeAddress(bri.home),
      .message(
        .bra, configuration.dialect,
        [
          (.braSequence, UInt128(sequence)), (.braStatus, UInt128(status)), (.braP, bri.p || hits(.braPBitSet) ? 1 : 0),
          (.braG, bri.g ? 1 : 0), (.braV, bri.v ? 1 : 0), (.mhReserved, hits(.braReservedSet) ? 1 : 0),
        ], options: options),
    ])
    if bri.isRouted, hits(.routingHeaderReversed) { bra.headers.insert(.routing(to: bri.home), at: 1) }
    if hits(.braWithoutHomeAddressOption) { bra.headers.removeAll { $0.kind == .destinationOptions } }
    if hits(.braPayloadProto) { bra.set(.mhPayloadProto, 6) }
    if hits(.braBadChecksum) { bra = bra.withWrongChecksum() }
    var sealing = hits(.braInClear) ? Sealing.clear : .own
    if hits(.braUnderAnotherSA), let other = other(than: bri.home) { sealing = .of(other) }
    let carriage = hits(.braNotInUDP) ? Carriage.withoutUDP : hits(.braFromOtherPort) ? .otherPort : .own
    stack.send(bra, to: bri.source, after: delay, sealing, carriage, at: now, &outbox)
  }
}
