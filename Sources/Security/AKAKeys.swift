internal import COpenSSL

/// The keys of an EAP-AKA authentication (RFC 4187 7).
package struct AKAKeys: Hashable, Sendable {
  /// K_encr, 16 octets.
  package var encryption: [UInt8]
  /// K_aut, 16 octets.
  package var authentication: [UInt8]
  /// MSK, 64 octets: the shared secret of the AUTH payloads that follow (RFC 7296 2.16).
  package var msk: [UInt8]
  /// EMSK, 64 octets.
  package var emsk: [UInt8]

  /// - Parameter identity: as the peer sent it last, in AT_IDENTITY or in EAP-Response/Identity.
  package init(identity: [UInt8], integrityKey: [UInt8], cipherKey: [UInt8]) throws(SecurityError) {
    try self.init(masterKey: Hash.sha1(identity + integrityKey + cipherKey))
  }

  /// - Parameter masterKey: MK, 20 octets.
  package init(masterKey: [UInt8]) throws(SecurityError) {
    guard masterKey.count == 20 else { throw .length(of: "MK", expected: 20, got: masterKey.count) }
    var rest = Self.expanded(masterKey)[...]
    encryption = rest.taken(16)
    authentication = rest.taken(16)
    msk = rest.taken(64)
    emsk = rest.taken(64)
  }

  /// AT_MAC of an EAP packet whose MAC is zero (RFC 4187 10.15), 16 octets.
  package func mac(_ packet: [UInt8]) throws(SecurityError) -> [UInt8] {
    Array(try Hash.sha1.hmac(key: authentication, packet).prefix(16))
  }

  /// 160 octets of the generator of FIPS 186-2, change notice 1, without its reductions modulo q (RFC 4187 A).
  private static func expanded(_ seed: [UInt8]) -> [UInt8] {
    var key = seed
    var out: [UInt8] = []
    for _ in 0..<8 {
      var word = [UInt8](repeating: 0, count: 20)
      unsafe copenssl_sha1_compress(key + [UInt8](repeating: 0, count: 44), &word)
      out += word
      // The key plus the word plus one, modulo 2^160.
      var carry = 1
      for index in key.indices.reversed() {
        carry += Int(key[index]) + Int(word[index])
        key[index] = UInt8(truncatingIfNeeded: carry)
        carry >>= 8
      }
    }
    return out
  }
}
