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
  static let oneBRI = Outstanding(rawValue: 64)
  static let race = Outstanding(rawValue: 128)

  init(rawValue: UInt8) { self.rawValue = rawValue }

  init(_ names: [String]) {
    let values: [String: Outstanding] = [
      "bri": .bri, "valid-bri": .validBRI, "one-bri": .oneBRI, "no-bri": .noBRI, "bu": .bu, "no-bu": .noBU,
      "deregistration": .deregistration, "race": .race,
    ]
    self = names.reduce([]) { $0.union(values[$1] ?? []) }
  }
}

struct CompiledRule: Sendable {
  /// Its place in the suite.
  var index: Int
  /// Its bit among broken rules; 0: what it breaks masks nothing.
  var bit: UInt128
  var isAside: Bool
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
  /// The requirements in the order of their ids, each with its assertions in all rules.
  let requirements: [(id: String, assertions: [Int])]
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
    let assertions = parts.assertions
    requirements = Dictionary(grouping: assertions.indices) { assertions[$0].requirement }.map { ($0, $1) }.sorted { $0.id < $1.id }
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
    case .ike: 8
    }
  }
}
