import Link
import Wire

extension ReferenceHomeAgent {
  private enum Decision {
    case discard
    case refuse(UInt8)
    case deregister
    case register
  }

  /// RFC 6275 9.5.1, 10.3.1, 10.3.2.
  mutating func receiveUpdate(_ update: Update, _ occasion: Occasion, at now: Instant, _ outbox: inout Outbox) {
    if update.isDeregistration, bound(update.home) == nil, configuration.holds(update.home),
      stack.shows(.unknownDeregistrationUnanswered, of: update.home)
    {
      return
    }
    switch decide(update) {
    case .discard: noteMalformed(update.home)
    case .refuse(let status):
      acknowledge(update, status, occasion, at: now, &outbox)
      if status == 135 || status == 139 { noteMalformed(update.home) }
    case .deregister: deregister(update, occasion, at: now, &outbox)
    case .register: register(update, occasion, at: now, &outbox)
    }
  }

  private mutating func decide(_ update: Update) -> Decision {
    if update.isAuthorizationMisplaced { return .discard }
    if update.isDeregistration, update.hasReservedSet, stack.shows(.reservedNotIgnored, of: update.home) { return .discard }
    if update.isDeregistration, update.hasUnknownOption, stack.shows(.unknownOptionNotSkipped, of: update.home) { return .discard }
    let entry = bindings[update.home]
    let history = histories[update.home]
    // 24.303 5.4.3.2 has "any existing entry" deleted, and the BU acknowledged: one that is gone by a BU(0) is as well deleted once more.
    if update.isDeregistration, update.isHomeRegistration, bound(update.home) == nil, history?.isDeregistered == true,
      stack.varies(.repeatedDeregistrationAccepted)
    {
      return .deregister
    }
    if entry == nil, let last = history?.expiredSequence, !Self.isGreater(update.sequence, than: last) { return .refuse(135) }
    if !update.isDeregistration, let bound = bound(update.home), update.sequence < bound.sequence,
      stack.shows(.sequenceComparedUnsigned, of: update.home)
    {
      return .refuse(135)
    }
    if let entry, !Self.isGreater(update.sequence, than: entry.sequence),
      !(update.isDeregistration && stack.shows(.sequenceWindowIgnored, of: update.home))
    {
      return .refuse(135)
    }
    if !update.isHomeRegistration, !(bound(update.home) != nil && stack.shows(.registrationTypeIgnored, of: update.home)) {
      // Without a home registration it is for a correspondent node, which this is not.
      return bound(update.home) == nil ? .discard : .refuse(139)
    }
    if update.isHomeRegistration, update.hasNonceIndices, !stack.shows(.nonceIndicesAccepted, of: update.home) { return .discard }
    // Such an option gets this far by a defect alone.
    if update.isDeregistration, update.hasHomeAddressOption, !update.home.isRoutableUnicast { return .deregister }
    // Without the option the source is taken for the home address; what is not on the home link then is a BU that lacks the option.
    guard configuration.isOnHomeLink(update.home) else {
      if update.isDeregistration, update.hasHomeAddressOption, stack.shows(.foreignHomeAddressAccepted, of: update.home) {
        return .deregister
      }
      return update.hasHomeAddressOption ? .refuse(132) : .discard
    }
    // Nobody has authorised this mobile node: RFC 6275 9.5.1 has no status for that.
    guard configuration.holds(update.home) else { return .discard }
    if update.isDeregistration {
      return entry == nil && !stack.shows(.unknownDeregistrationAccepted, of: update.home) ? .refuse(133) : .deregister
    }
    // A revocation in progress is not undone by a registration (RFC 5846 7.1: local policy; 129 administratively prohibited).
    return revocations[update.home] == nil ? .register : .refuse(129)
  }

  /// Sequence numbers are compared modulo 2^16 (RFC 6275 9.5.1).
  private static func isGreater(_ number: UInt16, than last: UInt16) -> Bool { (1...32_767).contains(number &- last) }

  private mutating func register(_ update: Update, _ occasion: Occasion, at now: Instant, _ outbox: inout Outbox) {
    let granted = min(stack.varies(.grantsLess) ? max(1, update.lifetime / 2) : update.lifetime, configuration.maximumLifetime)
    let isNew = bound(update.home) == nil
    bindings[update.home] = Binding(careOf: update.careOf, sequence: update.sequence)
    timers.cancel(.removal(update.home))
    histories[update.home, default: History()].isDeregistered = false
    timers.set(.expiry(update.home), at: now + .seconds(defects.hits(.bindingRemovedEarly, occasion) ? 1 : 4) * Int64(granted))
    stack.neighbours.own(update.home, on: 1)
    let options: [Packet.Option] =
      stack.varies(.baExtraOptions)
      ? [.init(.bindingRefreshAdvice, data: []), .unknownMobilityOption(type: 200, data: [1, 2, 3, 4])] : []
    // 1: accepted, but the prefixes have to be discovered (RFC 6275 6.1.8).
    var ba = acknowledgement(update, stack.varies(.baPrefixDiscovery) ? 1 : 0, lifetime: granted, options: options)
    if let interval = FieldPath(.bindingRefreshAdvice, "refresh-interval") { ba.set(interval, UInt128(max(1, granted / 2))) }
    if isNew, stack.varies(.firstBALost) { return }
    let isSlow = stack.varies(.slowBA) || stack.varies(.slowRegistrations)
    let delay = isSlow ? Variation.slowness * (stack.varies(.slowRegistrations) ? 2 : 1) : .zero
    stack.send(ba, to: update.source, after: delay, at: now, &outbox)
  }

  private mutating func deregister(_ update: Update, _ circumstances: Occasion, at now: Instant, _ outbox: inout Outbox) {
    let home = update.home
    var occasion = circumstances
    occasion.isCopy = bound(home) == nil
    if occasion.isCopy {
      occasion.count = histories[home]?.detaches ?? 1
    } else {
      histories[home, default: History()].detaches += 1
      histories[home]?.isDeregistered = true
    }
    // 24.303 5.4.3.1: the BU counts as the acknowledgement.
    if occasion.isRace {
      if defects.hits(.briAfterBA, occasion) {
        allowOneMoreCopy(home)
      } else {
        endRevocation(home)
      }
    }
    bindings[home]?.sequence = update.sequence
    switch defects.how(.bindingKeptAfterDeregistration, occasion) {
    case nil: deregister(home, at: now)
    case .plain: break
    case .late: timers.set(.removal(home), at: now + Defect.lateness)
    case .otherBinding: removeBinding(other(than: home))
    }
    if defects.hits(.bystanderRemoved, occasion) { removeBinding(other(than: home)) }
    acknowledge(update, 0, occasion, at: now, &outbox)
  }

  /// A BA that grants nothing: to a BU(0), or to a BU that is refused.
  private mutating func acknowledge(
    _ update: Update, _ status: UInt8, _ circumstances: Occasion, at now: Instant, _ outbox: inout Outbox
  ) {
    if stack.isTakenSilently { return }
    guard update.isDeregistration, status == 0 || status == 133 else {
      return stack.send(acknowledgement(update, status), to: update.source, at: now, &outbox)
    }
    var occasion = circumstances
    if status == 133 {
      occasion.isCopy = true
      occasion.count = histories[update.home]?.detaches ?? 1
    }
    var delay = stack.varies(.slowBA) ? Variation.slowness : .zero
    switch defects.how(.baNotSent, occasion) {
    case nil: break
    case .late: delay = Defect.lateness
    default: return
    }
    guard status == 0 else { return stack.send(acknowledgement(update, status), to: update.source, after: delay, at: now, &outbox) }
    var ba = acknowledgement(
      update, defects.hits(.baBadStatus, occasion) ? 128 : 0, lifetime: defects.hits(.baLifetimeNonzero, occasion) ? 1 : 0,
      hasRoute: !defects.hits(.baWithoutRoutingHeader, occasion),
      destination: defects.hits(.baToCareOfAddress, occasion) ? update.careOf : update.source)
    if defects.hits(.baSequenceWrong, occasion) { ba.set(.baSequence, UInt128(update.sequence &+ 1)) }
    if defects.hits(.baReservedSet, occasion) { ba.set(.mhReserved, 1) }
    if defects.hits(.baBadChecksum, occasion) { ba = ba.withWrongChecksum() }
    let isForeign = defects.hits(.baUnderAnotherSA, occasion)
    let sealing = defects.hits(.baInClear, occasion) ? Sealing.clear : isForeign ? .of(other(than: update.home)) : .own
    stack.send(ba, to: update.source, after: delay, sealing, at: now, &outbox)
  }

  /// RFC 6275 9.5.4. K stays 0: no association of IKE moves with the binding.
  private func acknowledgement(
    _ update: Update, _ status: UInt8, lifetime: UInt16 = 0, options: [Packet.Option] = [], hasRoute: Bool = true,
    destination: IPv6Address? = nil
  ) -> Packet {
    let last = bindings[update.home]?.sequence ?? histories[update.home]?.expiredSequence
    let sequence = status == 135 ? last ?? update.sequence : update.sequence
    let isPadded = options.isEmpty && stack.varies(.baPaddedWithPad1)
    let options = isPadded ? [Packet.Option](repeating: Packet.Option(.pad1), count: 4) : options
    let route: [Packet.Header] = update.hasHomeAddressOption && hasRoute ? [.routing(to: update.home)] : []
    let values: [(FieldPath, UInt128)] = [
      (.baStatus, UInt128(status)), (.baSequence, UInt128(sequence)), (.baLifetime, UInt128(lifetime)),
    ]
    return Packet(
      [.ipv6(from: stack.own, to: destination ?? update.source)] + route + [.message(.ba, configuration.dialect, values, options: options)])
  }
}
