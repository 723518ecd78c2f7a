import Testing
import Wire

/// Packets wrong in exactly one place: that place is blamed, and nothing else.
@Suite("Anomalies")
struct AnomalyTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let octets: [UInt8]
    let path: String
    let kind: Anomaly.Kind
    var testDescription: String { name }

    init(_ name: String, _ packet: Packet, _ path: String, _ kind: Anomaly.Kind) {
      self.name = name
      octets = packet.encoded()
      self.path = path
      self.kind = kind
    }
  }

  static let plain = Packet([BuildingTests.toHome, .message(.bri, .rfc5846, BuildingTests.bri)])
  static let udp = Packet([
    BuildingTests.down4, .udp(from: 4191, to: 40077), BuildingTests.toHome, .message(.bri, .rfc5846, BuildingTests.bri),
  ])
  static let ike = Packet([BuildingTests.fromCareOf, .udp(from: 500, to: 500), BuildingTests.ike(i: 1, 2, next: 42, sealed: [1, 2, 3, 4])])

  static let echo = Packet([BuildingTests.toHome, .icmpv6(type: 128, code: 0)], payload: [1, 2, 3, 4])

  /// `packet` with one field changed before anything is computed: what depends on it is right for it.
  static func with(_ packet: Packet, _ field: String, _ value: UInt128) -> Packet {
    var packet = packet
    packet.set(path(field), value)
    return packet
  }
  static func longer(_ packet: Packet, _ octets: Int) -> Packet {
    var packet = packet
    packet.payload += [UInt8](repeating: 0, count: octets)
    return packet
  }

  static let cases: [Case] = [
    Case("MH checksum", with(plain, "mh.checksum", 1), "mh.checksum", .checksum),
    Case("MH payload proto", with(plain, "mh.payload-proto", 58), "mh.payload-proto", .value),
    Case("MH length too great", with(plain, "mh.header-len", 3), "mh.header-len", .lengthBeyond),
    Case("octets behind the MH", longer(plain, 8), "mh.header-len", .trailing),
    Case("IPv6 length too great", with(plain, "ipv6.payload-length", 100), "ipv6.payload-length", .lengthBeyond),
    Case("ICMPv6 checksum", with(echo, "icmpv6.checksum", 1), "icmpv6.checksum", .checksum),
    Case("IPv6 length too great before ICMPv6", with(echo, "ipv6.payload-length", 100), "ipv6.payload-length", .lengthBeyond),
    Case("IPv4 checksum", with(udp, "ipv4.checksum", 1), "ipv4.checksum", .checksum),
    Case("IPv4 length too great", with(udp, "ipv4.total-length", 200), "ipv4.total-length", .lengthBeyond),
    Case("UDP checksum", with(udp, "udp.checksum", 1), "udp.checksum", .checksum),
    Case("UDP length too great", with(udp, "udp.length", 200), "udp.length", .lengthBeyond),
    Case("UDP length too small", with(udp, "udp.length", 7), "udp.length", .lengthTooShort),
    Case("IKE length too great", with(ike, "ike.length", 200), "ike.length", .lengthBeyond),
    Case("IKE length too small", with(ike, "ike.length", 27), "ike.length", .lengthTooShort),
    Case("octets behind IKE", with(ike, "ike.length", 28), "ike.length", .trailing),
  ]

  @Test("one place wrong", arguments: cases)
  func one(_ one: Case) {
    let dissection = dissect(one.octets)
    #expect(dissection.anomalyKinds == [one.kind])
    for index in 0..<dissection.count {
      for field in Schema.of(dissection.layers[index].kind, dissection.layers[index].dialect).fields {
        guard let field = FieldPath(dissection.layers[index].kind, field.name) else { continue }
        #expect(dissection.isWrong(field) == (field == path(one.path)), "\(field)")
      }
    }
    #expect(!dissection.isSound)
  }

  @Test("a type 2 routing header of another length than 2 is wrong, sealed octets behind it or none", arguments: [0, 1, 2, 3, 4])
  func routingLength(_ length: Int) {
    // tshark 4.0 calls each of them malformed but that of length 2 (RFC 6275 6.4.1).
    let header = octets("3b00020100000000 20010db8000a00000000000000000077") + [UInt8](repeating: 0, count: 16)
    var bare = octets("6000000000002b4020010db8000a0000000000000000000120010db8000b00000000000000000002")
    bare += header.prefix((length + 1) * 8)
    bare[5] = UInt8((length + 1) * 8)
    bare[41] = UInt8(length)
    #expect(dissect(bare).anomalyKinds == (length == 2 ? [] : [.value]))
    var sealed = OpeningTests.bytes
    sealed[41] = UInt8(length)
    let result = dissect(sealed)
    #expect(result.kinds == [.ipv6, length == 2 ? .rh2 : .routing, .esp] && result.isSound == (length == 2))
    #expect(result.isWrong(path("routing.hdr-ext-len")) == (length != 2))
  }

  @Test("a zero UDP checksum is none in IPv4 and wrong in IPv6")
  func zero() {
    #expect(dissect(Self.with(Self.udp, "udp.checksum", 0).encoded()).isSound)
    #expect(dissect(Self.with(Self.ike, "udp.checksum", 0).encoded()).anomalyKinds == [.checksum])
  }

  @Test("a header length of 0 is too short, and the message is read all the same", arguments: [LayerKind.bu, .ba, .bri, .bra])
  func short(_ kind: LayerKind) {
    let packet = Self.with(Packet([BuildingTests.toHome, .message(kind, .rfc5846, [])]), "mh.header-len", 0)
    let dissection = dissect(packet.encoded())
    #expect(dissection.messageKind == kind)
    #expect(dissection.anomalyKinds.contains(.lengthTooShort))
    #expect(dissection.isWrong(.mhHeaderLen))
    // Twelve octets were read as the message: the four behind them are the rest.
    #expect(dissection.restOffset == 52 && dissection.restLength == 4)
    #expect(!dissection.isWrong(.mhChecksum))
  }

  @Test("a Binding Error has room for its address only from a header length of 2", arguments: [(0, true), (1, true), (2, false)])
  func shortError(_ length: UInt128, _ isShort: Bool) {
    let packet = Self.with(Packet([BuildingTests.toHome, .message(.be, .rfc5846, [])]), "mh.header-len", length)
    #expect(dissect(packet.encoded()).anomalyKinds.contains(.lengthTooShort) == isShort)
  }

  @Test("the wire-source checksum makes nothing wrong; any other sum does")
  func wireSource() {
    let wire = dissect(Worked.p1b, .ip, .draft01)
    #expect(wire.isSound)
    #expect(!wire.isWrong(.mhChecksum))
    var bytes = Worked.p1b
    bytes[69] ^= 1
    let other = dissect(bytes, .ip, .draft01)
    #expect(other.anomalyKinds == [.checksum])
    #expect(other.isWrong(.mhChecksum))
    // Without a Home Address option there is no second reading.
    #expect(dissect(Self.plain.encoded()).isSound)
  }

  static let snappable = Worked.all + Scapy.bare.enumerated().map { ("scapy \($0.offset)", $0.element) }

  @Test("what a snapshot cut off is no fault of the packet's", arguments: snappable)
  func snapped(_ name: String, _ octets: [UInt8]) {
    for count in 0..<octets.count {
      let dissection = dissect(Array(octets[..<count]), .ip, .rfc5846, originalLength: octets.count)
      let allowed: Set<Anomaly.Kind> =
        switch name {
        case "P1b": [.truncated, .checksumOverWireSource]
        case "T1": [.truncated, .value]
        default: [.truncated]
        }
      // A sum that is complete is judged: the Mobility Header of a cut packet may be whole.
      #expect(Set(dissection.anomalyKinds).isSubset(of: allowed), "\(name) cut to \(count): \(dissection.anomalyKinds)")
    }
  }

  @Test("a packet cut short blames what comes next, no field of what is there", arguments: [40, 45, 63])
  func truncated(_ count: Int) {
    let dissection = dissect(Array(Worked.p2[..<count]), .ip, .rfc5846, originalLength: 80)
    #expect(dissection.anomalyKinds == [.truncated])
    #expect(!dissection.isWrong(path("ipv6.version")))
  }

  @Test("a second Home Address option, and one of a wrong length")
  func homeAddresses() {
    let option = Packet.Option(.hao, [(.homeAddressOption, Lab.home.value)])
    func packet(_ options: [Packet.Option]) -> [UInt8] {
      Packet([BuildingTests.fromCareOf, Packet.Header(.destinationOptions, options: options), .message(.bra, .rfc5846, [])]).encoded()
    }
    #expect(dissect(packet([option])).isSound)
    #expect(dissect(packet([option, option])).anomalyKinds == [.repeated])
    var short = Packet.Option(.unknownDestinationOption, data: [1, 2, 3, 4])
    short.values.append((path: path("unknown-destination-option.option-type"), value: 201))
    let dissection = dissect(packet([short]))
    #expect(dissection.anomalyKinds == [.value])
    #expect(dissection.homeAddressOption == -1)
  }

  @Test("an Ethernet type that the packet belies blames no address")
  func version() {
    var bytes = Packet([LayerTests.eth, BuildingTests.toHome]).encoded()
    bytes[14] = 0x50
    let dissection = dissect(bytes, .ethernet)
    #expect(dissection.anomalyKinds == [.value])
    #expect(!dissection.isWrong(.ethernetDestination))
  }
}
