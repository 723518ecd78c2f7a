import Conformance
import Link
import Nodes
import Parties
import Testing
import Wire

@testable import Judging

/// Where on the link the frames are captured that the judge sees.
enum CapturePoint: Sendable, CaseIterable {
  /// At the tester, as in a run: what the tester sends is seen, whether it arrives or not; what the node sends may be lost before.
  case tester
  /// At the node, as somebody may have captured it: exactly what the node gets and sends.
  case node
}

/// Who speaks with whom, and where that is captured; the same for all states of one exploration.
struct Scene: CustomTestStringConvertible {
  let pair: Pair
  let point: CapturePoint
  let suite: Judging.Suite
  let profile: Profile
  let timers: Timers
  let ics: [String: Bool]
  var defects: [String] = []
  /// How long everything takes but the node's timers. Without it states that differ by a path's length alone are one.
  var tick = Interval.zero

  static let homeAgent = address("2001:db8:a::1")
  static let nodeHardware = [MACAddress(0x0200_0000_0200), MACAddress(0x0200_0000_0201)]
  static let testerHardware = MACAddress(0x0200_0000_0100)
  /// A time that a capture can have: 2024-01-01.
  static let start = Instant(nanoseconds: 1_704_067_200_000_000_000)

  init(_ pair: Pair, _ point: CapturePoint) throws {
    self.pair = pair
    self.point = point
    suite = try Judging.Suite.embedded()
    profile = try #require(suite.profile(pair.profile))
    timers = Timers(try #require(suite.text(profile.text)))
    ics = ReferenceNode(role: pair.role, profile: profile).device.ics
  }

  var testDescription: String { "\(pair.testDescription), captured at the \(point)" }

  /// A judge who has seen nothing yet. It looks at one role's breaches; that of a capture of others at both roles'.
  func judge(ofOthers: Bool = false) -> Judge {
    Judge(
      suite, profile: profile, role: ofOthers ? nil : pair.role, timers: timers, ics: ofOthers ? [:] : ics,
      homeAgents: ofOthers ? [] : [Self.homeAgent])
  }

  /// The node, which knows the tester's Ethernet address.
  func node(home: IPv6Address, careOf: IPv6Address) throws -> any Station {
    var settings = NodeConfiguration(
      dialect: profile.dialect, hardware: pair.role == .ha ? Self.nodeHardware : [Self.nodeHardware[0]], homeAgent: Self.homeAgent,
      careOf: pair.role == .ha ? .unspecified : careOf, firstHomeAddress: home)
    settings.defects = try defects.map { try DefectUse(parsing: $0, role: pair.nodeRole) }
    var node: any Station = pair.role == .ha ? ReferenceHomeAgent(settings) : ReferenceUserEquipment(settings)
    let (own, peer) = pair.role == .ha ? (Self.homeAgent, careOf) : (careOf, Self.homeAgent)
    let solicitation = Packet([
      .ethernet(from: Self.testerHardware, to: MACAddress(multicast: own.solicitedNode)),
      .ipv6(from: peer, to: own.solicitedNode, hopLimit: 255),
      .init(
        .neighbourSolicitation, .rfc5846, [(.solicitedTarget, own.value)], options: [.linkLayerAddress(type: 1, Self.testerHardware)]),
    ])
    var outbox = Outbox()
    node.receive(solicitation.encoded().span, on: 0, at: Self.start, &outbox)
    return node
  }

  func party(home: IPv6Address, careOf: IPv6Address) -> Party {
    switch pair.role {
    case .ha:
      var ue = UserEquipmentParty(dialect: profile.dialect, homeAgent: Self.homeAgent, address: Self.testerHardware)
      ue.add(home: home, careOf: careOf, firstSequence: 1_000)
      return .userEquipment(ue)
    case .ue:
      return .homeAgent(
        HomeAgentParty(
          dialect: profile.dialect, homeAgent: Self.homeAgent, address: Self.testerHardware, firstRevocation: 0x4000))
    }
  }
}

/// A frame under way.
struct Flight {
  var bytes: [UInt8]
  var dissection = Dissection()
  /// The link has delivered it once already.
  var isCopy = false
  /// How often the node had moved of its own accord when it sent it.
  var moves = 0

  init(_ bytes: [UInt8], from sender: Role, _ dialect: Dialect) {
    self.bytes = bytes
    Decoder(dialect: dialect).decode(bytes.span, into: &dissection)
    if dissection.messageKind == .revocation { dissection.nameMessage(sender == .ha ? .bri : .bra) }
  }

  var kind: LayerKind { dissection.messageKind ?? .ethernet }
  subscript(_ path: FieldPath) -> Int { Int(truncatingIfNeeded: dissection.value(path, in: bytes.span) ?? 0) }

  /// Its sequence number.
  var number: UInt16 {
    switch kind {
    case .bu: UInt16(truncatingIfNeeded: self[.buSequence])
    case .ba: UInt16(truncatingIfNeeded: self[.baSequence])
    case .bri: UInt16(truncatingIfNeeded: self[.briSequence])
    case .bra: UInt16(truncatingIfNeeded: self[.braSequence])
    default: 0
    }
  }

  /// What it says besides.
  var content: Int {
    switch kind {
    case .bu: self[.buLifetime]
    case .ba: self[.baStatus] << 16 | self[.baLifetime]
    case .bra: self[.braStatus]
    default: 0
    }
  }

  var description: String {
    switch kind {
    case .bu: self[.buLifetime] == 0 ? "BU(0) \(number)" : "BU(>0) \(number)"
    case .ba: "BA \(number) status \(self[.baStatus])"
    case .bri: "BRI \(number)"
    case .bra: "BRA \(number) status \(self[.braStatus])"
    default: "\(kind)"
    }
  }
}
