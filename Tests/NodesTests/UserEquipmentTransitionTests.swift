import Testing
import Wire

@testable import Nodes

/// A UE's transitions, binding by binding (24.303 5.4.2; draft-01 10, RFC 5846 10; RFC 6275 11.7, 11.8), without those of IKEv2. S is the
/// number of the BRI. What a BRI does to a bound UE that is wrong, or without the A bit, is in the table of reactions.
struct UserEquipmentTransitionTests {
  /// Where a row of the table starts.
  enum Start: String {
    case bound = "BOUND"
    case detaching = "DETACHING"
    case closing = "CLOSING"
    case closed = "CLOSED"
  }

  enum Action {
    /// A BU with H and A set, its number this much more than that of the last one.
    case bu(_ step: UInt16, lifetime: UInt128)
    case bra(UInt128)
    case be(UInt128)
  }

  enum State {
    /// Asked for, and bound once there is a BA.
    case registering
    /// Its next BU(0) is due so many seconds after the last one.
    case detaching(Double)
    case closed
  }

  struct Scene {
    let bench: Bench<ReferenceUserEquipment>
    private let dialect: Dialect
    /// The number of the last BU before the event.
    let last: UInt16
    static let s: UInt16 = 0x7001

    init(_ start: Start, _ dialect: Dialect) {
      self.dialect = dialect
      bench = Bench(userEquipment: dialect)
      bench.register(lifetime: 900, home: bystander)
      var last = bench.register(lifetime: 900)
      switch start {
      case .bound: break
      case .detaching:
        bench.command("detach \(home)")
        last &+= 1
      case .closing, .closed: bench.send(bri(Self.s, dialect))
      }
      if start == .closed { bench.pass(9) }
      self.last = last
      _ = bench.drain()
    }

    /// The BA to the BU of a number.
    func answer(_ number: UInt16, _ status: UInt128, lifetime: UInt128 = 0) { bench.send(ba(UInt128(number), status, lifetime: lifetime)) }

    func isDone(_ actions: [Action], by sent: [Sent]) -> Bool {
      actions.count == sent.count && zip(actions, sent).allSatisfy { isDone($0, by: $1) }
    }

    private func isDone(_ action: Action, by sent: Sent) -> Bool {
      guard sent.dissection.isSound, sent[.ipv6Source] == careOf.value, sent[.ipv6Destination] == homeAgent.value else { return false }
      let kind = sent.dissection.messageKind
      switch action {
      case .bu(let step, let lifetime):
        return kind == .bu && sent[.buSequence] == UInt128(last &+ step) && sent[.buLifetime] == lifetime && sent[.buH] == 1
          && sent[.buA] == 1 && sent[.homeAddressOption] == home.value && sent[.alternateCareOfAddress] == careOf.value
      case .bra(let status):
        return kind == .bra && sent[.braStatus] == status && sent[.braSequence] == UInt128(Self.s) && sent[.homeAddressOption] == home.value
      case .be(let status): return kind == .be && sent[.beStatus] == status
      }
    }

    /// What contradicts the state; nil when all that can be seen of it agrees. `number` is that of the last BU.
    func contradiction(to state: State, number: UInt16) -> String? {
      let other = bench.fork()
      other.pass(2_700)
      let refreshes = other.drain().filter { $0[.homeAddressOption] == bystander.value }
      if refreshes.isEmpty || refreshes.contains(where: { $0[.buLifetime] != 900 }) { return "the other binding was touched" }
      switch state {
      case .closed: return isQuiet(bench) ? nil : "not closed"
      case .registering:
        bench.send(ba(UInt128(number), 0, lifetime: 900))
        bench.send(bri(0x7abc, dialect))
        return bench.only()?[.braStatus] == 0 && isQuiet(bench) ? nil : "not bound"
      case .detaching(let wait):
        let silence = bench.fork()
        silence.pass(wait - 0.001)
        if !silence.drain().isEmpty { return "another BU too early" }
        silence.pass(0.001)
        let next = silence.only()
        if next?[.buSequence] != UInt128(number &+ 1) || next?[.buLifetime] != 0 { return "no other BU in time" }
        // An answer to another number is none.
        let answered = bench.fork()
        answered.send(ba(UInt128(number &- 1), 0, lifetime: 0))
        if isQuiet(answered) { return "ended by the BA to another BU" }
        answered.send(ba(UInt128(number), 0, lifetime: 0))
        return isQuiet(answered) ? nil : "not ended by the BA"
      }
    }

    private func isQuiet(_ bench: Bench<ReferenceUserEquipment>) -> Bool {
      let probe = bench.fork()
      probe.pass(200)
      return probe.drain().isEmpty
    }
  }

  struct Transition: CustomTestStringConvertible, Sendable {
    var start: Start
    var event: String
    /// What the documents allow.
    var actions: [[Action]]
    var next: State
    var happen: @Sendable (Scene, Dialect) -> Void

    init(_ start: Start, _ event: String, _ actions: [[Action]], _ next: State, _ happen: @escaping @Sendable (Scene, Dialect) -> Void) {
      (self.start, self.event, self.actions, self.next, self.happen) = (start, event, actions, next, happen)
    }

    var testDescription: String { "\(start.rawValue), \(event)" }
  }

  /// A binding that is gone: silence, "binding does not exist", "cannot identify binding", and Binding Error 1 (RFC 3775 9.3.1).
  private static let unbound: [[Action]] = [[], [.bra(2)], [.bra(4)], [.bra(128)], [.be(1)]]

  static let table: [Transition] =
    [
      Transition(.bound, "BRI valid", [[.bra(0)]], .closed) { scene, dialect in scene.bench.send(bri(Scene.s, dialect)) },
      Transition(.bound, "local detach", [[.bu(1, lifetime: 0)]], .detaching(1)) { scene, _ in scene.bench.command("detach \(home)") },
      Transition(.detaching, "BA 135", [[.bu(0x701, lifetime: 0)]], .detaching(1)) { scene, _ in scene.answer(scene.last &+ 0x700, 135) },
      Transition(.detaching, "BA timer", [[.bu(1, lifetime: 0)]], .detaching(2)) { scene, _ in scene.bench.pass(1) },
      Transition(
        .detaching, "BA timer seven times, ≤ 32 s", [(1...7).map { .bu($0, lifetime: 0) }], .detaching(32)
      ) { scene, _ in scene.bench.pass(1 + 2 + 4 + 8 + 16 + 32 + 32) },
      Transition(.detaching, "BA to another BU", [[]], .detaching(1)) { scene, _ in
        for number in [scene.last &- 1, scene.last &+ 1] { scene.answer(number, 0) }
      },
      Transition(.detaching, "BRI", [[.bra(0)]] + unbound, .detaching(1)) { scene, dialect in scene.bench.send(bri(Scene.s, dialect)) },
      Transition(.detaching, "second local detach", [[]], .detaching(1)) { scene, _ in scene.bench.command("detach \(home)") },
      Transition(.closing, "BRI copy", [[.bra(0)]] + unbound, .closed) { scene, dialect in scene.bench.send(bri(Scene.s, dialect)) },
      Transition(.closed, "BRI", unbound, .closed) { scene, dialect in scene.bench.send(bri(Scene.s, dialect)) },
      Transition(.closed, "attach", [[.bu(1, lifetime: 900)]], .registering) { scene, _ in scene.bench.command("register \(home) 900") },
    ]
    + [UInt128(0), 1, 128, 133].map { status in
      Transition(.detaching, "BA \(status)", [[]], .closed) { scene, _ in scene.answer(scene.last, status) }
    }

  @Test(arguments: table, Dialect.allCases)
  func transition(row: Transition, dialect: Dialect) {
    let scene = Scene(row.start, dialect)
    row.happen(scene, dialect)
    let sent = scene.bench.drain()
    #expect(row.actions.contains { scene.isDone($0, by: sent) }, "sent \(sent.map { $0.dissection.messageKind?.name ?? "-" })")
    let number = sent.last { $0.dissection.messageKind == .bu }?[.buSequence].map { UInt16(truncatingIfNeeded: $0) }
    #expect(scene.contradiction(to: row.next, number: number ?? scene.last) == nil)
  }
}
