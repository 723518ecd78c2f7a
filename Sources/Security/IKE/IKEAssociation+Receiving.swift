import Wire

extension IKEAssociation {
  /// A message that carries the SPIs of this SA has come.
  mutating func receive(_ message: IKEMessage, _ datagram: IKEDatagram, _ turn: inout IKETurn) {
    if message.isResponse { receiveResponse(message, datagram, &turn) } else { receiveRequest(message, datagram, &turn) }
    isTrusting = false
  }

  /// Whether a message is one that has to be dropped because it is in clear (false), or because its check value is wrong (true).
  func doubts(_ message: IKEMessage) -> Bool? {
    guard case .dropped(let reason) = open(message) else { return nil }
    switch reason {
    case .unprotected: return false
    case .sealed(.integrity): return true
    default: return nil
    }
  }

  private enum Opening {
    case opened(IKEMessage)
    /// It is the peer's, and badly formed inside.
    case malformed
    /// Nobody can tell whose it is: as if it had not come (RFC 7296 2.21).
    case dropped(IKEDiscard)
  }

  private func open(_ message: IKEMessage) -> Opening {
    guard message.payloads.contains(where: { $0.kind == .sk }) else {
      return isTrusting && message.isSound ? .opened(message) : .dropped(.unprotected)
    }
    guard let seal = peerSeal else { return .dropped(.malformed) }
    do throws(SecurityError) {
      var bytes = message.bytes
      let payload = try seal.open(&bytes, bytes.indices, checksIntegrity: !isTrusting)
      guard let opened = IKEMessage(bytes, opened: payload) else { return .malformed }
      return opened.isSound ? .opened(opened) : .malformed
    } catch {
      return error == .padding ? .malformed : .dropped(.sealed(error))
    }
  }

  // MARK: Responses

  private mutating func receiveResponse(_ message: IKEMessage, _ datagram: IKEDatagram, _ turn: inout IKETurn) {
    guard let request = outstanding, request.id == message.id, request.exchange == message.exchange else {
      return turn.output.events.append(.discarded(.unsolicitedResponse))
    }
    if message.exchange == Exchange.initial { return receiveInitialAnswer(message, &turn) }
    switch open(message) {
    case .dropped(let reason): turn.output.events.append(.discarded(reason))
    case .malformed: close(.malformed, &turn)
    case .opened(let opened):
      outstanding = nil
      turn.output.events.append(.answered(handle, exchange: opened.exchange, id: opened.id, opened.payloads))
      // A response that cannot be understood ends the SA (RFC 7296 2.21.3).
      guard opened.payloads.unknownCritical == nil else { return close(.malformed, &turn) }
      for (type, _, data) in opened.payloads.notifications { turn.output.events.append(.notified(handle, type: type, Array(data))) }
      finish(request.purpose, opened, &turn)
    }
  }

  private mutating func finish(_ purpose: Purpose, _ answer: IKEMessage, _ turn: inout IKETurn) {
    switch purpose {
    case .initial: break
    case .authentication: receiveAuthenticationAnswer(answer, &turn)
    case .child(let pending): finishChild(pending, answer, &turn)
    case .rekey(let pending): finishRekey(pending, answer, &turn)
    case .deleteIKE: close(.deleted, &turn)
    case .deleteChild(let spi): removeChild(inboundSPI: spi, byPeer: false, &turn)
    case .plain:
      // Only an error that ends the SA is acted upon.
      if let error = answer.error, error == NotifyType.invalidSyntax || error == NotifyType.authenticationFailed {
        close(.refused(notify: error), &turn)
      }
    }
  }

  // MARK: Requests

  private mutating func receiveRequest(_ message: IKEMessage, _ datagram: IKEDatagram, _ turn: inout IKETurn) {
    let isNext = message.id == expectedID && phase != .closed
    guard isNext || remembered?.id == message.id else { return turn.output.events.append(.discarded(.outsideWindow)) }
    if isNext, !isInOrder(message.exchange) { return turn.output.events.append(.discarded(.exchange(message.exchange))) }
    switch open(message) {
    case .dropped(let reason): turn.output.events.append(.discarded(reason))
    case .malformed:
      guard isNext else { return repeatAnswer(message, &turn) }
      move(to: datagram)
      take(message)
      respond(message.exchange, id: message.id, [.notify(NotifyType.invalidSyntax)], &turn)
      close(.malformed, &turn)
    case .opened(let opened):
      guard isNext else { return repeatAnswer(message, &turn) }
      move(to: datagram)
      take(message)
      process(opened, &turn)
    }
  }

  /// A copy of the last request gets the same answer (RFC 7296 2.1).
  private func repeatAnswer(_ message: IKEMessage, _ turn: inout IKETurn) {
    guard let remembered else { return }
    emit(remembered.bytes, &turn)
    turn.output.events.append(.repeated(handle, id: message.id))
  }

  private func isInOrder(_ exchange: UInt8) -> Bool {
    switch phase {
    case .answered: exchange == Exchange.authentication
    case .authenticating: !isInitiator && exchange == Exchange.authentication
    case .established: exchange == Exchange.createChild || exchange == Exchange.informational
    case .initiating, .closed: false
    }
  }

  /// The answer goes to where the request came from (RFC 7296 2.23).
  private mutating func move(to datagram: IKEDatagram) {
    local = datagram.destination
    remote = datagram.source
  }

  private mutating func take(_ message: IKEMessage) {
    let (next, overflow) = expectedID.addingReportingOverflow(1)
    // A peer that counts so far has to begin a new SA (RFC 7296 2.2).
    expectedID = overflow ? .max : next
  }

  private mutating func process(_ request: IKEMessage, _ turn: inout IKETurn) {
    if let type = request.payloads.unknownCritical {
      return respond(request.exchange, id: request.id, [.notify(NotifyType.unsupportedCriticalPayload, [type])], &turn)
    }
    turn.output.events.append(.requested(handle, exchange: request.exchange, request.payloads))
    switch request.exchange {
    case Exchange.authentication: authenticate(request, &turn)
    case Exchange.createChild: answerCreateChild(request, &turn)
    default: answerInformational(request, &turn)
    }
  }
}
