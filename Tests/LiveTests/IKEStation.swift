import Link
import Security
import Wire

/// An IKE endpoint on an interface: it owns its addresses, the kernel has none of them.
final class IKEStation {
  let network: LiveNetwork
  var endpoint: IKEEndpoint
  private(set) var events: [IKEEvent] = []
  private(set) var received: [IKEDatagram] = []
  private var neighbours: NeighbourDiscovery
  private let hardware: MACAddress

  init(_ configuration: IKEConfiguration, seed: UInt64 = 1) throws {
    network = try LiveNetwork(
      interfaces: [StrongSwan.interface], allowing: AddressGuard([StrongSwan.ipv6], [StrongSwan.ipv4]), capturesOutgoing: false)
    hardware = network.address(ofPort: 0)
    neighbours = NeighbourDiscovery(ports: [hardware])
    neighbours.own(StrongSwan.testerIPv6, on: 0)
    neighbours.own(StrongSwan.testerIPv4, on: 0)
    endpoint = IKEEndpoint(configuration, generator: SeededGenerator(seed: seed))
  }

  /// Does something with the endpoint, and sends what comes of it.
  func act(_ body: (inout IKEEndpoint, Instant, inout IKEOutput) -> Void) {
    var output = IKEOutput()
    body(&endpoint, network.now, &output)
    events += output.events
    var outbox = Outbox()
    for datagram in output.datagrams {
      guard var packet = datagram.packet else { continue }
      packet.headers.insert(.ethernet(from: hardware, to: MACAddress(0)), at: 0)
      switch datagram.destination.host {
      case .ipv6(let address): neighbours.send(packet.encoded(), to: address, on: 0, at: network.now, &outbox)
      case .ipv4(let address): neighbours.send(packet.encoded(), to: address, on: 0, at: network.now, &outbox)
      }
    }
    send(outbox)
  }

  /// Sends a packet that begins with its IPv6 header.
  func send(_ packet: Packet) {
    var packet = packet
    packet.headers.insert(.ethernet(from: hardware, to: MACAddress(0)), at: 0)
    var outbox = Outbox()
    neighbours.send(packet.encoded(), to: StrongSwan.ipv6, on: 0, at: network.now, &outbox)
    send(outbox)
  }

  private func send(_ outbox: Outbox) {
    for item in outbox.items { network.send(item.frame, on: item.port) }
    network.flush()
  }

  /// Reads and answers until something is true, or the time is over. False then.
  @discardableResult func run(for patience: Interval = .seconds(15), until isDone: (IKEStation) -> Bool) -> Bool {
    let end = network.now + patience
    while !isDone(self) {
      guard network.now < end else { return false }
      var arrived: [IKEDatagram] = []
      var outbox = Outbox()
      let deadline = min(end, min(neighbours.nextDeadline, min(endpoint.nextDeadline, network.now + .milliseconds(50))))
      network.wait(until: deadline) { frame, _ in
        var dissection = Dissection()
        Decoder(dialect: .rfc5846).decode(frame, into: &dissection)
        if neighbours.receive(frame, dissection, on: 0, &outbox) { return }
        if let datagram = IKEDatagram(frame, dissection) { arrived.append(datagram) }
      }
      neighbours.wake(at: network.now, &outbox)
      send(outbox)
      for datagram in arrived {
        received.append(datagram)
        act { $0.receive(datagram, at: $1, &$2) }
      }
      act { $0.wake(at: $1, &$2) }
    }
    return true
  }

  var established: [IKEEstablished] { events.compactMap { if case .established(_, let one) = $0 { one } else { nil } } }
  var closures: [IKEClosure] { events.compactMap { if case .closed(_, let reason) = $0 { reason } else { nil } } }
  var children: [IKEChildSA] { events.compactMap { if case .childEstablished(_, let child) = $0 { child } else { nil } } }
  var closedChildren: [IKEChildSA] { events.compactMap { if case .childClosed(_, let child, _) = $0 { child } else { nil } } }
  var handle: UInt64 { events.lazy.compactMap { if case .established(let handle, _) = $0 { handle } else { nil } }.first ?? 0 }
  var answers: [[Packet.Option]] { events.compactMap { if case .answered(_, _, _, let payloads) = $0 { payloads } else { nil } } }
}

extension [IKEEvent] {
  var discards: [IKEDiscard] { compactMap { if case .discarded(let reason) = $0 { reason } else { nil } } }
}
