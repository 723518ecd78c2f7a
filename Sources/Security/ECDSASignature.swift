internal import COpenSSL

/// A signature on P-256: two numbers below the curve's order.
struct ECDSASignature {
  /// r and s, 32 octets each, as AUTH method 9 carries them (RFC 4754 7).
  let plain: [UInt8]

  init(plain: [UInt8]) throws(SecurityError) {
    guard plain.count == 64 else { throw .length(of: "ECDSA signature", expected: 64, got: plain.count) }
    self.plain = plain
  }

  /// - Parameter der: an ECDSA-Sig-Value (RFC 3279 2.2.3).
  init(der: [UInt8]) throws(SecurityError) {
    let pool = Pool()
    defer { pool.drain() }
    let signature = unsafe try pool.own(der.read { unsafe d2i_ECDSA_SIG(nil, $0, $1) }, ECDSA_SIG_free)
    plain = unsafe try [UInt8](number: ECDSA_SIG_get0_r(signature), count: 32) + [UInt8](number: ECDSA_SIG_get0_s(signature), count: 32)
  }

  /// As an ECDSA-Sig-Value.
  var der: [UInt8] {
    get throws(SecurityError) {
      let pool = Pool()
      defer { pool.drain() }
      let signature = unsafe try pool.own(ECDSA_SIG_new(), ECDSA_SIG_free)
      let (r, s) = (Array(plain.prefix(32)), Array(plain.suffix(32)))
      // The signature owns both numbers once it has taken them, and it only refuses nil.
      try check(unsafe ECDSA_SIG_set0(signature, BN_bin2bn(r, 32, nil), BN_bin2bn(s, 32, nil)))
      return unsafe try .written { unsafe i2d_ECDSA_SIG(signature, $0) }
    }
  }

  /// Signs with a nonce that follows from key and octets (RFC 6979 3.2), which OpenSSL 3.0 cannot: a run can be made again.
  ///
  /// - Parameter key: 32 octets, big-endian.
  init(_ data: [UInt8], _ hash: Hash, key: [UInt8]) throws(SecurityError) {
    let pool = Pool()
    defer { pool.drain() }
    let curve = try P256(pool)
    let scratch = unsafe curve.scratch
    let order = unsafe EC_GROUP_get0_order(curve.group)
    let secret = unsafe try pool.number(key)
    let digest = unsafe try pool.number()
    // RFC 6979 2.3.2: of a longer hash the leftmost 256 bits.
    try check(unsafe BN_nnmod(digest, pool.number(Array(hash(data).prefix(32))), order, scratch))
    var nonces = unsafe try DeterministicNonces(hash, key: key, digest: [UInt8](number: digest, count: 32))
    let (r, s, inverse) = unsafe (try pool.number(), try pool.number(), try pool.number())
    while true {
      let nonce = try nonces.next()
      let k = unsafe try pool.number(nonce)
      guard unsafe BN_is_zero(k) == 0, unsafe BN_cmp(k, order) < 0 else { continue }
      try check(unsafe BN_nnmod(r, pool.number(Array(curve.multiply(nil, by: nonce).prefix(32))), order, scratch))
      guard unsafe BN_is_zero(r) == 0, unsafe BN_mod_inverse(inverse, k, order, scratch) != nil else { continue }
      try check(unsafe BN_mod_mul(s, r, secret, order, scratch))
      try check(unsafe BN_mod_add(s, s, digest, order, scratch))
      try check(unsafe BN_mod_mul(s, s, inverse, order, scratch))
      guard unsafe BN_is_zero(s) == 0 else { continue }
      plain = unsafe try [UInt8](number: r, count: 32) + [UInt8](number: s, count: 32)
      return
    }
  }
}

/// The candidates for k of RFC 6979 3.2, 256 bits each.
struct DeterministicNonces {
  private let hash: Hash
  private var key: [UInt8]
  private var value: [UInt8]
  private var isFirst = true

  init(_ hash: Hash, key secret: [UInt8], digest: [UInt8]) throws(SecurityError) {
    self.hash = hash
    key = [UInt8](repeating: 0, count: hash.length)
    value = [UInt8](repeating: 1, count: hash.length)
    for octet in [UInt8(0), 1] {
      key = try hash.hmac(key: key, value + [octet] + secret + digest)
      value = try hash.hmac(key: key, value)
    }
  }

  mutating func next() throws(SecurityError) -> [UInt8] {
    if !isFirst {
      key = try hash.hmac(key: key, value + [0])
      value = try hash.hmac(key: key, value)
    }
    isFirst = false
    var out: [UInt8] = []
    while out.count < 32 {
      value = try hash.hmac(key: key, value)
      out += value
    }
    return Array(out.prefix(32))
  }
}
