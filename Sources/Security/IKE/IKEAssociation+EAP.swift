import Wire

// EAP within IKE_AUTH (RFC 7296 2.16).
extension IKEAssociation {
  // MARK: Initiator

  /// Answers an EAP request; behind EAP-Success proves that it knows the key.
  mutating func continueEAP(_ peer: AKAPeer, _ answer: IKEMessage, _ turn: inout IKETurn) {
    guard let message = answer.payload(.eap)?.eapMessage else {
      return close(answer.error.map { .refused(notify: $0) } ?? .malformed, &turn)
    }
    var peer = peer
    do throws(SecurityError) {
      let reply = try peer.receive(message)
      beginning.eapPeer = peer
      if let reply { return request(Exchange.authentication, .authentication, [.eap(reply)], &turn) }
      guard peer.state == .succeeded, let key = peer.keys?.msk else { return close(.authenticationFailed, &turn) }
      beginning.masterKey = key
      request(Exchange.authentication, .authentication, try masterKeyProof(), &turn)
    } catch {
      close(.error(error), &turn)
    }
  }

  // MARK: Responder

  /// Proves who the responder is, and asks the first question.
  mutating func beginEAP(
    _ server: AKAServer, _ request: IKEMessage, _ payloads: [Packet.Option], _ turn: inout IKETurn
  ) throws(SecurityError) {
    var server = server
    let question = try server.start(identifier: UInt8.random(in: 0...255, using: &turn.generator), using: &turn.generator)
    beginning.eapServer = server
    phase = .authenticating
    respond(Exchange.authentication, id: request.id, payloads + [.eap(question)], &turn)
  }

  /// Answers an EAP response or, behind EAP-Success, the proof.
  mutating func answerEAP(_ request: IKEMessage, _ turn: inout IKETurn) {
    guard var server = beginning.eapServer else { return refuseInitiator(request, &turn) }
    do throws(SecurityError) {
      if server.state == .succeeded {
        beginning.masterKey = server.keys?.msk
        guard let auth = request.payload(.auth), isProof(auth) else { return refuseInitiator(request, &turn) }
        return conclude(request, try masterKeyProof(), &turn)
      }
      guard let message = request.payload(.eap)?.eapMessage, let reply = try server.receive(message, using: &turn.generator) else {
        return refuseInitiator(request, &turn)
      }
      beginning.eapServer = server
      respond(Exchange.authentication, id: request.id, [.eap(reply)], &turn)
      if case .failed = server.state { close(.authenticationFailed, &turn) }
    } catch {
      refuseInitiator(request, &turn)
    }
  }

  // MARK: Both

  /// AUTH with the key that EAP gave.
  private func masterKeyProof() throws(SecurityError) -> [Packet.Option] {
    guard let algorithms, let key = beginning.masterKey, let signed = try ownSignedOctets() else { return [] }
    return [.auth(method: AuthenticationMethod.sharedKey.rawValue, try signed.authentication(algorithms.prf, secret: key))]
  }

  /// Whether an AUTH payload is of the key that EAP gave.
  func isProof(_ auth: Packet.Option) -> Bool {
    guard auth.value(.authMethod) == UInt128(AuthenticationMethod.sharedKey.rawValue), let algorithms, let key = beginning.masterKey,
      let signed = try? peerSignedOctets()
    else { return false }
    return (try? signed.verify(auth.data, algorithms.prf, secret: key)) != nil
  }
}
