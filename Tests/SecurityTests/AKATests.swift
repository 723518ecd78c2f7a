import Link
import Testing

@testable import Security

@Suite("EAP-AKA")
struct AKATests {
  static let identity = "0001010000000001@nai.epc.mnc001.mcc001.3gppnetwork.org"

  static func milenage() throws -> Milenage {
    try Milenage(key: octets("465b5ce8b199b49faa5f0a2ee238a6bc"), opc: octets("cd63cb71954a9f4e48a5994e37a02baf"))
  }

  /// Both sides, and everything that they said.
  struct Exchange {
    var server: AKAServer
    var peer: AKAPeer
    var generator = SeededGenerator(seed: 4)
    var packets: [[UInt8]] = []

    init(_ setUp: (inout AKAServer, inout AKAPeer) -> Void = { _, _ in }) throws {
      server = AKAServer(try milenage(), identity: identity, sequence: 100)
      peer = AKAPeer(identity: identity, USIM(try milenage(), sequence: 100))
      setUp(&server, &peer)
    }

    mutating func run() throws {
      var packet: [UInt8]? = try server.start(identifier: 7, using: &generator)
      while let request = packet, packets.count < 20 {
        packets.append(request)
        guard let response = try peer.receive(request) else { break }
        packets.append(response)
        packet = try server.receive(response, using: &generator)
      }
    }

    /// What was said, in order: the subtype, or the code of a packet without one.
    var said: [String] {
      packets.map { octets in
        guard let packet = try? EAPPacket(octets) else { return "?" }
        return (try? AKAMessage(packet)).map { "\($0.subtype)" } ?? "\(packet.code)"
      }
    }
  }

  @Test("keys: RFC 4186 A.5 for the generator, Python for MK")
  func keys() throws {
    let keys = try AKAKeys(masterKey: octets("e576d5ca332e9930018bf1baee2763c795b3c712"))
    #expect(hex(keys.encryption) == "536e5ebc4465582aa6a8ec9986ebb620" && hex(keys.authentication) == "25af1942efcbf4bc72b3943421f2a974")
    #expect(
      hex(keys.msk + keys.emsk)
        == hex(
          octets(
            """
            39d45aeaf4e30601983e972b6cfd46d1c363773365690d09cd44976b525f47d3a60a985e955c53b090b2e4b73719196a402542968fd14a888f46b9a7886e4488
            5949eab0fff69d52315c6c634fd14a7f0d52023d56f79698fa6596abeed4f93fbb48eb534d985414ceed0d9a8ed33c387c9dfdab92ffbdf240fcecf65a2c93b9
            """)))
    // hashlib.sha1(identity + IK + CK), and the generator written out in Python.
    let own = try AKAKeys(
      identity: Array(Self.identity.utf8), integrityKey: octets("f769bcd751044604127672711c6d3441"),
      cipherKey: octets("b40ba9a3c58b2a05bbf0d987b21bf8cb"))
    #expect(hex(own.authentication) == "16589190b459f1708f94261b0a042d73")
    #expect(
      hex(own.msk)
        == "01418086c8d0f735a92329e4f3d83820a268f077c6ebf455d66958d90ef7bc6751d7fbf2ad98c81f973bfc978130ae58a0e8901b228116b272d698ef7758330d"
    )
    #expect(throws: SecurityError.self) { try AKAKeys(masterKey: [1]) }
  }

  @Test("the challenge of test set 1, octet by octet as Python makes it")
  func challenge() throws {
    let request = octets(
      """
      01070044170100000105000023553cbe9637a89d218ae64dae47bf350205000055f328b43577b9b94a9ffac354dfafb3
      0b050000f118cd5b3eb2c8d9e00e45414e8d837b
      """)
    var peer = AKAPeer(identity: Self.identity, USIM(try Self.milenage()))
    let response = try peer.receive(request)
    #expect(response.map(hex) == "020700281701000003030040a54211d5e3ba50bf0b0500000bb9400767911681c22a50c3ca7e4771")
    #expect(peer.state == .authenticated)
    #expect(try peer.receive(request) == response, "the same request again")
    #expect(try peer.receive(octets("03070004")) == nil && peer.state == .succeeded)

    let keys = try #require(peer.keys)
    var message = AKAMessage(isRequest: true, identifier: 7, .challenge)
    message.attributes = [
      AKAAttribute(.rand, octets("23553cbe9637a89d218ae64dae47bf35")), AKAAttribute(.autn, octets("55f328b43577b9b94a9ffac354dfafb3")),
      .emptyMAC,
    ]
    #expect(try hex(message.octets(keys)) == hex(request))
  }

  @Test("messages of a strongSwan server and client")
  func strongSwan() throws {
    let texts = [
      "011e000c170500000d010000",
      """
      021e0044170500000e0f003630303031303130313233343536373839406e61692e6570632e6d6e633030312e6d63633030312e336770706e6574776f726b2e6f
      72670000
      """,
      """
      011f00441701000001050000fead19a111dc9de1dfd2a7c7f49b7221020500007fccccf30fc080005cf00fb9084ad47c0b050000c9f12938157681df9005e335
      3a6b7d20
      """,
      "021f00281701000003030040c586f04ef0fe97f50b05000092f2832263c95f6c2562ebc3510d824c",
    ]
    let messages = try texts.map { try AKAMessage(EAPPacket(octets($0))) }
    #expect(messages.map(\.subtype) == [.identity, .identity, .challenge, .challenge])
    #expect(messages[0].attributes.map(\.kind) == [.anyIDRequest])
    #expect(messages[1].first(.identity)?.sizedData == Array("0001010123456789@nai.epc.mnc001.mcc001.3gppnetwork.org".utf8))
    #expect(messages[2].attributes.map(\.kind) == [.rand, .autn, .mac])
    #expect(messages[3].first(.res)?.sizedData.map(hex) == "c586f04ef0fe97f5")
    for (text, message) in zip(texts, messages) { #expect(try message.octets() == octets(text)) }
  }

  /// wpa_supplicant 2.10 (`eapol_test`) as the peer, its USIM written in Python; recorded, and the MSK was its own.
  @Test("an exchange with wpa_supplicant")
  func wpaSupplicant() throws {
    var server = AKAServer(try Self.foreignMilenage(), identity: "", sequence: 0x1234)
    server.asks = .permanentIDRequest
    var generator = SeededGenerator(seed: 99)
    #expect(try hex(server.start(identifier: 0x30, using: &generator)) == "0130000c170500000a010000")
    let identity = octets("02300040170500000e0e0032") + Array(Self.foreignIdentity.utf8) + [0, 0]
    #expect(
      try server.receive(identity, using: &generator).map(hex)
        == hex(
          octets(
            """
            0131005c1701000001050000e3a4fbd7f47343c33e1453fe895212bd02050000e632df87321600005d4a31a943e75e28860600000a7a8274bcbab0edfed80f12
            41ada782c10438170b050000fe0d3195e0dbf2e1ee75cec0d493cda2
            """)))
    let response = octets(
      """
      0231004017010000030300404d84236ee52bd379860600000a7a8274bcbab0edfed80f1241ada782c10438170b050000ba7ebab35075b844ba18704fda077ecf
      """)
    #expect(try server.receive(response, using: &generator) == [3, 0x31, 0, 4])
    #expect(
      server.keys.map { hex($0.msk) }
        == "84ac5bd73b28ca0a77810995c4fbfa4fadade5b2884bafcefd4b2f5ecfd9d60a6698bb0e95bd243fe5d83e0759fdee3cb9adb45b007775c51b8a3db8b6f71076"
    )
  }

  /// hostapd 2.10 as the server, its HLR written in Python; recorded, and it accepted these answers.
  @Test("exchanges with hostapd: success, and a sequence number behind the USIM's")
  func hostapd() throws {
    var peer = AKAPeer(identity: Self.foreignIdentity, USIM(try Self.foreignMilenage(), sequence: 1))
    let identity = hex(octets("02020040170500000e0e0032") + Array(Self.foreignIdentity.utf8) + [0, 0])
    #expect(try peer.receive(octets("0102000c170500000d010000")).map(hex) == identity)
    let challenge = octets(
      """
      010300b81701000001050000ea25a3cc1ffc0bce52257c1e3b7ee42802050000be4e2b13fc2180006fd07da9a4b6728e810500002b36e6e145eb41689db2b377
      c2e5ec2882110000c6d3e0beb1975547da32f90ea336f35e520e942a3758fa4ada2bf856903b8e6606e6a51f7e58f3167c90fc889da7bc692c9e36ced90e8102
      0e729b3bb5729513860600003cb8325998cad2d08539a1d8e9546fcca61bb99d880100000b050000e4222a561c4843a698c172a8c1f695f3
      """)
    #expect(
      try peer.receive(challenge).map(hex)
        == "02030040170100000303004034fdc460c7dd5d9c860600003cb8325998cad2d08539a1d8e9546fcca61bb99d0b050000ccefeb4b99a58888f3753970b9be4030"
    )
    #expect(try peer.receive([3, 3, 0, 4]) == nil && peer.state == .succeeded)

    var ahead = AKAPeer(identity: Self.foreignIdentity, USIM(try Self.foreignMilenage(), sequence: 0x9000))
    _ = try ahead.receive(octets("0102000c170500000d010000"))
    let stale = octets(
      """
      010300b81701000001050000e51c2064ac1c830b087fcf1cb8ef295902050000c3fff48b8e9c800075c03e0df2eaa6d4810500006af8457122aad828035ff3db
      d96e48ca8211000079066fb8f6e4add93e6f069c9f1affe80792dc7ffc522b471576c3227279f3354edcdc3091938aa69875c49042ff3afe58da39496754cab6
      97f61aa6719b667e860600003cb8325998cad2d08539a1d8e9546fcca61bb99d880100000b050000409beab977404b98f564eb3a575b7a86
      """)
    #expect(try ahead.receive(stale).map(hex) == "02030018170400000404755a6c9baea4f1b955d7578106c3")
    #expect(ahead.state == .waiting)
  }

  static let foreignIdentity = "0232010000000000@wlan.mnc232.mcc02.3gppnetwork.org"

  static func foreignMilenage() throws -> Milenage {
    try Milenage(key: octets("90dca4eda45b53cf0f12d7c9c3bc6a89"), opc: octets("cb9cccc4b9258e6dca4760379fb82581"))
  }

  @Test("full authentication, with and without an identity round, and with the result protected")
  func success() throws {
    var plain = try Exchange()
    try plain.run()
    #expect(plain.said == ["challenge", "challenge", "success"])
    #expect(plain.server.state == .succeeded && plain.peer.state == .succeeded)
    #expect(plain.server.keys == plain.peer.keys && plain.server.keys != nil)

    var asked = try Exchange { server, _ in server.asks = .anyIDRequest }
    try asked.run()
    #expect(asked.said == ["identity", "identity", "challenge", "challenge", "success"])
    #expect(asked.server.identity == Array(Self.identity.utf8) && asked.server.keys == asked.peer.keys)
    #expect(try AKAMessage(EAPPacket(asked.packets[2])).first(.checkcode)?.data.count == 20)

    var told = try Exchange { server, peer in
      server.indicatesResult = true
      peer.acceptsResultIndication = true
    }
    try told.run()
    #expect(told.said == ["challenge", "challenge", "notification", "notification", "success"])
    #expect(told.server.state == .succeeded && told.peer.state == .succeeded)

    var again = try Exchange()
    try again.run()
    #expect(again.packets == plain.packets, "a seed says everything")
  }

  @Test("resynchronisation: the server takes the USIM's number and asks once more")
  func resynchronisation() throws {
    var exchange = try Exchange { _, peer in peer.usim.sequence = 5_000 }
    try exchange.run()
    #expect(exchange.said == ["challenge", "synchronizationFailure", "challenge", "challenge", "success"])
    #expect(exchange.server.sequence == 5_001 && exchange.peer.usim.sequence == 5_001)
  }

  @Test("a network that does not know the key is rejected")
  func wrongKey() throws {
    var exchange = try Exchange { server, _ in
      guard let other = try? Milenage(key: counting(16), opc: counting(16)) else { return }
      server = AKAServer(other, identity: Self.identity, sequence: 100)
    }
    try exchange.run()
    #expect(exchange.said == ["challenge", "authenticationReject", "failure"])
    #expect(exchange.server.state == .failed("the peer rejects AUTN") && exchange.peer.state == .failed("EAP-Failure"))
  }

  @Test("one thing wrong on purpose, and what the other side makes of it")
  func broken() throws {
    typealias Alteration = @Sendable (inout AKAMessage) -> Void
    /// Alters the messages of one subtype.
    func only(_ subtype: AKAMessage.Subtype, _ change: @escaping Alteration) -> Alteration {
      { if $0.subtype == subtype { change(&$0) } }
    }
    let requests: [Alteration] = [
      only(.challenge) { $0.mac = counting(16) }, only(.challenge) { $0.attributes.removeLast() },
      only(.challenge) { $0.attributes.removeFirst() }, only(.challenge) { $0.attributes[0].length = 0 },
      only(.challenge) { $0.attributes[0].length = 200 },
      only(.challenge) { $0.attributes.insert(AKAAttribute(AKAAttribute.Kind(rawValue: 99)), at: 0) },
      only(.challenge) { $0.subtype = .reauthentication }, only(.challenge) { $0.attributes[0].value.removeLast(4) },
      only(.identity) { $0.attributes = [] },
    ]
    for (number, alteration) in requests.enumerated() {
      var exchange = try Exchange { server, _ in
        server.asks = .permanentIDRequest
        server.alter = alteration
      }
      try exchange.run()
      #expect(exchange.said.suffix(2) == ["clientError", "failure"], "request \(number): \(exchange.said)")
      #expect(exchange.peer.state == .failed("EAP-Failure"), "request \(number)")
    }
    // What is not known and may be skipped is.
    var skipped = try Exchange { server, _ in
      server.alter = { $0.attributes.insert(AKAAttribute(AKAAttribute.Kind(rawValue: 200), [1, 2]), at: 0) }
    }
    try skipped.run()
    #expect(skipped.said == ["challenge", "challenge", "success"])

    let responses: [Alteration] = [
      only(.challenge) { $0.mac = counting(16) }, only(.challenge) { $0.attributes[0] = .res(counting(8)) },
      only(.challenge) { $0.attributes[0] = .res(counting(4)) }, only(.challenge) { $0.attributes.removeLast() },
      only(.challenge) { $0.attributes.removeFirst() }, only(.challenge) { $0.attributes = [] },
      only(.challenge) { $0.subtype = .identity }, only(.identity) { $0.attributes = [] },
      only(.identity) { $0.attributes[0].value[0] = 0xff },
    ]
    for (number, alteration) in responses.enumerated() {
      var exchange = try Exchange { server, peer in
        server.asks = .permanentIDRequest
        peer.alter = alteration
      }
      try exchange.run()
      #expect(exchange.said.suffix(3) == ["notification", "notification", "failure"], "response \(number): \(exchange.said)")
      #expect(exchange.peer.state == .failed("EAP-Failure"), "response \(number)")
      guard case .failed = exchange.server.state else {
        Issue.record("response \(number): \(exchange.server.state)")
        continue
      }
    }
    // The identity round is protected by AT_CHECKCODE.
    var listened = try Exchange { server, peer in
      server.asks = .permanentIDRequest
      peer.alter = only(.challenge) { message in
        message.attributes = message.attributes.map { $0.kind == .checkcode ? AKAAttribute(.checkcode, counting(20)) : $0 }
      }
    }
    try listened.run()
    #expect(listened.said.suffix(3) == ["notification", "notification", "failure"])
  }

  @Test("packets that are none, and those of other methods")
  func foreign() throws {
    var peer = AKAPeer(identity: Self.identity, USIM(try Self.milenage()))
    #expect(try peer.receive([]) == nil && (try peer.receive([1, 2, 0, 3])) == nil && (try peer.receive([9, 2, 0, 4])) == nil)
    #expect(try peer.receive([1, 2, 0, 5, 1]) == [2, 2, 0, UInt8(5 + Self.identity.utf8.count), 1] + Array(Self.identity.utf8))
    #expect(try peer.receive([1, 3, 0, 5, 2]) == [2, 3, 0, 5, 2])
    #expect(try peer.receive([1, 4, 0, 5, 13]) == [2, 4, 0, 6, 3, 23])
    #expect(try peer.receive([2, 4, 0, 5, 23]) == nil)
    // Success that nothing led to.
    #expect(try peer.receive([3, 4, 0, 4]) == nil && peer.state == .waiting)
    for octets in [[1, 5, 0, 5, 23], [1, 6, 0, 8, 23, 77, 0, 0], [1, 7, 0, 9, 23, 5, 0, 0, 1], [1, 8, 0, 12, 23, 2, 0, 0, 1, 1, 0, 0]]
      as [[UInt8]]
    {
      #expect(try peer.receive(octets) == [2, octets[1], 0, 12, 23, 14, 0, 0, 22, 1, 0, 0])
    }

    var generator = SeededGenerator(seed: 0)
    var server = AKAServer(try Self.milenage(), identity: Self.identity, sequence: 1)
    #expect(try server.receive([2, 7, 0, 5, 23], using: &generator) == nil)
    _ = try server.start(identifier: 7, using: &generator)
    #expect(try server.receive([2, 8, 0, 5, 23], using: &generator) == nil)
    #expect(try server.receive([1, 7, 0, 5, 23], using: &generator) == nil)
    #expect(try server.receive([2, 7, 0, 6, 3, 21], using: &generator) == [4, 7, 0, 4])
    #expect(server.state == .failed("the peer wants another method"))
  }

  @Test("any octets give nothing worse than an error")
  func hostile() throws {
    var generator = SeededGenerator(seed: 12)
    for round in 0..<3_000 {
      var exchange = try Exchange { server, _ in if round % 2 == 0 { server.asks = .anyIDRequest } }
      var packet = try exchange.server.start(identifier: 7, using: &exchange.generator)
      if round % 3 > 0 {
        for _ in 0..<1 + Int(generator.below(3)) {
          packet[Int(generator.below(Int64(packet.count)))] = UInt8.random(in: 0...255, using: &generator)
        }
      } else {
        packet = [1, 7, 0, UInt8(packet.count), 23] + [UInt8].random(packet.count - 5, using: &generator)
      }
      guard var response = try exchange.peer.receive(packet) else { continue }
      response[Int(generator.below(Int64(response.count)))] ^= 1
      _ = try exchange.server.receive(response, using: &exchange.generator)
      #expect(exchange.server.state != .succeeded, "\(hex(packet)) \(hex(response))")
    }
  }
}
