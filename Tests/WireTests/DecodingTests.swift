import Testing
import Wire

@Suite("Decoding of the worked packets")
struct DecodingTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let octets: [UInt8]
    var dialect = Dialect.rfc5846
    let kinds: [LayerKind]
    let values: [(String, UInt128)]
    var anomalies: [Anomaly.Kind] = []
    var testDescription: String { name }
  }

  static let homeOption: [LayerKind] = [.ipv6, .destinationOptions, .hao, .mh]
  static let home: (String, UInt128) = ("hao.home-address", Lab.home.value)
  static let routedHome: (String, UInt128) = ("rh2.home-address", Lab.home.value)

  static let cases: [Case] = [
    Case(
      name: "P1", octets: Worked.p1, dialect: .draft01, kinds: homeOption + [.revocation],
      values: [
        ("mh.type", 16), ("mh.checksum", 0x43f1), ("revocation.sequence", 0x1234), ("revocation.trigger-or-status", 1),
        ("revocation.flags", 0x40_0000), home, ("ipv6.source", Lab.agent.value), ("ipv6.destination", Lab.careOf.value),
      ]),
    Case(
      name: "P1b", octets: Worked.p1b, dialect: .draft01, kinds: homeOption + [.revocation],
      values: [("revocation.sequence", 0x1234), ("mh.checksum", 0x4467), home], anomalies: [.checksumOverWireSource]),
    Case(
      name: "P1c", octets: Worked.p1c, dialect: .draft01, kinds: [.ipv6, .rh2, .mh, .revocation],
      values: [("revocation.sequence", 0x1234), ("mh.checksum", 0x43f3), ("rh2.segments-left", 1), routedHome]),
    Case(
      name: "P2", octets: Worked.p2, kinds: [.ipv6, .rh2, .mh, .bri],
      values: [
        ("bri.type", 1), ("bri.trigger", 1), ("bri.sequence", 4660), ("bri.p", 0), ("bri.v", 0), ("bri.g", 0), ("bri.reserved", 0),
        ("mh.payload-proto", 59), ("mh.header-len", 1), ("mh.type", 16), ("mh.checksum", 0x4432), ("rh2.hdr-ext-len", 2),
        ("rh2.routing-type", 2), routedHome, ("ipv6.payload-length", 40), ("ipv6.hop-limit", 64), ("ipv6.next-header", 43),
      ]),
    Case(
      name: "P3", octets: Worked.p3, dialect: .draft01, kinds: homeOption + [.revocation],
      values: [("revocation.sequence", 0x1234), ("revocation.trigger-or-status", 0), ("revocation.flags", 0), home]),
    Case(
      name: "P4", octets: Worked.p4, kinds: homeOption + [.bra],
      values: [("bra.type", 2), ("bra.status", 0), ("bra.sequence", 4660), ("bra.p", 0), ("bra.v", 0), ("bra.g", 0), home]),
    Case(
      name: "P5", octets: Worked.p5, kinds: homeOption + [.bu],
      values: [
        ("bu.sequence", 167), ("bu.lifetime", 0), ("bu.a", 1), ("bu.h", 1), ("bu.l", 0), ("bu.k", 1), ("bu.m", 0), ("bu.r", 0), ("bu.p", 0),
        ("bu.f", 0), ("bu.t", 0), ("alternate-care-of-address.address", Lab.careOf.value), ("mh.header-len", 3), home,
      ]),
    Case(
      name: "P6", octets: Worked.p6, kinds: [.ipv6, .rh2, .mh, .ba],
      values: [("ba.status", 0), ("ba.k", 1), ("ba.r", 0), ("ba.sequence", 167), ("ba.lifetime", 0), routedHome]),
    Case(
      name: "P7", octets: Worked.p7, kinds: [.ipv4, .udp, .ipv6, .mh, .bri],
      values: [
        ("ipv4.source", UInt128(Lab.agent4.value)), ("ipv4.destination", UInt128(Lab.careOf4.value)), ("ipv4.protocol", 17),
        ("udp.source-port", 4191), ("udp.destination-port", 40077), ("udp.length", 64), ("ipv6.destination", Lab.home.value),
        ("bri.trigger", 1), ("bri.sequence", 4660),
      ]),
    Case(
      name: "P8", octets: Worked.p8, kinds: [.ipv4, .udp, .ipv6, .mh, .bu],
      values: [
        ("udp.destination-port", 4191), ("bu.sequence", 168), ("bu.lifetime", 0), ("bu.a", 1), ("bu.h", 1), ("bu.k", 1),
        ("ipv4-care-of-address.address", UInt128(Lab.careOf4.value)), ("ipv6.source", Lab.home.value),
      ]),
    Case(
      name: "T1", octets: Worked.t1, kinds: [.ipv4, .udp, .tlv], values: [("tlv.type", 1), ("tlv.length", 4), ("tlv.reserved", 0)],
      anomalies: [.value]),
    Case(
      name: "P9", octets: Worked.p9, kinds: [.ipv6, .mh, .be], values: [("be.status", 2), ("be.home-address", 0), ("mh.header-len", 2)]),
    Case(
      name: "P10", octets: Worked.p10, dialect: .draft01, kinds: [.ipv4, .udp, .ipv6, .mh, .revocation],
      values: [("revocation.sequence", 0x1234), ("revocation.trigger-or-status", 1), ("revocation.flags", 0x40_0000)]),
    Case(
      name: "P11", octets: Worked.p11, kinds: [.ipv4, .ipv6, .mh, .bri],
      values: [("ipv4.protocol", 41), ("bri.trigger", 1), ("bri.sequence", 4660)]),
    Case(
      name: "P12", octets: Worked.p12, kinds: homeOption + [.bra], values: [("bra.status", 128), ("bra.sequence", 4660)]),
    Case(
      name: "K1", octets: Worked.k1, kinds: [.ipv6, .udp, .ike],
      values: [
        ("ike.initiator-spi", 0x1111_1111_1111_1111), ("ike.responder-spi", 0x2222_2222_2222_2222), ("ike.next-payload", 46),
        ("ike.version", 0x20), ("ike.exchange-type", 37), ("ike.i", 1), ("ike.r", 0), ("ike.message-id", 2), ("ike.length", 76),
        ("sk.next-payload", 42), ("sk.length", 48),
      ]),
    Case(
      name: "K2", octets: Worked.k2, kinds: [.ipv6, .udp, .ike],
      values: [("ike.i", 0), ("ike.r", 1), ("ike.message-id", 2), ("sk.next-payload", 0)]),
    Case(name: "K3", octets: Worked.k3, kinds: [.ipv6, .udp, .ike], values: [("ike.i", 1), ("ike.r", 0), ("ike.message-id", 3)]),
    Case(
      name: "K4", octets: Worked.k4, kinds: [.ipv4, .udp, .ike],
      values: [("udp.source-port", 4500), ("ike.initiator-spi", 0x1111_1111_1111_1111), ("ike.length", 76)]),
    Case(
      name: "E1", octets: Worked.e1, kinds: [.ipv6, .rh2, .esp], values: [("esp.spi", 0xc0de_0001), ("esp.sequence", 1), routedHome]),
  ]

  @Test("kinds, values and anomalies", arguments: cases)
  func worked(_ one: Case) {
    let dissection = dissect(one.octets, .ip, one.dialect)
    #expect(dissection.kinds == one.kinds)
    #expect(dissection.anomalyKinds == one.anomalies)
    for (name, value) in one.values { #expect(dissection.value(name, one.octets) == value, "\(name)") }
  }

  @Test("the same behind an Ethernet header", arguments: cases)
  func framed(_ one: Case) {
    let type: [UInt8] = one.octets[0] >> 4 == 6 ? [0x86, 0xdd] : [8, 0]
    let frame = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1] + type + one.octets + [0, 0, 0]
    let dissection = dissect(frame, .ethernet, one.dialect)
    #expect(dissection.kinds == [.ethernet] + one.kinds)
    #expect(dissection.anomalyKinds == one.anomalies)
    for (name, value) in one.values { #expect(dissection.value(name, frame) == value, "\(name)") }
  }

  @Test("a revocation of draft-01 is named by the sender's role")
  func naming() {
    var dissection = dissect(Worked.p1, .ip, .draft01)
    #expect(dissection.value("bri.trigger", Worked.p1) == nil)
    dissection.nameMessage(.bri)
    #expect(dissection.messageKind == .bri)
    for (name, value): (String, UInt128) in [
      ("bri.sequence", 0x1234), ("bri.trigger", 1), ("bri.p", 0), ("bri.a", 1), ("bri.g", 0), ("bri.reserved", 0),
    ] { #expect(dissection.value(name, Worked.p1) == value, "\(name)") }
    #expect(dissection.value("bri.v", Worked.p1) == nil)
    #expect(dissection.value("bri.type", Worked.p1) == nil)
  }

  @Test("one layout read as the other is what the table of misreadings says")
  func misread() {
    let draft = dissect(Worked.p1, .ip, .rfc5846)
    #expect(draft.messageKind == .revocation)
    #expect(draft.value("revocation.type", Worked.p1) == 0x12)
    #expect(draft.value("revocation.sequence", Worked.p1) == 0x0140)
    var rfc = dissect(Worked.p2, .ip, .draft01)
    rfc.nameMessage(.bri)
    #expect(rfc.value("bri.sequence", Worked.p2) == 0x0101)
    #expect(rfc.value("bri.trigger", Worked.p2) == 0x12)
  }

  @Test("two MH type numbers tell a draft BRI from a BRA, and a Home Agent's own layout wins")
  func numbers() {
    var bytes = Worked.p1
    bytes[66] = 200
    var decoder = Decoder(dialect: .draft01)
    decoder.revocationTypes = (200, 201)
    var dissection = Dissection()
    decoder.decode(bytes.span, .ip, into: &dissection)
    #expect(dissection.messageKind == .bri)
    bytes[66] = 201
    decoder.decode(bytes.span, .ip, into: &dissection)
    #expect(dissection.messageKind == .bra)
    var mixed = Decoder(dialect: .draft01)
    mixed.dialects[Lab.agent] = .rfc5846
    let (bri, bra) = (Worked.p2, Worked.p4)
    mixed.decode(bri.span, .ip, into: &dissection)
    #expect(dissection.messageKind == .bri)
    mixed.decode(bra.span, .ip, into: &dissection)
    #expect(dissection.messageKind == .bra)
  }

  @Test("what is sealed is opaque; the octets of ESP are the rest, those of IKE the data of SK")
  func sealed() {
    let esp = dissect(Worked.e1)
    #expect(esp.layer(.esp)?.protection == .opaque)
    #expect(esp.restOffset == 72 && esp.restLength == 32)
    let ike = dissect(Worked.k4)
    #expect(ike.layer(.ike)?.protection == .opaque)
    #expect(ike.layer(.ike)?.offset == 32)
    #expect(ike.restLength == 0)
    let places = KeyExchangeTests.places(Worked.k4)
    #expect(places.map(\.kind) == [.sk] && places.first?.offset == 60 && places.first?.length == 48)
  }
}
