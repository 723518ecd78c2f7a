import Wire

/// A field test as the monitor runs it: everything that a name stood for is worked out, and nothing in it is counted by reference.
struct CompiledTest: Sendable {
  enum Operation: UInt8, Sendable {
    case any, present, absent, oneOf, noneOf, same, differs, serialAfter, equals, unequal, serialAfterAccepted, notAfterAccepted
    case correct, wrong, only, contains, excludes, yes, no
  }
  enum Target: UInt8, Sendable { case field, options, sound }

  var target: Target
  var operation: Operation
  var path: FieldPath
  /// Into `ranges` (values) of the program.
  var first: Int32 = 0
  var count: Int32 = 0
  /// The slot of the triggering message's field; or the conversation's value.
  var slot: Int32 = -1
  var value: ConversationValue = .home
}

struct CompiledTemplate: Sendable {
  var kind: MessageKind
  var from: Role?
  /// Into `tests`.
  var tests: Range<Int>
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
  var label: String
}

struct CompiledSequel: Sendable {
  var form: Sequel.Form
  var rule: Int
  var reactions: Range<Int>
  var window: Window
  var grace: Window?
  /// Who has to react.
  var responder: Role
  /// Index of the silence reaction, or -1.
  var silence: Int
  /// Messages that end the watch without a verdict: into `unless`.
  var unless: Range<Int>
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
  /// Its place in the suite, and its bit among broken rules.
  var index: Int
  var template: CompiledTemplate
  var binding: StateSet
  var entry: StateSet
  var shown: StateSet
  var goneBy: StateSet
  /// What must wait for an answer, or must not: a bit each.
  var outstanding: Outstanding
  var musts: Range<Int>
  var sequels: Range<Int>
  /// Fields of the triggering message that sequels look back at: into `slots`.
  var slots: Range<Int>
  var presumes: UInt128
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
  let unless: [CompiledTemplate]
  let slots: [FieldPath]
  let assertions: [Assertion]
  let severities: [Verdict]
  let levels: [Level]
  /// Rules by message kind and sender; rules by event name.
  let byMessage: [[Int32]]
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
    unless = parts.unless
    slots = parts.slots
    assertions = parts.assertions
    severities = parts.severities
    levels = parts.levels
    byMessage = parts.byMessage
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
    var unless: [CompiledTemplate] = []
    var slots: [FieldPath] = []
    var assertions: [Assertion] = []
    var severities: [Verdict] = []
    var levels: [Level] = []
    var byMessage: [[Int32]] = Array(repeating: [], count: MessageKind.allCases.count * 2)
    var byEvent: [(name: String, attributes: [String: String], rule: Int32)] = []
    var assertionsOfRule: [String: [Int]] = [:]
    var ruleIDs: [String] = []
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
  convenience init(_ suite: Suite, profile: Profile, roles: Set<Role>, ics: [String: Bool]) {
    var parts = Parts()
    let bits = Dictionary(uniqueKeysWithValues: suite.rules.prefix(128).enumerated().map { ($1.id, UInt128(1) << UInt128($0)) })
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
      let trigger = compile(template, &slots, &program)
      let mustStart = program.musts.count
      for must in rule.musts {
        let stated = must.tests.filter(stands)
        guard !stated.isEmpty else { continue }
        guard let assertion = assertion(rule, must.requirement, senders, &program) else { continue }
        let tests = stated.map { compile($0, &slots, &program) }
        program.musts.append(CompiledMust(assertion: assertion, tests: append(tests, &program)))
      }
      let sequelStart = program.sequels.count
      for sequel in rule.sequels { compile(sequel, rule, index, &slots, &program) }
      program.slots += slots
      let compiled = CompiledRule(
        index: index, template: trigger, binding: Self.set(rule, .binding), entry: Self.set(rule, .entry),
        shown: Self.set(rule, .shown, default: []), goneBy: Self.set(rule, .goneBy, default: []),
        outstanding: Outstanding(rule.while.first { $0.subject == .outstanding }?.allowed ?? []), musts: mustStart..<program.musts.count,
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

    private func compile(_ sequel: Sequel, _ rule: Rule, _ index: Int, _ slots: inout [FieldPath], _ program: inout Program.Parts) {
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
        var template = CompiledTemplate(kind: .mh, from: nil, tests: 0..<0)
        switch reaction.match {
        case .message(let message):
          guard stands(message) else { continue }
          match = .message
          template = compile(message, &slots, &program)
        case .silence:
          match = .silence
          silence = program.reactions.count
        case .otherwise: break
        }
        let verdict = reaction.verdict == .fail ? program.severities[assertion] : reaction.verdict
        program.reactions.append(
          CompiledReaction(match: match, template: template, verdict: verdict, assertion: assertion, label: reaction.label))
      }
      guard program.reactions.count > start else { return }
      let ends = sequel.unless.filter(stands).map { compile($0, &slots, &program) }
      let endStart = program.unless.count
      program.unless += ends
      let answers = program.reactions[start...].filter { $0.match == .message && $0.verdict == .pass }.map(\.template.kind)
      program.sequels.append(
        CompiledSequel(
          form: sequel.form, rule: index, reactions: start..<program.reactions.count, window: sequel.window, grace: sequel.grace,
          responder: responder, silence: silence, unless: endStart..<program.unless.count, takesBindingError: answers.contains(.be),
          takesICMP: answers.contains(.icmpv6)))
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

    private static func set(_ rule: Rule, _ subject: StateCondition.Subject, default fallback: StateSet = .unknown) -> StateSet {
      guard let condition = rule.while.first(where: { $0.subject == subject }) else { return fallback }
      let names = StateCondition.names(subject)
      var set: StateSet = []
      for name in condition.allowed { set.insert(StateSet(rawValue: 1 << UInt8(clamping: names.firstIndex(of: name) ?? 7))) }
      return set
    }

    /// The dialect can state it: it has the field, or the template asks for its absence.
    private func stands(_ test: FieldTest) -> Bool {
      guard case .field(let path) = test.subject, path.range(in: dialect) == nil else { return true }
      return test.condition == .absent || test.condition == .any
    }

    private func stands(_ template: MessageTemplate) -> Bool { template.tests.allSatisfy(stands) }

    private func compile(_ template: MessageTemplate, _ slots: inout [FieldPath], _ program: inout Program.Parts) -> CompiledTemplate {
      let tests = template.tests.map { compile($0, &slots, &program) }
      return CompiledTemplate(kind: template.kind, from: template.from, tests: append(tests, &program))
    }

    private func append(_ tests: [CompiledTest], _ program: inout Program.Parts) -> Range<Int> {
      let start = program.tests.count
      program.tests += tests
      return start..<program.tests.count
    }

    private func compile(_ test: FieldTest, _ slots: inout [FieldPath], _ program: inout Program.Parts) -> CompiledTest {
      var target = CompiledTest.Target.field
      var path = FieldPath.mhType
      switch test.subject {
      case .field(let field): path = field
      case .options: target = .options
      case .sound: target = .sound
      }
      func values(_ operation: CompiledTest.Operation, _ ranges: [ClosedRange<UInt128>]) -> CompiledTest {
        let first = Int32(clamping: program.ranges.count)
        program.ranges += ranges
        return CompiledTest(target: target, operation: operation, path: path, first: first, count: Int32(clamping: ranges.count))
      }
      func types(_ operation: CompiledTest.Operation, _ types: [UInt8]) -> CompiledTest {
        values(operation, types.map { UInt128($0)...UInt128($0) })
      }
      func slot(_ operation: CompiledTest.Operation, _ field: FieldPath) -> CompiledTest {
        let index = slots.firstIndex(of: field) ?? slots.count
        if index == slots.count { slots.append(field) }
        return CompiledTest(target: target, operation: operation, path: path, slot: Int32(clamping: index))
      }
      func plain(_ operation: CompiledTest.Operation, _ value: ConversationValue = .home) -> CompiledTest {
        CompiledTest(target: target, operation: operation, path: path, value: value)
      }
      switch test.condition {
      case .any: return plain(.any)
      case .present: return plain(.present)
      case .absent: return plain(.absent)
      case .oneOf(let ranges): return values(.oneOf, ranges)
      case .noneOf(let ranges): return values(.noneOf, ranges)
      case .same(let field): return slot(.same, field)
      case .differs(let field): return slot(.differs, field)
      case .serialAfter(let field): return slot(.serialAfter, field)
      case .equals(let value): return plain(.equals, value)
      case .unequal(let value): return plain(.unequal, value)
      case .serialAfterAccepted: return plain(.serialAfterAccepted)
      case .notAfterAccepted: return plain(.notAfterAccepted)
      case .correct: return plain(.correct)
      case .wrong: return plain(.wrong)
      case .only(let list): return types(.only, list)
      case .contains(let list): return types(.contains, list)
      case .excludes(let list): return types(.excludes, list)
      case .yes: return plain(.yes)
      case .no: return plain(.no)
      }
    }
  }
}
