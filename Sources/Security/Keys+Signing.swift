internal import COpenSSL

/// A public key: a SubjectPublicKeyInfo (RFC 5280 4.1.2.7).
package struct PublicKey: Hashable, Sendable {
  /// In DER.
  package let subjectPublicKeyInfo: [UInt8]
  package let kind: KeyKind

  /// - Parameter subjectPublicKeyInfo: in DER. Throws `certificate` for what is none, `unsupported` unless it is of RSA or P-256.
  package init(subjectPublicKeyInfo: [UInt8]) throws(SecurityError) {
    self.subjectPublicKeyInfo = subjectPublicKeyInfo
    let pool = Pool()
    defer { pool.drain() }
    kind = unsafe try KeyKind(Self.library(subjectPublicKeyInfo, pool))
  }

  /// Throws `integrity` unless the signature is one of these octets: PKCS #1 v1.5 or PSS of RSA, or a DER ECDSA-Sig-Value.
  func verify(_ signature: [UInt8], of data: [UInt8], _ hash: Hash, isPSS: Bool = false) throws(SecurityError) {
    let pool = Pool()
    defer { pool.drain() }
    let key = unsafe try Self.library(subjectPublicKeyInfo, pool)
    let context = unsafe try pool.own(EVP_MD_CTX_new(), EVP_MD_CTX_free)
    var options: OpaquePointer?
    try check(unsafe EVP_DigestVerifyInit(context, &options, hash.library, nil, key))
    if isPSS {
      try check(unsafe EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING))
      try check(unsafe EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST))
    }
    guard unsafe EVP_DigestVerify(context, signature, signature.count, data, data.count) == 1 else {
      ERR_clear_error()
      throw .integrity
    }
  }

  private static func library(_ octets: [UInt8], _ pool: Pool) throws(SecurityError) -> OpaquePointer {
    unsafe try pool.own(octets.read { unsafe d2i_PUBKEY(nil, $0, $1) }, EVP_PKEY_free)
  }
}

/// A private key.
package struct PrivateKey: Hashable, Sendable {
  package let kind: KeyKind
  package let publicKey: PublicKey
  private let der: [UInt8]

  /// - Parameter pem: PKCS #8 or the older forms, not encrypted. Throws `certificate` or `library` for what is none, `unsupported` unless it
  ///   is of RSA or P-256.
  package init(pem: String) throws(SecurityError) {
    let pool = Pool()
    defer { pool.drain() }
    let text = Array(pem.utf8)
    let key = unsafe try text.span.withUnsafeBufferPointer { (text) throws(SecurityError) in
      // Without a callback of ours OpenSSL would ask the terminal for a pass phrase.
      unsafe try pool.own(PEM_read_bio_PrivateKey(pool.source(text), nil, { _, _, _, _ in -1 }, nil), EVP_PKEY_free)
    }
    kind = unsafe try KeyKind(key)
    der = unsafe try .written { unsafe i2d_PrivateKey(key, $0) }
    publicKey = unsafe try PublicKey(subjectPublicKeyInfo: .written { unsafe i2d_PUBKEY(key, $0) })
  }

  /// PKCS #1 v1.5 of RSA, or a DER ECDSA-Sig-Value; the same each time for the same octets.
  func signature(of data: [UInt8], _ hash: Hash) throws(SecurityError) -> [UInt8] {
    let pool = Pool()
    defer { pool.drain() }
    let key = unsafe try pool.own(der.read { unsafe d2i_AutoPrivateKey(nil, $0, $1) }, EVP_PKEY_free)
    if kind == .p256 {
      var number: OpaquePointer?
      try check(unsafe EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number))
      return unsafe try ECDSASignature(data, hash, key: [UInt8](number: pool.own(number, BN_free), count: 32)).der
    }
    let context = unsafe try pool.own(EVP_MD_CTX_new(), EVP_MD_CTX_free)
    try check(unsafe EVP_DigestSignInit(context, nil, hash.library, nil, key))
    var out = [UInt8](repeating: 0, count: Int(max(0, unsafe EVP_PKEY_get_size(key))))
    var size = out.count
    try check(unsafe EVP_DigestSign(context, &out, &size, data, data.count))
    return Array(out.prefix(size))
  }
}

extension KeyKind {
  init(_ key: OpaquePointer) throws(SecurityError) {
    if unsafe EVP_PKEY_is_a(key, "RSA") == 1 {
      self = .rsa
      return
    }
    var name = [CChar](repeating: 0, count: 32)
    guard unsafe EVP_PKEY_is_a(key, "EC") == 1, unsafe EVP_PKEY_get_group_name(key, &name, name.count, nil) == 1,
      String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) == "prime256v1"
    else { throw .unsupported("a key of another kind than RSA and P-256") }
    self = .p256
  }
}
