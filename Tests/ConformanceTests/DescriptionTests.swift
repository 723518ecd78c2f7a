import Conformance
import Foundation
import Judging
import Link
import Security
import Testing
import Wire

/// A device's description alone makes the tester's party and, of the same words, the reference node at the other end.
@Suite struct DescriptionTests {
  enum Seal: String, Sendable, CaseIterable { case none, manual, sharedKey, certificate, aka }

  struct Way: Sendable, CustomTestStringConvertible {
    var role: Role
    var tunnelling: Tunnelling
    var seal: Seal
    var testDescription: String { "\(role) \(tunnelling) \(seal)" }
  }

  /// Each way over IPv6, and over IPv4 one of each kind.
  static let ways = Role.allCases.flatMap { role in
    Tunnelling.allCases.flatMap { tunnelling in
      (tunnelling == .native ? Seal.allCases : [.none, .manual, .sharedKey]).map { Way(role: role, tunnelling: tunnelling, seal: $0) }
    }
  }

  /// Reading it takes longer than most of what is tested here.
  static let suite = Result { try Judging.Suite.embedded() }

  static func text(_ way: Way, homes: Int = 4) -> String {
    let isHA = way.role == .ha
    let isNative = way.tunnelling == .native
    let agent = "home-agent: \"2001:db8:a::1\"" + (isNative ? "" : ", home-agent-ipv4: 192.0.2.1")
    let careOf = isNative ? isHA ? "\"2001:db8:b::1000\"" : "\"2001:db8:b::2\"" : isHA ? "198.18.16.0" : "198.18.0.2"
    return """
      role: \(way.role)
      profile: rfc5846
      interfaces: [{ name: access0, purpose: access }, { name: home0, purpose: home }]
      device: { \(isHA ? agent : "care-of: \(careOf)") }
      tester: { \(isHA ? "care-of: { first: \(careOf), count: \(homes) }, correspondent: \"2001:db8:a::ffff\"" : agent) }
      home-addresses: { first: "2001:db8:a::1000", count: \(homes) }
      tunnelling: \(way.tunnelling)
      security: \(security(way))
      bri-max-retries: 1
      ics: { revocation: yes, several-home-addresses: yes, retransmits-revocations: yes, reattaches-by-itself: no }
      """
  }

  private static func security(_ way: Way) -> String {
    let (ue, ha) = way.role == .ha ? ("tester", "device") : ("device", "tester")
    let key = { (octet: String, count: Int) in "\"0x" + String(repeating: octet, count: count) + "\"" }
    switch way.seal {
    case .none: return "none"
    case .manual:
      return """
        { manual: { algorithms: aes128-sha256,
            to-home-agent: { spi: 0x1000, encryption-key: \(key("11", 16)), integrity-key: \(key("22", 32)) },
            from-home-agent: { spi: 0x2000, encryption-key: \(key("33", 16)), integrity-key: \(key("44", 32)) } } }
        """
    case .sharedKey:
      return """
        { ikev2: { \(ue): { identity: "ue{n}.example.org" }, \(ha): { identity: ha.example.org }, shared-key: a secret,
            proposals: [aes256-sha1-modp2048, aes128-sha256-x25519], child: { proposals: aes128gcm16 } } }
        """
    case .certificate:
      return """
        { ikev2: { \(ue): { identity: ue0.example.org, certificate: ue.pem, private-key: ue.key, authority: ca.pem },
            \(ha): { identity: ha.example.org, certificate: ha.pem, private-key: ha.key, authority: ca.pem } } }
        """
    case .aka:
      return """
        { ikev2: { \(ue): { identity: "00010100000000{n}@nai.epc.mnc001.mcc001.3gppnetwork.org" }, \(ha): { identity: ha.example.org },
            shared-key: "0x0102030405060708", usim: { key: \(key("5a", 16)), opc: \(key("a5", 16)), sequence: 32 } } }
        """
    }
  }

  static func device(_ text: String, in directory: String) throws -> Device {
    for (name, content) in DescribedCredentials.files {
      try content.write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
    }
    return try Device.load(file: "\(directory)/DEVICE.yaml", text: text)
  }

  /// 2027-01-01: the certificates are valid then.
  static let start = Instant(nanoseconds: 1_798_761_600_000_000_000)

  @Test(arguments: ways) func bothEndsFit(_ way: Way) throws {
    let suite = try Self.suite.get()
    let profile = try #require(suite.profile("rfc5846"))
    let hasIKE = way.seal != .none && way.seal != .manual
    let chosen =
      way.role == .ha
      ? ["TP_HA_NID_BV_01", "TP_HA_UID_BV_01", "TP_HA_IKE_BV_01"] : ["TP_UE_NID_BV_01", "TP_UE_UID_BV_01", "TP_UE_IKE_BV_01"]
    try withDirectory { directory in
      let device = try Self.device(Self.text(way), in: directory)
      #expect(device.tunnelling == way.tunnelling && device.security.isProtected == (way.seal != .none))
      var node = ReferenceNode(role: way.role, profile: profile)
      node.described = device
      node.tunnelling = way.tunnelling
      let (network, hooks) = node.simulation(start: Self.start)
      let setup = try #require(Setup(device, profile: profile, suite: suite))
      var run = TestRun(setup: setup, suite: suite, cases: suite.cases.filter { chosen.contains($0.id) })
      run.keepsItems = true
      let outcome = try run.run(over: network, hooks: hooks, writer: nil)
      for id in chosen {
        let result = outcome.verdicts[id]
        #expect(result?.verdict == (hasIKE || !id.contains("IKE") ? .pass : .notApplicable), "\(id): \(result?.reason ?? "")")
      }
      #expect(outcome.testerErrors == [])
      // What the wire shows: Mobility Headers in clear or not at all, and IPv4 or not.
      var (clear, sealed, ipv4) = (0, 0, 0)
      for case .frame(let bytes, _) in outcome.items {
        var dissection = Dissection()
        Decoder(dialect: .rfc5846).decode(bytes.span, into: &dissection)
        if dissection.mobility >= 0 { clear += 1 }
        if dissection.layer(.esp) != nil { sealed += 1 }
        if dissection.layer(.ipv4) != nil { ipv4 += 1 }
      }
      #expect((clear > 0) == (way.seal == .none) && (sealed > 0) == (way.seal != .none) && (ipv4 > 0) == (way.tunnelling != .native))
      #expect(outcome.keys.ike.records.isEmpty == !hasIKE)
    }
  }

  /// Each home address speaks by its own name, and one that nobody knows is not believed.
  @Test func identities() throws {
    let (home, other) = (address("2001:db8:a::1000"), address("2001:db8:a::1001"))
    let own = address("2001:db8:b::1000")
    let pattern = IKEAgreement.Identity.text(["ue{n}.example.org"])
    #expect(pattern.identity(of: other, number: 1, own: own) == .domainName("ue1.example.org"))
    let list = IKEAgreement.Identity.text(["a@example.org", "2001:db8::7"])
    #expect(list.identity(of: home, number: 0, own: own) == .mailAddress("a@example.org"))
    #expect(list.identity(of: other, number: 1, own: own) == IKEIdentity(type: 5, data: address("2001:db8::7").octets))
    #expect(IKEAgreement.Identity.address.identity(of: home, number: 0, own: own) == IKEIdentity(type: 5, data: own.octets))
    #expect(
      IKEAgreement.Identity.text(["{home-address}"]).identity(of: home, number: 0, own: own) == IKEIdentity(type: 5, data: home.octets))
  }

  /// An IKE SA is all that there is of a device without Mobile IPv6.
  @Test(arguments: Role.allCases) func withoutMobileIPv6(_ role: Role) throws {
    let suite = try Self.suite.get()
    let profile = try #require(suite.profile("rfc5846"))
    let isHA = role == .ha
    for isIPv4 in [false, true] {
      let (one, other) = isIPv4 ? ("192.0.2.1", "192.0.2.2") : ("\"2001:db8:b::1\"", "\"2001:db8:b::2\"")
      let text = """
        role: \(role)
        interfaces: [{ name: access0, purpose: access }]
        device: { \(isHA ? "home-agent" : "care-of"): \(one) }
        tester: { \(isHA ? "care-of: [\(other)]" : "home-agent: \(other)") }
        ics: { mobile-ipv6: no }
        security: { ikev2: { shared-key: a secret } }
        """
      let device = try Device.load(file: "d.yaml", text: text)
      let setup = try #require(Setup(device, profile: profile, suite: suite))
      #expect(device.security.agreement?.child == nil && !setup.hasMobileIPv6 && setup.homes == device.careOf)
      for testCase in suite.cases where testCase.role == role {
        #expect((Scheduler.obstacle(testCase, setup) == nil) == testCase.id.contains("_IKE_"), "\(testCase.id)")
      }
      let network = IKEPeer.network(device, secret: "a secret")
      var run = TestRun(setup: setup, suite: suite, cases: suite.cases)
      run.keepsItems = true
      let hooks = ImmediateHooks { name, _ in network.command(name.rawValue, toStation: 0) }
      try withDirectory { directory in
        let writer = try PcapngWriter(path: "\(directory)/run.pcapng", ports: [PcapngWriter.Port(name: "access0")])
        let outcome = try run.run(over: network, hooks: hooks, writer: writer)
        for id in isHA ? ["TP_HA_IKE_BV_01"] : ["TP_UE_IKE_BV_01", "TP_UE_IKE_BV_02"] {
          #expect(outcome.verdicts[id]?.verdict == .pass, "\(id): \(outcome.verdicts[id]?.reason ?? "")")
        }
        #expect(outcome.verdicts.unclean == [] && outcome.verdicts.blamed == [] && outcome.testerErrors == [])
        // What the wire does not show, the capture's events do.
        let audit = try Audit(suite, profile: nil, device: nil, keys: outcome.keys).check("\(directory)/run.pcapng")
        #expect(audit.verdicts == [outcome.verdicts])
      }
    }
  }
}
