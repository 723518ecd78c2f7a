import Synchronization

/// What an ESP packet carries (RFC 4301 3.2).
package enum ESPMode: Hashable, Sendable {
  /// The upper layer of the packet's own IP header: the Mobility Header of a binding's signalling.
  case transport
  /// A whole IP packet.
  case tunnel
}

/// One ESP security association, in one direction (RFC 4301 4.4.2): a value. `KeptKeys` holds what OpenSSL made of its keys.
package struct SecurityAssociation: Hashable, Sendable {
  package var spi: UInt32
  package var keys: ESPKeys
  package var mode: ESPMode
  /// The sequence number that was sent last, 0 before the first (RFC 4303 2.2).
  package var sequence: UInt32 = 0
  /// What was received; nil where replays are let through, as an observer does.
  package var replay: ReplayWindow?

  /// - Parameter checksReplay: whether opening refuses what was received before.
  package init(spi: UInt32, _ keys: ESPKeys, _ mode: ESPMode, checksReplay: Bool = true) {
    self.spi = spi
    self.keys = keys
    self.mode = mode
    replay = checksReplay ? ReplayWindow() : nil
  }
}

/// What OpenSSL made of keys, kept from packet to packet: setting up a key costs about what a packet costs.
///
/// It holds no state of its own that matters: without it everything is the same, only slower. What uses one pair has the lock, so that the
/// copies of a value that holds it may be anywhere.
package final class KeptKeys: @unchecked Sendable {
  private let lock = Mutex(())
  /// More than the security associations of a run; a device that makes ever new ones cannot make this grow.
  private let limit: Int
  private var kept: [ESPKeys: (cipher: Cipher, mac: MAC)] = [:]
  private var last: (keys: ESPKeys, pair: (cipher: Cipher, mac: MAC))?

  /// - Parameter limit: how many are kept at most; one more, and all are forgotten.
  package init(limit: Int = 32_768) { self.limit = limit }

  /// How many are kept.
  package var count: Int { lock.withLock { _ in kept.count } }

  /// Lets go of one, when its security association is deleted.
  package func forget(_ keys: ESPKeys) {
    lock.withLock { _ in
      kept[keys] = nil
      last = nil
    }
  }

  /// Does something with what OpenSSL made of keys.
  func with(_ keys: ESPKeys, _ body: (Cipher, MAC) throws(SecurityError) -> Void) throws(SecurityError) {
    try lock.withLock { _ throws(SecurityError) in
      let (cipher, mac) = try pair(keys)
      try body(cipher, mac)
    }
  }

  private func pair(_ keys: ESPKeys) throws(SecurityError) -> (cipher: Cipher, mac: MAC) {
    if let last, last.keys == keys { return last.pair }
    if let known = kept[keys] {
      last = (keys: keys, pair: known)
      return known
    }
    let pair = (cipher: try Cipher(keys.encryption, key: keys.encryptionKey), mac: try MAC(keys.integrity, key: keys.integrityKey))
    if kept.count >= limit { kept.removeAll() }
    kept[keys] = pair
    last = (keys: keys, pair: pair)
    return pair
  }
}
