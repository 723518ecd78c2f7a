import Testing
import Wire

/// Frames in which sealed octets stand opened (RFC 4303 2); what opens them is not Wire's.
@Suite("Opened octets")
struct OpeningTests {
  /// The worked packet E1: NULL encryption, so its octets are open as they are.
  static let bytes = octets(
    """
    6000000000402b4020010db8000a0000000000000000000120010db8000b0000
    0000000000000002320202010000000020010db8000a00000000000000000077
    c0de0001000000013b01100044320101123400000102000001020287c80b1c7d
    2720ee67a9825e29
    """)

  static func decoded(_ openings: [Opening], _ bytes: [UInt8] = bytes) -> Dissection {
    var result = Dissection()
    Decoder(dialect: .rfc5846).decode(bytes.span, .ip, opened: openings, into: &result)
    return result
  }

  @Test("the inside is decoded where it stands, and says how it was protected")
  func inside() {
    let result = Self.decoded([Opening(offset: 64, payload: 72..<88, nextHeader: 135, protection: .opened(7))])
    #expect(result.messageKind == .bri && result.isSound && result.restLength == 0)
    #expect(result.layer(.bri)?.offset == 72 && result.layer(.bri)?.protection == .opened(7))
    #expect(result.layer(.mh)?.protection == .opened(7) && result.layer(.rh2)?.protection == .clear)
    #expect(result.value(.briSequence, in: Self.bytes.span) == 0x1234)
    #expect(Self.decoded([]).messageKind == nil && Self.decoded([]).layer(.esp)?.protection == .opaque)
  }

  @Test("text names how a layer was protected")
  func text() {
    for (protection, words) in [(Protection.opened(7), "opened with security association 7"), (.unverified, "integrity unknown")] {
      let result = Self.decoded([Opening(offset: 64, payload: 72..<88, nextHeader: 135, protection: protection)])
      #expect(result.text(Self.bytes.span).contains(words))
    }
    #expect(Self.decoded([]).text(Self.bytes.span).contains("sealed"))
    #expect(Protection.opened(.max) != .opaque && Protection.opened(.max) != .unverified)
  }

  @Test("openings that lie outside, or elsewhere, open nothing")
  func outside() {
    for payload in [60..<88, 72..<105, 200..<300, 104..<104] {
      let result = Self.decoded([Opening(offset: 64, payload: payload, nextHeader: 135, protection: .opened(0))])
      #expect(result.messageKind == nil, "\(payload)")
    }
    for offset in [0, 63, 65, 1_000] {
      let result = Self.decoded([Opening(offset: offset, payload: 72..<88, nextHeader: 135, protection: .opened(0))])
      #expect(result.layer(.esp)?.protection == .opaque, "\(offset)")
    }
  }

  @Test("ESP within ESP has its own opening")
  func nested() {
    // The outer packet's payload is another ESP header, sequence 1, and the BRI behind it.
    var bytes = Self.bytes
    bytes.insert(contentsOf: octets("c0de000200000001"), at: 64)
    bytes[5] = 0x48
    let outer = Opening(offset: 64, payload: 72..<100, nextHeader: 50, protection: .opened(1))
    let one = Self.decoded([outer], bytes)
    #expect(one.count == 4 && one.layers[2].protection == .opened(1) && one.layers[3].protection == .opaque)
    let both = Self.decoded([outer, Opening(offset: 72, payload: 80..<96, nextHeader: 135, protection: .opened(2))], bytes)
    #expect(both.messageKind == .bri && both.layers[2].protection == .opened(1) && both.layers[3].protection == .opened(2))
    #expect(both.layer(.bri)?.protection == .opened(2))
  }

  @Test("any opening of any octets decodes without a trap")
  func anything() {
    for offset in stride(from: 0, to: 112, by: 8) {
      for start in stride(from: 0, through: 104, by: 13) {
        for nextHeader: UInt8 in [0, 4, 17, 41, 43, 44, 50, 58, 59, 60, 135, 255] {
          let result = Self.decoded([Opening(offset: offset, payload: start..<(start + 40), nextHeader: nextHeader, protection: .opened(0))]
          )
          #expect(result.count <= Dissection.maximumLayers && result.restOffset <= Self.bytes.count)
        }
      }
    }
  }
}
