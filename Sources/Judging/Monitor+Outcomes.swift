internal import HeapModule
import Wire

extension Monitor {
  // MARK: Obligations

  mutating func open(
    _ sequel: Int, _ position: Int, _ index: Int32, at time: Instant, frame: Int, kind: MessageKind, _ slots: Slots,
    isFromHook: Bool = false
  ) {
    let place = Int(index)
    let conversation = conversations[place]
    guard conversation.watches < Self.maximumWatches else { return leaveUndecided(sequel, conversation.lease) }
    let length = timers.length(program.sequels[sequel].window, lifetime: conversation.lifetime(from: time))
    let deadline = time + length
    var obligation = Obligation(
      sequel: Int32(clamping: sequel), rule: Int32(clamping: position), conversation: index, next: conversation.obligations, isOpen: true,
      opened: time,
      deadline: deadline, frame: frame, triggerKind: kind, slots: slots, drops: drops, lease: conversation.lease,
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
    conversations[place].obligations = slot
    conversations[place].watches += 1
    if program.sequels[sequel].takesBindingError { awaitingBindingError.add(slot, pool) }
    if program.sequels[sequel].takesICMP { awaitingICMP.add(slot, pool) }
    if deadline != .distantFuture {
      order &+= 1
      deadlines.insert(Deadline(time: deadline, order: order, obligation: slot, generation: obligation.generation))
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
    let length = timers.length(program.sequels[Int(pool[Int(slot)].sequel)].window, lifetime: lifetime)
    pool[Int(slot)].generation &+= 1
    pool[Int(slot)].deadline = time + length
    order &+= 1
    deadlines.insert(Deadline(time: time + length, order: order, obligation: slot, generation: pool[Int(slot)].generation))
  }

  /// Holds a message against everything that is being watched for in its conversation.
  mutating func settle(_ index: Int32, _ observation: Observation, _ bytes: Span<UInt8>, _ dissection: Dissection) {
    var slot = conversations[Int(index)].obligations
    while slot >= 0 {
      let next = pool[Int(slot)].next
      settle(slot, index, observation, bytes, dissection)
      slot = next
    }
  }

  private mutating func settle(
    _ slot: Int32, _ index: Int32, _ observation: Observation, _ bytes: Span<UInt8>, _ dissection: Dissection
  ) {
    let obligation = pool[Int(slot)]
    let sequel = program.sequels[Int(obligation.sequel)]
    let conversation = conversations[Int(index)]
    for end in sequel.unless where matches(program.unless[end], observation, bytes, dissection, obligation.slots, conversation) {
      return close(slot, index)
    }
    guard observation.from == sequel.responder else { return }
    if let grace = sequel.grace, observation.time < obligation.opened + timers.length(grace, lifetime: .zero) { return }
    for position in sequel.reactions where program.reactions[position].match == .message {
      guard matches(program.reactions[position].template, observation, bytes, dissection, obligation.slots, conversation) else { continue }
      return decide(slot, index, position, observation, bytes, dissection)
    }
    guard sequel.form == .reactions, Self.answers(observation.kind, obligation.triggerKind) else { return }
    if let position = sequel.reactions.first(where: { program.reactions[$0].match == .otherwise }) {
      decide(slot, index, position, observation, bytes, dissection)
    }
  }

  /// A message that can be the answer to the triggering one.
  private static func answers(_ kind: MessageKind, _ trigger: MessageKind) -> Bool {
    switch kind {
    case .be, .icmpv6: true
    case .bra: trigger == .bri || trigger == .mh
    case .ba: trigger == .bu || trigger == .mh
    default: false
    }
  }

  private func matches(
    _ template: CompiledTemplate, _ observation: Observation, _ bytes: Span<UInt8>, _ dissection: Dissection, _ slots: Slots,
    _ conversation: Conversation
  ) -> Bool {
    guard template.from == nil || template.from == observation.from else { return false }
    guard template.kind == observation.kind || (template.kind == .mh && dissection.mobility >= 0) else { return false }
    return program.firstFailing(template.tests, bytes, dissection, slots, conversation) < 0
  }

  private mutating func decide(
    _ slot: Int32, _ index: Int32, _ position: Int, _ observation: Observation, _ bytes: Span<UInt8>, _ dissection: Dissection
  ) {
    let obligation = pool[Int(slot)]
    let reaction = program.reactions[position]
    let rule = Int(obligation.rule)
    close(slot, index)
    guard conversations[Int(index)].broken & program.rules[rule].presumes == 0 else { return }
    if reaction.verdict == .pass { return pass(Int(obligation.sequel), reaction.assertion, obligation.lease) }
    if reaction.verdict == .notApplicable { return }
    // Where no reaction matched, the first test of the first one of this kind tells what is different.
    var path: FieldPath?
    var seen = Self.name(observation.kind)
    var expected = expectation(obligation)
    for candidate in program.sequels[Int(obligation.sequel)].reactions {
      let other = program.reactions[candidate]
      guard other.match == .message, other.verdict == .pass, other.template.kind == observation.kind else { continue }
      let failing = program.firstFailing(other.template.tests, bytes, dissection, obligation.slots, conversations[Int(index)])
      guard failing >= 0 else { continue }
      if program.tests[failing].target == .field { path = program.tests[failing].path }
      expected = program.expected(failing, obligation.slots, conversations[Int(index)], dissection.messageDialect)
      seen = program.seen(failing, bytes, dissection)
      break
    }
    if path == nil { seen += Self.detail(observation.kind, bytes, dissection) }
    record(
      reaction.verdict, reaction.assertion, program.rules[rule].index, index, role: observation.from, frame: observation.frame,
      trigger: obligation.frame, at: observation.time, label: position, path: path, dialect: dissection.messageDialect, expected: expected,
      seen: seen,
      lease: obligation.lease)
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
    }
  }

  private static func detail(_ kind: MessageKind, _ bytes: Span<UInt8>, _ dissection: Dissection) -> String {
    func part(_ name: String, _ path: FieldPath) -> String? {
      dissection.value(path, in: bytes).map { "\(name) \(path.field(in: dissection.messageDialect)?.text($0) ?? "\($0)")" }
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

  private func expectation(_ obligation: Obligation) -> String {
    let sequel = program.sequels[Int(obligation.sequel)]
    let right = program.reactions[sequel.reactions].filter { $0.verdict == .pass }
    let names = right.map { $0.match == .silence ? "nothing" : $0.label.isEmpty ? Self.name($0.template.kind) : $0.label }
    var unique: [String] = []
    for name in names where !unique.contains(name) { unique.append(name) }
    return unique.isEmpty ? "another reaction" : unique.joined(separator: " or ")
  }

  /// Takes an obligation out of its conversation's chain.
  mutating func close(_ slot: Int32, _ index: Int32) {
    let place = Int(index)
    conversations[place].watches -= 1
    if conversations[place].obligations == slot {
      conversations[place].obligations = pool[Int(slot)].next
    } else {
      var before = conversations[place].obligations
      while before >= 0 {
        let next = pool[Int(before)].next
        if next == slot {
          pool[Int(before)].next = pool[Int(slot)].next
          break
        }
        before = next
      }
    }
    pool[Int(slot)].isOpen = false
    pool[Int(slot)].next = firstFree
    firstFree = slot
  }

  /// Silence to the end of a window decides.
  mutating func expire(before time: Instant) {
    while let first = deadlines.min, first.time < time {
      _ = deadlines.popMin()
      let obligation = pool[Int(first.obligation)]
      guard obligation.isOpen, obligation.generation == first.generation else { continue }
      let sequel = program.sequels[Int(obligation.sequel)]
      let index = obligation.conversation
      close(first.obligation, index)
      guard sequel.silence >= 0, conversations[Int(index)].broken & program.rules[Int(obligation.rule)].presumes == 0 else { continue }
      let reaction = program.reactions[sequel.silence]
      if reaction.verdict == .notApplicable { continue }
      let rule = program.rules[Int(obligation.rule)].index
      if obligation.drops != drops {
        record(
          .inconclusive, reaction.assertion, rule, index, role: sequel.responder, frame: 0, trigger: obligation.frame,
          at: obligation.deadline,
          label: sequel.silence, path: nil, dialect: .rfc5846, expected: expectation(obligation), seen: "nothing",
          lease: obligation.lease, reason: "the capture lost \(drops &- obligation.drops) frames while this was watched")
      } else if reaction.verdict == .pass {
        pass(Int(obligation.sequel), reaction.assertion, obligation.lease)
      } else {
        record(
          reaction.verdict, reaction.assertion, rule, index, role: sequel.responder, frame: 0, trigger: obligation.frame,
          at: obligation.deadline,
          label: sequel.silence, path: nil, dialect: .rfc5846, expected: expectation(obligation),
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
        .inconclusive, reaction.assertion, program.rules[Int(obligation.rule)].index, index, role: sequel.responder, frame: 0,
        trigger: obligation.frame, at: time, label: sequel.silence, path: nil, dialect: .rfc5846, expected: expectation(obligation),
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
    if verdict == .fail || verdict == .warning { conversations[place].broken |= UInt128(1) << UInt128(min(rule, 127)) }
    if keepsDecisions, verdict == .fail || verdict == .warning || (verdict == .inconclusive && reason == nil) {
      decisions.append(
        Decision(
          assertion: program.assertions[assertion], verdict: verdict, home: conversations[place].home, trigger: trigger, frame: frame,
          label: label.map { program.reactions[$0].label }, field: path))
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
        label: label.map { program.reactions[$0].label }.flatMap { $0.isEmpty ? nil : $0 },
        field: path?.description, wireshark: field.flatMap { $0.wireshark.isEmpty ? nil : $0.wireshark }, expected: expected, seen: seen,
        frame: frame,
        trigger: trigger, time: time.nanoseconds, count: 1, reason: reason))
  }
}
