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
    case .be, .icmpv6, .mh: break
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
    if !conversations[place].update.isOpen {
      conversations[place].update.bindingBefore = conversations[place].binding
      conversations[place].update.entryBefore = conversations[place].entry
    }
    conversations[place].update.isOpen = true
    conversations[place].update.isDeregistration = lifetime == 0
    conversations[place].update.sequence = UInt16(truncatingIfNeeded: sequence)
    conversations[place].update.careOf = careOf
    conversations[place].update.source = IPv6Address(source)
    conversations[place].update.isDuringRevocation = conversations[place].revocation.isOpen
    if lifetime == 0 {
      conversations[place].binding.formUnion(.unbound)
      conversations[place].entry = .detaching
    } else {
      conversations[place].binding.formUnion(.bound)
      conversations[place].entry.formUnion(.bound)
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
      conversations[place].accepted = Int32(truncatingIfNeeded: sequence)
      if update.isOpen { conversations[place].binding = update.bindingBefore }
      conversations[place].update.isOpen = false
      return
    }
    guard update.isOpen, sequence == UInt128(update.sequence) else { return }
    conversations[place].update.isOpen = false
    guard status < 128 else {
      conversations[place].binding = update.bindingBefore
      if !update.isDeregistration {
        conversations[place].entry = update.entryBefore
      } else if status == 133 {
        // Nothing is left that could be deleted.
        conversations[place].entry = .none
      } else {
        conversations[place].entry.formUnion(.none)
      }
      return
    }
    conversations[place].accepted = Int32(update.sequence)
    if update.isDeregistration {
      conversations[place].binding = .unbound
      conversations[place].entry = .none
      conversations[place].goneBy = update.isDuringRevocation ? .race : .deregistration
      conversations[place].expiry = .distantFuture
      conversations[place].revocation.isOpen = false
      return
    }
    if update.bindingBefore == .bound, update.entryBefore == .bound {
      conversations[place].shown.insert(.refresh)
    } else {
      conversations[place].shown.formIntersection(.option)
      conversations[place].goneBy = []
    }
    // Whether an update during a revocation ends it is the Home Agent's policy (RFC 5846 7.1): both may stand.
    conversations[place].binding =
      update.bindingBefore.contains(.revoking) && conversations[place].revocation.isOpen ? [.bound, .revoking] : .bound
    conversations[place].entry = .bound
    conversations[place].careOf = update.careOf
    let lifetime = Int64(truncatingIfNeeded: facts[.baLifetime] ?? 0)
    conversations[place].expiry = observation.time + Interval.seconds(Double(lifetime) * 4)
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
    if conversation.revocation.isOpen, conversation.revocation.sequence == UInt16(truncatingIfNeeded: sequence) { return }
    let isAnother = conversation.revocation.isOpen
    let isValid =
      dissection.isSound && (facts[.briP] ?? 0) == 0 && (facts[.briG] ?? 0) == 0
      && (facts[.briV] ?? 0) == 0
      && Self.isOrdinary(facts[.briTrigger], dissection.messageDialect)
    conversations[place].revocation.isOpen = true
    conversations[place].revocation.isValid = isValid && conversation.entry == .bound && !conversation.entry.contains(.detaching)
    conversations[place].revocation.sequence = UInt16(truncatingIfNeeded: sequence)
    conversations[place].revocation.hasEarlier = isAnother && (conversation.revocation.isSound || conversation.revocation.hasEarlier)
    conversations[place].revocation.isSound = dissection.isSound
    conversations[place].revocation.isByOption = facts[.routingHomeAddress] == nil && facts[.homeAddressOption] != nil
    if !isAnother { conversations[place].revocation.end = observation.time + timers.revocation }
    if !conversation.binding.isDisjoint(with: [.bound, .revoking]) {
      conversations[place].binding = conversation.update.isOpen && conversation.update.isDeregistration ? [.revoking, .unbound] : .revoking
    }
    if isValid, conversation.entry.contains(.bound) { conversations[place].entry.formUnion(.none) }
  }

  /// A trigger that no UE has a reason to refuse: 1, in draft-01 2 as well (administrative).
  private static func isOrdinary(_ trigger: UInt128?, _ dialect: Dialect) -> Bool { trigger == 1 || (dialect == .draft01 && trigger == 2) }

  private mutating func agreed(_ place: Int) {
    guard let status = facts[.braStatus], let sequence = facts[.braSequence],
      conversations[place].revocation.isOpen, sequence == UInt128(conversations[place].revocation.sequence)
    else { return }
    if conversations[place].revocation.isByOption { conversations[place].shown.insert(.option) }
    if status == 0 {
      conversations[place].binding = .unbound
      conversations[place].goneBy = .acknowledgement
      conversations[place].expiry = .distantFuture
      let mayDetach = conversations[place].entry.contains(.detaching)
      conversations[place].entry = mayDetach ? conversations[place].entry.subtracting(.bound) : .none
      conversations[place].revocation.isOpen = false
    } else {
      // What another status does to the binding is the Home Agent's policy.
      conversations[place].binding.formUnion(.unbound)
    }
  }
}
