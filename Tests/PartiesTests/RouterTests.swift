import Link
import Parties
import Testing
import Wire

@Suite("Router of the access network")
struct RouterTests {
  @Test("an advertisement has what RFC 4861 4.2, 4.6.1, 4.6.2 and RFC 8106 5.1 draw, octet by octet")
  func octetByOctet() {
    var scene = AccessScene()
    scene.run(for: .zero)
    // Drawn by hand from the figures; checksums by tshark (SecondDecoderTests) and the decoder.
    var expected = octets(
      """
      333300000001 020000000100 86dd
      60000000 0050 3a ff fe80000000000000 0000 00ff fe00 0100 ff02 0000000000000000000000000001
      86 00 0000 40 00 0708 00000000 00000000
      01 01 020000000100
      03 04 40 c0 00001c20 00000e10 00000000 20010db8000b00000000000000000000
      19 03 0000 00000708 20010db8000b00000000000000000001
      """)
    #expect(scene.sent.count == 1)
    let frame = scene.sent.first?.frame ?? []
    #expect(frame.count == expected.count)
    for index in [56, 57] where frame.count == expected.count { expected[index] = frame[index] }
    #expect(frame == expected)
    #expect(Seen(frame).dissection.isSound)
  }

  @Test("flags are those of the configuration; without a name server there is no such option; without a prefix nothing")
  func flags() {
    var configuration = AccessScene.configuration
    configuration.isManaged = true
    configuration.hasOtherConfiguration = true
    configuration.isOnLink = false
    configuration.isAutonomous = false
    configuration.names = nil
    var scene = AccessScene(configuration)
    scene.run(for: .zero)
    let seen = Seen(scene.sent.first?.frame ?? [])
    #expect(seen["ra.m"] == 1 && seen["ra.o"] == 1 && seen["prefix-information.l"] == 0 && seen["prefix-information.a"] == 0)
    #expect(seen["rdnss.lifetime"] == nil && seen["prefix-information.prefix-length"] == 64)

    configuration.prefix = nil
    var none = AccessScene(configuration)
    none.run(for: .seconds(7200))
    #expect(none.sent.isEmpty && none.access.nextDeadline == .distantFuture)
    #expect(none.receive(AccessScene.solicitation()).isEmpty && none.access.nextDeadline == .distantFuture)
  }

  @Test("unasked it speaks at once, twice more within 16 s each, then every 200 to 600 s", arguments: [1, 2, 3] as [UInt64])
  func intervals(_ seed: UInt64) {
    var scene = AccessScene(seed: seed)
    scene.run(for: .seconds(20_000))
    let gaps = zip(scene.sent, scene.sent.dropFirst()).map { $1.time - $0.time }
    #expect(scene.sent.first?.time == AccessScene.start && gaps.count > 30)
    #expect(gaps.prefix(2).allSatisfy { $0 <= .seconds(16) && $0 >= .seconds(3) })
    #expect(gaps.dropFirst(2).allSatisfy { $0 >= .seconds(200) && $0 <= .seconds(600) })
    #expect(Set(gaps.map(\.nanoseconds)).count > 10, "they differ")
    var again = AccessScene(seed: seed)
    again.run(for: .seconds(20_000))
    #expect(again.sent.map(\.frame) == scene.sent.map(\.frame) && again.sent.map(\.time) == scene.sent.map(\.time))
  }

  @Test("a solicitation is answered to its source within half a second; one from nowhere to all, three seconds after the last of these")
  func solicited() {
    var scene = AccessScene()
    scene.run(for: .seconds(60))
    let before = scene.sent.count
    scene.receive(AccessScene.solicitation())
    scene.receive(AccessScene.solicitation())
    scene.run(for: .milliseconds(500))
    #expect(scene.sent.count == before + 1, "asked twice, answered once")
    let answer = Seen(scene.sent.last?.frame ?? [])
    #expect(answer[.ipv6Destination] == AccessScene.clientLinkLocal.value && answer["ra.router-lifetime"] == 1800)
    #expect(answer[.ethernetDestination] == UInt128(AccessScene.client.value))

    scene.receive(AccessScene.solicitation(from: .unspecified))
    scene.run(for: .milliseconds(500))
    #expect(Seen(scene.sent.last?.frame ?? [])[.ipv6Destination] == IPv6Address.allNodes.value)
    let first = scene.sent.last?.time ?? scene.now
    scene.receive(AccessScene.solicitation(from: .unspecified))
    scene.run(for: .seconds(4))
    #expect(scene.sent.count == before + 3)
    #expect((scene.sent.last?.time ?? first) - first >= .seconds(3))
    #expect(scene.access.nextDeadline - (scene.sent.last?.time ?? first) >= .seconds(200), "it was an advertisement like any other")
  }

  @Test("whoever waits for an advertisement to all is answered by one that nobody asked for; no two come within three seconds")
  func crossing() {
    for seed in 1...40 as ClosedRange<UInt64> {
      var scene = AccessScene(seed: seed)
      for _ in 0..<100 {
        scene.receive(AccessScene.solicitation(from: .unspecified))
        scene.run(for: .milliseconds(700))
      }
      let times = scene.sent.map(\.time)
      #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 >= .seconds(3) }, "seed \(seed)")
      #expect(times.count > 15, "seed \(seed)")
    }
  }

  @Test("what RFC 4861 6.1.1 wants discarded is; a source that is none of the UE's hears it with everybody")
  func discarded() {
    var scene = AccessScene()
    scene.run(for: .seconds(60))
    let before = scene.sent.count
    var wrong = AccessScene.solicitation()
    wrong[wrong.count - 1] ^= 1
    for frame in [
      AccessScene.solicitation(hopLimit: 254), AccessScene.solicitation(code: 1), wrong, Array(AccessScene.solicitation().prefix(58)),
      AccessScene.solicitation(from: address("ff02::1")),
    ] { scene.receive(frame) }
    scene.run(for: .seconds(5))
    #expect(scene.sent.count == before)
    scene.receive(AccessScene.solicitation(from: address("2001:db8:dead::1")))
    scene.run(for: .seconds(5))
    #expect(scene.sent.count == before + 1)
    #expect(Seen(scene.sent.last?.frame ?? [])[.ipv6Destination] == IPv6Address.allNodes.value)
  }

  @Test("it ends with a lifetime of zero, and says nothing more by itself")
  func ends() {
    var scene = AccessScene()
    scene.run(for: .seconds(1))
    var outbox = Outbox()
    scene.access.cease(on: 0, &outbox)
    #expect(outbox.items.count == 1)
    let seen = Seen(outbox.items.first?.frame ?? [])
    #expect(seen["ra.router-lifetime"] == 0 && seen["rdnss.lifetime"] == 0 && seen[.ipv6Destination] == IPv6Address.allNodes.value)
    #expect(scene.access.nextDeadline == .distantFuture)
  }

  @Test("Neighbour Discovery answers for its addresses, as a router's")
  func claims() {
    let scene = AccessScene()
    var neighbours = NeighbourDiscovery(ports: [AccessScene.network])
    scene.access.claim(in: &neighbours, on: 0)
    for own in ["fe80::ff:fe00:100", "2001:db8:b::1"] {
      #expect(neighbours.owns(address(own), on: 0), "\(own)")
      let question = Packet([
        .ethernet(from: AccessScene.client, to: MACAddress(multicast: address(own).solicitedNode)),
        .ipv6(from: AccessScene.clientLinkLocal, to: address(own).solicitedNode, hopLimit: 255),
        .init(
          .neighbourSolicitation, .rfc5846, [(.solicitedTarget, address(own).value)],
          options: [.linkLayerAddress(type: 1, AccessScene.client)]),
      ]).encoded()
      var outbox = Outbox()
      neighbours.receive(question.span, Seen(question).dissection, on: 0, &outbox)
      #expect(Seen(outbox.items.first?.frame ?? [])["na.r"] == 1)
    }
    #expect(neighbours.owns(ipv4("10.99.0.1"), on: 0) && !neighbours.owns(ipv4("10.99.0.2"), on: 0))
  }
}
