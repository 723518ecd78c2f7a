import Conformance
import Judging
import Link
import Nodes
import Security
import Testing
import Wire

/// The suite over an IPv4 access (RFC 5555): the reference nodes break nothing, and what is broken is seen.
@Suite struct TunnelTests {
  /// A pair, and how packets go.
  struct Access: Sendable, CustomTestStringConvertible {
    var pair: Pair
    var tunnelling: Tunnelling

    static let all = Pair.all.flatMap { pair in [Tunnelling.udp, .ipv4].map { Access(pair: pair, tunnelling: $0) } }
    var testDescription: String { "\(pair.testDescription) \(tunnelling)" }
  }

  /// - Parameter cases: nil: those of valid behaviour.
  private func bench(_ access: Access, _ cases: [String]? = nil, defects: [String] = []) throws -> Bench {
    var bench = try Bench(access.pair, cases ?? [], defects: defects)
    if cases == nil { bench.cases.removeAll { !$0.id.contains("_BV_") } }
    bench.node.tunnelling = access.tunnelling
    return bench
  }

  @Test(arguments: Access.all) func nothingIsBroken(_ access: Access) throws {
    let outcome = try bench(access, []).run()
    #expect(outcome.verdicts.blamed == [])
    #expect(outcome.verdicts.unclean == [])
    #expect(outcome.testerErrors == [])
    #expect(outcome.verdicts.cases.count { $0.verdict == .pass } > 30)
    // Every message is judged, in its tunnel.
    #expect(outcome.judge.monitor.tunnelledHeaders == 0)
    let skipped = outcome.verdicts.cases.filter { $0.reason?.contains("tunnel") == true }
    #expect(!skipped.isEmpty && skipped.allSatisfy { $0.verdict == .notApplicable })
  }

  @Test(arguments: Access.all) func ipsecGoesInTheTunnel(_ access: Access) throws {
    let id = access.pair.role == .ha ? "TP_HA_NID_BV_01" : "TP_UE_NID_BV_01"
    var bench = try bench(access, [id])
    bench.node.security = .lab
    let outcome = try bench.run()
    #expect(outcome.verdicts[id]?.verdict == .pass)
    #expect(outcome.testerErrors == [])
  }

  /// A NAT in front of the UE, whichever side that is: all goes in UDP then, whoever asked for it.
  @Test(arguments: Access.all, [BindingSecurity.none, .lab]) func behindANAT(_ access: Access, _ security: BindingSecurity) throws {
    var bench = try bench(access)
    bench.node.security = security
    bench.node.isBehindNAT = true
    let outcome = try bench.run()
    #expect(outcome.verdicts.blamed == [])
    #expect(outcome.verdicts.unclean == [])
    #expect(outcome.testerErrors == [])
  }

  /// RFC 5846 4: BRI and BRA in the encapsulation of the last BU; draft-01 has no such sentence.
  @Test(arguments: Access.all.filter { $0.pair.profile == "rfc5846" }) func theEncapsulationIsJudged(_ access: Access) throws {
    let defects = Defect.all.filter { $0.role == access.pair.nodeRole && $0.needsTunnel }
    #expect(defects.count == 2)
    for defect in defects {
      for modifier in [nil] + defect.modifiers.map(Optional.some) {
        let use = DefectUse(defect, modifier)
        let bench = try bench(access, defects: [use.description])
        let expected = bench.suite.expectations.of(defect.name, modifier: modifier?.rawValue, with: nil, role: access.pair.role)
        let outcome = try bench.run()
        #expect(outcome.verdicts.blamed == expected?.blames(in: access.pair.profile).sorted(), "\(use)")
        #expect(outcome.testerErrors == [], "\(use)")
      }
    }
  }

  @Test(arguments: [
    (Role.ha, "ba-not-sent", "24303-5.4.3.2-02"), (.ha, "bri-not-sent", "24303-5.4.3.1-01"),
    (.ha, "binding-kept-after-bra", "BR01-7.2-01"), (.ue, "bra-not-sent", "24303-5.4.2.1-02"),
    (.ue, "bu-not-sent", "24303-5.4.2.2-01"),
  ])
  func defectsAreSeen(_ role: Role, _ defect: String, _ requirement: String) throws {
    for access in Access.all where access.pair.role == role {
      let outcome = try bench(access, defects: [defect]).run()
      #expect(outcome.verdicts.blamed.contains { $0.hasPrefix(requirement) }, "\(access.testDescription)")
      #expect(outcome.testerErrors == [])
    }
  }

  /// The capture gives the same verdicts as the run.
  @Test(arguments: Access.all) func theEvidenceSuffices(_ access: Access) throws {
    try withDirectory { directory in
      let bench = try bench(access)
      let outcome = try bench.run(in: directory)
      let audit = try Audit(bench.suite, profile: nil, device: nil).check("\(directory)/run.pcapng")
      #expect(audit.verdicts.first?.cases.map(\.verdict) == outcome.verdicts.cases.map(\.verdict))
    }
  }
}
