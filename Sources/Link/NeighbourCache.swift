import Wire

/// The link-layer addresses of neighbours, and the frames that wait for them. It sends nothing itself.
struct NeighbourCache: Sendable {
  /// RFC 4861 10: RETRANS_TIMER and MAX_MULTICAST_SOLICIT.
  static let retransmission = Interval.seconds(1)
  static let tries = 3
  /// Frames that wait for one neighbour; the oldest goes first, as RFC 4861 7.2.2 wants.
  static let waitingFrames = 8
  /// So that nobody on the link can make the table grow.
  static let mostEntries = 4_096

  struct Key: Hashable, Sendable {
    var port: Int
    /// An IPv4 address stands in the low 32 bits.
    var address: UInt128
    var isIPv4: Bool
  }

  private struct Search: Sendable {
    var asked: Int
    var next: Instant
    var source: UInt128
    var waiting: [[UInt8]]
  }

  private var known: [Key: MACAddress] = [:]
  private var searches: [Key: Search] = [:]
  /// Neighbours that did not answer, in the order in which they were given up.
  private(set) var unanswered: [Key] = []
  /// Frames that were dropped because their neighbour did not answer, or because too many waited.
  private(set) var dropped = 0

  func address(of key: Key) -> MACAddress? { known[key] }

  var nextDeadline: Instant { searches.values.reduce(.distantFuture) { min($0, $1.next) } }

  /// Notes an address that the neighbour announced; returns the frames that waited for it.
  /// - Parameter onlyUpdate: a neighbour that nobody looks for and nobody knows is not added.
  mutating func learn(_ key: Key, _ address: MACAddress, onlyUpdate: Bool) -> [[UInt8]] {
    let search = searches.removeValue(forKey: key)
    if search != nil || known[key] != nil || (!onlyUpdate && known.count < Self.mostEntries) { known[key] = address }
    return search?.waiting ?? []
  }

  mutating func forget(_ key: Key) { known[key] = nil }

  /// Keeps a frame until the neighbour answers. True if the neighbour is to be asked now.
  mutating func wait(_ key: Key, _ frame: [UInt8], source: UInt128, at now: Instant) -> Bool {
    if searches[key] != nil {
      if let count = searches[key]?.waiting.count, count >= Self.waitingFrames {
        searches[key]?.waiting.removeFirst()
        dropped += 1
      }
      searches[key]?.waiting.append(frame)
      return false
    }
    guard searches.count < Self.mostEntries else {
      dropped += 1
      return false
    }
    searches[key] = Search(asked: 1, next: now + Self.retransmission, source: source, waiting: [frame])
    return true
  }

  /// The neighbours to be asked again now, in a fixed order, and from which address; those asked often enough are given up.
  mutating func due(at now: Instant) -> [(key: Key, source: UInt128)] {
    var again: [(key: Key, source: UInt128)] = []
    let keys = searches.filter { $0.value.next <= now }.keys.sorted { ($0.port, $0.address) < ($1.port, $1.address) }
    for key in keys {
      guard let search = searches[key] else { continue }
      if search.asked >= Self.tries {
        searches[key] = nil
        dropped += search.waiting.count
        if unanswered.count < Self.mostEntries { unanswered.append(key) }
      } else {
        searches[key]?.asked += 1
        searches[key]?.next = now + Self.retransmission
        again.append((key, search.source))
      }
    }
    return again
  }
}
