internal import COpenSSL

/// An integrity algorithm with its key set up once.
///
/// Not Sendable: whoever seals and opens owns it.
@safe package final class MAC {
  package let algorithm: IntegrityAlgorithm
  private let hmac: OpaquePointer?
  private let xcbc: AESXCBC?
  private var whole = [UInt8](repeating: 0, count: 32)

  /// - Parameter key: `keyLength` octets.
  package init(_ algorithm: IntegrityAlgorithm, key: [UInt8]) throws(SecurityError) {
    guard key.count == algorithm.keyLength else { throw .length(of: "integrity key", expected: algorithm.keyLength, got: key.count) }
    self.algorithm = algorithm
    xcbc = algorithm == .aesXCBC96 ? try AESXCBC(key: key) : nil
    guard let hash = algorithm.hash else {
      unsafe hmac = nil
      return
    }
    let pool = Pool()
    defer { pool.drain() }
    let implementation = unsafe try pool.own(EVP_MAC_fetch(nil, "HMAC", nil), EVP_MAC_free)
    unsafe hmac = EVP_MAC_CTX_new(implementation)
    guard unsafe hmac != nil else { throw .library() }
    try check(unsafe copenssl_hmac_init(hmac, key, key.count, hash))
  }

  deinit { unsafe EVP_MAC_CTX_free(hmac) }

  /// Writes the integrity check value of some of the octets right behind them, or says whether it stands there.
  ///
  /// - Parameter covered: what it is over; `icvLength` octets follow.
  package func write(_ bytes: inout [UInt8], over covered: Range<Int>) throws(SecurityError) {
    try compute(bytes, covered)
    for index in 0..<algorithm.icvLength { bytes[covered.upperBound &+ index] = whole[index] }
  }

  /// Throws `integrity` unless the integrity check value of these octets stands right behind them.
  package func verify(_ bytes: [UInt8], over covered: Range<Int>) throws(SecurityError) {
    try compute(bytes, covered)
    var difference: UInt8 = 0
    for index in 0..<algorithm.icvLength { difference |= whole[index] ^ bytes[covered.upperBound &+ index] }
    guard difference == 0 else { throw .integrity }
  }

  private func compute(_ bytes: [UInt8], _ covered: Range<Int>) throws(SecurityError) {
    guard covered.lowerBound >= 0, covered.upperBound <= bytes.count &- algorithm.icvLength else { throw .tooShort }
    if let xcbc {
      whole = try xcbc.mac(bytes[covered])
    } else if unsafe hmac != nil {
      // Without a key: with the one that it has.
      try check(unsafe EVP_MAC_init(hmac, nil, 0, nil))
      let span = bytes.span.extracting(covered)
      try check(unsafe span.withUnsafeBufferPointer { unsafe EVP_MAC_update(hmac, $0.baseAddress, $0.count) })
      var size = 0
      try check(unsafe EVP_MAC_final(hmac, &whole, &size, whole.count))
    }
  }
}

extension IntegrityAlgorithm {
  /// OpenSSL's name for the hash of an HMAC.
  fileprivate var hash: String? {
    switch self {
    case .hmacSHA1_96: "SHA1"
    case .hmacSHA2_256_128: "SHA256"
    case .none, .aesXCBC96: nil
    }
  }
}
