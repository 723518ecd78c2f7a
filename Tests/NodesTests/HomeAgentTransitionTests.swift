import Testing
import Wire

@testable import Nodes

/// A Home Agent's transitions, binding by binding (24.303 5.4.3; draft-01 6.2, 6.3, 7; RFC 5846 7; RFC 6275 9.5.1, 10.3), the race of BRI
/// and BU(0) among them. T1 is MINDelayBRIs, N BRIMaxRetriesNumber, S the number of the BRI.
struct HomeAgentTransitionTests {
  typealias Scene = HomeAgentScene

  struct Outcome: Sendable {
    var actions: [Scene.Action]
    var next: Scene.State

    init(_ actions: [Scene.Action], _ next: Scene.State) { (self.actions, self.next) = (actions, next) }
  }

  struct Transition: CustomTestStringConvertible, Sendable {
    var start: Scene.Start
    var event: String
    /// What the documents allow.
    var draft01: [Outcome]
    var rfc5846: [Outcome]
    var happen: @Sendable (Scene, Dialect) -> Void

    init(
      _ start: Scene.Start, _ event: String, _ draft01: [Outcome], _ rfc5846: [Outcome]? = nil,
      _ happen: @escaping @Sendable (Scene, Dialect) -> Void
    ) {
      (self.start, self.event, self.draft01, self.rfc5846, self.happen) = (start, event, draft01, rfc5846 ?? draft01, happen)
    }

    var testDescription: String { "\(start.rawValue), \(event)" }
  }

  private static func silently(_ next: Scene.State) -> [Outcome] { [Outcome([], next)] }
  private static func trigger(_ scene: Scene) { scene.bench.command("revoke \(home)") }

  static let registered: [Transition] = [
    Transition(.registered, "trigger", [Outcome([.indication], .revoking(0))]) { scene, _ in trigger(scene) },
    Transition(.registered, "BU(0) valid", [Outcome([.ba(0, 11)], .invalid(11))]) { scene, _ in scene.bench.send(bu(11, lifetime: 0)) },
    Transition(.registered, "BU(>0) valid", [Outcome([.ba(0, 11, lifetime: 50)], .registered(11))]) { scene, _ in
      scene.bench.send(bu(11, lifetime: 50))
    },
    Transition(
      .registered, "BU(>0) from another care-of address",
      [Outcome([.ba(0, 11, lifetime: 50, to: elsewhere)], .registered(11, at: elsewhere))]
    ) { scene, _ in scene.bench.send(bu(11, lifetime: 50, from: elsewhere)) },
    Transition(
      .registered, "BU(>0) with another Alternate Care-of Address",
      [Outcome([.ba(0, 11, lifetime: 50)], .registered(11, at: elsewhere))]
    ) { scene, _ in scene.bench.send(bu(11, lifetime: 50).with(.alternateCareOfAddress, elsewhere.value)) },
    Transition(.registered, "BU(>0) of the longest lifetime", [Outcome([.ba(0, 11, lifetime: 900)], .registered(11))]) { scene, _ in
      scene.bench.send(bu(11, lifetime: 0xffff))
    },
    Transition(.registered, "BU(>0), sequence not greater", [Outcome([.ba(135, 10)], .registered(10))]) { scene, _ in
      scene.bench.send(bu(10, lifetime: 50))
    },
    Transition(
      .registered, "BU(>0), sequences modulo 65536", [Outcome([32_777, 65_000, 3].map { .ba(0, $0, lifetime: 50) }, .registered(3))]
    ) { scene, _ in
      for number in [UInt16(32_777), 65_000, 3] { scene.bench.send(bu(number, lifetime: 50)) }
    },
    Transition(.registered, "BU(>0), H clear", [Outcome([.ba(139, 11)], .registered(10))]) { scene, _ in
      scene.bench.send(bu(11, lifetime: 50).with(.buH, 0))
    },
    Transition(.registered, "BRA any", silently(.registered(10))) { scene, dialect in
      for status in [UInt128(0), 1, 2, 4, 128, 255] { scene.bench.send(bra(scene.sequence, status, dialect)) }
    },
    Transition(.registered, "lifetime expires", silently(.gone)) { scene, _ in scene.bench.pass(400) },
  ]

  /// Which of them a UE's refusal leads to is policy (draft-01 7.2, RFC 5846 7.2): asked on, given up and kept, or dropped.
  private static let policy = silently(.revoking(0)) + silently(.registered(10)) + silently(.gone)

  static let revoking: [Transition] =
    [
      Transition(.revoking, "T1, 0 < N", [Outcome([.copy], .revoking(1))]) { scene, _ in scene.passWaits(1) },
      Transition(.revokingOnce, "T1, 1 < N", [Outcome([.copy], .revoking(2))]) { scene, _ in scene.passWaits(2) },
      Transition(.revokingTwice, "T1", silently(.gone)) { scene, _ in scene.passWaits(3) },
      Transition(.revoking, "BU(0), sequence not greater", [Outcome([.ba(135, 10)], .revoking(0))]) { scene, _ in
        scene.bench.send(bu(10, lifetime: 0))
      },
      Transition(
        .revoking, "BU(0) from another care-of address", [Outcome([.ba(0, 11, to: elsewhere)], .invalid(11))]
      ) { scene, _ in scene.bench.send(bu(11, lifetime: 0, from: elsewhere)) },
      Transition(
        .revoking, "BU(>0) valid", [Outcome([.refusal(11)], .revoking(0)), Outcome([.ba(0, 11, lifetime: 50)], .registered(11))]
      ) { scene, _ in scene.bench.send(bu(11, lifetime: 50)) },
      Transition(.revoking, "Binding Error 2 from the UE", silently(.revoking(0))) { scene, dialect in
        scene.bench.send(
          Packet([.ipv6(from: careOf, to: homeAgent), .message(.be, dialect, [(.beStatus, 2), (.beHomeAddress, home.value)])]))
      },
      Transition(.revoking, "ICMPv6 4/1 from the UE", silently(.revoking(0))) { scene, _ in
        scene.bench.send(
          Packet([.ipv6(from: careOf, to: homeAgent), .icmpv6(type: 4, code: 1, pointer: 40)], payload: scene.indication?.packet ?? []))
      },
      Transition(.expiring, "lifetime expires", silently(.gone)) { scene, _ in scene.bench.pass(0.5) },
      Transition(.revoking, "second trigger", silently(.revoking(0)) + [Outcome([.copy], .revoking(0))]) { scene, _ in trigger(scene) },
      // Copy of BRI and BU(0) within one tick, in either order.
      Transition(.revoking, "BU(0) at T1, before it", [Outcome([.ba(0, 11)], .invalid(11))]) { scene, _ in
        scene.bench.now = scene.bench.node.nextDeadline
        scene.bench.send(bu(11, lifetime: 0))
      },
      Transition(.revoking, "BU(0) at T1, behind it", [Outcome([.copy, .ba(0, 11)], .invalid(11))]) { scene, _ in
        scene.passWaits(1)
        scene.bench.send(bu(11, lifetime: 0))
      },
    ]
    + [Scene.Start.revoking, .revokingOnce, .revokingTwice].enumerated().flatMap { copies, start in
      [
        Transition(start, "BRA seq=S, status 0", silently(.gone)) { scene, dialect in scene.bench.send(bra(scene.sequence, 0, dialect)) },
        Transition(start, "BRA seq≠S", silently(.revoking(copies))) { scene, dialect in
          for number in [scene.sequence + 1, scene.sequence - 1, scene.sequence ^ 0x4000] { scene.bench.send(bra(number, 0, dialect)) }
        },
        Transition(start, "BU(0) valid", [Outcome([.ba(0, 11)], .invalid(11))]) { scene, _ in scene.bench.send(bu(11, lifetime: 0)) },
      ]
    }
    + [UInt128(1), 2, 3, 4, 5, 127, 128, 129, 130, 131, 132, 133, 134, 135, 255].map { status in
      Transition(.revoking, "BRA seq=S, status \(status)", policy) { scene, dialect in
        scene.bench.send(bra(scene.sequence, status, dialect))
      }
    }

  static let gone: [Transition] =
    [Scene.Start.acknowledged, .exhausted].flatMap { start in
      [
        // RFC 3775 9.3.1: its Home Address option has no binding.
        Transition(start, "BRA(S)", silently(.gone) + [Outcome([.be(1)], .gone)], silently(.gone)) { scene, dialect in
          scene.bench.send(bra(scene.sequence, 0, dialect))
        },
        Transition(start, "BU(0)", [Outcome([.ba(133, 11)], .gone)]) { scene, _ in scene.bench.send(bu(11, lifetime: 0)) },
        Transition(start, "BU(>0), any sequence", [Outcome([.ba(0, 1, lifetime: 50)], .registered(1))]) { scene, _ in
          scene.bench.send(bu(1, lifetime: 50))
        },
        Transition(start, "trigger", silently(.gone)) { scene, _ in trigger(scene) },
      ]
    } + [
      Transition(.deregistered, "BRA(S)", silently(.gone) + [Outcome([.be(1)], .gone)], silently(.invalid(11))) { scene, dialect in
        scene.bench.send(bra(scene.sequence, 0, dialect))
      },
      // The same again, and the next one of a UE that has lost the BA.
      Transition(
        .deregistered, "duplicate BU(0)", [Outcome([.ba(133, 11)], .gone)],
        [Outcome([.ba(0, 11)], .invalid(11)), Outcome([.ba(135, 11)], .invalid(11))]
      ) { scene, _ in scene.bench.send(bu(11, lifetime: 0)) },
      Transition(
        .deregistered, "BU(0), seq + 1", [Outcome([.ba(133, 12)], .gone)],
        [Outcome([.ba(0, 12)], .invalid(12)), Outcome([.ba(133, 12)], .invalid(11))]
      ) { scene, _ in scene.bench.send(bu(12, lifetime: 0)) },
      Transition(
        .deregistered, "delayed BU(>0), old sequence", [Outcome([.ba(0, 10, lifetime: 50)], .registered(10))],
        [Outcome([.ba(135, 11)], .invalid(11))]
      ) { scene, _ in scene.bench.send(bu(10, lifetime: 50)) },
      Transition(.deregistered, "BU(>0), greater sequence", [Outcome([.ba(0, 12, lifetime: 50)], .registered(12))]) { scene, _ in
        scene.bench.send(bu(12, lifetime: 50))
      },
      Transition(.deregistered, "trigger", silently(.invalid(11))) { scene, _ in trigger(scene) },
      Transition(.deregistered, "10 s (RFC 6275)", silently(.gone)) { scene, _ in scene.bench.pass(10) },
    ]

  @Test(arguments: registered + revoking + gone, Dialect.allCases)
  func transition(row: Transition, dialect: Dialect) {
    var scene = Scene(row.start, dialect)
    row.happen(scene, dialect)
    let sent = scene.bench.drain()
    scene.takeIndication(from: sent)
    let allowed = (dialect == .draft01 ? row.draft01 : row.rfc5846).filter { scene.isDone($0.actions, by: sent) }
    #expect(!allowed.isEmpty, "sent \(sent.map { "\($0.dissection.messageKind?.name ?? "-") \($0[.baStatus] ?? $0[.beStatus] ?? 0)" })")
    let contradictions = allowed.map { scene.contradiction(to: $0.next) }
    #expect(contradictions.contains(nil), "\(contradictions.compactMap { $0 })")
  }
}
