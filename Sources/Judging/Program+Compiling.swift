import Wire

extension Program {
  /// Compiles what stands under `profile` and judges `roles`.
  ///
  /// An assertion whose requirement is absent from the text, or whose field the dialect lacks, is left out: it is not reached, never failed.
  ///
  /// - Parameter fields: those of another program, which have the same places in this one.
  convenience init(_ suite: Suite, profile: Profile, roles: Set<Role>, ics: [String: Bool], fields: FieldTable = FieldTable()) {
    var parts = Parts(fields: fields)
    // Only what another rule rests on has to be remembered.
    let presumed = Set(suite.rules.flatMap(\.presumes))
    let own = suite.rules.filter { !$0.isAside && presumed.contains($0.id) }
    let bits = Dictionary(uniqueKeysWithValues: own.prefix(128).enumerated().map { ($1.id, UInt128(1) << UInt128($0)) })
    parts.ruleIDs = suite.rules.map(\.id)
    let requirements = Dictionary(suite.requirements.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    for (index, rule) in suite.rules.enumerated() where rule.texts.isEmpty || rule.texts.contains(profile.text) {
      guard rule.ics.allSatisfy({ ics[$0.key] == $0.value }) else { continue }
      let builder = Builder(
        dialect: profile.dialect, text: profile.text, roles: roles, isTunnelled: ics["tunnelled"] ?? false, requirements: requirements)
      builder.compile(rule, index, bits, &parts)
    }
    self.init(parts)
  }

  /// One rule's compilation.
  private struct Builder {
    let dialect: Dialect
    let text: String
    let roles: Set<Role>
    let isTunnelled: Bool
    let requirements: [String: Requirement]

    func compile(_ rule: Rule, _ index: Int, _ bits: [String: UInt128], _ program: inout Program.Parts) {
      var slots: [FieldPath] = []
      let template: MessageTemplate
      var event: (String, [String: String])?
      switch rule.when {
      case .message(let message): template = message
      case .event(let name, let attributes):
        template = MessageTemplate(.mh, from: nil, [])
        event = (name, attributes)
      }
      guard stands(template) else { return }
      // A rule on a message of either side judges whoever sent it.
      let senders: [Role] = template.from.map { [$0] } ?? (event == nil ? Role.allCases : [.ha])
      let slotStart = program.slots.count
      let kind = template.kind
      let trigger = compile(template, &slots, kind, &program)
      let mustStart = program.musts.count
      for must in rule.musts {
        let stated = must.tests.filter { applies($0) && stands($0) }
        guard !stated.isEmpty else { continue }
        guard let assertion = assertion(rule, must.requirement, senders, &program) else { continue }
        let tests = stated.map { compile($0, of: kind, &slots, &program) }
        program.musts.append(CompiledMust(assertion: assertion, tests: append(tests, &program)))
      }
      let sequelStart = program.sequels.count
      for sequel in rule.sequels { compile(sequel, rule, kind, &slots, &program) }
      program.slots += slots.map { Int32(clamping: program.fields.place(of: $0, in: kind)) }
      let compiled = CompiledRule(
        index: index, bit: rule.isAside ? 0 : bits[rule.id] ?? 0, isAside: rule.isAside, template: trigger,
        conditions: Self.conditions(rule),
        musts: mustStart..<program.musts.count,
        sequels: sequelStart..<program.sequels.count, slots: slotStart..<program.slots.count,
        presumes: rule.presumes.reduce(0) { $0 | (bits[$1] ?? 0) })
      guard !compiled.musts.isEmpty || !compiled.sequels.isEmpty else { return }
      let position = Int32(clamping: program.rules.count)
      program.rules.append(compiled)
      if let event {
        program.byEvent.append((event.0, event.1, position))
      } else {
        // What a message itself must be is asked of those who are judged alone.
        for role in senders where !compiled.sequels.isEmpty || roles.contains(role) {
          program.byMessage[Program.slot(template.kind, role)].append(position)
        }
      }
    }

    private func compile(
      _ sequel: Sequel, _ rule: Rule, _ trigger: MessageKind, _ slots: inout [FieldPath], _ program: inout Program.Parts
    ) {
      let responders = sequel.reactions.compactMap { reaction -> Role? in
        if case .message(let template) = reaction.match { return template.from }
        return nil
      }
      let responder: Role
      if let named = responders.first {
        responder = named
      } else if case .message(let template) = rule.when, let sender = template.from {
        responder = sender.other
      } else {
        responder = .ha
      }
      guard roles.contains(responder) else { return }
      let start = program.reactions.count
      var silence = -1
      for reaction in sequel.reactions {
        guard let assertion = assertion(rule, reaction.requirement, [responder], &program) else { continue }
        var match = CompiledReaction.Match.otherwise
        var template = CompiledTemplate(kind: .mh, from: nil, tests: 0..<0, needs: 0, rest: 0..<0)
        switch reaction.match {
        case .message(let message):
          guard stands(message) else { continue }
          match = .message
          template = compile(message, &slots, trigger, &program)
        case .silence:
          match = .silence
          silence = program.reactions.count
        case .otherwise: break
        }
        let verdict = reaction.verdict == .fail ? program.severities[assertion] : reaction.verdict
        program.reactions.append(
          CompiledReaction(match: match, template: template, verdict: verdict, assertion: assertion))
        program.labels.append(reaction.label)
      }
      guard program.reactions.count > start else { return }
      let ends = sequel.unless.filter(stands).map { compile($0, &slots, trigger, &program) }
      let endStart = program.unless.count
      program.unless += ends
      let answers = program.reactions[start...].filter { $0.match == .message && $0.verdict == .pass }.map(\.template.kind)
      let window = CompiledWindow(sequel.window)
      var line = 0
      if window.isUniform {
        line = program.windows.firstIndex(of: window) ?? program.windows.count
        if line == program.windows.count { program.windows.append(window) }
      }
      program.sequels.append(
        CompiledSequel(
          form: sequel.form, reactions: start..<program.reactions.count, window: window, line: line,
          grace: sequel.grace.map(CompiledWindow.init), responder: responder, silence: silence, unless: endStart..<program.unless.count,
          listens: listens(sequel.form, program.reactions[start...], responder, ends, trigger),
          takesBindingError: answers.contains(.be), takesICMP: answers.contains(.icmpv6)))
    }

    private func listens(
      _ form: Sequel.Form, _ reactions: ArraySlice<CompiledReaction>, _ responder: Role, _ ends: [CompiledTemplate], _ trigger: MessageKind
    ) -> UInt32 {
      var bits: UInt32 = 0
      func add(_ kind: MessageKind, _ roles: [Role]) {
        for kind in kind == .mh ? MessageKind.mobility : [kind] {
          for role in roles { bits |= 1 << UInt32(Program.slot(kind, role)) }
        }
      }
      for end in ends { add(end.kind, end.from.map { [$0] } ?? Role.allCases) }
      for reaction in reactions where reaction.match == .message { add(reaction.template.kind, [responder]) }
      if form == .reactions { for kind in MessageKind.allCases where Program.answers(kind, trigger) { add(kind, [responder]) } }
      return bits
    }

    /// The index of an assertion; nil where the text has no such sentence or nobody who is judged has to keep it.
    private func assertion(_ rule: Rule, _ id: String, _ who: [Role], _ program: inout Program.Parts) -> Int? {
      guard let requirement = requirements[id], !roles.isDisjoint(with: who), !roles.isDisjoint(with: requirement.roles) else { return nil }
      let level = requirement.level(in: text)
      guard level != .absent else { return nil }
      let assertion = Assertion(rule: rule.id, requirement: id)
      if let known = program.assertions.firstIndex(of: assertion) { return known }
      program.assertions.append(assertion)
      program.severities.append(level.severity)
      program.levels.append(level)
      program.assertionsOfRule[rule.id, default: []].append(program.assertions.count - 1)
      return program.assertions.count - 1
    }

    private static func conditions(_ rule: Rule) -> Conditions {
      var conditions = Conditions()
      for condition in rule.while {
        var set: StateSet = []
        let names = StateCondition.names(condition.subject)
        for name in condition.allowed { set.insert(StateSet(rawValue: 1 << UInt8(clamping: names.firstIndex(of: name) ?? 7))) }
        switch condition.subject {
        case .binding: conditions.excluded |= Conversation.bits(binding: StateSet.unknown.subtracting(set))
        case .entry: conditions.excluded |= Conversation.bits(entry: StateSet.unknown.subtracting(set))
        case .shown: conditions.required |= Conversation.bits(shown: set)
        case .goneBy: conditions.oneOf |= Conversation.bits(goneBy: set)
        case .outstanding: conditions.required |= Conversation.bits(outstanding: Outstanding(condition.allowed))
        }
      }
      return conditions
    }

    /// The dialect can state it: it has the field, or the template asks for its absence.
    private func stands(_ test: FieldTest) -> Bool {
      guard case .field(let path) = test.subject, path.range(in: dialect) == nil else { return true }
      return test.condition == .absent || test.condition == .any
    }

    private func stands(_ template: MessageTemplate) -> Bool { template.tests.allSatisfy { !applies($0) || stands($0) } }

    /// It is about the form in which the messages of this device go.
    private func applies(_ test: FieldTest) -> Bool { test.isTunnelled == nil || test.isTunnelled == isTunnelled }

    /// - Parameter trigger: the kind of message that the rule is about, at whose fields relations look back.
    private func compile(
      _ template: MessageTemplate, _ slots: inout [FieldPath], _ trigger: MessageKind, _ program: inout Program.Parts
    ) -> CompiledTemplate {
      let tests = template.tests.filter(applies).map { compile($0, of: template.kind, &slots, &program) }
      var needs: UInt128 = 0
      var rest: [CompiledTest] = []
      for test in tests {
        if let bit = share(test, &program) { needs |= 1 << UInt128(bit) } else { rest.append(test) }
      }
      return CompiledTemplate(
        kind: template.kind, from: template.from, tests: append(tests, &program), needs: needs, rest: append(rest, &program))
    }

    /// The bit of a test; nil for one that looks at more than the message, or where there are bits no more.
    private func share(_ test: CompiledTest, _ program: inout Program.Parts) -> Int? {
      guard test.other < 0 else { return nil }
      let index = program.shared.firstIndex { same($0, test, program) } ?? program.shared.count
      guard index < 128 else { return nil }
      if index == program.shared.count { program.shared.append(test) }
      return index
    }

    private func same(_ a: CompiledTest, _ b: CompiledTest, _ program: Program.Parts) -> Bool {
      func values(_ test: CompiledTest) -> ArraySlice<ClosedRange<UInt128>> {
        program.ranges[Int(test.first)..<Int(test.first + test.count)]
      }
      return a.operation == b.operation && a.place == b.place && values(a) == values(b)
    }

    private func append(_ tests: [CompiledTest], _ program: inout Program.Parts) -> Range<Int> {
      let start = program.tests.count
      program.tests += tests
      return start..<program.tests.count
    }

    private func compile(
      _ test: FieldTest, of kind: MessageKind, _ slots: inout [FieldPath], _ program: inout Program.Parts
    ) -> CompiledTest {
      let place: Int
      switch test.subject {
      case .field(let path): place = program.fields.place(of: path, in: kind)
      case .options: place = Place.options
      case .sound: place = Place.sound
      case .manner(let manner): place = Place.of(manner)
      }
      func plain(_ operation: CompiledTest.Operation, _ other: Int = -1, _ value: ConversationValue? = nil) -> CompiledTest {
        CompiledTest(operation: operation, place: Int32(clamping: place), other: Int32(clamping: other), value: value)
      }
      func values(_ operation: CompiledTest.Operation, _ ranges: [ClosedRange<UInt128>]) -> CompiledTest {
        var test = plain(operation)
        test.first = Int32(clamping: program.ranges.count)
        test.count = Int32(clamping: ranges.count)
        program.ranges += ranges
        return test
      }
      func types(_ operation: CompiledTest.Operation, _ types: [UInt8]) -> CompiledTest {
        var test = values(operation, types.map { UInt128($0)...UInt128($0) })
        test.types = Int32(clamping: program.optionTypes.count)
        program.optionTypes.append(OptionTypes(types))
        return test
      }
      func slot(_ operation: CompiledTest.Operation, _ field: FieldPath) -> CompiledTest {
        let index = slots.firstIndex(of: field) ?? slots.count
        if index == slots.count { slots.append(field) }
        return plain(operation, Place.firstSlot + min(index, Slots.capacity - 1))
      }
      func known(_ operation: CompiledTest.Operation, _ value: ConversationValue) -> CompiledTest {
        plain(operation, Place.of(value), value)
      }
      switch test.condition {
      case .any: return plain(.any)
      case .present: return plain(.present)
      case .absent: return plain(.absent)
      case .oneOf(let ranges): return values(.oneOf, ranges)
      case .noneOf(let ranges): return values(.noneOf, ranges)
      case .same(let field): return slot(.equals, field)
      case .differs(let field): return slot(.unequal, field)
      case .serialAfter(let field): return slot(.serialAfter, field)
      case .equals(let value): return known(.equals, value)
      case .unequal(let value): return known(.unequal, value)
      case .serialAfterAccepted: return known(.serialAfterAccepted, .lastAcceptedSequence)
      case .notAfterAccepted: return known(.notAfterAccepted, .lastAcceptedSequence)
      case .correct: return plain(.correct)
      case .wrong: return plain(.wrong)
      case .only(let list): return types(.only, list)
      case .contains(let list): return types(.contains, list)
      case .excludes(let list): return types(.excludes, list)
      case .yes: return values(.oneOf, [1...1])
      case .no: return values(.oneOf, [0...0])
      }
    }
  }
}
