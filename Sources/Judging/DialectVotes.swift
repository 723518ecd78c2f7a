package import Wire

/// Tells by a capture's revocations in which layout each Home Agent writes them (design: a dialect is inferred once per Home Agent).
///
/// Behind the checksum RFC 5846 has the B.R. Type, 1 or 2, where draft-01 has the high octet of a sequence number. A number from 0x0100
/// to 0x02ff looks like either; but the draft's BRA repeats it, where RFC 5846 has another type.
package struct DialectVotes: Sendable {
  private struct Count {
    var rfc = 0
    var draft = 0
    var dialect: Dialect { draft > rfc ? .draft01 : .rfc5846 }
  }
  private var counts: [IPv6Address: Count] = [:]
  private static let maximumAddresses = 65_536

  /// The last revocation between two addresses, in a table of fixed size: two pairs in one place lose an answer, and no more.
  private struct Last {
    var source = IPv6Address.unspecified
    var destination = IPv6Address.unspecified
    var word: UInt16 = 0
  }
  private var lasts = ContiguousArray(repeating: Last(), count: 1_024)

  init() {}

  /// - Parameter homeAgent: which of the two it is; nil where nobody knows.
  mutating func count(_ word: UInt16, from source: IPv6Address, to destination: IPv6Address, homeAgent: IPv6Address?) {
    let both = source.value ^ destination.value
    let mixed = UInt64(truncatingIfNeeded: both ^ both >> 64) &* 0x9e37_79b9_7f4a_7c15
    let place = Int(truncatingIfNeeded: mixed >> 54)
    let last = lasts[place]
    lasts[place] = Last(source: source, destination: destination, word: word)
    // A copy says nothing new.
    if last.word == word, last.source.value == source.value, last.destination.value == destination.value { return }
    let isEcho = last.word == word && last.source.value == destination.value && last.destination.value == source.value
    let mayBeRFC = word >> 8 == 1 || word >> 8 == 2
    // An echo takes back what the first of the two seemed to be.
    let vote = isEcho ? (rfc: 0, draft: mayBeRFC ? 2 : 1) : (rfc: mayBeRFC ? 1 : 0, draft: mayBeRFC ? 0 : 1)
    add(vote, homeAgent ?? source)
    if homeAgent == nil { add(vote, destination) }
  }

  private mutating func add(_ vote: (rfc: Int, draft: Int), _ address: IPv6Address) {
    guard counts.count < Self.maximumAddresses || counts[address] != nil else { return }
    counts[address, default: Count()].rfc += vote.rfc
    counts[address, default: Count()].draft += vote.draft
  }

  /// By Home Agent; by both addresses where nobody knows which one it is.
  package var dialects: [IPv6Address: Dialect] { counts.mapValues(\.dialect) }

  /// What most speak; nil where nothing was revoked.
  package var dialect: Dialect? {
    guard !counts.isEmpty else { return nil }
    return counts.values.reduce(into: Count()) {
      $0.rfc += $1.rfc
      $0.draft += $1.draft
    }.dialect
  }
}
