import Wire

/// Which conversation a frame belongs to (design: a conversation is a binding).
extension Monitor {
  static func sequenceKey(_ kind: MessageKind, _ sequence: UInt16) -> UInt32 {
    // A BRA answers a BRI and a BA a BU: both of a pair share a key.
    UInt32(kind == .bri || kind == .bra ? 0 : 1) << 16 | UInt32(sequence)
  }

  private static func sequenceField(_ kind: MessageKind) -> KnownField? {
    switch kind {
    case .bri: .briSequence
    case .bra: .braSequence
    case .bu: .buSequence
    case .ba: .baSequence
    default: nil
    }
  }

  /// The sequence number of the message in hand.
  func sequence(_ kind: MessageKind) -> UInt16? {
    Self.sequenceField(kind).flatMap { facts[$0] }.map { UInt16(truncatingIfNeeded: $0) }
  }

  @inline(__always) mutating func isHomeAgent(_ address: IPv6Address) -> Bool {
    if address.value == lastHomeAgent.value { return true }
    guard homeAgents.contains(address) else { return false }
    lastHomeAgent = address
    return true
  }

  /// What a template would call the frame, and who sent it; nil for what no rule can care about.
  ///
  /// Addresses tell the role; where a stimulus has a wrong one, who sent it does.
  mutating func classify(_ bytes: Span<UInt8>, _ dissection: inout Dissection, isOutgoing: Bool) -> (MessageKind, Role)? {
    guard dissection.inner >= 0 else { return nil }
    if dissection.mobility >= 0 {
      switch dissection.messageKind {
      case .bu: return (.bu, .ue)
      case .ba: return (.ba, .ha)
      case .bri: return (.bri, .ha)
      case .bra: return (.bra, .ue)
      default: break
      }
    } else if dissection.network == dissection.inner, !dissection.isICMPError {
      return nil
    }
    guard let source = dissection.value(.ipv6Source, in: bytes).map(IPv6Address.init),
      let destination = dissection.value(.ipv6Destination, in: bytes).map(IPv6Address.init)
    else { return nil }
    if dissection.mobility >= 0 {
      switch dissection.messageKind {
      case .be: return (.be, isHomeAgent(source) ? .ha : .ue)
      case .revocation:
        // Draft-01 with one type number: the sender's role tells a BRI from a BRA.
        if isHomeAgent(source) {
          if dissection.messageDialect == .draft01 { dissection.nameMessage(.bri) }
          return (dissection.messageDialect == .draft01 ? .bri : .mh, .ha)
        }
        if isHomeAgent(destination) {
          if dissection.messageDialect == .draft01 { dissection.nameMessage(.bra) }
          return (dissection.messageDialect == .draft01 ? .bra : .mh, .ue)
        }
        guard let testerRole, dissection.messageDialect == .draft01 else { return nil }
        let sender = isOutgoing ? testerRole : testerRole.other
        dissection.nameMessage(sender == .ha ? .bri : .bra)
        return (sender == .ha ? .bri : .bra, sender)
      default: return (.mh, isHomeAgent(source) ? .ha : isHomeAgent(destination) ? .ue : isOutgoing && testerRole == .ha ? .ha : .ue)
      }
    }
    // A tunnel is looked at before what it carries (RFC 2473).
    if dissection.network != dissection.inner {
      let outer = dissection.value(.ipv6Source, ofLayer: dissection.network, in: bytes).map(IPv6Address.init)
      guard dissection.layers[dissection.network].kind == .ipv6, let outer else { return nil }
      return (.tunnelled, isHomeAgent(outer) ? .ha : .ue)
    }
    return (.icmpv6, isHomeAgent(source) ? .ha : .ue)
  }

  /// The conversation that a frame names itself; -1: none.
  mutating func find(
    _ kind: MessageKind, _ from: Role, _ bytes: Span<UInt8>, _ dissection: inout Dissection, at time: Instant
  ) -> Int32 {
    let source = IPv6Address(facts[.source] ?? 0)
    let destination = IPv6Address(facts[.destination] ?? 0)
    let option = facts[.homeAddressOption].map(IPv6Address.init)
    let routing = facts[.routingHomeAddress].map(IPv6Address.init)
    switch kind {
    case .bu:
      learn(destination, isSound: dissection.isSound)
      // One without a Home Address option from a care-of address is about the binding that a BU is awaited of, else about nobody knows which.
      if option == nil, byCareOf[AddressKey(source)] != nil {
        if let awaited = awaiting() { return awaited }
        if byKey[ConversationKey(homeAgent: destination, home: source)] == nil { return -1 }
      }
      return conversation(destination, option ?? source)
    case .ba:
      learn(source, isSound: dissection.isSound)
      return known(source, routing ?? destination, .ba, careOf: destination)
    case .bri:
      return known(source, routing ?? option ?? destination, .bri, careOf: destination)
    case .bra:
      return known(destination, option ?? source, .bra, careOf: source)
    case .be:
      let home = IPv6Address(facts[.beHomeAddress] ?? 0)
      let agent = from == .ha ? source : destination
      if home != .unspecified, let index = lookup(agent, home) { return index }
      // UEs have a care-of address each where the tester plays them, and one for all their home addresses where the device is one.
      if from == .ha, let index = byCareOf[AddressKey(destination)] { return index }
      if home != .unspecified, let index = byNamed[home] { return index }
      if let index = waiting(for: .be, from) { return index }
      if dissection.value(.beStatus, in: bytes) == 2, let index = earnedByStrange(source, at: time) { return index }
      return byCareOf[AddressKey(source)] ?? -1
    case .icmpv6: return embedded(bytes, &dissection, from)
    case .tunnelled:
      let home = from == .ha ? destination : source
      return byHome[AddressKey(home)] ?? -1
    // Found by its SPIs.
    case .ike: return -1
    case .mh:
      let agent = from == .ha ? source : destination
      return lookup(agent, (from == .ha ? routing ?? option : option) ?? (from == .ha ? destination : source)) ?? -1
    }
  }

  /// By home address; else by what waits for that sequence number; else by care-of address; else a new one, once a Home Agent is known.
  private mutating func known(
    _ agent: IPv6Address, _ home: IPv6Address, _ kind: MessageKind, careOf: IPv6Address
  ) -> Int32 {
    if let index = lookup(agent, home) { return index }
    if let sequence = sequence(kind), let index = bySequence[Self.sequenceKey(kind, sequence)] { return index }
    if home == careOf, let index = byCareOf[AddressKey(careOf)] { return index }
    return isHomeAgent(agent) || homeAgents.isEmpty ? conversation(agent, home) : -1
  }

  private mutating func lookup(_ agent: IPv6Address, _ home: IPv6Address) -> Int32? {
    if let index = byKey[ConversationKey(homeAgent: agent, home: home)] { return index }
    // Somebody who is not its Home Agent speaks of a home address that is known.
    return isHomeAgent(agent) ? nil : byHome[AddressKey(home)]
  }

  /// The conversation of a binding, made when it is new; -1 when there are too many.
  mutating func conversation(_ agent: IPv6Address, _ home: IPv6Address) -> Int32 {
    let key = ConversationKey(homeAgent: agent, home: home)
    if let index = byKey[key] { return index }
    guard conversations.count < Self.maximumConversations else { return -1 }
    let index = Int32(clamping: conversations.count)
    conversations.append(Conversation(homeAgent: agent, home: home))
    byKey[key] = index
    byHome[AddressKey(home)] = index
    return index
  }

  /// By the packet that an ICMPv6 error carries (RFC 4443 3); one that carries none goes to whoever waits for an error.
  private mutating func embedded(_ bytes: Span<UInt8>, _ dissection: inout Dissection, _ from: Role) -> Int32 {
    let start = dissection.layers[dissection.icmp].end
    guard start < bytes.count else { return waiting(for: .icmpv6, from) ?? -1 }
    let inside = bytes.extracting(start..<bytes.count)
    if !byPacket.isEmpty, let index = byPacket[Self.digest(inside, from: 0)] { return index }
    decoder.decode(inside, .ip, into: &embedded)
    var inner = embedded
    guard inner.inner >= 0 else { return waiting(for: .icmpv6, from) ?? -1 }
    if inner.messageKind == .revocation { inner.nameMessage(from == .ha ? .bra : .bri) }
    let kind: MessageKind
    switch inner.messageKind {
    case .bu: kind = .bu
    case .ba: kind = .ba
    case .bri: kind = .bri
    case .bra: kind = .bra
    default: kind = .mh
    }
    let source = IPv6Address(inner.value(.ipv6Source, in: inside) ?? 0)
    let destination = IPv6Address(inner.value(.ipv6Destination, in: inside) ?? 0)
    let option = inner.value(.homeAddressOption, in: inside).map(IPv6Address.init)
    let routing = inner.value(.routingHomeAddress, in: inside).map(IPv6Address.init)
    // The one who reports is the one who received.
    if let index = from == .ha ? lookup(destination, option ?? source) : lookup(source, routing ?? option ?? destination) { return index }
    if let index = (routing ?? option).flatMap({ byNamed[$0] }) { return index }
    if from == .ha, let index = byCareOf[AddressKey(source)] { return index }
    let sequence = Self.sequenceField(kind).flatMap { inner.value($0.path, in: inside) }
    return sequence.flatMap { bySequence[Self.sequenceKey(kind, UInt16(truncatingIfNeeded: $0))] } ?? -1
  }

  /// Remembers what else tells whom a stimulus was sent for: its octets, as an error would carry them, and another home address in it.
  mutating func name(_ index: Int32, _ bytes: Span<UInt8>, _ dissection: inout Dissection) {
    if byPacket.count >= 65_536 { byPacket.removeAll(keepingCapacity: true) }
    if dissection.network >= 0 { byPacket[Self.digest(bytes, from: Int(dissection.layers[dissection.network].offset))] = index }
    let named = facts[.routingHomeAddress] ?? facts[.homeAddressOption]
    guard let named, named != conversations[Int(index)].home.value, byNamed.count < 65_536 else { return }
    byNamed[IPv6Address(named)] = index
  }

  /// FNV-1a of a packet but for its Hop Limit, which routers change.
  private static func digest(_ bytes: Span<UInt8>, from start: Int) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    var offset = start
    while offset < bytes.count {
      if offset != start &+ 7 { hash = (hash ^ UInt64(bytes[offset])) &* 0x0000_0100_0000_01b3 }
      offset &+= 1
    }
    return hash
  }

  /// A Home Agent by what is sent to it or by it. Where the tester takes part they are given, and a stimulus may name anything.
  private mutating func learn(_ agent: IPv6Address, isSound: Bool) {
    if testerRole == nil, isSound, agent.value != lastHomeAgent.value, homeAgents.count < 65_536 { homeAgents.insert(agent) }
  }

  /// The conversation of which such a BU is awaited. This is looked for only where a BU names no home address.
  private mutating func awaiting() -> Int32? {
    for obligation in pool where obligation.isOpen && program.sequels[Int(obligation.sequel)].form == .then {
      guard program.rules[Int(obligation.rule)].bit != 0 else { continue }
      for position in program.sequels[Int(obligation.sequel)].reactions {
        let reaction = program.reactions[position]
        if reaction.match == .message, reaction.template.kind == .bu, meets(reaction.template, obligation) {
          return obligation.conversation
        }
      }
    }
    return nil
  }

  mutating func noteStrange(_ index: Int32, to receiver: IPv6Address, isEarning: Bool, at time: Instant) {
    if strange.count >= 256 { strange.removeFirst() }
    strange.append(Strange(receiver: receiver, conversation: index, time: time, isEarning: isEarning))
  }

  /// The conversation of the message of an unknown type that somebody who sends Binding Error 2 answers: the oldest that earns one, else the
  /// latest.
  private mutating func earnedByStrange(_ receiver: IPv6Address, at time: Instant) -> Int32? {
    strange.removeAll { $0.time + timers.guardTime < time }
    let candidates = strange.filter { $0.receiver.value == receiver.value }
    // Who answers what earns nothing does so at once.
    return (candidates.first(where: \.isEarning) ?? candidates.last)?.conversation
  }

  /// Whether the message in hand is what the template of an obligation asks for.
  private mutating func meets(_ template: CompiledTemplate, _ obligation: Obligation) -> Bool {
    facts.take(conversations[Int(obligation.conversation)])
    facts.recall(obligation.slots, program.rules[Int(obligation.rule)].slots.count)
    return facts.hold(template.needs, of: program) && program.firstFailing(template.rest, facts) < 0
  }

  /// The conversation whose oldest open obligation is met by such a message: errors that name no home address go there.
  private mutating func waiting(for kind: MessageKind, _ from: Role) -> Int32? {
    let isError = kind == .be
    if isError { awaitingBindingError.drop(pool) } else { awaitingICMP.drop(pool) }
    let line = isError ? awaitingBindingError : awaitingICMP
    var index = line.head
    while index < line.entries.count {
      let entry = line.entries[index]
      let obligation = pool[Int(entry.slot)]
      index += 1
      guard obligation.isOpen, obligation.generation == entry.generation else { continue }
      let sequel = program.sequels[Int(obligation.sequel)]
      guard sequel.responder == from else { continue }
      for position in sequel.reactions where program.reactions[position].verdict == .pass && program.reactions[position].match == .message {
        let template = program.reactions[position].template
        if template.kind == kind, meets(template, obligation) { return obligation.conversation }
      }
    }
    return nil
  }
}

/// Obligations in the order in which they were opened; closed ones are passed over.
struct WaitingLine: Sendable {
  private(set) var entries: [(slot: Int32, generation: UInt32)] = []
  private(set) var head = 0

  mutating func add(_ slot: Int32, _ pool: ContiguousArray<Obligation>) {
    drop(pool)
    entries.append((slot, pool[Int(slot)].generation))
  }

  /// Forgets the closed ones at the front.
  mutating func drop(_ pool: ContiguousArray<Obligation>) {
    while head < entries.count,
      !pool[Int(entries[head].slot)].isOpen || pool[Int(entries[head].slot)].generation != entries[head].generation
    {
      head += 1
    }
    guard head > 1_024, head * 2 > entries.count else { return }
    entries.removeFirst(head)
    head = 0
  }
}
