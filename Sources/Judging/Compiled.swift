import Wire

/// A field test as the monitor runs it: everything that a name stood for is worked out, and nothing in it is counted by reference.
struct CompiledTest: Sendable {
  enum Operation: UInt8, Sendable {
    case any, present, absent, oneOf, noneOf, equals, unequal, serialAfter, serialAfterAccepted, notAfterAccepted
    case correct, wrong, only, contains, excludes
  }

  var operation: Operation
  /// What is compared: a place in the row of readings.
  var place: Int32
  /// What it is compared with.
  var other: Int32 = -1
  /// Into `ranges` of the program.
  var first: Int32 = 0
  var count: Int32 = 0
  /// Into `optionTypes`.
  var types: Int32 = -1
  /// The conversation's value that `other` is, for people.
  var value: ConversationValue?
}

struct CompiledTemplate: Sendable {
  var kind: MessageKind
  var from: Role?
  /// All tests in their order: into `tests`.
  var tests: Range<Int>
  /// Those of them that templates share: bits of `Program.shared`.
  var needs: UInt128
  /// The others.
  var rest: Range<Int>
}

struct CompiledMust: Sendable {
  var assertion: Int
  var tests: Range<Int>
}

struct CompiledReaction: Sendable {
  enum Match: UInt8, Sendable { case message, silence, otherwise }
  var match: Match
  var template: CompiledTemplate
  var verdict: Verdict
  var assertion: Int
}

struct CompiledSequel: Sendable {
  var form: Sequel.Form
  var reactions: Range<Int>
  var window: CompiledWindow
  /// Which line of deadlines the window's ends stand in.
  var line: Int
  var grace: CompiledWindow?
  /// Who has to react.
  var responder: Role
  /// Index of the silence reaction, or -1.
  var silence: Int
  /// Messages that end the watch without a verdict: into `unless`.
  var unless: Range<Int>
  /// The messages that can mean something to it: a bit for each `Program.slot`.
  var listens: UInt32
  /// A right reaction to it is a Binding Error, or an ICMPv6 error, which may name nobody.
  var takesBindingError: Bool
  var takesICMP: Bool
}

/// Messages that wait for an answer, as a rule asks for them.
struct Outstanding: OptionSet, Sendable {
  let rawValue: UInt8

  static let bri = Outstanding(rawValue: 1)
  static let validBRI = Outstanding(rawValue: 2)
  static let noBRI = Outstanding(rawValue: 4)
  static let bu = Outstanding(rawValue: 8)
  static let noBU = Outstanding(rawValue: 16)
  static let deregistration = Outstanding(rawValue: 32)

  init(rawValue: UInt8) { self.rawValue = rawValue }

  init(_ names: [String]) {
    let values: [String: Outstanding] = [
      "bri": .bri, "valid-bri": .validBRI, "no-bri": .noBRI, "bu": .bu, "no-bu": .noBU, "deregistration": .deregistration,
    ]
    self = names.reduce([]) { $0.union(values[$1] ?? []) }
  }
}

struct CompiledRule: Sendable {
  /// Its place in the suite.
  var index: Int
  /// Its bit among broken rules; 0: what it breaks masks nothing.
  var bit: UInt128
  var template: CompiledTemplate
  var conditions: Conditions
  var musts: Range<Int>
  var sequels: Range<Int>
  /// Fields of the triggering message that sequels look back at: into `slots`.
  var slots: Range<Int>
  var presumes: UInt128
}

/// What a conversation must be known to be, held against `Conversation.known` in three steps whatever there is to ask.
struct Conditions: Sendable {
  /// States that the texts must not allow any more.
  var excluded: UInt64 = 0
  var required: UInt64 = 0
  /// One of these; none: no matter.
  var oneOf: UInt64 = 0

  @inline(__always) func hold(_ known: UInt64) -> Bool {
    known & excluded == 0 && known & required == required && (oneOf == 0 || known & oneOf != 0)
  }
}

/// What lets a message through to a rule, side by side for all rules on its kind: most are turned away here.
struct Gate: Sendable {
  var conditions: Conditions
  var needs: UInt128
  var presumes: UInt128
  var rule: Int

  @inline(__always) func isOpen(_ known: UInt64, broken: UInt128) -> Bool { conditions.hold(known) && broken & presumes == 0 }
}

/// An assertion: one requirement that one rule decides.
package struct Assertion: Sendable, Hashable {
  package var rule: String
  package var requirement: String
}

/// The rules of a suite for one text, one dialect and the roles that are judged, ready to run.
///
/// A class, not a value: the monitor looks into it for every packet, and must neither copy it nor count references for each look.
final class Program: Sendable {
  let rules: [CompiledRule]
  let tests: [CompiledTest]
  let ranges: [ClosedRange<UInt128>]
  let musts: [CompiledMust]
  let sequels: [CompiledSequel]
  let reactions: [CompiledReaction]
  /// Of each reaction.
  let labels: [String]
  let unless: [CompiledTemplate]
  /// Places in the row of readings.
  let slots: [Int32]
  let optionTypes: [OptionTypes]
  let fields: FieldTable
  /// The fields that are read in a message of a kind: into `places`.
  let placesOfKind: [Range<Int>]
  let places: [FieldPlace]
  /// How many lines of deadlines there are.
  let lines: Int
  let assertions: [Assertion]
  let severities: [Verdict]
  let levels: [Level]
  /// The rules on a message of a kind and sender, those on any Mobility Header behind those on this one: into `gates`.
  let ofMessage: [Range<Int>]
  let gates: [Gate]
  /// The tests that look at the message alone and that templates share, each one once: a bit each in what templates need.
  let shared: [CompiledTest]
  /// Rules by event name.
  let byEvent: [(name: String, attributes: [String: String], rule: Int32)]
  /// Assertion indices of each rule, by rule id.
  let assertionsOfRule: [String: [Int]]
  let ruleIDs: [String]

  init(_ parts: Parts) {
    rules = parts.rules
    tests = parts.tests
    ranges = parts.ranges
    musts = parts.musts
    sequels = parts.sequels
    reactions = parts.reactions
    labels = parts.labels
    unless = parts.unless
    slots = parts.slots
    optionTypes = parts.optionTypes
    fields = parts.fields
    (placesOfKind, places) = parts.fields.joined
    lines = parts.windows.count
    assertions = parts.assertions
    severities = parts.severities
    levels = parts.levels
    (ofMessage, gates) = parts.merged
    shared = parts.shared
    byEvent = parts.byEvent
    assertionsOfRule = parts.assertionsOfRule
    ruleIDs = parts.ruleIDs
  }

  /// A program that is being put together.
  struct Parts {
    var rules: [CompiledRule] = []
    var tests: [CompiledTest] = []
    var ranges: [ClosedRange<UInt128>] = []
    var musts: [CompiledMust] = []
    var sequels: [CompiledSequel] = []
    var reactions: [CompiledReaction] = []
    var labels: [String] = []
    var unless: [CompiledTemplate] = []
    var slots: [Int32] = []
    var optionTypes: [OptionTypes] = []
    var fields: FieldTable
    /// The windows that have a line of their own; the first line is for those that differ by conversation.
    var windows: [CompiledWindow?] = [nil]
    var assertions: [Assertion] = []
    var severities: [Verdict] = []
    var levels: [Level] = []
    var byMessage: [[Int32]] = Array(repeating: [], count: MessageKind.allCases.count * 2)
    var byEvent: [(name: String, attributes: [String: String], rule: Int32)] = []
    var assertionsOfRule: [String: [Int]] = [:]
    var ruleIDs: [String] = []

    var shared: [CompiledTest] = []

    var merged: ([Range<Int>], [Gate]) {
      var ranges: [Range<Int>] = []
      var gates: [Gate] = []
      for kind in MessageKind.allCases.sorted(by: { $0.ordinal < $1.ordinal }) {
        for role in [Role.ha, .ue] {
          let start = gates.count
          let wide = kind != .mh && MessageKind.mobility.contains(kind) ? byMessage[Program.slot(.mh, role)] : []
          for rule in byMessage[Program.slot(kind, role)] + wide {
            let compiled = rules[Int(rule)]
            gates.append(
              Gate(conditions: compiled.conditions, needs: compiled.template.needs, presumes: compiled.presumes, rule: Int(rule)))
          }
          ranges.append(start..<gates.count)
        }
      }
      return (ranges, gates)
    }
  }

  static func slot(_ kind: MessageKind, _ role: Role) -> Int { kind.ordinal * 2 + (role == .ha ? 0 : 1) }
}

extension MessageKind {
  var ordinal: Int {
    switch self {
    case .bu: 0
    case .ba: 1
    case .be: 2
    case .bri: 3
    case .bra: 4
    case .mh: 5
    case .icmpv6: 6
    case .tunnelled: 7
    }
  }
}

extension Program {
  /// Compiles what stands under `profile` and judges `roles`.
  ///
  /// An assertion whose requirement is absent from the text, or whose field the dialect lacks, is left out: it is not reached, never failed.
  ///
  /// - Parameter fields: those of another program, which have the same places in this one.
  convenience init(_ suite: Suite, profile: Profile, roles: Set<Role>, ics: [String: Bool], fields: FieldTable = FieldTable()) {
    var parts = Parts(fields: fields)
    let own = suite.rules.filter { !$0.isAside }
    let bits = Dictionary(uniqueKeysWithValues: own.prefix(128).enumerated().map { ($1.id, UInt128(1) << UInt128($0)) })
    parts.ruleIDs = suite.rules.map(\.id)
    let requirements = Dictionary(suite.requirements.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    for (index, rule) in suite.rules.enumerated() where rule.texts.isEmpty || rule.texts.contains(profile.text) {
      guard rule.ics.allSatisfy({ ics[$0.key] == $0.value }) else { continue }
      let builder = Builder(dialect: profile.dialect, text: profile.text, roles: roles, requirements: requirements)
      builder.compile(rule, index, bits, &parts)
    }
    self.init(parts)
  }

  /// One rule's compilation.
  private struct Builder {
    let dialect: Dialect
    let text: String
    let roles: Set<Role>
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
        let stated = must.tests.filter(stands)
        guard !stated.isEmpty else { continue }
        guard let assertion = assertion(rule, must.requirement, senders, &program) else { continue }
        let tests = stated.map { compile($0, of: kind, &slots, &program) }
        program.musts.append(CompiledMust(assertion: assertion, tests: append(tests, &program)))
      }
      let sequelStart = program.sequels.count
      for sequel in rule.sequels { compile(sequel, rule, kind, &slots, &program) }
      program.slots += slots.map { Int32(clamping: program.fields.place(of: $0, in: kind)) }
      let compiled = CompiledRule(
        index: index, bit: rule.isAside ? 0 : bits[rule.id] ?? 0, template: trigger, conditions: Self.conditions(rule),
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

    private func stands(_ template: MessageTemplate) -> Bool { template.tests.allSatisfy(stands) }

    /// - Parameter trigger: the kind of message that the rule is about, at whose fields relations look back.
    private func compile(
      _ template: MessageTemplate, _ slots: inout [FieldPath], _ trigger: MessageKind, _ program: inout Program.Parts
    ) -> CompiledTemplate {
      let tests = template.tests.map { compile($0, of: template.kind, &slots, &program) }
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
