import Wire

// Child SAs, and IKE SAs in place of others (RFC 7296 1.3, 2.8, 2.17, 2.18).
extension IKEAssociation {
  // MARK: Both sides

  /// An SPI for what this side receives; those below 256 are reserved (RFC 4303 2.1).
  func freshChildSPI(_ turn: inout IKETurn) -> UInt32 {
    var spi: UInt32 = 0
    while spi < 256 || children.contains(where: { $0.inboundSPI == spi }) { spi = UInt32.random(in: 256 ... .max, using: &turn.generator) }
    return spi
  }

  /// The payloads that ask for a Child SA.
  func offer(_ pending: PendingChild) -> [Packet.Option] {
    let child = pending.configuration
    var payloads: [Packet.Option] = child.usesTransportMode ? [.notify(NotifyType.useTransportMode)] : []
    payloads.append(Packet.Option(.sa))
    for (number, proposal) in child.proposals.enumerated() {
      var proposal = proposal
      // IKE_AUTH exchanges no keys of its own (RFC 7296 1.2).
      proposal.groups = pending.keyExchange.map { [$0.group] } ?? []
      payloads += proposal.parts(number: UInt8(clamping: number + 1), protocolID: 3, spi: [UInt8](bigEndian: pending.spi))
    }
    return payloads + Self.selectors(child.local, child.remote)
  }

  /// TSi and TSr; TSi is the requester's side.
  private static func selectors(_ initiator: [TrafficSelector], _ responder: [TrafficSelector]) -> [Packet.Option] {
    [Packet.Option(.tsi)] + initiator.map(\.part) + [Packet.Option(.tsr)] + responder.map(\.part)
  }

  mutating func add(_ child: IKEChildSA, _ turn: inout IKETurn) {
    children.append(child)
    turn.output.events.append(.childEstablished(handle, child))
  }

  private func keys(
    _ chosen: ChosenProposal, sharedSecret: [UInt8], initiatorNonce: [UInt8], responderNonce: [UInt8]
  ) throws(SecurityError) -> (initiator: ESPKeys, responder: ESPKeys)? {
    guard let algorithms, let keys else { return nil }
    return try keys.childKeys(
      algorithms.prf, chosen.encryption, chosen.integrity, sharedSecret: sharedSecret, initiatorNonce: initiatorNonce,
      responderNonce: responderNonce)
  }

  // MARK: The requester's side

  mutating func createChild(_ child: IKEChildConfiguration, replacing spi: UInt32?, _ turn: inout IKETurn) {
    var pending = PendingChild(spi: freshChildSPI(&turn), configuration: child, nonce: turn.random(32), replaces: spi)
    var payloads: [Packet.Option] = spi.map { [.notify(NotifyType.rekeySA, protocolID: 3, spi: [UInt8](bigEndian: $0))] } ?? []
    do throws(SecurityError) {
      if let group = child.proposals.first?.groups.first { pending.keyExchange = try KeyExchange(group, using: &turn.generator) }
    } catch {
      return close(.error(error), &turn)
    }
    payloads += offer(pending)
    // Behind the SA payload, as RFC 7296 1.3.1 shows them.
    let place = payloads.firstIndex { $0.kind == .tsi } ?? payloads.count
    payloads.insert(
      contentsOf: [.nonce(pending.nonce)] + (pending.keyExchange.map { [.ke(group: $0.group.transformID, $0.publicValue)] } ?? []),
      at: place)
    request(Exchange.createChild, .child(pending), payloads, &turn)
  }

  mutating func finishChild(_ pending: PendingChild, _ answer: IKEMessage, _ turn: inout IKETurn) {
    guard let nonce = answer.payload(.nonce) else { return refused(answer, &turn) }
    do throws(SecurityError) {
      var secret: [UInt8] = []
      if let keyExchange = pending.keyExchange {
        guard let ke = answer.payload(.ke) else { return refused(answer, &turn) }
        secret = try keyExchange.sharedSecret(with: ke.data)
      }
      adopt(pending, answer, initiatorNonce: pending.nonce, responderNonce: nonce.data, sharedSecret: secret, &turn)
    } catch {
      refused(answer, &turn)
    }
  }

  private func refused(_ answer: IKEMessage, _ turn: inout IKETurn) {
    turn.output.events.append(.childRefused(handle, notify: answer.error ?? NotifyType.invalidSyntax))
  }

  /// Takes the Child SA of an answer, if it is one of what was offered.
  mutating func adopt(
    _ pending: PendingChild, _ answer: IKEMessage, initiatorNonce: [UInt8], responderNonce: [UInt8], sharedSecret: [UInt8],
    _ turn: inout IKETurn
  ) {
    let offers = answer.payloads.proposals
    guard offers.count == 1, let offer = offers.first, offer.number >= 1, Int(offer.number) <= pending.configuration.proposals.count,
      let chosen = offer.choice(of: pending.configuration.proposals[Int(offer.number) - 1], protocolID: 3), chosen.spi.count == 4
    else { return refused(answer, &turn) }
    let local = TrafficSelector.narrowed(TrafficSelector.list(.tsi, in: answer.payloads), to: pending.configuration.local)
    let remote = TrafficSelector.narrowed(TrafficSelector.list(.tsr, in: answer.payloads), to: pending.configuration.remote)
    do throws(SecurityError) {
      guard !local.isEmpty, !remote.isEmpty,
        let both = try keys(chosen, sharedSecret: sharedSecret, initiatorNonce: initiatorNonce, responderNonce: responderNonce)
      else { return refused(answer, &turn) }
      add(
        IKEChildSA(
          inboundSPI: pending.spi, outboundSPI: chosen.spi.reduce(0) { $0 << 8 | UInt32($1) }, inbound: both.responder,
          outbound: both.initiator, isTransportMode: answer.notification(NotifyType.useTransportMode) != nil, local: local, remote: remote),
        &turn)
      // Whoever replaces a Child SA deletes the old one (RFC 7296 2.8).
      if let old = pending.replaces { request(Exchange.informational, .deleteChild(old), [.deleteESP([old])], &turn) }
    } catch {
      refused(answer, &turn)
    }
  }

  mutating func rekey(_ turn: inout IKETurn) {
    guard phase == .established, let group else { return }
    do throws(SecurityError) {
      let pending = PendingRekey(
        spi: turn.generator.next() | 1, nonce: turn.random(32), keyExchange: try KeyExchange(group, using: &turn.generator))
      var payloads = [Packet.Option(.sa)]
      for (number, proposal) in configuration.proposals.enumerated() {
        payloads += proposal.parts(number: UInt8(clamping: number + 1), protocolID: 1, spi: [UInt8](bigEndian: pending.spi))
      }
      payloads += [.nonce(pending.nonce), .ke(group: group.transformID, pending.keyExchange.publicValue)]
      request(Exchange.createChild, .rekey(pending), payloads, &turn)
    } catch {
      close(.error(error), &turn)
    }
  }

  mutating func finishRekey(_ pending: PendingRekey, _ answer: IKEMessage, _ turn: inout IKETurn) {
    let offers = answer.payloads.proposals
    guard offers.count == 1, let offer = offers.first, offer.number >= 1, Int(offer.number) <= configuration.proposals.count,
      let chosen = offer.choice(of: configuration.proposals[Int(offer.number) - 1], protocolID: 1), chosen.spi.count == 8,
      let ke = answer.payload(.ke), let nonce = answer.payload(.nonce)
    else { return refused(answer, &turn) }
    guard
      succeed(
        chosen, own: pending.spi, ownInitiates: true, pending.keyExchange, peerValue: ke.data, initiatorNonce: pending.nonce,
        responderNonce: nonce.data, &turn)
    else { return refused(answer, &turn) }
    request(Exchange.informational, .deleteIKE, [.deleteIKE], &turn)
  }

  // MARK: The answering side

  mutating func answerCreateChild(_ request: IKEMessage, _ turn: inout IKETurn) {
    func refuse(_ type: UInt16, _ data: [UInt8] = []) -> [Packet.Option] { [.notify(type, data)] }
    var payloads: [Packet.Option]
    let isRekeying = request.payloads.proposals.contains { $0.protocolID == 1 }
    guard let nonce = request.payload(.nonce), (16...256).contains(nonce.data.count), request.payload(.sa) != nil,
      isRekeying || request.payload(.tsi) != nil && request.payload(.tsr) != nil
    else {
      respond(request.exchange, id: request.id, refuse(NotifyType.invalidSyntax), &turn)
      return close(.malformed, &turn)
    }
    if isClosing {
      payloads = refuse(NotifyType.temporaryFailure)
    } else if isRekeying {
      payloads = answerRekey(request, nonce.data, &turn) ?? refuse(NotifyType.noProposalChosen)
    } else {
      payloads = answerChild(request, nonce.data, &turn)
    }
    respond(request.exchange, id: request.id, payloads, &turn)
  }

  /// A DELETE or a rekeying of this side's is under way (RFC 7296 2.25).
  private var isClosing: Bool {
    switch outstanding?.purpose {
    case .deleteIKE, .rekey: true
    default: false
    }
  }

  private mutating func answerChild(_ request: IKEMessage, _ nonce: [UInt8], _ turn: inout IKETurn) -> [Packet.Option] {
    if let old = request.notification(NotifyType.rekeySA) {
      let spi = old.spi.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      guard children.contains(where: { $0.outboundSPI == spi }) else {
        return [.notify(NotifyType.childSANotFound, protocolID: 3, spi: Array(old.spi))]
      }
    }
    guard let child = configuration.child else { return [.notify(NotifyType.noAdditionalSAs)] }
    let own = turn.random(32)
    let answer = negotiate(request.payloads, child, initiatorNonce: nonce, responderNonce: own, ownNonce: own, &turn)
    if let child = answer.child { add(child, &turn) }
    return answer.payloads
  }

  /// Chooses of what was offered, and makes the Child SA.
  /// - Parameter ownNonce: goes into the answer; nil in IKE_AUTH, whose nonces were exchanged before.
  mutating func negotiate(
    _ request: [Packet.Option], _ child: IKEChildConfiguration?, initiatorNonce: [UInt8], responderNonce: [UInt8], ownNonce: [UInt8]? = nil,
    _ turn: inout IKETurn
  ) -> (payloads: [Packet.Option], child: IKEChildSA?) {
    guard let child else { return ([.notify(NotifyType.noAdditionalSAs)], nil) }
    var found: ChosenProposal?
    for offer in request.proposals where found == nil {
      for var own in child.proposals where found == nil {
        if ownNonce == nil { own.groups = [] }
        if let choice = offer.choice(of: own, protocolID: 3), choice.spi.count == 4 { found = choice }
      }
    }
    guard let chosen = found else { return ([.notify(NotifyType.noProposalChosen)], nil) }
    let remote = TrafficSelector.narrowed(TrafficSelector.list(.tsi, in: request), to: child.remote)
    let local = TrafficSelector.narrowed(TrafficSelector.list(.tsr, in: request), to: child.local)
    guard !remote.isEmpty, !local.isEmpty else { return ([.notify(NotifyType.tsUnacceptable)], nil) }
    do throws(SecurityError) {
      var secret: [UInt8] = []
      var ke: [Packet.Option] = []
      if let group = chosen.group {
        guard let theirs = request.first(where: { $0.kind == .ke }), theirs.value(.keGroup) == UInt128(group.transformID) else {
          return ([.notify(NotifyType.invalidKEPayload, [UInt8](bigEndian: group.transformID))], nil)
        }
        let exchange = try KeyExchange(group, using: &turn.generator)
        secret = try exchange.sharedSecret(with: theirs.data)
        ke = [.ke(group: group.transformID, exchange.publicValue)]
      }
      guard let both = try keys(chosen, sharedSecret: secret, initiatorNonce: initiatorNonce, responderNonce: responderNonce) else {
        return ([.notify(NotifyType.noProposalChosen)], nil)
      }
      let spi = freshChildSPI(&turn)
      let isTransport = child.usesTransportMode && request.notification(NotifyType.useTransportMode) != nil
      let made = IKEChildSA(
        inboundSPI: spi, outboundSPI: chosen.spi.reduce(0) { $0 << 8 | UInt32($1) }, inbound: both.initiator, outbound: both.responder,
        isTransportMode: isTransport, local: local, remote: remote)
      let payloads =
        (isTransport ? [.notify(NotifyType.useTransportMode)] : []) + chosen.payloads(protocolID: 3, spi: [UInt8](bigEndian: spi))
        + (ownNonce.map { [.nonce($0)] } ?? []) + ke + Self.selectors(remote, local)
      return (payloads, made)
    } catch {
      return ([.notify(NotifyType.noProposalChosen)], nil)
    }
  }

  private mutating func answerRekey(_ request: IKEMessage, _ nonce: [UInt8], _ turn: inout IKETurn) -> [Packet.Option]? {
    for offer in request.payloads.proposals {
      for own in configuration.proposals {
        guard let chosen = offer.choice(of: own, protocolID: 1), chosen.spi.count == 8, let group = chosen.group else { continue }
        guard let ke = request.payload(.ke), ke.value(.keGroup) == UInt128(group.transformID) else {
          return [.notify(NotifyType.invalidKEPayload, [UInt8](bigEndian: group.transformID))]
        }
        guard let exchange = try? KeyExchange(group, using: &turn.generator) else { return nil }
        let spi = turn.generator.next() | 1
        let ownNonce = turn.random(32)
        guard
          succeed(
            chosen, own: spi, ownInitiates: false, exchange, peerValue: ke.data, initiatorNonce: nonce, responderNonce: ownNonce, &turn)
        else { return [.notify(NotifyType.invalidSyntax)] }
        return chosen.payloads(protocolID: 1, spi: [UInt8](bigEndian: spi)) + [
          .nonce(ownNonce), .ke(group: group.transformID, exchange.publicValue),
        ]
      }
    }
    return nil
  }

  /// Makes the IKE SA that takes this one's place, and gives it the Child SAs. False where the peer's public value is none.
  private mutating func succeed(
    _ chosen: ChosenProposal, own: UInt64, ownInitiates: Bool, _ exchange: KeyExchange, peerValue: [UInt8], initiatorNonce: [UInt8],
    responderNonce: [UInt8], _ turn: inout IKETurn
  ) -> Bool {
    guard let prf = chosen.prf, let oldKeys = keys, let oldFunction = algorithms?.prf else { return false }
    var heir = IKEAssociation(
      handle: own, isInitiator: ownInitiates, configuration, local: local, remote: remote, phase: .established)
    heir.peerSPI = chosen.spi.reduce(0) { $0 << 8 | UInt64($1) }
    let suite = IKEAlgorithms(encryption: chosen.encryption, integrity: chosen.integrity, prf: prf)
    do throws(SecurityError) {
      heir.keys = try IKEKeys(
        suite, replacing: oldKeys, oldFunction, sharedSecret: exchange.sharedSecret(with: peerValue), initiatorNonce: initiatorNonce,
        responderNonce: responderNonce, initiatorSPI: heir.spis.initiator, responderSPI: heir.spis.responder)
    } catch {
      return false
    }
    heir.algorithms = suite
    heir.group = exchange.group
    heir.peerIdentity = peerIdentity
    heir.attributes = attributes
    heir.children = children
    children = []
    heir.tellEstablished(&turn)
    turn.heirs.append(heir)
    turn.output.events.append(.replaced(handle, by: own))
    return true
  }
}
