import Link
import Security
import Testing
import Wire

/// What is sent to the guest, and what it sends, under one pair of keys.
struct KernelDialogue {
  private let peer: UserModeLinux
  private let keys: ESPKeys
  private let receiving: Binding.Direction
  private var outbound: SecurityAssociation
  private var inbound = SecurityAssociations()
  private var generator = SeededGenerator(seed: 3)
  private let kept = KeptKeys()

  /// Each encryption and each integrity algorithm at least once, with keys of its own.
  static func suites() -> [ESPKeys] {
    var generator = SeededGenerator(seed: 4)
    let pairs: [(EncryptionAlgorithm, IntegrityAlgorithm)] = [
      (.aesCBC(keyBits: 128), .hmacSHA2_256_128), (.aesCBC(keyBits: 128), .hmacSHA1_96), (.aesCBC(keyBits: 256), .aesXCBC96),
      (.null, .hmacSHA1_96), (.tripleDES, .hmacSHA1_96), (.aesGCM16(keyBits: 128), .none), (.aesGCM16(keyBits: 256), .none),
    ]
    func random(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) } }
    return pairs.map { ESPKeys($0, random($0.keyLength), $1, random($1.keyLength)) }
  }

  /// Gives the guest the states and policies of these directions, and takes all others from it.
  init(_ peer: UserModeLinux, _ keys: ESPKeys, receives: Binding.Direction, sends: [Binding.Direction]) throws {
    self.peer = peer
    self.keys = keys
    receiving = receives
    outbound = SecurityAssociation(spi: receives.spi, keys, .transport)
    for direction in sends { inbound.add(SecurityAssociation(spi: direction.spi, keys, .transport)) }
    try peer.ip(
      ["xfrm state flush", "xfrm policy flush"] + receives.commands("in", keys.words) + sends.flatMap { $0.commands("out", keys.words) })
  }

  // A child process tells its parent no values, only what is said beside them.
  private var situation: String { "\(keys.words)\n\((try? peer.counters()) ?? [:])\n\(peer.delivered)" }

  // MARK: To the guest

  /// The guest hands every message in clear to its raw socket, its checksum right, and has nothing to complain of.
  mutating func expectDelivered(_ messages: [WorkedMessage]) throws {
    for message in messages {
      let octets = Array(message.packet.encoded()[14...])
      #expect(octets == message.octets, "\(hex(octets))")
      let before = try peer.counters()
      peer.forget()
      peer.send(try sealed(message.packet).encoded())
      try #require(try peer.run { !peer.delivered.isEmpty }, "\(situation)")
      #expect(peer.delivered == [delivery(message)], "\(situation)")
      #expect(try peer.counters() == before, "\(situation)")
    }
  }

  /// The guest drops what is wrong in one place, for the reason that the place has.
  mutating func expectRefusals(_ message: WorkedMessage, control: WorkedMessage) throws {
    let frame = try sealed(message.packet).encoded()
    try expectRefused("the second of two equal frames", [frame, frame], as: "XfrmInStateSeqError", [message, control], control)
    for fault in Fault.all(keys) {
      var packet = message.packet
      var overrides = SealingOverrides()
      fault.change(&packet, &overrides, outbound)
      if fault.isSealed { packet = try sealed(packet, overrides) }
      try expectRefused(fault.name, [packet.encoded()], as: fault.counter, [control], control)
    }
  }

  /// The guest drops a message that has nothing wrong in it.
  mutating func expectRefused(_ message: WorkedMessage, as counter: String, control: WorkedMessage) throws {
    try expectRefused("no state", [try sealed(message.packet).encoded()], as: counter, [control], control)
  }

  /// - Parameter control: goes behind the frames; the guest takes them in order, so that what it dropped is dropped when this arrives.
  private mutating func expectRefused(
    _ name: String, _ frames: [[UInt8]], as counter: String?, _ delivered: [WorkedMessage], _ control: WorkedMessage
  ) throws {
    let before = try peer.counters()
    peer.forget()
    for frame in frames { peer.send(frame) }
    peer.send(try sealed(control.packet).encoded())
    let last = delivery(control)
    try #require(try peer.run { peer.delivered.last == last }, "\(name): \(situation)")
    #expect(peer.delivered == delivered.map(delivery), "\(name): \(situation)")
    var expected = before
    if let counter { expected[counter, default: 0] += 1 }
    #expect(try peer.counters() == expected, "\(name): \(situation)")
    #expect(peer.errors.isEmpty && peer.frames.isEmpty, "\(name): it answers \(peer.errors) \(peer.frames.map(hex))")
  }

  private func delivery(_ message: WorkedMessage) -> UserModeLinux.Delivered {
    .init(source: "\(receiving.source)", destination: "\(receiving.destination)", octets: hex(message.mobilityHeader))
  }

  private mutating func sealed(_ packet: Packet, _ overrides: SealingOverrides? = nil) throws -> Packet {
    try outbound.seal(packet, from: try #require(packet.index(of: .mh)), kept, using: &generator, overriding: overrides)
  }

  // MARK: From the guest

  /// The guest is given Mobility Headers without checksum; what it makes of them opens, and is octet by octet the packet that was made by
  /// hand. Whatever else was done to it is refused.
  mutating func expectOpened(_ messages: [WorkedMessage], _ direction: Binding.Direction) throws {
    for (index, message) in messages.enumerated() {
      var mobility = message.mobilityHeader
      mobility.replaceSubrange(4..<6, with: [0, 0])
      peer.forget()
      try peer.sendMobility(mobility, from: direction.source, to: direction.destination)
      try #require(try peer.run { !peer.frames.isEmpty }, "\(situation)")
      let frame = try #require(peer.frames.first)
      // Behind Ethernet, IPv6 and the header that carries the home address.
      try #require(frame.count > 78 && UInt32(bigEndian: frame[78..<82]) == direction.spi, "\(hex(frame))")
      try expectChangesRefused(frame, message.dialect)

      let decoder = Decoder(dialect: message.dialect)
      var dissection = Dissection()
      let clear = try #require(inbound.decapsulated(frame.span, with: decoder, kept, into: &dissection), "\(keys.words)")
      #expect(hex(clear[14...]) == hex(message.octets), "\(hex(clear)): \(keys.words)")
      #expect(dissection.isSound && dissection.layer(.mh)?.protection.isOpened == true, "\(keys.words)")
      #expect(UInt32(bigEndian: frame[82..<86]) == UInt32(index + 1))
      var again = frame
      #expect(inbound.decode(&again, with: decoder, kept, into: &dissection) == [.refused(spi: direction.spi, .replayed)])
    }
  }

  private mutating func expectChangesRefused(_ frame: [UInt8], _ dialect: Dialect) throws {
    let spi = UInt32(bigEndian: frame[78..<82])
    func outcomes(_ associations: inout SecurityAssociations, flipping position: Int) -> [SecurityAssociations.Outcome] {
      var changed = frame
      changed[position] ^= 1
      var dissection = Dissection()
      return associations.decode(&changed, with: Decoder(dialect: dialect), kept, into: &dissection)
    }
    for position in 86..<frame.count {
      #expect(outcomes(&inbound, flipping: position) == [.refused(spi: spi, .integrity)], "octet \(position): \(keys.words)")
    }
    #expect(outcomes(&inbound, flipping: 78) == [.unknown(spi: spi ^ 0x100_0000, [])])
  }
}

extension UInt32 {
  fileprivate init(bigEndian octets: some Collection<UInt8>) { self = octets.reduce(0) { $0 << 8 | UInt32($1) } }
}
