import HeapModule
package import Wire

/// A party's end of IKEv2 (RFC 7296): any number of IKE SAs, as initiator or responder.
///
/// It does no I/O: it takes datagrams and times, and says what to send and what happened. Everything random comes from the generator that
/// it was given.
package struct IKEEndpoint: Sendable {
  package let configuration: IKEConfiguration
  var associations: [UInt64: IKEAssociation] = [:]
  /// Every deadline that an SA had; one that it has no more is dropped when it comes to the top.
  private var deadlines = Heap<Deadline>()
  /// The deadline of each SA that has one.
  private var nextDeadlines: [UInt64: Instant] = [:]
  /// The SAs that initiators began, by who began them.
  var begun: [Beginner: UInt64] = [:]
  private var generator: any RandomNumberGenerator & Sendable
  private let cookieSecret: [UInt8]
  /// How many initiators were given addresses.
  var assigned = 0
  private var lastUnprotected = Instant.distantPast
  /// How often an SA was begun for the same Child SA: counted for a rehearsal alone.
  var occasions: [IKERehearsal.Cue: Int] = [:]
  /// The SAs that have their keys, and those that have got them since somebody asked.
  private var recorded: Set<UInt64> = []
  private var keyed: [UInt64] = []

  private struct Deadline: Comparable, Sendable {
    var time: Instant
    var handle: UInt64

    static func < (a: Deadline, b: Deadline) -> Bool { a.time == b.time ? a.handle < b.handle : a.time < b.time }
  }

  struct Beginner: Hashable, Sendable {
    var spi: UInt64
    var host: HostAddress
  }

  package init(_ configuration: IKEConfiguration, generator: any RandomNumberGenerator & Sendable) {
    self.configuration = configuration
    self.generator = generator
    cookieSecret = [UInt8].random(32, using: &self.generator)
  }

  // MARK: What is asked of it

  /// Begins an IKE SA.
  /// - Parameter configuration: in place of the endpoint's own.
  /// - Returns: the SA's handle.
  package mutating func initiate(
    from local: UDPAddress, to remote: UDPAddress, _ configuration: IKEConfiguration? = nil, at now: Instant, _ output: inout IKEOutput
  ) -> UInt64 {
    let chosen = configuration ?? self.configuration
    let cue = self.configuration.rehearsal.map { _ in beginning(from: local, to: remote, chosen.child?.local ?? []) }
    if let handle = cue.flatMap({ play($0, chosen, at: now, &output) }) { return handle }
    return rehearsing(cue, at: now, &output) { endpoint, output in
      let spi = endpoint.freshSPI()
      endpoint.turn(at: now, &output) { endpoint, turn in
        var association = IKEAssociation(handle: spi, isInitiator: true, chosen, local: local, remote: remote, phase: .initiating)
        association.begin(&turn)
        endpoint.keep(association)
      }
      return spi
    }
  }

  /// Deletes an IKE SA: INFORMATIONAL with D of protocol 1.
  /// - Parameter payload: in place of that D.
  package mutating func delete(_ handle: UInt64, _ payload: Packet.Option = .deleteIKE, at now: Instant, _ output: inout IKEOutput) {
    withAssociation(handle, at: now, &output) { association, turn in
      association.request(Exchange.informational, .deleteIKE, [payload], &turn)
    }
  }

  /// Deletes a Child SA: INFORMATIONAL with D of protocol 3 and the SPI of what this side receives.
  package mutating func deleteChild(_ handle: UInt64, inboundSPI: UInt32, at now: Instant, _ output: inout IKEOutput) {
    withAssociation(handle, at: now, &output) { association, turn in
      association.request(Exchange.informational, .deleteChild(inboundSPI), [.deleteESP([inboundSPI])], &turn)
    }
  }

  /// Sends a request of whatever kind; an empty INFORMATIONAL asks whether the peer is alive.
  package mutating func request(
    _ handle: UInt64, exchange: UInt8 = Exchange.informational, _ payloads: [Packet.Option] = [], change: IKERequestChange? = nil,
    at now: Instant, _ output: inout IKEOutput
  ) {
    withAssociation(handle, at: now, &output) { association, turn in
      association.request(exchange, .plain, payloads, change: change, &turn)
    }
  }

  /// Adds a Child SA, or one in place of another (CREATE_CHILD_SA).
  package mutating func createChild(
    _ handle: UInt64, _ child: IKEChildConfiguration, replacing inboundSPI: UInt32? = nil, at now: Instant, _ output: inout IKEOutput
  ) {
    withAssociation(handle, at: now, &output) { association, turn in
      association.createChild(child, replacing: inboundSPI, &turn)
    }
  }

  /// Puts another IKE SA in the place of this one (RFC 7296 2.18), and deletes this one then.
  package mutating func rekey(_ handle: UInt64, at now: Instant, _ output: inout IKEOutput) {
    withAssociation(handle, at: now, &output) { association, turn in association.rekey(&turn) }
  }

  // MARK: What nobody should ask of it

  /// Sends an empty INFORMATIONAL request in whatever state the SA is, closed ones included, and does not wait for an answer.
  package mutating func ask(_ handle: UInt64, at now: Instant, _ output: inout IKEOutput) {
    withAssociation(handle, at: now, &output) { association, turn in association.ask(&turn) }
  }

  /// Takes a closed SA back into use. Its Child SAs are gone.
  package mutating func reopen(_ handle: UInt64) {
    guard var association = associations[handle], association.phase == .closed else { return }
    association.phase = .established
    association.end = .distantFuture
    keep(association)
  }

  /// Lets go of an SA without a word.
  package mutating func drop(_ handle: UInt64) {
    if let association = associations[handle] { forget(association) }
    dropStale()
  }

  /// Seals the answer that is remembered, and the request that waits for one, anew: copies of them are other octets.
  package mutating func sealAnew(_ handle: UInt64, at now: Instant, _ output: inout IKEOutput) {
    withAssociation(handle, at: now, &output) { association, turn in association.sealAnew(&turn) }
  }

  /// Answers the last request once more, by another Message ID or in clear; so are copies of it from now on.
  package mutating func answerWrongly(_ handle: UInt64, isSealed: Bool, at now: Instant, _ output: inout IKEOutput) {
    withAssociation(handle, at: now, &output) { association, turn in association.answerWrongly(isSealed: isSealed, &turn) }
  }

  /// Sends a DELETE of the IKE SA in clear, or with a wrong check value, and stays as it is.
  package mutating func deleteFalsely(_ handle: UInt64, isSealed: Bool, at now: Instant, _ output: inout IKEOutput) {
    withAssociation(handle, at: now, &output) { association, turn in association.deleteFalsely(isSealed: isSealed, &turn) }
  }

  /// The SA of an INFORMATIONAL request that is in clear, or whose check value is wrong; nil for any other message.
  package func doubted(_ datagram: IKEDatagram) -> (handle: UInt64, isSealed: Bool)? {
    let marker = Self.marker(datagram.source, datagram.destination)
    guard datagram.payload.starts(with: marker), let message = IKEMessage(Array(datagram.payload.dropFirst(marker.count))),
      message.exchange == Exchange.informational, !message.isResponse,
      let association = associations[message.isFromInitiator ? message.spis.responder : message.spis.initiator],
      let isSealed = association.doubts(message)
    else { return nil }
    return (association.handle, isSealed)
  }

  /// Takes the next message for the peer's, whatever protects it.
  package mutating func trust(_ handle: UInt64) { associations[handle]?.isTrusting = true }

  // MARK: What it knows

  /// The SA's state for a caller: established, and not yet closed.
  package func isEstablished(_ handle: UInt64) -> Bool { associations[handle]?.phase == .established }
  /// The Child SAs of an IKE SA.
  package func children(_ handle: UInt64) -> [IKEChildSA] { associations[handle]?.children ?? [] }
  /// The keys of an IKE SA, from the answer to IKE_SA_INIT on; also of one that was closed, while it is remembered.
  package func record(_ handle: UInt64) -> IKEKeyRecord? {
    guard let association = associations[handle], let algorithms = association.algorithms, let keys = association.keys else { return nil }
    let spis = association.spis
    return IKEKeyRecord(initiatorSPI: spis.initiator, responderSPI: spis.responder, algorithms, keys)
  }
  /// Overwrites the keys of an IKE SA.
  package mutating func setKeys(_ handle: UInt64, _ keys: IKEKeys) { associations[handle]?.keys = keys }
  package func keys(_ handle: UInt64) -> IKEKeys? { associations[handle]?.keys }

  /// When `wake` is wanted.
  package private(set) var nextDeadline = Instant.distantFuture

  // MARK: What happens to it

  /// Time has passed.
  package mutating func wake(at now: Instant, _ output: inout IKEOutput) {
    while let next = deadlines.min, next.time <= now {
      deadlines.removeMin()
      guard nextDeadlines[next.handle] == next.time else { continue }
      withAssociation(next.handle, at: now, &output) { association, turn in association.wake(&turn) }
      if let association = associations[next.handle], association.isForgotten(at: now) { forget(association) }
    }
    dropStale()
  }

  /// A datagram has come.
  package mutating func receive(_ datagram: IKEDatagram, at now: Instant, _ output: inout IKEOutput) {
    if play(.datagram(datagram), nil, at: now, &output) != nil { return }
    let marker = Self.marker(datagram.source, datagram.destination)
    guard datagram.payload.starts(with: marker) else { return output.events.append(.discarded(.noMessage)) }
    let bytes = Array(datagram.payload.dropFirst(marker.count))
    guard let message = IKEMessage(bytes), message.length == bytes.count else { return output.events.append(.discarded(.noMessage)) }
    guard message.version >> 4 == 2 else {
      if message.version >> 4 > 2, !message.isResponse {
        answerUnprotected(NotifyType.invalidMajorVersion, to: message, datagram, at: now, &output)
      }
      return output.events.append(.discarded(.version(message.version)))
    }
    if message.exchange == Exchange.initial, !message.isResponse, message.isFromInitiator, message.spis.responder == 0 {
      rehearsing(.datagram(datagram), at: now, &output) { endpoint, output in
        endpoint.receiveInitial(message, datagram, at: now, &output)
        return endpoint.begun[Beginner(spi: message.spis.initiator, host: datagram.source.host)] ?? 0
      }
      return
    }
    let own = message.isFromInitiator ? message.spis.responder : message.spis.initiator
    let peer = message.isFromInitiator ? message.spis.initiator : message.spis.responder
    guard let slot = associations.index(forKey: own), associations.values[slot].isInitiator != message.isFromInitiator,
      associations.values[slot].peerSPI == peer || associations.values[slot].phase == .initiating
    else {
      if !message.isResponse, message.exchange != Exchange.initial, configuration.answersUnknownSPIs {
        answerUnprotected(NotifyType.invalidIKESPI, to: message, datagram, at: now, &output)
      }
      return output.events.append(.discarded(.unknownSPIs(message.spis)))
    }
    let isFirst = message.exchange == Exchange.initial || message.exchange == Exchange.authentication
    rehearsing(isFirst ? .datagram(datagram) : nil, at: now, &output) { endpoint, output in
      endpoint.withAssociation(own, at: now, &output) { association, turn in association.receive(message, datagram, &turn) }
      return own
    }
  }

  /// The octets in front of IKE between these ports (RFC 3948 2.2).
  static func marker(_ one: UDPAddress, _ other: UDPAddress) -> [UInt8] {
    one.port == 4500 || other.port == 4500 ? [0, 0, 0, 0] : []
  }

  /// A notification that no SA protects (RFC 7296 1.5, 2.5), one a second.
  private mutating func answerUnprotected(
    _ type: UInt16, to message: IKEMessage, _ datagram: IKEDatagram, at now: Instant, _ output: inout IKEOutput
  ) {
    guard now >= lastUnprotected + .seconds(1) else { return }
    lastUnprotected = now
    let bytes = message.answer([.notify(type)])
    output.datagrams.append(
      IKEDatagram(
        from: datagram.destination, to: datagram.source, payload: Self.marker(datagram.source, datagram.destination) + bytes))
  }

  private mutating func receiveInitial(_ message: IKEMessage, _ datagram: IKEDatagram, at now: Instant, _ output: inout IKEOutput) {
    let beginner = Beginner(spi: message.spis.initiator, host: datagram.source.host)
    if let same = begun[beginner].flatMap({ associations[$0] }) {
      guard same.beginning.peerMessage == message.bytes, let remembered = same.remembered, remembered.id == 0 else {
        return output.events.append(.discarded(.outsideWindow))
      }
      return withAssociation(same.handle, at: now, &output) { association, turn in
        association.emit(remembered.bytes, &turn)
        turn.output.events.append(.repeated(association.handle, id: 0))
      }
    }
    guard configuration.isResponder else { return output.events.append(.discarded(.notResponding)) }
    if configuration.asksForCookie {
      guard let cookie = cookie(for: message, datagram) else { return output.events.append(.discarded(.malformed)) }
      guard message.notification(NotifyType.cookie)?.data.elementsEqual(cookie) == true else {
        let bytes = message.answer([.notify(NotifyType.cookie, cookie)])
        return output.datagrams.append(
          IKEDatagram(
            from: datagram.destination, to: datagram.source, payload: Self.marker(datagram.source, datagram.destination) + bytes))
      }
    }
    let spi = freshSPI()
    turn(at: now, &output) { endpoint, turn in
      var association = IKEAssociation(
        handle: spi, isInitiator: false, endpoint.configuration, local: datagram.destination, remote: datagram.source, phase: .answered)
      if association.answer(message, &turn) {
        association.assign(number: endpoint.assigned)
        endpoint.assigned += 1
        association.origin = beginner.host
        endpoint.begun[beginner] = spi
        endpoint.keep(association)
      }
    }
  }

  /// RFC 7296 2.6, of what need not be kept.
  private func cookie(for message: IKEMessage, _ datagram: IKEDatagram) -> [UInt8]? {
    guard let nonce = message.payload(.nonce) else { return nil }
    let about = nonce.data + datagram.source.host.octets + [UInt8](bigEndian: message.spis.initiator)
    return try? Hash.sha256.hmac(key: cookieSecret, about)
  }

  private mutating func freshSPI() -> UInt64 {
    var spi: UInt64 = 0
    while spi == 0 || associations[spi] != nil { spi = generator.next() }
    return spi
  }

  private mutating func turn(at now: Instant, _ output: inout IKEOutput, _ body: (inout IKEEndpoint, inout IKETurn) -> Void) {
    var turn = IKETurn(now: now, generator: generator)
    swap(&turn.output, &output)
    body(&self, &turn)
    generator = turn.generator
    for heir in turn.heirs { keep(heir) }
    dropStale()
    swap(&turn.output, &output)
  }

  /// The keys of the SAs that have got theirs since this was asked last.
  mutating func takeRecords() -> [IKEKeyRecord] {
    if keyed.isEmpty { return [] }
    let records = keyed.compactMap { record($0) }
    keyed = []
    return records
  }

  mutating func keep(_ association: IKEAssociation) {
    let handle = association.handle
    if association.keys != nil, recorded.insert(handle).inserted { keyed.append(handle) }
    let time = association.nextDeadline
    if nextDeadlines[handle] != time {
      nextDeadlines[handle] = time == .distantFuture ? nil : time
      if time != .distantFuture { deadlines.insert(Deadline(time: time, handle: handle)) }
    }
    associations[handle] = association
  }

  private mutating func forget(_ association: IKEAssociation) {
    associations[association.handle] = nil
    nextDeadlines[association.handle] = nil
    recorded.remove(association.handle)
    if let host = association.origin { begun[Beginner(spi: association.peerSPI, host: host)] = nil }
  }

  mutating func dropStale() {
    while let next = deadlines.min, nextDeadlines[next.handle] != next.time { deadlines.removeMin() }
    nextDeadline = deadlines.min?.time ?? .distantFuture
  }

  private mutating func withAssociation(
    _ handle: UInt64, at now: Instant, _ output: inout IKEOutput, _ body: (inout IKEAssociation, inout IKETurn) -> Void
  ) {
    // Out of its place meanwhile: changed beside it, its arrays would be copied.
    guard var association = associations.removeValue(forKey: handle) else { return }
    turn(at: now, &output) { endpoint, turn in
      body(&association, &turn)
      association.sendQueued(&turn)
      endpoint.keep(association)
    }
  }
}
