package import Judging
import Link
import Nodes
import Security
package import Wire

/// The longest chain of cases that leases force into sequence: a run takes about as long, if the device answers at once.
///
/// It is found by running the cases in virtual time against the reference node with as many home addresses and the same timers; what a person has
/// to do for a hook takes no time there.
package struct CriticalPath: Sendable {
  package struct Link: Sendable, Equatable {
    package var testCase: String
    /// From the begin of the case to that of the next in the chain, or to the end of the run.
    package var duration: Interval
  }

  package var links: [Link]
  package var duration: Interval { links.reduce(.zero) { $0 + $1.duration } }

  /// - Parameter setup: the device's; its addresses are replaced by those of the lab.
  package init(_ setup: Setup, cases: [Case], suite: Suite, jobs: Int) throws(TestRun.Failure) {
    var node = ReferenceNode(role: setup.role, profile: setup.profile, homeAddresses: setup.homes.count)
    node.tunnelling = setup.tunnelling
    if setup.security.agreement != nil { node.security = .lab }
    let (network, hooks) = node.simulation()
    guard var own = Setup(node.device, profile: setup.profile, suite: suite) else { throw .unreachable(setup.homeAgent) }
    own.timers = setup.timers
    own.ics = setup.ics
    if setup.homePort == nil { (own.homePort, own.correspondent) = (nil, nil) }
    var run = TestRun(setup: own, suite: suite, cases: cases)
    run.jobs = jobs
    let began = network.now
    let results = try run.run(over: network, hooks: hooks, writer: nil).verdicts.cases.filter { $0.end > $0.begin }
    let exclusive = Dictionary(cases.map { ($0.id, Set($0.needs.exclusive)) }, uniquingKeysWith: { a, _ in a })
    links = Self.chain(results, endingAt: network.now, exclusive: exclusive, began: began)
  }

  /// From the case that ended last back: each time to the one of those that ended before it began which had a lease of it last.
  static func chain(_ results: [CaseResult], endingAt end: Instant, exclusive: [String: Set<String>], began: Instant) -> [Link] {
    guard var current = results.max(by: { $0.end < $1.end }) else { return [] }
    var links: [Link] = []
    var until = end.nanoseconds
    while true {
      links.append(Link(testCase: current.testCase, duration: Interval(nanoseconds: until - current.begin)))
      until = current.begin
      let before = results.filter { $0.end <= current.begin && $0.testCase != current.testCase }
      let sharing = before.filter { other in
        !Set(other.homes).isDisjoint(with: current.homes)
          || !(exclusive[other.testCase] ?? []).isDisjoint(with: exclusive[current.testCase] ?? [])
      }
      guard current.begin > began.nanoseconds, let last = (sharing.isEmpty ? before : sharing).max(by: { $0.end < $1.end }) else { break }
      current = last
    }
    return links.reversed()
  }
}
