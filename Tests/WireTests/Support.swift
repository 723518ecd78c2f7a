import Wire

/// Octets from hexadecimal digits; white space is skipped.
func octets(_ text: String) -> [UInt8] {
  let digits = text.compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
}

func dissect(_ bytes: [UInt8], _ start: FrameStart = .ip, _ dialect: Dialect = .rfc5846, originalLength: Int? = nil) -> Dissection {
  var result = Dissection()
  Decoder(dialect: dialect).decode(bytes.span, start, originalLength: originalLength, into: &result)
  return result
}

func path(_ name: String) -> FieldPath { FieldPath(name) ?? .wellKnown[0] }

extension Dissection {
  var kinds: [LayerKind] { (0..<count).map { layers[$0].kind } }
  var anomalyKinds: [Anomaly.Kind] { (0..<anomalyCount).map { anomalies[$0].kind } }
  func value(_ name: String, _ bytes: [UInt8]) -> UInt128? { FieldPath(name).flatMap { value($0, in: bytes.span) } }
  func text(of bytes: [UInt8]) -> String { text(bytes.span) }
  func address(_ name: String, _ bytes: [UInt8]) -> String? { value(name, bytes).map { IPv6Address($0).description } }
}

/// SplitMix64: the same cases in every run.
struct Generator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return word ^ (word >> 31)
  }
}

enum Lab {
  static let agent = IPv6Address("2001:db8:a::1") ?? .unspecified
  static let home = IPv6Address("2001:db8:a::77") ?? .unspecified
  static let careOf = IPv6Address("2001:db8:b::2") ?? .unspecified
  static let agent4 = IPv4Address("192.0.2.1") ?? IPv4Address(0)
  static let careOf4 = IPv4Address("198.51.100.2") ?? IPv4Address(0)
  static let first = MACAddress(0x0200_0000_0001)
  static let second = MACAddress(0x0200_0000_0002)
}
