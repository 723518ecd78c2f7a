import Testing
import Wire

@Suite("Layers other than the Mobility Header")
struct LayerTests {
  static let eth = Packet.Header.ethernet(from: Lab.first, to: Lab.second)

  @Test("scapy's packets are sound")
  func sound() {
    for bytes in Scapy.framed { #expect(dissect(bytes, .ethernet).isSound, "\(bytes)") }
    for bytes in Scapy.bare { #expect(dissect(bytes).isSound, "\(bytes)") }
  }

  @Test("Neighbor Discovery, read and built")
  func neighbours() {
    let group = IPv6Address("ff02::1:ff00:77") ?? .unspecified
    #expect(Lab.home.solicitedNode == group)
    let solicitation = Packet([
      .ethernet(from: Lab.first, to: MACAddress(multicast: group)), .ipv6(from: Lab.agent, to: group, hopLimit: 255),
      Packet.Header(
        .neighbourSolicitation, .rfc5846, [(.solicitedTarget, Lab.home.value)], options: [.linkLayerAddress(type: 1, Lab.first)]),
    ])
    #expect(solicitation.encoded() == Scapy.solicitation)
    let asked = dissect(Scapy.solicitation, .ethernet)
    #expect(asked.kinds == [.ethernet, .ipv6, .neighbourSolicitation])
    #expect(asked.address("ns.target", Scapy.solicitation) == "2001:db8:a::77")
    #expect(asked.value("link-layer-address.address", Scapy.solicitation) == 0x0200_0000_0001)
    #expect(asked.value("link-layer-address.option-type", Scapy.solicitation) == 1)

    let answer = Packet([
      .ethernet(from: Lab.second, to: Lab.first), .ipv6(from: Lab.home, to: Lab.agent, hopLimit: 255),
      Packet.Header(
        .neighbourAdvertisement, .rfc5846, [(.advertisedSolicited, 1), (.advertisedOverride, 1), (.advertisedTarget, Lab.home.value)],
        options: [.linkLayerAddress(type: 2, Lab.first)]),
    ])
    // Only the Ethernet header differs: scapy's frame is from the first address to the group's.
    #expect(answer.encoded()[14...] == Scapy.advertisement[14...])
    let seen = dissect(Scapy.advertisement, .ethernet)
    for (name, value): (String, UInt128) in [("na.r", 0), ("na.s", 1), ("na.o", 1), ("na.target", Lab.home.value)] {
      #expect(seen.value(name, Scapy.advertisement) == value, "\(name)")
    }
  }

  @Test("a Router Advertisement with an option that has no schema")
  func router() {
    let bytes = Scapy.routerAdvertisement
    let dissection = dissect(bytes, .ethernet)
    for (name, value): (String, UInt128) in [
      ("ra.cur-hop-limit", 64), ("ra.m", 1), ("ra.o", 0), ("ra.h", 1), ("ra.router-lifetime", 1800), ("ra.reachable-time", 30000),
      ("ra.retrans-timer", 1000), ("link-layer-address.address", 0x0200_0000_0001), ("unknown-neighbour-option.option-type", 5),
    ] { #expect(dissection.value(name, bytes) == value, "\(name)") }
    var found: [LayerKind] = []
    dissection.forEachOption(in: bytes.span) { kind, _, _ in found.append(kind) }
    #expect(found == [.linkLayerAddress, .unknownNeighbourOption])
    #expect(Packet(bytes.span, dissection).encoded() == bytes)
  }

  @Test("a Router Advertisement with a prefix and name servers, read and built")
  func prefix() {
    let bytes = Scapy.namedAdvertisement
    let link = IPv6Address(UInt128(0x2001_0db8_000b) << 80)
    let dissection = dissect(bytes, .ethernet)
    #expect(dissection.isSound)
    for (name, value): (String, UInt128) in [
      ("ra.m", 0), ("ra.o", 1), ("prefix-information.prefix-length", 64), ("prefix-information.l", 1), ("prefix-information.a", 1),
      ("prefix-information.r", 0), ("prefix-information.valid-lifetime", 7200), ("prefix-information.preferred-lifetime", 3600),
      ("prefix-information.prefix", UInt128(0x2001_0db8_000b) << 80), ("rdnss.lifetime", 1800),
    ] { #expect(dissection.value(name, bytes) == value, "\(name)") }
    var found: [LayerKind] = []
    dissection.forEachOption(in: bytes.span) { kind, _, _ in found.append(kind) }
    #expect(found == [.linkLayerAddress, .prefixInformation, .rdnss])

    let own = MACAddress(0x0200_0000_0100)
    // Scapy's router has the preference that is high (RFC 4191 2.2).
    let fields: [(FieldPath, UInt128)] = [
      (.advertisedHopLimit, 64), (.advertisedOther, 1), (path("ra.reserved"), 8), (.advertisedRouterLifetime, 1800),
    ]
    let packet = Packet([
      .ethernet(from: own, to: MACAddress(multicast: .allNodes)),
      .ipv6(from: IPv6Address(UInt128(0xfe80) << 112 | 0xff_fe00_0100), to: .allNodes, hopLimit: 255),
      .init(
        .routerAdvertisement, .rfc5846,
        fields,
        options: [
          .linkLayerAddress(type: 1, own),
          .prefixInformation(link, length: 64, isOnLink: true, isAutonomous: true, valid: 7200, preferred: 3600),
          .recursiveDNSServers([link.advanced(by: 1), link.advanced(by: 0x53)], lifetime: 1800),
        ]),
    ])
    #expect(packet.encoded() == bytes)
    #expect(Packet(bytes.span, dissection).encoded() == bytes)
    // An option too short for its kind is an unknown one.
    for length in 1...3 { #expect(Schema.neighbourOption(3, length: length * 8) == .unknownNeighbourOption) }
    #expect(Schema.neighbourOption(3, length: 32) == .prefixInformation && Schema.neighbourOption(25, length: 0) == .unknownNeighbourOption)
  }

  @Test("ARP, read and built")
  func arp() {
    let packet = Packet([
      .ethernet(from: Lab.first, to: .broadcast),
      Packet.Header(
        .arp, .rfc5846,
        [(.arpOperation, 1), (.arpSenderHardware, UInt128(Lab.first.value)), (.arpSender, 0xc000_0201), (.arpTarget, 0xc000_0202)]),
    ])
    #expect(packet.encoded() == Scapy.arp)
    let dissection = dissect(Scapy.arp, .ethernet)
    #expect(dissection.kinds == [.ethernet, .arp])
    #expect(dissection.value("arp.operation", Scapy.arp) == 1)
    #expect(dissection.value("arp.target", Scapy.arp) == 0xc000_0202)
  }

  @Test("a VLAN tag, one and two")
  func vlan() {
    let tag = Packet.Header(.vlan, .rfc5846, [(path("vlan.priority"), 5), (path("vlan.id"), 42)])
    let bu = Packet.Header.message(
      .bu, .rfc5846, BuildingTests.bu + [(.buSequence, 167)], options: [.alternateCareOfAddress(Lab.careOf)])
    let packet = Packet([Self.eth, tag, .ipv6(from: Lab.home, to: Lab.agent), bu])
    #expect(packet.encoded() == Scapy.vlan)
    let dissection = dissect(Scapy.vlan, .ethernet)
    #expect(dissection.kinds == [.ethernet, .vlan, .ipv6, .mh, .bu])
    #expect(dissection.value("vlan.id", Scapy.vlan) == 42)
    #expect(dissection.value("vlan.priority", Scapy.vlan) == 5)
    let twice = Packet([Self.eth, tag, tag, .ipv6(from: Lab.home, to: Lab.agent), bu]).encoded()
    #expect(dissect(twice, .ethernet).kinds == [.ethernet, .vlan, .vlan, .ipv6, .mh, .bu])
  }

  @Test("hop-by-hop options come before what they precede")
  func hopByHop() {
    let bytes = Scapy.hopByHop
    let dissection = dissect(bytes)
    #expect(dissection.kinds == [.ipv6, .hopByHop, .udp, .ike])
    var found: [LayerKind] = []
    dissection.forEachOption(ofLayer: 1, in: bytes.span) { kind, _, _ in found.append(kind) }
    #expect(found == [.unknownDestinationOption, .destinationPadN])
    var alert = Packet.Option(.unknownDestinationOption, data: [0, 0])
    alert.values.append((path: path("unknown-destination-option.option-type"), value: 5))
    let ike = Packet.Header(
      .ike, .rfc5846,
      [
        (path("ike.initiator-spi"), 0x1111_1111_1111_1111), (path("ike.responder-spi"), 0x2222_2222_2222_2222),
        (path("ike.exchange-type"), 34), (path("ike.i"), 1), (path("ike.next-payload"), 0),
      ])
    let header = Packet.Header(.hopByHop, options: [alert])
    let built = Packet([.ipv6(from: Lab.careOf, to: Lab.agent), header, .udp(from: 500, to: 500), ike]).encoded()
    #expect(built[..<52] == bytes[..<52])
    #expect(dissect(built).isSound)
  }

  @Test("a part of a packet is not read; a whole one behind a fragment header is")
  func fragment() {
    let bytes = Scapy.fragment
    let dissection = dissect(bytes)
    #expect(dissection.kinds == [.ipv6, .fragment])
    for (name, value): (String, UInt128) in [
      ("fragment.next-header", 135), ("fragment.fragment-offset", 3), ("fragment.m", 1), ("fragment.identification", 0xdead_beef),
    ] { #expect(dissection.value(name, bytes) == value, "\(name)") }
    #expect(dissection.restOffset == 48 && dissection.restLength == 8)
    let whole = Packet([BuildingTests.toCareOf, Packet.Header(.fragment), .message(.bri, .rfc5846, BuildingTests.bri)]).encoded()
    #expect(dissect(whole).kinds == [.ipv6, .fragment, .mh, .bri])
    #expect(dissect(whole).isSound)
  }

  @Test("an ICMPv6 error: its pointer, and the packet that it is about as the rest")
  func parameterProblem() {
    let bytes = Scapy.parameterProblem
    let dissection = dissect(bytes)
    #expect(dissection.kinds == [.ipv6, .icmpv6])
    #expect(dissection.value("icmpv6.type", bytes) == 4)
    #expect(dissection.value("icmpv6.pointer", bytes) == 65)
    #expect(dissection.restOffset == 48 && dissection.restLength == 48)
    let packet = Packet([.ipv6(from: Lab.careOf, to: Lab.agent), .icmpv6(type: 4, code: 0, pointer: 65)], payload: Array(bytes[48...]))
    #expect(packet.encoded() == bytes)
  }

  @Test("the home address counts in every upper layer's checksum")
  func homeEcho() {
    let bytes = Scapy.homeEcho
    #expect(dissect(bytes).isSound)
    let echo = Packet(
      [.ipv6(from: Lab.careOf, to: Lab.agent), .homeAddress(Lab.home), .icmpv6(type: 128, code: 0, pointer: 0x0007_0001)],
      payload: Array("abcd".utf8))
    #expect(echo.encoded() == bytes)
    let wire = Packet(
      [.ipv6(from: Lab.careOf, to: Lab.agent), .homeAddress(Lab.careOf), .icmpv6(type: 128, code: 0, pointer: 0x0007_0001)],
      payload: Array("abcd".utf8)
    ).encoded()
    var wrong = bytes
    wrong[66...67] = wire[66...67]
    #expect(dissect(wrong).anomalyKinds == [.checksum])
  }

  @Test("a checksum behind a type 2 routing header is over the home address")
  func routed() {
    let esp = Packet.Header(.esp, .rfc5846, [(path("esp.spi"), 0xc0de_0001), (path("esp.sequence"), 1)])
    let packet = Packet([BuildingTests.toCareOf, BuildingTests.route, .udp(from: 4500, to: 4500), esp])
    #expect(packet.encoded() == Scapy.routedUDP)
    #expect(dissect(Scapy.routedUDP).kinds == [.ipv6, .rh2, .udp, .esp])
  }

  @Test("a NAT keepalive is nothing, one octet more is cut short")
  func keepalive() {
    let headers: [Packet.Header] = [BuildingTests.down4, .udp(from: 4500, to: 4500)]
    let keepalive = Packet(headers, payload: [0xff]).encoded()
    #expect(dissect(keepalive).kinds == [.ipv4, .udp])
    #expect(dissect(keepalive).isSound)
    #expect(dissect(Packet(headers, payload: [0xff, 0xff]).encoded()).anomalyKinds == [.truncated])
  }

  @Test("a UDP checksum that comes out as zero is written as all ones (RFC 768)")
  func zeroChecksum() {
    let headers: [Packet.Header] = [BuildingTests.down4, .udp(from: 500, to: 9)]
    let first = Packet(headers, payload: [0, 0]).encoded()
    let word = Array(first[26...27])
    #expect(word != [0, 0])
    let second = Packet(headers, payload: word).encoded()
    #expect(Array(second[26...27]) == [0xff, 0xff])
    #expect(!dissect(second).isWrong(path("udp.checksum")))
  }

  @Test("an IPv4 header's checksum is over the header alone")
  func headerChecksum() {
    var header = BuildingTests.down4
    header.values.append((path: .ipv4Protocol, value: 6))
    let packet = Packet([header], payload: [1, 2, 3, 4]).encoded()
    #expect(packet.count == 24)
    #expect(dissect(packet).isSound)
  }

  @Test("the innermost IPv6 header is the one that is read")
  func nested() {
    let bytes = Packet([
      .ipv6(from: Lab.agent, to: Lab.careOf), .ipv6(from: Lab.agent, to: Lab.home), .message(.bri, .rfc5846, BuildingTests.bri),
    ]).encoded()
    let dissection = dissect(bytes)
    #expect(dissection.kinds == [.ipv6, .ipv6, .mh, .bri])
    #expect(dissection.value("ipv6.destination", bytes) == Lab.home.value)
    #expect(dissection.network == 0 && dissection.inner == 1)
    #expect(dissection.isSound)
  }

  @Test("24 layers are kept, one more is a limit", arguments: [22, 23, 24, 30])
  func layerLimit(_ tunnels: Int) {
    let bytes = Packet([Self.eth] + Array(repeating: .ipv6(from: Lab.agent, to: Lab.home), count: tunnels)).encoded()
    let dissection = dissect(bytes, .ethernet)
    #expect(dissection.count == min(24, tunnels + 1))
    #expect(dissection.anomalyKinds == (tunnels + 1 > 24 ? [.limit] : []))
    #expect(!dissection.isWrong(path("ipv6.version")))
    #expect(Packet(bytes.span, dissection).encoded() == bytes)
  }

  @Test("16 anomalies are kept, the last of them a limit")
  func anomalyLimit() {
    let options = Array(repeating: Packet.Option(.hao, [(.homeAddressOption, Lab.home.value)]), count: 20)
    let bytes = Packet([BuildingTests.fromCareOf, Packet.Header(.destinationOptions, options: options)]).encoded()
    let dissection = dissect(bytes)
    #expect(dissection.count == 22)
    #expect(dissection.anomalyKinds == Array(repeating: .repeated, count: 15) + [.limit])
    #expect(Packet(bytes.span, dissection).encoded() == bytes)
  }
}
