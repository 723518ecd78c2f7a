import Conformance
import Link
import Parties
import Testing
import Wire

@testable import Judging
@testable import Nodes

/// What may happen next.
enum Move: Hashable {
  enum Way: Hashable { case toNode, toTester }

  /// The Home Agent, whichever side it is, is asked to revoke the binding.
  case revoke
  /// The tester's Home Agent sends its BRI again.
  case revokeAgain
  /// The UE, whichever side it is, sends a BU with or without a lifetime.
  case register, deregister
  case arrival(Way)
  case loss(Way)
  /// A BRI arrives at the tester's UE, which does not answer.
  case disregard
  /// It arrives, and a copy of it is still under way.
  case duplication(Way)
  /// The node's next timer fires.
  case timer
  /// Time passes until shortly before that, so that what is sent then crosses what the timer has the node send.
  case pause
}

/// Node, party and judge, the frames between them, and the time.
struct Joint {
  let scene: Scene
  let home: IPv6Address
  var node: any Station
  var party: Party
  var judge: Judge
  var toNode: [Flight] = []
  var toTester: [Flight] = []
  var now: Instant
  /// Frames and events that the judge has seen.
  var count: Int
  /// What it saw of them, where they are to be judged again.
  var items: [Evidence.Item]?
  /// The link has lost or repeated something: what a judge at the tester takes for the node's silence or haste may be the link's.
  var isDisturbed = false
  /// The BRI that the tester's Home Agent may send again.
  private var indication: [UInt8]?
  private(set) var indicated: Instant
  var hidden = Hidden()
  /// Messages that are kept from the judge, who must then go wrong.
  var unseen: LayerKind?
  /// Errors of the tester that there were before.
  private(set) var errors: Int
  private(set) var trace: [Move] = []

  init(
    _ scene: Scene, home: IPv6Address = address("2001:db8:a::77"), careOf: IPv6Address = address("2001:db8:b::2"), judge: Judge? = nil,
    at now: Instant = Scene.start, count: Int = 0, keepsItems: Bool = false
  ) throws {
    self.scene = scene
    self.home = home
    self.now = now
    self.count = count
    self.judge = judge ?? scene.judge()
    errors = self.judge.testerErrors.count
    indicated = now
    items = keepsItems ? [] : nil
    node = try scene.node(home: home, careOf: careOf)
    party = scene.party(home: home, careOf: careOf)
  }

  var role: Role { scene.pair.role }

  // MARK: Moves

  /// Everything that may happen in this state. Frames of one direction do not overtake each other.
  var moves: [Move] {
    var moves: [Move] = [.revoke, .revokeAgain, .register, .deregister].filter(isPossible)
    for (way, first) in [(Move.Way.toNode, toNode.first), (.toTester, toTester.first)] {
      guard let first else { continue }
      moves.append(.arrival(way))
      if way == .toTester, first.kind == .bri { moves.append(.disregard) }
      // A copy that never arrives is none.
      if !first.isCopy { moves.append(.loss(way)) }
      if !hasCopy { moves.append(.duplication(way)) }
    }
    // Nothing is under way for longer than a moment; a copy that has not come by then does not come.
    let isIdle = toNode.allSatisfy(\.isCopy) && toTester.allSatisfy(\.isCopy)
    let rest = node.nextDeadline - now
    if node.nextDeadline != .distantFuture, isIdle || rest <= Self.moment { moves.append(.timer) }
    if node.nextDeadline != .distantFuture, isIdle, rest > Self.moment { moves.append(.pause) }
    return moves
  }

  private static let moment = Interval.milliseconds(15)
  private var hasCopy: Bool { toNode.contains(where: \.isCopy) || toTester.contains(where: \.isCopy) }

  private func isPossible(_ move: Move) -> Bool {
    // More than two under way tell nothing new.
    guard toNode.count(where: { !$0.isCopy }) < 2, toTester.count(where: { !$0.isCopy }) < 2 else { return false }
    switch (move, party) {
    case (.revoke, .userEquipment): return nodeState == .bound
    case (.register, .userEquipment), (.deregister, .userEquipment): return true
    case (.revoke, .homeAgent(let agent)):
      // Not while answers to an earlier revocation may be under way.
      let isOver = !toNode.contains { $0.kind == .bri } && !toTester.contains { $0.kind == .bra }
      return agent.bindings[home]?.isBound == true && !isRevoking && isOver
    case (.revokeAgain, .homeAgent): return isRevoking && !hidden.hasRevokedAgain
    case (.register, .homeAgent): return userEquipment?.bindings[home].map { $0.phase == .bound } ?? true
    case (.deregister, .homeAgent): return userEquipment?.bindings[home].map { $0.phase != .detaching } ?? false
    default: return false
    }
  }

  mutating func make(_ move: Move) {
    trace.append(move)
    now = max(now, min(now + scene.tick, node.nextDeadline))
    if node.nextDeadline <= now, move != .timer { wake() }
    switch move {
    case .revoke, .revokeAgain, .register, .deregister: start(move)
    case .arrival(.toNode): arriveAtNode(toNode.removeFirst())
    case .arrival(.toTester): arriveAtTester(toTester.removeFirst())
    case .disregard:
      configure { $0.acknowledgesRevocations = false }
      arriveAtTester(toTester.removeFirst())
      configure { $0.acknowledgesRevocations = true }
    case .loss(let way):
      isDisturbed = true
      if way == .toNode { toNode.removeFirst() } else { toTester.removeFirst() }
    case .duplication(.toNode):
      isDisturbed = true
      toNode[0].isCopy = true
      arriveAtNode(toNode[0])
    case .duplication(.toTester):
      isDisturbed = true
      toTester[0].isCopy = true
      arriveAtTester(toTester[0])
    case .timer:
      if node.nextDeadline - now > Self.moment { forgetCopies() }
      now = max(now, node.nextDeadline)
      wake()
    case .pause:
      forgetCopies()
      now = max(now, node.nextDeadline - Self.moment)
    }
    judge.advance(to: now)
  }

  /// The tester's Home Agent waits for a BRA, as long as a Home Agent does.
  var isRevoking: Bool { indication != nil && now <= indicated + scene.timers.revocation }

  /// The UE registers, and nothing comes between.
  mutating func bind() {
    let ways: [Move.Way] = role == .ha ? [.toNode, .toTester] : [.toTester, .toNode]
    for move in [.register] + ways.map({ Move.arrival($0) }) { make(move) }
  }

  private mutating func forgetCopies() {
    toNode.removeAll(where: \.isCopy)
    toTester.removeAll(where: \.isCopy)
  }

  private mutating func configure(_ change: (inout UserEquipmentParty.Binding) -> Void) {
    guard case .userEquipment(var ue) = party else { return }
    ue.configure(home, change)
    party = .userEquipment(ue)
  }

  /// Nothing happens.
  mutating func pass(until time: Instant) {
    now = max(now, time)
    judge.advance(to: now)
  }

  private mutating func start(_ move: Move) {
    switch party {
    case .userEquipment(var ue):
      if move == .revoke { return command("revoke") }
      let packet = ue.update(home, lifetime: move == .register ? 150 : 0)
      party = .userEquipment(ue)
      if let packet { send(packet.encoded()) }
    case .homeAgent(var agent):
      switch move {
      case .register: command("register")
      case .deregister: command("detach")
      case .revokeAgain:
        hidden.hasRevokedAgain = true
        if let indication { send(indication) }
      default:
        indication = agent.revocation(home)?.encoded()
        indicated = now
        hidden.hasRevokedAgain = false
        party = .homeAgent(agent)
        if let indication { send(indication) }
      }
    }
  }

  /// The node is asked to do something; a run writes that down.
  private mutating func command(_ name: String) {
    if scene.point == .tester { note(.hook) { $0.name = name } }
    let before = nodeState
    var outbox = Outbox()
    _ = node.command("\(name) \(home)", at: now, &outbox)
    movedOfItself(from: before)
    take(outbox)
    if scene.point == .tester { note(.hookReturned) { $0.name = name } }
  }

  private mutating func wake() {
    let before = nodeState
    hidden.isLifetimeKnown = homeAgent?.bindings[home]?.sequence == hidden.known
    var outbox = Outbox()
    node.wake(at: now, &outbox)
    movedOfItself(from: before)
    take(outbox)
  }

  private mutating func take(_ outbox: Outbox) {
    for item in outbox.items where item.port == 0 {
      var flight = Flight(item.frame, from: role, scene.profile.dialect)
      flight.moves = hidden.moves
      if scene.point == .node { see(flight, isOutgoing: false) }
      toTester.append(flight)
    }
  }

  private mutating func send(_ frame: [UInt8]) {
    var frame = frame
    for index in 0..<6 { frame[index] = UInt8(truncatingIfNeeded: Scene.nodeHardware[0].value >> UInt64(40 - 8 * index)) }
    let flight = Flight(frame, from: role.other, scene.profile.dialect)
    if scene.point == .tester {
      see(flight, isOutgoing: true)
      passed(fromTester: flight)
    }
    toNode.append(flight)
  }

  private mutating func arriveAtNode(_ flight: Flight) {
    if scene.point == .node { see(flight, isOutgoing: false) }
    var outbox = Outbox()
    node.receive(flight.bytes.span, on: 0, at: now, &outbox)
    take(outbox)
  }

  private mutating func arriveAtTester(_ flight: Flight) {
    if scene.point == .tester {
      see(flight, isOutgoing: false)
      passed(fromNode: flight)
    }
    let answers = party.receive(flight.bytes.span, flight.dissection)
    // A BRA or a BU(0) ends the revocation.
    if case .homeAgent(let agent) = party, agent.bindings[home]?.isBound != true { indication = nil }
    for packet in answers { send(packet.encoded()) }
  }

  // MARK: What the judge sees

  private mutating func see(_ flight: Flight, isOutgoing: Bool) {
    guard flight.kind != unseen else { return }
    count += 1
    judge.frame(flight.bytes.span, at: now, originalLength: flight.bytes.count, number: count, isOutgoing: isOutgoing)
    items?.append(.frame(flight.bytes, FrameInfo(port: 0, time: now, originalLength: flight.bytes.count, isOutgoing: isOutgoing)))
  }

  private mutating func note(_ kind: Event.Kind, _ fill: (inout Event) -> Void) {
    count += 1
    var event = Event(kind)
    event.home = HomeAddress(home)
    fill(&event)
    judge.event(event, at: now, number: count)
    items?.append(.event(event, now))
  }
}
