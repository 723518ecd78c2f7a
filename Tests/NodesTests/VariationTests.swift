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
        #expect(Set(varied.flatMap { $0 }.compactMap(\.dissection.messageKind)) == [.bu, .be])
        continue
      }
      // What these are about: another status of the BA, no Binding Error, BAs to a repeated BU(0), traffic of somebody else.
      let ownMessages: Set<Variation.Name> = [
        .baPrefixDiscovery, .silentToLateBRA, .errorsRateLimited, .repeatedDeregistrationAccepted, .otherSubscribers,
      ]
      guard !ownMessages.contains(name) else { continue }
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

  /// A UE that revokes nothing on a BRI in a Home Address option leaves no sentence open that it could have shown otherwise.
  @Test func undecided() {
    for variation in Variation.all {
      let open = variation.inconclusive[.draft01] ?? [:]
      #expect(variation.inconclusive[.rfc5846] == nil && open.values.allSatisfy { !$0.isEmpty })
      #expect(open.count == (variation.id == .be1ToHAOBRI ? 26 : 0))
      #expect(open.keys.allSatisfy { !$0.hasPrefix("24303-5.4.2.2") && !$0.hasPrefix("M-1") })
    }
  }

  @Test func parsing() throws {
    #expect(try Variation.named("slow-bra", role: .userEquipment).id == .slowBRA)
    #expect(throws: VariationError.unknown("slow-bro", nearest: ["slow-bra"])) { try Variation.named("slow-bro", role: .userEquipment) }
    #expect(throws: VariationError.wrongRole("slow-bra", asked: .homeAgent)) { try Variation.named("slow-bra", role: .homeAgent) }
    #expect(Set(Variation.all.map(\.id)) == Set(Variation.Name.allCases))
  }
}
