import Security
import Testing

@Suite("Keys of IKE and Child SAs")
struct IKEKeyTests {
  struct Vector: Sendable {
    var prf: PseudorandomFunction
    var initiatorNonce, responderNonce, secret, newSecret: String
    var initiatorSPI, responderSPI: UInt64
    var skeyseed, material, child, childWithSecret, rekeyed: String
  }

  /// NIST CAVS 17.3, IKEv2 KDF, the first of the SHA-1 and of the SHA-256 group.
  static let vectors = [
    Vector(
      prf: .hmacSHA1, initiatorNonce: "32b50d5f4a3763f3", responderNonce: "9206a04b26564cb1",
      secret: "4b2c1f971981a8ad8d0abeafabf38cf75fc8349c148142465ed9c8b516b8be52",
      newSecret: "863f3c9d06efd39d2b907b97f8699e5dd5251ef64a2a176f36ee40c87d4f9330",
      initiatorSPI: 0x34c9e7c188868785, responderSPI: 0x3ff77d760d2b2199,
      skeyseed: "a9a7b222b59f8f48645f28a1db5b5f5d7479cba7",
      material: """
        a14293677cc80ff8f9cc0eee30d895da9d8f405666e30ef0dfcb63c634a46002a2a63080e514a062768b76606f9fa5e992204fc5a670bde3f10d6b027113936a
        5c55b648a194ae587b0088d52204b702c979fa280870d2ed41efa9c549fd11198af1670b143d384bd275c5f594cf266b05ebadca855e4249520a441a81157435
        a7a56cc4
        """,
      child: """
        8059e3ee8810e6c3a91bc8bcd2a7a41151b8d0e6ae239c7b38093ad85ef4c5811a8e7b5d1cdabd9560b2d5e092d1f24e2d4b85eccdf0ad0dc9abd94b51ee7181
        4ca6dbc8bb51b6309f5b9545c7eb35cf5580b1e521a8fe20754a2d883ba0c2cf285f524aea6545b33106bc03e614296d319d41d4b50b3f510b1c0a22f3e66499
        4d234cb4
        """,
      childWithSecret: """
        bb43244c1860ad65ee1e211ffe8bb3661750c8f89cb9f547df7f4fa61d37301628190e38c66232eab4b3ab14c400a5197dd3730ed4820a8a10394d51e1c04000
        52f63ebd36b0e7ef53aaed31eba4a5080d7d4b5666023a8bbb5ffb7857240f9a05884d1b7d2f933708450b7b3288f1fc863ab49fa901227cffc06e27899c7054
        d56fd74c
        """,
      rekeyed: "63e81194946ebd05df7df5ebf5d8750056bf1f1d"),
    Vector(
      prf: .hmacSHA2_256, initiatorNonce: "3f302be1abcb28e1", responderNonce: "8c332ee006064c9b",
      secret: "0f4d257d7a58fc4545c7d7a88119eee5d5c9690c5b4c989171d3abbfd99d1d29",
      newSecret: "25f3b12d6f282739256e39bf54eda53b60ffcf379bb7bcc90c27b4c4c578616c",
      initiatorSPI: 0x40dac39e1e1a8640, responderSPI: 0x8619a1cf9a6e4c07,
      skeyseed: "5f00d1bd2c58ec224b1e6b71fa0f19a1faa7a193952c444411b47c1a9d8ba6fe",
      material: """
        0b137d669b0947d7d026d593f0305ad401ff0c471357d695778a9c7f4b4869ece98aca531188d16041b3bb936d2dbb3b4993a6e768a809160de45d0283f273a6
        cdf6854379e31be72b8d3d1fa990cf9c5b015ca9f918a7df6253c958114a09d4e1c19bdcd4db14b29d98db1a74ad405c588662c14a04d0d36aa4ab55e90f8986
        d12d4aad
        """,
      child: """
        7d808e2b44635300e7025f1b640c431b13a9b3b891cd45a15261f4f3c4a7e39b3a3c8017ccc2b74610faf52ba3faf6d9e83c859b448217b24dadc82c9887460b
        7bd724236b9885914cc93b39d6c749e92f36b30c9eb6a9f59e396bc7c0ac4878512639cc612c5660ddb1a1fed360ac8b9b3f548f13482d0431b38eca293ef976
        81e179fc
        """,
      childWithSecret: """
        67edd256e64542436173e3ca39ef1fdec3c8240b860df26f84caf5258578ff35df40ddc31ea210e0523988b7531c9dc3207e0e98e256214999c7712f73ff044a
        9cf6e3a5e421862b9ba140862f460ea5236527cf8346db9ac23feb6636e21fc7a18a94a2e9d4ad95356e278f46ac3fa53a75a058c87293cf38dd863e879f84d0
        e0935da3
        """,
      rekeyed: "2d63f6debc92048b4fef3889c4c99ca67d6496e0fac14a2bca9a2d6566ff2398"),
  ]

  @Test("NIST's vectors", arguments: vectors)
  func vector(_ vector: Vector) throws {
    // 132 octets are all of the keys with SHA-1, and most of them with SHA-256.
    let algorithms = IKEAlgorithms(encryption: .aesCBC(keyBits: 128), integrity: .hmacSHA1_96, prf: vector.prf)
    let (ni, nr) = (octets(vector.initiatorNonce), octets(vector.responderNonce))
    let keys = try IKEKeys(
      algorithms, sharedSecret: octets(vector.secret), initiatorNonce: ni, responderNonce: nr, initiatorSPI: vector.initiatorSPI,
      responderSPI: vector.responderSPI)
    #expect(hex(keys.skeyseed) == vector.skeyseed)
    let all = keys.d + keys.ai + keys.ar + keys.ei + keys.er + keys.pi + keys.pr
    #expect(hex(all.prefix(132)) == hex(octets(vector.material)))
    #expect([keys.d, keys.pi, keys.pr].allSatisfy { $0.count == vector.prf.preferredKeyLength })
    #expect([keys.ai, keys.ar].allSatisfy { $0.count == 20 } && [keys.ei, keys.er].allSatisfy { $0.count == 16 })

    func material(_ secret: [UInt8]) throws -> [UInt8] {
      let child = try keys.childKeys(
        vector.prf, .aesCBC(keyBits: 256), .hmacSHA2_256_128, sharedSecret: secret, initiatorNonce: ni, responderNonce: nr)
      return child.initiator.encryptionKey + child.initiator.integrityKey + child.responder.encryptionKey + child.responder.integrityKey
    }
    #expect(try hex(material([])) == hex(octets(vector.child).prefix(128)))
    #expect(try hex(material(octets(vector.newSecret))) == hex(octets(vector.childWithSecret).prefix(128)))

    let next = try IKEKeys(
      algorithms, replacing: keys, vector.prf, sharedSecret: octets(vector.newSecret), initiatorNonce: ni, responderNonce: nr,
      initiatorSPI: 1, responderSPI: 2)
    #expect(hex(next.skeyseed) == vector.rekeyed)
  }

  @Test("AES-XCBC: NSS's vectors, and of a nonce no more than fills the key")
  func xcbc() throws {
    let algorithms = IKEAlgorithms(encryption: .aesCBC(keyBits: 128), integrity: .hmacSHA1_96, prf: .aesXCBC)
    let secret = octets("4b2c1f971981a8ad8d0abeafabf38cf75fc8349c148142465ed9c8b516b8be52")
    let (ni, nr) = (octets("32b50d5f4a3763f3"), octets("9206a04b26564cb1"))
    let keys = try IKEKeys(
      algorithms, sharedSecret: secret, initiatorNonce: ni, responderNonce: nr, initiatorSPI: 0x34c9_e7c1_8886_8785,
      responderSPI: 0x3ff7_7d76_0d2b_2199)
    #expect(hex(keys.skeyseed) == "08b95345c9557240ddc98d6e1dfda875")
    let expected = """
      efa38ecee9fd05062f64b655105436d54b4728da66f3bc5768636170ff5017ab082342a683e7144a58d549c53d4575a2897d14c7c687040e86384065456b8dcd
      8aaea88b85b5e4d8ab2f61c015859337000550cda1750a15c1f90af0ddd296e0a7f291afe46295dd3108078bd8eadf09bc614c205a7c283907c3e6a384ad3f53
      73887e83
      """
    let all = keys.d + keys.ai + keys.ar + keys.ei + keys.er + keys.pi + keys.pr
    #expect(all.count == 120 && hex(all) == hex(octets(expected).prefix(120)))

    // RFC 7296 2.14: the first 64 bits of each nonce make SKEYSEED, all of them the rest.
    let long = try IKEKeys(
      algorithms, sharedSecret: secret, initiatorNonce: ni + counting(8), responderNonce: nr + counting(8), initiatorSPI: 1, responderSPI: 2
    )
    #expect(long.skeyseed == keys.skeyseed && long.d != keys.d)
  }

  @Test("with AES-GCM there are no integrity keys, and each encryption key ends in a salt")
  func aead() throws {
    let algorithms = IKEAlgorithms(encryption: .aesGCM16(keyBits: 256), integrity: .none, prf: .hmacSHA2_256)
    let keys = try IKEKeys(
      algorithms, sharedSecret: [1], initiatorNonce: [2], responderNonce: [3], initiatorSPI: 4, responderSPI: 5)
    #expect(keys.ai.isEmpty && keys.ar.isEmpty && keys.ei.count == 36 && keys.er.count == 36 && keys.ei != keys.er)
    let child = try keys.childKeys(.hmacSHA2_256, .aesGCM16(keyBits: 128), .none, initiatorNonce: [2], responderNonce: [3])
    #expect(child.initiator.encryptionKey.count == 20 && child.initiator.integrityKey.isEmpty && child.initiator.icvLength == 16)
    #expect(child.initiator != child.responder)
  }
}
