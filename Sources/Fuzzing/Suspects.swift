/// What broke a rule in the crowd and has still to break it alone.
struct Suspects {
  /// What makes two suspects the same.
  struct Key: Hashable {
    var rule: String
    var requirement: String
    var label: String
    var place: String
  }

  /// Cases that wait to be run alone, with the kind of breach that they showed.
  var pending: [(index: Int, key: Key)] = []
  /// Where a kind's finding stands.
  var confirmed: [Key: Int] = [:]
  private var tries: [Key: Int] = [:]
  /// More of a kind that waits to be looked into.
  private var held: [Key: Int] = [:]
  /// How many cases had been judged when the first of `pending` came.
  private var since = 0

  /// Alone, a case costs the device's whole guard time: after this many of one kind that were lawful alone the others are believed.
  static let maximumTries = 3

  /// Whether it is time to look into them.
  func isUrgent(after cases: Int) -> Bool { pending.count >= 16 || (!pending.isEmpty && cases > since + 2_000) }

  /// Takes a case in. False when enough of its kind have turned out lawful.
  mutating func add(_ index: Int, _ key: Key, after cases: Int) -> Bool {
    if tries[key, default: 0] < Self.maximumTries {
      tries[key, default: 0] += 1
      if pending.isEmpty { since = cases }
      pending.append((index, key))
    } else if pending.contains(where: { $0.key == key }) {
      held[key, default: 0] += 1
    } else {
      return false
    }
    return true
  }

  mutating func take() -> [(index: Int, key: Key)] {
    defer { pending = [] }
    return pending
  }

  /// How many more of a kind there were than were run alone.
  mutating func takeHeld(_ key: Key) -> Int { held.removeValue(forKey: key) ?? 0 }
  mutating func takeHeld() -> Int {
    defer { held = [:] }
    return held.values.reduce(0, +)
  }
}
