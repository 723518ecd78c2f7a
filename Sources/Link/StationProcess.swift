import CLinux
import Glibc
import HeapModule
package import Wire

/// The live loop around a station: reads its interfaces, keeps its timers, sends what it wants sent.
package final class StationProcess {
  package struct Options: Sendable {
    /// The station's port `i` stands on interface `i`.
    package var interfaces: [String] = []
    /// How long to wait for the interfaces to appear and be up: the lab moves them into the process's namespace after its start.
    package var patience = Interval.seconds(5)
    /// A Unix stream socket that takes control lines; `quit` ends the process.
    package var controlPath: String?
    /// A descriptor whose end of file ends the process: the other end dies with whoever started it.
    package var lifeline: Int32?
    /// Whether `ready` is printed on standard output when the station listens.
    package var announces = true

    package init() {}
  }

  package private(set) var station: any Station
  private let options: Options
  private var outbox = Outbox()
  private var delayed = Heap<Delayed>()
  private var sequence: UInt64 = 0

  private struct Delayed: Comparable {
    var time: Instant
    var sequence: UInt64
    var item: Outbox.Item

    static func < (a: Delayed, b: Delayed) -> Bool { a.time == b.time ? a.sequence < b.sequence : a.time < b.time }
    static func == (a: Delayed, b: Delayed) -> Bool { a.sequence == b.sequence }
  }

  package init(_ station: any Station, _ options: Options) {
    self.station = station
    self.options = options
  }

  /// Runs until SIGTERM, SIGINT, the control line `quit`, or the end of the lifeline. Call it before any other thread exists.
  package func run() throws(LinkError) {
    let signals = cl_termination_signals()
    guard signals >= 0 else { throw .system(place: "signals", reason: systemMessage(0 &- signals)) }
    defer { close(signals) }
    guard try waitForInterfaces(signals) else { return }
    var ports: [LivePort] = []
    var portOptions = LivePort.Options()
    portOptions.capturesOutgoing = false
    for name in options.interfaces { ports.append(try LivePort(interface: name, options: portOptions)) }
    let network = LiveNetwork(ports: ports, allowing: nil, settling: .zero)
    var control: ControlListener?
    if let path = options.controlPath { control = try ControlListener(path: path) }
    let fixed = [signals] + (options.lifeline.map { [$0] } ?? [])
    network.watched = fixed + (control?.descriptors ?? [])
    if options.announces { announce() }

    var isRunning = true
    while isRunning {
      let deadline = min(station.nextDeadline, delayed.min?.time ?? .distantFuture)
      network.wait(until: deadline) { frame, info in
        station.receive(frame, on: info.port, at: info.time, &outbox)
        // What the station was told at this time it delays from this time.
        if !outbox.items.isEmpty { dispatch(network, from: info.time) }
      }
      let now = network.now
      if station.nextDeadline <= now { station.wake(at: now, &outbox) }
      if hasEnded(fixed) { isRunning = false }
      if let control {
        let changed = control.serve { line in
          if line == "quit" {
            isRunning = false
            return "ok"
          }
          return station.command(line, at: now, &outbox)
        }
        if changed { network.watched = fixed + control.descriptors }
      }
      dispatch(network, from: now)
      while let next = delayed.min, next.time <= now {
        network.send(next.item.frame, on: next.item.port)
        delayed.removeMin()
      }
      network.flush()
      if let failure = network.failures.first { throw failure }
    }
  }

  private func dispatch(_ network: LiveNetwork, from time: Instant) {
    for item in outbox.items {
      if item.delay > .zero {
        sequence &+= 1
        delayed.insert(Delayed(time: time + item.delay, sequence: sequence, item: item))
      } else {
        network.send(item.frame, on: item.port)
      }
    }
    outbox.items.removeAll(keepingCapacity: true)
  }

  /// False if a signal or the end of the lifeline came first.
  private func waitForInterfaces(_ signals: Int32) throws(LinkError) -> Bool {
    let end = Instant(nanoseconds: cl_realtime()) + options.patience
    let fixed = [signals] + (options.lifeline.map { [$0] } ?? [])
    for name in options.interfaces {
      while unsafe cl_interface_is_up(name) != 1 {
        // Past the end of its patience the port itself says what is wrong.
        if Instant(nanoseconds: cl_realtime()) >= end { return true }
        var nothing = pollfd(fd: -1, events: 0, revents: 0)
        _ = unsafe cl_poll(&nothing, 1, 2_000_000)
        if hasEnded(fixed) { return false }
      }
    }
    return true
  }

  /// A signal is there, or the lifeline ended.
  private func hasEnded(_ descriptors: [Int32]) -> Bool {
    for (index, descriptor) in descriptors.enumerated() {
      var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard unsafe cl_poll(&entry, 1, 0) > 0 else { continue }
      if index == 0 { return true }
      // A lifeline carries nothing; octets on it are dropped, its end is the end.
      var octet: UInt8 = 0
      if unsafe read(descriptor, &octet, 1) <= 0 { return true }
    }
    return false
  }

  private func announce() {
    let text = Array("ready\n".utf8)
    _ = unsafe write(1, text, text.count)
  }
}
