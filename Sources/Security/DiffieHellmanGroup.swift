/// A group of the Diffie-Hellman exchange (RFC 7296 3.3.2, transform type 4).
package enum DiffieHellmanGroup: UInt16, Hashable, Sendable {
  /// RFC 7296 B.2.
  case modp1024 = 2
  /// RFC 3526 3.
  case modp2048 = 14
  /// RFC 5903 3.1.
  case ecp256 = 19
  /// RFC 8031.
  case curve25519 = 31

  /// The Transform ID, and the Diffie-Hellman Group Num of a KE payload.
  package var transformID: UInt16 { rawValue }

  /// Octets of a public value, in a KE payload.
  package var publicValueLength: Int {
    switch self {
    case .modp1024: 128
    case .modp2048: 256
    case .ecp256: 64
    case .curve25519: 32
    }
  }

  /// Octets of g^ir.
  package var sharedSecretLength: Int {
    switch self {
    case .modp1024: 128
    case .modp2048: 256
    case .ecp256, .curve25519: 32
    }
  }
}

/// One side's part of a Diffie-Hellman exchange: a private key and what it makes public.
package struct KeyExchange: Hashable, Sendable {
  package let group: DiffieHellmanGroup
  /// Big-endian; for Curve25519 little-endian, as in RFC 7748.
  package let privateKey: [UInt8]
  /// The Key Exchange Data of a KE payload (RFC 7296 3.4), of the length that the group has.
  package let publicValue: [UInt8]

  /// A private key that somebody chose. Throws `peerValue` for one whose public value is none, `library` if OpenSSL refuses.
  package init(_ group: DiffieHellmanGroup, privateKey: [UInt8]) throws(SecurityError) {
    self.group = group
    self.privateKey = privateKey
    publicValue =
      switch group {
      case .modp1024, .modp2048: try FiniteField.power(group, nil, privateKey)
      case .ecp256: try P256.multiply(nil, by: privateKey)
      case .curve25519: try X25519.publicValue(privateKey)
      }
  }

  /// A private key drawn from a generator.
  package init(_ group: DiffieHellmanGroup, using generator: inout some RandomNumberGenerator) throws(SecurityError) {
    // 256 bits are enough for each of these groups (RFC 3526 8); without the first and with the last bit they are in P-256's range.
    var key = [UInt8].random(32, using: &generator)
    key[0] &= 0x7f
    key[31] |= 1
    try self.init(group, privateKey: key)
  }

  /// g^ir.
  ///
  /// - Parameter peer: the other side's public value. Throws `peerValue` for one of another length, outside the group, or of small order
  ///   (RFC 6989 2, RFC 8031 2.3).
  package func sharedSecret(with peer: [UInt8]) throws(SecurityError) -> [UInt8] {
    guard peer.count == group.publicValueLength else { throw .peerValue }
    return switch group {
    case .modp1024, .modp2048: try FiniteField.power(group, peer, privateKey)
    case .ecp256: Array(try P256.multiply(peer, by: privateKey).prefix(32))
    case .curve25519: try X25519.sharedSecret(privateKey, peer)
    }
  }
}
