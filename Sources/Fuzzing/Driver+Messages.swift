import Conformance
import Judging
import Parties
import Wire

extension Driver {
  /// The plan's valid message for a home address, with the next sequence number. Nil for a message that the tester does not send.
  func valid(_ plan: Plan, _ home: Int) -> Packet? {
    var packet: Packet?
    switch (plan.message, setup.role) {
    case (.bri, .ue): packet = agent.revocation(homes[home].address)
    case (.bu, .ha): packet = equipment.update(homes[home].address, lifetime: 0)
    default: return nil
    }
    for (path, value) in plan.values {
      // A plan is one message: values that look back at others have no meaning there.
      if case .number(let number) = value { packet?.set(path, number) }
    }
    return packet
  }

  /// Whether an answer is the one to a valid message.
  func isAcceptance(_ answer: Answer) -> Bool { answer.kind == (setup.role == .ha ? .ba : .bra) && answer.status == 0 }
}
