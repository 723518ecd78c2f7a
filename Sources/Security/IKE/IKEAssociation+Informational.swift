import Wire

// INFORMATIONAL (RFC 7296 1.4).
extension IKEAssociation {
  mutating func answerInformational(_ request: IKEMessage, _ turn: inout IKETurn) {
    var answer: [Packet.Option] = []
    var closing: IKEClosure?
    for payload in request.payloads {
      switch payload.kind {
      case .delete:
        guard let deletion = Deletion(payload) else {
          respond(request.exchange, id: request.id, [.notify(NotifyType.invalidSyntax)], &turn)
          return close(.malformed, &turn)
        }
        turn.output.events.append(.deleteReceived(handle, protocolID: deletion.protocolID, spis: deletion.spis))
        // A protocol that is neither is answered, and nothing of it done.
        if deletion.protocolID == 1 { closing = .deletedByPeer }
        if deletion.protocolID == 3 { answer += answerDeletion(of: deletion.spis, &turn) }
      case .notify:
        guard let (type, _, data) = [payload].notifications.first else { continue }
        turn.output.events.append(.notified(handle, type: type, Array(data)))
        if type == NotifyType.authenticationFailed || type == NotifyType.invalidSyntax { closing = .refused(notify: type) }
      default: break
      }
    }
    // A deleted IKE SA takes its Child SAs along, and its answer is empty (RFC 7296 1.4.1).
    respond(request.exchange, id: request.id, closing == nil ? answer : [], &turn)
    guard let closing else { return }
    for child in children { turn.output.events.append(.childClosed(handle, child, byPeer: true)) }
    children = []
    close(closing, &turn)
  }

  /// An empty request outside the window, of which no answer is awaited.
  mutating func ask(_ turn: inout IKETurn) {
    let outgoing = IKEOutgoing(exchange: Exchange.informational, isResponse: false, id: nextID, payloads: [], isSealed: true)
    guard nextID < .max, let bytes = encode(outgoing, &turn) else { return }
    nextID += 1
    emit(bytes, &turn)
  }

  /// Of a DELETE of the IKE SA, and of the answer to one.
  mutating func sealAnew(_ turn: inout IKETurn) {
    func sealed(_ id: UInt32, isResponse: Bool, _ turn: inout IKETurn) -> [UInt8]? {
      let payloads: [Packet.Option] = isResponse ? [] : [.deleteIKE]
      return encode(
        IKEOutgoing(exchange: Exchange.informational, isResponse: isResponse, id: id, payloads: payloads, isSealed: true), &turn)
    }
    if let id = remembered?.id, let bytes = sealed(id, isResponse: true, &turn) { remembered = (id: id, bytes: bytes) }
    if case .deleteIKE? = outstanding?.purpose, let id = outstanding?.id, let bytes = sealed(id, isResponse: false, &turn) {
      outstanding?.bytes = bytes
    }
  }

  /// A DELETE of the IKE SA that nothing protects, or whose check value is wrong. It uses up no Message ID.
  mutating func deleteFalsely(isSealed: Bool, _ turn: inout IKETurn) {
    let outgoing = IKEOutgoing(
      exchange: Exchange.informational, isResponse: false, id: nextID, payloads: [.deleteIKE], isSealed: isSealed)
    guard var bytes = encode(outgoing, &turn) else { return }
    if isSealed, let last = bytes.indices.last { bytes[last] ^= 0xff }
    emit(bytes, &turn)
  }

  /// An empty answer to the last request: sealed it has the next Message ID, else the right one.
  mutating func answerWrongly(isSealed: Bool, _ turn: inout IKETurn) {
    guard let id = remembered?.id else { return }
    let outgoing = IKEOutgoing(
      exchange: Exchange.informational, isResponse: true, id: isSealed ? id &+ 1 : id, payloads: [], isSealed: isSealed)
    guard let bytes = encode(outgoing, &turn) else { return }
    remembered = (id: id, bytes: bytes)
    emit(bytes, &turn)
  }

  /// What a Delete payload says; nil where its SPIs are not as many and as long as it says.
  private struct Deletion {
    var protocolID: UInt8
    var spis: [UInt32] = []

    init?(_ payload: Packet.Option) {
      let size = Int(payload.value(.deleteSPISize) ?? 0)
      let count = Int(payload.value(.deleteCount) ?? 0)
      protocolID = UInt8(truncatingIfNeeded: payload.value(.deleteProtocol) ?? 0)
      guard payload.data.count == size * count else { return nil }
      guard protocolID == 3 else { return }
      guard size == 4 else { return nil }
      spis = (0..<count).map { index in payload.data[index * 4..<index * 4 + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } }
    }
  }

  /// Closes the Child SAs that the peer deletes, and names this side's SPIs of them; one that crosses an own DELETE is not named (RFC 7296
  /// 1.4.1).
  private mutating func answerDeletion(of spis: [UInt32], _ turn: inout IKETurn) -> [Packet.Option] {
    var own: [UInt32] = []
    for spi in spis {
      guard let child = children.first(where: { $0.outboundSPI == spi }) else { continue }
      var crosses = false
      if case .deleteChild(let inbound)? = outstanding?.purpose { crosses = inbound == child.inboundSPI }
      if !crosses { own.append(child.inboundSPI) }
      removeChild(inboundSPI: child.inboundSPI, byPeer: true, &turn)
    }
    return own.isEmpty ? [] : [.deleteESP(own)]
  }

  mutating func removeChild(inboundSPI: UInt32, byPeer: Bool, _ turn: inout IKETurn) {
    guard let place = children.firstIndex(where: { $0.inboundSPI == inboundSPI }) else { return }
    turn.output.events.append(.childClosed(handle, children.remove(at: place), byPeer: byPeer))
  }
}
