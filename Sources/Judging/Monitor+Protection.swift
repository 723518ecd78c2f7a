import Security
package import Wire

/// What is known of the security associations below the bindings, and of the tunnels around their messages.
struct Surroundings: Sendable {
  struct SPI: Hashable, Sendable {
    /// Who receives by it.
    var receiver: Role
    var spi: UInt32
  }

  struct Side: Hashable, Sendable {
    var ike: UInt64
    var from: Role
    var isResponse: Bool
  }

  struct Child: Sendable {
    var conversation: Int32
    /// By its initiator's SPI.
    var ike: UInt64
    /// Who has deleted it alone.
    var deletedBy: Role?
    /// The sequence numbers that have been seen.
    var window = ReplayWindow()
  }

  /// The ESP SAs.
  var children: [SPI: Child] = [:]
  var childrenOfIKE: [UInt64: [SPI]] = [:]
  /// IKE SAs that the Home Agent began: by rekeying one that was there (RFC 7296 1.3.2).
  var begunByHomeAgent: Set<UInt64> = []
  /// The initiator's SPI of the IKE SA that is to replace another one.
  var offered: [UInt64: UInt64] = [:]
  /// The IKE SAs that can be read in a capture of others, of which all keys are given beforehand.
  var readable: Set<UInt64> = []
  /// IKE SAs that were deleted, and by whom first.
  var ended: [UInt64: Role] = [:]
  /// The latest IKE SA of each conversation.
  var current: [Int32: UInt64] = [:]
  /// The last message of each side in an IKE SA, and whether it came more than once.
  var exchanged: [Side: (id: UInt128, digest: UInt64, isRepeated: Bool)] = [:]
  /// The way of the last BU of a conversation, and of the last that was accepted.
  var sent: [Int32: Way] = [:]
  var accepted: [Int32: Way] = [:]
  /// The IKE message in hand is of an IKE SA before the latest.
  var isOfEarlierIKE = false
}

/// How a message goes through a tunnel over IPv4.
package struct Way: Hashable, Sendable {
  package var careOf: IPv4Address
  /// UDP ports of mobile node and Home Agent; nil: IPv6 in IPv4.
  package var port: UInt16?
  package var homeAgentPort: UInt16?

  package init(careOf: IPv4Address, port: UInt16?, homeAgentPort: UInt16?) {
    self.careOf = careOf
    self.port = port
    self.homeAgentPort = homeAgentPort
  }
}

extension Monitor {
  /// Tells the rules how a Mobility Header came. What comes by no security association of its binding, which has one, is not to be taken.
  ///
  /// - Parameters:
  ///   - spi: of the ESP header that was opened.
  ///   - sequence: its sequence number.
  mutating func weigh(
    _ index: Int32, _ observation: Observation, under spi: UInt32?, _ sequence: UInt32?, _ way: Way?, _ dissection: borrowing Dissection
  ) {
    var standing = standing(index, observation.from, spi, dissection)
    if let spi, let sequence, isReplay(Surroundings.SPI(receiver: observation.from.other, spi: spi), sequence), standing == .own {
      standing = .replayed
    }
    facts.tell(.protection, standing.rawValue)
    let needsKeys =
      switch observation.kind {
      case .bu, .ba, .bri, .bra: true
      default: false
      }
    if needsKeys && standing != .own && standing != .unknown || standing == .replayed { facts.spoil() }
    guard let way else { return }
    if observation.kind == .bri || observation.kind == .bra, let known = surroundings.accepted[index] {
      facts.tell(.encapsulation, known == way ? 0 : 1)
    }
    if observation.kind == .bu { surroundings.sent[index] = way }
    if observation.kind == .ba, let status = facts[.baStatus], status < 128 { surroundings.accepted[index] = surroundings.sent[index] }
  }

  /// Whether an ESP packet was there before, or is older than a receiver remembers.
  private mutating func isReplay(_ key: Surroundings.SPI, _ sequence: UInt32) -> Bool {
    guard surroundings.children[key]?.window.admits(sequence) == false else {
      surroundings.children[key]?.window.note(sequence)
      return false
    }
    return true
  }

  /// The conversation of a BU or BRA that names no home address, by the security association under which it comes.
  func associated(_ kind: MessageKind, _ from: Role, _ spi: UInt32?) -> Int32? {
    guard kind == .bu || kind == .bra, facts[.homeAddressOption] == nil, let spi else { return nil }
    return surroundings.children[Surroundings.SPI(receiver: from.other, spi: spi)]?.conversation
  }

  private func standing(_ index: Int32, _ from: Role, _ spi: UInt32?, _ dissection: borrowing Dissection) -> Standing {
    guard dissection.layers[dissection.mobility].protection.isOpened else {
      let isNamed = facts[.homeAddressOption] != nil || facts[.routingHomeAddress] != nil
      let isClear = dissection.layers[dissection.mobility].protection == .clear
      return isClear && isNamed && conversations[Int(index)].shown.contains(.keys) ? .none : .unknown
    }
    guard let child = spi.flatMap({ surroundings.children[Surroundings.SPI(receiver: from.other, spi: $0)] }) else { return .unknown }
    guard child.conversation == index else { return .another }
    return (child.deletedBy ?? surroundings.ended[child.ike]).map { $0 == from ? .ended : .withdrawn } ?? .own
  }

  /// Takes from an opened IKE message what it says about security associations, and tells the rules whether it came before.
  ///
  /// - Parameter sealed: as it was on the wire.
  mutating func weighKeyExchange(
    _ index: Int32, _ ike: UInt64, _ from: Role, _ bytes: Span<UInt8>, of sealed: Span<UInt8>, _ dissection: borrowing Dissection
  ) {
    let isResponse = facts[.ikeR] == 1
    guard let id = facts[.ikeMessageID], surroundings.exchanged.count < Self.maximumConversations else { return }
    var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    let start = Int(dissection.layers[dissection.ike].offset)
    for octet in min(start, sealed.count)..<sealed.count { digest = (digest ^ UInt64(sealed[octet])) &* 0x100_0000_01b3 }
    let side = Surroundings.Side(ike: ike, from: from, isResponse: isResponse)
    let before = surroundings.exchanged[side]
    let isSame = before?.digest == digest
    // Two answers may be to two requests of one number, of which nobody could open the other.
    let request = surroundings.exchanged[Surroundings.Side(ike: ike, from: from.other, isResponse: false)]
    let isOfOne = isSame || !isResponse || request?.id == id && request?.isRepeated == true
    // Before the DELETE a request that nobody could open may be what is answered; behind it nothing is asked any more.
    let isUnasked = isResponse && surroundings.ended[ike] == from.other && request.map { $0.id < id } ?? false
    facts.tell(.repeated, isUnasked ? 3 : before?.id != id || !isOfOne ? 0 : isSame ? 1 : 2)
    surroundings.exchanged[side] = (id: id, digest: digest, isRepeated: before?.id == id)

    let exchange = facts[.ikeExchange]
    if exchange == 35 { surroundings.current[index] = ike }
    surroundings.isOfEarlierIKE = surroundings.current[index].map { $0 != ike } ?? false
    if exchange == 37, !isResponse, facts[.deleteProtocol] == 1, surroundings.ended[ike] == nil { surroundings.ended[ike] = from }
    if exchange == 37 { withdraw(spis(.delete, in: bytes, dissection), of: ike, by: from) }
    guard exchange == 35 || exchange == 36, surroundings.children.count < Self.maximumConversations else { return }
    if exchange == 36, let spi = spiOfNewIKE(in: bytes, dissection) { replace(ike, spi, index, from, isResponse: isResponse) }
    for spi in spis(.proposal, in: bytes, dissection) {
      let key = Surroundings.SPI(receiver: from, spi: spi)
      surroundings.children[key] = Surroundings.Child(conversation: index, ike: ike)
      surroundings.childrenOfIKE[ike, default: []].append(key)
    }
  }

  /// The SPIs of ESP SAs in payloads of a kind; both have protocol and SPI Size in the same order, one octet apart.
  private func spis(_ kind: LayerKind, in bytes: Span<UInt8>, _ dissection: borrowing Dissection) -> [UInt32] {
    let start = kind == .delete ? 4 : 5
    var spis: [UInt32] = []
    dissection.forEachPayload(in: bytes) { place in
      guard place.kind == kind, place.length >= 12, bytes[place.offset + start] == 3, bytes[place.offset + start + 1] == 4 else { return }
      let count = kind == .delete ? (place.length - 8) / 4 : 1
      for number in 0..<count { spis.append((0..<4).reduce(0) { $0 << 8 | UInt32(bytes[place.offset + 8 + number * 4 + $1]) }) }
    }
    return spis
  }

  /// The SPI that a CREATE_CHILD_SA offers or takes for a new IKE SA (RFC 7296 3.3.1).
  private func spiOfNewIKE(in bytes: Span<UInt8>, _ dissection: borrowing Dissection) -> UInt64? {
    var spi: UInt64?
    dissection.forEachPayload(in: bytes) { place in
      guard spi == nil, place.kind == .proposal, place.length >= 16, bytes[place.offset + 5] == 1, bytes[place.offset + 6] == 8 else {
        return
      }
      spi = (0..<8).reduce(0) { $0 << 8 | UInt64(bytes[place.offset + 8 + $1]) }
    }
    return spi
  }

  /// A new IKE SA takes the place of another one, and over its ESP SAs (RFC 7296 2.8, 2.18). Who asked for it is its initiator.
  private mutating func replace(_ ike: UInt64, _ spi: UInt64, _ index: Int32, _ from: Role, isResponse: Bool) {
    guard isResponse else {
      surroundings.offered[ike] = spi
      return
    }
    guard let new = surroundings.offered.removeValue(forKey: ike), surroundings.current[index] == ike, byIKE[new] == nil,
      byIKE.count < Self.maximumConversations
    else { return }
    byIKE[new] = index
    if from == .ue { surroundings.begunByHomeAgent.insert(new) }
    let children = surroundings.childrenOfIKE.removeValue(forKey: ike) ?? []
    for child in children { surroundings.children[child]?.ike = new }
    surroundings.childrenOfIKE[new] = children
    surroundings.current[index] = new
    surroundings.isOfEarlierIKE = true
    // Of one that nobody can read, no rule may say that something did not come. The tester can read its own.
    if testerRole == nil, !surroundings.readable.contains(new) { conversations[Int(index)].shown.subtract([.liveKeys, .answer]) }
  }

  /// Of several Delete payloads the one for the IKE SA counts, which closes whatever the others name (RFC 7296 1.4.1, 3.11).
  mutating func preferDeleteOfIKE(_ bytes: Span<UInt8>, _ dissection: borrowing Dissection) {
    guard let first = facts[.deleteProtocol], first != 1 else { return }
    var found: PayloadPlace?
    dissection.forEachPayload(in: bytes) { place in
      if found == nil, place.kind == .delete, place.length >= 8, bytes[place.offset + 4] == 1 { found = place }
    }
    if let found { facts.read(found, program, bytes) }
  }

  /// Who deletes an ESP SA names what it receives by; the other half goes with it, which is sure where there is one alone.
  private mutating func withdraw(_ spis: [UInt32], of ike: UInt64, by role: Role) {
    let all = surroundings.childrenOfIKE[ike] ?? []
    let named = all.filter { $0.receiver == role && spis.contains($0.spi) }
    let others = all.filter { $0.receiver != role }
    for key in named + (named.isEmpty || others.count > 1 ? [] : others) where surroundings.children[key]?.deletedBy == nil {
      surroundings.children[key]?.deletedBy = role
    }
  }

  /// An opened IKE message moves what is known of a binding's keys.
  mutating func exchanged(_ place: Int) {
    guard !surroundings.isOfEarlierIKE else { return }
    let exchange = facts[.ikeExchange]
    conversations[place].shown.insert(.keys)
    if exchange == 35 { conversations[place].shown.subtract([.keysDeleted, .error, .answer]) }
    if exchange == 37, facts[.ikeR] == 0, facts[.deleteProtocol] == 1 {
      conversations[place].shown.insert(.keysDeleted)
      conversations[place].shown.remove(.liveKeys)
    }
    guard !conversations[place].shown.contains(.keysDeleted) else { return }
    conversations[place].shown.insert(.liveKeys)
    if exchange == 37, facts[.ikeR] == 1 { conversations[place].shown.insert(.answer) }
  }
}
