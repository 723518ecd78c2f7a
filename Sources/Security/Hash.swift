internal import COpenSSL

/// A hash function (FIPS 180-4), with its number in SIGNATURE_HASH_ALGORITHMS (RFC 7427 7).
package enum Hash: UInt16, Sendable, CaseIterable {
  case sha1 = 1
  case sha256, sha384, sha512

  /// Octets of the result.
  package var length: Int {
    switch self {
    case .sha1: 20
    case .sha256: 32
    case .sha384: 48
    case .sha512: 64
    }
  }

  var library: OpaquePointer? {
    switch self {
    case .sha1: unsafe EVP_sha1()
    case .sha256: unsafe EVP_sha256()
    case .sha384: unsafe EVP_sha384()
    case .sha512: unsafe EVP_sha512()
    }
  }

  /// The hash of some octets.
  package func callAsFunction(_ data: [UInt8]) throws(SecurityError) -> [UInt8] {
    var out = [UInt8](repeating: 0, count: length)
    try check(unsafe EVP_Digest(data, data.count, &out, nil, library, nil))
    return out
  }

  /// HMAC (RFC 2104) over some octets, whole.
  func hmac(key: [UInt8], _ data: [UInt8]) throws(SecurityError) -> [UInt8] {
    var out = [UInt8](repeating: 0, count: length)
    // Without a key OpenSSL would take the one of a call before; HMAC pads with zeros, so one zero is the same as none.
    let key = key.isEmpty ? [0] : key
    guard let size = Int32(exactly: key.count), unsafe HMAC(library, key, size, data, data.count, &out, nil) != nil else {
      throw .library()
    }
    return out
  }
}
