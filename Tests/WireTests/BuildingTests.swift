import Testing
import Wire

@Suite("Building of the worked packets from named values")
struct BuildingTests {
  static let draftBRI: [(FieldPath, UInt128)] = [(.briSequence, 0x1234), (.briTrigger, 1), (.briA, 1)]
  static let bri: [(FieldPath, UInt128)] = [(.briSequence, 0x1234), (.briTrigger, 1)]
  static let bra: [(FieldPath, UInt128)] = [(.braSequence, 0x1234)]
  static let toCareOf = Packet.Header.ipv6(from: Lab.agent, to: Lab.careOf)
  static let fromCareOf = Packet.Header.ipv6(from: Lab.careOf, to: Lab.agent)
  static let toHome = Packet.Header.ipv6(from: Lab.agent, to: Lab.home)
  static let home = Packet.Header.homeAddress(Lab.home)
  static let route = Packet.Header.routing(to: Lab.home)
  static let padding = Packet.Option(.padN, data: [0, 0])

  static func ipv4(_ header: Packet.Header) -> Packet.Header {
    var header = header
    header.values.append((path: path("ipv4.identification"), value: 1))
    return header
  }
  static let down4 = ipv4(.ipv4(from: Lab.agent4, to: Lab.careOf4))
  static let up4 = ipv4(.ipv4(from: Lab.careOf4, to: Lab.agent4))

  static func ike(i: UInt128 = 0, r: UInt128 = 0, _ id: UInt128, next: UInt128, sealed: [UInt8]) -> Packet.Header {
    Packet.Header(
      .ike, .rfc5846,
      [
        (path("ike.initiator-spi"), 0x1111_1111_1111_1111), (path("ike.responder-spi"), 0x2222_2222_2222_2222),
        (path("ike.exchange-type"), 37), (path("ike.i"), i), (path("ike.r"), r), (path("ike.message-id"), id),
      ], options: [Packet.Option(.sk, [(path("sk.next-payload"), next)], data: sealed)])
  }
  static func marked(_ header: Packet.Header) -> Packet.Header {
    var header = header
    header.opaque = [0, 0, 0, 0]
    return header
  }
  static func tail(_ bytes: [UInt8], _ start: Int) -> [UInt8] { Array(bytes[start...]) }
  static let bu: [(FieldPath, UInt128)] = [(.buA, 1), (.buH, 1), (.buK, 1)]

  static let packets: [(String, Packet, [UInt8])] = [
    ("P1", Packet([toCareOf, home, .message(.bri, .draft01, draftBRI)]), Worked.p1),
    ("P1b", Packet([toCareOf, home, .message(.bri, .draft01, draftBRI + [(.mhChecksum, 0x4467)])]), Worked.p1b),
    ("P1c", Packet([toCareOf, route, .message(.bri, .draft01, draftBRI)]), Worked.p1c),
    ("P2", Packet([toCareOf, route, .message(.bri, .rfc5846, bri)]), Worked.p2),
    ("P3", Packet([fromCareOf, home, .message(.bra, .draft01, bra)]), Worked.p3),
    ("P4", Packet([fromCareOf, home, .message(.bra, .rfc5846, bra)]), Worked.p4),
    (
      "P5",
      Packet([fromCareOf, home, .message(.bu, .rfc5846, bu + [(.buSequence, 167)], options: [.alternateCareOfAddress(Lab.careOf)])]),
      Worked.p5
    ),
    ("P6", Packet([toCareOf, route, .message(.ba, .rfc5846, [(.baK, 1), (.baSequence, 167)])]), Worked.p6),
    ("P7", Packet([down4, .udp(from: 4191, to: 40077), toHome, .message(.bri, .rfc5846, bri)]), Worked.p7),
    (
      "P8",
      Packet([
        up4, .udp(from: 40077, to: 4191), .ipv6(from: Lab.home, to: Lab.agent),
        .message(
          .bu, .rfc5846, bu + [(.buSequence, 168)],
          // The hand-drawn packet has its padding first; 4n would be met without.
          options: [padding, Packet.Option(.ipv4CareOfAddress, [(path("ipv4-care-of-address.address"), UInt128(Lab.careOf4.value))])]),
      ]), Worked.p8
    ),
    ("P9", Packet([fromCareOf, .message(.be, .rfc5846, [(.beStatus, 2)])]), Worked.p9),
    ("P10", Packet([down4, .udp(from: 4191, to: 40077), toHome, .message(.bri, .draft01, draftBRI)]), Worked.p10),
    ("P11", Packet([down4, toHome, .message(.bri, .rfc5846, bri)]), Worked.p11),
    ("P12", Packet([fromCareOf, home, .message(.bra, .rfc5846, bra + [(.braStatus, 128)])]), Worked.p12),
    ("K1", Packet([fromCareOf, .udp(from: 500, to: 500), ike(i: 1, 2, next: 42, sealed: tail(Worked.k1, 80))]), Worked.k1),
    ("K2", Packet([toCareOf, .udp(from: 500, to: 500), ike(r: 1, 2, next: 0, sealed: tail(Worked.k2, 80))]), Worked.k2),
    ("K3", Packet([fromCareOf, .udp(from: 500, to: 500), ike(i: 1, 3, next: 42, sealed: tail(Worked.k3, 80))]), Worked.k3),
    ("K4", Packet([up4, marked(.udp(from: 4500, to: 4500)), ike(i: 1, 2, next: 42, sealed: tail(Worked.k4, 64))]), Worked.k4),
    (
      "E1",
      Packet(
        [toCareOf, route, Packet.Header(.esp, .rfc5846, [(path("esp.spi"), 0xc0de_0001), (path("esp.sequence"), 1)])],
        payload: tail(Worked.e1, 72)), Worked.e1
    ),
  ]

  @Test("exactly the octets", arguments: packets)
  func exact(_ name: String, _ packet: Packet, _ expected: [UInt8]) {
    #expect(packet.encoded() == expected, "\(name)")
  }

  @Test("a value that was given stands, whatever would have been computed", arguments: packets)
  func free(_ name: String, _ packet: Packet, _ expected: [UInt8]) {
    let decoded = dissect(expected)
    for index in 0..<decoded.count where !decoded.layers[index].kind.isOption && decoded.layers[index].kind != .revocation {
      let kind = decoded.layers[index].kind
      for field in Schema.of(kind).fields where field.computed != .no {
        guard let path = FieldPath(kind, field.name), packet.chosen(path) == nil else { continue }
        var broken = packet.frozen()
        let value = (decoded.value(path, ofLayer: index, in: expected.span) ?? 0) ^ 1
        let isSet = broken.set(path, value)
        #expect(isSet, "\(name) \(path)")
        let bytes = broken.encoded()
        let differing = bytes.indices.filter { bytes[$0] != expected[$0] }
        // IPv6 in IPv6 does not occur here: the first header of a kind is the one that was changed.
        #expect(
          differing.count == 1 && differing.first == Int(decoded.layers[index].offset) + field.range.octetsNeeded - 1, "\(name) \(path)")
      }
    }
  }

  @Test("frozen is the same packet, and truncation cuts what was computed for the whole")
  func frozenAndTruncated() {
    for (name, packet, expected) in Self.packets {
      #expect(packet.frozen().encoded() == expected, "\(name)")
      var cut = packet
      cut.truncation = 50
      #expect(cut.encoded() == Array(expected[..<50]), "\(name)")
      cut.truncation = -1
      #expect(cut.encoded() == [], "\(name)")
    }
  }

  @Test("in a frozen packet what is changed next leaves lengths and checksums as they were")
  func stale() {
    var packet = Packet([Self.fromCareOf, .message(.bu, .rfc5846, Self.bu, options: [.unknownMobilityOption(type: 250, data: [1, 2])])])
      .frozen()
    let before = packet.encoded()
    packet.headers[1].options[0].data = [1, 2, 3]
    packet.set(.buSequence, 0xffff)
    let after = packet.encoded()
    #expect(before[53] == 2 && after[53] == 2)
    #expect(after[44...45] == before[44...45])
    #expect(after[46...47] == [0xff, 0xff])
  }

  @Test("chosen and set reach headers, messages and options; nothing else")
  func choosing() {
    var packet = Packet([Self.fromCareOf, Self.home, .message(.bu, .rfc5846, Self.bu, options: [.alternateCareOfAddress(Lab.careOf)])])
    #expect(packet.chosen(.homeAddressOption) == Lab.home.value)
    #expect(packet.chosen(.alternateCareOfAddress) == Lab.careOf.value)
    #expect(packet.chosen(.mhChecksum) == nil)
    let done = [packet.set(.mhReserved, 7), packet.set(.alternateCareOfAddress, 0), packet.set(.braStatus, 1)]
    #expect(done == [true, true, false])
    #expect(packet.chosen(.alternateCareOfAddress) == 0)
    let bytes = packet.encoded()
    #expect(bytes[67] == 7)
    #expect(dissect(bytes).value("alternate-care-of-address.address", bytes) == 0)
  }

  @Test("a value for a field that the header does not hold changes nothing")
  func foreign() {
    let plain = Packet([Self.toCareOf, .message(.bri, .rfc5846, Self.bri)])
    var strange = plain
    strange.headers[1].values.append((path: .ipv6Source, value: 7))
    #expect(strange.encoded() == plain.encoded())
  }
}
