import Synchronization
import Wire

/// How the first exchanges of IKE SAs went once, for endpoints that go through them again: the same datagrams in the same state come to the
/// same, without the arithmetic of Diffie-Hellman.
///
/// For simulations alone: who plays from one rehearsal has the same keys again.
package final class IKERehearsal: Sendable {
  enum Cue: Hashable, Sendable {
    /// The caller asks for an IKE SA for this party's side of a Child SA, for the n-th time.
    case beginning(from: UDPAddress, to: UDPAddress, [TrafficSelector], occasion: Int)
    case datagram(IKEDatagram)
  }

  /// What one datagram came to.
  struct Line: Sendable {
    /// Where the SA was before; nil: there was none.
    var before: Place?
    var after: IKEAssociation
    var output: IKEOutput
    var time: Instant
  }

  /// How far an SA has come.
  struct Place: Hashable, Sendable {
    var phase: IKEAssociation.Phase
    var nextID: UInt32
    var expectedID: UInt32
    var outstanding: UInt32?

    init?(_ association: IKEAssociation?) {
      guard let association else { return nil }
      phase = association.phase
      nextID = association.nextID
      expectedID = association.expectedID
      outstanding = association.outstanding?.id
    }
  }

  /// What OpenSSL made of the keys of ESP SAs, the same in all endpoints that play from it.
  let kept = KeptKeys(limit: 4096)
  private let written = Mutex<[Cue: Line]>([:])
  /// Nil while it is still being written.
  private let lines: [Cue: Line]?

  /// One that is still to be written: the endpoints that have it do as always, and it takes down what they do.
  package convenience init() { self.init(lines: nil) }

  private init(lines: [Cue: Line]?) { self.lines = lines }

  /// What was written so far, to be played from.
  package var finished: IKERehearsal { IKERehearsal(lines: written.withLock { $0 }) }
  var isFinished: Bool { lines != nil }

  /// What goes into the seed of who plays from it, so that no IKE SA beyond it gets the keys of one in it.
  package var salt: UInt64 { isFinished ? 1 << 63 : 0 }

  /// The line for a cue, where the SA is where it was.
  func line(_ cue: Cue, in associations: [UInt64: IKEAssociation]) -> Line? {
    guard let line = lines?[cue], Place(associations[line.after.handle]) == line.before else { return nil }
    return line
  }

  /// Takes down what a cue came to the first time.
  func write(_ cue: Cue, _ line: Line) { written.withLock { $0[cue] = $0[cue] ?? line } }
}

extension IKEAssociation {
  /// The same at another time.
  func moved(by interval: Interval) -> Self {
    var copy = self
    if copy.end != .distantFuture { copy.end = copy.end + interval }
    if copy.keepAlive != .distantFuture { copy.keepAlive = copy.keepAlive + interval }
    if let next = copy.outstanding?.next { copy.outstanding?.next = next + interval }
    return copy
  }
}
