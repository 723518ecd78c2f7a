import Link
import Testing
import Wire

@testable import Nodes

/// Home Agent and UE on one link, with nobody between them.
struct LinkedNodesTests {
  final class Lab {
    let network = SimulatedNetwork(portCount: 2, allowing: nil)
    let agent: Int
    let user: Int
    /// What went over the access link: the messages' kinds, in order.
    var seen: [LayerKind] = []
    let dialect: Dialect

    init(_ dialect: Dialect, _ change: (inout NodeConfiguration) -> Void = { _ in }) {
      self.dialect = dialect
      var agentSettings = configuration(dialect, role: .homeAgent)
      var userSettings = configuration(dialect, role: .userEquipment)
      userSettings.hardware = [MACAddress(0x0200_0000_0003)]
      change(&agentSettings)
      change(&userSettings)
      agent = network.attach(ReferenceHomeAgent(agentSettings), to: [0, 1])
      user = network.attach(ReferenceUserEquipment(userSettings), to: [0])
    }

    @discardableResult
    func command(_ line: String, to station: Int) -> String { network.command(line, toStation: station) }

    func pass(_ seconds: Double) {
      let end = network.now + .seconds(seconds)
      var dissection = Dissection()
      while network.now < end {
        network.wait(until: end) { frame, info in
          Decoder(dialect: dialect).decode(frame, into: &dissection)
          guard info.port == 0, let kind = dissection.messageKind else { return }
          let isFromAgent = dissection.value(.ipv6Source, in: frame) == homeAgent.value
          seen.append(kind == .revocation ? (isFromAgent ? .bri : .bra) : kind)
        }
      }
    }
  }

  @Test(arguments: Dialect.allCases)
  func wholeLife(dialect: Dialect) {
    let lab = Lab(dialect)
    #expect(lab.command("register \(home) 2", to: lab.user) == "ok")
    lab.pass(20)
    #expect(lab.seen == [.bu, .ba, .bu, .ba, .bu, .ba, .bu, .ba])
    lab.seen = []
    lab.command("revoke \(home)", to: lab.agent)
    lab.pass(20)
    #expect(lab.seen == [.bri, .bra])
    #expect(lab.command("state \(home)", to: lab.agent) == "ok unbound")
    #expect(lab.command("state \(home)", to: lab.user) == "ok unbound")
    lab.seen = []
    lab.command("register \(home)", to: lab.user)
    lab.pass(1)
    lab.command("detach \(home)", to: lab.user)
    lab.pass(60)
    #expect(lab.seen == [.bu, .ba, .bu, .ba])
    #expect(lab.command("state \(home)", to: lab.agent) == "ok unbound")
  }

  /// BRI and BU(0) cross on the wire: either side has its answer, and nothing is left.
  @Test(arguments: Dialect.allCases)
  func crossing(dialect: Dialect) {
    let lab = Lab(dialect)
    var slow = Impairment()
    slow.delay = .milliseconds(20)
    lab.network.impair(port: 0, .toStations, slow)
    lab.command("register \(home)", to: lab.user)
    lab.pass(2)
    lab.seen = []
    lab.command("revoke \(home)", to: lab.agent)
    lab.command("detach \(home)", to: lab.user)
    lab.pass(60)
    // The BRA reaches the Home Agent after the BU(0), which took the binding away: draft-01 has Binding Error 1 for it (RFC 3775 9.3.1).
    #expect(lab.seen == [.bri, .bu, .bra, .ba] + (dialect == .draft01 ? [.be] : []))
    #expect(lab.command("state \(home)", to: lab.agent) == "ok unbound")
    #expect(lab.command("state \(home)", to: lab.user) == "ok unbound")
  }
}
