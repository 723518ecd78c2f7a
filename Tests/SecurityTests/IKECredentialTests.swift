import Link
import Testing
import Wire

@testable import Security

@Suite("IKE_AUTH with certificates and EAP")
struct IKECredentialTests {
  /// Within the time for which the certificates are valid.
  static let now = Instant(nanoseconds: 1_800_000_000_000_000_000)

  static func certified() throws -> (ue: IKEConfiguration, ha: IKEConfiguration) {
    let authority = try Certificate.all(pem: Credentials.authority)
    var ue = IKEBench.ue()
    ue.identity = .domainName("ue.example.net")
    ue.peerIdentity = .domainName("ha.example.net")
    ue.trust = .certificate(authorities: authority)
    ue.credential = .certificate(try Certificate.all(pem: Credentials.userEquipment), try PrivateKey(pem: Credentials.userEquipmentKey))
    var ha = IKEBench.ha()
    ha.identity = .domainName("ha.example.net")
    ha.peerIdentity = nil
    ha.trust = .certificate(authorities: authority)
    ha.credential = .certificate(try Certificate.all(pem: Credentials.homeAgent), try PrivateKey(pem: Credentials.homeAgentKey))
    return (ue, ha)
  }

  private static func bench(_ ue: IKEConfiguration, _ ha: IKEConfiguration) -> IKEBench {
    let bench = IKEBench(ue, ha)
    bench.now = now
    return bench
  }

  @Test("RSA on one side, ECDSA on the other; method 14 where the other has said its hashes")
  func certificates() throws {
    let (ue, ha) = try Self.certified()
    let bench = Self.bench(ue, ha)
    _ = bench.attach()
    #expect(bench.ueEstablished.first?.peerIdentity == ha.identity, "\(bench.ueEvents)")
    #expect(bench.haEstablished.first?.peerIdentity == ue.identity)
    var methods: [UInt128?] = []
    for event in bench.haEvents {
      if case .requested(_, _, let payloads) = event { methods.append(payloads.first { $0.kind == .auth }?.value(.authMethod)) }
    }
    #expect(methods == [14])
  }

  @Test("the older methods, where nobody says hashes")
  func older() throws {
    var (ue, ha) = try Self.certified()
    let silent: @Sendable (inout IKEOutgoing) -> Void = { outgoing in
      guard outgoing.exchange == Exchange.initial else { return }
      outgoing.payloads.removeAll { $0.value(.notifyType) == UInt128(NotifyType.signatureHashAlgorithms) }
    }
    ue.alter = silent
    ha.alter = silent
    let bench = Self.bench(ue, ha)
    _ = bench.attach()
    #expect(bench.ueEstablished.count == 1 && bench.haEstablished.count == 1, "\(bench.ueEvents)")
    var methods: [UInt128?] = []
    for events in [bench.haEvents, bench.ueEvents] {
      for event in events {
        switch event {
        case .requested(_, Exchange.authentication, let payloads), .answered(_, Exchange.authentication, _, let payloads):
          methods.append(payloads.first { $0.kind == .auth }?.value(.authMethod))
        default: break
        }
      }
    }
    #expect(methods == [9, 1])
  }

  @Test("another authority, another name, another time and another's key are refused")
  func refusals() throws {
    let (ue, ha) = try Self.certified()
    var wrong = ue
    wrong.trust = .certificate(authorities: try Certificate.all(pem: Credentials.otherAuthority))
    var bench = Self.bench(wrong, ha)
    _ = bench.attach()
    #expect(bench.ueEvents.closures == [.authenticationFailed] && bench.ueEstablished.isEmpty)
    wrong = ue
    wrong.peerIdentity = nil
    var named = ha
    named.identity = .domainName("somebody.example.net")
    bench = Self.bench(wrong, named)
    _ = bench.attach()
    #expect(bench.ueEvents.closures == [.authenticationFailed])
    bench = IKEBench(ue, ha)
    _ = bench.attach()
    #expect(bench.haEvents.closures == [.authenticationFailed])
    wrong = ue
    wrong.credential = .certificate(try Certificate.all(pem: Credentials.homeAgent), try PrivateKey(pem: Credentials.userEquipmentKey))
    wrong.identity = .domainName("ha.example.net")
    bench = Self.bench(wrong, ha)
    _ = bench.attach()
    #expect(bench.haEvents.closures == [.authenticationFailed] && bench.haEstablished.isEmpty)
  }

  static let subscriber = "0001010123456789@nai.epc.mnc001.mcc001.3gppnetwork.org"

  static func aka(_ sequence: UInt64 = 0) throws -> (ue: IKEConfiguration, ha: IKEConfiguration) {
    let milenage = try Milenage(key: counting(16), opc: counting(16, from: 0x80))
    var (ue, ha) = try certified()
    ue.identity = .mailAddress(subscriber)
    ue.credential = .eap(AKAPeer(identity: subscriber, USIM(milenage, sequence: sequence)))
    ha.trust = .eap { $0 == .mailAddress(subscriber) ? AKAServer(milenage, identity: subscriber, sequence: 5) : nil }
    return (ue, ha)
  }

  /// As 3GPP TS 33.402 has it: the UE by EAP-AKA, the Home Agent by certificate.
  @Test("EAP-AKA for the UE, a certificate for the Home Agent, a Child SA and addresses behind it", arguments: [0, 100])
  func eap(_ sequence: UInt64) throws {
    var (ue, ha) = try Self.aka(sequence)
    ue.child = IKEBench.ueChild
    ha.child = IKEBench.haChild
    ue.attributes = [.address(IPv6Address?.none)]
    ha.attributes = [.address(IPv6Address(77))]
    let bench = Self.bench(ue, ha)
    _ = bench.attach()
    let own = try #require(bench.ueEstablished.first, "\(bench.ueEvents) \(bench.haEvents)")
    let peers = try #require(bench.haEstablished.first)
    #expect(own.keys == peers.keys && own.attributes == ha.attributes && peers.peerIdentity == ue.identity)
    #expect(bench.ueEvents.children.first?.inbound == bench.haEvents.children.first?.outbound)
    // A sequence number that is behind takes one round more.
    #expect(bench.sent.count == (sequence == 0 ? 8 : 10))
  }

  @Test("a wrong key, an unknown subscriber and a wrong last proof are refused")
  func eapRefusals() throws {
    var (ue, ha) = try Self.aka()
    ue.credential = .eap(AKAPeer(identity: Self.subscriber, USIM(try Milenage(key: counting(16), opc: counting(16)))))
    var bench = Self.bench(ue, ha)
    _ = bench.attach()
    #expect(bench.haEvents.closures == [.authenticationFailed] && bench.ueEvents.closures == [.authenticationFailed])
    (ue, ha) = try Self.aka()
    ue.identity = .mailAddress("0999@nai")
    bench = Self.bench(ue, ha)
    _ = bench.attach()
    #expect(bench.ueEvents.closures == [.refused(notify: NotifyType.authenticationFailed)])
    (ue, ha) = try Self.aka()
    ue.alter = { outgoing in
      guard outgoing.exchange == Exchange.authentication, let place = outgoing.payloads.firstIndex(where: { $0.kind == .auth }) else {
        return
      }
      outgoing.payloads[place].data[3] ^= 1
    }
    bench = Self.bench(ue, ha)
    _ = bench.attach()
    #expect(bench.haEvents.closures == [.authenticationFailed] && bench.haEstablished.isEmpty && bench.ueEstablished.isEmpty)
  }

  @Test("a UE that proves itself otherwise than it is asked to is refused")
  func downgrade() throws {
    let (_, ha) = try Self.aka()
    var (ue, _) = try Self.certified()
    ue.identity = .mailAddress(Self.subscriber)
    let bench = Self.bench(ue, ha)
    _ = bench.attach()
    #expect(bench.haEvents.closures == [.authenticationFailed])
  }

  @Test("what is reserved in an ID payload is signed as it came")
  func reserved() {
    var ue = IKEBench.ue()
    ue.alter = { outgoing in
      guard let place = outgoing.payloads.firstIndex(where: { $0.kind == .idi }) else { return }
      outgoing.payloads[place].values.append((path: .idiReserved, value: 0x010203))
    }
    // The UE signs zeros: the Home Agent must not.
    let bench = IKEBench(ue)
    _ = bench.attach()
    #expect(bench.haEvents.closures == [.authenticationFailed])
  }
}
