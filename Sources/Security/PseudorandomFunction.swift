/// A pseudo-random function of IKEv2 (RFC 7296 3.3.2, transform type 2).
package enum PseudorandomFunction: UInt16, Hashable, Sendable {
  /// RFC 2104.
  case hmacSHA1 = 2
  /// RFC 4434.
  case aesXCBC = 4
  /// RFC 4868.
  case hmacSHA2_256 = 5

  /// The Transform ID.
  package var transformID: UInt16 { rawValue }

  /// Octets of a key of preferred length (RFC 7296 2.13), which is also the length of the result.
  package var preferredKeyLength: Int {
    switch self {
    case .hmacSHA1: 20
    case .aesXCBC: 16
    case .hmacSHA2_256: 32
    }
  }

  /// prf(key, data).
  ///
  /// - Parameter key: of any length; AES-XCBC pads a shorter one with zeros and hashes a longer one (RFC 4434 2).
  package func callAsFunction(key: [UInt8], data: [UInt8]) throws(SecurityError) -> [UInt8] {
    switch self {
    case .hmacSHA1: return try Hash.sha1.hmac(key: key, data)
    case .hmacSHA2_256: return try Hash.sha256.hmac(key: key, data)
    case .aesXCBC:
      let fitted =
        key.count > 16
        ? try AESXCBC(key: [UInt8](repeating: 0, count: 16)).mac(key) : key + [UInt8](repeating: 0, count: 16 - key.count)
      return try AESXCBC(key: fitted).mac(data)
    }
  }

  /// prf+(key, seed) (RFC 7296 2.13).
  ///
  /// - Parameter length: octets wanted, at most 255 results of the function.
  package func expand(key: [UInt8], seed: [UInt8], length: Int) throws(SecurityError) -> [UInt8] {
    guard (0...255 * preferredKeyLength).contains(length) else {
      throw .length(of: "keying material", expected: 255 * preferredKeyLength, got: length)
    }
    var out: [UInt8] = []
    var last: [UInt8] = []
    var count: UInt8 = 0
    while out.count < length {
      count += 1
      last = try self(key: key, data: last + seed + [count])
      out += last
    }
    return Array(out.prefix(length))
  }
}
