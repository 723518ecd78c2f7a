/// What kind of key signs.
package enum KeyKind: Hashable, Sendable {
  case rsa
  /// Elliptic curve P-256.
  case p256
}

/// The algorithm in front of a signature of method 14, as an ASN.1 AlgorithmIdentifier (RFC 7427 3, A).
package struct SignatureAlgorithm: Hashable, Sendable {
  package var kind: KeyKind
  package var hash: Hash
  /// RSASSA-PSS (RFC 8017 8.1), with a salt as long as the hash.
  package var isPSS = false

  package init(_ kind: KeyKind, _ hash: Hash) {
    self.kind = kind
    self.hash = hash
  }

  /// The AlgorithmIdentifier, in DER.
  package var identifier: [UInt8] {
    let parts: [UInt8]
    switch (kind, isPSS) {
    // id-RSASSA-PSS; then the hash, MGF1 with it, and the length of the salt.
    case (.rsa, true):
      let digest = Self.sequence([0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, hash.nistArc] + [0x05, 0x00])
      let sha1 = Self.sequence([0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a] + [0x05, 0x00])
      let used = hash == .sha1 ? sha1 : digest
      let mask = Self.sequence([0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08] + used)
      let parameters = Self.tagged(0xa0, used) + Self.tagged(0xa1, mask) + Self.tagged(0xa2, [0x02, 0x01, UInt8(hash.length)])
      parts = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a] + Self.sequence(hash == .sha1 ? [] : parameters)
    // shaXWithRSAEncryption, with parameters NULL.
    case (.rsa, false):
      let last: UInt8 =
        switch hash {
        case .sha1: 5
        case .sha256: 11
        case .sha384: 12
        case .sha512: 13
        }
      parts = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last, 0x05, 0x00]
    // ecdsa-with-SHAx, without parameters.
    case (.p256, _):
      parts =
        switch hash {
        case .sha1: [0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01]
        case .sha256: [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]
        case .sha384: [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03]
        case .sha512: [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04]
        }
    }
    return Self.sequence(parts)
  }

  /// The Authentication Data up to the signature: one octet of length, then the identifier (RFC 7427 3).
  package var prefix: [UInt8] { [UInt8(truncatingIfNeeded: identifier.count)] + identifier }

  /// Every algorithm that is understood.
  static let all: [SignatureAlgorithm] = Hash.allCases.flatMap { hash in
    var pss = SignatureAlgorithm(.rsa, hash)
    pss.isPSS = true
    return [SignatureAlgorithm(.rsa, hash), SignatureAlgorithm(.p256, hash), pss]
  }

  /// Takes Authentication Data of method 14 apart.
  package static func read(_ data: [UInt8]) throws(SecurityError) -> (algorithm: SignatureAlgorithm, signature: [UInt8]) {
    guard let length = data.first, data.count > Int(length) else { throw .tooShort }
    let identifier = data[1..<(Int(length) + 1)]
    guard let algorithm = all.first(where: { $0.identifier.elementsEqual(identifier) }) else {
      throw .unsupported("a signature algorithm")
    }
    return (algorithm: algorithm, signature: Array(data[(Int(length) + 1)...]))
  }

  private static func sequence(_ octets: [UInt8]) -> [UInt8] { tagged(0x30, octets) }
  private static func tagged(_ tag: UInt8, _ octets: [UInt8]) -> [UInt8] { [tag, UInt8(truncatingIfNeeded: octets.count)] + octets }
}

extension Hash {
  /// The last arc of the hash's object identifier under 2.16.840.1.101.3.4.2.
  fileprivate var nistArc: UInt8 {
    switch self {
    case .sha1: 0
    case .sha256: 1
    case .sha384: 2
    case .sha512: 3
    }
  }
}
