import Link
import Testing
import Wire

@testable import Security

@Suite("IKEv2 endpoints")
struct IKEEndpointTests {
  static let ciphers: [EncryptionAlgorithm] = [
    .aesCBC(keyBits: 128), .aesCBC(keyBits: 256), .aesGCM16(keyBits: 128), .aesGCM16(keyBits: 256), .tripleDES,
  ]
  static let suites: [IKEProposal] = ciphers.flatMap { cipher in
    [IntegrityAlgorithm.hmacSHA1_96, .hmacSHA2_256_128, .aesXCBC96].flatMap { integrity in
      [PseudorandomFunction.hmacSHA1, .hmacSHA2_256, .aesXCBC].map {
        IKEProposal([cipher], cipher.isAEAD ? [] : [integrity], [$0], [.curve25519])
      }
    }
  }

  @Test("every suite gives both sides the same keys", arguments: suites)
  func suite(_ suite: IKEProposal) throws {
    let bench = IKEBench(IKEBench.ue([suite]), IKEBench.ha([suite]))
    let handle = bench.attach()
    let own = try #require(bench.ueEstablished.first)
    let peers = try #require(bench.haEstablished.first)
    #expect(own.keys == peers.keys && own.spis == peers.spis && own.algorithms == peers.algorithms)
    #expect(own.algorithms.encryption == suite.encryption.first && own.algorithms.prf == suite.prf.first)
    #expect(own.spis.initiator == handle && own.peerIdentity == .domainName("ha.lab") && peers.peerIdentity == .domainName("ue.lab"))
    bench.asUE { $0.delete(handle, at: $1, &$2) }
    bench.run(for: .seconds(5))
    #expect(bench.ueEvents.closures == [.deleted] && bench.haEvents.closures == [.deletedByPeer])
    #expect(bench.sent.count == 6 && bench.ueEvents.discards.isEmpty && bench.haEvents.discards.isEmpty)
  }

  @Test("every group", arguments: [DiffieHellmanGroup.modp1024, .modp2048, .ecp256, .curve25519])
  func group(_ group: DiffieHellmanGroup) throws {
    let suite = IKEProposal([.aesCBC(keyBits: 128)], [.hmacSHA1_96], [.hmacSHA1], [group])
    let bench = IKEBench(IKEBench.ue([suite]), IKEBench.ha([suite]))
    _ = bench.attach()
    #expect(bench.ueEstablished.first?.group == group)
    #expect(bench.ueEstablished.first?.keys == bench.haEstablished.first?.keys)
  }
}
