import Wire

/// What the tests of one message look at, read once for all of them: its fields, what the conversation knows, and the values of an earlier
/// message. Every one has its place in one row.
struct Facts: Sendable {
  var readings: ContiguousArray<FieldReading>
  /// The types of its mobility options.
  var options = OptionTypes()
  /// The shared tests that are known to hold of the message in hand, and to fail; the others were not needed yet.
  private var held: UInt128 = 0
  private var failed: UInt128 = 0

  init(_ fields: FieldTable) { readings = ContiguousArray(repeating: FieldReading(), count: Place.firstField + fields.paths.count) }

  subscript(_ field: KnownField) -> UInt128? { self[Place.firstField + field.rawValue] }

  subscript(_ place: Int) -> UInt128? { readings[place].isPresent ? readings[place].value : nil }

  /// Reads what the rules and the monitor ask of a message of this kind.
  mutating func read(_ kind: MessageKind, _ program: Program, _ bytes: Span<UInt8>, _ dissection: inout Dissection) {
    options = dissection.read(program.places, program.placesOfKind[kind.ordinal], in: bytes, into: &readings)
    set(Place.sound, dissection.isSound ? 1 : 0)
    set(Place.options, 0, isPresent: options != OptionTypes())
    set(Place.of(.protection), Standing.unknown.rawValue)
    set(Place.of(.repeated), 0, isPresent: false)
    set(Place.of(.encapsulation), 0, isPresent: false)
    held = 0
    failed = 0
  }

  /// Reads the fields of one payload of the IKE message in hand once more, in this place.
  mutating func read(_ payload: PayloadPlace, _ program: Program, _ bytes: Span<UInt8>) {
    for field in program.places[program.placesOfKind[MessageKind.ike.ordinal]] where field.path.kind == payload.kind {
      guard let range = field.path.range(in: .rfc5846), range.octetsNeeded <= payload.length else { continue }
      set(field.place, range.read(bytes, at: payload.offset))
    }
    held = 0
    failed = 0
  }

  /// Nothing was found wrong with the message in hand.
  var isSound: Bool { readings[Place.sound].value == 1 }

  /// What the monitor knows of how the message in hand came.
  mutating func tell(_ manner: Manner, _ value: UInt128) { set(Place.of(manner), value) }

  /// As far as is known it came by a security association of its binding, or needs none.
  var mayBeTaken: Bool {
    let standing = readings[Place.of(.protection)].value
    return standing == Standing.own.rawValue || standing == Standing.unknown.rawValue
  }

  /// The message in hand is not to be taken for a sound one.
  mutating func spoil() { set(Place.sound, 0) }

  /// Whether these shared tests hold of the message in hand.
  mutating func hold(_ needs: UInt128, of program: Program) -> Bool {
    guard needs & failed == 0 else { return false }
    var open = needs & ~held
    while open != 0 {
      let test = open.trailingZeroBitCount
      let bit = UInt128(1) << UInt128(test)
      guard program.holds(program.shared, test, self) else {
        failed |= bit
        return false
      }
      held |= bit
      open &= ~bit
    }
    return true
  }

  /// Takes what is known of a conversation.
  mutating func take(_ conversation: borrowing Conversation) {
    let update = conversation.update.isOpen
    set(Place.of(.home), conversation.home.value)
    set(Place.of(.careOf), conversation.careOf.value)
    set(Place.of(.homeAgent), conversation.homeAgent.value)
    set(Place.of(.lastAcceptedSequence), UInt128(max(0, conversation.accepted)), isPresent: conversation.accepted >= 0)
    set(Place.of(.outstandingUpdate), UInt128(conversation.update.sequence), isPresent: update)
    set(Place.of(.updateSource), conversation.update.source.value, isPresent: update)
    set(Place.of(.outstandingRevocation), UInt128(conversation.revocation.sequence), isPresent: conversation.revocation.isOpen)
    set(Place.unbound, conversation.binding == .unbound ? 1 : 0)
  }

  @inline(__always) private mutating func set(_ place: Int, _ value: UInt128, isPresent: Bool = true) {
    readings[place].value = value
    readings[place].isPresent = isPresent
  }

  /// Looks back at the message in hand: its own fields stand where an earlier one's would.
  mutating func recall(_ range: Range<Int>, of program: Program) {
    var index = range.lowerBound
    while index < range.upperBound, index - range.lowerBound < Slots.capacity {
      readings[Place.firstSlot + index - range.lowerBound] = readings[Int(program.slots[index])]
      index += 1
    }
  }

  /// The first fields that were looked back at, to be kept with a sequel.
  func slots(_ count: Int) -> Slots {
    var slots = Slots()
    for index in 0..<min(count, Slots.capacity) { slots.set(index, self[Place.firstSlot + index]) }
    return slots
  }

  /// Looks back at a triggering message.
  mutating func recall(_ slots: borrowing Slots, _ count: Int) {
    var index = 0
    while index < min(count, Slots.capacity) {
      let value = slots.value(index)
      set(Place.firstSlot + index, value ?? 0, isPresent: value != nil)
      index += 1
    }
  }
}

/// Where a reading stands in the row.
enum Place {
  static let firstSlot = 0
  private static let firstConversationValue = firstSlot + Slots.capacity
  /// 1: the Home Agent is known to hold no binding.
  static let unbound = firstConversationValue + ConversationValue.allCases.count
  /// 1: nothing is wrong anywhere in the frame.
  static let sound = unbound + 1
  /// Present where the message has options; which ones, `Facts.options` tells.
  static let options = sound + 1
  private static let firstManner = options + 1
  static let firstField = firstManner + Manner.allCases.count

  static func of(_ manner: Manner) -> Int {
    switch manner {
    case .protection: firstManner
    case .repeated: firstManner + 1
    case .encapsulation: firstManner + 2
    }
  }

  static func manner(at place: Int) -> Manner? { Manner.allCases.first { of($0) == place } }

  static func of(_ value: ConversationValue) -> Int {
    switch value {
    case .home: firstConversationValue
    case .careOf: firstConversationValue + 1
    case .homeAgent: firstConversationValue + 2
    case .lastAcceptedSequence: firstConversationValue + 3
    case .outstandingRevocation: firstConversationValue + 4
    case .outstandingUpdate: firstConversationValue + 5
    case .updateSource: firstConversationValue + 6
    }
  }
}

/// Values of the triggering message that a sequel looks back at.
struct Slots: Sendable {
  static let capacity = 8
  private var values: InlineArray<8, UInt128> = InlineArray(repeating: 0)
  private var present: UInt8 = 0

  func value(_ index: Int) -> UInt128? {
    guard index >= 0, index < Self.capacity, present & 1 << UInt8(index) != 0 else { return nil }
    return values[index]
  }

  mutating func set(_ index: Int, _ value: UInt128?) {
    guard let value, index < Self.capacity else { return }
    values[index] = value
    present |= 1 << UInt8(index)
  }
}
