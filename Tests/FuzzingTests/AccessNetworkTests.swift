import Conformance
import Judging
import Link
import Parties
import Testing
import Wire

@testable import Fuzzing

/// A host that asks for a router once, and says how many it heard of.
private struct Host: Station {
  private var heard = 0
  private(set) var nextDeadline: Instant

  init(start: Instant) { nextDeadline = start }

  mutating func receive(_ frame: Span<UInt8>, on port: Int, at now: Instant, _ outbox: inout Outbox) {
    var dissection = Dissection()
    Decoder(dialect: .rfc5846).decode(frame, into: &dissection)
    if dissection.layer(.routerAdvertisement) != nil { heard += 1 }
  }

  mutating func wake(at now: Instant, _ outbox: inout Outbox) {
    let own = MACAddress(0x0200_0000_0200)
    let solicitation = Packet([
      .ethernet(from: own, to: MACAddress(0x3333_0000_0002)),
      .ipv6(from: IPv6Address(linkLocal: own), to: IPv6Address("ff02::2") ?? .unspecified, hopLimit: 255),
      .init(.routerSolicitation, .rfc5846, options: [.linkLayerAddress(type: 1, own)]),
    ])
    outbox.send(solicitation.encoded(), on: 0)
    nextDeadline = .distantFuture
  }

  mutating func command(_ line: String, at now: Instant, _ outbox: inout Outbox) -> String { "\(heard)" }
}

@Suite("A campaign plays the access network too") struct AccessNetworkTests {
  @Test("it speaks as a router at once and when it is asked, where the description wants one", arguments: [true, false])
  func advertises(_ isWanted: Bool) throws {
    let side = try Side.of(.ue, "rfc5846")
    let (_, hooks) = try side.node().simulation()
    var device = try side.node().device
    if isWanted { device.network = .init(prefix: IPv6Prefix(IPv6Address(0x2001_0db8_000b << 80), length: 64)) }
    let start = Instant(nanoseconds: 1_704_067_200_000_000_000)
    let network = SimulatedNetwork(addresses: [MACAddress(0x0200_0000_0100)], allowing: device.addressGuard, seed: 1, start: start)
    let host = network.attach(Host(start: start + .seconds(1)), to: [0])
    let setup = try #require(Setup(device, profile: side.profile, suite: suite))
    let driver = Driver(network: network, setup: setup, suite: suite, hooks: hooks)
    while network.now < start + .seconds(2) { driver.pump(until: start + .seconds(2)) }
    driver.pump(until: start + .seconds(3))
    #expect(network.command("heard", toStation: host) == (isWanted ? "2" : "0"))
    #expect(network.refused == 0)
  }
}
