import Link
import Wire

extension ReferenceUserEquipment {
  /// MAX_UPDATE_RATE (RFC 6275 12): so many BUs a second.
  private static let maximumUpdateRate = 3

  mutating func register(
    _ home: IPv6Address, lifetime: UInt16, at now: Instant, _ outbox: inout Outbox
  ) throws(CommandError) {
    // One that only says goodbye after a BRI may be wanted again before that was answered.
    guard !isDetaching(home) || stack.varies(.deregistersAfterBRA) else {
      throw CommandError("\(home): detaching; wait until `state` says unbound")
    }
    if isDetaching(home) {
      removeBinding(home)
      stack.releaseKeys(home, at: now, &outbox)
    }
    bindings[home, default: Binding(requested: lifetime, wait: .zero)].requested = lifetime
    beginUpdates(home, at: now, &outbox)
  }

  /// 24.303 5.4.2.2.
  mutating func detach(_ home: IPv6Address, at now: Instant, _ outbox: inout Outbox) throws(CommandError) {
    guard bindings[home] != nil else { throw CommandError("\(home): not bound; register it first") }
    guard !isDetaching(home) else { return }
    histories[home, default: History()].detaches += 1
    let next = (histories[home]?.updateSequence ?? 0) &+ 1
    switch defects.how(.buNotSent, occasion(home, count: histories[home]?.detaches ?? 1, number: next)) {
    case nil: beginDetach(home, at: now, &outbox)
    case .otherBinding:
      if let other = other(than: home) { beginDetach(other, at: now, &outbox) }
    default: removeBinding(home)
    }
  }

  private mutating func beginDetach(_ home: IPv6Address, at now: Instant, _ outbox: inout Outbox) {
    bindings[home]?.phase = .detaching
    guard stack.varies(.slowDetach) else { return beginUpdates(home, at: now, &outbox) }
    // No BU(0) is there that a BA could answer.
    bindings[home]?.isWaiting = false
    timers.set(.update(home), at: now + Variation.slowness)
  }

  /// A de-registration of what a BRI has ended already.
  mutating func sayGoodbye(_ home: IPv6Address, at now: Instant) {
    bindings[home] = Binding(phase: .detaching, requested: configuration.requestedLifetime, isWaiting: false, wait: .zero)
    timers.set(.update(home), at: now + .milliseconds(100))
  }

  /// A new BU and its retransmissions.
  mutating func beginUpdates(_ home: IPv6Address, at now: Instant, _ outbox: inout Outbox) {
    if stack.establishKeys(home, at: now, &outbox) { return }
    let wait = configuration.initialBindingTimeout
    bindings[home]?.wait = wait
    bindings[home]?.startsAfresh = false
    bindings[home]?.isRetransmission = false
    sendUpdate(home, at: now, &outbox)
  }

  mutating func updateTimedOut(_ home: IPv6Address, at now: Instant, _ outbox: inout Outbox) {
    guard let binding = bindings[home] else { return }
    // Three quarters of the lifetime are over.
    guard binding.isWaiting, !binding.startsAfresh else { return beginUpdates(home, at: now, &outbox) }
    let occasion = occasion(home, count: histories[home]?.detaches ?? 1)
    let wait = defects.hits(.buBackOffMissing, occasion) ? binding.wait : min(binding.wait * 2, configuration.maximumBindingTimeout)
    bindings[home]?.wait = wait
    bindings[home]?.isRetransmission = true
    if binding.phase == .detaching, defects.hits(.buNotRetransmitted, occasion) { return }
    sendUpdate(home, at: now, &outbox)
  }

  mutating func expire(_ home: IPv6Address) {
    // Nothing is left to be detached from, or used; a UE that still wants the binding goes on asking for it.
    if bindings[home]?.phase == .bound { bindings[home]?.phase = .registering } else if isDetaching(home) { removeBinding(home) }
  }

  private func isDetaching(_ home: IPv6Address) -> Bool { bindings[home]?.phase == .detaching }

  /// RFC 6275 11.7.1, and 11.8 for what comes after it.
  private mutating func sendUpdate(_ home: IPv6Address, at now: Instant, _ outbox: inout Outbox) {
    guard let binding = bindings[home] else { return }
    let isDetach = binding.phase == .detaching
    let last = histories[home]?.updateSequence
    var occasion = occasion(home, count: histories[home]?.detaches ?? 1, number: (last ?? 0) &+ 1, isCopy: binding.isRetransmission)
    // The BU itself is the race's other half, not one that meets it.
    occasion.isRace = false
    func hits(_ defect: Defect.Name) -> Bool { isDetach && defects.hits(defect, occasion) }
    let sequence = hits(.buSequenceRepeated) ? last ?? takeSequence(home) : takeSequence(home)
    let lifetime: UInt16 = isDetach ? (hits(.buLifetimeNonzero) ? 1 : 0) : binding.requested
    var options: [Packet.Option] = stack.varies(.buExtraOption) ? [.unknownMobilityOption(type: 200, data: [1, 2, 3, 4])] : []
    if !hits(.buWithoutAlternateCoA) { options.append(.alternateCareOfAddress(configuration.careOf)) }
    let route: [Packet.Header] = hits(.buWithoutHomeAddressOption) ? [] : [.homeAddress(home)]
    var bu = Packet(
      [.ipv6(from: configuration.careOf, to: configuration.homeAgent)] + route + [
        .message(
          .bu, configuration.dialect,
          [
            (.buSequence, UInt128(sequence)), (.buA, hits(.buAClear) ? 0 : 1), (.buH, hits(.buHClear) ? 0 : 1),
            (.buL, configuration.isLinkLocalCompatible || stack.varies(.buLSet) ? 1 : 0),
            (.buK, configuration.hasKeyManagementMobility && !stack.varies(.buKClear) ? 1 : 0),
            (.buLifetime, UInt128(lifetime)), (.mhReserved, hits(.buReservedSet) ? 1 : 0),
          ], options: options)
      ])
    if hits(.buBadChecksum) { bu = bu.withWrongChecksum() }
    let isLost = stack.varies(.firstBULost) && binding.phase == .registering && !binding.isRetransmission
    var sealing = hits(.buInClear) ? Sealing.clear : .own
    if hits(.buUnderAnotherSA), let other = other(than: home) { sealing = .of(other) }
    if !isLost { stack.send(bu, to: configuration.homeAgent, sealing, at: now, &outbox) }
    bindings[home]?.isWaiting = true
    bindings[home]?.recentUpdates = (binding.recentUpdates + [now]).suffix(Self.maximumUpdateRate)
    let isLate = stack.varies(.lateRetransmission)
    timers.set(.update(home), at: now + binding.wait + (isLate ? Interval(nanoseconds: binding.wait.nanoseconds / 20) : .zero))
  }

  /// RFC 6275 11.7.3.
  mutating func receiveAcknowledgement(_ frame: Span<UInt8>, _ arrival: Arrival, at now: Instant, _ outbox: inout Outbox) {
    guard let home = arrival.routing, arrival.source == configuration.homeAgent, let binding = bindings[home], binding.isWaiting,
      let status = stack.dissection.value(.baStatus, in: frame), let number = stack.dissection.value(.baSequence, in: frame),
      let lifetime = stack.dissection.value(.baLifetime, in: frame)
    else { return }
    let sequence = UInt16(truncatingIfNeeded: number)
    let occasion = occasion(home, count: histories[home]?.detaches ?? 1)
    if status == 135 {
      guard !defects.hits(.sequenceNotTakenOver, occasion) else { return }
      // A number behind the last one refuses a BU that came late or twice.
      guard sequence &- (histories[home]?.updateSequence ?? 0) < 32_768 else { return }
      // The Home Agent's number is taken over, and the BU sent again, not too often.
      histories[home, default: History()].updateSequence = sequence
      bindings[home]?.startsAfresh = true
      let isAsMany = binding.recentUpdates.count == Self.maximumUpdateRate && !defects.hits(.updateRateIgnored, occasion)
      let spacing = stack.varies(.spacedUpdates) ? binding.recentUpdates.last.map { $0 + .milliseconds(400) } : nil
      let earliest = spacing ?? (isAsMany ? binding.recentUpdates[0] + .seconds(1) : now)
      if earliest <= now { beginUpdates(home, at: now, &outbox) } else { timers.set(.update(home), at: earliest) }
      return
    }
    // A granted lifetime may belong to the registration before; it is the answer to a de-registration that is taken for another's.
    let isTakenAnyway = lifetime == 0 && defects.hits(.unmatchedBAAccepted, occasion)
    guard sequence == histories[home]?.updateSequence || isTakenAnyway else { return }
    // A detach is over whatever the answer: 133 says that nothing is bound, and any other refusal will not change.
    guard binding.phase != .detaching, status < 128, lifetime > 0 else { return endBinding(home, occasion, at: now, &outbox) }
    bindings[home]?.phase = .bound
    bindings[home]?.isWaiting = false
    let units = Int64(min(lifetime, UInt128(binding.requested)))
    timers.set(.expiry(home), at: now + .seconds(4) * units)
    timers.set(.update(home), at: now + .seconds(stack.varies(.earlyRefresh) ? 2 : 3) * units)
  }
}
