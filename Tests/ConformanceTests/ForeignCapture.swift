import Foundation
import Link
import Nodes
import Testing
import Wire

/// Frames that two reference nodes exchanged while somebody else watched, and the files that they may come in.
struct ForeignCapture {
  struct Frame {
    var time: Instant
    var bytes: [UInt8]
  }

  static let agent = address("2001:db8:a::1")
  static let home = address("2001:db8:a::77")
  static let careOf = address("2001:db8:b::2")

  var frames: [Frame] = []

  /// Registers, lets the Home Agent revoke, registers again, and lets the UE de-register.
  init(_ dialect: Dialect, defects: [(NodeRole, String)] = [], offset: Int = 0) throws {
    let agent = Self.agent.advanced(by: offset)
    let home = Self.home.advanced(by: offset)
    let network = SimulatedNetwork(portCount: 2, allowing: nil)
    func settings(_ role: NodeRole, _ hardware: [UInt64]) throws -> NodeConfiguration {
      var settings = NodeConfiguration(
        dialect: dialect, hardware: hardware.map { MACAddress($0) }, homeAgent: agent,
        careOf: role == .userEquipment ? Self.careOf.advanced(by: offset) : .unspecified, firstHomeAddress: home)
      for (who, name) in defects where who == role { settings.defects.append(try DefectUse(parsing: name, role: role)) }
      return settings
    }
    let first = network.attach(ReferenceHomeAgent(try settings(.homeAgent, [0x0200_0000_0001, 0x0200_0000_0002])), to: [0, 1])
    let second = network.attach(ReferenceUserEquipment(try settings(.userEquipment, [0x0200_0000_0003])), to: [0])
    var seen: [Frame] = []
    func pass(_ seconds: Double) {
      let end = network.now + .seconds(seconds)
      while network.now < end {
        network.wait(until: end) { bytes, info in
          guard info.port == 0 else { return }
          var octets: [UInt8] = []
          for index in bytes.indices { octets.append(bytes[index]) }
          seen.append(
            Frame(time: Instant(nanoseconds: 1_600_000_000_000_000_000) + Interval(nanoseconds: info.time.nanoseconds), bytes: octets))
        }
      }
    }
    for (line, station) in [("register", second), ("revoke", first), ("register", second), ("detach", second)] {
      try #require(network.command("\(line) \(home)", toStation: station).hasPrefix("ok"))
      pass(8)
    }
    frames = seen
  }

  /// The octets behind the Ethernet header, behind another one, as one of libpcap's link types asks.
  static func relinked(_ frame: [UInt8], to linkType: UInt32, tagged: Bool = false) -> [UInt8] {
    let packet = Array(frame.dropFirst(14))
    let isIP = frame[12] == 0x86 && frame[13] == 0xdd
    switch linkType {
    case 113:
      // Packet type, ARPHRD, address length, address, protocol (LINKTYPE_LINUX_SLL).
      let head: [UInt8] = [0, 0, 0, 1, 0, 6] + frame[6..<12] + [0, 0]
      return head + (tagged ? [0x81, 0, 0, 5] : []) + frame[12..<14] + packet
    case 276:
      // Protocol, reserved, interface, ARPHRD, packet type, address length, address (LINKTYPE_LINUX_SLL2).
      let tail: [UInt8] = [0, 0, 0, 0, 0, 2, 0, 1, 0, 6] + frame[6..<12] + [0, 0]
      return frame[12..<14] + tail + packet
    case 101, 229: return isIP ? packet : []
    default: return frame
    }
  }

  /// A pcap file with microseconds, as tcpdump writes it.
  func pcap(linkType: UInt32 = 1, tagged: Bool = false) -> [UInt8] {
    func word(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) } }
    var file = word(0xa1b2_c3d4) + [2, 0, 4, 0] + word(0) + word(0) + word(262_144) + word(linkType)
    for frame in frames {
      let bytes = Self.relinked(frame.bytes, to: linkType, tagged: tagged)
      let microseconds = frame.time.nanoseconds / 1_000
      file += word(UInt32(clamping: microseconds / 1_000_000)) + word(UInt32(clamping: microseconds % 1_000_000))
      file += word(UInt32(clamping: bytes.count)) + word(UInt32(clamping: bytes.count)) + bytes
    }
    return file
  }

  /// A pcapng file; frames of a second capture are on an interface of their own.
  func write(to path: String, with other: ForeignCapture? = nil) throws {
    let writer = try PcapngWriter(path: path, ports: [.init(name: "eth0"), .init(name: "eth1")])
    let all = frames.map { ($0, 0) } + (other?.frames ?? []).map { ($0, 1) }
    for (frame, port) in all.sorted(by: { $0.0.time < $1.0.time }) {
      writer.write(
        frame.bytes.span, FrameInfo(port: port, time: frame.time, originalLength: frame.bytes.count, isOutgoing: false))
    }
    try writer.close()
  }
}
