import HeapModule
package import Wire

/// Links in virtual time: the tester's ports, and stations at their other ends.
///
/// Each port is a segment of its own. What the tester sends reaches every station on the port; what a station sends reaches the tester and
/// the port's other stations. The same seed and the same calls give the same frames at the same times.
package final class SimulatedNetwork: Network {
  package enum Direction: Sendable {
    case toStations, toTester
  }

  package private(set) var now: Instant
  package private(set) var refused = 0
  /// Ignored: nothing outside can end a wait in virtual time.
  package var watched: [Int32] = []

  private let addresses: [MACAddress]
  private let allowed: AddressGuard?
  private var generator: SeededGenerator
  private var attachments: [Attachment] = []
  private var segments: [Segment]
  private var events = Heap<Event>()
  private var sequence: UInt64 = 0
  private var outbox = Outbox()

  private struct Attachment {
    var station: any Station
    /// The network's port for each of the station's.
    var ports: [Int]
    var deadline: Instant
  }

  private struct Segment {
    var toStations = ImpairedPath()
    var toTester = ImpairedPath()
    var nat: (box: NAT, inside: Direction)?
    var members: [(station: Int, port: Int)] = []
  }

  private enum Target {
    /// Captured by the tester.
    case tester(port: Int, isOutgoing: Bool)
    case station(Int, port: Int)
    /// Leaves a station after the delay that it asked for.
    case departure(station: Int, port: Int)
  }

  private struct Event: Comparable {
    var time: Instant
    var sequence: UInt64
    var target: Target
    var frame: [UInt8]

    static func < (a: Event, b: Event) -> Bool { a.time == b.time ? a.sequence < b.sequence : a.time < b.time }
    static func == (a: Event, b: Event) -> Bool { a.sequence == b.sequence }
  }

  /// - Parameters:
  ///   - addresses: the tester's Ethernet address on each port; there are as many ports as addresses.
  ///   - allowed: the destinations that the tester's frames may have; nil allows all.
  ///   - seed: of everything that is left to chance.
  ///   - start: where virtual time begins.
  package init(addresses: [MACAddress], allowing allowed: AddressGuard?, seed: UInt64 = 0, start: Instant = Instant(nanoseconds: 0)) {
    self.addresses = addresses
    self.allowed = allowed
    generator = SeededGenerator(seed: seed)
    now = start
    segments = addresses.map { _ in Segment() }
    drops = addresses.map { _ in 0 }
  }

  /// Ports with the addresses `02:00:00:00:01:00` and up.
  package convenience init(portCount: Int, allowing allowed: AddressGuard?, seed: UInt64 = 0) {
    self.init(addresses: (0..<max(0, portCount)).map { MACAddress(0x0200_0000_0100 + UInt64($0)) }, allowing: allowed, seed: seed)
  }

  /// Puts a station on the links: its port `i` stands on the network's port `ports[i]`.
  /// - Returns: the number by which `command` and `station` know it.
  @discardableResult
  package func attach(_ station: any Station, to ports: [Int]) -> Int {
    let index = attachments.count
    attachments.append(Attachment(station: station, ports: ports, deadline: station.nextDeadline))
    for (port, global) in ports.enumerated() where segments.indices.contains(global) {
      segments[global].members.append((index, port))
    }
    return index
  }

  /// Sets what a port's link does to frames from now on.
  package func impair(port: Int, _ direction: Direction, _ impairment: Impairment) {
    guard segments.indices.contains(port) else { return }
    switch direction {
    case .toStations: segments[port].toStations.impairment = impairment
    case .toTester: segments[port].toTester.impairment = impairment
    }
  }

  /// Puts a NAT between the tester and the stations of a port, or takes it away.
  ///
  /// - Parameter inside: which way frames go to get inside.
  package func translate(port: Int, by nat: NAT?, inside: Direction) {
    guard segments.indices.contains(port) else { return }
    segments[port].nat = nat.map { ($0, inside) }
  }

  /// A frame as it is behind the NAT of a port; nil: it does not pass.
  private func translated(_ frame: [UInt8], on port: Int, _ direction: Direction) -> [UInt8]? {
    guard let inside = segments[port].nat?.inside else { return frame }
    return inside == direction ? segments[port].nat?.box.inward(frame) : segments[port].nat?.box.outward(frame)
  }

  /// A station as it stands now.
  package func station(_ index: Int) -> (any Station)? { attachments.indices.contains(index) ? attachments[index].station : nil }

  /// Gives a station a control line; the answer is its own.
  package func command(_ line: String, toStation index: Int) -> String {
    guard attachments.indices.contains(index) else { return "error no such station" }
    let answer = attachments[index].station.command(line, at: now, &outbox)
    settle(index)
    return answer
  }

  // MARK: Network

  package var portCount: Int { addresses.count }
  package func address(ofPort port: Int) -> MACAddress { addresses[port] }
  package var readUpTo: Instant { now }
  package let drops: [UInt64]

  package func send(_ frame: [UInt8], on port: Int) {
    guard segments.indices.contains(port), allowed?.allows(frame.span) ?? true else {
      refused += 1
      return
    }
    push(now, .tester(port: port, isOutgoing: true), frame)
    propagate(frame, on: port, from: nil)
  }

  /// Nothing waits: a frame is under way from `send` on.
  package func flush() {}

  package func wait(until deadline: Instant, _ deliver: (Span<UInt8>, FrameInfo) -> Void) {
    let limit = max(deadline, now)
    var delivered = false
    while true {
      let (station, wake) = nextWake()
      let next = events.min?.time ?? .distantFuture
      let time = min(next, wake)
      // What was captured at the same instant is handed over together, as one reading of a live port would.
      guard time <= (delivered ? now : limit), time != .distantFuture else { break }
      now = max(now, time)
      if next <= wake, let event = events.popMin() {
        delivered = handle(event, deliver) || delivered
      } else if let station {
        attachments[station].station.wake(at: now, &outbox)
        settle(station, woken: true)
      }
    }
    if !delivered, deadline != .distantFuture { now = max(now, deadline) }
  }

  // MARK: Events

  private func handle(_ event: Event, _ deliver: (Span<UInt8>, FrameInfo) -> Void) -> Bool {
    switch event.target {
    case .tester(let port, let isOutgoing):
      deliver(
        event.frame.span, FrameInfo(port: port, time: event.time, originalLength: event.frame.count, isOutgoing: isOutgoing))
      return true
    case .station(let station, let port):
      attachments[station].station.receive(event.frame.span, on: port, at: now, &outbox)
      settle(station)
    case .departure(let station, let port):
      propagate(event.frame, on: port, from: station)
    }
    return false
  }

  private func nextWake() -> (station: Int?, time: Instant) {
    var station: Int?
    var time = Instant.distantFuture
    for index in attachments.indices where attachments[index].deadline < time {
      station = index
      time = attachments[index].deadline
    }
    return (station, time)
  }

  /// After a station was called: sends what it wants sent and notes when it wants to be woken.
  private func settle(_ index: Int, woken: Bool = false) {
    for item in outbox.items {
      let ports = attachments[index].ports
      guard ports.indices.contains(item.port), segments.indices.contains(ports[item.port]) else { continue }
      if item.delay > .zero {
        push(now + item.delay, .departure(station: index, port: ports[item.port]), item.frame)
      } else {
        propagate(item.frame, on: ports[item.port], from: index)
      }
    }
    outbox.items.removeAll(keepingCapacity: true)
    let deadline = attachments[index].station.nextDeadline
    // A station that asks again for an instant at which it was woken would stop the clock.
    attachments[index].deadline = woken && deadline <= now ? now + .microseconds(1) : deadline
  }

  private func propagate(_ frame: [UInt8], on port: Int, from sender: Int?) {
    if sender != nil, let frame = translated(frame, on: port, .toTester) {
      let arrivals = segments[port].toTester.arrivals(now, &generator)
      if let time = arrivals.first { push(time, .tester(port: port, isOutgoing: false), frame) }
      if let time = arrivals.second { push(time, .tester(port: port, isOutgoing: false), frame) }
    }
    guard let frame = sender == nil ? translated(frame, on: port, .toStations) : frame else { return }
    for index in segments[port].members.indices {
      let member = segments[port].members[index]
      guard member.station != sender else { continue }
      let arrivals = segments[port].toStations.arrivals(now, &generator)
      if let time = arrivals.first { push(time, .station(member.station, port: member.port), frame) }
      if let time = arrivals.second { push(time, .station(member.station, port: member.port), frame) }
    }
  }

  private func push(_ time: Instant, _ target: Target, _ frame: [UInt8]) {
    sequence &+= 1
    events.insert(Event(time: time, sequence: sequence, target: target, frame: frame))
  }
}
