import Testing
import Wire

@testable import Link

@Suite("Neighbour Discovery and ARP")
struct NeighbourDiscoveryTests {
  let alice = MACAddress(0x0200_0000_000a)
  let bob = MACAddress(0x0200_0000_000b)
  let aliceAddress = IPv6Address(0x2001_0db8 << 96 | 0xa)
  let bobAddress = IPv6Address(0x2001_0db8 << 96 | 0xb)
  let start = Instant(nanoseconds: 0)

  private func receive(_ party: inout NeighbourDiscovery, _ frame: [UInt8]) -> [[UInt8]] {
    var outbox = Outbox()
    var dissection = Dissection()
    Decoder(dialect: .rfc5846).decode(frame.span, into: &dissection)
    party.receive(frame.span, dissection, on: 0, &outbox)
    return outbox.items.map(\.frame)
  }

  private func value(_ path: FieldPath, _ frame: [UInt8]) -> UInt128? {
    var dissection = Dissection()
    Decoder(dialect: .rfc5846).decode(frame.span, into: &dissection)
    #expect(dissection.isSound)
    return dissection.value(path, in: frame.span)
  }

  private func data(from source: IPv6Address, to destination: IPv6Address) -> [UInt8] {
    Packet([.ethernet(from: alice, to: MACAddress(0)), .ipv6(from: source, to: destination), .udp(from: 1, to: 2)], payload: [1]).encoded()
  }

  @Test func twoPartiesFindEachOther() throws {
    var a = NeighbourDiscovery(ports: [alice])
    var b = NeighbourDiscovery(ports: [bob])
    a.own(aliceAddress, on: 0)
    b.own(bobAddress, on: 0)
    var outbox = Outbox()
    a.send(data(from: aliceAddress, to: bobAddress), to: bobAddress, on: 0, at: start, &outbox)
    a.send(data(from: aliceAddress, to: bobAddress), to: bobAddress, on: 0, at: start, &outbox)
    #expect(outbox.items.count == 1)
    let question = try #require(outbox.items.first?.frame)
    #expect(value(.solicitedTarget, question) == bobAddress.value)
    #expect(value(.ipv6Destination, question) == bobAddress.solicitedNode.value)
    #expect(value(.ethernetDestination, question) == UInt128(MACAddress(multicast: bobAddress.solicitedNode).value))
    let answers = receive(&b, question)
    #expect(answers.count == 1)
    #expect(value(.advertisedSolicited, answers[0]) == 1 && value(.ethernetDestination, answers[0]) == UInt128(alice.value))
    let released = receive(&a, answers[0])
    #expect(released.count == 2)
    #expect(released.allSatisfy { value(.ethernetDestination, $0) == UInt128(bob.value) })
    #expect(a.linkAddress(of: bobAddress, on: 0) == bob && b.linkAddress(of: aliceAddress, on: 0) == alice)
    #expect(a.nextDeadline == .distantFuture)
  }

  @Test func aSilentNeighbourIsAskedThreeTimes() {
    var party = NeighbourDiscovery(ports: [alice])
    party.own(aliceAddress, on: 0)
    var outbox = Outbox()
    for _ in 0..<10 { party.send(data(from: aliceAddress, to: bobAddress), to: bobAddress, on: 0, at: start, &outbox) }
    #expect(outbox.items.count == 1 && party.dropped == 2)
    for second in 1...3 {
      #expect(party.nextDeadline == start + .seconds(Double(second)))
      party.wake(at: party.nextDeadline, &outbox)
    }
    #expect(outbox.items.count == 3 && party.dropped == 10)
    #expect(party.nextDeadline == .distantFuture)
    #expect(party.unanswered.map(\.address) == ["2001:db8::b"])
  }

  @Test func aPrefixAnswersForEveryHomeAddressInIt() {
    var party = NeighbourDiscovery(ports: [alice])
    party.own(prefix: aliceAddress, length: 64, on: 0)
    party.setRouter(true, on: 0)
    var asker = NeighbourDiscovery(ports: [bob])
    asker.own(bobAddress, on: 0)
    for offset in [1, 5_000] {
      var outbox = Outbox()
      let home = aliceAddress.advanced(by: offset)
      asker.send(data(from: bobAddress, to: home), to: home, on: 0, at: start, &outbox)
      let answers = receive(&party, outbox.items[0].frame)
      #expect(answers.count == 1 && value(.advertisedTarget, answers[0]) == home.value && value(.advertisedRouter, answers[0]) == 1)
    }
    party.disown(aliceAddress, on: 0)
    #expect(party.owns(aliceAddress, on: 0) && !party.owns(IPv6Address(1), on: 0))
  }

  @Test func duplicateAddressDetectionIsAnsweredToAllNodes() {
    var party = NeighbourDiscovery(ports: [alice])
    party.own(aliceAddress, on: 0)
    let probe = Packet([
      .ethernet(from: bob, to: MACAddress(multicast: aliceAddress.solicitedNode)),
      .ipv6(from: .unspecified, to: aliceAddress.solicitedNode, hopLimit: 255),
      .init(.neighbourSolicitation, .rfc5846, [(.solicitedTarget, aliceAddress.value)]),
    ]).encoded()
    let answers = receive(&party, probe)
    #expect(answers.count == 1 && value(.ipv6Destination, answers[0]) == IPv6Address.allNodes.value)
    #expect(value(.advertisedSolicited, answers[0]) == 0)
  }

  @Test func whatAnotherLinkMaySendIsIgnored() {
    var party = NeighbourDiscovery(ports: [alice])
    party.own(aliceAddress, on: 0)
    var packet = Packet([
      .ethernet(from: bob, to: alice), .ipv6(from: bobAddress, to: aliceAddress, hopLimit: 254),
      .init(.neighbourSolicitation, .rfc5846, [(.solicitedTarget, aliceAddress.value)]),
    ])
    #expect(receive(&party, packet.encoded()).isEmpty)
    packet.set(.ipv6HopLimit, 255)
    let good = packet.encoded()
    #expect(receive(&party, good).count == 1)
    var bad = good
    bad[bad.count - 1] ^= 1
    #expect(receive(&party, bad).isEmpty)
    for count in 0..<good.count { #expect(receive(&party, Array(good.prefix(count))).isEmpty) }
  }

  @Test func anUnaskedAdvertisementTeachesNothingNew() {
    var party = NeighbourDiscovery(ports: [alice])
    party.own(aliceAddress, on: 0)
    func advertisement(_ address: MACAddress, override: UInt128) -> [UInt8] {
      Packet([
        .ethernet(from: address, to: alice), .ipv6(from: bobAddress, to: aliceAddress, hopLimit: 255),
        .init(
          .neighbourAdvertisement, .rfc5846, [(.advertisedTarget, bobAddress.value), (.advertisedOverride, override)],
          options: [.linkLayerAddress(type: 2, address)]),
      ]).encoded()
    }
    _ = receive(&party, advertisement(bob, override: 1))
    #expect(party.linkAddress(of: bobAddress, on: 0) == nil)
    party.enter(bobAddress, bob, on: 0)
    _ = receive(&party, advertisement(alice, override: 0))
    #expect(party.linkAddress(of: bobAddress, on: 0) == bob)
    _ = receive(&party, advertisement(alice, override: 1))
    #expect(party.linkAddress(of: bobAddress, on: 0) == alice)
  }

  @Test func arpFindsAnIPv4Neighbour() throws {
    var a = NeighbourDiscovery(ports: [alice])
    var b = NeighbourDiscovery(ports: [bob])
    let (one, two) = (IPv4Address(0xc000_0201), IPv4Address(0xc000_0202))
    a.own(one, on: 0)
    b.own(two, on: 0)
    var outbox = Outbox()
    a.send([UInt8](repeating: 0, count: 60), to: two, on: 0, at: start, &outbox)
    let answers = receive(&b, try #require(outbox.items.first?.frame))
    #expect(answers.count == 1)
    #expect(receive(&a, answers[0]).count == 1)
    #expect(a.linkAddress(of: two, on: 0) == bob && b.linkAddress(of: one, on: 0) == alice)
  }
}
