import Link
import Security
import Testing

@Suite("Diffie-Hellman groups")
struct DiffieHellmanTests {
  struct Vector: Sendable {
    var group: DiffieHellmanGroup
    var mine, yours, myPublic, yourPublic, shared: String
  }

  static let vectors = [
    // strongSwan's vector for group 2, computed again with Python's pow().
    Vector(
      group: .modp1024, mine: "e53c205da0d8e4bfb4174944320fc6e4ea66fe44e3c931ac5da1450aea47ebcf",
      yours: "7f9af721eb7cd2a900a36e399ebc5c65eecce6629c8e1c5a7ff33293645fd3e3",
      myPublic: """
        66617c9bbe91ee9900d806415b7384ecb0b6b80a39bd5b070396ee32375a8f68376b352b97baf32f95c4d18c06ab96bf
        e3f3752df1e3c55741b6f4244117eebda1015983c6ba008fe89fe51cf4c9692592ebf742436c393df61a60ccc64fd790
        7a6d26267c0f1556230c3e332b2e11d118a6982589793a2f6d66b86676bae47a
        """,
      yourPublic: """
        7b9010609ebf2c497017458afaab4202885d25de7b5e5ce9b05bd442a3e97b52cea760d7dbcb21dd71d80cd4347caa9e
        dfbc2df4c1cdc1669b8ad244eb345b331d875492883df04a3d0b1a8b8927d50991fe03e7357eb6bdfce3d8c684c9861b
        c5ce03962ffb87bf05dabd5a3727994ddee5d3c6ecc589859991b93255761fd5
        """,
      shared: """
        95790f5c46ae7ca1a471dd786aa8e444073ecec9695d004620cd7c9d3609a6973c89a230750935638b86d1e65b27b784
        8881f9013abd036280d1862bb03ca60ba90b70f9ae7edf71ff80f5a7eefbe26729b5bbb1bb1feb0d240e53c9d74b4fe9
        d262b53bd5d8a7383f90f01e359647d04802d74a4f753b294a96503f2605d3f1
        """),
    // RFC 5903 8.1.
    Vector(
      group: .ecp256, mine: "C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433",
      yours: "C6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53",
      myPublic: """
        DAD0B65394221CF9B051E1FECA5787D098DFE637FC90B9EF945D0C3772581180
        5271A0461CDB8252D61F1C456FA3E59AB1F45B33ACCF5F58389E0577B8990BB3
        """,
      yourPublic: """
        D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63
        56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB
        """, shared: "D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE"),
    // RFC 7748 6.1.
    Vector(
      group: .curve25519, mine: "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
      yours: "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
      myPublic: "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
      yourPublic: "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
      shared: "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"),
  ]

  @Test("vectors", arguments: vectors)
  func vector(_ vector: Vector) throws {
    let mine = try KeyExchange(vector.group, privateKey: octets(vector.mine))
    let yours = try KeyExchange(vector.group, privateKey: octets(vector.yours))
    #expect(mine.publicValue == octets(vector.myPublic))
    #expect(yours.publicValue == octets(vector.yourPublic))
    #expect(try mine.sharedSecret(with: yours.publicValue) == octets(vector.shared))
    #expect(try yours.sharedSecret(with: mine.publicValue) == octets(vector.shared))
  }

  @Test("group 14: a small exponent by hand")
  func modp2048() throws {
    // 2^5 · and its third power; far below the prime, so nothing is reduced.
    let five = try KeyExchange(.modp2048, privateKey: [5])
    #expect(five.publicValue == [UInt8](repeating: 0, count: 255) + [32])
    let three = try KeyExchange(.modp2048, privateKey: [3])
    #expect(try three.sharedSecret(with: five.publicValue) == [UInt8](repeating: 0, count: 254) + [0x80, 0])
  }

  @Test(
    "a generator gives the same key again, and both sides the same secret",
    arguments: [DiffieHellmanGroup.modp1024, .modp2048, .ecp256, .curve25519])
  func generated(_ group: DiffieHellmanGroup) throws {
    var generator = SeededGenerator(seed: 7)
    let one = try KeyExchange(group, using: &generator)
    let two = try KeyExchange(group, using: &generator)
    var again = SeededGenerator(seed: 7)
    #expect(try KeyExchange(group, using: &again) == one)
    #expect(one != two)
    #expect(one.publicValue.count == group.publicValueLength)
    let secret = try one.sharedSecret(with: two.publicValue)
    #expect(secret == (try two.sharedSecret(with: one.publicValue)))
    #expect(secret.count == group.sharedSecretLength)
  }

  @Test("what no honest peer sends is refused", arguments: [DiffieHellmanGroup.modp1024, .modp2048, .ecp256, .curve25519])
  func refused(_ group: DiffieHellmanGroup) throws {
    var generator = SeededGenerator(seed: 1)
    let exchange = try KeyExchange(group, using: &generator)
    let zeros = [UInt8](repeating: 0, count: group.publicValueLength)
    let ones = [UInt8](repeating: 0xff, count: group.publicValueLength)
    var bad = [[], zeros, Array(zeros.dropLast()), zeros + [0]]
    switch group {
    case .modp1024, .modp2048: bad += [zeros.dropLast() + [1], ones]
    case .ecp256: bad += [ones, exchange.publicValue.dropLast() + [(exchange.publicValue.last ?? 0) ^ 1]]
    // RFC 7748 6.1: points of small order.
    case .curve25519:
      bad += [[1] + zeros.dropFirst(), octets("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")]
    }
    for value in bad { #expect(throws: SecurityError.peerValue, "\(hex(value))") { try exchange.sharedSecret(with: value) } }
    if group == .modp2048 {
      // The prime less one (RFC 3526 3), of order 2.
      let prime = octets(
        """
        FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437
        4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05
        98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B
        E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AACAA68FFFFFFFFFFFFFFFF
        """)
      #expect(throws: SecurityError.peerValue) { try exchange.sharedSecret(with: prime.dropLast() + [0xfe]) }
    }
    #expect(throws: SecurityError.self) { try KeyExchange(group, privateKey: []) }
  }
}
