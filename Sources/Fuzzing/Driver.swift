import Conformance
import Judging
import Link
import Parties
import Wire

/// A home address of a campaign.
struct Home {
  enum Phase {
    /// Bound, and nothing is under way.
    case idle
    /// A registration is awaited, until `deadline`.
    case registering
    /// A stimulus waits for its answer.
    case busy
    /// Nobody knows whether the binding still stands.
    case stale
    /// It could not be registered again.
    case lost
  }

  let address: IPv6Address
  /// The care-of address of its UE, the device's or the tester's.
  var careOf: IPv6Address
  var phase = Phase.stale
  var attempts = 0
  var deadline = Instant.distantFuture
  /// The stimulus that is under way.
  var ordinal = 0
  /// The sequence number that its answer has to carry.
  var sequence: UInt16 = 0
}

/// An answer of the device's to a stimulus.
struct Answer {
  var home: Int
  /// The stimulus that was under way; 0: none.
  var ordinal: Int
  var kind: MessageKind
  /// Of a BRA or BA.
  var status: UInt8
  var time: Instant
  /// Its number as the monitor has it.
  var frame: Int
}

/// The tester's side of a campaign: sends stimuli and registrations, hears what comes, has both judged.
///
/// It judges its own frames when it sends them, so that none has to be captured. Silence is declared by `settle` or the campaign alone, never
/// by a frame that comes.
final class Driver {
  let network: any Network
  let setup: Setup
  let hooks: any HookRunner
  let decoder: Decoder
  var neighbours: NeighbourDiscovery
  /// Nil where the device has its addresses already.
  private var access: AccessNetwork?
  var agent: HomeAgentParty
  var equipment: UserEquipmentParty
  var monitor: Monitor
  var homes: [Home]
  private(set) var homeIndex: [IPv6Address: Int] = [:]
  /// Home addresses that became idle, in that order; some may not be any more.
  var idle: [Int] = []
  /// Answers heard by the last `pump`.
  var answers: [Answer] = []
  /// Answers to stimuli whose silence had been declared.
  private(set) var late = 0
  private(set) var drops: UInt64 = 0
  /// The frames of a stimulus that runs alone; nil: none does.
  var recording: [(bytes: [UInt8], info: FrameInfo)]?

  /// What the monitor is told instead of numbers where frames are not kept: of answers, and of everything else that is no stimulus.
  static let answerNumber = -1
  static let otherNumber = -2

  private var received = Dissection()
  private var sent = Dissection()
  private var outbox = Outbox()
  private var device: MACAddress?
  private var pendingHooks: [HookToken: Int] = [:]
  /// The last stimulus by its sequence number.
  private var bySequence = [(home: Int32, ordinal: Int)](repeating: (-1, 0), count: 1 << 16)
  private let watched: [Int32]

  init(network: any Network, setup: Setup, suite: Suite, hooks: any HookRunner) {
    self.network = network
    self.setup = setup
    self.hooks = hooks
    watched = network.watched
    decoder = Decoder(dialect: setup.profile.dialect)
    let address = network.address(ofPort: setup.accessPort)
    var generator = SeededGenerator(seed: setup.seed)
    agent = HomeAgentParty(
      dialect: setup.profile.dialect, homeAgent: setup.homeAgent, address: address,
      firstRevocation: UInt16.random(in: 0x1000...0x7000, using: &generator))
    equipment = UserEquipmentParty(dialect: setup.profile.dialect, homeAgent: setup.homeAgent, address: address)
    neighbours = NeighbourDiscovery(ports: (0..<network.portCount).map { network.address(ofPort: $0) })
    monitor = Monitor(
      suite, profile: setup.profile, judged: [setup.role], testerRole: setup.role.other, timers: setup.timers, ics: setup.ics,
      homeAgents: [setup.homeAgent])
    homes = setup.homes.map { Home(address: $0, careOf: .unspecified) }
    if setup.role == .ha {
      homes.removeLast(max(0, homes.count - setup.careOf.count))
      for index in homes.indices {
        homes[index].careOf = setup.careOf[index]
        equipment.add(
          home: homes[index].address, careOf: setup.careOf[index], firstSequence: UInt16.random(in: 1...30_000, using: &generator))
        neighbours.own(setup.careOf[index], on: setup.accessPort)
      }
    } else {
      neighbours.own(setup.homeAgent, on: setup.accessPort)
      neighbours.own(neighbour(of: 0), on: setup.accessPort)
    }
    for index in homes.indices { homeIndex[homes[index].address] = index }
    access = setup.network.map { AccessNetwork($0, address: address, start: network.now, seed: setup.seed ^ 0x6e65_7477) }
    access?.claim(in: &neighbours, on: setup.accessPort)
  }

  /// Another address that the tester answers for.
  private func neighbour(of home: Int) -> IPv6Address {
    guard setup.role == .ha else { return setup.homeAgent.advanced(by: 2) }
    return homes.count > 1 ? homes[(home + 1) % homes.count].careOf : homes[home].careOf.advanced(by: 1)
  }

  func live(_ home: Int) -> LiveAddresses {
    LiveAddresses(
      homeAgent: setup.homeAgent, careOf: homes[home].careOf, home: homes[home].address, neighbour: neighbour(of: home))
  }

  func isBound(_ home: Int) -> Bool { monitor.isBound(home: homes[home].address, homeAgent: setup.homeAgent) }

  // MARK: Sending

  /// Sends a stimulus, and has it judged.
  /// - Returns: whether its absence of an answer would be a breach.
  func stimulate(_ packet: Packet, _ home: Int, ordinal: Int, isAltered: Bool) -> Bool {
    monitor.forgive(home: homes[home].address, homeAgent: setup.homeAgent)
    monitor.attribute(nextFrameTo: homes[home].address, homeAgent: setup.homeAgent, isAltered: isAltered)
    let number = send(packet, to: setup.role == .ha ? setup.homeAgent : homes[home].careOf, number: ordinal)
    let path: FieldPath = setup.role == .ha ? .buSequence : sent.messageKind == .revocation ? .revocationSequence : .briSequence
    let frame = lastFrame
    homes[home].sequence = UInt16(truncatingIfNeeded: sent.value(path, in: frame.span) ?? 0)
    homes[home].ordinal = ordinal
    homes[home].phase = .busy
    bySequence[Int(homes[home].sequence)] = (Int32(clamping: home), ordinal)
    return monitor.mustBeAnswered(number, home: homes[home].address, homeAgent: setup.homeAgent)
  }

  /// The last frame sent, from its Ethernet header on.
  private(set) var lastFrame: [UInt8] = []
  private(set) var lastSent = Instant.distantPast

  @discardableResult
  private func send(_ packet: Packet, to nextHop: IPv6Address, number: Int) -> Int {
    var frame = packet.encoded()
    if device == nil { device = neighbours.linkAddress(of: nextHop, on: setup.accessPort) }
    let now = network.now
    if let device {
      for index in 0..<min(6, frame.count) { frame[index] = UInt8(truncatingIfNeeded: device.value >> UInt64(40 - 8 * index)) }
      network.send(frame, on: setup.accessPort)
    } else {
      neighbours.send(frame, to: nextHop, on: setup.accessPort, at: now, &outbox)
      drain()
    }
    lastSent = now
    let info = FrameInfo(port: setup.accessPort, time: now, originalLength: frame.count, isOutgoing: true)
    recording?.append((frame, info))
    let number = recording?.count ?? number
    decoder.decode(frame.span, into: &sent)
    monitor.frame(frame.span, &sent, at: now, number: number, isOutgoing: true, expires: false)
    lastFrame = frame
    return number
  }

  private func drain() {
    for item in outbox.items { network.send(item.frame, on: item.port) }
    outbox.items.removeAll(keepingCapacity: true)
  }

  // MARK: Registration

  /// Brings a binding about: the tester's UE registers, or the device is asked to. False when there is no way.
  @discardableResult
  func register(_ home: Int, within wait: Interval) -> Bool {
    homes[home].phase = .registering
    homes[home].deadline = network.now + wait
    homes[home].attempts += 1
    if setup.role == .ha {
      if let packet = equipment.update(homes[home].address, lifetime: 150) { send(packet, to: setup.homeAgent, number: Self.otherNumber) }
      return true
    }
    guard hooks.names.contains(.register) else { return false }
    let context = HookContext(homeAddress: homes[home].address, homeAgent: setup.homeAgent)
    pendingHooks[hooks.start(.register, context, at: network.now)] = home
    return true
  }

  private func registered(_ home: Int) {
    guard homes[home].phase != .busy, isBound(home) else { return }
    if homes[home].phase != .idle { idle.append(home) }
    homes[home].phase = .idle
    homes[home].attempts = 0
  }

  /// An idle home address; it is taken out of the line.
  func takeIdle() -> Int? {
    while idleHead < idle.count {
      let home = idle[idleHead]
      idleHead += 1
      if idleHead > 4_096, idleHead * 2 > idle.count {
        idle.removeFirst(idleHead)
        idleHead = 0
      }
      if homes[home].phase == .idle { return home }
    }
    return nil
  }
  private var idleHead = 0

  var hasIdle: Bool {
    while idleHead < idle.count, homes[idle[idleHead]].phase != .idle { idleHead += 1 }
    return idleHead < idle.count
  }

  /// Puts a home address that is bound back into the line.
  func release(_ home: Int) {
    if homes[home].phase != .idle { idle.append(home) }
    homes[home].phase = .idle
    homes[home].attempts = 0
  }

  // MARK: Hearing

  /// Waits until something was captured or `deadline` has passed, and deals with it.
  func pump(until deadline: Instant) {
    answers.removeAll(keepingCapacity: true)
    if !pendingHooks.isEmpty { network.watched = watched + hooks.descriptors }
    let advertisement = access?.nextDeadline ?? .distantFuture
    network.wait(until: min(deadline, neighbours.nextDeadline, hooks.nextDeadline, advertisement)) { bytes, info in self.hear(bytes, info) }
    if advertisement <= network.now {
      access?.wake(at: network.now, on: setup.accessPort, &outbox)
      drain()
    }
    if neighbours.nextDeadline <= network.now {
      neighbours.wake(at: network.now, &outbox)
      drain()
    }
    if !pendingHooks.isEmpty {
      for (token, outcome) in hooks.finished(at: network.now) {
        guard let home = pendingHooks.removeValue(forKey: token) else { continue }
        if case .failed = outcome, homes[home].phase == .registering { homes[home].phase = .lost }
      }
    }
    let lost = network.drops.reduce(0, &+)
    if lost > drops {
      monitor.lost(lost - drops)
      drops = lost
    }
  }

  /// Declares the silences that are over, as far as all frames have been read.
  func settle() { monitor.advance(to: network.readUpTo) }

  private func hear(_ bytes: Span<UInt8>, _ info: FrameInfo) {
    guard !info.isOutgoing, info.port == setup.accessPort else { return }
    decoder.decode(bytes, originalLength: info.originalLength, into: &received)
    if neighbours.receive(bytes, received, on: info.port, &outbox) { return drain() }
    if access != nil, received.mobility < 0 {
      access?.receive(bytes, received, on: info.port, at: network.now, &outbox)
      drain()
    }
    if recording != nil {
      var copy: [UInt8] = []
      for index in bytes.indices { copy.append(bytes[index]) }
      recording?.append((copy, info))
    }
    guard received.mobility >= 0 || received.icmp >= 0, !isLate(bytes) else { return }
    let number = recording?.count ?? (received.messageKind == .bu ? Self.otherNumber : Self.answerNumber)
    monitor.frame(bytes, &received, at: info.time, number: number, expires: false)
    guard let seen = monitor.last, let home = homeIndex[seen.home] else { return }
    switch seen.kind {
    case .bu where setup.role == .ue: receiveUpdate(bytes, home)
    case .ba, .bra, .be, .icmpv6: receiveAnswer(bytes, seen.kind, home, info.time)
    default: break
    }
  }

  /// An answer to a stimulus whose silence was declared long ago, while the same home address has another one under way.
  private func isLate(_ bytes: Span<UInt8>) -> Bool {
    let option: IPv6Address?
    let sequence: UInt128?
    if setup.role == .ha {
      // Status 135 carries the number that the Home Agent holds, not that of the BU (RFC 6275 9.5.1).
      guard received.messageKind == .ba, received.value(.baStatus, in: bytes) != 135 else { return false }
      option = received.value(.routingHomeAddress, in: bytes).map(IPv6Address.init)
      sequence = received.value(.baSequence, in: bytes)
    } else {
      option = received.value(.homeAddressOption, in: bytes).map(IPv6Address.init)
      sequence = received.value(received.messageKind == .revocation ? .revocationSequence : .braSequence, in: bytes)
    }
    guard let option, let sequence, let home = homeIndex[option], homes[home].phase == .busy,
      sequence != UInt128(homes[home].sequence)
    else { return false }
    let known = bySequence[Int(truncatingIfNeeded: sequence) & 0xffff]
    guard Int(known.home) == home, known.ordinal != homes[home].ordinal else { return false }
    late += 1
    return true
  }

  /// The device registers: the Home Agent that the tester plays answers.
  private func receiveUpdate(_ bytes: Span<UInt8>, _ home: Int) {
    homes[home].careOf = IPv6Address(received.value(.ipv6Source, in: bytes) ?? 0)
    for packet in agent.receive(bytes, received) { send(packet, to: homes[home].careOf, number: Self.otherNumber) }
    registered(home)
  }

  private func receiveAnswer(_ bytes: Span<UInt8>, _ kind: MessageKind, _ home: Int, _ time: Instant) {
    var status: UInt8 = 0
    if kind == .ba {
      status = UInt8(truncatingIfNeeded: received.value(.baStatus, in: bytes) ?? 255)
      // Whatever number the Home Agent holds now, the next BU comes after it.
      let sequence = UInt16(truncatingIfNeeded: received.value(.baSequence, in: bytes) ?? 0)
      if status < 128 || status == 135 { equipment.configure(homes[home].address) { $0.sequence = sequence } }
    } else if kind == .bra {
      status = UInt8(truncatingIfNeeded: received.value(.braStatus, in: bytes) ?? 255)
      _ = agent.receive(bytes, received)
    }
    if homes[home].phase == .registering, kind == .ba {
      if isBound(home) {
        registered(home)
      } else if homes[home].attempts < 4 {
        register(home, within: .seconds(1))
      }
      return
    }
    answers.append(
      Answer(
        home: home, ordinal: homes[home].phase == .busy ? homes[home].ordinal : 0, kind: kind, status: status, time: time,
        frame: recording?.count ?? Self.answerNumber))
  }
}
