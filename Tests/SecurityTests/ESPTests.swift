import Link
import Testing
import Wire

@testable import Security

@Suite("ESP")
struct ESPTests {
  /// Octets 60…73 of the worked packet E1.
  static let e1Keys = ESPKeys(.null, [], .hmacSHA1_96, counting(20, from: 0x60))
  /// BRI of RFC 5846 in a type 2 routing header, in transport mode; hand-packed, its ICV said to be right by tshark.
  static let e1 = octets(
    """
    6000000000402b4020010db8000a0000000000000000000120010db8000b0000
    0000000000000002320202010000000020010db8000a00000000000000000077
    c0de0001000000013b01100044320101123400000102000001020287c80b1c7d
    2720ee67a9825e29
    """)

  static func address(_ text: String) throws -> IPv6Address { try #require(IPv6Address(text)) }

  /// What E1 seals, in clear (the worked packet P2).
  static func bri() throws -> Packet {
    Packet([
      .ipv6(from: try address("2001:db8:a::1"), to: try address("2001:db8:b::2")), .routing(to: try address("2001:db8:a::77")),
      .message(.bri, .rfc5846, [(.briTrigger, 1), (.briSequence, 0x1234)]),
    ])
  }

  static let everyPair: [ESPKeys] = [
    e1Keys, ESPKeys(.aesCBC(keyBits: 128), counting(16), .hmacSHA1_96, counting(20)),
    ESPKeys(.aesCBC(keyBits: 256), counting(32), .hmacSHA2_256_128, counting(32)),
    ESPKeys(.tripleDES, counting(24), .aesXCBC96, counting(16)), ESPKeys(.aesGCM16(keyBits: 128), counting(20), .none, []),
    ESPKeys(.aesGCM16(keyBits: 256), counting(36), .none, []), ESPKeys(.aesCBC(keyBits: 128), counting(16), .none, []),
  ]

  @Test("E1: sealed octet by octet, opened in its place, and decoded inside")
  func worked() throws {
    let kept = KeptKeys()
    var generator = SeededGenerator(seed: 1)
    var association = SecurityAssociation(spi: 0xc0de_0001, Self.e1Keys, .transport)
    let sealed = try association.seal(Self.bri(), from: 2, kept, using: &generator)
    #expect(hex(sealed.encoded()) == hex(Self.e1))
    #expect(association.sequence == 1)

    var inbound = SecurityAssociations()
    #expect(inbound.add(SecurityAssociation(spi: 0xc0de_0001, Self.e1Keys, .transport)) == 0)
    var frame = Self.e1
    var result = Dissection()
    let outcomes = inbound.decode(&frame, .ip, with: Decoder(dialect: .rfc5846), kept, into: &result)
    #expect(
      outcomes == [
        .opened(
          number: 0,
          OpenedESP(sequence: 1, payload: 72..<88, nextHeader: 135, padLength: 2, hasDefaultPadding: true))
      ])
    #expect(result.messageKind == .bri && result.isSound)
    #expect(result.value(.briSequence, in: frame.span) == 0x1234 && result.value(.routingHomeAddress, in: frame.span) != nil)
    #expect(result.layer(.bri)?.protection == .opened(0) && result.layer(.ipv6)?.protection == .clear)
    #expect(result.layer(.esp)?.protection == .opened(0) && result.layer(.esp)?.length == 8)
    #expect(frame == Self.e1, "NULL encryption changes nothing")
  }

  @Test("every pair of algorithms: transport and tunnel mode, decoded as in clear", arguments: everyPair)
  func pairs(_ keys: ESPKeys) throws {
    let kept = KeptKeys()
    var generator = SeededGenerator(seed: 2)
    let decoder = Decoder(dialect: .rfc5846)
    for isTunnel in [false, true] {
      var packet = try Self.bri()
      if isTunnel { packet.headers.insert(.ipv6(from: try Self.address("2001:db8::1"), to: try Self.address("2001:db8::2")), at: 0) }
      let from = isTunnel ? 1 : 2
      var outbound = SecurityAssociation(spi: 7, keys, isTunnel ? .tunnel : .transport)
      var inbound = SecurityAssociations()
      inbound.add(SecurityAssociation(spi: 7, keys, isTunnel ? .tunnel : .transport))
      var seen: Set<[UInt8]> = []
      for number in 1...3 {
        let wire = try outbound.seal(packet, from: from, kept, using: &generator).encoded()
        #expect(seen.insert(Array(wire.dropFirst(wire.count - 40))).inserted, "no two packets are equal")
        var frame = wire
        var result = Dissection()
        let outcomes = inbound.decode(&frame, .ip, with: decoder, kept, into: &result)
        guard case .opened(0, let opened) = try #require(outcomes.first) else {
          Issue.record("\(outcomes)")
          return
        }
        #expect(opened.sequence == UInt32(number) && opened.nextHeader == (isTunnel ? 41 : 135) && opened.hasDefaultPadding)
        #expect(result.messageKind == .bri && result.isSound && outcomes.count == 1)
        let clear = packet.encoded()
        let inside = clear.dropFirst(isTunnel ? 40 : 64)
        #expect(Array(frame[opened.payload]) == Array(inside))
        // RFC 4303 2.4: to the cipher's block, to four octets at least.
        let block = max(4, keys.encryption.blockLength)
        #expect((opened.payload.count + Int(opened.padLength) + 2) % block == 0)

        var again = wire
        #expect(inbound.decode(&again, .ip, with: decoder, kept, into: &result) == [.refused(spi: 7, .replayed)])
        #expect(again == wire && result.messageKind == nil && result.layer(.esp)?.protection == .opaque)
      }
      // One bit anywhere behind the SPI, where anything protects it.
      guard keys.icvLength > 0 else { continue }
      let wire = try outbound.seal(packet, from: from, kept, using: &generator).encoded()
      let start = wire.count - (wire.count - (isTunnel ? 40 : 64)) + 4
      for position in start..<wire.count {
        var frame = wire
        frame[position] ^= 0x10
        let broken = frame
        var result = Dissection()
        let outcome = inbound.decode(&frame, .ip, with: decoder, kept, into: &result)
        let isReplay = position < start + 4 && outcome == [.refused(spi: 7, .replayed)]
        #expect(outcome == [.refused(spi: 7, .integrity)] || isReplay, "octet \(position)")
        #expect(frame == broken, "octet \(position)")
      }
      var frame = wire
      var result = Dissection()
      #expect(inbound.decode(&frame, .ip, with: decoder, kept, into: &result).count == 1)
      #expect(result.messageKind == .bri, "what was refused did not move the window")
    }
  }

  @Test("the ESP packet of draft-mcgrew-gcm-test-01 with a 32-bit sequence number")
  func gcm() throws {
    var association = SecurityAssociation(
      spi: 0, ESPKeys(.aesGCM16(keyBits: 128), [UInt8](repeating: 0, count: 20), .none, []), .tunnel)
    var generator = SeededGenerator(seed: 0)
    var overrides = SealingOverrides()
    overrides.iv = [UInt8](repeating: 0, count: 8)
    let payload = octets(
      "4500003c99c500008001cb7a40679318010101010800075c020044006162636465666768696a6b6c6d6e6f7071727374757677616263646566676869")
    let sealed = try association.seal(payload, nextHeader: 1, KeptKeys(), using: &generator, overriding: overrides)
    let expected = """
      00000000000000010000000000000000 4688daf2f973a392732909c331d56d60f694abaa414b5e7ff5fdcdfff5e9a284456476492719ffb64de7d9dca1e1d894
      bc3bd57873ed4d181d19d4d5c8c18af3f821d496eeb096e98ad2b69e4799c71d
      """
    #expect(hex(sealed) == hex(octets(expected)))
  }

  @Test("the window: in order, out of order, too old, far ahead")
  func window() {
    var window = ReplayWindow()
    #expect(!window.admits(0))
    for number: UInt32 in [1, 5, 3, 68, 6] {
      #expect(window.admits(number), "\(number)")
      window.note(number)
      #expect(!window.admits(number), "\(number)")
    }
    // 68 is the highest: 5 is the oldest that fits, 4 is one too old.
    #expect(!window.admits(4) && !window.admits(5) && window.admits(7) && window.highest == 68)
    window.note(4)
    #expect(window.highest == 68)
    window.note(.max)
    #expect(window.highest == .max && !window.admits(68) && window.admits(.max - 63) && !window.admits(.max - 64))
  }

  @Test("the last sequence number is sent once")
  func spent() throws {
    var association = SecurityAssociation(spi: 1, Self.e1Keys, .transport)
    var generator = SeededGenerator(seed: 0)
    let kept = KeptKeys()
    association.sequence = .max - 1
    #expect(try association.seal([1, 2], nextHeader: 59, kept, using: &generator)[4..<8] == [0xff, 0xff, 0xff, 0xff])
    #expect(throws: SecurityError.sequence) { try association.seal([1, 2], nextHeader: 59, kept, using: &generator) }
    var overrides = SealingOverrides()
    overrides.sequence = 9
    #expect(try association.seal([1, 2], nextHeader: 59, kept, using: &generator, overriding: overrides)[4..<8] == [0, 0, 0, 9])
  }

  @Test("one thing wrong on purpose, everything else right")
  func overrides() throws {
    let keys = ESPKeys(.aesCBC(keyBits: 128), counting(16), .hmacSHA1_96, counting(20))
    let kept = KeptKeys()
    let payload = counting(20, from: 0xa0)
    /// Sealed with an override, and opened by an association that knows the right keys.
    func opened(_ change: (inout SealingOverrides) -> Void, spi: UInt32 = 7) throws -> (OpenedESP, [UInt8]) {
      var overrides = SealingOverrides()
      change(&overrides)
      var generator = SeededGenerator(seed: 3)
      var outbound = SecurityAssociation(spi: 7, keys, .transport)
      var bytes = try outbound.seal(payload, nextHeader: 135, kept, using: &generator, overriding: overrides)
      #expect(outbound.sequence == 1)
      var inbound = SecurityAssociation(spi: spi, keys, .transport)
      return (try inbound.open(&bytes, 0..<bytes.count, kept), bytes)
    }
    #expect(throws: SecurityError.otherAssociation) { try opened { $0.spi = 8 } }
    #expect(try opened({ $0.spi = 8 }, spi: 8).0.sequence == 1)
    #expect(try opened { $0.sequence = 77 }.0.sequence == 77)
    #expect(throws: SecurityError.replayed) { try opened { $0.sequence = 0 } }
    #expect(try opened { $0.iv = counting(16) }.1[8..<24].elementsEqual(counting(16)))
    #expect(throws: SecurityError.length(of: "initialisation vector", expected: 16, got: 15)) { try opened { $0.iv = counting(15) } }
    #expect(try opened { $0.nextHeader = 41 }.0.nextHeader == 41)
    #expect(throws: SecurityError.integrity) { try opened { $0.icv = counting(12) } }
    #expect(throws: SecurityError.notWholeBlocks) { try opened { $0.icv = [] } }
    #expect(throws: SecurityError.integrity) { try opened { $0.icv = counting(28) } }
    #expect(throws: SecurityError.integrity) {
      try opened { $0.keys = ESPKeys(keys.encryption, counting(16), keys.integrity, counting(20, from: 1)) }
    }
    // 20 octets of payload, 10 of padding, 2 more: two blocks.
    let odd = try opened { $0.padding = [UInt8](repeating: 0, count: 10) }.0
    #expect(odd.padLength == 10 && !odd.hasDefaultPadding && odd.payload.count == 20)
    #expect(try opened { $0.padding = counting(26, from: 1) }.0.hasDefaultPadding)
    #expect(throws: SecurityError.notWholeBlocks) { try opened { $0.padding = [1] } }
    #expect(throws: SecurityError.padding) { try opened { $0.padLength = 255 } }
    #expect(try opened { $0.padLength = 30 }.0.payload.isEmpty)
    // The wrong encryption key alone: the check value is right, and what comes out is not what went in.
    var wrong = keys
    wrong.encryptionKey = counting(16, from: 9)
    let clean = try opened { _ in }
    #expect(Array(clean.1[clean.0.payload]) == payload)
    do {
      let other = try opened { $0.keys = wrong }
      #expect(other.1 != clean.1)
    } catch {
      #expect(error as? SecurityError == .padding)
    }
  }

  @Test("any octets open to nothing worse than an error")
  func hostile() throws {
    var generator = SeededGenerator(seed: 11)
    let kept = KeptKeys()
    for keys in Self.everyPair {
      for _ in 0..<300 {
        let count = Int(generator.below(90))
        var bytes = [UInt8].random(count, using: &generator)
        if count >= 4 { bytes.replaceSubrange(0..<4, with: [0, 0, 0, 7]) }
        let before = bytes
        var association = SecurityAssociation(spi: 7, keys, .tunnel)
        do {
          _ = try association.open(&bytes, 0..<count, kept)
          #expect(keys.icvLength == 0)
        } catch {
          #expect(bytes == before && association == SecurityAssociation(spi: 7, keys, .tunnel))
        }
      }
    }
    var association = SecurityAssociation(spi: 7, Self.e1Keys, .tunnel)
    var bytes = counting(40)
    #expect(throws: SecurityError.tooShort) { try association.open(&bytes, 0..<41, kept) }
    association.keys.integrityKey = [1]
    #expect(throws: SecurityError.self) { try association.open(&bytes, 0..<40, kept) }
  }

  @Test("kept keys are bounded, and forgotten")
  func bounded() throws {
    let kept = KeptKeys(limit: 4)
    var generator = SeededGenerator(seed: 0)
    for number: UInt8 in 0..<10 {
      var association = SecurityAssociation(spi: 1, ESPKeys(.null, [], .hmacSHA1_96, counting(20, from: number)), .transport)
      _ = try association.seal([1], nextHeader: 59, kept, using: &generator)
      #expect(kept.count <= 4)
      if number == 9 { kept.forget(association.keys) }
    }
    #expect(kept.count == 1)
  }

  @Test("a packet that nobody has the key of")
  func unknown() throws {
    let kept = KeptKeys()
    var associations = SecurityAssociations()
    var frame = Self.e1
    var result = Dissection()
    let decoder = Decoder(dialect: .rfc5846)
    #expect(associations.decode(&frame, .ip, with: decoder, kept, into: &result) == [.unknown(spi: 0xc0de_0001, [])])
    #expect(result.messageKind == nil)
    let reading = NullESP(icvLength: 12, payload: 72..<88, nextHeader: 135)
    #expect(
      associations.decode(&frame, .ip, with: decoder, readsNull: true, kept, into: &result) == [.unknown(spi: 0xc0de_0001, [reading])])
    #expect(result.messageKind == .bri && result.layer(.bri)?.protection == .unverified)

    // Two associations of one SPI: the one whose keys fit opens it.
    let other = ESPKeys(.null, [], .hmacSHA1_96, counting(20))
    associations.add(SecurityAssociation(spi: 0xc0de_0001, other, .transport))
    associations.add(SecurityAssociation(spi: 0xc0de_0001, Self.e1Keys, .transport))
    let outcomes = associations.decode(&frame, .ip, with: decoder, kept, into: &result)
    guard case .opened(1, _) = outcomes.first else {
      Issue.record("\(outcomes)")
      return
    }
    #expect(result.layer(.bri)?.protection == .opened(1))
    #expect(associations.all.map(\.number) == [0, 1])
    #expect(associations.remove(spi: 0xc0de_0001).count == 2 && associations.all.isEmpty)
  }

  @Test("in UDP: the checksum is that of the sealed octets, before and after opening")
  func encapsulated() throws {
    let keys = Self.everyPair[1]
    let kept = KeptKeys()
    var generator = SeededGenerator(seed: 6)
    var outbound = SecurityAssociation(spi: 7, keys, .transport)
    // RFC 5555 4.4.1 with RFC 4877: IPv4, UDP 4191, IPv6, ESP, MH.
    var packet = Packet([
      .ipv4(from: IPv4Address(0xc000_0201), to: IPv4Address(0xc633_6402)), .udp(from: 4191, to: 40_077),
      .ipv6(from: try Self.address("2001:db8:a::1"), to: try Self.address("2001:db8:a::77")),
      .message(.bri, .rfc5846, [(.briTrigger, 1), (.briSequence, 0x1234)]),
    ])
    for isWrong in [false, true] {
      if isWrong { packet.set(.udpChecksum, 0xbad) }
      let wire = try outbound.seal(packet, from: 3, kept, using: &generator).encoded()
      var inbound = SecurityAssociations()
      inbound.add(SecurityAssociation(spi: 7, keys, .transport))
      var frame = wire
      var result = Dissection()
      #expect(inbound.decode(&frame, .ip, with: Decoder(dialect: .rfc5846), kept, into: &result).count == 1)
      #expect(result.messageKind == .bri && frame != wire)
      #expect(result.isSound == !isWrong && result.isWrong(.udpChecksum) == isWrong)
    }
  }

  @Test("Wireshark's table: what is no line of it is named by its number")
  func table() {
    let text = """
      # made by hand
      "IPv6","*","*","0xc0de0001","NULL","","HMAC-SHA-1-96 [RFC2404]","0x\(hex(counting(20)))"

      "IPv6","*","*","*","NULL","","HMAC-SHA-1-96 [RFC2404]","0x\(hex(counting(20)))"
      "IPv6","*","*","0x1","AES-CBC [RFC3602]","0x00","NULL",""
      "IPv6","*","*","0x1","AES-CBC [RFC3602]","0x\(hex(counting(16)))","HMAC-SHA-1-96 [RFC2404]","0x00"
      "IPv6","*","*","0x1","AES-CBC [RFC3602]","0x\(hex(counting(16)))","HMAC-MD5-96 [RFC2403]","0x\(hex(counting(16)))"
      "IPv6","*","*","0x2","AES-GCM with 16 octet ICV [RFC4106]","0x\(hex(counting(20)))","NULL",""
      nothing
      "IPv6","*","*","0x2","AES-GCM with 16 octet ICV [RFC4106]","0x","NULL",""
      """
    var associations = SecurityAssociations()
    #expect(associations.read(text) == [4, 5, 6, 7, 9, 10])
    #expect(associations.all.map(\.association.spi) == [0xc0de_0001, 2])
    #expect(associations.all.map(\.association.keys.encryption) == [.null, .aesGCM16(keyBits: 128)])
  }
}
