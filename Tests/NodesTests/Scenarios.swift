import Wire

@testable import Nodes

/// What happens to a Home Agent in the comparisons of defects and variations: every procedure, and every circumstance that a modifier names.
let homeAgentScenarios: [@Sendable (Bench<ReferenceHomeAgent>, Dialect) -> Void] = [
  // Twice revoked without an answer, with the home link asking all the while.
  { bench, _ in
    for sequence in [UInt16(10), 20] {
      bench.register(sequence)
      bench.register(sequence, home: bystander)
      bench.command("revoke \(home)")
      watch(bench, seconds: 5)
    }
  },
  // Two outstanding at once.
  { bench, _ in
    bench.register(10)
    bench.register(10, home: bystander)
    bench.command("revoke \(home)")
    bench.command("revoke \(bystander)")
    watch(bench, seconds: 5)
  },
  // Twice revoked and acknowledged; before that a BRA that nobody waits for.
  { bench, dialect in
    for sequence in [UInt16(10), 20] {
      bench.register(sequence)
      bench.register(sequence, home: bystander)
      bench.command("revoke \(home)")
      let number = bench.sent.last { $0.dissection.messageKind == .bri }?[.briSequence] ?? 0
      watch(bench, seconds: 0.2)
      bench.send(bra(number ^ 0x4000, 0, dialect))
      watch(bench, seconds: 0.2)
      bench.send(bra(number, 0, dialect))
      watch(bench, seconds: 10)
    }
  },
  // A BRI of number 65535, after a malformed message.
  { bench, _ in
    bench.register(10)
    bench.send(bu(11, lifetime: 0).withWrongChecksum())
    bench.node.nextSequence = 65_535
    bench.command("revoke \(home)")
    watch(bench, seconds: 5)
    bench.node.nextSequence = 65_535
    bench.register(20)
    bench.command("revoke \(home)")
    bench.send(bra(65_534, 0, bench.dialect))
    watch(bench, seconds: 0.1)
    bench.send(bra(65_535, 0, bench.dialect))
    watch(bench, seconds: 10)
  },
  // Twice de-registered, the second time with an Alternate Care-of Address that is not the source, after a malformed message.
  { bench, _ in
    bench.register(10)
    bench.register(10, home: bystander)
    bench.send(bu(11, lifetime: 0))
    watch(bench, seconds: 12)
    bench.register(12)
    bench.send(bu(13, lifetime: 0).with(.mhPayloadProto, 6))
    bench.send(bu(13, lifetime: 0).with(.alternateCareOfAddress, elsewhere.value))
    watch(bench, seconds: 12)
    bench.register(65_534)
    bench.send(bu(65_535, lifetime: 0).with(.alternateCareOfAddress, elsewhere.value))
    watch(bench, seconds: 12)
  },
  // The race.
  { bench, dialect in
    bench.register(10)
    bench.command("revoke \(home)")
    watch(bench, seconds: 0.3)
    bench.send(bu(11, lifetime: 0).with(.alternateCareOfAddress, elsewhere.value))
    watch(bench, seconds: 5)
    bench.register(30)
    bench.command("revoke \(home)")
    watch(bench, seconds: 1.2)
    bench.send(bu(31, lifetime: 0))
    watch(bench, seconds: 5)
  },
  // The end of a lifetime, before and after a malformed message; unknown messages.
  { bench, _ in
    for sequence in [UInt16(10), 20] {
      bench.register(sequence, lifetime: 1)
      bench.send(bu(1, lifetime: 0).with(.mhType, 99))
      watch(bench, seconds: 6)
      bench.send(Packet([.ipv6(from: careOf, to: homeAgent), .homeAddress(home), .icmpv6(type: 128, code: 0)]))
      bench.send(bu(1, lifetime: 0).with(.mhType, 99))
    }
  },
  // Numbers that wrap while a binding stands; a lifetime of 16 s with the home link asking; then a number that would be old, and a BU(0) for
  // nothing.
  { bench, _ in
    bench.register(65_535, lifetime: 4)
    bench.register(0, lifetime: 4)
    watch(bench, seconds: 20)
    bench.send(bu(64_000, lifetime: 0))
    bench.register(64_000, lifetime: 4)
    watch(bench, seconds: 20)
  },
]

/// BUs that are to be dropped, refused or skipped over.
private let wrongUpdates: [@Sendable (UInt16) -> Packet] = [
  { bu($0, lifetime: 0).withWrongChecksum() }, { bu($0, lifetime: 0).with(.mhHeaderLen, 0) },
  { bu($0, lifetime: 0).with(.mhPayloadProto, 6) },
  { bu($0, lifetime: 0).with(.mhReserved, 1) }, { bu($0, lifetime: 0).with(options: [.unknownMobilityOption(type: 200, data: [1])]) },
  { bu($0, lifetime: 0).with(.buH, 0) }, { bu($0, lifetime: 0).with(options: [Packet.Option(.nonceIndices)]) },
  { bu($0 &- 5, lifetime: 0) }, { bu($0, lifetime: 0, home: .allNodes) }, { bu($0, lifetime: 0, home: address("2001:db8:c::1")) },
  { bu($0, lifetime: 0).with(.ipv6Source, IPv6Address.allNodes.value) },
  { bu($0, lifetime: 0).with(.alternateCareOfAddress, IPv6Address.allNodes.value) },
]

/// One of them on its first, second, wrapping and after-error occasion, the right one behind each.
private func meet(_ message: (UInt16) -> Packet, _ bench: Bench<ReferenceHomeAgent>, isRace: Bool) {
  for start in [UInt16(10), 20, 65_534, 65_533, 4] {
    bench.register(start)
    if isRace { bench.command("revoke \(home)") }
    bench.send(message(start &+ 1))
    watch(bench, seconds: 0.1)
    bench.send(bu(start &+ 2, lifetime: 0))
    watch(bench, seconds: 12)
  }
  bench.register(3)
  bench.send(bu(4, lifetime: 0).withWrongChecksum())
  bench.send(message(4))
  watch(bench, seconds: 12)
}

private let downlinks = [home, bystander].map { destination in
  downlink(to: destination).inserting(.ethernet(from: testerHardware, to: nodeHardware[1]), at: 0).encoded()
}

/// Lets time pass, while a correspondent asks for both home addresses.
private func watch(_ bench: Bench<ReferenceHomeAgent>, seconds: Double) {
  for _ in 0..<4 {
    bench.pass(seconds / 4)
    for frame in downlinks { bench.send(frame: frame, on: 1) }
  }
}

/// The same for a UE.
let userEquipmentScenarios: [@Sendable (Bench<ReferenceUserEquipment>, Dialect) -> Void] = [
  // Twice revoked, with copies, then nothing but time.
  { bench, dialect in
    for sequence in [UInt16(0x7001), 0x7002] {
      bench.register(lifetime: 2)
      bench.register(lifetime: 2, home: bystander)
      bench.send(bri(sequence, dialect))
      bench.pass(1)
      bench.send(bri(sequence, dialect))
      bench.pass(12)
      bench.command("reset")
    }
  },
  // Number 65535, after a malformed message.
  { bench, dialect in
    bench.register()
    bench.send(bri(5, dialect).withWrongChecksum())
    bench.send(bri(65_535, dialect))
    bench.pass(20)
    bench.register(lifetime: 2)
    bench.send(bri(0, dialect))
    bench.pass(20)
  },
  // Twice detached: without an answer, with one; then with number 65535 after a malformed message.
  { bench, dialect in
    bench.register()
    bench.register(home: bystander)
    bench.command("detach \(home)")
    bench.pass(4)
    bench.command("reset")
    bench.node.histories[home]?.updateSequence = 65_533
    bench.register()
    bench.send(bri(5, dialect).withWrongChecksum())
    bench.command("detach \(home)")
    bench.pass(4)
  },
  // The race.
  { bench, dialect in
    bench.register()
    bench.command("detach \(home)")
    bench.send(bri(0x7001, dialect))
    bench.pass(0.5)
    bench.send(bri(0x7001, dialect))
    bench.pass(5)
  },
  // A BA that matches nothing, and three of status 135, while the UE detaches.
  { bench, _ in
    bench.register()
    bench.command("detach \(home)")
    let number = UInt128(bench.node.histories[home]?.updateSequence ?? 0)
    bench.send(ba(number ^ 0x4000, 0, lifetime: 0))
    bench.pass(1.5)
    for offset in [UInt128(0x100), 0x200, 0x300] {
      bench.send(ba((number + offset) & 0xffff, 135, lifetime: 0))
      bench.pass(0.1)
    }
    bench.pass(4)
  },
]

/// BRIs that are to be dropped, refused or skipped over.
private let wrongIndications: [@Sendable (UInt16, Dialect) -> Packet] = [
  { bri($0, $1).withWrongChecksum() }, { bri($0, $1).with(.mhHeaderLen, 0) }, { bri($0, $1).with(.mhPayloadProto, 6) },
  { bri($0, $1).with(.mhReserved, 1) }, { bri($0, $1).with(options: [.unknownMobilityOption(type: 200, data: [1])]) },
  { bri($0, $1).with(.briP, 1) }, { bri($0, $1).with(.briV, 1) }, { bri($0, $1, home: foreignHome) }, { bri($0, $1, from: stranger) },
  { bri($0, $1).with(.mhType, 99) }, { segments(0, $0, $1) }, { segments(2, $0, $1) }, { bri($0, $1).with(.briTrigger, 2) },
  { bri($0, $1).with(.briG, 1) }, { bri($0, $1).with(.briTrigger, 8) }, { bri($0, $1).with(.briTrigger, 128) },
  { bri($0, $1, home: .allNodes) }, { bri($0, $1, from: .allNodes) }, { bri($0, $1, from: .allNodes).with(.mhType, 99) },
  { segments(1, $0, $1) },
]

/// One of them on its first, second, wrapping and after-error occasion, the right one behind each.
private func meet(_ message: (UInt16, Dialect) -> Packet, _ bench: Bench<ReferenceUserEquipment>, _ dialect: Dialect) {
  for sequence in [UInt16(0x7001), 0x7002, 0, 65_535] {
    bench.register()
    bench.send(message(sequence, dialect))
    bench.pass(9)
    bench.send(bri(0x7100 | sequence & 0xff, dialect))
    bench.pass(9)
  }
  bench.register()
  bench.send(bri(5, dialect).withWrongChecksum())
  bench.send(message(0x7003, dialect))
  bench.pass(9)
}

private func segments(_ left: UInt128, _ sequence: UInt16, _ dialect: Dialect) -> Packet {
  Packet([
    .ipv6(from: homeAgent, to: careOf), .routing(to: home),
    .message(.bri, dialect, [(.briSequence, UInt128(sequence)), (.briTrigger, 1), (.briA, 1)]),
  ]).with(.segmentsLeft, left)
}

/// Everything that a node sends in each scenario, with a fresh node each, for as long as `isWanted` says so of the scenario before.
@discardableResult
func trace(
  _ role: NodeRole, _ dialect: Dialect, _ change: (inout NodeConfiguration) -> Void,
  while isWanted: (Int, [Sent]) -> Bool = { _, _ in true }
) -> [[Sent]] {
  var traces: [[Sent]] = []
  var goesOn = true
  func note(_ sent: [Sent]) {
    goesOn = isWanted(traces.count, sent)
    traces.append(sent)
  }
  switch role {
  case .homeAgent:
    func run(_ scenario: (Bench<ReferenceHomeAgent>) -> Void) {
      guard goesOn else { return }
      let bench = Bench(homeAgent: dialect, change)
      scenario(bench)
      note(bench.sent)
    }
    for scenario in homeAgentScenarios { run { scenario($0, dialect) } }
    for message in wrongUpdates {
      for isRace in [false, true] { run { meet(message, $0, isRace: isRace) } }
    }
  case .userEquipment:
    func run(_ scenario: (Bench<ReferenceUserEquipment>) -> Void) {
      guard goesOn else { return }
      let bench = Bench(userEquipment: dialect, change)
      scenario(bench)
      note(bench.sent)
    }
    for scenario in userEquipmentScenarios { run { scenario($0, dialect) } }
    for message in wrongIndications { run { meet(message, $0, dialect) } }
  }
  return traces
}
