import Security
import Testing

@Suite("Integrity algorithms and pseudo-random functions")
struct IntegrityTests {
  /// RFC 3566 4, all seven cases.
  static let xcbcVectors: [(data: [UInt8], mac: String)] = [
    ([], "75f0251d528ac01c4573dfd584d79f29"), (counting(3), "5b376580ae2f19afe7219ceef172756f"),
    (counting(16), "d2a246fa349b68a79998a4394ff7a263"), (counting(20), "47f51b4564966215b8985c63055ed308"),
    (counting(32), "f54f0ec8d2b9f3d36807734bd5283fd4"), (counting(34), "becbb3bccdb518a30677d5481fb6b4d8"),
    ([UInt8](repeating: 0, count: 1000), "f0dafee895db30253761103b5d84528f"),
  ]

  @Test("AES-XCBC", arguments: xcbcVectors)
  func xcbc(_ data: [UInt8], _ mac: String) throws {
    #expect(try hex(PseudorandomFunction.aesXCBC(key: counting(16), data: data)) == mac)
    #expect(try hex(IntegrityAlgorithm.aesXCBC96.mac(key: counting(16), data)) == mac.prefix(24))
  }

  @Test("AES-XCBC-PRF-128 fits a key of another length (RFC 4434 2.1)")
  func fittedKeys() throws {
    let prf = PseudorandomFunction.aesXCBC
    #expect(try hex(prf(key: counting(16), data: counting(20))) == "47f51b4564966215b8985c63055ed308")
    #expect(try hex(prf(key: counting(10), data: counting(20))) == "0fa087af7d866e7653434e602fdde835")
    #expect(try hex(prf(key: counting(16) + [0xed, 0xcb], data: counting(20))) == "8cd3c93ae598a9803006ffb67c40e9e4")
  }

  @Test("HMAC (RFC 2202 3, RFC 4231 4, RFC 4868 2.7.2)")
  func hmac() throws {
    let jefe = Array("what do ya want for nothing?".utf8)
    #expect(try hex(PseudorandomFunction.hmacSHA1(key: Array("Jefe".utf8), data: jefe)) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
    #expect(
      try hex(PseudorandomFunction.hmacSHA2_256(key: Array("Jefe".utf8), data: jefe))
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    let long = Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8)
    #expect(
      try hex(PseudorandomFunction.hmacSHA2_256(key: [UInt8](repeating: 0xaa, count: 131), data: long))
        == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    let hi = Array("Hi There".utf8)
    #expect(try hex(IntegrityAlgorithm.hmacSHA1_96.mac(key: [UInt8](repeating: 0x0b, count: 20), hi)) == "b617318655057264e28bc0b6")
    #expect(
      try hex(IntegrityAlgorithm.hmacSHA2_256_128.mac(key: [UInt8](repeating: 0x0b, count: 32), hi)) == "198a607eb44bfbc69903a0f1cf2bbdc5")
    // The key of no octets: `openssl mac -digest SHA1 -macopt hexkey: HMAC`, and Python's hmac.
    #expect(try hex(PseudorandomFunction.hmacSHA1(key: [], data: [])) == "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d")
  }

  @Test("lengths")
  func lengths() throws {
    for algorithm in [IntegrityAlgorithm.hmacSHA1_96, .hmacSHA2_256_128, .aesXCBC96, .none] {
      #expect(try algorithm.mac(key: counting(algorithm.keyLength), [1]).count == algorithm.icvLength)
      #expect(throws: SecurityError.length(of: "integrity key", expected: algorithm.keyLength, got: algorithm.keyLength + 1)) {
        try algorithm.mac(key: counting(algorithm.keyLength + 1), [1])
      }
    }
    for prf in [PseudorandomFunction.hmacSHA1, .hmacSHA2_256, .aesXCBC] {
      #expect(try prf(key: [1], data: [2]).count == prf.preferredKeyLength)
      #expect(try prf.expand(key: [1], seed: [2], length: 255 * prf.preferredKeyLength).count == 255 * prf.preferredKeyLength)
      #expect(throws: SecurityError.self) { try prf.expand(key: [1], seed: [2], length: 255 * prf.preferredKeyLength + 1) }
      #expect(try prf.expand(key: [1], seed: [2], length: 0).isEmpty)
    }
  }
}
