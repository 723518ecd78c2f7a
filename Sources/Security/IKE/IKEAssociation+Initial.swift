import Wire

// IKE_SA_INIT (RFC 7296 1.2).
extension IKEAssociation {
  // MARK: Initiator

  /// Sends the first message.
  mutating func begin(_ turn: inout IKETurn) {
    beginning.nonce = turn.random(32)
    guard let group = configuration.proposals.first?.groups.first else { return close(.noProposalChosen, &turn) }
    exchangeKeys(group, &turn)
    sendInitial(&turn)
  }

  private mutating func exchangeKeys(_ group: DiffieHellmanGroup, _ turn: inout IKETurn) {
    do throws(SecurityError) {
      beginning.keyExchange = try KeyExchange(group, using: &turn.generator)
    } catch {
      close(.error(error), &turn)
    }
  }

  private mutating func sendInitial(_ turn: inout IKETurn) {
    guard phase == .initiating, let keyExchange = beginning.keyExchange else { return }
    // A cookie and another group, and each once more: nobody honest asks for more.
    guard beginning.restarts <= 4 else { return close(.malformed, &turn) }
    beginning.restarts += 1
    var payloads: [Packet.Option] = beginning.cookie.map { [.notify(NotifyType.cookie, $0)] } ?? []
    payloads.append(Packet.Option(.sa))
    for (number, proposal) in configuration.proposals.enumerated() {
      payloads += proposal.parts(number: UInt8(clamping: number + 1), protocolID: 1, spi: [])
    }
    payloads += [.ke(group: keyExchange.group.transformID, keyExchange.publicValue), .nonce(beginning.nonce)]
    payloads += traversalNotifications + hashNotification
    outstanding = nil
    // The first message, a cookie or another group apart, is always number 0 (RFC 7296 2.2).
    nextID = 0
    request(Exchange.initial, .initial, payloads, &turn)
  }

  private var signsOrVerifies: Bool {
    if case .certificate = configuration.credential { return true }
    if case .certificate = configuration.trust { return true }
    return false
  }

  /// RFC 7427 4.
  private var hashNotification: [Packet.Option] {
    guard signsOrVerifies else { return [] }
    return [.notify(NotifyType.signatureHashAlgorithms, [Hash.sha256, .sha384, .sha512].flatMap { [UInt8](bigEndian: $0.rawValue) })]
  }

  /// RFC 7296 2.23.
  private var traversalNotifications: [Packet.Option] {
    guard configuration.traversal != .never else { return [] }
    return [
      .notify(NotifyType.natDetectionSource, traversalHash(of: local) ?? []),
      .notify(NotifyType.natDetectionDestination, traversalHash(of: remote) ?? []),
    ]
  }

  private func traversalHash(of address: UDPAddress) -> [UInt8]? {
    try? Hash.sha1(
      [UInt8](bigEndian: spis.initiator) + [UInt8](bigEndian: spis.responder) + address.host.octets + [UInt8](bigEndian: address.port))
  }

  /// Whose address somebody on the way changed: the hashes are not of what is seen here.
  private func translated(_ message: IKEMessage) -> (own: Bool, peers: Bool) {
    let sources = message.payloads.notifications.filter { $0.type == NotifyType.natDetectionSource }
    guard !sources.isEmpty, let destination = message.notification(NotifyType.natDetectionDestination) else { return (false, false) }
    let own = traversalHash(of: local)
    let peers = traversalHash(of: remote)
    return (
      own: own?.elementsEqual(destination.data) != true, peers: !sources.contains { peers?.elementsEqual($0.data) == true }
    )
  }

  mutating func receiveInitialAnswer(_ message: IKEMessage, _ turn: inout IKETurn) {
    guard phase == .initiating, message.isSound else { return turn.output.events.append(.discarded(.malformed)) }
    // Nothing of this is protected: what makes no sense is dropped, and the right answer waited for (RFC 7296 2.21.1).
    if message.payload(.sa) == nil {
      if let cookie = message.notification(NotifyType.cookie),
        beginning.cookie == nil || beginning.cookie.map({ !$0.elementsEqual(cookie.data) }) == true
      {
        beginning.cookie = Array(cookie.data)
        return sendInitial(&turn)
      }
      if let wanted = message.notification(NotifyType.invalidKEPayload), wanted.data.count == 2,
        let group = DiffieHellmanGroup(rawValue: wanted.data.reduce(UInt16(0)) { $0 << 8 | UInt16($1) }),
        group != beginning.keyExchange?.group, configuration.proposals.contains(where: { $0.groups.contains(group) })
      {
        exchangeKeys(group, &turn)
        return sendInitial(&turn)
      }
      guard let error = message.error else { return turn.output.events.append(.discarded(.malformed)) }
      return close(.refused(notify: error), &turn)
    }
    guard message.spis.responder != 0, let chosen = choice(of: message), let prf = chosen.prf, let group = chosen.group,
      let keyExchange = beginning.keyExchange, group == keyExchange.group, let ke = message.payload(.ke),
      ke.value(.keGroup) == UInt128(group.transformID), let nonce = message.payload(.nonce), (16...256).contains(nonce.data.count)
    else { return close(.malformed, &turn) }
    outstanding = nil
    peerSPI = message.spis.responder
    note(message, nonce.data)
    do throws(SecurityError) {
      try settle(IKEAlgorithms(encryption: chosen.encryption, integrity: chosen.integrity, prf: prf), group, keyExchange, ke.data)
    } catch {
      return close(.error(error), &turn)
    }
    let translated = translated(message)
    if configuration.traversal == .always || configuration.traversal == .detected && (translated.own || translated.peers) {
      local.port = 4500
      remote.port = 4500
    }
    if translated.own, configuration.traversal != .never { keepAlive = turn.now + configuration.keepAlive }
    // RFC 6023 3: nobody begins a childless SA with a responder that does not say that it can.
    guard configuration.child != nil || message.notification(NotifyType.childlessSupported) != nil else {
      return close(.childlessUnsupported, &turn)
    }
    phase = .authenticating
    beginAuthentication(&turn)
  }

  /// What the answer chose, of what was offered; nil if it is not exactly one of that.
  private func choice(of message: IKEMessage) -> ChosenProposal? {
    let proposals = message.payloads.proposals
    guard proposals.count == 1, let answer = proposals.first, answer.number >= 1, Int(answer.number) <= configuration.proposals.count else {
      return nil
    }
    return answer.choice(of: configuration.proposals[Int(answer.number) - 1], protocolID: 1)
  }

  // MARK: Responder

  /// Answers the first message. False where nothing is to be kept of it.
  mutating func answer(_ message: IKEMessage, _ turn: inout IKETurn) -> Bool {
    peerSPI = message.spis.initiator
    func refuse(_ type: UInt16, _ data: [UInt8] = []) -> Bool {
      // No SA has come of it, and its SPI is none.
      emit(message.answer([.notify(type, data)]), &turn)
      turn.output.events.append(.initiatorRefused(notify: type))
      return false
    }
    if let type = message.payloads.unknownCritical { return refuse(NotifyType.unsupportedCriticalPayload, [type]) }
    guard message.id == 0, message.isSound, message.payload(.sa) != nil, let ke = message.payload(.ke), let nonce = message.payload(.nonce),
      (16...256).contains(nonce.data.count), let wanted = ke.value(.keGroup)
    else { return refuse(NotifyType.invalidSyntax) }
    let offers = message.payloads.proposals
    var choices: [ChosenProposal] = []
    for offer in offers {
      for own in configuration.proposals { if let choice = offer.choice(of: own, protocolID: 1) { choices.append(choice) } }
    }
    // The group whose value came along saves a round trip.
    let matching = choices.first { $0.group.map { UInt128($0.transformID) } == wanted } ?? sameGroup(wanted, offers)
    guard let chosen = matching ?? choices.first, let prf = chosen.prf, let group = chosen.group else {
      return refuse(NotifyType.noProposalChosen)
    }
    guard UInt128(group.transformID) == wanted, ke.data.count == group.publicValueLength else {
      return refuse(NotifyType.invalidKEPayload, [UInt8](bigEndian: group.transformID))
    }
    beginning.nonce = turn.random(32)
    exchangeKeys(group, &turn)
    guard let keyExchange = beginning.keyExchange else { return false }
    note(message, nonce.data)
    do throws(SecurityError) {
      try settle(IKEAlgorithms(encryption: chosen.encryption, integrity: chosen.integrity, prf: prf), group, keyExchange, ke.data)
    } catch {
      // A public value that no honest peer sends (RFC 6989 2).
      return refuse(NotifyType.invalidSyntax)
    }
    expectedID = 1
    end = turn.now + configuration.memory
    respond(
      Exchange.initial, id: 0,
      chosen.payloads(protocolID: 1, spi: []) + [.ke(group: group.transformID, keyExchange.publicValue), .nonce(beginning.nonce)]
        + traversalNotifications + requestForCertificates
        + [.notify(NotifyType.childlessSupported)] + hashNotification, isSealed: false, &turn)
    return true
  }

  /// A choice with this group, though another is liked better.
  private func sameGroup(_ wanted: UInt128, _ offers: [OfferedProposal]) -> ChosenProposal? {
    for offer in offers {
      for var own in configuration.proposals {
        own.groups = own.groups.filter { UInt128($0.transformID) == wanted }
        if let choice = offer.choice(of: own, protocolID: 1) { return choice }
      }
    }
    return nil
  }

  // MARK: Both

  private mutating func note(_ message: IKEMessage, _ nonce: [UInt8]) {
    beginning.peerMessage = message.bytes
    beginning.peerNonce = nonce
    beginning.peerSignsWithHashes = message.notification(NotifyType.signatureHashAlgorithms) != nil
  }

  /// Works out the keys (RFC 7296 2.14).
  private mutating func settle(
    _ algorithms: IKEAlgorithms, _ group: DiffieHellmanGroup, _ keyExchange: KeyExchange, _ peerValue: [UInt8]
  ) throws(SecurityError) {
    let (own, peers) = (beginning.nonce, beginning.peerNonce)
    keys = try IKEKeys(
      algorithms, sharedSecret: keyExchange.sharedSecret(with: peerValue), initiatorNonce: isInitiator ? own : peers,
      responderNonce: isInitiator ? peers : own, initiatorSPI: spis.initiator, responderSPI: spis.responder)
    self.algorithms = algorithms
    self.group = group
  }

  /// Which authorities' certificates are trusted (RFC 7296 3.7).
  var requestForCertificates: [Packet.Option] {
    guard case .certificate(let authorities) = configuration.trust else { return [] }
    return [.certificateRequest(authorities.flatMap { (try? $0.authorityHash) ?? [] })]
  }
}
