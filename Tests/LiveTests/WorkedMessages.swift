import Wire

/// The binding of the worked packets, and the addresses by which each of its directions finds its security association.
enum Binding {
  static let homeAgent = IPv6Address(0x2001_0db8_000a_0000_0000_0000_0000_0001)
  static let home = IPv6Address(0x2001_0db8_000a_0000_0000_0000_0000_0077)
  static let careOf = IPv6Address(0x2001_0db8_000b_0000_0000_0000_0000_0002)

  /// RFC 4877 4.3: the Home Address option's address is the source, the type 2 routing header's the destination.
  struct Direction {
    var source: IPv6Address
    var destination: IPv6Address
    /// Linux's name of the header that carries the home address.
    var header: String
    /// The address that the packet has instead.
    var outer: IPv6Address
    var spi: UInt32

    static let toHomeAgent = Direction(source: home, destination: homeAgent, header: "hao", outer: careOf, spi: 0xc0de_0001)
    static let toMobileNode = Direction(source: homeAgent, destination: home, header: "route2", outer: careOf, spi: 0xc0de_0002)
    /// draft-muhanna-mip6-binding-revocation-01 7.1: the option holds the address of the packet's receiver.
    static let toMobileNodeByOption = Direction(source: home, destination: careOf, header: "hao", outer: homeAgent, spi: 0xc0de_0003)

    /// The commands that make its states and its policy in the guest.
    /// - Parameter way: `in` or `out`, as the guest sees it.
    func commands(_ way: String, _ keys: String) -> [String] {
      let selector = "src \(source) dst \(destination)"
      // Linux's order of templates: from the packet's inside to its outside.
      return [
        "xfrm state add \(selector) proto \(header) mode ro coa \(outer) reqid \(spi & 0xf + 16)",
        "xfrm state add \(selector) proto esp spi \(spi) reqid \(spi & 0xf) mode transport replay-window 32 \(keys)",
        "xfrm policy add \(selector) proto 135 dir \(way) tmpl \(selector) proto esp mode transport reqid \(spi & 0xf) "
          + "tmpl \(selector) proto \(header) mode ro reqid \(spi & 0xf + 16)",
      ]
    }
  }
}

/// A message of that binding: as it was packed by hand, the IP header first, and as we write it.
struct WorkedMessage {
  var octets: [UInt8]
  var dialect: Dialect
  private var headers: [Packet.Header]

  private init(
    _ text: String, _ dialect: Dialect = .rfc5846, from source: IPv6Address, to destination: IPv6Address, _ headers: Packet.Header...
  ) {
    octets = LiveTests.octets(text)
    self.dialect = dialect
    self.headers = [.ipv6(from: source, to: destination)] + headers
  }

  var mobilityHeader: [UInt8] { Array(octets[64...]) }

  /// From the tester to the guest.
  var packet: Packet { Packet([.ethernet(from: UserModeLinux.testerHardware, to: UserModeLinux.hardware)] + headers) }

  private static let fromHomeAgent = "20010db8000a0000000000000000000120010db8000b00000000000000000002"
  private static let toHomeAgent = "20010db8000b0000000000000000000220010db8000a00000000000000000001"
  private static let home = "20010db8000a00000000000000000077"

  /// BRI of draft-01, Home Address option.
  static let p1 = WorkedMessage(
    "6000000000283c40\(fromHomeAgent)870201020000c910\(home)3b01100043f112340140000001020000", .draft01, from: Binding.homeAgent,
    to: Binding.careOf, .homeAddress(Binding.home),
    .message(.bri, .draft01, [(.briSequence, 0x1234), (.briTrigger, 1), (.briA, 1)]))
  /// BRI of draft-01, type 2 routing header.
  static let p1c = WorkedMessage(
    "6000000000282b40\(fromHomeAgent)8702020100000000\(home)3b01100043f312340140000001020000", .draft01, from: Binding.homeAgent,
    to: Binding.careOf, .routing(to: Binding.home),
    .message(.bri, .draft01, [(.briSequence, 0x1234), (.briTrigger, 1), (.briA, 1)]))
  /// BRI of RFC 5846.
  static let p2 = WorkedMessage(
    "6000000000282b40\(fromHomeAgent)8702020100000000\(home)3b011000443201011234000001020000", from: Binding.homeAgent,
    to: Binding.careOf, .routing(to: Binding.home), .message(.bri, .rfc5846, [(.briSequence, 0x1234), (.briTrigger, 1)]))
  /// BRA of draft-01.
  static let p3 = WorkedMessage(
    "6000000000283c40\(toHomeAgent)870201020000c910\(home)3b011000453312340000000001020000", .draft01, from: Binding.careOf,
    to: Binding.homeAgent, .homeAddress(Binding.home), .message(.bra, .draft01, [(.braSequence, 0x1234)]))
  /// BRA of RFC 5846.
  static let p4 = WorkedMessage(
    "6000000000283c40\(toHomeAgent)870201020000c910\(home)3b011000433302001234000001020000", from: Binding.careOf,
    to: Binding.homeAgent, .homeAddress(Binding.home), .message(.bra, .rfc5846, [(.braSequence, 0x1234)]))
  /// BU with lifetime 0.
  static let p5 = WorkedMessage(
    """
    6000000000383c40\(toHomeAgent)870201020000c910\(home)
    3b03050060d900a7d00000000100031020010db8000b00000000000000000002
    """, from: Binding.careOf, to: Binding.homeAgent, .homeAddress(Binding.home),
    .message(
      .bu, .rfc5846, [(.buSequence, 0xa7), (.buA, 1), (.buH, 1), (.buK, 1)], options: [.alternateCareOfAddress(Binding.careOf)]))
  /// BA with lifetime 0.
  static let p6 = WorkedMessage(
    "6000000000282b40\(fromHomeAgent)8702020100000000\(home)3b0106006040008000a7000001020000", from: Binding.homeAgent,
    to: Binding.careOf, .routing(to: Binding.home), .message(.ba, .rfc5846, [(.baK, 1), (.baSequence, 0xa7)]))
}
