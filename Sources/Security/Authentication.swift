/// How a party proves who it is in an AUTH payload (RFC 7296 3.8, RFC 7427).
package enum AuthenticationMethod: UInt8, Hashable, Sendable {
  /// RSA with PKCS #1 v1.5 and SHA-1.
  case rsa = 1
  /// Also what follows EAP, with the MSK as the secret (RFC 7296 2.16).
  case sharedKey = 2
  /// ECDSA with SHA-256 on P-256 (RFC 4754).
  case ecdsa256 = 9
  /// The algorithm is named in front of the signature (RFC 7427 3).
  case digitalSignature = 14
}

/// What an AUTH payload signs (RFC 7296 2.15): the own first message, the peer's nonce, and the MACed identification.
package struct SignedOctets: Hashable, Sendable {
  /// Whole, as it is signed. May be overwritten.
  package var octets: [UInt8]

  /// - Parameters:
  ///   - message: the signer's IKE_SA_INIT message, from its IKE header on.
  ///   - nonce: the other side's Nonce Data.
  ///   - key: SK_pi of the initiator, SK_pr of the responder.
  ///   - identification: the signer's ID payload without its generic header.
  package init(message: [UInt8], nonce: [UInt8], _ prf: PseudorandomFunction, key: [UInt8], identification: [UInt8]) throws(SecurityError) {
    octets = try message + nonce + prf(key: key, data: identification)
  }

  /// The Authentication Data for a shared secret (RFC 7296 2.15): prf(prf(secret, "Key Pad for IKEv2"), octets).
  package func authentication(_ prf: PseudorandomFunction, secret: [UInt8]) throws(SecurityError) -> [UInt8] {
    try prf(key: prf(key: secret, data: Array("Key Pad for IKEv2".utf8)), data: octets)
  }

  /// Throws `integrity` unless the Authentication Data is the one for this secret.
  package func verify(_ data: [UInt8], _ prf: PseudorandomFunction, secret: [UInt8]) throws(SecurityError) {
    guard try authentication(prf, secret: secret).isEqual(to: data) else { throw .integrity }
  }

  /// The Authentication Data for a private key.
  ///
  /// - Parameter hash: for `digitalSignature` alone; the other methods have theirs.
  package func authentication(_ method: AuthenticationMethod, _ key: PrivateKey, _ hash: Hash = .sha256) throws(SecurityError) -> [UInt8] {
    switch (method, key.kind) {
    case (.rsa, .rsa): try key.signature(of: octets, .sha1)
    case (.ecdsa256, .p256): try ECDSASignature(der: key.signature(of: octets, .sha256)).plain
    case (.digitalSignature, let kind): try SignatureAlgorithm(kind, hash).prefix + key.signature(of: octets, hash)
    default: throw .unsupported("method \(method) with a key of kind \(key.kind)")
    }
  }

  /// Throws `integrity` unless the Authentication Data is a signature of the key's owner.
  package func verify(_ data: [UInt8], _ method: AuthenticationMethod, _ key: PublicKey) throws(SecurityError) {
    switch (method, key.kind) {
    case (.rsa, .rsa): try key.verify(data, of: octets, .sha1)
    case (.ecdsa256, .p256): try key.verify(ECDSASignature(plain: data).der, of: octets, .sha256)
    case (.digitalSignature, let kind):
      let (algorithm, signature) = try SignatureAlgorithm.read(data)
      guard algorithm.kind == kind else { throw .integrity }
      try key.verify(signature, of: octets, algorithm.hash, isPSS: algorithm.isPSS)
    default: throw .unsupported("method \(method) with a key of kind \(key.kind)")
    }
  }
}
