import Link
import Testing
import Wire

@testable import Security

@Suite("ESP that may not be encrypted")
struct NullESPTests {
  static let mobility = octets("3b011000443201011234000001020000")
  static let udp = octets("0001000200090000 ff")

  static func sealed(_ payload: [UInt8], _ nextHeader: UInt8, _ integrity: IntegrityAlgorithm) throws -> [UInt8] {
    var generator = SeededGenerator(seed: 5)
    let keys = ESPKeys(.null, [], integrity, counting(integrity.keyLength))
    var association = SecurityAssociation(spi: 1, keys, .transport)
    return try association.seal(payload, nextHeader: nextHeader, KeptKeys(), using: &generator)
  }

  @Test("is recognised with check values of 12, 16 and no octets", arguments: [IntegrityAlgorithm.hmacSHA1_96, .hmacSHA2_256_128, .none])
  func recognised(_ integrity: IntegrityAlgorithm) throws {
    for (payload, nextHeader) in [(Self.mobility, UInt8(135)), (Self.udp, 17)] {
      let packet = try Self.sealed(payload, nextHeader, integrity)
      #expect(
        NullESP.readings(packet, 0..<packet.count) == [
          NullESP(icvLength: integrity.icvLength, payload: 8..<(8 + payload.count), nextHeader: nextHeader)
        ])
    }
  }

  @Test("a packet in tunnel mode")
  func tunnel() throws {
    let inner = Packet([
      .ipv6(from: IPv6Address(1), to: IPv6Address(2)), .message(.bri, .rfc5846, [(.briSequence, 1)]),
    ]).encoded()
    let packet = try Self.sealed(inner, 41, .hmacSHA1_96)
    #expect(NullESP.readings(packet, 0..<packet.count).map(\.nextHeader) == [41])
  }

  @Test("says nothing of what does not say how long it is, nor of wrong trailers")
  func unrecognised() throws {
    for packet in [try Self.sealed(counting(16), 58, .hmacSHA1_96), try Self.sealed(counting(16), 135, .hmacSHA1_96)] {
      #expect(NullESP.readings(packet, 0..<packet.count).isEmpty)
    }
    let packet = try Self.sealed(Self.mobility, 135, .hmacSHA1_96)
    // The padding, the pad length, the next header, the header length of what is inside.
    for position in [24, 25, 26, 27, 9] {
      var broken = packet
      broken[position] ^= 1
      #expect(NullESP.readings(broken, 0..<broken.count).isEmpty, "octet \(position)")
    }
    // Cut short it is none, save where just the check value is gone.
    for count in 0..<packet.count {
      let readings = NullESP.readings(Array(packet.prefix(count)), 0..<count)
      #expect(readings.map(\.icvLength) == (count == packet.count - 12 ? [0] : []), "\(count) octets")
    }
    #expect(NullESP.readings([], 0..<0).isEmpty && NullESP.readings([], 0..<9).isEmpty)
  }

  @Test("encrypted packets are hardly ever taken for it")
  func encrypted() throws {
    var generator = SeededGenerator(seed: 8)
    let keys = ESPKeys(.aesCBC(keyBits: 128), counting(16), .hmacSHA1_96, counting(20))
    var association = SecurityAssociation(spi: 1, keys, .transport)
    let kept = KeptKeys()
    var taken = 0
    for _ in 0..<20_000 {
      let packet = try association.seal(Self.mobility, nextHeader: 135, kept, using: &generator)
      if !NullESP.readings(packet, 0..<packet.count).isEmpty { taken += 1 }
    }
    #expect(taken <= 2)
  }
}
