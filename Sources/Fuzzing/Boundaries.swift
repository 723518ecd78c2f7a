import Wire

/// The values in which a field is tried.
enum Boundaries {
  /// Boundary values first, then the rest of the values of a field that has few; each once.
  static func values(of path: FieldPath, _ field: Field) -> [(value: FuzzValue, isBoundary: Bool)] {
    if field.presentation == .ipv6 { return FuzzAddress.allCases.map { (.address($0), true) } }
    let maximum = field.range.maximum
    let middle = maximum / 2
    var edges: [UInt128] = [0, 1, maximum, maximum &- 1, middle, middle &+ 1]
    // Two at one end are too many for a field of one bit.
    if field.range.width > 2 { edges += [2, middle &- 1, middle &+ 2] }
    for meaning in field.meanings.keys.sorted() {
      let value = UInt128(meaning)
      edges += [value, value &+ 1] + (value > 0 ? [value - 1] : [])
    }
    if field.range.width <= 32 { edges += (0..<field.range.width).map { 1 << UInt128($0) } }
    var values: [(value: FuzzValue, isBoundary: Bool)] = []
    var seen: Set<UInt128> = []
    for value in edges where value <= maximum && seen.insert(value).inserted { values.append((.number(value), true)) }
    if field.range.width > 2 { values += offsets(field).map { (.plus($0), true) } }
    if field.range.width <= 8 {
      for value in 0...maximum where seen.insert(value).inserted { values.append((.number(value), false)) }
    }
    return values
  }

  /// Steps from the right value: next to it, and, for numbers that are compared modulo 2^16, half a circle away.
  private static func offsets(_ field: Field) -> [Int] {
    let near = [1, -1, 2, -2, 8, -8]
    guard field.range.width == 16, field.computed == .no else { return near }
    let half = 1 << 15
    return near + [half - 2, half - 1, half, half + 1]
  }

  /// What is done to the options of a message.
  static func options(of message: LayerKind) -> [OptionChange] {
    var changes: [OptionChange] = [
      .added(type: 200, length: 2), .added(type: 255, length: 2), .pad1(4), .padNonZero, .overrun(100), .overrun(255),
      .added(type: 200, length: 0), .added(type: 127, length: 30), .pad1(100), .many(30), .added(type: 29, length: 6), .overrun(5),
    ]
    if message == .bu { changes += [.added(type: 4, length: 4), .authorizationFirst] }
    return changes
  }
}
