import Link
import Wire

@testable import Security

/// Two endpoints and the wire between them, in virtual time.
final class IKEBench {
  static let ueAddress = UDPAddress(.ipv6(IPv6Address("2001:db8:b::2") ?? .unspecified), port: 500)
  static let haAddress = UDPAddress(.ipv6(IPv6Address("2001:db8:a::1") ?? .unspecified), port: 500)
  static let home = HostAddress.ipv6(IPv6Address("2001:db8:a::77") ?? .unspecified)
  static let suite = IKEProposal([.aesCBC(keyBits: 128)], [.hmacSHA2_256_128], [.hmacSHA2_256], [.curve25519])
  static let child = IKEProposal([.aesCBC(keyBits: 128)], [.hmacSHA1_96])

  static func ue(_ proposals: [IKEProposal] = [suite]) -> IKEConfiguration {
    IKEConfiguration(
      .domainName("ue.lab"), .sharedKey(Array("lab".utf8)), peer: .domainName("ha.lab"), .sharedKey(Array("lab".utf8)), proposals)
  }
  static func ha(_ proposals: [IKEProposal] = [suite]) -> IKEConfiguration {
    IKEConfiguration(
      .domainName("ha.lab"), .sharedKey(Array("lab".utf8)), peer: .domainName("ue.lab"), .sharedKey(Array("lab".utf8)), proposals)
  }
  /// Mobility Headers between home address and Home Agent, as each side has it.
  static let ueChild = IKEChildConfiguration([child], local: [.mobility(home)], remote: [.mobility(haAddress.host)])
  static let haChild = IKEChildConfiguration([child], local: [.mobility(haAddress.host)], remote: [.mobility(home)])

  struct Flight {
    var at: Instant
    var datagram: IKEDatagram
  }

  var ue: IKEEndpoint
  var ha: IKEEndpoint
  var now = Instant(nanoseconds: 0)
  var flights: [Flight] = []
  var ueEvents: [IKEEvent] = []
  var haEvents: [IKEEvent] = []
  /// Everything that was sent, also what was lost.
  var sent: [IKEDatagram] = []
  var random = SeededGenerator(seed: 1)
  var loss = 0.0
  var duplication = 0.0
  /// The longest that a datagram takes.
  var jitter = Interval.milliseconds(1)
  /// Drops what it says true to.
  var drops: (IKEDatagram) -> Bool = { _ in false }
  /// Changes what passes.
  var changes: (inout IKEDatagram) -> Void = { _ in }

  init(_ ue: IKEConfiguration = ue(), _ ha: IKEConfiguration = ha(), seed: UInt64 = 1) {
    self.ue = IKEEndpoint(ue, generator: SeededGenerator(seed: seed &* 2))
    self.ha = IKEEndpoint(ha, generator: SeededGenerator(seed: seed &* 2 &+ 1))
    random = SeededGenerator(seed: seed)
  }

  func send(_ datagrams: [IKEDatagram]) {
    for datagram in datagrams {
      sent.append(datagram)
      guard !drops(datagram) else { continue }
      for _ in 0..<(random.chance(duplication) ? 2 : 1) where !random.chance(loss) {
        var datagram = datagram
        changes(&datagram)
        flights.append(Flight(at: now + Interval(nanoseconds: 1 + random.below(jitter.nanoseconds)), datagram: datagram))
      }
    }
  }

  func asUE(_ body: (inout IKEEndpoint, Instant, inout IKEOutput) -> Void) {
    var output = IKEOutput()
    body(&ue, now, &output)
    ueEvents += output.events
    send(output.datagrams)
  }
  func asHA(_ body: (inout IKEEndpoint, Instant, inout IKEOutput) -> Void) {
    var output = IKEOutput()
    body(&ha, now, &output)
    haEvents += output.events
    send(output.datagrams)
  }

  /// Lets datagrams arrive and timers run until nothing is under way, or the time is over.
  func run(for limit: Interval = .seconds(200)) {
    let end = now + limit
    while true {
      let next = flights.indices.min { flights[$0].at < flights[$1].at }
      let arrival = next.map { flights[$0].at } ?? .distantFuture
      let timer = min(ue.nextDeadline, ha.nextDeadline)
      let time = min(arrival, timer)
      guard time <= end else { break }
      now = max(now, time)
      if let next, arrival <= timer {
        let datagram = flights.remove(at: next).datagram
        if datagram.destination.host == Self.ueAddress.host {
          asUE { $0.receive(datagram, at: $1, &$2) }
        } else {
          asHA { $0.receive(datagram, at: $1, &$2) }
        }
      } else {
        if ue.nextDeadline <= now { asUE { $0.wake(at: $1, &$2) } }
        if ha.nextDeadline <= now { asHA { $0.wake(at: $1, &$2) } }
      }
    }
    now = max(now, min(end, now))
  }

  /// Begins an IKE SA and lets it come into being.
  func attach(_ configuration: IKEConfiguration? = nil) -> UInt64 {
    var handle: UInt64 = 0
    asUE { handle = $0.initiate(from: Self.ueAddress, to: Self.haAddress, configuration, at: $1, &$2) }
    run(for: .seconds(20))
    return handle
  }

  var ueEstablished: [IKEEstablished] { ueEvents.compactMap { if case .established(_, let one) = $0 { one } else { nil } } }
  var haEstablished: [IKEEstablished] { haEvents.compactMap { if case .established(_, let one) = $0 { one } else { nil } } }
  /// The responder's handle of its last SA.
  var haHandle: UInt64 {
    haEvents.reversed().lazy.compactMap { if case .established(let handle, _) = $0 { handle } else { nil } }.first ?? 0
  }
}

extension [IKEEvent] {
  var closures: [IKEClosure] { compactMap { if case .closed(_, let reason) = $0 { reason } else { nil } } }
  var discards: [IKEDiscard] { compactMap { if case .discarded(let reason) = $0 { reason } else { nil } } }
  var children: [IKEChildSA] { compactMap { if case .childEstablished(_, let child) = $0 { child } else { nil } } }
  var deletions: [[UInt32]] { compactMap { if case .deleteReceived(_, _, let spis) = $0 { spis } else { nil } } }
  var notified: [UInt16] { compactMap { if case .notified(_, let type, _) = $0 { type } else { nil } } }
}
