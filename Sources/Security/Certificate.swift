internal import COpenSSL

/// An X.509 certificate (RFC 5280).
package struct Certificate: Hashable, Sendable {
  /// As a CERT payload of encoding 4 carries it (RFC 7296 3.6).
  package let der: [UInt8]
  /// The subject's distinguished name in DER, as an ID payload of type 9 carries it (RFC 7296 3.5).
  package let subject: [UInt8]
  /// The subject for people, in one line (RFC 2253).
  package let subjectText: String
  package let publicKey: PublicKey

  /// - Parameter der: one certificate, in DER. Throws `library` for what is none, `unsupported` for a key of an unknown kind.
  package init(der: [UInt8]) throws(SecurityError) {
    let pool = Pool()
    defer { pool.drain() }
    let certificate = unsafe try Self.library(der, pool)
    self.der = der
    let name = unsafe X509_get_subject_name(certificate)
    subject = unsafe try .written { unsafe i2d_X509_NAME(name, $0) }
    let text = unsafe try pool.own(BIO_new(BIO_s_mem())) { unsafe _ = BIO_free($0) }
    _ = unsafe X509_NAME_print_ex(text, name, 0, copenssl_rfc2253)
    var line = [UInt8](repeating: 0, count: 1024)
    let size = unsafe BIO_read(text, &line, 1024)
    subjectText = String(decoding: line.prefix(max(0, Int(size))), as: UTF8.self)
    let key = unsafe X509_get_X509_PUBKEY(certificate)
    publicKey = unsafe try PublicKey(subjectPublicKeyInfo: .written { unsafe i2d_X509_PUBKEY(key, $0) })
  }

  /// Every certificate of a PEM file, in order. Throws `certificate` when there is none.
  package static func all(pem: String) throws(SecurityError) -> [Certificate] {
    let pool = Pool()
    defer { pool.drain() }
    let text = Array(pem.utf8)
    let found = unsafe try text.span.withUnsafeBufferPointer { (text) throws(SecurityError) in
      let source = unsafe try pool.source(text)
      var found: [Certificate] = []
      while let next = unsafe PEM_read_bio_X509(source, nil, { _, _, _, _ in -1 }, nil) {
        let certificate = unsafe try pool.own(next, X509_free)
        found.append(try Certificate(der: unsafe .written { unsafe i2d_X509(certificate, $0) }))
      }
      return found
    }
    // The end of the file is an error of OpenSSL's too.
    ERR_clear_error()
    guard !found.isEmpty else { throw .certificate("no certificate in this PEM text") }
    return found
  }

  /// The SHA-1 of its public key, by which a CERTREQ payload names an authority (RFC 7296 3.7).
  package var authorityHash: [UInt8] {
    get throws(SecurityError) { try Hash.sha1(publicKey.subjectPublicKeyInfo) }
  }

  /// Whether it is made out to this domain name, a `dNSName` of its subjectAltName or else its common name.
  package func isFor(domain: String) throws(SecurityError) -> Bool {
    unsafe try asked { unsafe X509_check_host($0, domain, domain.utf8.count, 0, nil) }
  }

  /// Whether it is made out to this mailbox, an `rfc822Name`.
  package func isFor(mailbox: String) throws(SecurityError) -> Bool {
    unsafe try asked { unsafe X509_check_email($0, mailbox, mailbox.utf8.count, 0) }
  }

  /// Whether it is made out to this IPv4 or IPv6 address, an `iPAddress`.
  package func isFor(address: [UInt8]) throws(SecurityError) -> Bool {
    unsafe try asked { unsafe X509_check_ip($0, address, address.count, 0) }
  }

  private func asked(_ question: (OpaquePointer) -> Int32) throws(SecurityError) -> Bool {
    let pool = Pool()
    defer { pool.drain() }
    return unsafe try question(Self.library(der, pool)) == 1
  }

  /// Throws `certificate`, with the reason, unless a chain leads from it to a trusted authority (RFC 5280 6).
  ///
  /// - Parameters:
  ///   - intermediates: certificates that came along; nobody trusts them for that.
  ///   - authorities: those that are trusted.
  ///   - time: seconds since 1970 began, for the validity of all of them.
  package func verify(intermediates: [Certificate] = [], authorities: [Certificate], at time: Int) throws(SecurityError) {
    let pool = Pool()
    defer { pool.drain() }
    let store = unsafe try pool.own(X509_STORE_new(), X509_STORE_free)
    for authority in authorities { try check(unsafe X509_STORE_add_cert(store, Self.library(authority.der, pool))) }
    let others = unsafe try pool.own(OPENSSL_sk_new_null(), OPENSSL_sk_free)
    for other in intermediates { _ = unsafe try OPENSSL_sk_push(others, UnsafeRawPointer(Self.library(other.der, pool))) }
    let context = unsafe try pool.own(X509_STORE_CTX_new(), X509_STORE_CTX_free)
    try check(unsafe X509_STORE_CTX_init(context, store, Self.library(der, pool), others))
    unsafe X509_STORE_CTX_set_time(context, 0, time)
    let isTrusted = unsafe X509_verify_cert(context) == 1
    let reason = unsafe X509_STORE_CTX_get_error(context)
    ERR_clear_error()
    guard !isTrusted else { return }
    throw .certificate(unsafe X509_verify_cert_error_string(Int(reason)).map { unsafe String(cString: $0) } ?? "not trusted")
  }

  private static func library(_ octets: [UInt8], _ pool: Pool) throws(SecurityError) -> OpaquePointer {
    unsafe try pool.own(octets.read { unsafe d2i_X509(nil, $0, $1) }, X509_free)
  }
}
