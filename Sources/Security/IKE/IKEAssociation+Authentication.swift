import Wire

// IKE_AUTH (RFC 7296 1.2, 2.15, 2.16).
extension IKEAssociation {
  // MARK: Initiator

  /// Sends the first IKE_AUTH request.
  mutating func beginAuthentication(_ turn: inout IKETurn) {
    var payloads: [Packet.Option] = [identification]
    if configuration.saysInitialContact { payloads.append(.notify(NotifyType.initialContact)) }
    payloads += requestForCertificates
    if let peer = configuration.peerIdentity { payloads.append(.identification(isInitiator: false, type: peer.type, peer.data)) }
    do throws(SecurityError) {
      // Without AUTH it asks for EAP (RFC 7296 2.16).
      payloads += try proof()
    } catch {
      return close(.error(error), &turn)
    }
    if !configuration.attributes.isEmpty { payloads += Self.configuration(type: 1, configuration.attributes) }
    if let child = configuration.child {
      let pending = PendingChild(spi: freshChildSPI(&turn), configuration: child, nonce: beginning.nonce)
      beginning.child = pending
      payloads += offer(pending)
    }
    request(Exchange.authentication, .authentication, payloads, &turn)
  }

  mutating func receiveAuthenticationAnswer(_ answer: IKEMessage, _ turn: inout IKETurn) {
    if beginning.peerIdentity == nil {
      guard answer.payload(.auth) != nil, let identity = takeIdentity(answer.payload(.idr)) else {
        let isFailure = answer.payload(.eap)?.value(.eapCode) == 4
        return close(answer.error.map { .refused(notify: $0) } ?? (isFailure ? .authenticationFailed : .malformed), &turn)
      }
      guard accepts(identity, answer, &turn) else { return refuseResponder(&turn) }
      beginning.peerIdentity = identity
    } else if beginning.masterKey != nil {
      guard let auth = answer.payload(.auth) else { return close(answer.error.map { .refused(notify: $0) } ?? .malformed, &turn) }
      guard isProof(auth) else { return refuseResponder(&turn) }
    }
    if case .eap(let peer) = configuration.credential, beginning.masterKey == nil {
      return continueEAP(beginning.eapPeer ?? peer, answer, &turn)
    }
    establish(&turn)
    if let attributes = Self.attributes(answer.payloads) { self.attributes = attributes }
    tellEstablished(&turn)
    if let pending = beginning.child {
      adopt(pending, answer, initiatorNonce: beginning.nonce, responderNonce: beginning.peerNonce, sharedSecret: [], &turn)
    }
    beginning = Beginning()
  }

  /// The initiator has an SA that the responder believes in, so it has to say that it does not (RFC 7296 2.21.2).
  private mutating func refuseResponder(_ turn: inout IKETurn) {
    request(Exchange.informational, .plain, [.notify(NotifyType.authenticationFailed)], &turn)
    close(.authenticationFailed, &turn)
  }

  // MARK: Responder

  /// Answers an IKE_AUTH request.
  mutating func authenticate(_ request: IKEMessage, _ turn: inout IKETurn) {
    if beginning.eapServer != nil { return answerEAP(request, &turn) }
    guard let identity = takeIdentity(request.payload(.idi)) else {
      respond(Exchange.authentication, id: request.id, [.notify(NotifyType.invalidSyntax)], &turn)
      return close(.malformed, &turn)
    }
    beginning.peerIdentity = identity
    beginning.request = request.payloads
    do throws(SecurityError) {
      if case .eap(let subscribers) = configuration.trust {
        guard request.payload(.auth) == nil, isExpected(identity), let server = subscribers(identity) else {
          return refuseInitiator(request, &turn)
        }
        return try beginEAP(server, request, [identification] + proof(), &turn)
      }
      guard request.payload(.auth) != nil, accepts(identity, request, &turn) else { return refuseInitiator(request, &turn) }
      try conclude(request, [identification] + proof(), &turn)
    } catch {
      close(.error(error), &turn)
    }
  }

  /// Establishes the SA and its Child SA, and answers with these payloads in front.
  mutating func conclude(_ request: IKEMessage, _ payloads: [Packet.Option], _ turn: inout IKETurn) {
    establish(&turn)
    var payloads = payloads
    let reply = assignment(for: beginning.request)
    attributes = reply
    if !reply.isEmpty { payloads += Self.configuration(type: 2, reply) }
    var child: IKEChildSA?
    if beginning.request.contains(where: { $0.kind == .sa }) {
      let answer = negotiate(
        beginning.request, configuration.child, initiatorNonce: beginning.peerNonce, responderNonce: beginning.nonce, &turn)
      payloads += answer.payloads
      child = answer.child
    }
    respond(Exchange.authentication, id: request.id, payloads, &turn)
    tellEstablished(&turn)
    if let child { add(child, &turn) }
    beginning.request = []
  }

  mutating func refuseInitiator(_ request: IKEMessage, _ turn: inout IKETurn) {
    respond(Exchange.authentication, id: request.id, [.notify(NotifyType.authenticationFailed)], &turn)
    close(.authenticationFailed, &turn)
  }

  // MARK: Both

  private var identification: Packet.Option {
    .identification(isInitiator: isInitiator, type: configuration.identity.type, configuration.identity.data)
  }

  /// CERT and AUTH of this side.
  private func proof() throws(SecurityError) -> [Packet.Option] {
    guard let algorithms, let signed = try ownSignedOctets() else { return [] }
    switch configuration.credential {
    case .eap: return []
    case .sharedKey(let secret):
      return [.auth(method: AuthenticationMethod.sharedKey.rawValue, try signed.authentication(algorithms.prf, secret: secret))]
    case .certificate(let chain, let key):
      let method: AuthenticationMethod = beginning.peerSignsWithHashes ? .digitalSignature : key.kind == .rsa ? .rsa : .ecdsa256
      return chain.map { .certificate($0.der) } + [.auth(method: method.rawValue, try signed.authentication(method, key))]
    }
  }

  func ownSignedOctets() throws(SecurityError) -> SignedOctets? {
    guard let algorithms, let keys else { return nil }
    return try SignedOctets(
      message: beginning.message, nonce: beginning.peerNonce, algorithms.prf, key: isInitiator ? keys.pi : keys.pr,
      identification: configuration.identity.signedOctets)
  }

  func peerSignedOctets() throws(SecurityError) -> SignedOctets? {
    guard let algorithms, let keys else { return nil }
    return try SignedOctets(
      message: beginning.peerMessage, nonce: beginning.nonce, algorithms.prf, key: isInitiator ? keys.pr : keys.pi,
      identification: beginning.peerIdentification)
  }

  /// Keeps an ID payload for AUTH.
  private mutating func takeIdentity(_ payload: Packet.Option?) -> IKEIdentity? {
    guard let payload, let octets = IKEIdentity.signedOctets(of: payload) else { return nil }
    beginning.peerIdentification = octets
    return IKEIdentity(payload)
  }

  func isExpected(_ identity: IKEIdentity) -> Bool { configuration.peerIdentity == nil || configuration.peerIdentity == identity }

  /// Whether the other is who it should be, and has proved it.
  private func accepts(_ identity: IKEIdentity, _ message: IKEMessage, _ turn: inout IKETurn) -> Bool {
    guard isExpected(identity), let auth = message.payload(.auth), let algorithms,
      let method = AuthenticationMethod(rawValue: UInt8(truncatingIfNeeded: auth.value(.authMethod) ?? 0))
    else { return false }
    do throws(SecurityError) {
      guard let signed = try peerSignedOctets() else { return false }
      switch configuration.trust {
      case .sharedKey(let secret):
        guard method == .sharedKey else { return false }
        try signed.verify(auth.data, algorithms.prf, secret: secret)
      case .certificate(let authorities):
        var chain: [Certificate] = []
        for payload in message.payloads where payload.kind == .cert && payload.value(.certEncoding) == 4 {
          chain.append(try Certificate(der: payload.data))
        }
        guard let own = chain.first, try identity.isOwner(of: own) else { return false }
        let seconds = Int(truncatingIfNeeded: turn.now.nanoseconds / 1_000_000_000)
        try own.verify(intermediates: Array(chain.dropFirst()), authorities: authorities, at: seconds)
        try signed.verify(auth.data, method, own.publicKey)
      case .eap: return false
      }
      return true
    } catch {
      return false
    }
  }

  private mutating func establish(_ turn: inout IKETurn) {
    phase = .established
    end = .distantFuture
    peerIdentity = beginning.peerIdentity
  }

  func tellEstablished(_ turn: inout IKETurn) {
    guard let algorithms, let group, let keys, let peerIdentity else { return }
    turn.output.events.append(
      .established(
        handle,
        IKEEstablished(
          spis: spis, isInitiator: isInitiator, algorithms: algorithms, group: group, keys: keys, local: local, remote: remote,
          peerIdentity: peerIdentity, attributes: attributes)))
  }
}

// Configuration payloads (RFC 7296 3.15, RFC 5026).
extension IKEAssociation {
  static func configuration(type: UInt8, _ attributes: [ConfigurationAttribute]) -> [Packet.Option] {
    [Packet.Option(.cp, [(.cpType, UInt128(type))])]
      + attributes.map { Packet.Option(.configurationAttribute, [(.configurationAttributeType, UInt128($0.type))], data: $0.value) }
  }

  /// The attributes of the first configuration payload; nil without one.
  static func attributes(_ payloads: [Packet.Option]) -> [ConfigurationAttribute]? {
    guard let start = payloads.firstIndex(where: { $0.kind == .cp }) else { return nil }
    return payloads[(start + 1)...].prefix { $0.kind.depth > 0 }.map {
      ConfigurationAttribute(type: UInt16(truncatingIfNeeded: $0.value(.configurationAttributeType) ?? 0), value: $0.data)
    }
  }

  /// Makes the responder's attributes those of one initiator: addresses count up.
  mutating func assign(number: Int) {
    for index in configuration.attributes.indices {
      let length = [1: 4, 8: 16][configuration.attributes[index].type] ?? 0
      guard length > 0, configuration.attributes[index].value.count >= length else { continue }
      let value = configuration.attributes[index].value.prefix(length).reduce(UInt128(0)) { $0 << 8 | UInt128($1) } &+ UInt128(number)
      configuration.attributes[index].value.replaceSubrange(..<length, with: [UInt8](bigEndian: value).suffix(length))
    }
  }

  /// What of the responder's attributes was asked for.
  fileprivate func assignment(for request: [Packet.Option]) -> [ConfigurationAttribute] {
    guard let wanted = Self.attributes(request) else { return [] }
    return configuration.attributes.filter { own in wanted.contains { $0.type == own.type } }
  }
}

extension IKEIdentity {
  /// Whether a certificate is made out to it.
  func isOwner(of certificate: Certificate) throws(SecurityError) -> Bool {
    switch type {
    case 1, 5: try certificate.isFor(address: data)
    case 2: try certificate.isFor(domain: String(decoding: data, as: UTF8.self))
    case 3: try certificate.isFor(mailbox: String(decoding: data, as: UTF8.self))
    case 9: certificate.subject == data
    default: false
    }
  }
}
