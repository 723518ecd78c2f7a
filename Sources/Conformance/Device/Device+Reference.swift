package import Judging
import Security
import Wire

extension Device {
  /// The reference node as the device, in the lab: the addresses of two links, the home link 2001:db8:a::/64 and the access link
  /// 2001:db8:b::/64.
  ///
  /// - Parameters:
  ///   - homeAddresses: how many home addresses it has, from 2001:db8:a::1000 on.
  ///   - access: the tester's interface on the access link.
  ///   - home: that on the home link, where the correspondent is; only with a Home Agent.
  package static func reference(role: Role, profile: String, homeAddresses: Int = 64, access: String, home: String? = nil) -> Device {
    let homeLink = IPv6Address(0x2001_0db8_000a << 80)
    let accessLink = IPv6Address(0x2001_0db8_000b << 80)
    let count = max(1, homeAddresses)
    var interfaces = [Interface(name: access, purpose: .access)]
    if let home { interfaces.append(Interface(name: home, purpose: .home)) }
    var device = Device(
      role: role, profile: profile, interfaces: interfaces, homeAgent: homeLink.advanced(by: 1),
      careOf: role == .ha ? (0..<count).map { accessLink.advanced(by: 0x1000 + $0) } : [accessLink.advanced(by: 2)],
      homeAddresses: (0..<count).map { homeLink.advanced(by: 0x1000 + $0) },
      correspondent: role == .ha && home != nil ? homeLink.advanced(by: 0xffff) : nil)
    device.briMaxRetries = 1
    device.ics = ["revocation": true, "reattaches-by-itself": false, "several-home-addresses": true, "anti-replay": true]
    if role == .ha { device.ics["retransmits-revocations"] = true }
    if role == .ha { device.ics["foreign-prefix"] = true }
    if role == .ha { device.ics["home-link"] = home != nil }
    return device
  }

  /// Puts the UE on an IPv4 access: the Home Agent is 192.0.2.1, and care-of addresses are those of 198.18.0.0/15 with the last 17 bits of
  /// the native ones.
  mutating func tunnel(_ tunnelling: Tunnelling) {
    guard tunnelling != .native else { return }
    self.tunnelling = tunnelling
    ipv4HomeAgent = IPv4Address(192 << 24 | 2 << 8 | 1)
    careOf = careOf.map { IPv6Address(mapped: IPv4Address(198 << 24 | 18 << 16 | UInt32(truncatingIfNeeded: $0.value & 0x1_ffff))) }
  }
}
