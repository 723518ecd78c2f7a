import Testing
import Wire

@testable import Link

/// Sends every frame back, counts, and can be told to send later or to wake itself.
struct EchoStation: Station {
  var received: [UInt8] = []
  var nextDeadline = Instant.distantFuture
  var wakes: [Int64] = []
  var delay = Interval.zero
  var stubborn = false

  mutating func receive(_ frame: Span<UInt8>, on port: Int, at now: Instant, _ outbox: inout Outbox) {
    guard frame.count > 54 else { return }
    received.append(frame[54])
    outbox.send((0..<frame.count).map { frame[$0] }, on: port, after: delay)
  }

  mutating func wake(at now: Instant, _ outbox: inout Outbox) {
    wakes.append(now.nanoseconds)
    if !stubborn { nextDeadline = .distantFuture }
  }

  mutating func command(_ line: String, at now: Instant, _ outbox: inout Outbox) -> String {
    if line == "wake" { nextDeadline = now + .milliseconds(5) }
    return "ok \(line)"
  }
}

@Suite("Simulated network")
struct SimulatedNetworkTests {
  static let device = AddressGuardTests.device

  static func frame(_ tag: UInt8) -> [UInt8] { AddressGuardTests.frame(to: device) + [tag] }

  struct Seen: Equatable {
    var tag: UInt8
    var time: Int64
    var isOutgoing: Bool
    var port: Int
  }

  /// Runs the network until `end`.
  static func run(_ network: SimulatedNetwork, until end: Instant) -> [Seen] {
    var seen: [Seen] = []
    while network.now < end {
      network.wait(until: end) { frame, info in
        seen.append(Seen(tag: frame[54], time: info.time.nanoseconds, isOutgoing: info.isOutgoing, port: info.port))
      }
    }
    return seen
  }

  @Test func aFrameTakesTheDelayThereAndBack() {
    let network = SimulatedNetwork(portCount: 2, allowing: AddressGuard([Self.device]))
    network.attach(EchoStation(), to: [1])
    network.send(Self.frame(7), on: 1)
    network.send(Self.frame(8), on: 0)
    let seen = Self.run(network, until: Instant(nanoseconds: 1_000_000))
    let expected = [
      Seen(tag: 7, time: 0, isOutgoing: true, port: 1), Seen(tag: 8, time: 0, isOutgoing: true, port: 0),
      Seen(tag: 7, time: 200_000, isOutgoing: false, port: 1),
    ]
    #expect(seen == expected)
    #expect(network.now.nanoseconds == 1_000_000 && network.readUpTo == network.now)
  }

  @Test func aWaitEndsAtTheFirstFrame() {
    let network = SimulatedNetwork(portCount: 1, allowing: nil)
    network.attach(EchoStation(), to: [0])
    network.send(Self.frame(1), on: 0)
    network.wait(until: Instant(nanoseconds: 1_000_000_000)) { _, _ in }
    #expect(network.now.nanoseconds == 0)
    network.wait(until: Instant(nanoseconds: 1_000_000_000)) { _, _ in }
    #expect(network.now.nanoseconds == 200_000)
    network.wait(until: Instant(nanoseconds: 1_000_000_000)) { _, _ in }
    #expect(network.now.nanoseconds == 1_000_000_000)
  }

  @Test func nothingLeavesToAnAddressThatIsNotNamed() {
    let network = SimulatedNetwork(portCount: 1, allowing: AddressGuard())
    network.send(Self.frame(1), on: 0)
    network.send(Self.frame(1), on: 5)
    #expect(network.refused == 2)
    #expect(Self.run(network, until: Instant(nanoseconds: 1_000)).isEmpty)
  }

  @Test func theSameSeedGivesTheSameFramesAtTheSameTimes() {
    func run(_ seed: UInt64) -> [Seen] {
      let network = SimulatedNetwork(portCount: 1, allowing: nil, seed: seed)
      network.attach(EchoStation(), to: [0])
      var impairment = Impairment()
      (impairment.loss, impairment.duplication, impairment.reordering, impairment.jitter) = (0.1, 0.1, 0.2, .microseconds(50))
      network.impair(port: 0, .toStations, impairment)
      network.impair(port: 0, .toTester, impairment)
      var seen: [Seen] = []
      for tag in 0..<200 {
        network.send(Self.frame(UInt8(tag)), on: 0)
        seen += Self.run(network, until: network.now + .microseconds(30))
      }
      return seen + Self.run(network, until: network.now + .seconds(1))
    }
    let first = run(1)
    #expect(first == run(1))
    #expect(first != run(2))
    #expect(first.map(\.time) == first.map(\.time).sorted())
  }

  @Test func lossDuplicationAndReorderingDoWhatTheySay() {
    func arrived(_ change: (inout Impairment) -> Void) -> [UInt8] {
      let network = SimulatedNetwork(portCount: 1, allowing: nil, seed: 3)
      let station = network.attach(EchoStation(), to: [0])
      var impairment = Impairment()
      change(&impairment)
      network.impair(port: 0, .toStations, impairment)
      for tag in 0..<200 { network.send(Self.frame(UInt8(tag)), on: 0) }
      _ = Self.run(network, until: Instant(nanoseconds: 1_000_000_000))
      return (network.station(station) as? EchoStation)?.received ?? []
    }
    let all = (0..<200).map { UInt8($0) }
    #expect(arrived { _ in } == all)
    #expect(arrived { $0.jitter = .milliseconds(1) } == all)
    #expect(arrived { $0.loss = 1 }.isEmpty)
    let lossy = arrived { $0.loss = 0.5 }
    #expect((60...140).contains(lossy.count) && lossy == lossy.sorted())
    #expect(arrived { $0.duplication = 1 }.count == 400)
    let reordered = arrived { $0.reordering = 0.1 }
    #expect(reordered != all && reordered.sorted() == all)
  }

  @Test func stationsAreWokenAndDelayedFramesLeaveLater() {
    let network = SimulatedNetwork(portCount: 1, allowing: nil)
    let station = network.attach(EchoStation(delay: .milliseconds(2)), to: [0])
    #expect(network.command("wake", toStation: station) == "ok wake")
    #expect(network.command("wake", toStation: 9).hasPrefix("error"))
    network.send(Self.frame(1), on: 0)
    let seen = Self.run(network, until: Instant(nanoseconds: 10_000_000))
    #expect(seen.map(\.time) == [0, 2_200_000])
    #expect((network.station(station) as? EchoStation)?.wakes == [5_000_000])
  }

  @Test func aStationThatAsksForThePastDoesNotStopTheClock() {
    let network = SimulatedNetwork(portCount: 1, allowing: nil)
    network.attach(EchoStation(nextDeadline: Instant(nanoseconds: 0), stubborn: true), to: [0])
    network.wait(until: Instant(nanoseconds: 1_000_000)) { _, _ in }
    #expect(network.now.nanoseconds == 1_000_000)
  }

  @Test func stationsOnOnePortHearEachOther() {
    let network = SimulatedNetwork(portCount: 1, allowing: nil)
    let silent = network.attach(EchoStation(delay: .seconds(100)), to: [0])
    network.attach(EchoStation(delay: .milliseconds(1)), to: [0])
    network.send(Self.frame(5), on: 0)
    _ = Self.run(network, until: Instant(nanoseconds: 1_500_000))
    #expect((network.station(silent) as? EchoStation)?.received == [5, 5])
  }
}
