package import Wire

/// What a frame is about, and the rules that look at it.
extension Monitor {
  /// Judges a frame. Deadlines that lie before it expire first.
  ///
  /// - Parameters:
  ///   - sealed: the frame as it was, where what was sealed in it has been opened.
  ///   - spi: that of the ESP header that was opened.
  ///   - sequence: its sequence number.
  ///   - way: the tunnel that it came through.
  ///   - number: the frame's number in the evidence, from 1; findings name it.
  ///   - isOutgoing: the tester sent it.
  ///   - expires: frames older than this one have all been seen; false for a frame that is judged when it is sent.
  package mutating func frame(
    _ bytes: Span<UInt8>, _ dissection: inout Dissection, of sealed: Span<UInt8>? = nil, under spi: UInt32? = nil,
    numbered sequence: UInt32? = nil, through way: Way? = nil,
    at time: Instant, number: Int, isOutgoing: Bool = false, expires: Bool = true
  ) {
    if expires { expire(before: time) }
    last = nil
    if dissection.ike >= 0, dissection.layers[dissection.ike].protection.isOpened {
      if let sealed { return keyExchange(bytes, &dissection, of: sealed, at: time, number: number, isOutgoing: isOutgoing) }
      return keyExchange(bytes, &dissection, of: bytes, at: time, number: number, isOutgoing: isOutgoing)
    }
    var hint: Int32 = -1
    if isOutgoing { if let sealed { hint = self.hint(for: sealed) } else { hint = self.hint(for: bytes) } }
    let isOther = dissection.mobility < 0 && !dissection.isICMPError && (dissection.inner < 0 || dissection.inner == dissection.network)
    guard !isOther || hint >= 0 else { return }
    if dissection.mobility >= 0, dissection.network != dissection.inner, hint < 0 {
      mobilityHeaders += 1
      tunnelledHeaders += 1
      return
    }
    let own = hint >= 0 ? testerRole.map { (MessageKind.mh, $0) } : nil
    guard var (kind, from) = classify(bytes, &dissection, isOutgoing: isOutgoing) ?? own else { return }
    // A stimulus that a wrong octet makes the other side's message, or none at all, is still the tester's.
    if isOutgoing, let testerRole, from != testerRole || isOther { (kind, from) = (.mh, testerRole) }
    if dissection.mobility >= 0 { mobilityHeaders += 1 }
    facts.read(kind, program, bytes, &dissection)
    let observation = Observation(kind: kind, from: from, time: time, frame: number)
    // Whatever home address a stimulus names, it is about the one that it was sent for, and makes no conversation of its own.
    let index = hint >= 0 ? hint : associated(kind, from, spi) ?? find(kind, from, bytes, &dissection, at: time)
    guard index >= 0 else { return }
    // What comes under a security association that was deleted is no better than what came under none.
    if dissection.mobility >= 0, conversations[Int(index)].shown.contains(.keysDeleted) { facts.spoil() }
    if dissection.mobility >= 0, way != nil || !surroundings.children.isEmpty {
      weigh(index, observation, under: spi, sequence, way, dissection)
    }
    if hint >= 0, let number = self.sequence(kind) { bySequence[Self.sequenceKey(kind, number)] = hint }
    if hint >= 0 { name(hint, bytes, &dissection) }
    observe(index, observation, bytes, &dissection, isOutgoing: isOutgoing)
    // Only the last message of a conversation waits for its error.
    if !strange.isEmpty { strange.removeAll { $0.conversation == index } }
    if dissection.messageKind == .mh, let destination = facts[.destination] {
      // Nothing is earned by who cannot be answered (RFC 6275 9.3.3).
      let source = IPv6Address(facts[.source] ?? 0)
      let isEarning = facts.mayBeTaken && source != .unspecified && !source.isMulticast
      noteStrange(index, to: IPv6Address(destination), isEarning: isEarning, at: time)
    }
    // A BRI for one home address at the care-of address of another is judged in both.
    if kind == .bri, hint < 0, let destination = facts[.destination],
      let other = byCareOf[AddressKey(IPv6Address(destination))], other != index, conversations[Int(index)].careOf.value != destination
    {
      facts.tell(.protection, Standing.unknown.rawValue)
      observe(other, observation, bytes, &dissection, isOutgoing: isOutgoing)
    }
  }

  /// An opened message of IKE. Of a binding's IKE SA the UE is the original initiator, and the side of the selectors that it offers in
  /// IKE_AUTH is the home address (RFC 4877 4.3).
  private mutating func keyExchange(
    _ bytes: Span<UInt8>, _ dissection: inout Dissection, of sealed: Span<UInt8>, at time: Instant, number: Int, isOutgoing: Bool
  ) {
    guard let initiator = dissection.value(.ikeInitiatorSPI, in: bytes) else { return }
    let spi = UInt64(truncatingIfNeeded: initiator)
    let isInitiator = dissection.value(.ikeI, in: bytes) == 1
    let from: Role = isInitiator != surroundings.begunByHomeAgent.contains(spi) ? .ue : .ha
    if byIKE[spi] == nil, dissection.value(.ikeExchangeType, in: bytes) == 35, byIKE.count < Self.maximumConversations,
      dissection.value(.selector6Protocol, in: bytes) == 135, let first = dissection.value(.selector6Start, in: bytes),
      first == dissection.value(.selector6End, in: bytes),
      // Over IPv4 nobody says which Home Agent it is, and it is the only one or unknown.
      let agent = dissection.value(from == .ue ? .ipv6Destination : .ipv6Source, in: bytes).map(IPv6Address.init)
        ?? (homeAgents.count == 1 ? homeAgents.first : nil)
    {
      let index = conversation(agent, IPv6Address(first))
      if index >= 0 { byIKE[spi] = index }
    }
    guard let index = byIKE[spi] else { return }
    facts.read(.ike, program, bytes, &dissection)
    preferDeleteOfIKE(bytes, dissection)
    weighKeyExchange(index, spi, from, bytes, of: sealed, dissection)
    let observation = Observation(kind: .ike, from: from, time: time, frame: number)
    observe(index, observation, bytes, &dissection, isOutgoing: isOutgoing)
  }

  /// The IKE SA with this SPI of its initiator is a binding's, which its messages do not say.
  package mutating func associate(_ spi: UInt64, home: IPv6Address, homeAgent: IPv6Address) {
    let index = conversation(homeAgent, home)
    if index >= 0, byIKE.count < Self.maximumConversations { byIKE[spi] = index }
  }

  private mutating func observe(
    _ index: Int32, _ observation: Observation, _ bytes: Span<UInt8>, _ dissection: inout Dissection, isOutgoing: Bool
  ) {
    let place = Int(index)
    if last == nil { last = Seen(kind: observation.kind, from: observation.from, home: conversations[place].home, time: observation.time) }
    conversations[place].advance(to: observation.time, tolerance: timers.tolerance)
    facts.take(conversations[place])
    let slot = Program.slot(observation.kind, observation.from)
    if conversations[place].obligations >= 0 { settle(index, slot, observation, bytes, &dissection) }
    let known = conversations[place].known
    var gate = program.ofMessage[slot].lowerBound
    while gate < program.ofMessage[slot].upperBound {
      if program.gates[gate].isOpen(known, broken: conversations[place].broken), facts.hold(program.gates[gate].needs, of: program) {
        apply(program.gates[gate].rule, index, observation, bytes, &dissection)
      }
      gate &+= 1
    }
    if isOutgoing {
      if !conversations[place].isAltered { holdTester(index, slot, known, observation, bytes, &dissection) }
      conversations[place].isAltered = false
    }
    if facts.isSound || observation.kind == .bri {
      transition(place, observation, &dissection)
    } else if observation.kind == .bu, observation.from == .ue {
      attempted(place)
    }
  }

  // MARK: Rules

  private mutating func apply(
    _ position: Int, _ index: Int32, _ observation: Observation, _ bytes: Span<UInt8>, _ dissection: inout Dissection
  ) {
    guard program.firstFailing(program.rules[position].template.rest, facts) < 0 else { return }
    let place = Int(index)
    let looksBack = program.rules[position].slots
    if !looksBack.isEmpty { facts.recall(looksBack, of: program) }
    var must = program.rules[position].musts.lowerBound
    while must < program.rules[position].musts.upperBound {
      let assertion = program.musts[must].assertion
      let failing = program.firstFailing(program.musts[must].tests, facts)
      if failing < 0 {
        pass(assertion, conversations[place].lease)
      } else {
        let dialect = dissection.messageDialect
        record(
          program.severities[assertion], assertion, position, index, role: observation.from, frame: observation.frame,
          trigger: observation.frame,
          at: observation.time, label: nil, path: program.path(failing), dialect: dialect,
          expected: program.expected(failing, facts, dialect), seen: program.seen(failing, bytes, facts, &dissection))
      }
      must &+= 1
    }
    var sequel = program.rules[position].sequels.lowerBound
    while sequel < program.rules[position].sequels.upperBound {
      open(
        sequel, position, index, at: observation.time, frame: observation.frame, kind: observation.kind,
        looksBack.isEmpty ? Slots() : facts.slots(looksBack.count))
      sequel &+= 1
    }
  }

  /// Breaches of the tester's own party in a message that no step made wrong are errors of the tester.
  private mutating func holdTester(
    _ index: Int32, _ slot: Int, _ known: UInt64, _ observation: Observation, _ bytes: Span<UInt8>, _ dissection: inout Dissection
  ) {
    guard let testerProgram, observation.from == testerRole else { return }
    for gate in testerProgram.gates[testerProgram.ofMessage[slot]] where !testerProgram.rules[gate.rule].isAside {
      let rule = testerProgram.rules[gate.rule]
      guard gate.isOpen(known, broken: conversations[Int(index)].broken),
        testerProgram.firstFailing(rule.template.tests, facts) < 0
      else { continue }
      facts.recall(rule.slots, of: testerProgram)
      for must in rule.musts {
        let failing = testerProgram.firstFailing(testerProgram.musts[must].tests, facts)
        let assertion = testerProgram.musts[must].assertion
        guard failing >= 0, testerProgram.severities[assertion] == .fail, testerErrors.count < Self.maximumTesterErrors else { continue }
        testerErrors.append(
          "frame \(observation.frame): the tester itself broke \(testerProgram.assertions[assertion].requirement): expected "
            + "\(testerProgram.expected(failing, facts, dissection.messageDialect)), sent "
            + testerProgram.seen(failing, bytes, facts, &dissection))
      }
    }
  }
}

extension Dissection {
  /// The dialect of the message, for printing its fields.
  var messageDialect: Dialect { message >= 0 ? layers[message].dialect : .rfc5846 }
}
