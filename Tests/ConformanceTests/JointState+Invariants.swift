import Conformance
import Link
import Parties
import Wire

@testable import Judging
@testable import Nodes

/// What no judge at the tester can know of the node, though it is so.
///
/// Everything that a frame has told it, or must make it expect, it has to know. Captured at the node nothing is hidden.
struct Hidden {
  /// How often the node has moved of its own accord: told by somebody, or by a timer.
  var moves = 0
  /// States that the node left of its own accord since it last said so: the frames that tell are under way, or lost.
  var before: StateSet = []
  /// The number of the node's last BRI that passed.
  var revocation: UInt16?
  /// The number of the last BU of which a BA that grants a lifetime has passed.
  var known: UInt16?
  /// That is the one by which the node holds its binding.
  var isLifetimeKnown = false
  /// The number of the tester's last answer after which the node has nothing more to say; nobody sees it arrive. As long as the node says
  /// nothing that belies it, it counts as arrived.
  var answer: UInt16?
  /// The tester's Home Agent has sent its BRI twice, as often as it may.
  var hasRevokedAgain = false
}

extension Joint {
  var homeAgent: ReferenceHomeAgent? { node as? ReferenceHomeAgent }
  var userEquipment: ReferenceUserEquipment? { node as? ReferenceUserEquipment }

  /// The node's own state in the judge's words: the Home Agent's binding cache entry, or the UE's binding update list entry.
  var nodeState: StateSet {
    if let agent = homeAgent { return agent.bound(home) == nil ? .unbound : agent.revocations[home] == nil ? .bound : .revoking }
    switch userEquipment?.bindings[home]?.phase {
    case nil: return .none
    // An entry is made when the BU is sent (RFC 6275 11.7.1).
    case .registering, .bound: return .bound
    case .detaching: return .detaching
    }
  }

  /// The set of states that the judge holds possible now.
  var held: StateSet {
    let key = ConversationKey(homeAgent: Scene.homeAgent, home: home)
    guard let index = judge.monitor.byKey[key] else { return .unknown }
    var conversation = judge.monitor.conversations[Int(index)]
    conversation.advance(to: now, tolerance: judge.monitor.timers.tolerance)
    return role == .ha ? conversation.binding : conversation.entry
  }

  /// The states of which the judge has to hold one possible: the node's own; besides, as long as nobody at the tester can know better, that
  /// from which the node has moved unseen, and that to which an answer would have moved it.
  var admissible: StateSet {
    var states = nodeState
    guard scene.point == .tester else { return states }
    if let agent = homeAgent {
      if let revocation = agent.revocations[home] {
        if hidden.revocation != revocation.sequence { states.insert(.bound) }
        if hidden.answer == revocation.sequence { states.insert(.unbound) }
      }
    } else if hidden.answer != nil, nodeState == .detaching {
      states.insert(.none)
    }
    return states.union(hidden.before)
  }

  /// What is wrong in this state; nil: nothing.
  var violation: String? {
    if held.isDisjoint(with: admissible) {
      return "the node is \(names(nodeState)), for the judge it is \(names(held))"
    }
    // What a judge at the tester makes of a lossy link is another matter (ImpairmentTests).
    guard scene.point == .node || !isDisturbed else { return nil }
    let blame = judge.monitor.findings.filter {
      ($0.verdict == .fail || $0.verdict == .warning) && $0.role == role && $0.homeAddress == home.description
    }
    if let finding = blame.first { return "\(finding.requirement) by \(finding.rule) is blamed: \(finding.expected), seen \(finding.seen)" }
    if let error = judge.testerErrors.dropFirst(errors).first { return error }
    return nil
  }

  func names(_ states: StateSet) -> String {
    let names = StateCondition.names(role == .ha ? .binding : .entry)
    return names.indices.filter { states.contains(StateSet(rawValue: 1 << UInt8($0))) }.map { names[$0] }.joined(separator: " or ")
  }

  // MARK: What passes

  mutating func movedOfItself(from before: StateSet) {
    hidden.moves += 1
    guard nodeState != before else { return }
    guard homeAgent != nil else {
      hidden.before.formUnion(before)
      return
    }
    // A revocation that begins is told by its BRI. One of which no BRI has passed ends without a trace, and so does a binding of which nobody
    // knows the lifetime, because its BA has not passed.
    if nodeState == .unbound, !hidden.isLifetimeKnown || (before == .revoking && hidden.revocation != lastRevocation) {
      hidden.before.formUnion([before, .bound])
    }
  }

  /// The number of the node's last BRI.
  private var lastRevocation: UInt16? { homeAgent.map { $0.nextSequence &- 1 } }

  mutating func passed(fromNode flight: Flight) {
    switch flight.kind {
    case .bri:
      hidden.revocation = flight.number
      hidden.answer = nil
    case .bu:
      hidden.answer = nil
      if flight.moves == hidden.moves { hidden.before = [] }
    case .ba:
      if flight.moves == hidden.moves { hidden.before = [] }
      if flight[.baStatus] == 0, flight[.baLifetime] > 0 { hidden.known = flight.number }
    // For whoever does not know that the UE is about to detach, its BRA is the end.
    case .bra where flight[.braStatus] == 0 && !hidden.before.isEmpty: hidden.before.insert(.none)
    default: break
    }
  }

  mutating func passed(fromTester flight: Flight) {
    switch flight.kind {
    case .bra: hidden.answer = flight.number
    case .ba where flight[.baStatus] == 0 && flight[.baLifetime] == 0: hidden.answer = flight.number
    default: break
    }
  }

  // MARK: The same state

  /// What tells this state from others: numbers count from the last ones, times from now.
  var key: [Int] {
    var key = [nodeState, held, hidden.before].map { Int($0.rawValue) }
    key.append((isDisturbed ? 1 : 0) | (hidden.hasRevokedAgain ? 2 : 0))
    let updates = party.update(home) ?? 0
    let revocations = party.revocation(home) ?? 0
    func update(_ number: UInt16?) -> Int { number.map { Int(Int16(bitPattern: $0 &- updates)) } ?? .max }
    func revocation(_ number: UInt16?) -> Int { number.map { Int(Int16(bitPattern: $0 &- revocations)) } ?? .max }
    key += [revocation(hidden.revocation), role == .ha ? revocation(hidden.answer) : update(hidden.answer)]
    for flights in [toNode, toTester] {
      key.append(flights.count)
      for flight in flights {
        let isUpdate = flight.kind == .bu || flight.kind == .ba
        key.append(Int(flight.kind.rawValue) << 1 | (flight.isCopy ? 1 : 0))
        key += [isUpdate ? update(flight.number) : revocation(flight.number), flight.content, hidden.moves - flight.moves]
      }
    }
    switch party {
    case .userEquipment(let ue): key.append(ue.bindings[home]?.isBound == true ? 1 : 0)
    case .homeAgent(let agent):
      key.append(agent.bindings[home]?.isBound == true ? 1 : 0)
      key.append(isRevoking ? Int((now - indicated).nanoseconds) : -1)
    }
    if let agent = homeAgent {
      key += [update(agent.bindings[home]?.sequence), agent.bindings[home]?.isInvalid == true ? 1 : 0]
      key += [revocation(agent.revocations[home]?.sequence), agent.revocations[home]?.copies ?? 0, revocation(agent.nextSequence)]
      key.append(hidden.known == agent.bindings[home]?.sequence ? 1 : 0)
      key += timers(agent.timers) { if case .revocation = $0 { 1 } else { 0 } }
    } else if let ue = userEquipment {
      let binding = ue.bindings[home]
      key += [binding?.phase == .registering ? 1 : 0, binding?.isWaiting == true ? 1 : 0, Int(binding?.wait.nanoseconds ?? 0)]
      key += [update(ue.histories[home]?.updateSequence), revocation(ue.answers[home]?.sequence)]
      key.append(Int((ue.answers[home].map { $0.until - now } ?? .zero).nanoseconds))
      key += timers(ue.timers) { if case .update = $0 { 1 } else { 0 } }
    }
    if let conversation = judge.monitor.conversations.last {
      let pending = conversation.update
      key += [
        Int(truncatingIfNeeded: conversation.known) << 3 | Int(conversation.open.rawValue),
        pending.isOpen ? update(pending.sequence) : .max,
      ]
      key += [pending.bindingBefore, pending.entryBefore, pending.openBefore].map { Int($0.rawValue) }
      key += [update(conversation.accepted < 0 ? nil : UInt16(truncatingIfNeeded: conversation.accepted))]
      key += [conversation.revocation.isOpen ? revocation(conversation.revocation.sequence) : .max]
      key += [conversation.revocation.end, conversation.expiry].map { Int(max($0 - now, .zero).nanoseconds) }
    }
    return key
  }

  private func timers<Timer>(_ queue: TimerQueue<Timer>, _ kind: (Timer) -> Int) -> [Int] {
    var queue = queue
    var found: [Int] = []
    while queue.nextDeadline != .distantFuture {
      let due = queue.nextDeadline
      if let timer = queue.popDue(at: due) { found += [kind(timer), Int((due - now).nanoseconds)] }
    }
    return found
  }
}
