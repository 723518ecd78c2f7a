import Security
import Testing

@Suite("Encryption algorithms")
struct EncryptionTests {
  struct Vector: Sendable, CustomTestStringConvertible {
    var name: String
    var algorithm: EncryptionAlgorithm
    var key, iv, plain, sealed: String
    var associated = ""
    var testDescription: String { name }
  }

  static let vectors = [
    Vector(
      name: "RFC 3602 case 1", algorithm: .aesCBC(keyBits: 128), key: "06a9214036b8a15b512e03d534120006",
      iv: "3dafba429d9eb430b422da802c9fac41", plain: hex("Single block msg".utf8), sealed: "e353779c1079aeb82708942dbe77181a"),
    Vector(
      name: "RFC 3602 case 3", algorithm: .aesCBC(keyBits: 128), key: "56e47a38c5598974bc46903dba290349",
      iv: "8ce82eefbea0da3c44699ed7db51b7d9", plain: hex(counting(64, from: 0xa0)),
      sealed: """
        c30e32ffedc0774e6aff6af0869f71aa0f3af07a9a31a9c684db207eb0ef8e4e
        35907aa632c3ffdf868bb7b29d3d46ad83ce9f9a102ee99d49a53e87f4c3da55
        """),
    Vector(
      name: "SP 800-38A F.2.5", algorithm: .aesCBC(keyBits: 256),
      key: "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", iv: "000102030405060708090a0b0c0d0e0f",
      plain: "6bc1bee22e409f96e93d7e117393172a", sealed: "f58c4c04d6e5f1ba779eabfb5f7bfbd6"),
    Vector(
      name: "NIST 3DES MMT 2", algorithm: .tripleDES, key: "37ae5ebf46dff2dc0754b94f31cbb3855e7fd36dc870bfae", iv: "3d1de3cc132e3b65",
      plain: "84401f78fe6c10876d8ea23094ea5309", sealed: "7b1f7c7e3b1c948ebd04a75ffba7d2f5"),
    Vector(
      name: "GCM specification case 4", algorithm: .aesGCM16(keyBits: 128), key: "feffe9928665731c6d6a8f9467308308cafebabe",
      iv: "facedbaddecaf888",
      plain: """
        d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
        1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39
        """,
      sealed: """
        42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e
        21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091 5bc94fbc3221a5db94fae95ae7121a47
        """, associated: "feedfacedeadbeeffeedfacedeadbeefabaddad2"),
    Vector(
      name: "GCM specification case 16", algorithm: .aesGCM16(keyBits: 256),
      key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308cafebabe", iv: "facedbaddecaf888",
      plain: """
        d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
        1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39
        """,
      sealed: """
        522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa
        8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662 76fc6ece0f4e1768cddf8853bb2d551b
        """, associated: "feedfacedeadbeeffeedfacedeadbeefabaddad2"),
    Vector(name: "NULL", algorithm: .null, key: "", iv: "", plain: "010203", sealed: "010203"),
  ]

  @Test("vectors", arguments: vectors)
  func vector(_ vector: Vector) throws {
    let (key, iv, associated) = (octets(vector.key), octets(vector.iv), octets(vector.associated))
    #expect(key.count == vector.algorithm.keyLength && iv.count == vector.algorithm.ivLength)
    let sealed = try vector.algorithm.encrypt(octets(vector.plain), key: key, iv: iv, associatedData: associated)
    #expect(hex(sealed) == hex(octets(vector.sealed)))
    let plain = try vector.algorithm.decrypt(octets(vector.sealed), key: key, iv: iv, associatedData: associated)
    #expect(hex(plain) == hex(octets(vector.plain)))
  }

  @Test("a kept cipher gives the same the second time, whatever came between")
  func kept() throws {
    let vector = Self.vectors[4]
    let cipher = try Cipher(vector.algorithm, key: octets(vector.key))
    let head = octets(vector.associated) + octets(vector.iv)
    let start = head.count
    for round in 0..<3 {
      var bytes = head + octets(vector.plain) + [UInt8](repeating: 0, count: 16)
      let text = start..<(bytes.count - 16)
      try cipher.encrypt(&bytes, text, iv: 20..<28, associatedData: 0..<20)
      #expect(hex(bytes[start...]) == hex(octets(vector.sealed)), "round \(round)")
      var broken = bytes
      broken[start + round] ^= 1
      #expect(throws: SecurityError.integrity) { try cipher.decrypt(&broken, text, iv: 20..<28, associatedData: 0..<20) }
      try cipher.decrypt(&bytes, text, iv: 20..<28, associatedData: 0..<20)
      #expect(hex(bytes[text]) == hex(octets(vector.plain)), "round \(round)")
    }
  }

  @Test("lengths that do not fit are refused")
  func lengths() throws {
    let cbc = EncryptionAlgorithm.aesCBC(keyBits: 128)
    let key = counting(16)
    #expect(throws: SecurityError.length(of: "encryption key", expected: 16, got: 15)) {
      try cbc.encrypt([], key: counting(15), iv: counting(16))
    }
    #expect(throws: SecurityError.length(of: "initialisation vector", expected: 16, got: 8)) {
      try cbc.encrypt([], key: key, iv: counting(8))
    }
    #expect(throws: SecurityError.notWholeBlocks) { try cbc.decrypt(counting(17), key: key, iv: counting(16)) }
    #expect(throws: SecurityError.tooShort) {
      try EncryptionAlgorithm.aesGCM16(keyBits: 128).decrypt(counting(15), key: counting(20), iv: counting(8))
    }
    #expect(try cbc.encrypt([], key: key, iv: counting(16)) == [])
    #expect(throws: SecurityError.self) { try EncryptionAlgorithm.aesCBC(keyBits: 40).encrypt([], key: counting(5), iv: counting(16)) }
  }

  @Test("transforms: number and Key Length attribute")
  func transforms() {
    let all: [EncryptionAlgorithm] = [
      .aesCBC(keyBits: 128), .aesCBC(keyBits: 256), .aesGCM16(keyBits: 128), .aesGCM16(keyBits: 256), .tripleDES, .null,
    ]
    for algorithm in all {
      #expect(EncryptionAlgorithm(transformID: algorithm.transformID, keyBits: algorithm.keyBits) == algorithm)
    }
    #expect(all.map(\.transformID) == [12, 12, 20, 20, 3, 11])
    #expect(EncryptionAlgorithm(transformID: 12, keyBits: nil) == nil)
    #expect(EncryptionAlgorithm(transformID: 12, keyBits: 129) == nil)
    #expect(EncryptionAlgorithm(transformID: 3, keyBits: 192) == nil)
  }
}
