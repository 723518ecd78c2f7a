import Judging
import Link
import Parties
import Wire

/// Why a step could not be done.
struct StepFailure: Error {
  var reason: String
}

/// Builds what the steps of a case send.
struct Stimuli {
  /// The last packet of each kind sent on a home address.
  private var sent: [Key: Packet] = [:]

  /// The same as they went out, behind ESP.
  private var sealed: [Key: Packet] = [:]

  private struct Key: Hashable {
    var home: IPv6Address
    var kind: MessageKind
  }

  /// The packet that a step sends for a home address, from its Ethernet header on.
  mutating func packet(
    _ stimulus: Stimulus, home: IPv6Address, homes: [IPv6Address], _ session: Session
  ) throws(StepFailure) -> Packet {
    let key = Key(home: home, kind: stimulus.kind)
    if stimulus.again {
      guard let packet = sent[key] else { throw StepFailure(reason: "no \(stimulus.kind.rawValue) to send again") }
      return packet
    }
    guard var packet = Self.valid(stimulus.kind, home, session) else {
      throw StepFailure(reason: "the tester has no \(stimulus.kind.rawValue) to send for \(home)")
    }
    // Which options there are depends on it.
    for case (.buLifetime, .number(let lifetime)) in stimulus.values { packet.set(.buLifetime, lifetime) }
    session.addTunnelOptions(&packet)
    if let carrier = stimulus.carrier { packet.carry(home, in: carrier) }
    try Self.apply(stimulus.values, to: &packet, home: home, homes: homes, session)
    if !stimulus.options.isEmpty, let index = packet.index(of: .mh) {
      packet.headers[index].options += stimulus.options.map { .unknownMobilityOption(type: $0.type, data: $0.data) }
    }
    // Where a stimulus speaks in the name of another address, an answer has to find the tester there.
    for address in [packet.chosen(.ipv6Source), packet.chosen(.alternateCareOfAddress)].compactMap(\.self) {
      session.own(IPv6Address(address), on: session.setup.accessPort)
    }
    sent[key] = packet
    return packet
  }

  /// Notes how a packet went out.
  mutating func keep(_ packet: Packet, _ stimulus: Stimulus, home: IPv6Address) {
    sealed[Key(home: home, kind: stimulus.kind)] = packet
  }

  /// The last packet of this kind as it went out, behind ESP.
  func sealedAgain(_ stimulus: Stimulus, home: IPv6Address) throws(StepFailure) -> Packet {
    guard let packet = sealed[Key(home: home, kind: stimulus.kind)] else {
      throw StepFailure(reason: "no \(stimulus.kind.rawValue) to send again")
    }
    return packet
  }

  /// The message as the tester's party would send it of itself.
  static func valid(_ kind: MessageKind, _ home: IPv6Address, _ session: Session) -> Packet? {
    var packet: Packet?
    session.party.withUserEquipment { party in
      switch kind {
      case .bu: packet = party.update(home, lifetime: party.bindings[home]?.lifetime ?? 150)
      case .bra: packet = party.acknowledgement(home)
      case .icmpv6: packet = party.echo(home)
      default: break
      }
    }
    session.party.withHomeAgent { party in
      switch kind {
      case .bri: packet = party.revocation(home)
      case .ba:
        packet = party.bindings[home].map {
          party.acknowledgement(home, to: $0.careOf, sequence: $0.sequence, status: 0, lifetime: $0.lifetime)
        }
      default: break
      }
    }
    return packet
  }

  /// Gives fields the values that a step asks for.
  static func apply(
    _ values: [(path: FieldPath, value: StepValue)], to packet: inout Packet, home: IPv6Address, homes: [IPv6Address], _ session: Session
  ) throws(StepFailure) {
    for (path, value) in values {
      let number: UInt128
      switch value {
      case .number(let given): number = given
      // Not by one bit: two addresses that differ by one bit make each other's checksum.
      case .wrong: number = (Self.right(path, packet) ?? 0) ^ 0x5a5b
      case .plus(let offset): number = (Self.right(path, packet) ?? 0) &+ UInt128(truncatingIfNeeded: offset)
      case .sequenceOf(let kind):
        let known = kind == .bri || kind == .bra ? session.party.revocation(home) : session.party.update(home)
        guard let known else { throw StepFailure(reason: "no \(kind.rawValue) seen whose sequence number could be taken") }
        number = UInt128(known)
      case .home(let index):
        guard homes.indices.contains(index) else { throw StepFailure(reason: "the case leases no home address \(index)") }
        number = homes[index].value
      }
      guard packet.set(path, number) else { throw StepFailure(reason: "the message has no field \(path)") }
    }
  }

  /// The value that a field has in the packet as it stands.
  private static func right(_ path: FieldPath, _ packet: Packet) -> UInt128? {
    let bytes = packet.encoded()
    var dissection = Dissection()
    let dialect = packet.headers.last?.dialect ?? .rfc5846
    Decoder(dialect: dialect).decode(bytes.span, into: &dissection)
    if dissection.messageKind == .revocation, let kind = packet.headers.last?.kind { dissection.nameMessage(kind) }
    return dissection.value(path, in: bytes.span)
  }

  /// An echo request from the correspondent to a home address: a Home Agent that has a binding tunnels it (RFC 6275 10.4.2).
  static func echo(to home: IPv6Address, _ session: Session) -> (packet: Packet, port: Int)? {
    guard let correspondent = session.setup.correspondent, let port = session.setup.homePort else { return nil }
    let packet = Packet(
      [
        .ethernet(from: session.network.address(ofPort: port), to: MACAddress(0)), .ipv6(from: correspondent, to: home),
        .init(.icmpv6, .rfc5846, [(.icmpType, 128)]),
      ], payload: Array("detachspec".utf8))
    return (packet, port)
  }
}
