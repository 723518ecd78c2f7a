import Conformance
import Foundation
import Judging
import Security
import Testing
import Wire

/// What a device's description says of security.
@Suite struct SecurityWordsTests {
  /// `security:` stands in line 7.
  private static func text(_ security: String, role: Role = .ha, more: String = "") -> String {
    """
    role: \(role)
    interfaces: [{ name: eth1, purpose: access }]
    device: { \(role == .ha ? "home-agent: 2001:db8:a::1" : "care-of: 2001:db8:b::2") }
    tester: { \(role == .ha ? "care-of: { first: 2001:db8:b::1000, count: 2 }" : "home-agent: 2001:db8:a::1") }
    home-addresses: { first: 2001:db8:a::77, count: 2 }
    \(more.isEmpty ? "bri-max-retries: 1" : more)
    security: \(security)
    """
  }

  private func security(_ text: String, role: Role = .ha, more: String = "") throws -> BindingSecurity {
    try Device.load(file: "d.yaml", text: Self.text(text, role: role, more: more)).security
  }

  private func secret(_ proof: IKEAgreement.Proof?) -> [UInt8]? { if case .sharedKey(let key)? = proof { key } else { nil } }

  @Test func aSharedKeyIsEnough() throws {
    let agreement = try #require(try security("{ ikev2: { shared-key: a secret } }").agreement)
    #expect(secret(agreement.mobileNode.proof) == Array("a secret".utf8) && secret(agreement.homeAgent.proof) == Array("a secret".utf8))
    #expect(agreement.mobileNode.identity == .address && agreement.homeAgent.identity == .any)
    let child = try #require(agreement.child)
    #expect(child.usesTransportMode && child.protocolID == 135 && child.isOfBinding)
    #expect(agreement.proposals[0].groups == [.curve25519, .ecp256, .modp2048])
    // Both ends, as they speak: the Home Agent believes anybody who has the secret, the UE says its address.
    let homes = ["2001:db8:a::77", "2001:db8:a::78"].compactMap { IPv6Address($0) }
    let (agent, own) = (try #require(IPv6Address("2001:db8:a::1")), try #require(IPv6Address("2001:db8:b::1000")))
    let ue = try #require(agreement.configuration(.mobileNode, homeAgent: agent, own: own, homes: homes))
    #expect(ue.identity == .address(.ipv6(own)) && ue.peerIdentity == nil && !ue.isResponder)
    #expect(ue.child?.remote == [TrafficSelector(protocolID: 135, from: .ipv6(agent), to: .ipv6(agent))])
    let ha = try #require(agreement.configuration(.homeAgent, homeAgent: agent, own: agent, homes: homes))
    #expect(ha.isResponder && ha.child?.remote == [TrafficSelector(protocolID: 135, from: .ipv6(homes[0]), to: .ipv6(homes[1]))])
  }

  @Test func everythingIsRead() throws {
    let agreement = try #require(
      try security(
        """
        { ikev2: { device: { identity: ue@example.org }, tester: { identity: 2001:db8:a::1 }, shared-key: "0x00ff",
            usim: { key: "0x465b5ce8b199b49faa5f0a2ee238a6bc", op: "0xcdc202d5123e20f62b6d676ac72cb318", sequence: 7 },
            proposals: [aes256-sha256-prfsha1-modp2048-ecp256, aes128gcm16-prfsha256-x25519], child: { proposals: aes128gcm16, protocol: any },
            nat-traversal: always } }
        """, role: .ue
      ).agreement)
    #expect(agreement.mobileNode.identity == .text(["ue@example.org"]) && agreement.homeAgent.identity == .text(["2001:db8:a::1"]))
    guard case .aka(let milenage, 7) = agreement.mobileNode.proof else { return #expect(Bool(false), "\(agreement.mobileNode.proof)") }
    // OPc of 3GPP TS 35.208 4.3.1.
    #expect(milenage.opc == [0xcd, 0x63, 0xcb, 0x71, 0x95, 0x4a, 0x9f, 0x4e, 0x48, 0xa5, 0x99, 0x4e, 0x37, 0xa0, 0x2b, 0xaf])
    #expect(secret(agreement.homeAgent.proof) == [0, 0xff])
    #expect(
      agreement.proposals == [
        IKEProposal([.aesCBC(keyBits: 256)], [.hmacSHA2_256_128], [.hmacSHA1], [.modp2048, .ecp256]),
        IKEProposal([.aesGCM16(keyBits: 128)], [], [.hmacSHA2_256], [.curve25519]),
      ])
    #expect(agreement.child?.proposals == [IKEProposal([.aesGCM16(keyBits: 128)])] && agreement.child?.protocolID == 0)
    if case .always = agreement.traversal {} else { Issue.record("\(agreement.traversal)") }
  }

  @Test func keysByHand() throws {
    let (a, b) = (String(repeating: "1a", count: 16), String(repeating: "2b", count: 20))
    let text = """
      { manual: { algorithms: aes128-sha1, to-home-agent: { spi: 0x100, encryption-key: "0x\(a)", integrity-key: "0x\(b)" },
          from-home-agent: { spi: 512, encryption-key: "0x\(a)", integrity-key: "0x\(b)" } } }
      """
    guard case .manual(let manual) = try security(text) else { return #expect(Bool(false)) }
    #expect(manual.toHomeAgent.firstSPI == 256 && manual.fromHomeAgent.firstSPI == 512)
    #expect(
      manual.toHomeAgent.keys
        == ESPKeys(.aesCBC(keyBits: 128), .init(repeating: 0x1a, count: 16), .hmacSHA1_96, .init(repeating: 0x2b, count: 20)))
  }

  @Test func withoutMobileIPv6() throws {
    let childless = try #require(try security("{ ikev2: { shared-key: s } }", more: "ics: { mobile-ipv6: no }").agreement)
    #expect(childless.child == nil)
    let tunnel = try #require(
      try security(
        "{ ikev2: { shared-key: s, child: { mode: tunnel, protocol: any, home-agent-side: \"2001:db8:98::/64\" } } }",
        more: "ics: { mobile-ipv6: no }"
      ).agreement?.child)
    #expect(!tunnel.usesTransportMode && !tunnel.isOfBinding)
    #expect(tunnel.homeAgentSide?.upperBound.description == "2001:db8:98:0:ffff:ffff:ffff:ffff")
  }

  @Test(arguments: [
    Mistake("nothing", "d.yaml:7:11", "expected either 'manual' or 'ikev2'", text("{}")),
    Mistake("neither", "d.yaml:7:11", "found 'ipsec'", text("ipsec")),
    Mistake(
      "no proof", "d.yaml:7:20", "expected 'shared-key', 'usim', or 'certificate' and 'private-key' in 'tester'",
      text("{ ikev2: { proposals: aes128-sha256-x25519, device: { authority: no.pem } } }"), count: 2),
    Mistake(
      "no file", "d.yaml:7:43", "expected a file that can be read, found none at 'no.pem'",
      text("{ ikev2: { device: { authority: no.pem }, shared-key: s } }")),
    Mistake(
      "no key", "d.yaml:7:45", "expected 'certificate' and 'private-key' together",
      text("{ ikev2: { tester: { certificate: no.pem }, shared-key: s } }"), count: 2),
    Mistake(
      "algorithm", "d.yaml:7:48", "'sha257' is none of aes128", text("{ ikev2: { shared-key: s, proposals: aes128-sha257-x25519 } }")),
    Mistake("no group", "d.yaml:7:48", "no Diffie-Hellman group is named", text("{ ikev2: { shared-key: s, proposals: aes128-sha256 } }")),
    Mistake(
      "no function", "d.yaml:7:48", "no pseudo-random function is named",
      text("{ ikev2: { shared-key: s, proposals: aes128gcm16-x25519 } }")),
    Mistake(
      "group of ESP", "d.yaml:7:57", "'x25519' is none of", text("{ ikev2: { shared-key: s, child: { proposals: aes128-sha1-x25519 } } }")),
    Mistake(
      "childless", "d.yaml:7:44", "seals the bindings' messages (RFC 4877 4.3), found 'none'",
      text("{ ikev2: { shared-key: s, child: none } }")),
    Mistake("tunnel mode", "d.yaml:7:52", "expected transport mode", text("{ ikev2: { shared-key: s, child: { mode: tunnel } } }")),
    Mistake("no identity", "d.yaml:7:42", "expected at least one identity", text("{ ikev2: { tester: { identity: [] }, shared-key: s } }")),
    Mistake(
      "USIM's key", "d.yaml:7:35", "expected 16 octets in hexadecimal", text("{ ikev2: { usim: { key: 0x00, opc: 0x00 }, shared-key: s } }")
    ),
    Mistake(
      "reserved SPI", "d.yaml:7:70", "the SPI of the first home address, from 256",
      text(
        "{ manual: { algorithms: aes128gcm16, to-home-agent: { spi: 1, encryption-key: 0x00 }, from-home-agent: { spi: 256, encryption-key: 0x00 } } }"
      ), count: 2),
    Mistake(
      "requests of a UE", "d.yaml:7:47", "asks for what it likes", text("{ ikev2: { shared-key: s, requests: [home-prefix] } }", role: .ue)),
    Mistake(
      "nothing to judge", "d.yaml:7:11", "its IKE SAs are all that it can be judged by", text("none", more: "ics: { mobile-ipv6: no }")),
  ]) func mistake(_ mistake: Mistake) throws {
    var found: [String] = []
    do { _ = try Device.load(file: "d.yaml", text: mistake.text) } catch { found = error.errors.map(\.description) }
    #expect(found.count == mistake.count, "\(found)")
    if mistake.count > 0 {
      #expect(found.contains { $0.hasPrefix(mistake.place + ": ") && $0.contains(mistake.message) }, "\(found)")
    }
  }

  /// What `init` writes is refused with a place for each placeholder, and is read once they are filled.
  @Test(arguments: Role.allCases) func theTemplate(_ role: Role) throws {
    let template = Device.template(role)
    var places = 0
    do { _ = try Device.load(file: "DEVICE.yaml", text: template) } catch {
      places = error.errors.count
      #expect(error.errors.allSatisfy { $0.description.contains("to be filled in") })
    }
    #expect(places == (role == .ha ? 7 : 7))
    let values = [
      "<interface towards": "eth1", "<IPv6 address of the Home Agent": "2001:db8:a::1", "<first care-of": "2001:db8:b::1000",
      "<first home": "2001:db8:a::1000", "<home address of": "2001:db8:a::1000", "<address of the UE": "2001:db8:b::2",
      "<who the device takes": "tester.example.org", "<who the device says": "device.example.org", "<the secret": "a secret",
    ]
    var filled = template
    for (start, value) in values {
      while let low = filled.range(of: "\"" + start), let high = filled.range(of: ">\"", range: low.upperBound..<filled.endIndex) {
        filled.replaceSubrange(low.lowerBound..<high.upperBound, with: "\"" + value + "\"")
      }
    }
    let device = try Device.load(file: "DEVICE.yaml", text: filled, profiles: ["ts24303-0.4.1", "rfc5846"])
    #expect(device.role == role && device.profile == "rfc5846" && device.security.agreement?.child != nil)
    #expect(device.hooks.keys.sorted { $0.rawValue < $1.rawValue } == (role == .ha ? [.revoke] : [.detach, .register]))
    // The same with what is commented out beside it.
    #expect(template.contains("# mobile-ipv6: no") && template.contains("tunnelling: native"))
  }
}
