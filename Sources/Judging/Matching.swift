import Wire

/// What a template is held against.
struct Observation {
  var kind: MessageKind
  var from: Role
  var time: Instant
  var frame: Int
}

extension Program {
  /// The first of the tests that does not hold; -1 when all do.
  @inline(__always)
  func firstFailing(_ range: Range<Int>, _ facts: borrowing Facts) -> Int {
    var index = range.lowerBound
    while index < range.upperBound {
      if !holds(tests, index, facts) { return index }
      index &+= 1
    }
    return -1
  }

  func holds(_ tests: [CompiledTest], _ index: Int, _ facts: borrowing Facts) -> Bool {
    let operation = tests[index].operation
    let reading = facts.readings[Int(tests[index].place)]
    switch operation {
    case .any: return true
    case .absent: return !reading.isPresent
    case .wrong: return reading.isWrong
    case .only: return facts.options.isSubset(of: optionTypes[Int(tests[index].types)])
    case .contains: return !facts.options.isDisjoint(with: optionTypes[Int(tests[index].types)])
    case .excludes: return facts.options.isDisjoint(with: optionTypes[Int(tests[index].types)])
    default: break
    }
    guard reading.isPresent else { return false }
    switch operation {
    case .correct: return !reading.isWrong
    case .oneOf: return isAmong(reading.value, tests[index])
    case .noneOf: return !isAmong(reading.value, tests[index])
    case .any, .present, .absent, .wrong, .only, .contains, .excludes: return true
    default: break
    }
    let other = facts.readings[Int(tests[index].other)]
    // Where no binding is there, any number will do (RFC 6275 9.5.1).
    if operation == .serialAfterAccepted, facts.readings[Place.unbound].value == 1 { return true }
    guard other.isPresent else { return false }
    switch operation {
    case .equals: return reading.value == other.value
    case .unequal: return reading.value != other.value
    case .notAfterAccepted:
      return !Self.isSerial(UInt16(truncatingIfNeeded: reading.value), after: UInt16(truncatingIfNeeded: other.value))
    default: return Self.isSerial(UInt16(truncatingIfNeeded: reading.value), after: UInt16(truncatingIfNeeded: other.value))
    }
  }

  @inline(__always) private func isAmong(_ value: UInt128, _ test: CompiledTest) -> Bool {
    var index = Int(test.first)
    let end = index &+ Int(test.count)
    while index < end {
      if ranges[index].contains(value) { return true }
      index &+= 1
    }
    return false
  }

  /// Greater modulo 2^16: neither equal nor among the 32,768 values before (RFC 6275 9.5.1).
  static func isSerial(_ value: UInt16, after other: UInt16) -> Bool { value != other && value &- other < 32768 }

  /// A message that can be the answer to the triggering one.
  static func answers(_ kind: MessageKind, _ trigger: MessageKind) -> Bool {
    switch kind {
    case .be, .icmpv6: true
    case .bra: trigger == .bri || trigger == .mh
    case .ba: trigger == .bu || trigger == .mh
    default: false
    }
  }

  // MARK: For people

  /// The field that a test is about; nil where it is about no field.
  func path(_ test: Int) -> FieldPath? { fields.path(at: Int(tests[test].place)) }

  /// What a test asks for.
  func expected(_ index: Int, _ facts: borrowing Facts, _ dialect: Dialect) -> String {
    let test = tests[index]
    let field = path(index)?.field(in: dialect)
    let other = test.other >= 0 ? facts[Int(test.other)].map { field?.text($0) ?? "\($0)" } : nil
    let manner = Place.manner(at: Int(test.place))
    func text(_ value: UInt128) -> String { manner?.word(value) ?? field?.text(value) ?? "\(value)" }
    func list() -> String {
      (Int(test.first)..<Int(test.first + test.count)).map { position in
        let range = ranges[position]
        return range.lowerBound == range.upperBound ? text(range.lowerBound) : "\(text(range.lowerBound))…\(text(range.upperBound))"
      }.joined(separator: " or ")
    }
    if Int(test.place) == Place.sound { return ranges[Int(test.first)].contains(1) ? "correct" : "wrong" }
    switch test.operation {
    case .any: return "anything"
    case .present: return "present"
    case .absent: return "absent"
    case .oneOf: return list()
    case .noneOf: return "anything but \(list())"
    case .equals:
      if let value = test.value { return "\(other ?? "?") (\(value.rawValue))" }
      return other ?? "the value of the message that it answers"
    case .unequal: return "anything but \(other ?? (test.value == nil ? "the value of the message that it answers" : "?"))"
    case .serialAfter: return "a number after \(other ?? "the earlier one")"
    case .serialAfterAccepted: return "a number after \(accepted(facts))"
    case .notAfterAccepted: return "a number not after \(accepted(facts))"
    case .correct: return "correct"
    case .wrong: return "wrong"
    case .only: return "no option but types \(list())"
    case .contains: return "an option of type \(list())"
    case .excludes: return "no option of type \(list())"
    }
  }

  private func accepted(_ facts: borrowing Facts) -> String {
    facts[Place.of(.lastAcceptedSequence)].map { "\($0)" } ?? "the last accepted"
  }

  /// What the message has there.
  func seen(_ index: Int, _ bytes: Span<UInt8>, _ facts: borrowing Facts, _ dissection: inout Dissection) -> String {
    guard let path = path(index) else {
      if let manner = Place.manner(at: Int(tests[index].place)) {
        return facts[Int(tests[index].place)].map { manner.word($0) } ?? "nothing to tell \(manner.rawValue) by"
      }
      if Int(tests[index].place) == Place.sound { return dissection.isSound ? "correct" : "wrong" }
      var types: [String] = []
      dissection.forEachOption(in: bytes) { _, offset, _ in types.append("\(bytes[offset])") }
      return types.isEmpty ? "no option" : "options of type \(types.joined(separator: ", "))"
    }
    guard let value = dissection.value(path, in: bytes) else { return "absent" }
    let dialect = dissection.layer(path.kind)?.dialect ?? .rfc5846
    return path.field(in: dialect)?.text(value) ?? "\(value)"
  }
}
