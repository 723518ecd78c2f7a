/// The subscriber in EAP-AKA (RFC 4187), without I/O: packets in, packets out.
package struct AKAPeer: Sendable {
  /// The permanent identity, an NAI: `0IMSI@nai.epc.mncMNC.mccMCC.3gppnetwork.org` (3GPP TS 23.003 19.3.2).
  package let identity: String
  package var usim: USIM
  /// Whether it wants the result under protection, from a server that offers it (RFC 4187 6.2).
  package var acceptsResultIndication = false
  /// Changes a message before it is sent, on purpose; its AT_MAC is computed after that.
  package var alter: (@Sendable (inout AKAMessage) -> Void)?

  package enum State: Hashable, Sendable {
    case waiting
    /// The network has proved that it knows the key, and so has this side.
    case authenticated
    case succeeded
    case failed(String)
  }

  package private(set) var state = State.waiting
  /// The keys, once a challenge was accepted; its `msk` is good when the state is `succeeded`.
  package private(set) var keys: AKAKeys?

  /// The identity exchange, octet by octet, for AT_CHECKCODE (RFC 4187 10.13).
  private var identityRound: [UInt8] = []
  private var last: (request: [UInt8], response: [UInt8])?

  package init(identity: String, _ usim: USIM) {
    self.identity = identity
    self.usim = usim
  }

  /// Takes a packet of the server's, and returns what to answer; nil for Success, Failure, and for what is no request.
  ///
  /// A request that is repeated octet by octet gets the same answer again (RFC 3748 4.1).
  package mutating func receive(_ octets: [UInt8]) throws(SecurityError) -> [UInt8]? {
    if let last, last.request == octets { return last.response }
    guard let packet = try? EAPPacket(octets) else { return nil }
    switch (packet.code, packet.type) {
    case (.success, _):
      // RFC 3748 4.2: success that nothing led to is not believed.
      if state == .authenticated { state = .succeeded }
      return nil
    case (.failure, _):
      if state != .succeeded { state = .failed("EAP-Failure") }
      return nil
    case (.request, 1):
      return remember(octets, EAPPacket(.response, identifier: packet.identifier, type: 1, data: Array(identity.utf8)).octets)
    case (.request, 2): return remember(octets, EAPPacket(.response, identifier: packet.identifier, type: 2).octets)
    case (.request, AKAMessage.type): break
    case (.request, _):
      return remember(octets, EAPPacket(.response, identifier: packet.identifier, type: 3, data: [AKAMessage.type]).octets)
    case (.response, _): return nil
    }
    var response: AKAMessage
    do throws(SecurityError) {
      let request = try AKAMessage(packet)
      guard !request.attributes.contains(where: \.kind.isFatal) else { throw .malformed("an unknown attribute") }
      response = try answer(request, octets)
    } catch {
      // RFC 4187 6.3.1, code 0: unable to process packet.
      response = AKAMessage(isRequest: false, identifier: packet.identifier, .clientError, [AKAAttribute(.clientErrorCode)])
      state = .failed("\(error)")
    }
    response.identifier = packet.identifier
    alter?(&response)
    let answer = try response.octets(keys)
    if response.subtype == .identity { identityRound += octets + answer }
    return remember(octets, answer)
  }

  private mutating func remember(_ request: [UInt8], _ response: [UInt8]) -> [UInt8] {
    last = (request: request, response: response)
    return response
  }

  private mutating func answer(_ request: AKAMessage, _ octets: [UInt8]) throws(SecurityError) -> AKAMessage {
    var response = AKAMessage(isRequest: false, identifier: request.identifier, request.subtype)
    switch request.subtype {
    case .identity:
      let asks: [AKAAttribute.Kind] = [.permanentIDRequest, .fullAuthenticationIDRequest, .anyIDRequest]
      guard state == .waiting, asks.contains(where: { request.first($0) != nil }) else { throw .malformed("no identity is asked for") }
      response.attributes = [.identity(Array(identity.utf8))]
    case .challenge:
      guard let rand = request.first(.rand)?.data, let token = request.first(.autn)?.data else { throw .malformed("no AT_RAND or AT_AUTN") }
      switch try usim.answer(rand: rand, token: token) {
      case .rejected:
        state = .failed("AUTN is wrong")
        response.subtype = .authenticationReject
      case .synchronisation(let auts):
        response.subtype = .synchronizationFailure
        response.attributes = [AKAAttribute(.auts, value: auts)]
      case .accepted(let result):
        let keys = try AKAKeys(identity: Array(identity.utf8), integrityKey: result.integrityKey, cipherKey: result.cipherKey)
        try request.verify(octets, keys)
        response.attributes = [.res(result.res)]
        if let checkcode = request.first(.checkcode) {
          let expected = try identityRound.isEmpty ? [] : Hash.sha1(identityRound)
          guard checkcode.data == expected else { throw .integrity }
          response.attributes.append(AKAAttribute(.checkcode, expected))
        }
        if acceptsResultIndication, request.first(.resultIndication) != nil { response.attributes.append(AKAAttribute(.resultIndication)) }
        response.attributes.append(.emptyMAC)
        self.keys = keys
        state = .authenticated
      }
    case .notification:
      guard let code = request.first(.notification)?.word else { throw .malformed("no AT_NOTIFICATION") }
      // RFC 4187 6.1: without the P bit it comes after the challenge, and is protected.
      if code & 0x4000 == 0 {
        guard let keys else { throw .malformed("a notification too early") }
        try request.verify(octets, keys)
        response.attributes = [.emptyMAC]
      }
      if code & 0x8000 == 0 { state = .failed("notification \(code)") }
    case .authenticationReject, .synchronizationFailure, .reauthentication, .clientError:
      throw .malformed("an unexpected subtype")
    }
    return response
  }
}
