import Testing
import Wire

@testable import Link

extension AddressGuard {
  func allows(octets: [UInt8]) -> Bool { allows(octets.span) }
}

@Suite("Address guard")
struct AddressGuardTests {
  static let device = IPv6Address(0x2001_0db8_0000_0000_0000_0000_0000_0002)

  static func frame(to destination: IPv6Address, tags: Int = 0) -> [UInt8] {
    var frame = [UInt8](repeating: 2, count: 12)
    for _ in 0..<tags { frame += [0x81, 0, 0, 7] }
    return frame + [0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 59, 64] + IPv6Address.unspecified.octets + destination.octets
  }

  @Test func onlyWhatIsNamedMayBeReached() {
    let allowed = AddressGuard([Self.device], [IPv4Address(0xc000_0201)])
    #expect(allowed.allows(octets: Self.frame(to: Self.device)))
    #expect(!allowed.allows(octets: Self.frame(to: Self.device.advanced(by: 1))))
    #expect(allowed.allows(octets: Self.frame(to: .allNodes)))
    #expect(allowed.allows(octets: Self.frame(to: Self.device.solicitedNode)))
    #expect(!allowed.allows(octets: Self.frame(to: IPv6Address(0xff05 << 112 | 1))))
    #expect(allowed.allows(octets: Self.frame(to: Self.device, tags: 2)))
    #expect(!allowed.allows(octets: Self.frame(to: Self.device, tags: 3)))
  }

  @Test func ipv4GoesByItsDestination() {
    let allowed = AddressGuard([], [IPv4Address(0xc000_0201)])
    var frame = [UInt8](repeating: 2, count: 12) + [0x08, 0x00, 0x45] + [UInt8](repeating: 0, count: 15) + [192, 0, 2, 1]
    #expect(allowed.allows(octets: frame))
    frame[33] = 2
    #expect(!allowed.allows(octets: frame))
    frame[33] = 1
    frame.removeLast()
    #expect(!allowed.allows(octets: frame))
  }

  @Test func whatHoldsNoDestinationIsRefused() {
    var allowed = AddressGuard()
    allowed.allow(.unspecified, length: 0)
    let whole = Self.frame(to: Self.device)
    for count in 0..<whole.count { #expect(!allowed.allows(octets: Array(whole.prefix(count)))) }
    #expect(allowed.allows(octets: whole))
    #expect(AddressGuard().allows(octets: [UInt8](repeating: 255, count: 12) + [0x08, 0x06]))
    #expect(!allowed.allows(octets: ([UInt8](repeating: 255, count: 12) + [0x88, 0xcc] + [UInt8](repeating: 0, count: 60))))
  }

  @Test(arguments: [
    ("2001:db8::2", true, true), ("2001:db8::/32", true, true), ("::/0", true, true), ("2001:db9::/32", true, false),
    ("192.0.2.0/24", true, false),
    ("192.0.2.0/33", false, false), ("2001:db8::/129", false, false), ("2001:db8::/", false, false), ("host", false, false),
  ])
  func textIsAnAddressOrAPrefix(text: String, isLawful: Bool, reaches: Bool) {
    var allowed = AddressGuard()
    #expect(allowed.allow(text) == isLawful)
    #expect(allowed.allows(Self.device) == reaches)
  }
}
