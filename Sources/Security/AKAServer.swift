/// The network in EAP-AKA (RFC 4187), for one subscriber, without I/O: packets in, packets out.
package struct AKAServer: Sendable {
  package let milenage: Milenage
  /// The sequence number used last, 48 bits.
  package var sequence: UInt64
  /// The Authentication Management Field.
  package var amf: UInt16 = 0
  /// Which identity to ask for before the challenge; nil: none, `identity` is what the peer said before (in IKEv2 its IDi).
  package var asks: AKAAttribute.Kind?
  /// Whether the result is told under protection before EAP-Success (RFC 4187 6.2), if the peer wants it too.
  package var indicatesResult = false
  /// Changes a message before it is sent, on purpose; its AT_MAC is computed after that.
  package var alter: (@Sendable (inout AKAMessage) -> Void)?

  /// The identity that the peer said last, of which the keys are made.
  package private(set) var identity: [UInt8]
  /// The keys, once a challenge was made; its `msk` is good after success.
  package private(set) var keys: AKAKeys?
  package private(set) var state = State.idle

  package enum State: Hashable, Sendable {
    case idle, identity, challenge
    /// The peer was told that it succeeded or failed, and has not answered yet.
    case notified(isSuccess: Bool)
    case succeeded
    case failed(String)
  }

  private var identifier: UInt8 = 0
  private var rand: [UInt8] = []
  private var expected: [UInt8] = []
  private var identityRound: [UInt8] = []
  private var resynchronisations = 0

  /// - Parameters:
  ///   - identity: what the peer said before EAP-AKA began.
  ///   - sequence: the sequence number used last.
  package init(_ milenage: Milenage, identity: String, sequence: UInt64) {
    self.milenage = milenage
    self.identity = Array(identity.utf8)
    self.sequence = sequence
  }

  /// The first request.
  package mutating func start(identifier: UInt8, using generator: inout some RandomNumberGenerator) throws(SecurityError) -> [UInt8] {
    self.identifier = identifier
    guard let asks else { return try challenge(using: &generator) }
    state = .identity
    let request = try send(.identity, [AKAAttribute(asks)])
    identityRound = request
    return request
  }

  /// Takes a packet of the peer's and returns what to send; nil for what is no answer to the last request.
  package mutating func receive(_ octets: [UInt8], using generator: inout some RandomNumberGenerator) throws(SecurityError) -> [UInt8]? {
    guard let packet = try? EAPPacket(octets), packet.code == .response, packet.identifier == identifier else { return nil }
    switch state {
    case .idle, .succeeded, .failed: return nil
    case .identity, .challenge, .notified: break
    }
    // A legacy Nak: the peer does not do EAP-AKA.
    if packet.type == 3 { return finish(isSuccess: false, "the peer wants another method") }
    do throws(SecurityError) {
      let response = try AKAMessage(packet)
      guard !response.attributes.contains(where: \.kind.isFatal) else { throw .malformed("an unknown attribute") }
      return try answer(response, octets, using: &generator)
    } catch {
      // RFC 4187 6.1: general failure, before the peer was authenticated; it answers, then EAP-Failure follows.
      if case .notified = state { return finish(isSuccess: false, "\(error)") }
      state = .notified(isSuccess: false)
      identifier &+= 1
      return try send(.notification, [AKAAttribute(.notification, word: 0x4000)])
    }
  }

  private mutating func answer(
    _ response: AKAMessage, _ octets: [UInt8], using generator: inout some RandomNumberGenerator
  ) throws(SecurityError) -> [UInt8] {
    switch (state, response.subtype) {
    case (.identity, .identity):
      guard let said = response.first(.identity)?.sizedData else { throw .malformed("no AT_IDENTITY") }
      identity = said
      identityRound += octets
      identifier &+= 1
      return try challenge(using: &generator)
    case (.challenge, .challenge):
      guard let keys, let res = response.first(.res) else { throw .malformed("no AT_RES") }
      try response.verify(octets, keys)
      guard res.word == expected.count * 8, res.sizedData == expected else { throw .integrity }
      if let checkcode = response.first(.checkcode) {
        guard try checkcode.data == (identityRound.isEmpty ? [] : Hash.sha1(identityRound)) else { throw .integrity }
      }
      guard indicatesResult, response.first(.resultIndication) != nil else { return finish(isSuccess: true, "") }
      state = .notified(isSuccess: true)
      identifier &+= 1
      return try send(.notification, [AKAAttribute(.notification, word: 0x8000), .emptyMAC])
    case (.challenge, .synchronizationFailure):
      guard let auts = response.first(.auts)?.value, resynchronisations == 0 else { throw .malformed("no AT_AUTS, or a second one") }
      sequence = try milenage.sequence(ofResynchronisation: auts, rand: rand)
      resynchronisations += 1
      identifier &+= 1
      return try challenge(using: &generator)
    case (.challenge, .authenticationReject): return finish(isSuccess: false, "the peer rejects AUTN")
    case (_, .clientError): return finish(isSuccess: false, "client error \(response.first(.clientErrorCode)?.word ?? 0)")
    case (.notified(let isSuccess), .notification):
      if isSuccess, let keys { try response.verify(octets, keys) }
      return finish(isSuccess: isSuccess, "notified")
    default: throw .malformed("an unexpected subtype")
    }
  }

  private mutating func finish(isSuccess: Bool, _ reason: String) -> [UInt8] {
    state = isSuccess ? .succeeded : .failed(reason)
    // RFC 3748 4.2: the identifier of the response that it follows.
    return EAPPacket(isSuccess ? .success : .failure, identifier: identifier).octets
  }

  private mutating func challenge(using generator: inout some RandomNumberGenerator) throws(SecurityError) -> [UInt8] {
    state = .challenge
    rand = .random(16, using: &generator)
    sequence = (sequence &+ 1) & 0xffff_ffff_ffff
    let token = try milenage.token(rand: rand, sequence: sequence, amf: amf)
    let response = try milenage.response(rand: rand)
    expected = response.res
    keys = try AKAKeys(identity: identity, integrityKey: response.integrityKey, cipherKey: response.cipherKey)
    var attributes = [AKAAttribute(.rand, rand), AKAAttribute(.autn, token)]
    if !identityRound.isEmpty { attributes.append(AKAAttribute(.checkcode, try Hash.sha1(identityRound))) }
    if indicatesResult { attributes.append(AKAAttribute(.resultIndication)) }
    return try send(.challenge, attributes + [.emptyMAC])
  }

  private func send(_ subtype: AKAMessage.Subtype, _ attributes: [AKAAttribute]) throws(SecurityError) -> [UInt8] {
    var message = AKAMessage(isRequest: true, identifier: identifier, subtype, attributes)
    alter?(&message)
    return try message.octets(keys)
  }
}
