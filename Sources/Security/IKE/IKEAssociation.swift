import Wire

/// One call of an endpoint: when it happened, the random numbers, and what comes of it.
struct IKETurn {
  let now: Instant
  var generator: any RandomNumberGenerator & Sendable
  var output = IKEOutput()
  /// IKE SAs that came of rekeying.
  var heirs: [IKEAssociation] = []

  mutating func random(_ count: Int) -> [UInt8] { [UInt8].random(count, using: &generator) }
}

/// An IKE SA, from its first message until nobody remembers it (RFC 7296 2).
struct IKEAssociation: Sendable {
  enum Phase: Sendable {
    /// The initiator waits for the answer to IKE_SA_INIT.
    case initiating
    /// The responder has answered, and waits for IKE_AUTH.
    case answered
    /// The initiator waits for an answer to IKE_AUTH; the responder for the next of several.
    case authenticating
    case established
    /// Gone; its last answer is remembered.
    case closed
  }

  /// What a request is about, so that its answer is understood.
  enum Purpose: Sendable {
    case initial
    case authentication
    case child(PendingChild)
    case rekey(PendingRekey)
    case deleteIKE
    case deleteChild(UInt32)
    /// Whatever the caller put into it.
    case plain
  }

  struct Outstanding: Sendable {
    var id: UInt32
    var exchange: UInt8
    var purpose: Purpose
    var bytes: [UInt8]
    var wait: Interval
    var next: Instant
    var copies = 0
  }

  struct Queued: Sendable {
    var exchange: UInt8
    var purpose: Purpose
    var payloads: [Packet.Option]
    var change: IKERequestChange?
  }

  /// A Child SA of which the answer is still to come.
  struct PendingChild: Sendable {
    var spi: UInt32
    var configuration: IKEChildConfiguration
    var nonce: [UInt8]
    var keyExchange: KeyExchange?
    /// The inbound SPI of the Child SA that it takes the place of.
    var replaces: UInt32?
  }

  /// An IKE SA that is to take the place of this one.
  struct PendingRekey: Sendable {
    var spi: UInt64
    var nonce: [UInt8]
    var keyExchange: KeyExchange
  }

  /// What the first exchanges leave for AUTH and the keys.
  struct Beginning: Sendable {
    var keyExchange: KeyExchange?
    var nonce: [UInt8] = []
    var peerNonce: [UInt8] = []
    /// IKE_SA_INIT from the IKE header on, as it was sent and received.
    var message: [UInt8] = []
    var peerMessage: [UInt8] = []
    var cookie: [UInt8]?
    /// How often the first message began anew.
    var restarts = 0
    var peerIdentity: IKEIdentity?
    /// The peer's ID payload as AUTH signs it: without its generic header.
    var peerIdentification: [UInt8] = []
    /// What the responder keeps of the first IKE_AUTH request until the initiator has proved who it is.
    var request: [Packet.Option] = []
    var child: PendingChild?
    var peerSignsWithHashes = false
    // EAP, and the key that it gave (RFC 7296 2.16).
    var eapPeer: AKAPeer?
    var eapServer: AKAServer?
    var masterKey: [UInt8]?
  }

  /// The SPI on this side, by which an endpoint knows it.
  let handle: UInt64
  let isInitiator: Bool
  var configuration: IKEConfiguration
  var peerSPI: UInt64 = 0
  var local: UDPAddress
  var remote: UDPAddress
  /// Where its first message came from, if the other side began it.
  var origin: HostAddress?
  var phase: Phase
  var algorithms: IKEAlgorithms?
  var group: DiffieHellmanGroup?
  var keys: IKEKeys?
  var beginning = Beginning()
  var peerIdentity: IKEIdentity?
  var attributes: [ConfigurationAttribute] = []
  var children: [IKEChildSA] = []

  // Message IDs (RFC 7296 2.2): the next own request's, the next of the peer's, and the answer to its last.
  var nextID: UInt32 = 0
  var expectedID: UInt32 = 0
  var remembered: (id: UInt32, bytes: [UInt8])?
  var outstanding: Outstanding?
  var queue: [Queued] = []
  /// The next message is taken for the peer's, whatever protects it, as nobody should.
  var isTrusting = false
  /// When it is forgotten, or given up if nothing happens.
  var end = Instant.distantFuture
  /// This side is behind a NAT: when its mapping has to be kept alive (RFC 3948 4).
  var keepAlive = Instant.distantFuture

  init(handle: UInt64, isInitiator: Bool, _ configuration: IKEConfiguration, local: UDPAddress, remote: UDPAddress, phase: Phase) {
    self.handle = handle
    self.isInitiator = isInitiator
    self.configuration = configuration
    self.local = local
    self.remote = remote
    self.phase = phase
  }

  var spis: IKESPIs { IKESPIs(initiator: isInitiator ? handle : peerSPI, responder: isInitiator ? peerSPI : handle) }
  /// The seal of what this side sends, and of what it receives.
  var ownSeal: IKESeal? { seal(byInitiator: isInitiator) }
  var peerSeal: IKESeal? { seal(byInitiator: !isInitiator) }

  private func seal(byInitiator: Bool) -> IKESeal? {
    guard let algorithms, let keys else { return nil }
    return IKESeal(algorithms, keys, byInitiator: byInitiator)
  }

  var nextDeadline: Instant { min(min(end, keepAlive), outstanding?.next ?? .distantFuture) }

  // MARK: Sending

  /// The octets of a message, from the IKE header on; nil if they could not be made, which closes the SA.
  mutating func encode(_ outgoing: IKEOutgoing, _ turn: inout IKETurn) -> [UInt8]? {
    var outgoing = outgoing
    configuration.alter?(&outgoing)
    var header = Packet.Header(
      .ike, .rfc5846,
      [
        (.ikeInitiatorSPI, UInt128(spis.initiator)), (.ikeResponderSPI, UInt128(spis.responder)),
        (.ikeExchangeType, UInt128(outgoing.exchange)), (.ikeR, outgoing.isResponse ? 1 : 0), (.ikeI, isInitiator ? 1 : 0),
        (.ikeMessageID, UInt128(outgoing.id)),
      ])
    header.values += outgoing.header
    guard outgoing.isSealed else {
      header.options = outgoing.payloads
      return Packet([header]).encoded()
    }
    var sk = Packet.Option(.sk)
    sk.values = outgoing.sk
    header.options = [sk] + outgoing.payloads
    guard let seal = outgoing.key ?? ownSeal else { return nil }
    do throws(SecurityError) {
      return try seal.sealed(header, iv: turn.random(seal.encryption.ivLength), outgoing.seal)
    } catch {
      close(.error(error), &turn)
      return nil
    }
  }

  /// Sends octets that are an IKE message, with the marker that port 4500 asks for.
  func emit(_ bytes: [UInt8], _ turn: inout IKETurn) {
    turn.output.datagrams.append(IKEDatagram(from: local, to: remote, payload: IKEEndpoint.marker(local, remote) + bytes))
  }

  /// Sends a request, or keeps it until the one before is answered: the window is one (RFC 7296 2.3).
  mutating func request(
    _ exchange: UInt8, _ purpose: Purpose, _ payloads: [Packet.Option], change: IKERequestChange? = nil, _ turn: inout IKETurn
  ) {
    guard phase != .closed else { return }
    guard outstanding == nil else {
      return queue.append(Queued(exchange: exchange, purpose: purpose, payloads: payloads, change: change))
    }
    guard nextID < .max else { return close(.malformed, &turn) }
    var outgoing = IKEOutgoing(
      exchange: exchange, isResponse: false, id: nextID, payloads: payloads, isSealed: exchange != Exchange.initial)
    change?(&outgoing)
    guard let bytes = encode(outgoing, &turn) else { return }
    if exchange == Exchange.initial { beginning.message = bytes }
    let wait = configuration.retransmission.first
    outstanding = Outstanding(id: nextID, exchange: exchange, purpose: purpose, bytes: bytes, wait: wait, next: turn.now + wait)
    nextID += 1
    emit(bytes, &turn)
  }

  /// Answers the request that is being processed, and remembers the answer for copies of it.
  mutating func respond(_ exchange: UInt8, id: UInt32, _ payloads: [Packet.Option], isSealed: Bool = true, _ turn: inout IKETurn) {
    let outgoing = IKEOutgoing(exchange: exchange, isResponse: true, id: id, payloads: payloads, isSealed: isSealed)
    guard let bytes = encode(outgoing, &turn) else { return }
    if exchange == Exchange.initial { beginning.message = bytes }
    remembered = (id: id, bytes: bytes)
    emit(bytes, &turn)
  }

  /// The next request that waits for its turn.
  mutating func sendQueued(_ turn: inout IKETurn) {
    guard phase != .closed, outstanding == nil, !queue.isEmpty else { return }
    let next = queue.removeFirst()
    request(next.exchange, next.purpose, next.payloads, change: next.change, &turn)
  }

  /// Ends the SA. Its last answer is remembered for a while.
  mutating func close(_ reason: IKEClosure, _ turn: inout IKETurn) {
    guard phase != .closed else { return }
    phase = .closed
    outstanding = nil
    queue = []
    keepAlive = .distantFuture
    end = turn.now + configuration.memory
    turn.output.events.append(.closed(handle, reason))
  }

  // MARK: Time

  mutating func wake(_ turn: inout IKETurn) {
    if let request = outstanding, request.next <= turn.now {
      if request.copies >= configuration.retransmission.copies {
        close(.unanswered(exchange: request.exchange), &turn)
      } else {
        // The same octets (RFC 7296 2.1), each wait twice the one before.
        outstanding?.copies += 1
        outstanding?.wait = request.wait * 2
        outstanding?.next = turn.now + request.wait * 2
        emit(request.bytes, &turn)
        turn.output.events.append(.retransmitted(handle, id: request.id))
      }
    }
    if keepAlive <= turn.now {
      turn.output.datagrams.append(IKEDatagram(from: local, to: remote, payload: [0xff]))
      keepAlive = turn.now + configuration.keepAlive
    }
    if end <= turn.now, phase == .answered || phase == .authenticating { close(.abandoned, &turn) }
  }

  /// Nobody needs it any more.
  func isForgotten(at now: Instant) -> Bool { phase == .closed && end <= now }
}

/// How a caller makes one request otherwise than it would be.
package typealias IKERequestChange = @Sendable (inout IKEOutgoing) -> Void
