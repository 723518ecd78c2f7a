import Wire

extension Monitor {
  // MARK: Obligations

  mutating func open(
    _ sequel: Int, _ position: Int, _ index: Int32, at time: Instant, frame: Int, kind: MessageKind, _ slots: Slots,
    isFromHook: Bool = false
  ) {
    let place = Int(index)
    let lease = conversations[place].lease
    guard conversations[place].watches < maximumWatches else { return leaveUndecided(sequel, lease) }
    let length = timers.length(program.sequels[sequel].window, lifetime: conversations[place].lifetime(from: time))
    let deadline = time + length
    var obligation = Obligation(
      sequel: Int32(clamping: sequel), rule: Int32(clamping: position), conversation: index, next: conversations[place].obligations,
      isOpen: true,
      opened: time,
      deadline: deadline, frame: frame, triggerKind: kind, slots: slots, drops: drops, lease: lease,
      isFromHook: isFromHook)
    let slot: Int32
    if firstFree >= 0 {
      slot = firstFree
      firstFree = pool[Int(slot)].next
      obligation.generation = pool[Int(slot)].generation &+ 1
      pool[Int(slot)] = obligation
    } else {
      slot = Int32(clamping: pool.count)
      pool.append(obligation)
    }
    if obligation.next >= 0 { pool[Int(obligation.next)].previous = slot }
    conversations[place].obligations = slot
    conversations[place].watches += 1
    // A rule that stands aside gets what the suite's own rules let it have.
    if !program.rules[position].isAside {
      if program.sequels[sequel].takesBindingError { awaitingBindingError.add(slot, pool) }
      if program.sequels[sequel].takesICMP { awaitingICMP.add(slot, pool) }
    }
    if deadline != .distantFuture {
      order &+= 1
      deadlines.insert(
        Deadline(time: deadline, order: order, obligation: slot, generation: obligation.generation), line: program.sequels[sequel].line)
    }
  }

  private mutating func leaveUndecided(_ sequel: Int, _ lease: Int32) {
    guard program.sequels[sequel].silence >= 0 else { return }
    let assertion = program.reactions[program.sequels[sequel].silence].assertion
    tallies[assertion].inconclusive &+= 1
    if lease >= 0 { leases[Int(lease)].tallies[assertion].inconclusive &+= 1 }
  }

  /// Starts the window of an open obligation again.
  mutating func rearm(_ slot: Int32, at time: Instant) {
    let lifetime = conversations[Int(pool[Int(slot)].conversation)].lifetime(from: time)
    let sequel = Int(pool[Int(slot)].sequel)
    let length = timers.length(program.sequels[sequel].window, lifetime: lifetime)
    pool[Int(slot)].generation &+= 1
    pool[Int(slot)].deadline = time + length
    order &+= 1
    deadlines.insert(
      Deadline(time: time + length, order: order, obligation: slot, generation: pool[Int(slot)].generation),
      line: program.sequels[sequel].line)
  }

  /// Holds a message against everything that is being watched for in its conversation.
  ///
  /// - Parameter kind: the message's place among those of `Program.slot`.
  mutating func settle(
    _ index: Int32, _ kind: Int, _ observation: Observation, _ bytes: Span<UInt8>, _ dissection: inout Dissection
  ) {
    var slot = conversations[Int(index)].obligations
    while slot >= 0 {
      let next = pool[Int(slot)].next
      if program.sequels[Int(pool[Int(slot)].sequel)].listens & 1 << UInt32(kind) != 0 {
        settle(slot, index, observation, bytes, &dissection)
      }
      slot = next
    }
  }

  private mutating func settle(
    _ slot: Int32, _ index: Int32, _ observation: Observation, _ bytes: Span<UInt8>, _ dissection: inout Dissection
  ) {
    let sequel = Int(pool[Int(slot)].sequel)
    let looksBack = program.rules[Int(pool[Int(slot)].rule)].slots.count
    if looksBack > 0 { facts.recall(pool[Int(slot)].slots, looksBack) }
    for end in program.sequels[sequel].unless where matches(program.unless[end], observation) { return close(slot, index) }
    guard observation.from == program.sequels[sequel].responder else { return }
    if let grace = program.sequels[sequel].grace, observation.time < pool[Int(slot)].opened + timers.length(grace, lifetime: .zero) {
      return
    }
    for position in program.sequels[sequel].reactions where program.reactions[position].match == .message {
      guard matches(program.reactions[position].template, observation) else { continue }
      return decide(slot, index, position, observation, bytes, &dissection)
    }
    guard program.sequels[sequel].form == .reactions, Program.answers(observation.kind, pool[Int(slot)].triggerKind) else { return }
    if isOfLaterUpdate(slot, index, observation) { return leaveToLaterUpdate(slot, index, observation) }
    if let position = program.sequels[sequel].reactions.first(where: { program.reactions[$0].match == .otherwise }) {
      decide(slot, index, position, observation, bytes, &dissection)
    }
  }

  /// In a capture of others: the message answers the UE's next BU, not the one that is watched. That one, or its BA, may have been lost on
  /// either side of whoever captured.
  private func isOfLaterUpdate(_ slot: Int32, _ index: Int32, _ observation: Observation) -> Bool {
    let update = conversations[Int(index)].update
    guard testerRole == nil, observation.kind == .ba, pool[Int(slot)].triggerKind == .bu, update.isOpen,
      facts[.baSequence] == UInt128(update.sequence)
    else { return false }
    let looksBack = program.rules[Int(pool[Int(slot)].rule)].slots
    let own = looksBack.first { program.slots[$0] == Place.firstField + KnownField.buSequence.rawValue }
    let sequence = own.flatMap { pool[Int(slot)].slots.value($0 - looksBack.lowerBound) }
    return sequence.map { $0 != UInt128(update.sequence) } ?? false
  }

  private mutating func leaveToLaterUpdate(_ slot: Int32, _ index: Int32, _ observation: Observation) {
    let obligation = pool[Int(slot)]
    let sequel = program.sequels[Int(obligation.sequel)]
    close(slot, index)
    guard sequel.silence >= 0 else { return }
    record(
      .inconclusive, program.reactions[sequel.silence].assertion, Int(obligation.rule), index, role: observation.from,
      frame: observation.frame, trigger: obligation.frame, at: observation.time, label: sequel.silence, path: nil, dialect: .rfc5846,
      expected: expectation(Int(obligation.sequel)), seen: "the answer to a later Binding Update", lease: obligation.lease,
      reason: "the Binding Update or its answer may have been lost before or behind the point of capture")
  }

  private mutating func matches(_ template: CompiledTemplate, _ observation: Observation) -> Bool {
    guard template.from == nil || template.from == observation.from else { return false }
    guard template.kind == observation.kind || (template.kind == .mh && MessageKind.mobility.contains(observation.kind)) else {
      return false
    }
    return facts.hold(template.needs, of: program) && program.firstFailing(template.rest, facts) < 0
  }

  private mutating func decide(
    _ slot: Int32, _ index: Int32, _ position: Int, _ observation: Observation, _ bytes: Span<UInt8>, _ dissection: inout Dissection
  ) {
    let rule = Int(pool[Int(slot)].rule)
    let sequel = Int(pool[Int(slot)].sequel)
    let lease = pool[Int(slot)].lease
    let trigger = pool[Int(slot)].frame
    let assertion = program.reactions[position].assertion
    let verdict = program.reactions[position].verdict
    close(slot, index)
    guard conversations[Int(index)].broken & program.rules[rule].presumes == 0 else { return }
    if verdict == .pass { return pass(sequel, assertion, lease) }
    if verdict == .notApplicable { return }
    if program.rules[rule].isAside {
      return record(
        verdict, assertion, rule, index, role: observation.from, frame: observation.frame, trigger: trigger, at: observation.time,
        label: position, path: nil, dialect: .rfc5846, expected: "", seen: "", lease: lease)
    }
    // Where no reaction matched, the first test of the first one of this kind tells what is different.
    var path: FieldPath?
    var seen = Self.name(observation.kind)
    var expected = expectation(sequel)
    for candidate in program.sequels[sequel].reactions {
      let other = program.reactions[candidate]
      guard other.match == .message, other.verdict == .pass, other.template.kind == observation.kind else { continue }
      let failing = program.firstFailing(other.template.tests, facts)
      guard failing >= 0 else { continue }
      path = program.path(failing)
      expected = program.expected(failing, facts, dissection.messageDialect)
      seen = program.seen(failing, bytes, facts, &dissection)
      break
    }
    if path == nil { seen += Self.detail(observation.kind, bytes, &dissection) }
    record(
      verdict, assertion, rule, index, role: observation.from, frame: observation.frame,
      trigger: trigger, at: observation.time, label: position, path: path, dialect: dissection.messageDialect, expected: expected,
      seen: seen, lease: lease)
  }

  private static func name(_ kind: MessageKind) -> String {
    switch kind {
    case .bu: "a Binding Update"
    case .ba: "a Binding Acknowledgement"
    case .be: "a Binding Error"
    case .bri: "a Binding Revocation Indication"
    case .bra: "a Binding Revocation Acknowledgement"
    case .mh: "a Mobility Header message"
    case .icmpv6: "an ICMPv6 error"
    case .tunnelled: "a tunnelled packet"
    case .ike: "an IKE message"
    }
  }

  private static func detail(_ kind: MessageKind, _ bytes: Span<UInt8>, _ dissection: inout Dissection) -> String {
    let dialect = dissection.messageDialect
    func part(_ name: String, _ path: FieldPath) -> String? {
      dissection.value(path, in: bytes).map { "\(name) \(path.field(in: dialect)?.text($0) ?? "\($0)")" }
    }
    let parts: [String?]
    switch kind {
    case .ba: parts = [part("status", .baStatus), part("sequence", .baSequence), part("lifetime", .baLifetime)]
    case .bra: parts = [part("status", .braStatus), part("sequence", .braSequence)]
    case .be: parts = [part("status", .beStatus)]
    case .icmpv6: parts = [part("type", .icmpType), part("code", .icmpCode), part("pointer", .icmpPointer)]
    case .bri: parts = [part("sequence", .briSequence)]
    case .bu: parts = [part("sequence", .buSequence), part("lifetime", .buLifetime)]
    default: parts = []
    }
    let text = parts.compactMap(\.self).joined(separator: ", ")
    return text.isEmpty ? "" : " with \(text)"
  }

  private func expectation(_ sequel: Int) -> String {
    let names = program.sequels[sequel].reactions.filter { program.reactions[$0].verdict == .pass }.map { position in
      let right = program.reactions[position]
      let label = program.labels[position]
      return right.match == .silence ? "nothing" : label.isEmpty ? Self.name(right.template.kind) : label
    }
    var unique: [String] = []
    for name in names where !unique.contains(name) { unique.append(name) }
    return unique.isEmpty ? "another reaction" : unique.joined(separator: " or ")
  }

  /// Takes an obligation out of its conversation's chain.
  mutating func close(_ slot: Int32, _ index: Int32) {
    let place = Int(index)
    conversations[place].watches -= 1
    let (before, after) = (pool[Int(slot)].previous, pool[Int(slot)].next)
    if before >= 0 { pool[Int(before)].next = after } else { conversations[place].obligations = after }
    if after >= 0 { pool[Int(after)].previous = before }
    pool[Int(slot)].isOpen = false
    pool[Int(slot)].next = firstFree
    firstFree = slot
  }

  /// Silence to the end of a window decides.
  mutating func expire(before time: Instant) {
    while let first = deadlines.pop(before: time) {
      guard pool[Int(first.obligation)].isOpen, pool[Int(first.obligation)].generation == first.generation else { continue }
      let obligation = pool[Int(first.obligation)]
      let sequel = program.sequels[Int(obligation.sequel)]
      let index = obligation.conversation
      close(first.obligation, index)
      guard sequel.silence >= 0, conversations[Int(index)].broken & program.rules[Int(obligation.rule)].presumes == 0 else { continue }
      let reaction = program.reactions[sequel.silence]
      if reaction.verdict == .notApplicable { continue }
      let rule = Int(obligation.rule)
      if obligation.drops != drops || dropsAnywhere > 0 {
        record(
          .inconclusive, reaction.assertion, rule, index, role: sequel.responder, frame: 0, trigger: obligation.frame,
          at: obligation.deadline,
          label: sequel.silence, path: nil, dialect: .rfc5846, expected: expectation(Int(obligation.sequel)), seen: "nothing",
          lease: obligation.lease,
          reason: dropsAnywhere > 0
            ? "the capture lost \(dropsAnywhere) frames, nobody knows when"
            : "the capture lost \(drops &- obligation.drops) frames while this was watched")
      } else if reaction.verdict == .pass {
        pass(Int(obligation.sequel), reaction.assertion, obligation.lease)
      } else {
        record(
          reaction.verdict, reaction.assertion, rule, index, role: sequel.responder, frame: 0, trigger: obligation.frame,
          at: obligation.deadline,
          label: sequel.silence, path: nil, dialect: .rfc5846, expected: expectation(Int(obligation.sequel)),
          seen: "nothing within \(obligation.deadline - obligation.opened)", lease: obligation.lease)
      }
    }
  }

  /// Gives up everything that is watched for in a conversation; with a reason, as inconclusive. For a case its tally says enough.
  mutating func abandon(_ index: Int32, _ reason: String?, at time: Instant) {
    while conversations[Int(index)].obligations >= 0 {
      let slot = conversations[Int(index)].obligations
      let obligation = pool[Int(slot)]
      let sequel = program.sequels[Int(obligation.sequel)]
      close(slot, index)
      guard let reason, sequel.silence >= 0 else { continue }
      let reaction = program.reactions[sequel.silence]
      if reaction.verdict == .notApplicable { continue }
      if obligation.lease >= 0 {
        leaveUndecided(Int(obligation.sequel), obligation.lease)
        continue
      }
      record(
        .inconclusive, reaction.assertion, Int(obligation.rule), index, role: sequel.responder, frame: 0,
        trigger: obligation.frame, at: time, label: sequel.silence, path: nil, dialect: .rfc5846,
        expected: expectation(Int(obligation.sequel)),
        seen: "nothing yet", lease: obligation.lease, reason: reason)
    }
  }

  // MARK: Outcomes

  /// A reaction that is right keeps every sentence that the list decides: none of them was broken by it.
  private mutating func pass(_ sequel: Int, _ assertion: Int, _ lease: Int32) {
    pass(assertion, lease)
    var last = assertion
    for position in program.sequels[sequel].reactions where program.reactions[position].assertion != assertion {
      let other = program.reactions[position].assertion
      if other != last { pass(other, lease) }
      last = other
    }
  }

  mutating func pass(_ assertion: Int, _ lease: Int32) {
    outcomes &+= 1
    tallies[assertion].passed &+= 1
    if lease >= 0 { leases[Int(lease)].tallies[assertion].passed &+= 1 }
  }

  /// - Parameter rule: its place among the program's.
  mutating func record(
    _ verdict: Verdict, _ assertion: Int, _ rule: Int, _ index: Int32, role: Role, frame: Int, trigger: Int, at time: Instant, label: Int?,
    path: FieldPath?, dialect: Dialect, expected: String, seen: String, lease: Int32? = nil, reason: String? = nil
  ) {
    outcomes &+= 1
    let place = Int(index)
    let lease = lease ?? conversations[place].lease
    func count(_ tally: inout Tally) {
      switch verdict {
      case .fail, .warning, .error: tally.broken &+= 1
      case .inconclusive: tally.inconclusive &+= 1
      case .note, .pass, .notApplicable: tally.passed &+= 1
      }
    }
    count(&tallies[assertion])
    if lease >= 0 { count(&leases[Int(lease)].tallies[assertion]) }
    if verdict == .fail || verdict == .warning { conversations[place].broken |= program.rules[rule].bit }
    if keepsDecisions, verdict == .fail || verdict == .warning || (verdict == .inconclusive && reason == nil) {
      decisions.append(
        Decision(
          assertion: program.assertions[assertion], verdict: verdict, home: conversations[place].home, trigger: trigger, frame: frame,
          label: label.map { program.labels[$0] }, field: path))
    }
    if program.rules[rule].isAside {
      if verdict == .fail || verdict == .warning { noteAside(Breach(assertion: assertion, conversation: index, lease: lease)) }
      return
    }
    let key = FindingKey(assertion: assertion, conversation: index, lease: lease, label: label ?? -1, verdict: verdict)
    if let known = findingIndex[key] {
      findings[known].count &+= 1
      return
    }
    guard findings.count < Self.maximumFindings else {
      suppressed &+= 1
      return
    }
    findingIndex[key] = findings.count
    let field = path?.field(in: dialect)
    let requirement = requirements[program.assertions[assertion].requirement]
    findings.append(
      Finding(
        requirement: program.assertions[assertion].requirement, clause: requirement?.clause ?? "", document: requirement?.document ?? "",
        level: program.levels[assertion], rule: program.assertions[assertion].rule, verdict: verdict, role: role,
        testCase: lease >= 0 ? leases[Int(lease)].testCase : nil, homeAgent: conversations[place].homeAgent.description,
        homeAddress: conversations[place].home.description,
        label: label.map { program.labels[$0] }.flatMap { $0.isEmpty ? nil : $0 },
        field: path?.description, wireshark: field.flatMap { $0.wireshark.isEmpty ? nil : $0.wireshark }, expected: expected, seen: seen,
        frame: frame,
        trigger: trigger, time: time.nanoseconds, count: 1, reason: reason))
  }
}
