import Synchronization
import Wire

/// The circumstances in which a node acts, as far as a defect's modifier asks for them.
struct Occasion: Hashable, Sendable {
  /// Which procedure of its kind of that home address it is, from 1.
  var count = 1
  /// The sequence number in hand.
  var number: UInt16 = 1
  /// BRI and BU(0) are both outstanding.
  var isRace = false
  /// A retransmission, or the answer to one.
  var isCopy = false
  /// A malformed message for the binding came before.
  var isAfterError = false
}

/// What a node remembers of a home address for as long as it runs, whatever becomes of its bindings.
struct History: Sendable {
  var revocations = 0
  var detaches = 0
  var sawMalformed = false
  /// The last binding went by a de-registration.
  var isDeregistered = false
  var expiries = 0
  /// IKE SAs that the other end has deleted.
  var releases = 0
  /// Requests in IKE SAs that ask for nothing but an answer.
  var questions = 0
  /// The number of the binding that expired; kept by a defect alone.
  var expiredSequence: UInt16?
  /// The number of the last Binding Update that the UE sent.
  var updateSequence: UInt16?

  var nextRelease: Occasion { Occasion(count: releases + 1) }
  var nextQuestion: Occasion { Occasion(count: questions + 1) }
}

/// The defects that a node was given. Every behaviour point asks one question here.
struct DefectSet: Sendable {
  private var uses: [(name: Defect.Name, modifier: Defect.Modifier?)]
  private let witness: DefectWitness?

  init(_ uses: [DefectUse], role: NodeRole, _ witness: DefectWitness? = nil) {
    self.witness = witness
    self.uses = uses.filter { $0.defect.role == role }.map { ($0.defect.id, $0.modifier) }
  }

  /// Whether the defect shows on this occasion; one that takes no modifier shows on all.
  func hits(_ name: Defect.Name, _ occasion: Occasion = Occasion()) -> Bool { how(name, occasion) != nil }

  /// Whether the node has the defect at all, whatever the occasion.
  func contains(_ name: Defect.Name) -> Bool {
    witness?.note(name)
    for use in uses where use.name == name { return true }
    return false
  }

  /// How the defect shows on this occasion; nil when it does not.
  func how(_ name: Defect.Name, _ occasion: Occasion) -> Manner? {
    witness?.note(name)
    for use in uses where use.name == name {
      switch use.modifier {
      case nil: return .plain
      case .first where occasion.count == 1, .second where occasion.count == 2: return .plain
      case .wrap where occasion.number == 0 || occasion.number == .max: return .plain
      case .race where occasion.isRace, .copyOnly where occasion.isCopy, .afterError where occasion.isAfterError: return .plain
      case .late: return .late
      case .otherBinding: return .otherBinding
      default: continue
      }
    }
    return nil
  }

  enum Manner { case plain, late, otherBinding }
}

/// Which defects a node could have shown: those of no other name can have made it do anything else.
package final class DefectWitness: Sendable {
  private let asked = Mutex<Set<Defect.Name>>([])

  package init() {}

  package var names: Set<Defect.Name> { asked.withLock { $0 } }

  fileprivate func note(_ name: Defect.Name) { asked.withLock { _ = $0.insert(name) } }
}
