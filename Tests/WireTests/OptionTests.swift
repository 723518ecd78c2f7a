import Testing
import Wire

@Suite("Options")
struct OptionTests {
  typealias Found = (kind: LayerKind, offset: Int, length: Int)

  private func options(_ bytes: [UInt8], _ start: FrameStart = .ip) -> [Found] {
    var out: [Found] = []
    dissect(bytes, start).forEachOption(in: bytes.span) { out.append((kind: $0, offset: $1, length: $2)) }
    return out
  }

  /// A BU between the HA and the home address, so that the Mobility Header starts at octet 40 and its options at 52.
  private func update(_ options: [Packet.Option], pads: Bool = true) -> [UInt8] {
    var header = Packet.Header.message(.bu, .rfc5846, [(.buSequence, 9)], options: options)
    header.pads = pads
    return Packet([.ipv6(from: Lab.home, to: Lab.agent), header]).encoded()
  }

  struct Drawn: Sendable, CustomTestStringConvertible {
    let clause: String
    let option: Packet.Option
    /// Where alignment puts it, counted from the Mobility Header of a BU.
    let at: Int
    let octets: [UInt8]
    var testDescription: String { clause }

    init(_ clause: String, _ option: Packet.Option, at: Int = 12, _ octets: [UInt8]) {
      self.clause = clause
      self.option = option
      self.at = at
      self.octets = octets
    }
  }

  static func option(_ kind: LayerKind, _ values: KeyValuePairs<String, UInt128> = [:], data: [UInt8] = []) -> Packet.Option {
    Packet.Option(kind, values.compactMap { name, value in FieldPath(kind, name).map { ($0, value) } }, data: data)
  }

  /// Octets as the documents draw them.
  static let drawn: [Drawn] = [
    Drawn("RFC 6275 6.2.4", option(.bindingRefreshAdvice, ["refresh-interval": 300]), [2, 2, 1, 44]),
    Drawn("RFC 6275 6.2.5", .alternateCareOfAddress(Lab.careOf), at: 14, [3, 16] + Lab.careOf.octets),
    Drawn("RFC 6275 6.2.6", option(.nonceIndices, ["home-nonce-index": 1, "care-of-nonce-index": 2]), [4, 4, 0, 1, 0, 2]),
    Drawn("RFC 6275 6.2.7", option(.bindingAuthorizationData, data: Array(1...12)), at: 18, [5, 12] + Array(1...12)),
    Drawn(
      "RFC 3963 4.3", option(.mobileNetworkPrefix, ["prefix-length": 48, "prefix": Lab.home.value]), [6, 18, 0, 48] + Lab.home.octets),
    Drawn("RFC 5568 6.4.4", option(.mobileNodeLinkLayerAddress, ["option-code": 2], data: [1, 2, 3]), [7, 4, 2, 1, 2, 3]),
    Drawn("RFC 4283 3", option(.mobileNodeIdentifier, ["subtype": 1], data: Array("ue@a".utf8)), [8, 5, 1] + Array("ue@a".utf8)),
    Drawn(
      "RFC 4285 5", option(.mobilityAuthentication, ["subtype": 1, "spi": 0x100], data: [9, 9]), at: 13, [9, 7, 1, 0, 0, 1, 0, 9, 9]),
    Drawn("RFC 4285 6", option(.mesgID, ["timestamp": 0x0102_0304_0506_0708]), [10, 8, 1, 2, 3, 4, 5, 6, 7, 8]),
    Drawn("RFC 5094 2", option(.vendorSpecific, ["vendor": 10415, "subtype": 5], data: [7]), [19, 6, 0, 0, 0x28, 0xaf, 5, 7]),
    Drawn("RFC 5149 3", option(.serviceSelection, data: Array("ims".utf8)), [20, 3] + Array("ims".utf8)),
    Drawn("RFC 5213 8.3", option(.homeNetworkPrefix, ["prefix-length": 64, "prefix": Lab.home.value]), [22, 18, 0, 64] + Lab.home.octets),
    Drawn("RFC 5213 8.4", option(.handoffIndicator, ["indicator": 1]), [23, 2, 0, 1]),
    Drawn("RFC 5213 8.5", option(.accessTechnologyType, ["type": 4]), [24, 2, 0, 4]),
    Drawn("RFC 5213 8.8", option(.timestamp, ["timestamp": 0x0102_0304_0506_0708]), at: 18, [27, 8, 1, 2, 3, 4, 5, 6, 7, 8]),
    Drawn(
      "RFC 5555 3.1.1", option(.ipv4HomeAddress, ["prefix-length": 32, "p": 1, "address": 0xc000_0263]), [29, 6, 0x82, 0, 192, 0, 2, 99]),
    Drawn(
      "RFC 5555 3.2.1", option(.ipv4AddressAcknowledgement, ["status": 128, "prefix-length": 24, "address": 0xc000_0263]),
      [30, 6, 128, 0x60, 192, 0, 2, 99]),
    Drawn("RFC 5555 3.2.2", option(.natDetection, ["f": 1, "refresh-time": 110]), [31, 6, 0x80, 0, 0, 0, 0, 110]),
    Drawn("RFC 5555 3.1.2", option(.ipv4CareOfAddress, ["address": 0xc633_6402]), [32, 6, 0, 0, 198, 51, 100, 2]),
    Drawn("RFC 5648 4.1", option(.bindingIdentifier, ["bid": 3, "status": 4, "h": 1]), [35, 4, 0, 3, 4, 0x80]),
    Drawn(
      "RFC 5844 3.3.1", option(.ipv4HomeAddressRequest, ["prefix-length": 32, "address": 0xc000_0263]), [36, 6, 0x80, 0, 192, 0, 2, 99]),
    Drawn(
      "RFC 5844 3.3.2", option(.ipv4HomeAddressReply, ["status": 129, "prefix-length": 32, "address": 0xc000_0263]),
      [37, 6, 129, 0x80, 192, 0, 2, 99]),
    Drawn("unknown", .unknownMobilityOption(type: 250, data: [1, 2, 3]), [250, 3, 1, 2, 3]),
  ]

  @Test("drawn, aligned, found again", arguments: drawn)
  func every(_ one: Drawn) {
    let bytes = update([one.option])
    #expect((bytes.count - 40) % 8 == 0)
    #expect(Int(bytes[41]) == (bytes.count - 40) / 8 - 1)
    let start = 40 + one.at
    #expect(Array(bytes[start..<(start + one.octets.count)]) == one.octets)
    let found = options(bytes)
    #expect(found.contains { $0.kind == one.option.kind && $0.offset == start && $0.length == one.octets.count })
    #expect(found.filter { $0.kind != one.option.kind }.allSatisfy { $0.kind == .pad1 || $0.kind == .padN })
    let dissection = dissect(bytes)
    #expect(dissection.isSound)
    for (path, value) in one.option.values { #expect(dissection.value(path, in: bytes.span) == value, "\(path)") }
    #expect(Packet(bytes.span, dissection).encoded() == bytes)
  }

  @Test("every option that has a number is drawn above")
  func complete() {
    let drawn = Set(Self.drawn.map(\.option.kind)).union([.pad1, .padN])
    #expect(LayerKind.allCases.filter { $0.isMobilityOption && !drawn.contains($0) } == [])
  }

  @Test("several options keep their alignment, and the whole is a multiple of 8", arguments: 0..<200)
  func combined(_ seed: Int) {
    var generator = Generator(state: UInt64(seed))
    let chosen = (0..<Int.random(in: 1...6, using: &generator)).compactMap { _ in Self.drawn.randomElement(using: &generator) }
    let bytes = update(chosen.map(\.option))
    let found = options(bytes).filter { $0.kind != .pad1 && $0.kind != .padN }
    #expect(found.map(\.kind) == chosen.map(\.option.kind))
    for one in found {
      let alignment = Schema.of(one.kind).alignment
      #expect((one.offset - 40) % alignment.multiple == alignment.offset % alignment.multiple)
    }
    #expect(bytes.count % 8 == 0)
    #expect(dissect(bytes).isSound)
  }

  @Test("without padding the options stand as they are given")
  func unpadded() {
    let bytes = update([.init(.pad1), .init(.padN, data: [0]), .alternateCareOfAddress(Lab.careOf)], pads: false)
    #expect(Array(bytes[52...57]) == [0, 1, 1, 0, 3, 16])
    #expect(bytes.count == 52 + 1 + 3 + 18)
  }

  @Test("an option's own length can be wrong, and the option that runs past the end is noted where it starts")
  func overrun() {
    let wrong = Self.option(.bindingRefreshAdvice, ["option-length": 200])
    let bytes = update([wrong])
    let dissection = dissect(bytes)
    #expect(dissection.anomalyKinds == [.optionOverrun])
    #expect(dissection.anomalies[0].bit == 12 * 8)
    #expect(options(bytes).isEmpty)
    #expect(dissection.value("binding-refresh-advice.refresh-interval", bytes) == nil)
    #expect(Packet(bytes.span, dissection).encoded() == bytes)
  }

  @Test("an option too short for its fields is unknown to nobody, and its fields are absent")
  func short() {
    let bytes = update([.unknownMobilityOption(type: 3, data: [1, 2, 3, 4])])
    #expect(options(bytes).first?.kind == .alternateCareOfAddress)
    #expect(dissect(bytes).value("alternate-care-of-address.address", bytes) == nil)
    #expect(Packet(bytes.span, dissect(bytes)).encoded() == bytes)
  }

  @Test("the first of two options of a kind is read")
  func first() {
    let bytes = update([.alternateCareOfAddress(Lab.careOf), .alternateCareOfAddress(Lab.home)])
    #expect(dissect(bytes).value("alternate-care-of-address.address", bytes) == Lab.careOf.value)
  }

  /// What scapy read from the same values, so that alignment and padding are not ours alone.
  @Test("the same octets as scapy's")
  func scapy() {
    let down = Packet.Header.ipv6(from: Lab.agent, to: Lab.home)
    let up = Packet.Header.ipv6(from: Lab.home, to: Lab.agent)
    let cases: [(Packet, [UInt8])] = [
      (
        Packet([
          down,
          .message(
            .ba, .rfc5846, [(.baStatus, 1), (.baK, 1), (.baSequence, 167), (.baLifetime, 16)],
            options: [Self.option(.bindingRefreshAdvice, ["refresh-interval": 300])]),
        ]), Scapy.refreshAdvice
      ),
      (
        Packet([
          up,
          .message(
            .bu, .rfc5846, [(.buSequence, 9), (.buA, 1), (.buLifetime, 3)],
            options: [Self.option(.nonceIndices, ["home-nonce-index": 1, "care-of-nonce-index": 2])]),
        ]), Scapy.nonces
      ),
      (
        Packet([
          up,
          .message(
            .bu, .rfc5846, [(.buSequence, 9), (.buA, 1), (.buH, 1), (path("bu.r"), UInt128(1)), (.buLifetime, 3)],
            options: [
              Self.option(.mobileNetworkPrefix, ["prefix-length": 48, "prefix": (IPv6Address("2001:db8:c::") ?? .unspecified).value])
            ]),
        ]), Scapy.networkPrefix
      ),
      (
        Packet([
          down,
          .message(
            .ba, .rfc5846, [(.baStatus, 133), (.baSequence, 2)],
            options: [Self.option(.mobileNodeIdentifier, ["subtype": 1], data: Array("ue@example".utf8))]),
        ]), Scapy.identifier
      ),
      (
        Packet([
          .ipv6(from: Lab.agent, to: Lab.careOf), .message(.be, .rfc5846, [(.beStatus, 1), (.beHomeAddress, Lab.home.value)]),
        ]), Scapy.bindingError
      ),
    ]
    for (packet, expected) in cases { #expect(packet.encoded() == expected) }
  }
}
