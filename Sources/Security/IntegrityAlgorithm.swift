/// How a message is protected from change (RFC 7296 3.3.2, transform type 3).
package enum IntegrityAlgorithm: UInt16, Hashable, Sendable {
  case none = 0
  /// RFC 2404.
  case hmacSHA1_96 = 2
  /// RFC 3566.
  case aesXCBC96 = 5
  /// RFC 4868.
  case hmacSHA2_256_128 = 12

  /// The Transform ID.
  package var transformID: UInt16 { rawValue }

  /// Octets of keying material.
  package var keyLength: Int {
    switch self {
    case .none: 0
    case .hmacSHA1_96: 20
    case .aesXCBC96: 16
    case .hmacSHA2_256_128: 32
    }
  }

  /// Octets of the integrity check value.
  package var icvLength: Int {
    switch self {
    case .none: 0
    case .hmacSHA1_96, .aesXCBC96: 12
    case .hmacSHA2_256_128: 16
    }
  }

  /// The integrity check value of some octets. Sets up the key for this one call; `MAC` keeps it.
  ///
  /// - Parameter key: `keyLength` octets.
  package func mac(key: [UInt8], _ data: [UInt8]) throws(SecurityError) -> [UInt8] {
    guard key.count == keyLength else { throw .length(of: "integrity key", expected: keyLength, got: key.count) }
    let whole =
      switch self {
      case .none: [UInt8]()
      case .hmacSHA1_96: try Hash.sha1.hmac(key: key, data)
      case .hmacSHA2_256_128: try Hash.sha256.hmac(key: key, data)
      case .aesXCBC96: try AESXCBC(key: key).mac(data)
      }
    return Array(whole.prefix(icvLength))
  }
}
