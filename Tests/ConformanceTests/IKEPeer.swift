import Conformance
import Judging
import Link
import Security
import Wire

/// A device that speaks IKEv2 and nothing else: it answers, and begins or deletes when it is told to.
struct IKEPeer: Station {
  private let own: IPv6Address
  private let tester: IPv6Address
  private let hardware: MACAddress
  private var neighbours: NeighbourDiscovery
  private var endpoint: IKEEndpoint
  private var handle: UInt64?

  static let testerHardware = MACAddress(0x0200_0000_0001)
  static let hardware = MACAddress(0x0200_0000_0002)

  /// What the device says goes wrong: it changes what it is told.
  init(_ device: Device, secret: String, _ change: (inout IKEConfiguration) -> Void = { _ in }) {
    let isHA = device.role == .ha
    (own, tester) = isHA ? (device.homeAgent, device.careOf[0]) : (device.careOf[0], device.homeAgent)
    hardware = Self.hardware
    neighbours = NeighbourDiscovery(ports: [Self.hardware])
    if let ipv4 = own.ipv4 { neighbours.own(ipv4, on: 0) } else { neighbours.own(own, on: 0) }
    var configuration = IKEConfiguration(
      .domainName("device.example.org"), .sharedKey(Array(secret.utf8)), .sharedKey(Array(secret.utf8)),
      [IKEProposal([.aesCBC(keyBits: 256)], [.hmacSHA2_256_128], [.hmacSHA2_256], [.modp2048])])
    change(&configuration)
    endpoint = IKEEndpoint(configuration, generator: SeededGenerator(seed: 77))
  }

  /// A link with the device at its other end.
  static func network(
    _ device: Device, secret: String, _ change: (inout IKEConfiguration) -> Void = { _ in }
  ) -> SimulatedNetwork {
    let network = SimulatedNetwork(
      addresses: [testerHardware], allowing: device.addressGuard, seed: 1, start: Instant(nanoseconds: 1_704_067_200_000_000_000))
    _ = network.attach(IKEPeer(device, secret: secret, change), to: [0])
    return network
  }

  mutating func receive(_ frame: Span<UInt8>, on port: Int, at now: Instant, _ outbox: inout Outbox) {
    var dissection = Dissection()
    Decoder(dialect: .rfc5846).decode(frame, into: &dissection)
    if neighbours.receive(frame, dissection, on: 0, &outbox) { return }
    guard let datagram = IKEDatagram(frame, dissection) else { return }
    act(at: now, &outbox) { $0.receive(datagram, at: now, &$1) }
  }

  mutating func wake(at now: Instant, _ outbox: inout Outbox) {
    neighbours.wake(at: now, &outbox)
    act(at: now, &outbox) { $0.wake(at: now, &$1) }
  }

  var nextDeadline: Instant { min(neighbours.nextDeadline, endpoint.nextDeadline) }

  mutating func command(_ line: String, at now: Instant, _ outbox: inout Outbox) -> String {
    let ends = [own, tester].map { UDPAddress($0.ipv4.map { .ipv4($0) } ?? .ipv6($0), port: 500) }
    switch line {
    case "register":
      var begun: UInt64 = 0
      act(at: now, &outbox) { begun = $0.initiate(from: ends[0], to: ends[1], at: now, &$1) }
      handle = begun
    case "detach":
      guard let handle else { return "error nothing to detach" }
      act(at: now, &outbox) { $0.delete(handle, at: now, &$1) }
    default: return "error no such command"
    }
    return "ok"
  }

  private mutating func act(at now: Instant, _ outbox: inout Outbox, _ body: (inout IKEEndpoint, inout IKEOutput) -> Void) {
    var output = IKEOutput()
    body(&endpoint, &output)
    for datagram in output.datagrams {
      guard var packet = datagram.packet else { continue }
      packet.headers.insert(.ethernet(from: hardware, to: MACAddress(0)), at: 0)
      switch datagram.destination.host {
      case .ipv6(let address): neighbours.send(packet.encoded(), to: address, on: 0, at: now, &outbox)
      case .ipv4(let address): neighbours.send(packet.encoded(), to: address, on: 0, at: now, &outbox)
      }
    }
  }
}
