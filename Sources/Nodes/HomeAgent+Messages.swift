import Link
import Wire

// A path by name costs a search; this one is asked of every Binding Update.
private let updateReserved = FieldPath(.bu, "reserved")

extension ReferenceHomeAgent {
  /// A Mobility Header message for the Home Agent itself.
  mutating func receiveMobility(_ frame: Span<UInt8>, _ arrival: Arrival, at now: Instant, _ outbox: inout Outbox) {
    guard admitsHomeAddress(frame, arrival, at: now, &outbox), stack.isProtected(frame, arrival) else { return }
    let home = arrival.homeAddressOption ?? arrival.source
    let occasion = stack.occasion
    // Such a source gets this far by a defect alone.
    if arrival.source.isMulticast, !stack.shows(.nonUnicastSourceAnswered, of: home) { return }
    let faults = stack.faults(frame)
    var lenience: Lenience = []
    if faults.contains(.checksum), stack.shows(.badChecksumAccepted, of: home) { lenience.insert(.checksum) }
    if faults.contains(.headerLength), stack.shows(.headerLengthIgnored, of: home) { lenience.insert(.headerLength) }
    if faults.contains(.payloadProto), stack.shows(.payloadProtoIgnored, of: home) { lenience.insert(.payloadProto) }
    if faults.contains(.unknownTypeUnanswered), stack.shows(.unknownTypeUnanswered, of: home) { lenience.insert(.unknownTypeUnanswered) }
    guard stack.checkMobility(frame, arrival, lenience, at: now, &outbox) else { return noteMalformed(home) }
    // Draft-01 with one type number: what a Home Agent receives is a BRA.
    if stack.dissection.messageKind == .revocation, configuration.dialect == .draft01 { stack.dissection.nameMessage(.bra) }
    switch stack.dissection.messageKind {
    case .bu:
      guard let update = Update(frame, arrival, stack), isCareOfAddress(update) else { return noteMalformed(home) }
      receiveUpdate(update, occasion, at: now, &outbox)
    case .bra: receiveAcknowledgement(frame, home, at: now)
    default: break
    }
  }

  /// RFC 6275 9.5.1: it is routable and unicast.
  private mutating func isCareOfAddress(_ update: Update) -> Bool {
    if update.careOf.isRoutableUnicast { return true }
    guard update.lifetime == 0 else { return false }
    // A multicast source gets this far by a defect alone; without the option it is the care-of address too.
    return update.careOf == update.source && update.source.isMulticast || stack.shows(.careOfAddressUnchecked, of: update.home)
  }

  /// The rules of RFC 6275 9.3.1 for the Home Address option. False when the packet is to be dropped.
  mutating func admitsHomeAddress(_ frame: Span<UInt8>, _ arrival: Arrival, at now: Instant, _ outbox: inout Outbox) -> Bool {
    guard let home = arrival.homeAddressOption else { return true }
    if home.isRoutableUnicast || stack.shows(.unroutableHomeAddressAccepted, of: home) {
      if isExempt(frame, arrival) || bound(home)?.careOf == arrival.source { return true }
    }
    if home.isRoutableUnicast {
      if stack.shows(.unmatchedHomeAddressAccepted, of: home) { return true }
      // A BRA that is no longer waited for is ignored (draft-01 6.2).
      if stack.varies(.silentToLateBRA), case .mobility = arrival.content { return false }
    }
    // What came through a tunnel had no such option.
    if arrival.source.ipv4 == nil { stack.sendBindingError(1, frame, arrival, at: now, &outbox) }
    noteMalformed(home)
    return false
  }

  /// RFC 3775 9.3.1 asks for no binding of a packet that carries a Binding Update, RFC 6275 9.3.1 of any with a Mobility Header.
  private func isExempt(_ frame: Span<UInt8>, _ arrival: Arrival) -> Bool {
    guard case .mobility = arrival.content else { return false }
    return configuration.dialect == .rfc5846 || stack.dissection.value(.mhType, in: frame) == 5
  }

  /// A Binding Update that RFC 6275 6.1.7 lets be read.
  struct Update {
    var home: IPv6Address
    /// Where the BA goes.
    var source: IPv6Address
    var careOf: IPv6Address
    var hasHomeAddressOption: Bool
    var sequence: UInt16
    var isHomeRegistration: Bool
    /// Units of 4 s.
    var lifetime: UInt16
    var hasNonceIndices: Bool
    /// A Binding Authorization Data option that is not the last (RFC 6275 6.2.7).
    var isAuthorizationMisplaced: Bool
    var hasReservedSet: Bool
    var hasUnknownOption: Bool

    /// RFC 3775 9.5.1: a care-of address that is the home address means the same as lifetime 0.
    var isDeregistration: Bool { lifetime == 0 || careOf == home }

    /// Nil for one that is silently discarded whatever is bound: an Alternate Care-of Address option that is none.
    init?(_ frame: Span<UInt8>, _ arrival: Arrival, _ stack: NodeStack) {
      let message = stack.dissection
      guard let sequence = message.value(.buSequence, in: frame), let lifetime = message.value(.buLifetime, in: frame) else { return nil }
      home = arrival.homeAddressOption ?? arrival.source
      source = arrival.source
      careOf = message.value(.alternateCareOfAddress, in: frame).map { IPv6Address($0) } ?? arrival.source
      hasHomeAddressOption = arrival.homeAddressOption != nil
      self.sequence = UInt16(truncatingIfNeeded: sequence)
      self.lifetime = UInt16(truncatingIfNeeded: lifetime)
      isHomeRegistration = message.value(.buH, in: frame) == 1
      hasNonceIndices = stack.holdsOption(frame) { kind, _ in kind == .nonceIndices }
      hasUnknownOption = stack.holdsOption(frame) { kind, _ in kind == .unknownMobilityOption }
      var last = LayerKind.pad1
      var isMisplaced = false
      message.forEachOption(in: frame) { kind, _, _ in
        isMisplaced = isMisplaced || last == .bindingAuthorizationData
        last = kind
      }
      isAuthorizationMisplaced = isMisplaced
      let reserved = updateReserved.flatMap { message.value($0, in: frame) }
      hasReservedSet = message.value(.mhReserved, in: frame) != 0 || reserved != 0
      guard !stack.holdsOption(frame, where: { $0 == .alternateCareOfAddress && $1 != 18 }) else { return nil }
    }
  }
}
