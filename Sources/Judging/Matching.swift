import Wire

/// What a template is held against.
struct Observation {
  var kind: MessageKind
  var from: Role
  var time: Instant
  var frame: Int
}

/// Values of the triggering message that a sequel looks back at.
struct Slots: Sendable {
  var values: InlineArray<8, UInt128> = InlineArray(repeating: 0)
  var present: UInt8 = 0

  func value(_ index: Int32) -> UInt128? {
    guard index >= 0, index < 8, present & 1 << UInt8(index) != 0 else { return nil }
    return values[Int(index)]
  }

  mutating func set(_ index: Int, _ value: UInt128?) {
    guard let value, index < 8 else { return }
    values[index] = value
    present |= 1 << UInt8(index)
  }
}

extension Program {
  /// Takes down the fields of the triggering message that its own sentences and its sequels look back at.
  @inline(__always)
  func remember(_ paths: Range<Int>, _ bytes: Span<UInt8>, _ dissection: Dissection) -> Slots {
    var values = Slots()
    var index = paths.lowerBound
    while index < paths.upperBound {
      values.set(index &- paths.lowerBound, dissection.value(slots[index], in: bytes))
      index &+= 1
    }
    return values
  }

  /// The first of the tests that does not hold; -1 when all do.
  @inline(__always)
  func firstFailing(
    _ range: Range<Int>, _ bytes: Span<UInt8>, _ dissection: Dissection, _ slots: Slots, _ conversation: Conversation
  ) -> Int {
    var index = range.lowerBound
    while index < range.upperBound {
      if !holds(index, bytes, dissection, slots, conversation) { return index }
      index &+= 1
    }
    return -1
  }

  func holds(
    _ index: Int, _ bytes: Span<UInt8>, _ dissection: Dissection, _ slots: Slots, _ conversation: Conversation
  ) -> Bool {
    let test = tests[index]
    switch test.target {
    case .sound: return dissection.isSound == (test.operation == .yes)
    case .options: return optionsHold(test, bytes, dissection)
    case .field: break
    }
    switch test.operation {
    case .any: return true
    case .correct: return dissection.value(test.path, in: bytes) != nil && !dissection.isWrong(test.path)
    case .wrong: return dissection.isWrong(test.path)
    case .absent: return dissection.value(test.path, in: bytes) == nil
    default: break
    }
    guard let value = dissection.value(test.path, in: bytes) else { return false }
    switch test.operation {
    case .oneOf: return isAmong(value, test)
    case .noneOf: return !isAmong(value, test)
    case .same: return slots.value(test.slot) == value
    case .differs: return slots.value(test.slot).map { $0 != value } ?? false
    case .serialAfter:
      guard let before = slots.value(test.slot) else { return false }
      return Self.isSerial(UInt16(truncatingIfNeeded: value), after: UInt16(truncatingIfNeeded: before))
    case .equals: return conversationValue(test.value, conversation) == value
    case .unequal: return conversationValue(test.value, conversation).map { $0 != value } ?? false
    case .serialAfterAccepted:
      guard conversation.accepted >= 0 else { return conversation.binding == .unbound }
      return conversation.binding == .unbound
        || Self.isSerial(UInt16(truncatingIfNeeded: value), after: UInt16(truncatingIfNeeded: conversation.accepted))
    case .notAfterAccepted:
      guard conversation.accepted >= 0 else { return false }
      return !Self.isSerial(UInt16(truncatingIfNeeded: value), after: UInt16(truncatingIfNeeded: conversation.accepted))
    default: return true
    }
  }

  private func isAmong(_ value: UInt128, _ test: CompiledTest) -> Bool {
    var index = Int(test.first)
    let end = index &+ Int(test.count)
    while index < end {
      if ranges[index].contains(value) { return true }
      index &+= 1
    }
    return false
  }

  private func optionsHold(_ test: CompiledTest, _ bytes: Span<UInt8>, _ dissection: Dissection) -> Bool {
    var all = true
    var some = false
    dissection.forEachOption(in: bytes) { _, offset, _ in
      if isAmong(UInt128(bytes[offset]), test) { some = true } else { all = false }
    }
    switch test.operation {
    case .only: return all
    case .contains: return some
    case .excludes: return !some
    default: return true
    }
  }

  func conversationValue(_ value: ConversationValue, _ conversation: Conversation) -> UInt128? {
    switch value {
    case .home: conversation.home.value
    case .careOf: conversation.careOf.value
    case .homeAgent: conversation.homeAgent.value
    case .lastAcceptedSequence: conversation.accepted >= 0 ? UInt128(conversation.accepted) : nil
    case .outstandingUpdate: conversation.update.isOpen ? UInt128(conversation.update.sequence) : nil
    case .updateSource: conversation.update.isOpen ? conversation.update.source.value : nil
    case .outstandingRevocation: conversation.revocation.isOpen ? UInt128(conversation.revocation.sequence) : nil
    }
  }

  /// Greater modulo 2^16: neither equal nor among the 32,768 values before (RFC 6275 9.5.1).
  static func isSerial(_ value: UInt16, after other: UInt16) -> Bool { value != other && value &- other < 32768 }

  // MARK: For people

  /// What a test asks for.
  func expected(_ index: Int, _ slots: Slots, _ conversation: Conversation, _ dialect: Dialect) -> String {
    let test = tests[index]
    let field = test.target == .field ? test.path.field(in: dialect) : nil
    func text(_ value: UInt128) -> String { field?.text(value) ?? "\(value)" }
    func list() -> String {
      (Int(test.first)..<Int(test.first + test.count)).map { position in
        let range = ranges[position]
        return range.lowerBound == range.upperBound ? text(range.lowerBound) : "\(text(range.lowerBound))…\(text(range.upperBound))"
      }.joined(separator: " or ")
    }
    switch test.operation {
    case .any: return "anything"
    case .present: return "present"
    case .absent: return "absent"
    case .oneOf: return list()
    case .noneOf: return "anything but \(list())"
    case .same: return slots.value(test.slot).map(text) ?? "the value of the message that it answers"
    case .differs: return "anything but \(slots.value(test.slot).map(text) ?? "the value of the message that it answers")"
    case .serialAfter: return "a number after \(slots.value(test.slot).map(text) ?? "the earlier one")"
    case .equals: return "\(conversationValue(test.value, conversation).map(text) ?? "?") (\(test.value.rawValue))"
    case .unequal: return "anything but \(conversationValue(test.value, conversation).map(text) ?? "?")"
    case .serialAfterAccepted: return "a number after \(conversation.accepted)"
    case .notAfterAccepted: return "a number not after \(conversation.accepted)"
    case .correct, .yes: return "correct"
    case .wrong, .no: return "wrong"
    case .only: return "no option but types \(list())"
    case .contains: return "an option of type \(list())"
    case .excludes: return "no option of type \(list())"
    }
  }

  /// What the message has there.
  func seen(_ index: Int, _ bytes: Span<UInt8>, _ dissection: Dissection) -> String {
    let test = tests[index]
    switch test.target {
    case .sound: return dissection.isSound ? "correct" : "wrong"
    case .options:
      var types: [String] = []
      dissection.forEachOption(in: bytes) { _, offset, _ in types.append("\(bytes[offset])") }
      return types.isEmpty ? "no option" : "options of type \(types.joined(separator: ", "))"
    case .field: break
    }
    guard let value = dissection.value(test.path, in: bytes) else { return "absent" }
    let dialect = dissection.layer(test.path.kind)?.dialect ?? .rfc5846
    return test.path.field(in: dialect)?.text(value) ?? "\(value)"
  }
}
