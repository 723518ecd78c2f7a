package import Wire

/// An ETSI test purpose: it brings about one situation, and takes its verdict from the rules that it exercises.
package struct Case: Sendable {
  /// `TP_HA_NID_BV_01`: role, procedure (NID network-initiated, UID UE-initiated, RACE), BV valid, BI invalid, BO inopportune; never reused.
  package var id: String
  package var title: String
  package var clause: String
  /// The role of the device that it tests.
  package var role: Role
  /// Profiles that it stands under; empty: all.
  package var profiles: [String]
  package var needs: Needs
  /// What the tester's own party does unasked during this case.
  package var party: PartyBehaviour
  package var steps: [Step]
  package var exercises: [String]
  /// Rules that count for the verdict when they are broken, and need not be reached.
  package var mayExercise: [String]
  package var why: String
  package var location: Location

  package init(
    id: String, title: String, clause: String, role: Role, profiles: [String] = [], needs: Needs = Needs(),
    party: PartyBehaviour = PartyBehaviour(),
    steps: [Step], exercises: [String], mayExercise: [String] = [], why: String = "", location: Location
  ) {
    self.id = id
    self.title = title
    self.clause = clause
    self.role = role
    self.profiles = profiles
    self.needs = needs
    self.party = party
    self.steps = steps
    self.exercises = exercises
    self.mayExercise = mayExercise
    self.why = why
    self.location = location
  }

  /// What a case leases while it runs, and what the device's description must offer.
  package struct Needs: Sendable {
    /// Home addresses; the steps name them `home: 0`, `home: 1` ….
    package var homeAddresses = 1
    /// Hooks of the device: `register`, `revoke`, `detach`.
    package var hooks: [String] = []
    /// Things that only one case may have at a time: `error-rate`, `timing`.
    package var exclusive: [String] = []
    /// Statements of the device's ICS, `revocation: true`; a case whose statement is denied is not applicable.
    package var ics: [String: Bool] = [:]
    /// A correspondent link, for instance.
    package var links: [String] = []

    package init() {}
  }

  /// What the tester's own party does unasked.
  package struct PartyBehaviour: Sendable {
    /// As UE: answers a BRI with a BRA.
    package var acknowledgesRevocations = true
    /// As HA: answers a BU with a BA.
    package var acknowledgesUpdates = true
    /// As UE: the lifetime asked for; as HA: the lifetime granted; in units of 4 s.
    package var lifetime: UInt16 = 150
    /// As UE: the sequence number of the first BU of the case; nil: whatever comes next.
    package var firstSequence: UInt16?
    /// As UE: one care-of address for all home addresses of the case, those of one UE.
    package var isOneUE = false

    package init() {}
  }
}

/// A value that a step writes into a field.
package enum StepValue: Sendable, Equatable {
  case number(UInt128)
  /// The field as a right message has it, some bits of it turned.
  case wrong
  /// The right value, plus a number (may be negative).
  case plus(Int)
  /// The sequence number of the latest message of that kind on this home address: `bri`, `bu`.
  case sequenceOf(MessageKind)
  /// A home address that the case leases.
  case home(Int)
}

/// A message that a step sends.
package struct Stimulus: Sendable {
  package var kind: MessageKind
  package var values: [(path: FieldPath, value: StepValue)]
  /// Options put before the padding: type and data.
  package var options: [(type: UInt8, data: [UInt8])]
  /// Which header carries the home address: `hao`, `rh2`, `none`; nil: what the dialect asks for.
  package var carrier: String?
  package var home: Int
  /// The same octets as the last message of this kind.
  package var again: Bool
  /// How it is sealed, where its binding has keys.
  package var sealing: Sealing
  /// It is left out, with the step that awaits its answer, when a message of this kind was seen since the case began.
  package var unless: MessageKind?
  package var location: Location

  package enum Sealing: Sendable, Equatable {
    case own
    /// It goes in clear.
    case none
    /// Its integrity check value is wrong.
    case wrong
    /// The ESP packet of the last message of this kind once more, its sequence number included.
    case again
    /// By the keys of another home address that the case leases.
    case home(Int)
  }

  package init(
    kind: MessageKind, values: [(path: FieldPath, value: StepValue)] = [], options: [(type: UInt8, data: [UInt8])] = [],
    carrier: String? = nil,
    home: Int = 0, again: Bool = false, sealing: Sealing = .own, unless: MessageKind? = nil, location: Location
  ) {
    self.kind = kind
    self.values = values
    self.options = options
    self.carrier = carrier
    self.home = home
    self.again = again
    self.sealing = sealing
    self.unless = unless
    self.location = location
  }
}

/// One step of a case.
package enum Step: Sendable {
  /// Brings the binding about: the UE registers with the HA, whoever of the two is the device.
  case register(home: Int)
  case send(Stimulus)
  /// Goes on when such a message came. Where none came in the window an optional one goes on too, for the rules say what that means; any
  /// other ends the case, inconclusive.
  case await(MessageTemplate, within: Window, home: Int, isOptional: Bool)
  /// The same; but where none came the case ends, and that is no reason for anything: what it was to bring about is up to the device.
  case endUnless(MessageTemplate, within: Window, home: Int)
  case wait(Window)
  /// Has the device revoke, and sends a BU(0) that is to be so long behind its BRI (negative: before it), as the capture shows it. Goes on when
  /// they met so; tries again from the last `register` on when they did not.
  case race(offset: Interval, home: Int)
  /// Asks the device, through a hook, to `revoke`, `detach` or `register`; goes on when the hook returned.
  case hook(String, home: Int)
  /// From here on the tester's party leaves `updates`, `revocations` or, until it is to register, `keys` (IKE) of this home address without an
  /// answer.
  case withhold(String, home: Int)
  /// Brings the IKE SA of a home address about: the UE begins it, whoever of the two is the device.
  case establishKeys(home: Int)
  /// The tester's party deletes the IKE SA of this home address; what it still sends goes by the keys that were.
  case deleteKeys(home: Int)
  /// The same DELETE once more, the same octets, as if its response had been lost.
  case deleteAgain(home: Int)
  /// A DELETE of the IKE SA of this home address that is in clear, or has a wrong check value; the tester's party goes on as if it had sent none.
  case falseDelete(isSealed: Bool, home: Int)
  /// Sends the stimulus of a probe and waits as long as the probe says.
  case probe(String, home: Int)
}

extension Step {
  /// What the step waits for; nil for one that waits for no message.
  package var awaited: (template: MessageTemplate, window: Window, home: Int)? {
    switch self {
    case .await(let template, let window, let home, _), .endUnless(let template, let window, let home): (template, window, home)
    default: nil
    }
  }
}

/// A second stimulus that shows a state which the wire does not.
package struct Probe: Sendable {
  package var id: String
  package var role: Role
  /// `strong`: its silence is an answer; `weak`: only a reaction is.
  package var strength: String
  /// The links that it needs, for instance `home`.
  package var needs: [String]
  /// What is sent: `echo-to-home` (from the correspondent, through the HA), `question` (an empty INFORMATIONAL in the binding's IKE SA), or
  /// nothing but a time in which to watch: `watch`.
  package var stimulus: String
  package var window: Window
  package var sideEffects: String
  package var location: Location

  package init(
    id: String, role: Role, strength: String, needs: [String], stimulus: String, window: Window, sideEffects: String, location: Location
  ) {
    self.id = id
    self.role = role
    self.strength = strength
    self.needs = needs
    self.stimulus = stimulus
    self.window = window
    self.sideEffects = sideEffects
    self.location = location
  }
}

/// A fuzz plan: a valid message, and where to break it.
package struct Plan: Sendable {
  package var id: String
  package var title: String
  /// The role of the device.
  package var role: Role
  package var message: MessageKind
  /// Field values of the valid message besides what the party gives it, `bu.lifetime: 0`.
  package var values: [(path: FieldPath, value: StepValue)]
  /// Layers whose fields are broken, outermost first.
  package var layers: [LayerKind]
  /// Fields that are left alone, with the reason in the file: what tells cases apart, what no device could answer.
  package var spares: [FieldPath]
  package var location: Location

  package init(
    id: String, title: String, role: Role, message: MessageKind, values: [(path: FieldPath, value: StepValue)], layers: [LayerKind],
    spares: [FieldPath], location: Location
  ) {
    self.id = id
    self.title = title
    self.role = role
    self.message = message
    self.values = values
    self.layers = layers
    self.spares = spares
    self.location = location
  }
}
