import Wire

/// A set of states that the texts still allow, one bit a state.
struct StateSet: OptionSet, Sendable {
  var rawValue: UInt8

  // The Home Agent's binding cache entry.
  static let unbound = StateSet(rawValue: 1)
  static let bound = StateSet(rawValue: 2)
  static let revoking = StateSet(rawValue: 4)
  // The UE's binding update list entry.
  static let none = StateSet(rawValue: 1)
  static let detaching = StateSet(rawValue: 4)
  static let unknown = StateSet(rawValue: 7)

  // What a probe has shown of this very binding.
  static let forwarding = StateSet(rawValue: 1)
  static let refresh = StateSet(rawValue: 2)
  /// The UE has answered a BRI that came in a Home Address option.
  static let option = StateSet(rawValue: 4)
  /// The binding's IKE SA was deleted, and no other made since.
  static let keysDeleted = StateSet(rawValue: 8)
  /// The binding has an IKE SA whose messages can be read.
  static let keys = StateSet(rawValue: 16)
  /// Since the IKE SA was made, a Binding Error has answered a message.
  static let error = StateSet(rawValue: 32)
  /// An INFORMATIONAL in it was answered.
  static let answer = StateSet(rawValue: 64)
  /// It was not deleted.
  static let liveKeys = StateSet(rawValue: 128)

  // How a binding went.
  static let deregistration = StateSet(rawValue: 1)
  static let race = StateSet(rawValue: 2)
  static let acknowledgement = StateSet(rawValue: 4)
  static let expiry = StateSet(rawValue: 8)
}

/// What is known of one binding: a Home Agent and a home address (RFC 6275 9.1, 11.1).
struct Conversation: Sendable {
  let homeAgent: IPv6Address
  let home: IPv6Address
  var careOf: IPv6Address = .unspecified
  /// What the Home Agent's binding cache may hold.
  var binding: StateSet = .unknown
  /// What the UE's binding update list may hold.
  var entry: StateSet = .unknown
  var shown: StateSet = []
  /// How the binding went, if it is known to be gone.
  var goneBy: StateSet = []
  /// When the binding's lifetime ends.
  var expiry = Instant.distantFuture
  /// What BUs that are not answered make of the binding, where the Home Agent has accepted them and their BAs are late or lost: `bound` with
  /// a lifetime, `unbound` without.
  var open: StateSet = []
  /// The sequence number of the last BU that was accepted; -1: not known.
  var accepted: Int32 = -1

  /// The BU that waits for its BA, and what was known before it.
  var update = PendingUpdate()
  /// The BRI that waits for its BRA.
  var revocation = PendingRevocation()

  /// The first open obligation of the chain; -1: none.
  var obligations: Int32 = -1
  /// How many there are in it.
  var watches = 0
  /// The running case that leases the home address; -1: none.
  var lease: Int32 = -1
  /// Rules broken here since the case began, one bit a rule.
  var broken: UInt128 = 0
  /// The next frame of the tester's own party was made wrong on purpose.
  var isAltered = false

  struct PendingUpdate: Sendable {
    var isOpen = false
    var isDeregistration = false
    /// The Home Agent has to accept it.
    var sequence: UInt16 = 0
    var careOf: IPv6Address = .unspecified
    /// The source address on the wire.
    var source: IPv6Address = .unspecified
    var isDuringRevocation = false
    /// The UE has answered a BRI since.
    var isAbandoned = false
    /// What the states are if the Home Agent has not accepted it.
    var openBefore: StateSet = []
    var bindingBefore: StateSet = .unknown
    var entryBefore: StateSet = .unknown
  }

  struct PendingRevocation: Sendable {
    var isOpen = false
    /// It was open, and is no more: a BRI of this number comes late.
    var hasEnded = false
    /// It has ended before, and its BRI came again.
    var isRepeated = false
    /// Nothing in it gives the UE a reason to discard or to refuse it.
    var isValid = false
    /// The home address stands in a Home Address option alone.
    var isByOption = false
    /// A UE that looks no further than the Mobility Header may answer it.
    var isSound = false
    /// One of another number, which may be answered yet, came before it: a BRA may be late, and for that one.
    var hasEarlier = false
    var sequence: UInt16 = 0
    /// If the last one that was seen is the last copy, it has been waited for: the Home Agent may clean up.
    var end = Instant.distantFuture
    /// All copies have been waited for, if the first one that was seen is the first.
    var limit = Instant.distantFuture

    /// It has ended without a BRA, which may come yet.
    var isUnanswered = false

    mutating func close(answered: Bool = false) {
      if isOpen {
        hasEnded = true
        isUnanswered = !answered
      }
      isOpen = false
    }
  }

  init(homeAgent: IPv6Address, home: IPv6Address) {
    self.homeAgent = homeAgent
    self.home = home
  }

  /// What is left of the binding's lifetime; without end where it is not known.
  func lifetime(from now: Instant) -> Interval { expiry == .distantFuture ? Interval(nanoseconds: .max) : expiry - now }

  /// All that rules can ask of it, a bit for each state that the texts still allow and for each thing that is known.
  var known: UInt64 {
    Self.bits(binding: binding) | Self.bits(entry: entry) | Self.bits(shown: shown) | Self.bits(goneBy: goneBy)
      | Self.bits(outstanding: outstanding)
  }

  static func bits(binding: StateSet) -> UInt64 { UInt64(binding.rawValue) }
  static func bits(entry: StateSet) -> UInt64 { UInt64(entry.rawValue) << 8 }
  static func bits(shown: StateSet) -> UInt64 { UInt64(shown.rawValue) << 16 }
  static func bits(goneBy: StateSet) -> UInt64 { UInt64(goneBy.rawValue) << 24 }
  static func bits(outstanding: Outstanding) -> UInt64 { UInt64(outstanding.rawValue) << 32 }

  /// What waits for an answer now.
  var outstanding: Outstanding {
    var set: Outstanding = revocation.isOpen ? .bri : .noBRI
    if revocation.isOpen, revocation.isValid { set.insert(.validBRI) }
    if revocation.isOpen, !revocation.hasEarlier { set.insert(.oneBRI) }
    set.insert(update.isOpen ? .bu : .noBU)
    if update.isOpen, update.isDeregistration { set.formUnion(update.isDuringRevocation ? [.deregistration, .race] : .deregistration) }
    return set
  }

  /// Nothing is known any more but who it is about.
  mutating func forget() {
    var fresh = Conversation(homeAgent: homeAgent, home: home)
    fresh.careOf = careOf
    fresh.obligations = obligations
    fresh.watches = watches
    self = fresh
  }

  /// Lets time pass: lifetimes end, revocations give up (draft-01 6.3, RFC 5846 7.1).
  mutating func advance(to now: Instant, tolerance: Interval) {
    if now > expiry - tolerance {
      if now > expiry + tolerance, !open.contains(.bound) {
        binding = .unbound
        entry = .none
        goneBy = .expiry
        expiry = .distantFuture
        revocation.close()
      } else {
        binding.formUnion(.unbound)
        entry.formUnion(.none)
      }
      update.bindingBefore.formUnion(.unbound)
      update.entryBefore.formUnion(.none)
    }
    if revocation.isOpen, now > revocation.end - tolerance {
      binding.formUnion(.unbound)
      update.bindingBefore.formUnion(.unbound)
    }
  }
}

/// What names a conversation.
struct ConversationKey: Hashable, Sendable {
  let homeAgent: IPv6Address
  let home: IPv6Address

  // By hand: what the compiler makes of it calls another module for every part.
  static func == (a: Self, b: Self) -> Bool { a.homeAgent.value == b.homeAgent.value && a.home.value == b.home.value }

  func hash(into hasher: inout Hasher) {
    hasher.combine(AddressKey(homeAgent).folded ^ AddressKey(home).folded.byteSwapped)
  }
}

/// An address as a key.
struct AddressKey: Hashable, Sendable {
  private let high: UInt64
  private let low: UInt64

  @inline(__always) init(_ address: IPv6Address) {
    high = UInt64(truncatingIfNeeded: address.value >> 64)
    low = UInt64(truncatingIfNeeded: address.value)
  }

  private static let factors = (UInt64.random(in: .min ... .max) | 1, UInt64.random(in: .min ... .max) | 1)

  /// One word instead of two for the hash: half its cost. The factors are nobody's to know, so that no capture is made to collide.
  @inline(__always) var folded: UInt64 {
    let (a, b) = Self.factors
    return (high &* a).byteSwapped &+ low &* b
  }

  func hash(into hasher: inout Hasher) { hasher.combine(folded) }
}
