/// What fills a field when its value is not given.
public enum Computed: Sendable, Equatable {
  case no
  case constant(UInt64)
  /// The protocol number, EtherType or payload type of what follows.
  case nextHeader
  /// Octets of the whole layer in units of 8, less the first 8 (extension headers, Mobility Header).
  case headerLength8
  /// Octets of the whole layer in units of 8 (Neighbour Discovery options).
  case length8
  /// Octets of an option behind its type and length.
  case optionLength
  /// Octets behind the IPv6 header.
  case payloadLength
  /// Octets from this layer's start to the end of the packet (IPv4, UDP, IKE).
  case totalLength
  /// Octets of a payload of IKEv2, or of a part of one, with the parts that follow it.
  case partsLength
  /// Octets of an option behind its fixed part (an attribute's value, a proposal's SPI).
  case dataLength
  /// How many parts a payload has, or a part itself.
  case partCount
  /// This number where another of its rank follows, else 0.
  case more(UInt64)
  /// The IPv4 header length in words of 32 bits.
  case ipv4HeaderLength
  /// The Internet checksum over this layer, with the pseudo-header its protocol asks for.
  case checksum
}

/// Where a field's bits are: a number of at most 128 bits, big-endian, counted from the start of its layer.
public struct BitRange: Sendable, Equatable {
  // Kept small: every path holds two of these, and paths are copied with every value of a packet that is written.
  private let mask: UInt64
  private let start: UInt16
  private let firstOctet: UInt16
  private let lastOctet: UInt16
  private let bits: UInt8
  private let dropped: UInt8

  public init(bit: Int, width: Int) {
    let last = (bit + width - 1) >> 3
    start = UInt16(clamping: bit)
    bits = UInt8(clamping: width)
    firstOctet = UInt16(clamping: bit >> 3)
    lastOctet = UInt16(clamping: last)
    dropped = UInt8(clamping: (last + 1) * 8 - bit - width)
    mask = width >= 64 ? .max : (1 << UInt64(width)) - 1
  }

  /// The first bit; 0 is the most significant bit of the layer's first octet.
  public var bit: Int { Int(start) }
  /// How many bits, 1 to 128.
  public var width: Int { Int(bits) }
  @inline(__always) var first: Int { Int(firstOctet) }
  @inline(__always) var last: Int { Int(lastOctet) }
  @inline(__always) private var drop: Int { Int(dropped) }

  /// Octets from the layer's start that must be there for the field to be read.
  public var octetsNeeded: Int { last + 1 }
  /// The greatest value that the field holds.
  public var maximum: UInt128 { width >= 128 ? .max : (UInt128(1) << UInt128(width)) - 1 }

  /// The value at `base`; the caller has made sure that `octetsNeeded` octets are there.
  @inline(__always) package func read(_ bytes: Span<UInt8>, at base: Int) -> UInt128 {
    if width > 56 { return readWide(bytes, at: base) }
    var value: UInt64 = 0
    var index = base &+ first
    let end = base &+ last
    while index <= end {
      value = value &<< 8 | UInt64(bytes[index])
      index &+= 1
    }
    return UInt128((value &>> UInt64(drop)) & mask)
  }

  @inline(never) private func readWide(_ bytes: Span<UInt8>, at base: Int) -> UInt128 {
    let start = base &+ first
    // An address.
    if width == 128, drop == 0, start >= 0, start &+ 16 <= bytes.count {
      let raw = unsafe bytes.bytes
      let high = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: start, as: UInt64.self)
      let low = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: start &+ 8, as: UInt64.self)
      return UInt128(UInt64(bigEndian: high)) &<< 64 | UInt128(UInt64(bigEndian: low))
    }
    var value: UInt128 = 0
    for index in (base &+ first)...(base &+ last) { value = value &<< 8 | UInt128(bytes[index]) }
    return (value &>> UInt128(drop)) & maximum
  }

  /// Writes the low `width` bits of `value` at `base`; octets that are not there are left out.
  func write(_ bytes: inout [UInt8], at base: Int, _ value: UInt128) {
    if width <= 56 { return writeNarrow(&bytes, at: base, UInt64(truncatingIfNeeded: value)) }
    var rest = (value & maximum) << UInt128(drop)
    var mask = maximum << UInt128(drop)
    var index = base + last
    while index >= base + first {
      if index < bytes.count {
        bytes[index] = bytes[index] & ~UInt8(truncatingIfNeeded: mask) | UInt8(truncatingIfNeeded: rest)
      }
      rest >>= 8
      mask >>= 8
      index -= 1
    }
  }

  private func writeNarrow(_ bytes: inout [UInt8], at base: Int, _ value: UInt64) {
    var rest = (value & self.mask) &<< UInt64(drop)
    var mask = self.mask &<< UInt64(drop)
    var index = base &+ last
    let first = base &+ first
    while index >= first {
      if index < bytes.count {
        bytes[index] = bytes[index] & ~UInt8(truncatingIfNeeded: mask) | UInt8(truncatingIfNeeded: rest)
      }
      rest &>>= 8
      mask &>>= 8
      index &-= 1
    }
  }
}

/// How a field's value is written for people.
public enum Presentation: Sendable {
  case number, ipv6, ipv4, mac
}

/// One field of a schema.
public struct Field: Sendable {
  /// The RFC's name in kebab case, without the layer: `trigger`.
  public let name: String
  public let range: BitRange
  public let computed: Computed
  /// The name of Wireshark's display filter field; empty where Wireshark has none.
  public let wireshark: String
  public let presentation: Presentation
  /// Names of values.
  public let meanings: [UInt64: String]

  init(
    _ name: String, _ bit: Int, _ width: Int, _ wireshark: String = "", _ computed: Computed = .no, as presentation: Presentation = .number,
    meanings: [UInt64: String] = [:]
  ) {
    self.name = name
    range = BitRange(bit: bit, width: width)
    self.computed = computed
    self.wireshark = wireshark
    self.presentation = presentation
    self.meanings = meanings
  }

  init(_ name: String, _ bit: Int, _ width: Int, computed: Computed) { self.init(name, bit, width, "", computed) }

  /// The value as people read it: an address, a number with its radix 16 form and its meaning.
  public func text(_ value: UInt128) -> String {
    switch presentation {
    case .ipv6: return IPv6Address(value).description
    case .ipv4: return IPv4Address(UInt32(truncatingIfNeeded: value)).description
    case .mac: return MACAddress(UInt64(truncatingIfNeeded: value)).description
    case .number:
      let number = value < 10 ? "\(value)" : "\(value) (0x\(String(value, radix: 16)))"
      guard let meaning = meanings[UInt64(truncatingIfNeeded: value)], value <= UInt128(UInt64.max) else { return number }
      return "\(number) \(meaning)"
    }
  }
}
