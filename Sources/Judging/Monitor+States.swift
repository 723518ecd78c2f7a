import Wire

/// How messages move what is known of a binding (spec: state machines of the HA and the UE).
extension Monitor {
  mutating func transition(_ place: Int, _ observation: Observation, _ dissection: inout Dissection) {
    switch observation.kind {
    case .bu: updated(place)
    case .ba: acknowledged(place, observation)
    case .bri: revoked(place, observation, &dissection)
    case .bra: agreed(place)
    case .tunnelled:
      if observation.from == .ha { conversations[place].shown.insert(.forwarding) }
    case .ike: exchanged(place)
    case .be: conversations[place].shown.insert(.error)
    case .icmpv6, .mh: break
    }
  }

  /// A BU that the Home Agent will not take: the UE has sent it all the same, and waits for a BA.
  mutating func attempted(_ place: Int) {
    guard let lifetime = facts[.buLifetime], facts[.homeAddressOption] == conversations[place].home.value else { return }
    conversations[place].entry.formUnion(lifetime == 0 ? .detaching : .bound)
  }

  /// A BU was sent: until its BA is seen, the Home Agent may have accepted it or not.
  private mutating func updated(_ place: Int) {
    guard let sequence = facts[.buSequence], let lifetime = facts[.buLifetime],
      facts[.buH] == 1, let source = facts[.source]
    else { return }
    let home = conversations[place].home
    guard facts[.homeAddressOption].map(IPv6Address.init) == home || source == home.value else { return }
    let careOf = IPv6Address(facts[.alternateCareOf] ?? source)
    // One that came before and has no answer yet may have been accepted as well.
    conversations[place].update.bindingBefore = conversations[place].binding
    conversations[place].update.entryBefore = conversations[place].entry
    conversations[place].update.isOpen = true
    conversations[place].update.openBefore = conversations[place].open
    conversations[place].update.isAbandoned = false
    conversations[place].update.isDeregistration = lifetime == 0
    conversations[place].update.sequence = UInt16(truncatingIfNeeded: sequence)
    conversations[place].update.careOf = careOf
    conversations[place].update.source = IPv6Address(source)
    conversations[place].update.isDuringRevocation = conversations[place].revocation.isOpen
    if lifetime == 0 {
      conversations[place].binding.formUnion(.unbound)
      conversations[place].open.formUnion(.unbound)
      conversations[place].entry = .detaching
    } else {
      conversations[place].binding.formUnion(.bound)
      conversations[place].entry.formUnion(.bound)
      conversations[place].open.formUnion(.bound)
    }
    learn(careOf, place)
    if careOf.value != source { learn(IPv6Address(source), place) }
  }

  /// No more care-of addresses than conversations are kept: whoever changes it with every message cannot make the monitor grow.
  private mutating func learn(_ careOf: IPv6Address, _ place: Int) {
    if byCareOf.count < Self.maximumConversations || byCareOf[AddressKey(careOf)] != nil {
      byCareOf[AddressKey(careOf)] = Int32(clamping: place)
    }
  }

  private mutating func acknowledged(_ place: Int, _ observation: Observation) {
    guard let status = facts[.baStatus], let sequence = facts[.baSequence] else { return }
    let update = conversations[place].update
    if status == 135 {
      let last = UInt16(truncatingIfNeeded: sequence)
      let wasAcceptedBefore = conversations[place].accepted == Int32(last)
      conversations[place].accepted = Int32(last)
      // A smaller number refuses an earlier BU that came twice: the answer to this one is still to come.
      guard update.isOpen, !(1...32_767).contains(update.sequence &- last) else { return }
      conversations[place].update.isOpen = false
      if (update.sequence == last && wasAcceptedBefore) || (1...32_767).contains(last &- update.sequence) {
        conversations[place].binding = update.bindingBefore
        conversations[place].open = update.openBefore
      }
      // Else the number is this one's own: it was accepted, and came twice.
      return
    }
    let expiry = observation.time + Interval.seconds(Double(Int64(truncatingIfNeeded: facts[.baLifetime] ?? 0)) * 4)
    guard update.isOpen, sequence == UInt128(update.sequence) else {
      // It answers an earlier BU, which gives the binding its lifetime until the last one is accepted as well.
      let isEarlier = (1...32_767).contains(update.sequence &- UInt16(truncatingIfNeeded: sequence))
      if update.isOpen, isEarlier, status < 128, (facts[.baLifetime] ?? 0) > 0 { conversations[place].expiry = expiry }
      return
    }
    conversations[place].update.isOpen = false
    guard status < 128 else {
      conversations[place].binding = update.bindingBefore
      conversations[place].open = update.openBefore
      if !update.isDeregistration {
        conversations[place].entry = update.entryBefore
      } else if status == 133 {
        // Nothing is left that could be deleted: an earlier BU(0) was accepted, and its BA lost.
        conversations[place].binding = .unbound
        conversations[place].open = []
        conversations[place].expiry = .distantFuture
        conversations[place].entry = .none
      } else {
        conversations[place].entry.formUnion(.none)
      }
      return
    }
    conversations[place].accepted = Int32(update.sequence)
    conversations[place].open = []
    if update.isDeregistration {
      conversations[place].binding = .unbound
      conversations[place].entry = .none
      conversations[place].goneBy = update.isDuringRevocation ? .race : .deregistration
      conversations[place].expiry = .distantFuture
      conversations[place].revocation.close()
      return
    }
    if update.bindingBefore == .bound, update.entryBefore == .bound {
      conversations[place].shown.insert(.refresh)
    } else {
      conversations[place].shown.formIntersection([.option, .keys, .keysDeleted, .liveKeys, .error, .answer])
      conversations[place].goneBy = []
    }
    // Whether an update during a revocation ends it is the Home Agent's policy (RFC 5846 7.1): both may stand.
    let revocation = conversations[place].revocation
    conversations[place].binding = update.bindingBefore.contains(.revoking) && revocation.isOpen ? [.bound, .revoking] : .bound
    if update.isAbandoned {
      // The UE sent its BRA after this BU. Whoever accepts an update during a revocation may take it for the end of that, and the BRA for
      // nothing; the UE has dropped its entry.
      conversations[place].binding.formUnion(.unbound)
    } else {
      // A BRI that the UE has not answered yet may have ended what this BU was about.
      let mayBeRevoked = revocation.isOpen && observation.time <= revocation.end
      conversations[place].entry = mayBeRevoked ? conversations[place].entry.intersection(.none).union(.bound) : .bound
    }
    conversations[place].careOf = update.careOf
    conversations[place].expiry = expiry
  }

  /// A BRI was sent: whatever is wrong with it, the Home Agent that sent it is revoking; the UE has to take only a right one.
  private mutating func revoked(_ place: Int, _ observation: Observation, _ dissection: inout Dissection) {
    guard let sequence = facts[.briSequence] else { return }
    let conversation = conversations[place]
    guard facts[.source] == conversation.homeAgent.value else { return }
    let destination = facts[.destination]
    let named = facts[.routingHomeAddress] ?? facts[.homeAddressOption] ?? destination ?? 0
    // Where a capture begins late nobody knows the care-of address.
    let isAtUE = destination == conversation.careOf.value || destination == conversation.home.value || conversation.careOf == .unspecified
    guard named == conversation.home.value, isAtUE else {
      // One that names another home address than the care-of address stands for: whose binding is meant is the Home Agent's secret.
      if !conversation.binding.isDisjoint(with: .bound) { conversations[place].binding.formUnion(.revoking) }
      return
    }
    let isAnother = conversation.revocation.isOpen
    let isSame = conversation.revocation.sequence == UInt16(truncatingIfNeeded: sequence)
    if isAnother, isSame { return goesOn(place, at: observation.time) }
    let isValid =
      facts.isSound && (facts[.briP] ?? 0) == 0 && (facts[.briG] ?? 0) == 0
      && (facts[.briV] ?? 0) == 0
      && Self.isOrdinary(facts[.briTrigger], dissection.messageDialect)
    if conversation.revocation.hasEnded, isSame { return revokedAgain(place, at: observation.time, isValid: isValid) }
    conversations[place].revocation.isOpen = true
    conversations[place].revocation.hasEnded = false
    conversations[place].revocation.isRepeated = false
    conversations[place].revocation.isValid = isValid && conversation.entry == .bound && !conversation.entry.contains(.detaching)
    conversations[place].revocation.sequence = UInt16(truncatingIfNeeded: sequence)
    let mayBeAnswered = isAnother || (conversation.revocation.hasEnded && conversation.revocation.isUnanswered)
    conversations[place].revocation.hasEarlier = mayBeAnswered && (conversation.revocation.isSound || conversation.revocation.hasEarlier)
    conversations[place].revocation.isSound = facts.isSound
    // In a tunnel over IPv4 no header of either kind is there: that form is as good as the option, whichever the text asks for.
    let isTunnelled = destination.map { IPv6Address($0).ipv4 != nil } ?? false
    conversations[place].revocation.isByOption = isTunnelled || (facts[.routingHomeAddress] == nil && facts[.homeAddressOption] != nil)
    // The first one that is seen may be the last copy: those before it were lost. Nobody waits for longer than for all copies.
    conversations[place].revocation.end = observation.time + timers.lastWait
    conversations[place].revocation.limit = observation.time + timers.revocation
    // What BUs that wait for their BA may have made of it since, or may make of it yet.
    if !conversation.binding.isDisjoint(with: [.bound, .revoking]) { conversations[place].binding = conversation.open.union(.revoking) }
    if !conversation.update.bindingBefore.isDisjoint(with: [.bound, .revoking]) {
      conversations[place].update.bindingBefore = conversation.update.openBefore.union(.revoking)
    }
    if isValid { conversations[place].mayDropEntry() }
  }

  /// A copy of a BRI that is not answered: the Home Agent has not given up, and waits once more.
  private mutating func goesOn(_ place: Int, at time: Instant) {
    let conversation = conversations[place]
    let mayHaveEnded = time > conversation.revocation.end - timers.tolerance
    conversations[place].revocation.end = min(time + timers.lastWait, conversation.revocation.limit)
    if mayHaveEnded, conversation.binding.contains(.revoking), !conversation.open.contains(.unbound) {
      conversations[place].binding.remove(.unbound)
    }
  }

  /// A copy of a BRI that was answered comes late: the answer was lost, and the Home Agent still waits; or it crossed the answer; or the link
  /// has repeated it, and it is about a binding that was there before this one.
  private mutating func revokedAgain(_ place: Int, at time: Instant, isValid: Bool) {
    conversations[place].revocation.isOpen = true
    conversations[place].revocation.isRepeated = true
    conversations[place].revocation.isValid = false
    conversations[place].revocation.end = time + timers.lastWait
    conversations[place].revocation.limit = time + timers.revocation
    conversations[place].binding.formUnion(.revoking)
    conversations[place].update.bindingBefore.formUnion(.revoking)
    if isValid { conversations[place].mayDropEntry() }
  }

  /// A trigger that no UE has a reason to refuse: 1, in draft-01 2 as well (administrative).
  private static func isOrdinary(_ trigger: UInt128?, _ dialect: Dialect) -> Bool { trigger == 1 || (dialect == .draft01 && trigger == 2) }

  private mutating func agreed(_ place: Int) {
    guard let status = facts[.braStatus], let sequence = facts[.braSequence],
      conversations[place].revocation.isOpen, sequence == UInt128(conversations[place].revocation.sequence)
    else { return }
    if conversations[place].revocation.isByOption { conversations[place].shown.insert(.option) }
    guard status == 0 else {
      // What another status does to the binding is the Home Agent's policy.
      conversations[place].binding.formUnion(.unbound)
      conversations[place].update.bindingBefore.formUnion(.unbound)
      return
    }
    let isRepeated = conversations[place].revocation.isRepeated
    conversations[place].revocation.close(answered: true)
    guard !isRepeated else {
      // To a Home Agent that waits for none it means nothing; what the UE has registered since may stand.
      conversations[place].binding.endRevocation()
      conversations[place].update.bindingBefore.endRevocation()
      return
    }
    let update = conversations[place].update
    // A Home Agent that has accepted an update meanwhile may have taken it for the end of the revocation, and takes the BRA for nothing.
    let mayBeKept = conversations[place].open.contains(.bound) || conversations[place].binding.contains(.bound)
    conversations[place].binding = mayBeKept ? [.unbound, .bound] : .unbound
    conversations[place].goneBy = .acknowledgement
    if !mayBeKept { conversations[place].expiry = .distantFuture }
    if update.isDuringRevocation, !update.isDeregistration {
      // Sent before the BRI had come, or by a UE that registers again after it has answered.
      conversations[place].entry.formUnion(.none)
    } else {
      let mayDetach = conversations[place].entry.contains(.detaching)
      conversations[place].entry = mayDetach ? conversations[place].entry.subtracting(.bound) : .none
      conversations[place].update.isAbandoned = update.isOpen && !update.isDeregistration
    }
    conversations[place].update.bindingBefore = .unbound
    conversations[place].update.entryBefore = conversations[place].entry
  }
}

extension StateSet {
  /// A revocation, if there was one, has ended the binding.
  fileprivate mutating func endRevocation() {
    if remove(.revoking) != nil { insert(.unbound) }
  }
}

extension Conversation {
  /// A BRI that the UE has to take was sent: who knows whether it has come.
  fileprivate mutating func mayDropEntry() {
    if entry.contains(.bound) { entry.formUnion(.none) }
    if update.entryBefore.contains(.bound) { update.entryBefore.formUnion(.none) }
  }
}
