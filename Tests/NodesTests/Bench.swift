import Link
import Wire

@testable import Nodes

func address(_ text: String) -> IPv6Address { IPv6Address(text) ?? .unspecified }

/// The lab of the worked packets.
let homeAgent = address("2001:db8:a::1")
let home = address("2001:db8:a::77")
let bystander = address("2001:db8:a::78")
let careOf = address("2001:db8:b::2")
let elsewhere = address("2001:db8:b::3")
let correspondent = address("2001:db8:a::c0")
let stranger = address("2001:db8:b::99")
let foreignHome = address("2001:db8:a::f0")

let nodeHardware = [MACAddress(0x0200_0000_0001), MACAddress(0x0200_0000_0002)]
let testerHardware = MACAddress(0x0200_0000_00ff)

func configuration(_ dialect: Dialect, role: NodeRole) -> NodeConfiguration {
  NodeConfiguration(
    dialect: dialect, hardware: role == .homeAgent ? nodeHardware : [nodeHardware[0]], homeAgent: homeAgent, careOf: careOf,
    firstHomeAddress: home, homeAddressCount: 4)
}

/// A frame that the node sent.
struct Sent {
  var time: Instant
  var port: Int
  var bytes: [UInt8]
  var dissection = Dissection()

  init(time: Instant, port: Int, bytes: [UInt8], dialect: Dialect, role: NodeRole) {
    self.time = time
    self.port = port
    self.bytes = bytes
    Decoder(dialect: dialect).decode(bytes.span, into: &dissection)
    if dissection.messageKind == .revocation { dissection.nameMessage(role == .homeAgent ? .bri : .bra) }
  }

  subscript(_ path: FieldPath) -> UInt128? { dissection.value(path, in: bytes.span) }
  subscript(_ path: String) -> UInt128? { FieldPath(path).flatMap { dissection.value($0, in: bytes.span) } }
  /// From the IPv6 header on.
  var packet: [UInt8] { Array(bytes.dropFirst(14)) }
}

/// One node alone, in virtual time.
final class Bench<Node: Station> {
  var node: Node
  let role: NodeRole
  let dialect: Dialect
  var now = Instant(nanoseconds: 0)
  /// Everything that the node sent, in the order of its times.
  var sent: [Sent] = []
  private var underWay: [Sent] = []

  init(_ node: Node, _ role: NodeRole, _ dialect: Dialect) {
    self.node = node
    self.role = role
    self.dialect = dialect
    // The node knows the tester's addresses: each has asked for the node's.
    let own = role == .homeAgent ? homeAgent : careOf
    for (port, neighbours) in [[homeAgent, careOf, elsewhere, stranger, home], [correspondent]].enumerated()
    where port < (role == .homeAgent ? 2 : 1) {
      for neighbour in neighbours where neighbour != own {
        let solicitation = Packet([
          .ipv6(from: neighbour, to: own.solicitedNode, hopLimit: 255),
          .init(.neighbourSolicitation, .rfc5846, [(.solicitedTarget, own.value)], options: [.linkLayerAddress(type: 1, testerHardware)]),
        ])
        send(solicitation, on: port, to: MACAddress(multicast: own.solicitedNode))
      }
    }
    sent = []
  }

  private init(_ other: Bench) {
    (node, role, dialect, now, underWay) = (other.node, other.role, other.dialect, other.now, other.underWay)
  }

  /// The same node in the same state, to look at what it would do: nothing that happens to either concerns the other.
  func fork() -> Bench { Bench(self) }

  func send(_ packet: Packet, on port: Int = 0, to hardware: MACAddress? = nil) {
    var framed = packet
    framed.headers.insert(.ethernet(from: testerHardware, to: hardware ?? nodeHardware[port]), at: 0)
    send(frame: framed.encoded(), on: port)
  }

  /// Octets from the IPv6 header on, in hexadecimal.
  func send(hex: String) { send(Packet(payload: octets(hex))) }

  func send(frame: [UInt8], on port: Int = 0) {
    var outbox = Outbox()
    node.receive(frame.span, on: port, at: now, &outbox)
    take(outbox)
  }

  @discardableResult
  func command(_ line: String) -> String {
    var outbox = Outbox()
    let answer = node.command(line, at: now, &outbox)
    take(outbox)
    return answer
  }

  /// Lets time pass, timers fire and delayed frames leave.
  func pass(_ seconds: Double) {
    let end = now + .seconds(seconds)
    while node.nextDeadline <= end {
      now = max(now, node.nextDeadline)
      release()
      var outbox = Outbox()
      node.wake(at: now, &outbox)
      take(outbox)
    }
    now = end
    release()
  }

  private func take(_ outbox: Outbox) {
    for item in outbox.items {
      underWay.append(Sent(time: now + item.delay, port: item.port, bytes: item.frame, dialect: dialect, role: role))
    }
    release()
  }

  private func release() {
    let due = underWay.filter { $0.time <= now }.sorted { $0.time < $1.time }
    underWay.removeAll { $0.time <= now }
    sent += due
  }

  /// What was sent since the last call.
  func drain() -> [Sent] {
    defer { sent = [] }
    return sent
  }

  /// The one frame that was sent since the last call; nil when there were none or several.
  func only() -> Sent? {
    let frames = drain()
    return frames.count == 1 ? frames.first : nil
  }
}

func octets(_ hex: String) -> [UInt8] {
  let digits = hex.filter { !$0.isWhitespace }
  return stride(from: 0, to: digits.count, by: 2).compactMap {
    UInt8(digits.dropFirst($0).prefix(2), radix: 16)
  }
}

// MARK: Messages of the tester

/// A BU from the care-of address, right in every field.
func bu(_ sequence: UInt16, lifetime: UInt16, home address: IPv6Address = home, from source: IPv6Address = careOf) -> Packet {
  Packet([
    .ipv6(from: source, to: homeAgent), .homeAddress(address),
    .message(
      .bu, .rfc5846, [(.buSequence, UInt128(sequence)), (.buA, 1), (.buH, 1), (.buLifetime, UInt128(lifetime))],
      options: [.alternateCareOfAddress(source)]),
  ])
}

func bra(
  _ sequence: UInt128, _ status: UInt128 = 0, _ dialect: Dialect, home address: IPv6Address = home, from source: IPv6Address = careOf
) -> Packet {
  Packet([
    .ipv6(from: source, to: homeAgent), .homeAddress(address),
    .message(.bra, dialect, [(.braSequence, sequence), (.braStatus, status)]),
  ])
}

/// A BRI in the dialect's own carrier, with the A bit where there is one.
func bri(_ sequence: UInt16, _ dialect: Dialect, home address: IPv6Address = home, from source: IPv6Address = homeAgent) -> Packet {
  Packet([
    .ipv6(from: source, to: careOf), dialect == .draft01 ? .homeAddress(address) : .routing(to: address),
    .message(.bri, dialect, [(.briSequence, UInt128(sequence)), (.briTrigger, 1), (.briA, 1)]),
  ])
}

func ba(_ sequence: UInt128, _ status: UInt128, lifetime: UInt128, home address: IPv6Address = home) -> Packet {
  Packet([
    .ipv6(from: homeAgent, to: careOf), .routing(to: address),
    .message(.ba, .rfc5846, [(.baStatus, status), (.baSequence, sequence), (.baLifetime, lifetime)]),
  ])
}

/// A packet from a correspondent for a home address, as the home link carries it.
func downlink(to address: IPv6Address = home) -> Packet {
  Packet([.ipv6(from: correspondent, to: address), .icmpv6(type: 128, code: 0, pointer: 1)], payload: [1, 2, 3, 4])
}

extension Packet {
  func with(_ path: FieldPath, _ value: UInt128) -> Packet {
    var copy = self
    copy.set(path, value)
    return copy
  }

  func with(options: [Option]) -> Packet {
    var copy = self
    if let index = copy.index(of: .mh) { copy.headers[index].options += options }
    return copy
  }

  /// Another header at a place in the chain.
  func inserting(_ header: Header, at index: Int) -> Packet {
    var copy = self
    copy.headers.insert(header, at: index)
    return copy
  }

  func without(_ kind: LayerKind) -> Packet {
    var copy = self
    copy.headers.removeAll { $0.kind == kind }
    return copy
  }
}

extension Bench where Node == ReferenceHomeAgent {
  convenience init(homeAgent dialect: Dialect, _ change: (inout NodeConfiguration) -> Void = { _ in }) {
    var settings = configuration(dialect, role: .homeAgent)
    change(&settings)
    self.init(ReferenceHomeAgent(settings), .homeAgent, dialect)
  }

  /// A binding of home address and care-of address, by a BU of this number.
  func register(_ sequence: UInt16 = 10, lifetime: UInt16 = 100, home address: IPv6Address = home) {
    send(bu(sequence, lifetime: lifetime, home: address))
  }

  /// The care-of address to which a packet for the home address goes through the tunnel; nil when it does not.
  func tunnel(to address: IPv6Address = home) -> IPv6Address? {
    let probe = fork()
    probe.send(downlink(to: address), on: 1)
    guard let frame = probe.only(), frame.port == 0, frame.dissection.layers[2].kind == .ipv6 else { return nil }
    return frame.dissection.value(.ipv6Destination, ofLayer: 1, in: frame.bytes.span).map { IPv6Address($0) }
  }

  /// Whether a packet for the home address goes into the tunnel.
  func forwards(to address: IPv6Address = home) -> Bool { tunnel(to: address) != nil }
}

extension Bench where Node == ReferenceUserEquipment {
  convenience init(userEquipment dialect: Dialect, _ change: (inout NodeConfiguration) -> Void = { _ in }) {
    var settings = configuration(dialect, role: .userEquipment)
    change(&settings)
    self.init(ReferenceUserEquipment(settings), .userEquipment, dialect)
  }

  /// Registers and answers with a BA of this lifetime; the BU is not among what was sent. Returns its number.
  @discardableResult
  func register(lifetime: UInt128 = 100, home address: IPv6Address = home) -> UInt16 {
    command("register \(address) \(lifetime)")
    let sequence = sent.popLast()?[.buSequence] ?? 0
    send(ba(sequence, 0, lifetime: lifetime, home: address))
    return UInt16(truncatingIfNeeded: sequence)
  }
}
