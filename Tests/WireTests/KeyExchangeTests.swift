import Testing
import Wire

@Suite("IKEv2 messages")
struct KeyExchangeTests {
  /// IKE_SA_INIT request of strongSwan 5.9.8, the first frame of a capture of its own, from the IPv6 header on.
  static let initial = octets(
    """
    60085ced01d8114020010db800010000000000000000000120010db800010000000000000000000201f401f401d85d6023389bfcc6c10f2c0000000000000000
    2120220800000000000001d0220000300000002c010100040300000c0100000c800e0080030000080300000c0300000802000005000000080400000e28000108
    000e0000814c3b8638d07a395fe2fc4ac9363eb53062150c3078f1c7e5e9a68b35330f44e8c784b371f79cd86c4bbae2b1cc93d4a866e273c0e9c25b3de281c5
    c74ff23c6cafd93917060a2f7d4fc0e66d606531bf6761bbed0f125c9f5d66cb0315fde2e4aeacc16a5b49b77ea072ab76d30974281bbb89c0101726c446b649
    e6fa9234903831f73d25bb600bb0a0dacdf45755e66117c5912f234b7c6681fb2922112411825d311c898332e3abd0003189e5b2d5e9b1001e2c8b91324772e1
    fdc666746b876995230cf467cacae038624714e0c744664c3122cb9220391545b14873e26c416ce919cc8bd2d95635ce8193b5a3e331b9f2254b138365988332
    83e68f23290000243c9932487eda36b963709eba7438953f89b2853ff5d404b17b3683ff1f7da9a12900001c00004004af2f97791a2d06733366fd4af7c51d75
    91620da82900001c00004005c58f6033e31fb9f50428e1c8033279a8c0186613290000080000402e290000100000402f00020003000400050000000800004016
    """)

  /// What tshark 4.0 prints of it.
  static let sequence: [(LayerKind, Int, Int)] = [
    (.sa, 4, 0), (.proposal, 8, 1), (.encryptionTransform, 8, 2), (.transformAttribute, 4, 3), (.integrityTransform, 8, 2),
    (.prfTransform, 8, 2), (.dhTransform, 8, 2), (.ke, 264, 0), (.nonce, 36, 0), (.notify, 28, 0), (.notify, 28, 0), (.notify, 8, 0),
    (.notify, 16, 0), (.notify, 8, 0),
  ]

  static func places(_ bytes: [UInt8]) -> [PayloadPlace] {
    let dissection = dissect(bytes)
    var places: [PayloadPlace] = []
    dissection.forEachPayload(in: bytes.span) { places.append($0) }
    return places
  }

  @Test("payloads and their parts, with the values that tshark prints")
  func reading() {
    let dissection = dissect(Self.initial)
    // The veth that it was captured on left the UDP checksum to its receiver.
    #expect(dissection.anomalyKinds == [.checksum] && dissection.isWrong(path("udp.checksum")))
    #expect(dissection.kinds == [.ipv6, .udp, .ike])
    #expect(dissection.layer(.ike)?.protection == .clear)
    let places = Self.places(Self.initial)
    #expect(places.map(\.kind) == Self.sequence.map(\.0))
    #expect(places.map(\.length) == Self.sequence.map(\.1))
    #expect(places.map(\.kind.depth) == Self.sequence.map(\.2))
    let values: [(String, UInt128)] = [
      ("ike.initiator-spi", 0x2338_9bfc_c6c1_0f2c), ("ike.responder-spi", 0), ("ike.next-payload", 33), ("ike.exchange-type", 34),
      ("ike.i", 1), ("ike.r", 0), ("ike.length", 464), ("sa.next-payload", 34), ("sa.length", 48), ("proposal.length", 44),
      ("proposal.number", 1), ("proposal.protocol-id", 1), ("proposal.spi-size", 0), ("proposal.num-transforms", 4),
      ("encryption-transform.id", 12), ("transform-attribute.type", 14), ("transform-attribute.value", 128),
      ("integrity-transform.id", 12), ("prf-transform.id", 5), ("dh-transform.id", 14), ("dh-transform.last", 0), ("ke.group", 14),
      ("ke.length", 264), ("nonce.length", 36), ("notify.message-type", 16388), ("notify.length", 28),
    ]
    for (name, value) in values { #expect(dissection.value(name, Self.initial) == value, "\(name)") }
    #expect(dissection.value("delete.protocol-id", Self.initial) == nil)
  }

  static let spi: (FieldPath, UInt128) = (path("ike.initiator-spi"), 0x2338_9bfc_c6c1_0f2c)

  static func message(_ payloads: [Packet.Option], exchange: UInt128 = 34) -> Packet {
    Packet([
      .ipv6(from: Lab.careOf, to: Lab.agent), .udp(from: 500, to: 500),
      Packet.Header(.ike, .rfc5846, [spi, (path("ike.exchange-type"), exchange), (path("ike.i"), 1)], options: payloads),
    ])
  }

  static func notify(_ type: UInt128, _ data: [UInt8] = []) -> Packet.Option {
    Packet.Option(.notify, [(path("notify.message-type"), type)], data: data)
  }

  static let payloads: [Packet.Option] = [
    Packet.Option(.sa), Packet.Option(.proposal, [(path("proposal.protocol-id"), 1)]),
    Packet.Option(.encryptionTransform, [(path("encryption-transform.id"), 12)]),
    Packet.Option(.transformAttribute, [(path("transform-attribute.type"), 14), (path("transform-attribute.value"), 128)]),
    Packet.Option(.integrityTransform, [(path("integrity-transform.id"), 12)]),
    Packet.Option(.prfTransform, [(path("prf-transform.id"), 5)]), Packet.Option(.dhTransform, [(path("dh-transform.id"), 14)]),
    Packet.Option(.ke, [(path("ke.group"), 14)], data: Array(initial[132..<388])), Packet.Option(.nonce, data: Array(initial[392..<424])),
    notify(16388, Array(initial[432..<452])), notify(16389, Array(initial[460..<480])), notify(16430),
    notify(16431, [0, 2, 0, 3, 0, 4, 0, 5]), notify(16406),
  ]

  @Test("built from named values it is the same message: lengths, counts, markers and next payloads are computed")
  func building() {
    #expect(Self.message(Self.payloads).encoded()[48...] == Self.initial[48...])
  }

  @Test("each value can be chosen, and nothing else changes with it")
  func overriding() {
    for (option, name, octet) in [
      (0, "sa.length", 79), (1, "proposal.num-transforms", 87), (4, "integrity-transform.last", 100), (0, "sa.next-payload", 76),
    ] {
      var payloads = Self.payloads
      payloads[option].values.append((path: path(name), value: 77))
      let bytes = Self.message(payloads).encoded()
      #expect(bytes[octet] == 77, "\(name)")
      #expect(zip(bytes[48...], Self.initial[48...]).count { $0 != $1 } == 1, "\(name)")
    }
  }

  @Test("what is taken over and frozen keeps its lengths when a payload grows")
  func frozen() {
    var packet = Packet(Self.initial.span, dissect(Self.initial))
    #expect(packet.encoded() == Self.initial)
    packet = Self.message(Self.payloads).frozen()
    packet.headers[2].options[8].data += [1, 2, 3]
    let bytes = packet.encoded()
    #expect(bytes.count == Self.initial.count + 3)
    #expect(bytes[390..<392] == [0, 36])
    #expect(bytes[72..<76] == [0, 0, 1, 0xd0])
  }

  static let deletion = Packet.Option(
    .delete, [(path("delete.protocol-id"), 3), (path("delete.spi-size"), 4), (path("delete.num-spis"), 1)], data: [0xc0, 0, 0, 1])
  static let configuration: [Packet.Option] = [
    Packet.Option(.cp, [(path("cp.type"), 2)]),
    Packet.Option(.configurationAttribute, [(path("configuration-attribute.type"), 8)], data: Lab.home.octets + [64]),
    Packet.Option(.configurationAttribute, [(path("configuration-attribute.type"), 16)], data: [1]),
  ]
  /// MH type 5 alone (RFC 7296 3.13.1).
  static let selectors: [Packet.Option] = [
    Packet.Option(.tsi),
    Packet.Option(
      .trafficSelector6,
      [
        (path("traffic-selector6.protocol-id"), 135), (path("traffic-selector6.start-port"), 0x0500),
        (path("traffic-selector6.end-port"), 0x0500), (path("traffic-selector6.start-address"), Lab.home.value),
        (path("traffic-selector6.end-address"), Lab.home.value),
      ]), Packet.Option(.trafficSelector4),
  ]

  @Test("the parts of each payload are as drawn in RFC 7296")
  func drawn() {
    let home = Lab.home.octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    let expected = octets(
      """
      2f00000c 03040001c0000001
      2c000022 02000000 00080011 \(home) 40 00100001 01
      00000040 02000000 08870028 05000500 \(home) \(home) 07000010 0000 0000 00000000 00000000
      """)
    let bytes = Self.message([Self.deletion] + Self.configuration + Self.selectors, exchange: 37).encoded()
    #expect(Array(bytes[76...]) == expected)
    #expect(dissect(bytes).isSound)
  }

  @Test("an opened message has its payloads inside SK, each octet where it was")
  func opened() {
    let inside = Array(Self.message([Self.deletion]).encoded()[76...])
    // IV, payloads, padding and pad length, check value.
    let data = [UInt8](repeating: 1, count: 16) + inside + [0, 0, 0, 3] + [UInt8](repeating: 2, count: 12)
    let bytes = Self.message([Packet.Option(.sk, [(path("sk.next-payload"), 42)], data: data)], exchange: 37).encoded()
    var dissection = Dissection()
    let opening = Opening(offset: 48, payload: 96..<108, protection: .opened(3))
    Decoder(dialect: .rfc5846).decode(bytes.span, .ip, opened: [opening], into: &dissection)
    #expect(dissection.isSound)
    #expect(dissection.layer(.ike)?.protection == .opened(3))
    var places: [PayloadPlace] = []
    dissection.forEachPayload(in: bytes.span) { places.append($0) }
    #expect(places.map(\.kind) == [.sk, .delete] && places.map(\.offset) == [76, 96] && places.map(\.length) == [20, 12])
    #expect(dissection.value("delete.protocol-id", bytes) == 3)
    #expect(Packet(bytes.span, dissection).encoded() == bytes)
    #expect(dissection.text(bytes.span).contains("payload delete at 96, 12 octets"))
    // Where it was not opened, nobody looks inside.
    #expect(dissect(bytes).value("delete.protocol-id", bytes) == nil)
    // An opening that reaches beyond SK is none.
    let wrong = Opening(offset: 48, payload: 96..<500, protection: .opened(3))
    Decoder(dialect: .rfc5846).decode(bytes.span, .ip, opened: [wrong], into: &dissection)
    #expect(dissection.value("delete.protocol-id", bytes) == nil)
  }

  struct Fault: Sendable, CustomTestStringConvertible {
    var name: String
    var option: Int
    var path: String
    var value: UInt128
    var kinds: [Anomaly.Kind]
    var testDescription: String { name }
  }

  static let faults: [Fault] = [
    Fault(name: "a length below 4", option: 8, path: "nonce.length", value: 3, kinds: [.lengthTooShort]),
    Fault(name: "a length beyond the end", option: 13, path: "notify.length", value: 9, kinds: [.optionOverrun]),
    Fault(name: "a payload that is not there", option: 13, path: "notify.next-payload", value: 42, kinds: [.optionOverrun]),
    Fault(name: "an early end", option: 12, path: "notify.next-payload", value: 0, kinds: [.trailing]),
    Fault(name: "a count", option: 1, path: "proposal.num-transforms", value: 3, kinds: [.value]),
    Fault(name: "a last transform that says more", option: 6, path: "dh-transform.last", value: 3, kinds: [.value]),
    Fault(name: "a transform that says last", option: 4, path: "integrity-transform.last", value: 0, kinds: [.value]),
    Fault(name: "an SPI longer than its proposal", option: 1, path: "proposal.spi-size", value: 200, kinds: [.lengthBeyond, .value]),
  ]

  @Test("what is wrong is noted at the payload that it is in", arguments: faults)
  func wrong(_ fault: Fault) {
    var payloads = Self.payloads
    payloads[fault.option].values.append((path: path(fault.path), value: fault.value))
    let bytes = Self.message(payloads).encoded()
    let dissection = dissect(bytes)
    #expect(dissection.anomalyKinds.prefix(2) == fault.kinds.prefix(2))
    #expect(Packet(bytes.span, dissection).encoded() == bytes)
  }

  @Test("the type of a payload that nobody knows is kept, and so is IKEv1 whole")
  func unknown() {
    var strange = Packet.Option(.unknownPayload, [(path("unknown-payload.critical"), 1)], data: [1, 2])
    strange.announced = 200
    let bytes = Self.message([strange, Self.notify(1)]).encoded()
    #expect(Self.places(bytes).map(\.type) == [200, 41])
    #expect(Packet(bytes.span, dissect(bytes)).encoded() == bytes)
    var old = Self.initial
    old[65] = 0x10
    #expect(Self.places(old).isEmpty)
    #expect(Packet(old.span, dissect(old)).encoded() == old)
  }
}
