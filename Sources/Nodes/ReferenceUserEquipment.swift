package import Link
import Security
package import Wire

/// A UE that detaches as TS 24.303 5.4.2 says, natively or in a tunnel over IPv4, with IPsec or without. Port 0 is its access link.
package struct ReferenceUserEquipment: Station, Sendable {
  enum Timer: Hashable, Sendable {
    /// The next BU: a retransmission or a refresh.
    case update(IPv6Address)
    case expiry(IPv6Address)
    /// The DELETE that waits for a BRA on its way.
    case release(IPv6Address, Occasion)
    case noise
  }

  enum Phase: Sendable {
    case registering
    case bound
    case detaching
  }

  /// A binding update list entry (RFC 6275 11.1).
  struct Binding: Sendable {
    var phase = Phase.registering
    /// What is asked for, in units of 4 s.
    var requested: UInt16
    /// The last BU has no answer yet.
    var isWaiting = true
    var isRetransmission = false
    /// The next BU is no copy of the last one: its waits begin anew.
    var startsAfresh = false
    var wait: Interval
    /// When the last BUs were sent, the oldest first; no more than MAX_UPDATE_RATE.
    var recentUpdates: [Instant] = []
  }

  /// The answer to a BRI, for as long as copies of it may come.
  struct Answer: Sendable {
    var sequence: UInt16
    var status: UInt8
    var until: Instant
  }

  var stack: NodeStack
  var timers = TimerQueue<Timer>()
  var bindings: [IPv6Address: Binding] = [:]
  var answers: [IPv6Address: Answer] = [:]
  var histories: [IPv6Address: History] = [:]
  /// IKE SAs whose messages get no answer any more, by a defect.
  private var unanswered: Set<UInt64> = []
  private var generator: SeededGenerator

  package init(_ configuration: NodeConfiguration) {
    stack = NodeStack(configuration, .userEquipment)
    generator = SeededGenerator(seed: configuration.seed)
    if isNoisy { timers.set(.noise, at: Instant(nanoseconds: 0)) }
  }

  var configuration: NodeConfiguration { stack.configuration }
  var defects: DefectSet { stack.defects }

  // MARK: Station

  package mutating func receive(_ frame: Span<UInt8>, on port: Int, at now: Instant, _ outbox: inout Outbox) {
    if defects.contains(.routingHeaderUnchecked), let right = Self.withRightRoutingLength(frame) {
      return take(right.span, isRoutingWrong: true, isDecoded: false, on: port, at: now, &outbox)
    }
    if let opened = stack.opened(frame) { return take(opened.span, isRoutingWrong: false, isDecoded: true, on: port, at: now, &outbox) }
    take(frame, isRoutingWrong: false, isDecoded: false, on: port, at: now, &outbox)
  }

  /// A type 2 routing header first of all whose length is not 2, as somebody reads it who does not look at the length; nil: there is none.
  private static func withRightRoutingLength(_ frame: Span<UInt8>) -> [UInt8]? {
    guard frame.count > 57, frame[20] == 43, frame[56] == 2, frame[55] != 2 else { return nil }
    var right = [UInt8](frame, 0..<frame.count)
    right[55] = 2
    return right
  }

  private mutating func take(
    _ frame: Span<UInt8>, isRoutingWrong: Bool, isDecoded: Bool, on port: Int, at now: Instant, _ outbox: inout Outbox
  ) {
    guard var arrival = stack.accept(frame, isDecoded: isDecoded, on: port, at: now, &outbox) else { return }
    arrival.isRoutingWrong = arrival.isRoutingWrong || isRoutingWrong
    if case .mobility = arrival.content { return receiveMobility(frame, arrival, at: now, &outbox) }
    if case .keyExchange = arrival.content { return exchangeKeys(frame, at: now, &outbox) }
    guard arrival.routing == nil || isRouteMine(arrival) else { return }
    // A UE is nobody's Home Agent or correspondent: no Home Address option has a binding here (RFC 6275 9.3.1).
    guard arrival.homeAddressOption == nil else { return stack.sendBindingError(1, frame, arrival, at: now, &outbox) }
    // What comes to a home address, by routing header or tunnel, ends here; there is no application behind it.
    if case .echoRequest = arrival.content, arrival.routing == nil { stack.answerEcho(frame, arrival, at: now, &outbox) }
  }

  /// RFC 6275 6.4: the routing header is well-formed and names one of the UE's home addresses.
  func isRouteMine(_ arrival: Arrival) -> Bool {
    guard let home = arrival.routing else { return false }
    return !arrival.isRoutingWrong && configuration.holds(home)
  }

  package mutating func wake(at now: Instant, _ outbox: inout Outbox) {
    note(stack.wake(at: now, &outbox), at: now, &outbox)
    while let timer = timers.popDue(at: now) {
      switch timer {
      case .update(let home): updateTimedOut(home, at: now, &outbox)
      case .expiry(let home): expire(home)
      case .release(let home, let occasion): letGo(home, occasion, at: now, &outbox)
      case .noise:
        sendNoise(at: now, &outbox)
        timers.set(.noise, at: now + Variation.noiseInterval)
      }
    }
  }

  package var nextDeadline: Instant { min(timers.nextDeadline, stack.nextDeadline) }

  package mutating func command(_ line: String, at now: Instant, _ outbox: inout Outbox) -> String {
    do {
      return try carryOut(line, at: now, &outbox)
    } catch {
      return "error \(error.text)"
    }
  }

  private mutating func carryOut(_ line: String, at now: Instant, _ outbox: inout Outbox) throws(CommandError) -> String {
    let words = line.split(separator: " ").map(String.init)
    switch (words.first, words.count) {
    case ("register", 2):
      try register(configuration.homeAddress(words[1]), lifetime: configuration.requestedLifetime, at: now, &outbox)
    case ("register", 3):
      guard let lifetime = UInt16(words[2]), lifetime > 0 else {
        throw CommandError("\(words[2]): give a lifetime from 1 to 65535, in units of 4 s")
      }
      try register(configuration.homeAddress(words[1]), lifetime: lifetime, at: now, &outbox)
    case ("detach", 2): try detach(configuration.homeAddress(words[1]), at: now, &outbox)
    case ("state", 2): return state(try configuration.homeAddress(words[1]))
    case ("reset", 1): reset(at: now)
    default: throw CommandError("\(line): unknown; take `register HOA [LIFETIME]`, `detach HOA`, `state HOA` or `reset`")
    }
    return "ok"
  }

  private mutating func reset(at now: Instant) {
    bindings = [:]
    answers = [:]
    timers.removeAll()
    if isNoisy { timers.set(.noise, at: now) }
  }

  private func state(_ home: IPv6Address) -> String {
    let sequence = histories[home]?.updateSequence ?? 0
    return switch bindings[home]?.phase {
    case nil: "ok unbound"
    case .registering: "ok registering \(configuration.careOf) \(sequence)"
    case .bound: "ok bound \(configuration.careOf) \(sequence)"
    case .detaching: "ok detaching \(configuration.careOf) \(sequence)"
    }
  }

  // MARK: Bindings

  private mutating func exchangeKeys(_ frame: Span<UInt8>, at now: Instant, _ outbox: inout Outbox) {
    let (histories, defects, silent) = (histories, defects, unanswered)
    var isUnanswered = stack.ikeSPI(of: frame).map { silent.contains($0) } ?? false
    var staysSo = isUnanswered
    let events = stack.exchangeKeys(frame, at: now, &outbox) { events in
      for event in events {
        if case .closed(let home, .deletedByPeer) = event, defects.hits(.deleteUnanswered, (histories[home] ?? History()).nextRelease) {
          (isUnanswered, staysSo) = (true, true)
        }
        if case .closed(let home, .deletedByPeer) = event, defects.answersWrongly((histories[home] ?? History()).nextRelease) {
          isUnanswered = true
        }
        if case .asked(let home) = event, defects.hits(.informationalUnanswered, (histories[home] ?? History()).nextQuestion) {
          isUnanswered = true
        }
      }
      return !isUnanswered
    }
    if staysSo, let spi = stack.ikeSPI(of: frame) { unanswered.insert(spi) }
    note(events, at: now, &outbox)
  }

  private mutating func note(_ events: [BindingProtection.Event], at now: Instant, _ outbox: inout Outbox) {
    for event in events {
      switch event {
      case .established(let home):
        if bindings[home] != nil { beginUpdates(home, at: now, &outbox) }
      case .asked(let home): histories[home, default: History()].questions += 1
      // Without them the binding is of no use; 24.303 says nothing of its entry.
      case .closed(let home, let reason):
        removeBinding(home)
        guard reason == .deletedByPeer else { continue }
        let occasion = (histories[home] ?? History()).nextRelease
        histories[home, default: History()].releases += 1
        stack.answerWrongly(home, occasion, at: now, &outbox)
        if defects.hits(.espSAsKeptByPeer, occasion) { stack.protection[0].restore(home) }
        if defects.hits(.deleteAnsweredAnew, occasion) { stack.protection[0].sealAnew(home, at: now) }
      }
    }
  }

  /// The binding is over, and its security associations with it (24.303 5.4.2.2), once what was sent by them is out.
  mutating func endBinding(
    _ home: IPv6Address, _ occasion: Occasion, after delay: Interval = .zero, at now: Instant, _ outbox: inout Outbox
  ) {
    removeBinding(home)
    switch defects.how(.deleteNotSent, occasion) {
    case nil: break
    case .otherBinding: return stack.releaseKeys(other(than: home) ?? home, at: now, &outbox)
    default: return
    }
    if delay > .zero { return timers.set(.release(home, occasion), at: now + delay) }
    letGo(home, occasion, at: now, &outbox)
  }

  private mutating func letGo(_ home: IPv6Address, _ occasion: Occasion, at now: Instant, _ outbox: inout Outbox) {
    var how = BindingProtection.Release.ikeSA
    if defects.hits(.deleteNamesESPSAs, occasion) { how = .espSAs }
    if defects.hits(.deleteWithSPISize, occasion) { how = .ikeSAWithSPISize }
    if defects.hits(.deleteListsSPIs, occasion) { how = .ikeSAWithSPIs }
    if defects.hits(.ikeSAKept, occasion) { how = .ikeSAKept }
    stack.releaseKeys(home, how, at: now, &outbox)
    guard !stack.protection.isEmpty else { return }
    if defects.hits(.espSAsKept, occasion) { stack.protection[0].restore(home) }
    if defects.hits(.deleteCopyChanged, occasion) { stack.protection[0].sealAnew(home, at: now) }
    guard let other = other(than: home) else { return }
    if defects.hits(.otherIKESADeleted, occasion) { stack.releaseKeys(other, at: now, &outbox) }
    if defects.hits(.otherESPSAsClosed, occasion) { stack.protection[0].drop(other, ikeSA: false) }
  }

  func isBound(_ home: IPv6Address) -> Bool { bindings[home]?.phase == .bound }

  /// Another home address than this: a bound one, if there is one.
  func other(than home: IPv6Address) -> IPv6Address? {
    [home.advanced(by: 1), home.advanced(by: -1)].first { isBound($0) }
  }

  mutating func removeBinding(_ home: IPv6Address) {
    bindings[home] = nil
    timers.cancel(.update(home))
    timers.cancel(.expiry(home))
  }

  /// The number after that of the last BU, or the first one.
  mutating func takeSequence(_ home: IPv6Address) -> UInt16 {
    var next: UInt16
    if let last = histories[home]?.updateSequence {
      next = last &+ 1
    } else {
      next = stack.varies(.buSequenceWraps) ? 65_534 : UInt16(truncatingIfNeeded: generator.next() >> 16)
    }
    histories[home, default: History()].updateSequence = next
    return next
  }

  func occasion(_ home: IPv6Address, count: Int, number: UInt16 = 1, isCopy: Bool = false) -> Occasion {
    Occasion(
      count: count, number: number, isRace: bindings[home]?.phase == .detaching, isCopy: isCopy,
      isAfterError: histories[home]?.sawMalformed ?? false)
  }

  mutating func noteMalformed(_ home: IPv6Address) {
    if configuration.holds(home) { histories[home, default: History()].sawMalformed = true }
  }

  // MARK: Noise

  private static let noises: Set<Variation.Name> = [
    .neighbourNoise, .routerSolicitations, .unsolicitedAdvertisements, .duplicateAddressDetection, .listenerReports,
  ]

  private var isNoisy: Bool { !Self.noises.isDisjoint(with: configuration.variations) }

  private mutating func sendNoise(at now: Instant, _ outbox: inout Outbox) {
    guard let address = configuration.hardware.first else { return }
    let careOf = configuration.careOf
    func say(_ source: IPv6Address, _ group: IPv6Address, hopLimit: UInt8 = 255, _ headers: [Packet.Header]) {
      let packet = Packet(
        [.ethernet(from: address, to: MACAddress(multicast: group)), .ipv6(from: source, to: group, hopLimit: hopLimit)] + headers)
      outbox.send(packet.encoded(), on: 0)
    }
    if stack.varies(.neighbourNoise) {
      let solicitation = Packet.Header(
        .neighbourSolicitation, .rfc5846, [(.solicitedTarget, configuration.homeAgent.value)],
        options: [.linkLayerAddress(type: 1, address)])
      say(careOf, configuration.homeAgent.solicitedNode, [solicitation])
      let echo = Packet([.ipv6(from: careOf, to: configuration.homeAgent), .icmpv6(type: 128, code: 0, pointer: 0x0001_0001)])
      stack.send(echo, to: configuration.homeAgent, at: now, &outbox)
    }
    if stack.varies(.routerSolicitations) {
      say(careOf, Self.allRouters, [.init(.routerSolicitation, options: [.linkLayerAddress(type: 1, address)])])
    }
    if stack.varies(.unsolicitedAdvertisements) {
      say(
        careOf, .allNodes,
        [
          .init(
            .neighbourAdvertisement, .rfc5846, [(.advertisedTarget, careOf.value), (.advertisedOverride, 1)],
            options: [.linkLayerAddress(type: 2, address)])
        ])
    }
    // Of an address that nobody has.
    if stack.varies(.duplicateAddressDetection) {
      let tentative = careOf.advanced(by: 0xd00)
      say(.unspecified, tentative.solicitedNode, [.init(.neighbourSolicitation, .rfc5846, [(.solicitedTarget, tentative.value)])])
    }
    if stack.varies(.listenerReports) {
      // With a Router Alert (RFC 2711); the report has no record.
      let alert = Packet.Option(
        .unknownDestinationOption, FieldPath(.unknownDestinationOption, "option-type").map { [($0, UInt128(5))] } ?? [], data: [0, 0])
      say(Self.linkLocal, Self.allListenerReporters, hopLimit: 1, [.init(.hopByHop, options: [alert]), .icmpv6(type: 143, code: 0)])
    }
  }

  private static let allRouters = IPv6Address(0xff02 << 112 | 2)
  private static let allListenerReporters = IPv6Address(0xff02 << 112 | 0x16)
  private static let linkLocal = IPv6Address(0xfe80 << 112 | 2)
}
