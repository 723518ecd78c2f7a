import Testing
import Wire

@testable import Nodes

struct VariationTests {
  private struct Summary: Hashable, CustomStringConvertible {
    var description: String
  }

  /// What a message says, without the numbers and octets that a variation may choose.
  private static func summary(_ sent: Sent) -> Summary? {
    guard let kind = sent.dissection.messageKind else { return nil }
    let fields = [
      sent[.baStatus], sent[.braStatus], sent[.beStatus], sent[.briTrigger], sent[.briA], sent[.briP], sent[.briG], sent[.buH], sent[.buA],
      sent[.homeAddressOption], sent[.routingHomeAddress], sent[.ipv6Destination], sent[.baLifetime].map { $0 == 0 ? 0 : 1 },
      sent[.buLifetime].map { $0 == 0 ? 0 : 1 },
    ]
    return Summary(description: "\(kind.name) \(fields.map { $0.map { String($0, radix: 16) } ?? "-" })")
  }

  /// What they are about is a message more, a message less, another status, or traffic of somebody else.
  private static let otherMessages: Set<Variation.Name> = [
    .slowBRI, .firstBALost, .firstBULost, .baPrefixDiscovery, .silentToLateBRA, .errorsRateLimited, .repeatedDeregistrationAccepted,
    .otherSubscribers,
    .silentWhileDetaching,
    .refusesWhileDetaching, .refusesUnbound, .deregistersAfterBRA,
  ]

  /// Every frame is sound, and every message says what that of a node without the variation says, but where the variation is about just that.
  @Test(arguments: Variation.Name.allCases)
  func lawful(name: Variation.Name) throws {
    let variation = try #require(Variation.all.first { $0.id == name })
    for dialect in Dialect.allCases {
      let varied = trace(variation.role, dialect) { $0.variations = [name] }
      let clean = trace(variation.role, dialect) { _ in }
      let isSound = varied.allSatisfy { $0.allSatisfy { $0.dissection.isSound } }
      #expect(isSound)
      if name == .be1ToHAOBRI, dialect == .draft01 {
        #expect(Set(varied.flatMap { $0 }.compactMap(\.dissection.messageKind)) == [.bu, .be, .bra])
        continue
      }
      if Self.otherMessages.contains(name) { continue }
      let (messages, expected) = (varied.map { Set($0.compactMap(Self.summary)) }, clean.map { Set($0.compactMap(Self.summary)) })
      #expect(messages == expected, "\(dialect.name)")
    }
  }

  /// What a variation is about, seen on the wire.
  @Test func shapes() throws {
    func indication(_ name: Variation.Name) -> [Sent] {
      let bench = Bench(homeAgent: .rfc5846) { $0.variations = [name] }
      bench.register(1, lifetime: 8)
      bench.pass(0.4)
      bench.command("revoke \(home)")
      bench.pass(0.9)
      return bench.drain()
    }
    #expect(indication(.briPaddedWithPad1).last?.bytes.suffix(4) == [0, 0, 0, 0])
    #expect(indication(.slowBRI).last?.time.nanoseconds == 700_000_000)
    #expect(indication(.slowBA).first?.time.nanoseconds == 300_000_000)
    #expect(indication(.grantsLess).first?[.baLifetime] == 4)
    #expect(indication(.baExtraOptions).first?["binding-refresh-advice.refresh-interval"] == 4)
    #expect(indication(.routerNoise).contains { $0.dissection.layer(.routerAdvertisement) != nil && $0.port == 1 })

    #expect(indication(.baPaddedWithPad1).first?.bytes.suffix(4) == [0, 0, 0, 0])
    #expect(indication(.briExtraPadding).last?[.mhHeaderLen] == 2)
    #expect(indication(.baPrefixDiscovery).first?[.baStatus] == 1)
    #expect(indication(.slowRegistrations).first { $0[.baStatus] != nil }?.time.nanoseconds == 600_000_000)
    #expect(indication(.solicitsNeighbours).contains { $0[.solicitedTarget] != nil && $0.port == 1 })
    #expect(indication(.advertisesItself).contains { $0[.advertisedTarget] == homeAgent.value && $0.port == 1 })
    let others = Set(indication(.otherSubscribers).compactMap { $0.dissection.messageKind.map { "\($0.name)" } })
    #expect(others == ["bu", "ba", "bri", "bra"])
    #expect(indication(.markedPackets).last?[.ipv6HopLimit] == 255 && indication(.markedPackets).last?["ipv6.traffic-class"] == 0xc0)

    let wrapping = Bench(homeAgent: .rfc5846) { $0.variations = [.briSequenceWraps] }
    for sequence in [UInt16(1), 2, 3] {
      wrapping.register(sequence)
      wrapping.command("revoke \(home)")
      wrapping.pass(5)
    }
    let numbers = wrapping.drain().compactMap { $0[.briSequence] }
    #expect(numbers == [65_534, 65_534, 65_535, 65_535, 0, 0])

    func acknowledgement(_ name: Variation.Name, _ dialect: Dialect) -> [Sent] {
      let bench = Bench(userEquipment: dialect) { $0.variations = [name] }
      bench.register()
      bench.send(bri(0x7001, dialect))
      bench.pass(0.4)
      bench.send(bri(0x7001, dialect))
      bench.pass(0.4)
      return bench.drain()
    }
    #expect(acknowledgement(.braPaddedWithPad1, .draft01).first?.bytes.suffix(4) == [0, 0, 0, 0])
    #expect(acknowledgement(.slowBRA, .draft01).map(\.time.nanoseconds) == [300_000_000, 700_000_000])
    #expect(acknowledgement(.silentToCopies, .rfc5846).count == 1)
    #expect(acknowledgement(.be1ToHAOBRI, .draft01).map { $0[.beStatus] } == [1, 1])
    #expect(acknowledgement(.be1ToHAOBRI, .rfc5846).map { $0[.braStatus] } == [0, 0])
    #expect(acknowledgement(.neighbourNoise, .rfc5846).contains { $0[.icmpType] == 128 })
  }

  /// What the Home Agent's policy is, where the documents leave it to it.
  @Test(arguments: Dialect.allCases) func policies(dialect: Dialect) throws {
    func bench(_ name: Variation.Name?) -> Bench<ReferenceHomeAgent> {
      let bench = Bench(homeAgent: dialect) { $0.variations = name.map { [$0] } ?? [] }
      bench.register(10)
      return bench
    }
    func afterBRA(_ name: Variation.Name?) -> String {
      let bench = bench(name)
      bench.command("revoke \(home)")
      let number = bench.sent.last { $0.dissection.messageKind == .bri }?[.briSequence] ?? 0
      bench.send(bra(number, 129, dialect))
      return bench.command("state \(home)")
    }
    #expect(afterBRA(nil).hasPrefix("ok bound") && afterBRA(.removesAfterAnyBRA) == "ok unbound")
    func afterRetries(_ name: Variation.Name?) -> String {
      let bench = bench(name)
      bench.command("revoke \(home)")
      bench.pass(4)
      return bench.command("state \(home)")
    }
    #expect(afterRetries(nil) == "ok unbound" && afterRetries(.keptAfterLastCopy).hasPrefix("ok bound"))
    func copyTime(_ name: Variation.Name?) -> Int64? {
      let bench = bench(name)
      bench.command("revoke \(home)")
      bench.pass(1.5)
      return bench.drain().last?.time.nanoseconds
    }
    #expect(copyTime(nil) == 1_000_000_000 && copyTime(.slowCopies) == 1_040_000_000)
    func repeated(_ name: Variation.Name?) -> UInt128? {
      let bench = bench(name)
      bench.send(bu(11, lifetime: 0))
      _ = bench.drain()
      bench.send(bu(11, lifetime: 0))
      return bench.only()?[.baStatus]
    }
    #expect(repeated(nil) == (dialect == .draft01 ? 133 : 135) && repeated(.repeatedDeregistrationAccepted) == 0)
    func late(_ name: Variation.Name?) -> [UInt128?] {
      let bench = bench(name)
      bench.send(bu(11, lifetime: 0))
      _ = bench.drain()
      bench.send(bra(7, 0, dialect))
      return bench.drain().map { $0[.beStatus] }
    }
    #expect(late(nil) == (dialect == .draft01 ? [1] : []) && late(.silentToLateBRA).isEmpty)
    let limited = bench(.errorsRateLimited)
    _ = limited.drain()
    for sequence in 11..<16 { limited.send(bu(UInt16(sequence), lifetime: 0).with(.mhType, 200)) }
    #expect(limited.drain().count == 3)
  }

  /// The same of what a UE does with headers, numbers and times.
  @Test func shapesOfHeadersAndTimes() throws {
    func detach(_ name: Variation.Name) -> [Sent] {
      let bench = Bench(userEquipment: .rfc5846) { $0.variations = [name] }
      bench.register()
      bench.command("detach \(home)")
      bench.pass(1.2)
      return bench.drain().filter { $0.dissection.messageKind == .bu }
    }
    #expect(detach(.buLSet).allSatisfy { $0[.buL] == 1 } && detach(.buKClear).allSatisfy { $0[.buK] == 0 })
    #expect(detach(.lowHopLimit).allSatisfy { $0[.ipv6HopLimit] == 31 })
    #expect(detach(.flowLabelSet).allSatisfy { $0["ipv6.flow-label"] == 0x5_4321 && $0["ipv6.traffic-class"] == 0xb8 })
    #expect(detach(.slowDetach).map(\.time.nanoseconds).first == 300_000_000)
    #expect(detach(.lateRetransmission).map(\.time.nanoseconds) == [0, 1_050_000_000])

    func race(_ name: Variation.Name, _ dialect: Dialect) -> [UInt128?] {
      let bench = Bench(userEquipment: dialect) { $0.variations = [name] }
      bench.register()
      bench.command("detach \(home)")
      bench.send(bri(0x7001, dialect))
      return bench.drain().filter { $0.dissection.messageKind == .bra }.map { $0[.braStatus] }
    }
    #expect(race(.silentWhileDetaching, .draft01) == [])
    #expect(race(.refusesWhileDetaching, .draft01) == [2] && race(.refusesWhileDetaching, .rfc5846) == [128])

    let goodbye = Bench(userEquipment: .rfc5846) { $0.variations = [.deregistersAfterBRA] }
    goodbye.register()
    goodbye.send(bri(0x7001, .rfc5846))
    goodbye.pass(0.5)
    #expect(goodbye.drain().map { $0.dissection.messageKind } == [.bra, .bu])
    goodbye.command("register \(home)")
    #expect(goodbye.only()?[.buLifetime] == 900)

    let lossy = Bench(userEquipment: .rfc5846) { $0.variations = [.firstBULost] }
    lossy.command("register \(home)")
    #expect(lossy.drain().isEmpty)
    lossy.pass(1)
    #expect(lossy.only()?[.buLifetime] == 900)

    let forgetful = Bench(homeAgent: .rfc5846) { $0.variations = [.firstBALost] }
    forgetful.send(bu(10, lifetime: 150))
    #expect(forgetful.drain().isEmpty && forgetful.command("state \(home)").hasPrefix("ok bound"))
    forgetful.send(bu(11, lifetime: 150))
    #expect(forgetful.only()?[.baStatus] == 0)

    let unbound = Bench(userEquipment: .rfc5846) { $0.variations = [.refusesUnbound] }
    unbound.send(bri(0x7001, .rfc5846))
    #expect(unbound.only()?[.braStatus] == 128)
  }

  /// A UE that answers Binding Error 1 to the option takes the routing header.
  @Test func takesRoutingHeader() {
    let bench = Bench(userEquipment: .draft01) { $0.variations = [.be1ToHAOBRI] }
    bench.register()
    bench.send(
      Packet([
        .ipv6(from: homeAgent, to: careOf), .routing(to: home),
        .message(.bri, .draft01, [(.briSequence, 0x7001), (.briTrigger, 1), (.briA, 1)]),
      ]))
    #expect(bench.only()?[.braStatus] == 0)
  }

  /// A UE that revokes nothing on a BRI in a Home Address option leaves no sentence open that it could have shown otherwise; a lost BA only the
  /// sentence that it was to decide; a goodbye only that of the DELETE behind a BRA.
  @Test func undecided() {
    for variation in Variation.all {
      let (draft, rfc) = (variation.inconclusive[.draft01] ?? [:], variation.inconclusive[.rfc5846] ?? [:])
      #expect([draft, rfc].allSatisfy { $0.values.allSatisfy { !$0.isEmpty } })
      switch variation.id {
      case .be1ToHAOBRI: #expect(draft.count == 32 && rfc.isEmpty)
      case .deregistersAfterBRA: #expect(Set(draft.keys) == ["24303-5.4.2.1-06"] && Set(rfc.keys) == ["24303-5.4.2.1-06"])
      case .firstBALost: #expect(Set(draft.keys) == ["M-08c"] && Set(rfc.keys) == ["M-08c"])
      default: #expect(draft.isEmpty && rfc.isEmpty)
      }
      #expect(draft.keys.allSatisfy { !$0.hasPrefix("24303-5.4.2.2") && !$0.hasPrefix("M-1") })
    }
  }

  @Test func parsing() throws {
    #expect(try Variation.named("slow-bra", role: .userEquipment).id == .slowBRA)
    #expect(throws: VariationError.unknown("slow-bro", nearest: ["slow-bra"])) { try Variation.named("slow-bro", role: .userEquipment) }
    #expect(throws: VariationError.wrongRole("slow-bra", asked: .homeAgent)) { try Variation.named("slow-bra", role: .homeAgent) }
    #expect(Set(Variation.all.map(\.id)) == Set(Variation.Name.allCases))
  }
}
