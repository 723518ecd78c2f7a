package import Link
import Security
package import Wire

/// A Home Agent that detaches as TS 24.303 5.4.3 says, natively or in a tunnel over IPv4, with IPsec or without.
///
/// Port 0 is the access link, port 1, where there is one, the home link: there it stands in for every bound home address.
package struct ReferenceHomeAgent: Station, Sendable {
  enum Timer: Hashable, Sendable {
    /// MINDelayBRIs.
    case revocation(IPv6Address)
    /// The BRI of one that takes its time.
    case indication(IPv6Address)
    case expiry(IPv6Address)
    /// The end of a binding that a defect removes late.
    case removal(IPv6Address)
    case noise
  }

  /// A binding cache entry (RFC 6275 9.1).
  struct Binding: Sendable {
    var careOf: IPv6Address
    var sequence: UInt16
    /// De-registered, and remembered for its sequence number alone (RFC 6275 10.3.2).
    var isInvalid = false
  }

  /// "Revocation in progress" (draft-01 7.1, RFC 5846 7.1).
  struct Revocation: Sendable {
    var careOf: IPv6Address
    var sequence: UInt16
    /// The number of the copies; another than `sequence` only by a defect.
    var copySequence: UInt16
    var copies = 0
    var copyLimit: Int
    var occasion: Occasion
  }

  var stack: NodeStack
  var timers = TimerQueue<Timer>()
  var bindings: [IPv6Address: Binding] = [:]
  var revocations: [IPv6Address: Revocation] = [:]
  var histories: [IPv6Address: History] = [:]
  var outstanding: Set<UInt16> = []
  var nextSequence: UInt16
  /// IKE SAs whose messages get no answer any more, by a defect.
  private var unanswered: Set<UInt64> = []
  /// How often it has made noise.
  var noises = 0

  /// MAX_DELETE_BCE_TIMEOUT (RFC 6275 12).
  static let deletionDelay = Interval.seconds(10)

  package init(_ configuration: NodeConfiguration) {
    stack = NodeStack(configuration, .homeAgent)
    var generator = SeededGenerator(seed: configuration.seed)
    nextSequence = configuration.variations.contains(.briSequenceWraps) ? 65_534 : UInt16(truncatingIfNeeded: generator.next() >> 16)
    if isNoisy { timers.set(.noise, at: Instant(nanoseconds: 0)) }
  }

  /// It says something from time to time that nobody asked for.
  private var isNoisy: Bool {
    [.routerNoise, .solicitsNeighbours, .advertisesItself, .otherSubscribers].contains { stack.varies($0) }
  }

  var configuration: NodeConfiguration { stack.configuration }
  var defects: DefectSet { stack.defects }

  // MARK: Station

  package mutating func receive(_ frame: Span<UInt8>, on port: Int, at now: Instant, _ outbox: inout Outbox) {
    if let opened = stack.opened(frame) { return take(opened.span, isDecoded: true, on: port, at: now, &outbox) }
    take(frame, isDecoded: false, on: port, at: now, &outbox)
  }

  private mutating func take(_ frame: Span<UInt8>, isDecoded: Bool, on port: Int, at now: Instant, _ outbox: inout Outbox) {
    guard let arrival = stack.accept(frame, isDecoded: isDecoded, on: port, at: now, &outbox) else { return }
    stack.occasion = occasion(of: frame, arrival)
    if case .transit = arrival.content { return forward([UInt8](frame, arrival.octets), to: arrival.destination, at: now, &outbox) }
    // A Home Agent has no home address of its own that a routing header could name (RFC 6275 6.4).
    guard arrival.routing == nil else { return }
    if case .mobility = arrival.content { return receiveMobility(frame, arrival, at: now, &outbox) }
    if case .keyExchange = arrival.content {
      return exchangeKeys(frame, at: now, &outbox)
    }
    guard admitsHomeAddress(frame, arrival, at: now, &outbox) else { return }
    switch arrival.content {
    case .echoRequest: stack.answerEcho(frame, arrival, at: now, &outbox)
    case .tunnelled(let inner): leaveTunnel(frame, inner, arrival, at: now, &outbox)
    default: break
    }
  }

  package mutating func wake(at now: Instant, _ outbox: inout Outbox) {
    note(stack.wake(at: now, &outbox), at: now, &outbox)
    while let timer = timers.popDue(at: now) {
      switch timer {
      case .indication(let home): sendIndication(home, at: now, &outbox)
      case .revocation(let home): revocationTimedOut(home, at: now, &outbox)
      case .expiry(let home): expire(home)
      case .removal(let home): removeBinding(home)
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
    case ("revoke", 2): try revoke(configuration.homeAddress(words[1]), at: now, &outbox)
    case ("state", 2): return state(try configuration.homeAddress(words[1]))
    case ("reset", 1): reset(at: now)
    default: throw CommandError("\(line): unknown; take `revoke HOA`, `state HOA` or `reset`")
    }
    return "ok"
  }

  private mutating func reset(at now: Instant) {
    for home in bindings.keys { stack.neighbours.disown(home, on: 1) }
    bindings = [:]
    revocations = [:]
    outstanding = []
    timers.removeAll()
    if isNoisy { timers.set(.noise, at: now) }
  }

  private func state(_ home: IPv6Address) -> String {
    guard let binding = bound(home) else { return revocations[home] == nil ? "ok unbound" : "ok revoking unbound" }
    if let revocation = revocations[home] { return "ok revoking \(binding.careOf) \(revocation.sequence)" }
    return "ok bound \(binding.careOf) \(binding.sequence)"
  }

  // MARK: Bindings

  private mutating func exchangeKeys(_ frame: Span<UInt8>, at now: Instant, _ outbox: inout Outbox) {
    let (histories, revocations, defects) = (histories, revocations, defects)
    var isUnanswered = stack.ikeSPI(of: frame).map { unanswered.contains($0) } ?? false
    var staysSo = isUnanswered
    let events = stack.exchangeKeys(frame, at: now, &outbox) { events in
      for event in events {
        if case .closed(let home, .deletedByPeer) = event {
          var occasion = (histories[home] ?? History()).nextRelease
          occasion.isRace = revocations[home] != nil
          if defects.hits(.deleteUnanswered, occasion) { (isUnanswered, staysSo) = (true, true) }
          if defects.answersWrongly(occasion) { isUnanswered = true }
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

  /// A mobile node that has deleted its IKE SA can neither answer nor use its binding any more.
  private mutating func note(_ events: [BindingProtection.Event], at now: Instant, _ outbox: inout Outbox) {
    for event in events {
      if case .asked(let home) = event { histories[home, default: History()].questions += 1 }
      guard case .closed(let home, let reason) = event else { continue }
      var occasion = (histories[home] ?? History()).nextRelease
      occasion.isRace = revocations[home] != nil
      histories[home, default: History()].releases += 1
      if reason == .deletedByPeer { stack.answerWrongly(home, occasion, at: now, &outbox) }
      if defects.hits(.espSAsKept, occasion) { stack.protection[0].restore(home) }
      if defects.hits(.espInboundKept, occasion) { stack.protection[0].restore(home, outbound: false) }
      if defects.hits(.ikeSAKept, occasion) { stack.protection[0].reopen(home) }
      if defects.hits(.deleteAnsweredAnew, occasion) { stack.protection[0].sealAnew(home, at: now) }
      let bystander = other(than: home)
      if bound(bystander) != nil {
        if defects.hits(.bystanderIKESAClosed, occasion) { stack.protection[0].drop(bystander, ikeSA: true) }
        if defects.hits(.bystanderESPSAsClosed, occasion) { stack.protection[0].drop(bystander, ikeSA: false) }
      }
      if defects.hits(.espOutboundKept, occasion), revocations[home] != nil {
        // It goes on asking for its BRA.
        stack.protection[0].restore(home, inbound: false)
        continue
      }
      endRevocation(home)
      removeBinding(home)
    }
  }

  /// The binding as far as packets are forwarded by it.
  func bound(_ home: IPv6Address) -> Binding? {
    guard let binding = bindings[home], !binding.isInvalid else { return nil }
    return binding
  }

  /// Another home address than this: a bound one, else a neighbour.
  func other(than home: IPv6Address) -> IPv6Address {
    for candidate in [home.advanced(by: 1), home.advanced(by: -1)] where bound(candidate) != nil { return candidate }
    return configuration.holds(home.advanced(by: 1)) ? home.advanced(by: 1) : home.advanced(by: -1)
  }

  mutating func removeBinding(_ home: IPv6Address) {
    guard bindings.removeValue(forKey: home) != nil else { return }
    stack.neighbours.disown(home, on: 1)
    timers.cancel(.expiry(home))
    timers.cancel(.removal(home))
  }

  /// RFC 6275 10.3.2 keeps the entry for a while, so that a delayed Binding Update does not bring it back; RFC 3775 deletes it.
  mutating func deregister(_ home: IPv6Address, at now: Instant) {
    guard configuration.dialect == .rfc5846, bindings[home] != nil else { return removeBinding(home) }
    bindings[home]?.isInvalid = true
    stack.neighbours.disown(home, on: 1)
    timers.cancel(.removal(home))
    timers.set(.expiry(home), at: now + Self.deletionDelay)
  }

  private mutating func expire(_ home: IPv6Address) {
    if bound(home) != nil { histories[home, default: History()].expiries += 1 }
    let occasion = occasion(home, count: histories[home]?.expiries ?? 1)
    let isKept = bound(home) != nil && defects.hits(.bindingKeptAfterExpiry, occasion)
    guard !isKept else { return }
    if let entry = bound(home), defects.hits(.sequenceRemembered, occasion) {
      histories[home, default: History()].expiredSequence = entry.sequence
    }
    removeBinding(home)
    endRevocation(home)
  }

  // MARK: Occasions

  /// The circumstances in which a message of a mobile node comes: counted as if it were the next BU(0).
  private func occasion(of frame: Span<UInt8>, _ arrival: Arrival) -> Occasion {
    let home = arrival.homeAddressOption ?? arrival.source
    let number = UInt16(truncatingIfNeeded: stack.dissection.value(.buSequence, in: frame) ?? 1)
    return occasion(home, count: (histories[home]?.detaches ?? 0) + 1, number: number)
  }

  func occasion(_ home: IPv6Address, count: Int, number: UInt16 = 1, isCopy: Bool = false) -> Occasion {
    Occasion(
      count: count, number: number, isRace: revocations[home] != nil, isCopy: isCopy, isAfterError: histories[home]?.sawMalformed ?? false)
  }

  mutating func noteMalformed(_ home: IPv6Address) {
    if configuration.holds(home) { histories[home, default: History()].sawMalformed = true }
  }
}
