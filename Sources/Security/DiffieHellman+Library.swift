internal import COpenSSL

/// Powers of numbers modulo the prime of a MODP group, of which the generator is 2.
enum FiniteField {
  /// - Parameter base: nil for the generator. Throws `peerValue` unless it, and the result, is between 2 and the prime less 2.
  static func power(_ group: DiffieHellmanGroup, _ base: [UInt8]?, _ exponent: [UInt8]) throws(SecurityError) -> [UInt8] {
    let pool = Pool()
    defer { pool.drain() }
    // OpenSSL has no named group for the 1024-bit prime, only the prime.
    let prime = unsafe try pool.own(group == .modp1024 ? BN_get_rfc2409_prime_1024(nil) : BN_get_rfc3526_prime_2048(nil), BN_free)
    let one = unsafe try pool.number([1])
    let last = unsafe try pool.number()
    try check(unsafe BN_sub(last, prime, one))
    func isInside(_ number: OpaquePointer) -> Bool { unsafe BN_cmp(number, one) > 0 && BN_cmp(number, last) < 0 }

    let base = unsafe try pool.number(base ?? [2])
    guard unsafe isInside(base) else { throw .peerValue }
    let result = unsafe try pool.number()
    try check(unsafe BN_mod_exp(result, base, pool.number(exponent), prime, pool.scratch()))
    guard unsafe isInside(result) else { throw .peerValue }
    return unsafe try [UInt8](number: result, count: group.publicValueLength)
  }
}

/// The curve P-256, its points as RFC 5903 writes them: x and y, 32 octets each.
@safe struct P256 {
  let pool: Pool
  let group: OpaquePointer
  let scratch: OpaquePointer

  /// Good until the pool is drained.
  init(_ pool: Pool) throws(SecurityError) {
    self.pool = pool
    unsafe group = try pool.own(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1), EC_GROUP_free)
    unsafe scratch = try pool.scratch()
  }

  /// - Parameter point: nil for the generator. Throws `peerValue` for what is no point of the curve, and for a factor that gives infinity.
  func multiply(_ point: [UInt8]?, by factor: [UInt8]) throws(SecurityError) -> [UInt8] {
    let factor = unsafe try pool.number(factor)
    let base = unsafe try pool.own(EC_POINT_new(group), EC_POINT_free)
    let result = unsafe try pool.own(EC_POINT_new(group), EC_POINT_free)
    if let point {
      let encoded = [4] + point
      guard unsafe EC_POINT_oct2point(group, base, encoded, encoded.count, scratch) == 1 else {
        ERR_clear_error()
        throw .peerValue
      }
      try check(unsafe EC_POINT_mul(group, result, nil, base, factor, scratch))
    } else {
      try check(unsafe EC_POINT_mul(group, result, factor, nil, nil, scratch))
    }
    guard unsafe EC_POINT_is_at_infinity(group, result) == 0 else { throw .peerValue }
    var out = [UInt8](repeating: 0, count: 65)
    guard unsafe EC_POINT_point2oct(group, result, POINT_CONVERSION_UNCOMPRESSED, &out, out.count, scratch) == out.count else {
      throw .library()
    }
    return Array(out.dropFirst())
  }

  static func multiply(_ point: [UInt8]?, by factor: [UInt8]) throws(SecurityError) -> [UInt8] {
    let pool = Pool()
    defer { pool.drain() }
    return try P256(pool).multiply(point, by: factor)
  }
}

/// RFC 7748 5, by OpenSSL.
enum X25519 {
  static func publicValue(_ privateKey: [UInt8]) throws(SecurityError) -> [UInt8] {
    let pool = Pool()
    defer { pool.drain() }
    let key = unsafe try pool.own(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nil, privateKey, privateKey.count), EVP_PKEY_free)
    var out = [UInt8](repeating: 0, count: 32)
    var size = out.count
    try check(unsafe EVP_PKEY_get_raw_public_key(key, &out, &size))
    return out
  }

  static func sharedSecret(_ privateKey: [UInt8], _ peer: [UInt8]) throws(SecurityError) -> [UInt8] {
    let pool = Pool()
    defer { pool.drain() }
    let key = unsafe try pool.own(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nil, privateKey, privateKey.count), EVP_PKEY_free)
    let other = unsafe try pool.own(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nil, peer, peer.count), EVP_PKEY_free)
    let context = unsafe try pool.own(EVP_PKEY_CTX_new(key, nil), EVP_PKEY_CTX_free)
    try check(unsafe EVP_PKEY_derive_init(context))
    try check(unsafe EVP_PKEY_derive_set_peer(context, other))
    var out = [UInt8](repeating: 0, count: 32)
    var size = out.count
    // It refuses a result of zeros, which only a point of small order gives.
    guard unsafe EVP_PKEY_derive(context, &out, &size) == 1 else {
      ERR_clear_error()
      throw .peerValue
    }
    return out
  }
}
