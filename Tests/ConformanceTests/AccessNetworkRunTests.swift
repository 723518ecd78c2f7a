import Conformance
import Judging
import Link
import Nodes
import Parties
import Testing
import Wire

/// The tester as the UE's access network besides its Home Agent.
@Suite struct AccessNetworkRunTests {
  /// The flags and lifetimes of the Router Advertisements in a run's evidence, and how often somebody solicited.
  private static func routing(_ items: [Evidence.Item]) -> (lifetimes: [UInt128], solicitations: Int) {
    var lifetimes: [UInt128] = []
    var solicitations = 0
    for item in items {
      guard case .frame(let bytes, let info) = item else { continue }
      var dissection = Dissection()
      Decoder(dialect: .rfc5846).decode(bytes.span, into: &dissection)
      if dissection.layer(.routerSolicitation) != nil { solicitations += 1 }
      if info.isOutgoing, let lifetime = dissection.value(.advertisedRouterLifetime, in: bytes.span) { lifetimes.append(lifetime) }
    }
    return (lifetimes, solicitations)
  }

  @Test func advertisesAndJudgesAtOnce() throws {
    var bench = try Bench(Pair(role: .ue, profile: "rfc5846"), ["TP_UE_NID_BV_01", "TP_UE_NID_BI_06", "TP_UE_NID_BI_01"], homeAddresses: 4)
    bench.node.variations = [.routerSolicitations]
    bench.keepsItems = true
    let without = try bench.run()
    #expect(Self.routing(without.items).lifetimes.isEmpty && Self.routing(without.items).solicitations > 0)

    bench.change = { $0.network = .init(prefix: IPv6Prefix(address("2001:db8:b::"), length: 64)) }
    let outcome = try bench.run()
    let (lifetimes, solicitations) = Self.routing(outcome.items)
    #expect(solicitations > 1 && lifetimes.count > 2 && lifetimes.allSatisfy { $0 == 1800 }, "\(lifetimes), \(solicitations) asked")
    #expect(outcome.verdicts.unclean.isEmpty && outcome.verdicts.blamed.isEmpty && outcome.testerErrors.isEmpty && outcome.refused == 0)
  }

  @Test func aHomeAgentUnderTestIsToldNothing() throws {
    var bench = try Bench(Pair(role: .ha, profile: "rfc5846"), ["TP_HA_NID_BV_01"], homeAddresses: 4)
    bench.keepsItems = true
    #expect(try Self.routing(bench.run().items).lifetimes.isEmpty)
  }
}
