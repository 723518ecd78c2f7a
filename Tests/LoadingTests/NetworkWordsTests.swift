import Conformance
import Judging
import Link
import Parties
import Testing
import Wire

@Suite("network: in a device's description") struct NetworkWordsTests {
  private static func description(_ network: String, role: String = "ue") -> String {
    """
    role: \(role)
    interfaces: [{ name: eth1, purpose: access }]
    device: { \(role == "ue" ? "care-of: \"2001:db8:b::2\"" : "home-agent: \"2001:db8:a::1\"") }
    tester: { \(role == "ue" ? "home-agent: \"2001:db8:a::1\"" : "care-of: [\"2001:db8:b::2\"]") }
    home-addresses: ["2001:db8:a::77"]
    network: \(network)
    """
  }

  private static func errors(_ network: String, role: String = "ue") -> [String] {
    do {
      _ = try Device.load(file: "d.yaml", text: description(network, role: role))
      return []
    } catch {
      return error.errors.map(\.description)
    }
  }

  @Test func isRead() throws {
    let text = Self.description(
      #"{ advertise: "2001:db8:b::/64", dhcpv4: 10.99.0.2/24, dns: { HA.example: ["2001:db8:a::1", 192.0.2.1], one: "2001:db8::1" } }"#)
    let device = try Device.load(file: "d.yaml", text: text)
    let network = try #require(device.network)
    #expect(network.prefix?.address.description == "2001:db8:b::" && network.prefix?.length == 64)
    #expect(network.lease?.address.description == "10.99.0.2" && network.lease?.length == 24)
    #expect(
      network.names?.mapValues { $0.map { $0.ipv4?.description ?? $0.description } } == [
        "ha.example": ["2001:db8:a::1", "192.0.2.1"], "one": ["2001:db8::1"],
      ])
    #expect(network.ipv6Server?.description == "2001:db8:b::1" && network.ipv4Server?.description == "10.99.0.1")
  }

  /// Besides the device's own, only what a client of this network has or may make of it.
  @Test func sendsToItsClientsAlone() throws {
    let allowed = try Device.load(file: "d.yaml", text: Self.description(#"{ advertise: "2001:db8:b::/64", dhcpv4: 10.99.0.2/24 }"#))
      .addressGuard
    for (text, isAllowed) in [
      ("fe80::1", true), ("2001:db8:b::1:2:3", true), ("2001:db8:a::77", true), ("2001:db8:c::1", false), ("2001:db8:a::1", false),
      ("fec0::1", false), ("ff02::1", true), ("ff05::1", false),
    ] { #expect(allowed.allows(IPv6Address(text) ?? .unspecified) == isAllowed, "\(text)") }
    for (text, isAllowed) in [("10.99.0.2", true), ("255.255.255.255", true), ("10.99.0.3", false), ("10.99.0.255", false)] {
      #expect(allowed.allows(IPv4Address(text) ?? IPv4Address(0)) == isAllowed, "\(text)")
    }
    let none = try Device.load(file: "d.yaml", text: Self.description("{ dhcpv4: 10.99.0.2/24 }")).addressGuard
    #expect(!none.allows(IPv6Address("fe80::1") ?? .unspecified))
  }

  @Test(arguments: [
    ("{}", "expected 'advertise' or 'dhcpv4', which give the network an address of its own, found neither"),
    ("{ dns: { a: 192.0.2.1 } }", "expected 'advertise' or 'dhcpv4'"),
    ("{ advertise: 2001:db8:b::1/64 }", "expected a prefix of 64 bits such as 2001:db8:b::/64, the bits behind it zero"),
    ("{ advertise: 2001:db8:b::/48 }", "expected a prefix of 64 bits"), ("{ advertise: fe80::/64 }", "expected a prefix of 64 bits"),
    ("{ advertise: nonsense }", "expected a prefix of 64 bits"), ("{ advertise: 2001:db8:b::/64/64 }", "expected a prefix of 64 bits"),
    ("{ dhcpv4: 10.99.0.2 }", "expected an IPv4 address and the length of its subnet"),
    ("{ dhcpv4: 10.99.0.0/24 }", "expected a host's IPv4 address"), ("{ dhcpv4: 127.0.0.2/24 }", "expected a host's IPv4 address"),
    ("{ dhcpv4: 10.99.0.2/31 }", "expected a host's IPv4 address"), ("{ dhcpv4: 224.0.0.2/24 }", "expected a host's IPv4 address"),
    ("{ dhcpv4: 10.99.0.2/24, dns: { 'a b': 192.0.2.1 } }", "expected the name of a host such as ha.example, found 'a b'"),
    ("{ dhcpv4: 10.99.0.2/24, dns: { a..b: 192.0.2.1 } }", "expected the name of a host"),
    ("{ dhcpv4: 10.99.0.2/24, dns: { A: 192.0.2.1, a: 192.0.2.1 } }", "expected each name once, found 'a' again"),
    ("{ dhcpv4: 10.99.0.2/24, dns: { a: [] } }", "expected one to eight addresses"),
    ("{ dhcpv4: 10.99.0.2/24, dns: { a: fe80::1 } }", "expected an address such as"),
    ("{ dhcpv4: 10.99.0.2/24, dhcpv6: x }", "unknown key 'dhcpv6'"),
    ("[]", "expected the network that the UE attaches to (a mapping)"),
    ("{ advertise: 2001:db8:a::/64, dhcpv4: 10.99.0.2/24, dns: { a: 192.0.2.1 } }", ""),
  ])
  func mistakesAreNamed(_ network: String, _ message: String) {
    let errors = Self.errors(network)
    if message.isEmpty { #expect(errors.isEmpty, "\(errors)") } else { #expect(errors.contains { $0.contains(message) }, "\(errors)") }
  }

  @Test func aHomeAgentHasNone() {
    let errors = Self.errors("{ dhcpv4: 10.99.0.2/24 }", role: "ha")
    #expect(errors.count == 1 && errors.allSatisfy { $0.contains("a Home Agent is no client of an access network") }, "\(errors)")
  }

  @Test func theNetworksOwnAddressIsNotTheUEs() {
    let text = Self.description(#"{ advertise: "2001:db8:b::/64" }"#).replacing(
      "care-of: \"2001:db8:b::2\"", with: "care-of: \"2001:db8:b::1\"")
    #expect(throws: SuiteErrors.self) { try Device.load(file: "d.yaml", text: text) }
  }
}
