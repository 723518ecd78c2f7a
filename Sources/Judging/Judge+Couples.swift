extension Judge {
  /// The assertions of pairs of rules with the same sentences, one beside the other, for any judge of the same suite and profile.
  package func couples(_ pairs: [(rule: String, other: String)]) -> Couples {
    var couples = Couples(count: pairs.count)
    for (index, pair) in pairs.enumerated() {
      let (own, other) = (monitor.assertions(ofRule: pair.rule), monitor.assertions(ofRule: pair.other))
      if own.count != other.count { couples.uneven.append(index) }
      couples.all += zip(own, other).map { (index, $0, $1) }
    }
    return couples
  }

  package struct Couples: Sendable {
    fileprivate var count: Int
    fileprivate var all: [(pair: Int, own: Int, other: Int)] = []
    /// Pairs of which one rule has more assertions.
    fileprivate var uneven: [Int] = []
  }

  /// Which of the pairs decided differently: whether their assertions were reached, broken or left open, by case, and of which bindings they
  /// were broken. To be asked once the stream has ended.
  ///
  /// - Returns: one answer a pair.
  package func differing(_ couples: Couples) -> [Bool] {
    let breaches = monitor.findingIndex.keys.filter { $0.verdict == .fail || $0.verdict == .warning }.map {
      Monitor.Breach(assertion: $0.assertion, conversation: $0.conversation, lease: $0.lease)
    }
    var broken = [Set<Place>](repeating: [], count: monitor.tallies.count)
    for breach in breaches + monitor.breachesAside {
      broken[breach.assertion].insert(Place(conversation: breach.conversation, lease: breach.lease))
    }
    var differs = [Bool](repeating: false, count: couples.count)
    for index in couples.uneven { differs[index] = true }
    for couple in couples.all where broken[couple.own] != broken[couple.other] { differs[couple.pair] = true }
    for lease in monitor.leases {
      let tallies = lease.tallies
      for couple in couples.all where tallies[couple.own].verdict != tallies[couple.other].verdict { differs[couple.pair] = true }
    }
    return differs
  }

  private struct Place: Hashable {
    var conversation: Int32
    var lease: Int32
  }

  /// Every assertion that stands, in the order of `decided`.
  package var assertionIDs: [AssertionID] {
    monitor.results.map { AssertionID(rule: $0.assertion.rule, requirement: $0.assertion.requirement) }
  }

  /// How often each assertion was decided.
  package var decided: [Int] { monitor.tallies.map(\.reached) }
}
