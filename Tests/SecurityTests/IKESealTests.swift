import Testing
import Wire

@testable import Security

/// K1…K4 of the worked packets: made by another builder, and decrypted by tshark.
@Suite("Sealed IKE messages")
struct IKESealTests {
  static let initiator = IKESeal(.aesCBC(keyBits: 128), counting(16), .hmacSHA1_96, counting(20, from: 0x20))
  static let responder = IKESeal(.aesCBC(keyBits: 128), counting(16, from: 0x10), .hmacSHA1_96, counting(20, from: 0x40))
  static let iv = counting(16, from: 0xa0)

  /// From the IKE header on.
  static let k1 = octets(
    """
    11111111111111112222222222222222 2e202508000000020000004c2a000030a0a1a2a3a4a5a6a7a8a9aaabacadaeaf
    cedae7264a11481fec56b1f0dbebdca2eb225ba75c8eb166ca2e5b89
    """)
  static let k2 = octets(
    """
    11111111111111112222222222222222 2e202520000000020000004c00000030a0a1a2a3a4a5a6a7a8a9aaabacadaeaf
    78a00f2a2278ad7fe51644669434efdb8f38881198fd3eb8a2b7086e
    """)
  static let k3 = octets(
    """
    11111111111111112222222222222222 2e202508000000030000004c2a000030a0a1a2a3a4a5a6a7a8a9aaabacadaeaf
    ebe9ba700a8fdea342ab4da2fdefe5b422ceea0e15df0d28cf82e9e2
    """)

  static func message(i: UInt128, r: UInt128, id: UInt128, _ payloads: [Packet.Option]) -> Packet.Header {
    Packet.Header(
      .ike, .rfc5846,
      [
        (.ikeInitiatorSPI, 0x1111_1111_1111_1111), (.ikeResponderSPI, 0x2222_2222_2222_2222), (.ikeExchangeType, 37), (.ikeI, i),
        (.ikeR, r),
        (.ikeMessageID, id),
      ], options: [Packet.Option(.sk)] + payloads)
  }

  static let worked: [(String, IKESeal, Packet.Header, [UInt8], [UInt8])] = [
    ("K1", initiator, message(i: 1, r: 0, id: 2, [.deleteIKE]), k1, octets("0000000801000000")),
    ("K2", responder, message(i: 0, r: 1, id: 2, []), k2, []),
    ("K3", initiator, message(i: 1, r: 0, id: 3, [.deleteESP([0xc000_0001])]), k3, octets("0000000c03040001c0000001")),
  ]

  @Test("sealing gives the worked packets, opening what is inside", arguments: worked)
  func both(_ name: String, _ seal: IKESeal, _ message: Packet.Header, _ sealed: [UInt8], _ inside: [UInt8]) throws {
    #expect(try seal.sealed(message, iv: Self.iv) == sealed)
    #expect(try seal.opened(sealed) == inside)
  }

  @Test("K4 is K1 behind the non-ESP marker, and opens in its frame")
  func framed() throws {
    let k4 = octets(
      """
      4500006c0001000040118e49c6336402c00002011194119400584ea600000000
      111111111111111122222222222222222e202508000000020000004c2a000030
      a0a1a2a3a4a5a6a7a8a9aaabacadaeafcedae7264a11481fec56b1f0dbebdca2
      eb225ba75c8eb166ca2e5b89
      """)
    var table = IKEKeyTable()
    table.add(
      IKEKeyRecord(
        initiatorSPI: 0x1111_1111_1111_1111, responderSPI: 0x2222_2222_2222_2222, initiator: Self.initiator, responder: Self.responder))
    var dissection = Dissection()
    Decoder(dialect: .rfc5846).decode(k4.span, .ip, into: &dissection)
    var bytes = k4
    let opening = try #require(try table.open(&bytes, dissection))
    Decoder(dialect: .rfc5846).decode(bytes.span, .ip, opened: [opening], into: &dissection)
    #expect(dissection.layer(.ike)?.protection == .opened(0))
    // The UDP checksum was that of the sealed octets.
    #expect(dissection.isSound)
    #expect(dissection.value(.deleteProtocol, in: bytes.span) == 1)
    #expect(dissection.value(.skNextPayload, in: bytes.span) == 42)
  }

  @Test("every single octet changed is found, and so is every truncation")
  func tampered() {
    for index in Self.k1.indices {
      for bit in 0..<8 {
        var bytes = Self.k1
        bytes[index] ^= 1 << UInt8(bit)
        #expect(throws: SecurityError.self, "octet \(index) bit \(bit)") { try Self.initiator.opened(bytes) }
      }
    }
    for count in 0..<Self.k1.count { #expect(throws: SecurityError.self) { try Self.initiator.opened(Array(Self.k1[..<count])) } }
    #expect(throws: SecurityError.integrity) { try Self.responder.opened(Self.k1) }
  }

  static let suites: [IKESeal] = [
    initiator, IKESeal(.aesCBC(keyBits: 256), counting(32), .hmacSHA2_256_128, counting(32)),
    IKESeal(.tripleDES, counting(24), .aesXCBC96, counting(16)), IKESeal(.aesGCM16(keyBits: 128), counting(20), .none, []),
    IKESeal(.aesGCM16(keyBits: 256), counting(36), .none, []), IKESeal(.null, [], .hmacSHA1_96, counting(20)),
  ]

  @Test("a sender may do everything otherwise: what it chose stands, the check value is right for it", arguments: suites)
  func overrides(_ seal: IKESeal) throws {
    let message = Self.message(i: 1, r: 0, id: 2, [.deleteIKE])
    let iv = counting(seal.encryption.ivLength, from: 7)
    let plain = try seal.sealed(message, iv: iv)
    #expect(try seal.opened(plain) == octets("0000000801000000"))
    let block = max(1, seal.encryption.blockLength)

    // Padding longer than a block, with odd values.
    var padded = IKESeal.Overrides()
    padded.padding = counting(3 * 16 - 9, from: 0x55)
    let long = try seal.sealed(message, iv: iv, padded)
    #expect(long.count == 32 + iv.count + 48 + seal.icvLength)
    #expect(try seal.opened(long) == octets("0000000801000000"))

    // A pad length that says more than there is, and a check value that is wrong.
    var wrong = IKESeal.Overrides()
    wrong.padLength = 255
    #expect(throws: SecurityError.padding) { try seal.opened(try seal.sealed(message, iv: iv, wrong)) }
    wrong = IKESeal.Overrides()
    wrong.icv = [UInt8](repeating: 0, count: seal.icvLength)
    #expect(try seal.sealed(message, iv: iv, wrong).dropLast(seal.icvLength) == plain.dropLast(seal.icvLength))
    #expect(throws: SecurityError.integrity) { try seal.opened(try seal.sealed(message, iv: iv, wrong)) }

    // A length of the header that lies: under a right check value.
    var lying = message
    lying.values.append((path: .ikeLength, value: 9999))
    let lie = try seal.sealed(lying, iv: iv)
    #expect(lie[26..<28] == [0x27, 0x0f] && lie.count == plain.count)
    if !seal.encryption.isAEAD {
      #expect(try seal.integrity.mac(key: seal.integrityKey, Array(lie.dropLast(seal.icvLength))) == Array(lie.suffix(seal.icvLength)))
    }
    #expect(block <= 16)
  }

  @Test("any octets at all open or throw")
  func hostile() {
    var generator = Generator(state: 5)
    for round in 0..<2000 {
      var bytes = Self.k1
      for _ in 0..<Int.random(in: 1...8, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator))
      let seal = Self.suites[round % Self.suites.count]
      #expect((try? seal.opened(bytes)) == nil)
    }
  }
}

extension IKESeal {
  /// The payloads that a message seals.
  func opened(_ message: [UInt8]) throws(SecurityError) -> [UInt8] {
    var bytes = message
    let payload = try open(&bytes, bytes.indices)
    return Array(bytes[payload])
  }
}

/// SplitMix64: the same cases in every run.
struct Generator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return word ^ (word >> 31)
  }
}
