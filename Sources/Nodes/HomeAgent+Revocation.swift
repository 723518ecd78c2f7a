import Link
import Security
import Wire

extension ReferenceHomeAgent {
  /// The trigger of 24.303 5.4.3.1.
  mutating func revoke(_ home: IPv6Address, at now: Instant, _ outbox: inout Outbox) throws(CommandError) {
    guard let binding = bound(home) else { throw CommandError("\(home): not bound; let the UE register it first") }
    // A second trigger asks for what is already under way.
    guard revocations[home] == nil else { return }
    histories[home, default: History()].revocations += 1
    let sequence = takeSequence(home)
    let occasion = occasion(home, count: histories[home]?.revocations ?? 1, number: sequence)
    if defects.hits(.briNotSent, occasion) { return }
    revocations[home] = Revocation(
      careOf: binding.careOf, sequence: sequence, copySequence: sequence,
      copyLimit: defects.hits(.briWaitsConstant, occasion) ? 3 : configuration.maximumRetries, occasion: occasion)
    outstanding.insert(sequence)
    let delay = stack.varies(.slowBRI) ? Variation.slowness : .zero
    if delay > .zero { timers.set(.indication(home), at: now + delay) } else { sendIndication(home, at: now, &outbox) }
    timers.set(.revocation(home), at: now + delay + wait(copies: 0, occasion))
    switch defects.how(.bindingRemovedBeforeBRA, occasion) {
    case nil: break
    case .otherBinding: removeBinding(other(than: home))
    default: removeBinding(home)
    }
    if defects.hits(.bystanderRemoved, occasion) { removeBinding(other(than: home)) }
  }

  /// How long the BRA is waited for after the BRI, or after its n-th copy.
  private func wait(copies: Int, _ occasion: Occasion) -> Interval {
    if copies == 0, defects.hits(.briCopyEarly, occasion) { return .milliseconds(200) }
    if defects.hits(.briWaitsConstant, occasion) { return .milliseconds(600) }
    return configuration.revocationWait(copies: copies) + (stack.varies(.slowCopies) ? Variation.delay : .zero)
  }

  /// The next number available (draft-01 6.1), none that is outstanding (RFC 5846 6.1).
  mutating func takeSequence(_ home: IPv6Address) -> UInt16 {
    if defects.hits(.briSequenceDecreases, occasion(home, count: histories[home]?.revocations ?? 1)) { nextSequence &-= 2 }
    // In draft-01 a number that begins with 1 or 2 makes the message a valid one of RFC 5846, which nobody means.
    while outstanding.contains(nextSequence) || (configuration.dialect == .draft01 && [1, 2].contains(nextSequence >> 8)) {
      nextSequence &+= 1
    }
    defer { nextSequence &+= 1 }
    return nextSequence
  }

  mutating func endRevocation(_ home: IPv6Address) {
    guard let revocation = revocations.removeValue(forKey: home) else { return }
    outstanding.remove(revocation.sequence)
    timers.cancel(.revocation(home))
    timers.cancel(.indication(home))
  }

  /// For the defects that go on after the end: a copy is sent even if all were.
  mutating func allowOneMoreCopy(_ home: IPv6Address) {
    guard let revocation = revocations[home] else { return }
    let limit = max(revocation.copyLimit, revocation.copies + 1)
    revocations[home]?.copyLimit = limit
  }

  /// No BRA within the wait (clause 6.3 of draft-01 and RFC 5846).
  mutating func revocationTimedOut(_ home: IPv6Address, at now: Instant, _ outbox: inout Outbox) {
    guard let revocation = revocations[home] else { return }
    guard revocation.copies < revocation.copyLimit else {
      endRevocation(home)
      // 24.303 5.4.3.1 to the letter: not before the BRA.
      if !stack.varies(.keptAfterLastCopy) {
        removeBinding(home)
        var how = BindingProtection.Release.ikeSA
        if defects.hits(.deleteWithSPISize, revocation.occasion) { how = .ikeSAWithSPISize }
        if defects.hits(.deleteListsSPIs, revocation.occasion) { how = .ikeSAWithSPIs }
        stack.releaseKeys(home, how, at: now, &outbox)
        if defects.hits(.deleteCopyChanged, revocation.occasion) { stack.protection[0].sealAnew(home, at: now) }
      }
      return
    }
    revocations[home]?.copies += 1
    if defects.hits(.briCopyChanged, revocation.occasion) { revocations[home]?.copySequence = revocation.copySequence &+ 1 }
    if !defects.hits(.briNotRetransmitted, revocation.occasion) { sendIndication(home, at: now, &outbox) }
    timers.set(.revocation(home), at: now + wait(copies: revocation.copies + 1, revocation.occasion))
  }

  /// Clause 6.2 and 7.2 of draft-01 and RFC 5846.
  mutating func receiveAcknowledgement(_ frame: Span<UInt8>, _ home: IPv6Address, at now: Instant) {
    guard let revocation = revocations[home], let sequence = stack.dissection.value(.braSequence, in: frame),
      let status = stack.dissection.value(.braStatus, in: frame)
    else { return }
    guard
      sequence == UInt128(revocation.sequence) || sequence == UInt128(revocation.copySequence)
        || defects.hits(.unmatchedBRAAccepted, revocation.occasion)
    else { return }
    // Below 128 the revocation was carried out (RFC 5846 6.1.2); draft-01 has 0 and 1 for that. "Binding does not exist" leaves nothing to
    // revoke. After any other status the binding stays, and nothing more is asked of the UE.
    let isDraft = configuration.dialect == .draft01
    let isOver = stack.varies(.removesAfterAnyBRA) || (isDraft ? status <= 2 : status <= 128)
    if isOver, defects.hits(.briAfterBRA, revocation.occasion) {
      allowOneMoreCopy(home)
    } else {
      endRevocation(home)
    }
    guard isOver else { return }
    switch defects.how(.bindingKeptAfterBRA, revocation.occasion) {
    case nil: removeBinding(home)
    case .plain: break
    case .late: timers.set(.removal(home), at: now + Defect.lateness)
    case .otherBinding: removeBinding(other(than: home))
    }
  }

  mutating func sendIndication(_ home: IPv6Address, at now: Instant, _ outbox: inout Outbox) {
    guard let revocation = revocations[home] else { return }
    var occasion = revocation.occasion
    occasion.isCopy = revocation.copies > 0
    func hits(_ defect: Defect.Name) -> Bool { defects.hits(defect, occasion) }
    // By the keys of the binding that is revoked, whatever home address a defect names.
    let sealing = hits(.briInClear) ? Sealing.clear : .of(hits(.briUnderAnotherSA) ? other(than: home) : home)
    let carriage = hits(.briNotInUDP) ? Carriage.withoutUDP : hits(.briToOtherPort) ? .otherPort : .own
    stack.send(indication(home, revocation), to: revocation.careOf, sealing, carriage, at: now, &outbox)
  }

  /// The BRI of 24.303 5.4.3.1 (v0.4.1) or A.6.1 (Rel-17).
  private func indication(_ home: IPv6Address, _ revocation: Revocation) -> Packet {
    var occasion = revocation.occasion
    occasion.isCopy = revocation.copies > 0
    let isDraft = configuration.dialect == .draft01
    func bit(_ defect: Defect.Name) -> UInt128 { defects.hits(defect, occasion) ? 1 : 0 }
    let named = defects.hits(.briOtherHomeAddress, occasion) ? other(than: home) : home
    let hasOption = isDraft != defects.hits(.briWrongCarrier, occasion)
    var options: [Packet.Option] = []
    if stack.varies(.briPaddedWithPad1) { options = [Packet.Option](repeating: Packet.Option(.pad1), count: 4) }
    // PadN of twelve octets (RFC 6275 6.2.3).
    if stack.varies(.briExtraPadding) { options = [Packet.Option(.padN, data: [UInt8](repeating: 0, count: 10))] }
    if defects.hits(.briWithBindingIdentifier, occasion) { options.append(.unknownMobilityOption(type: 35, data: [0, 1, 0, 0])) }
    if defects.hits(.briWithOption, occasion) { options.append(.mobileNodeIdentifier("bri-with-option@detachspec.example")) }
    var bri = Packet([
      .ipv6(from: stack.own, to: defects.hits(.briToHomeAddress, occasion) ? home : revocation.careOf),
      hasOption ? .homeAddress(named) : .routing(to: named),
      .message(
        .bri, configuration.dialect,
        [
          (.briSequence, UInt128(revocation.copies > 0 ? revocation.copySequence : revocation.sequence)),
          (.briTrigger, 1 + bit(.briTriggerWrong) + 127 * bit(.briTriggerGlobal)), (.briA, 1 - bit(.briABitClear)),
          (.briP, bit(.briPBitSet)),
          (.briG, bit(.briGBitSet)), (.briV, bit(.briVBitSet)), (.briReserved, bit(.briReservedSet)),
          (.mhReserved, bit(.briHeaderReservedSet)),
        ], options: options),
    ])
    if defects.hits(.briPayloadProto, occasion) { bri.set(.mhPayloadProto, 6) }
    return defects.hits(.briBadChecksum, occasion) ? bri.withWrongChecksum() : bri
  }
}

extension Packet.Option {
  /// A Mobile Node Identifier option with a Network Access Identifier (RFC 4283 3.1).
  static func mobileNodeIdentifier(_ identifier: String) -> Self {
    Self(.mobileNodeIdentifier, FieldPath(.mobileNodeIdentifier, "subtype").map { [($0, UInt128(1))] } ?? [], data: Array(identifier.utf8))
  }
}
