import Testing
import Wire

@Suite("Addresses and time")
struct AddressTests {
  /// RFC 4291 2.2 and RFC 5952 4.
  static let texts: [(String, String)] = [
    ("2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"), ("FF01::101", "ff01::101"), ("::1", "::1"), ("::", "::"), ("1::", "1::"),
    ("::13.1.68.3", "::d01:4403"), ("::FFFF:129.144.52.38", "::ffff:8190:3426"), ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
    ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
    ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
  ]

  @Test("IPv6 addresses are read and written", arguments: texts)
  func ipv6(_ text: String, _ canonical: String) throws {
    let address = try #require(IPv6Address(text))
    #expect(address.description == canonical)
    #expect(IPv6Address(canonical) == address)
  }

  @Test(
    "what is no IPv6 address is none",
    arguments: [
      "", ":", ":::", "1", "1:2", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1::", "12345::", "g::", "1.2.3.4::",
      "::1.2.3",
      "::+1", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "1::2:3:4:5:6:7:8", "::1%eth0", "::256.0.0.1",
    ])
  func noIPv6(_ text: String) { #expect(IPv6Address(text) == nil) }

  @Test("IPv4 and Ethernet addresses")
  func others() {
    #expect(IPv4Address("192.0.2.1")?.value == 0xc000_0201)
    #expect(IPv4Address(0xc000_0201).description == "192.0.2.1")
    for text in ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "+1.2.3.4", "1..2.3", " 1.2.3.4"] { #expect(IPv4Address(text) == nil, "\(text)") }
    #expect(MACAddress("02:00:00:00:00:0a")?.value == 0x0200_0000_000a)
    #expect(MACAddress(0x0200_0000_000a).description == "02:00:00:00:00:0a")
    for text in ["", "02:00:00:00:00", "02:00:00:00:00:0g", "2:0:0:0:0:1", "+1:00:00:00:00:00"] {
      #expect(MACAddress(text) == nil, "\(text)")
    }
    #expect(MACAddress(multicast: Lab.home.solicitedNode).description == "33:33:ff:00:00:77")
  }

  @Test("scopes")
  func scopes() {
    #expect(Lab.home.isRoutableUnicast)
    for text in ["::", "::1", "fe80::1", "febf::1", "ff02::1", "ff0e::1"] {
      #expect(IPv6Address(text)?.isRoutableUnicast == false, "\(text)")
    }
    #expect(IPv6Address("fec0::1")?.isLinkLocal == false)
    #expect(IPv6Address("ff02::1:ff00:1")?.isLinkScopeMulticast == true)
    #expect(IPv6Address("ff05::1")?.isLinkScopeMulticast == false)
    #expect(Lab.home.octets.count == 16 && Lab.home.octets.last == 0x77)
    #expect(IPv6Address(.max).advanced(by: 1) == .unspecified)
  }

  @Test("time saturates")
  func time() {
    #expect(Instant.distantFuture + .seconds(1) == .distantFuture)
    #expect(Instant.distantPast - .seconds(1) == .distantPast)
    #expect(Instant.distantFuture - Instant.distantPast == Interval(nanoseconds: .max))
    #expect(Instant.distantPast - Instant.distantFuture == Interval(nanoseconds: .min))
    #expect(Interval.seconds(1e300) == Interval(nanoseconds: .max))
    #expect(Interval.seconds(.nan) == Interval(nanoseconds: .min))
    #expect(Interval.milliseconds(3) * 2 == Interval(nanoseconds: 6_000_000))
    #expect(Interval(nanoseconds: .max) * -2 == Interval(nanoseconds: .min))
    #expect(Interval.milliseconds(20).description == "20 ms")
    #expect(Interval.seconds(5).description == "5 s")
    #expect(Interval.zero.description == "0 s")
    #expect(Interval(nanoseconds: 37_000).description == "37 us")
    #expect(Interval(nanoseconds: .min).description.hasSuffix(" s"))
  }

  @Test("the Internet checksum of RFC 1071 3, however it is cut")
  func checksum() {
    let bytes: [UInt8] = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]
    var whole = ChecksumSum()
    whole.add(bytes.span, 0, 8)
    #expect(whole.checksum == 0x220d)
    for cut in [0, 2, 4, 6, 8] {
      var parts = ChecksumSum()
      parts.add(bytes.span, 0, cut)
      parts.add(bytes.span, cut, 8 - cut)
      #expect(parts.checksum == whole.checksum)
    }
    var odd = ChecksumSum()
    let three: [UInt8] = [0x12, 0x34, 0x56]
    odd.add(three.span, 0, 3)
    #expect(odd.checksum == 0x97cb)
    var outside = ChecksumSum()
    outside.add(bytes.span, 4, 5)
    outside.add(bytes.span, -1, 2)
    outside.add(bytes.span, .max, .max)
    #expect(outside.checksum == 0xffff)
  }
}
