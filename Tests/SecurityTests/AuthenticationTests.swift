import Security
import Testing

@Suite("AUTH payloads and certificates")
struct AuthenticationTests {
  /// The octets of a message that is to be signed whole.
  static func signed(_ octets: [UInt8]) throws -> SignedOctets {
    var signed = try SignedOctets(message: [], nonce: [], .hmacSHA1, key: [], identification: [])
    signed.octets = octets
    return signed
  }

  @Test("the octets that are signed, and the shared key")
  func sharedKey() throws {
    let signed = try SignedOctets(message: [1, 2], nonce: [3], .hmacSHA2_256, key: [4], identification: [5, 6])
    // Python: hmac.new(b'\4', b'\5\6', 'sha256'), then hmac.new(hmac.new(b'secret', b'Key Pad for IKEv2', …).digest(), octets, …).
    #expect(hex(signed.octets) == "010203" + "fc4947bc17151235fcdc1c44488f12e13ed041fc4b06d7a5d979269de9283823")
    let data = try signed.authentication(.hmacSHA2_256, secret: Array("secret".utf8))
    #expect(hex(data) == "8dc311b548dd310ba2d1f517b0aba1d1c66cbb9bce4de17d46bd5714b9312fa4")
    try signed.verify(data, .hmacSHA2_256, secret: Array("secret".utf8))
    #expect(throws: SecurityError.integrity) { try signed.verify(data, .hmacSHA2_256, secret: Array("secre".utf8)) }
    #expect(throws: SecurityError.integrity) { try signed.verify([], .hmacSHA2_256, secret: Array("secret".utf8)) }
    for bit in 0..<(8 * data.count) {
      var broken = data
      broken[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(throws: SecurityError.integrity, "bit \(bit)") { try signed.verify(broken, .hmacSHA2_256, secret: Array("secret".utf8)) }
    }
  }

  @Test("RSA signs as the openssl program does")
  func rsa() throws {
    let key = try PrivateKey(pem: Credentials.homeAgentKey)
    let signed = try Self.signed(Credentials.message)
    #expect(key.kind == .rsa)
    #expect(try signed.authentication(.rsa, key) == Credentials.rsaSHA1)
    // RFC 7427 A.1.2: sha256WithRSAEncryption.
    let prefix = octets("0f 300d06092a864886f70d01010b0500")
    #expect(try signed.authentication(.digitalSignature, key) == prefix + Credentials.rsaSHA256)

    let owner = try Certificate.all(pem: Credentials.homeAgent)[0].publicKey
    #expect(owner == key.publicKey)
    try signed.verify(Credentials.rsaSHA1, .rsa, owner)
    try signed.verify(prefix + Credentials.rsaSHA256, .digitalSignature, owner)
    #expect(throws: SecurityError.integrity) { try signed.verify(Credentials.rsaSHA256, .rsa, owner) }
    #expect(throws: SecurityError.integrity) { try Self.signed([1]).verify(Credentials.rsaSHA1, .rsa, owner) }
  }

  @Test("PSS is verified (RFC 7427 A.4.2)")
  func pss() throws {
    let identifier = octets(
      """
      43 3041 06092a864886f70d01010a 3034 a00f300d06096086480165030402010500 a11c301a06092a864886f70d010108300d06096086480165030402010500
      a203020120
      """)
    let owner = try Certificate.all(pem: Credentials.homeAgent)[0].publicKey
    let signed = try Self.signed(Credentials.message)
    try signed.verify(identifier + Credentials.rsaPSS, .digitalSignature, owner)
    #expect(throws: SecurityError.integrity) { try signed.verify(identifier + Credentials.rsaSHA256, .digitalSignature, owner) }
  }

  @Test("ECDSA: the nonces of RFC 6979 A.2.5, the openssl program's signature, and our own")
  func ecdsa() throws {
    let vector = try PrivateKey(pem: Self.rfc6979)
    let sample = try Self.signed(Array("sample".utf8))
    let expected = octets(
      "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716 f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8")
    #expect(try sample.authentication(.ecdsa256, vector) == expected)
    try sample.verify(expected, .ecdsa256, vector.publicKey)

    let owner = try Certificate.all(pem: Credentials.userEquipment)[0].publicKey
    let signed = try Self.signed(Credentials.message)
    // RFC 7427 A.3.2: ecdsa-with-SHA256.
    let prefix = octets("0c 300a06082a8648ce3d040302")
    try signed.verify(prefix + Credentials.ecdsa, .digitalSignature, owner)
    for text in [Credentials.userEquipmentKey, Credentials.olderUserEquipmentKey] {
      let key = try PrivateKey(pem: text)
      let data = try signed.authentication(.digitalSignature, key)
      #expect(data.starts(with: prefix))
      try signed.verify(data, .digitalSignature, owner)
      let plain = try signed.authentication(.ecdsa256, key)
      #expect(plain.count == 64)
      try signed.verify(plain, .ecdsa256, owner)
      var broken = plain
      broken[40] ^= 1
      #expect(throws: SecurityError.integrity) { try signed.verify(broken, .ecdsa256, owner) }
      try Self.signed([9]).verify(
        Self.signed([9]).authentication(.digitalSignature, key, .sha512), .digitalSignature, owner)
    }
  }

  @Test("what is no signature, and keys for another method")
  func refused() throws {
    let key = try PrivateKey(pem: Credentials.userEquipmentKey)
    let signed = try Self.signed(Credentials.message)
    #expect(throws: SecurityError.self) { try signed.authentication(.rsa, key) }
    #expect(throws: SecurityError.self) { try signed.verify([], .rsa, key.publicKey) }
    #expect(throws: SecurityError.tooShort) { try signed.verify([], .digitalSignature, key.publicKey) }
    #expect(throws: SecurityError.tooShort) { try signed.verify([9, 1, 2], .digitalSignature, key.publicKey) }
    for octets in [[0], [0, 1], [0, 0, 0]] as [[UInt8]] {
      #expect(throws: SecurityError.unsupported("a signature algorithm")) { try signed.verify(octets, .digitalSignature, key.publicKey) }
    }
    #expect(throws: SecurityError.unsupported("a signature algorithm")) {
      try signed.verify([1, 2, 3], .digitalSignature, key.publicKey)
    }
    #expect(throws: SecurityError.length(of: "ECDSA signature", expected: 64, got: 1)) { try signed.verify([1], .ecdsa256, key.publicKey) }
    for text in ["", "no key", Credentials.userEquipment, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
      #expect(throws: SecurityError.self) { try PrivateKey(pem: text) }
    }
    // An RSA key under the identifier of ECDSA.
    let rsa = try PrivateKey(pem: Credentials.homeAgentKey)
    #expect(throws: SecurityError.integrity) {
      try signed.verify(octets("0c 300a06082a8648ce3d040302") + Credentials.ecdsa, .digitalSignature, rsa.publicKey)
    }
  }

  @Test("a certificate's fields")
  func certificate() throws {
    let chain = try Certificate.all(pem: Credentials.homeAgent)
    #expect(chain.count == 2)
    let certificate = chain[0]
    #expect(certificate.subjectText == "CN=ha.example.net,O=Example,C=DE")
    #expect(
      hex(certificate.subject)
        == "3038310b30090603550406130244453110300e060355040a0c074578616d706c653117301506035504030c0e68612e6578616d706c652e6e6574")
    // `openssl x509 -pubkey | openssl pkey -pubin -outform der | sha1sum`
    #expect(try hex(certificate.authorityHash) == "e4a8162b8e290c7df35476048c42c6e958d4cd14")
    #expect(try Certificate(der: certificate.der) == certificate)
    #expect(try certificate.isFor(domain: "ha.example.net") && !certificate.isFor(domain: "ue.example.net"))
    #expect(try certificate.isFor(mailbox: "ha@example.net") && !certificate.isFor(mailbox: "ue@example.net"))
    #expect(try certificate.isFor(address: octets("20010db8000a00000000000000000001")))
    #expect(try !certificate.isFor(address: octets("20010db8000a00000000000000000002")))
    for text in ["", Credentials.homeAgentKey] { #expect(throws: SecurityError.self) { try Certificate.all(pem: text) } }
    #expect(throws: SecurityError.self) { try Certificate(der: Array(certificate.der.dropLast())) }
    #expect(throws: SecurityError.self) { try Certificate(der: []) }
  }

  @Test("a chain is trusted by its authority, in its time")
  func trust() throws {
    let chain = try Certificate.all(pem: Credentials.homeAgent)
    let root = try Certificate.all(pem: Credentials.authority)
    let other = try Certificate.all(pem: Credentials.otherAuthority)
    let in2030 = 1_893_456_000
    try chain[0].verify(intermediates: [chain[1]], authorities: other + root, at: in2030)
    try Certificate.all(pem: Credentials.userEquipment)[0].verify(authorities: root, at: in2030)
    #expect(throws: SecurityError.certificate("unable to get local issuer certificate")) {
      try chain[0].verify(authorities: root, at: in2030)
    }
    #expect(throws: SecurityError.certificate("unable to get local issuer certificate")) {
      try chain[0].verify(intermediates: [chain[1]], authorities: other, at: in2030)
    }
    #expect(throws: SecurityError.certificate("certificate has expired")) {
      try chain[0].verify(intermediates: [chain[1]], authorities: root, at: 7_258_118_400)
    }
    #expect(throws: SecurityError.certificate("certificate is not yet valid")) {
      try chain[0].verify(intermediates: [chain[1]], authorities: root, at: 1_700_000_000)
    }
    // A leaf is no authority.
    #expect(throws: SecurityError.self) { try chain[1].verify(authorities: [chain[0]], at: in2030) }
  }

  /// RFC 6979 A.2.5: the key c9afa9d8…, as the openssl program writes it.
  static let rfc6979 = """
    -----BEGIN EC PRIVATE KEY-----
    MHcCAQEEIMmvqdhFunUWa1whV2ex1pNOUMPbNuibEnuKYisSD2choAoGCCqGSM49
    AwEHoUQDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Z5A/4QCLi8
    maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==
    -----END EC PRIVATE KEY-----
    """
}
