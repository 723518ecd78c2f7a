package import Wire

/// A length of time that a rule names.
package indirect enum Window: Sendable, Equatable, Hashable {
  /// Names that the device's description or the text in force gives a length: `guard-time`, `trigger-time`, `probe-time`, `grace`,
  /// `initial-delay` (until the first copy of a BRI is due), `retransmission` (until the last copy of a BRI has been waited for), `lifetime` (until the binding has expired).
  case named(String)
  case fixed(Interval)
  /// Twice another one: what the kill matrix makes of a rule.
  case doubled(Window)

  package static let names = [
    "guard-time", "trigger-time", "probe-time", "grace", "initial-delay", "retransmission", "lifetime", "forever",
  ]
}

/// What sets a rule off.
package enum Trigger: Sendable {
  case message(MessageTemplate)
  /// Something that the wire does not show: `hook`, `probe`; with the values that its attributes must have.
  case event(String, [String: String])
}

/// A condition on what the conversation is known to be; it holds when every state that the texts still allow is among those listed.
package struct StateCondition: Sendable, Equatable {
  package enum Subject: String, Sendable, CaseIterable {
    /// The Home Agent's binding cache entry: unbound, bound, revoking.
    case binding
    /// The UE's binding update list entry: none, bound, detaching.
    case entry
    /// What a probe has shown of this very binding: forwarding, refresh; of the UE, that it takes a BRI in a Home Address option: option;
    /// that the binding has an IKE SA whose messages can be read: keys; that it was deleted, and no other made since: keys-deleted, else
    /// live-keys; that in it an INFORMATIONAL was answered: answer, and a Mobility Header by a Binding Error: error.
    case shown
    /// How the binding went: by a de-registration, by one that met a BRI (race), by the acknowledgement of a BRI, by expiry.
    case goneBy = "gone-by"
    /// Messages that wait for an answer: bri, valid-bri (one that the UE has to take), one-bri (none of another number beside it), bu,
    /// deregistration, race (a BU with lifetime 0 that was sent behind a BRI).
    case outstanding
  }
  package var subject: Subject
  package var allowed: [String]

  package init(_ subject: Subject, _ allowed: [String]) {
    self.subject = subject
    self.allowed = allowed
  }

  /// The states that a subject can name.
  package static func names(_ subject: Subject) -> [String] {
    switch subject {
    case .binding: ["unbound", "bound", "revoking"]
    case .entry: ["none", "bound", "detaching"]
    case .shown: ["forwarding", "refresh", "option", "keys-deleted", "keys", "error", "answer", "live-keys"]
    case .goneBy: ["deregistration", "race", "acknowledgement", "expiry"]
    case .outstanding: ["bri", "valid-bri", "one-bri", "bu", "deregistration", "race", "no-bri", "no-bu"]
    }
  }
}

/// What a message itself must be.
package struct Must: Sendable {
  package var requirement: String
  package var tests: [FieldTest]
  package var location: Location

  package init(requirement: String, tests: [FieldTest], location: Location) {
    self.requirement = requirement
    self.tests = tests
    self.location = location
  }
}

/// One way in which the other side may react, and what it is worth.
package struct Reaction: Sendable {
  package enum Match: Sendable {
    case message(MessageTemplate)
    /// Nothing came while the window was open.
    case silence
    /// Any other answer.
    case otherwise
  }
  package var label: String
  package var match: Match
  /// `fail` is what the requirement's level makes of a breach; the others are taken as they are.
  package var verdict: Verdict
  package var requirement: String
  package var location: Location

  package init(label: String, match: Match, verdict: Verdict, requirement: String, location: Location) {
    self.label = label
    self.match = match
    self.verdict = verdict
    self.requirement = requirement
    self.location = location
  }
}

/// What is watched for after the trigger.
package struct Sequel: Sendable {
  package enum Form: String, Sendable {
    /// `then … within`: the first match decides; anything else is ignored.
    case then
    /// `never … for`: a match breaks the sentence; silence to the end is a pass.
    case never
    /// A closed list: the first answer decides.
    case reactions
  }
  package var form: Form
  package var reactions: [Reaction]
  package var window: Window
  /// Matches sooner than this after the trigger are ignored: they were under way.
  package var grace: Window?
  /// Messages of either side that end the watch without a verdict.
  package var unless: [MessageTemplate]
  package var location: Location

  package init(form: Form, reactions: [Reaction], window: Window, grace: Window?, unless: [MessageTemplate] = [], location: Location) {
    self.form = form
    self.reactions = reactions
    self.window = window
    self.grace = grace
    self.unless = unless
    self.location = location
  }
}

/// What must hold of a conversation.
package struct Rule: Sendable {
  package var id: String
  /// The texts that it stands under; empty: all.
  package var texts: [String]
  package var when: Trigger
  package var `while`: [StateCondition]
  /// Statements of the device's description (ICS) that must be so, `reattaches-by-itself: no`; unknown ones are not so.
  package var ics: [String: Bool]
  package var musts: [Must]
  package var sequels: [Sequel]
  /// Rules that must not have been broken on this conversation.
  package var presumes: [String]
  /// The name of a check in Swift, and the requirements that it decides.
  package var check: String?
  package var decides: [String]
  package var why: String
  package var location: Location
  /// It is judged beside the suite's own rules and stands for itself: what it breaks masks nothing.
  package var isAside = false

  package init(
    id: String, texts: [String] = [], when: Trigger, while: [StateCondition] = [], ics: [String: Bool] = [:], musts: [Must] = [],
    sequels: [Sequel] = [], presumes: [String] = [], check: String? = nil, decides: [String] = [], why: String = "", location: Location
  ) {
    self.id = id
    self.texts = texts
    self.when = when
    self.while = `while`
    self.ics = ics
    self.musts = musts
    self.sequels = sequels
    self.presumes = presumes
    self.check = check
    self.decides = decides
    self.why = why
    self.location = location
  }

  /// Every requirement that an assertion of the rule names.
  package var requirements: [String] {
    musts.map(\.requirement) + sequels.flatMap { $0.reactions.map(\.requirement) } + decides
  }
}
