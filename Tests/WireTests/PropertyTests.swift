import Testing
import Wire

@Suite("Any octets at all")
struct PropertyTests {
  static let starts: [FrameStart] = [.ip, .ethernet]

  /// Decodes, takes over and writes again; every printed form is made now and then.
  private func hold(_ bytes: [UInt8], _ start: FrameStart, _ dialect: Dialect, prints: Bool, _ comment: @autoclosure () -> String) {
    let dissection = dissect(bytes, start, dialect)
    if Packet(bytes.span, dissection).encoded() != bytes { Issue.record("not the same octets: \(comment()): \(bytes)") }
    var end = dissection.restOffset &+ dissection.restLength
    for index in 0..<dissection.count { end = max(end, dissection.layers[index].end) }
    if end > bytes.count || dissection.count > 24 || dissection.anomalyCount > 16 { Issue.record("outside: \(comment()): \(bytes)") }
    guard prints else { return }
    for path in FieldPath.wellKnown { _ = dissection.value(path, in: bytes.span) }
    readsAlike(bytes, dissection, comment())
    if dissection.text(bytes.span).isEmpty, !bytes.isEmpty { Issue.record("no text: \(comment()): \(bytes)") }
    _ = dissection.object(bytes.span, frame: 1, time: Instant(nanoseconds: 0), interface: 0, link: 1)
  }

  private static let places = Schema.all.flatMap { schema in schema.fields.compactMap { FieldPath(schema.kind, $0.name) } }.enumerated().map
  {
    FieldPlace(path: $0.element, place: $0.offset)
  }

  /// Many fields read at once are what each one is by itself.
  private func readsAlike(_ bytes: [UInt8], _ dissection: Dissection, _ comment: String) {
    var readings = ContiguousArray(repeating: FieldReading(99, isWrong: true), count: Self.places.count)
    var copy = dissection
    let types = copy.read(Self.places, 0..<Self.places.count, in: bytes.span, into: &readings)
    for (place, reading) in zip(Self.places, readings) {
      let value = dissection.value(place.path, in: bytes.span)
      if reading.isPresent != (value != nil) || reading.value != value ?? 0 || reading.isWrong != dissection.isWrong(place.path) {
        Issue.record("\(place.path) is \(reading), and \(String(describing: value)) by itself: \(comment)")
      }
    }
    var wanted: [UInt8] = []
    if dissection.kinds.last == .ike {
      dissection.forEachPayload(in: bytes.span) { if $0.type != 0 { wanted.append($0.type) } }
    } else {
      dissection.forEachOption(in: bytes.span) { _, offset, _ in wanted.append(bytes[offset]) }
    }
    if types != OptionTypes(wanted) { Issue.record("other option types than \(wanted): \(comment)") }
  }

  @Test("random octets")
  func random() {
    var generator = Generator(state: 1)
    for round in 0..<8000 {
      var bytes = (0..<Int.random(in: 0...120, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
      // Most would end at their first nibble.
      if round % 4 != 0, !bytes.isEmpty { bytes[0] = [0x60, 0x45, 0x4f][round % 3] }
      if round % 4 == 2, bytes.count > 9 { (bytes[6], bytes[9]) = ([0, 43, 44, 58, 60, 135][round % 6], [4, 17, 41, 50][round % 4]) }
      hold(bytes, Self.starts[round % 8 == 0 ? 1 : 0], round % 2 == 0 ? .draft01 : .rfc5846, prints: round % 8 == 1, "round \(round)")
    }
  }

  @Test("every truncation of the worked packets", arguments: Worked.all)
  func truncations(_ name: String, _ octets: [UInt8]) {
    for count in 0...octets.count { hold(Array(octets[..<count]), .ip, .draft01, prints: count % 4 == 0, "\(name) cut to \(count)") }
  }

  @Test("every single octet of the worked packets changed", arguments: Worked.all)
  func octet(_ name: String, _ octets: [UInt8]) {
    var generator = Generator(state: 2)
    for index in octets.indices {
      for value in [0, 255, octets[index] ^ 1, octets[index] &+ 8, UInt8.random(in: 0...255, using: &generator)] {
        var bytes = octets
        bytes[index] = value
        hold(bytes, .ip, value & 1 == 0 ? .draft01 : .rfc5846, prints: value == 255 && index % 4 == 0, "\(name) octet \(index) is \(value)")
      }
    }
  }

  @Test("several octets of the worked and of scapy's packets changed, lengthened and cut")
  func mutations() {
    var generator = Generator(state: 3)
    let exchanges = [
      KeyExchangeTests.initial,
      KeyExchangeTests.message([KeyExchangeTests.deletion] + KeyExchangeTests.configuration + KeyExchangeTests.selectors).encoded(),
    ]
    let corpus =
      (Worked.all.map(\.octets) + exchanges).map { ($0, FrameStart.ip) } + Scapy.bare.map { ($0, .ip) }
      + Scapy.framed.map { ($0, .ethernet) }
    for round in 0..<8000 {
      var (bytes, start) = corpus[round % corpus.count]
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
        case 1 where bytes.count > 1: bytes.remove(at: index)
        case 2: bytes += bytes[index...].prefix(24)
        default:
          bytes[index] =
            Bool.random(using: &generator)
            ? UInt8.random(in: 0...255, using: &generator) : bytes[index] ^ 1 << UInt8.random(in: 0...7, using: &generator)
        }
      }
      hold(bytes, start, round % 2 == 0 ? .draft01 : .rfc5846, prints: round % 8 == 0, "round \(round)")
    }
  }

  @Test("a capture that claims to be longer, or shorter, than it is", arguments: [Int.min, -1, 0, 79, 81, 65_535, Int.max])
  func lengths(_ original: Int) {
    for (name, octets) in Worked.all {
      let dissection = dissect(octets, .ip, .rfc5846, originalLength: original)
      #expect(dissection.missing >= 0)
      #expect(dissection.kinds == dissect(octets).kinds, "\(name)")
    }
  }

  @Test("what is taken over is values: a bit flipped in one is that bit flipped in the octets", arguments: Worked.all)
  func flips(_ name: String, _ octets: [UInt8]) {
    for dialect in Dialect.allCases {
      let dissection = dissect(octets, .ip, dialect)
      let packet = Packet(octets.span, dissection)
      var bits = 0
      func check(_ changed: Packet, _ path: FieldPath) {
        let count = zip(changed.encoded(), octets).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount }
        if count != 1 { Issue.record("\(name): a bit of \(path) changed \(count) bits") }
        bits += 1
      }
      for header in packet.headers.indices {
        for (index, entry) in packet.headers[header].values.enumerated() {
          for bit in 0..<(entry.path.range(in: packet.headers[header].dialect)?.width ?? 0) {
            var changed = packet
            changed.headers[header].values[index].value ^= 1 << UInt128(bit)
            check(changed, entry.path)
          }
        }
        for option in packet.headers[header].options.indices {
          for (index, entry) in packet.headers[header].options[option].values.enumerated() {
            for bit in 0..<(entry.path.range(in: .rfc5846)?.width ?? 0) {
              var changed = packet
              changed.headers[header].options[option].values[index].value ^= 1 << UInt128(bit)
              check(changed, entry.path)
            }
          }
        }
      }
      // And nothing else: every other bit is the data of padding, the non-ESP marker, what is sealed, or what a TLV header carries.
      let copied = packet.headers.reduce(packet.payload.count) { $0 + $1.opaque.count + $1.options.reduce(0) { $0 + $1.data.count } }
      #expect(bits + copied * 8 == octets.count * 8)
      let padding = packet.headers.flatMap(\.options).filter { $0.kind == .padN || $0.kind == .destinationPadN }.reduce(0) {
        $0 + $1.data.count
      }
      let sealed = packet.headers.flatMap(\.options).filter { $0.kind == .sk }.reduce(
        ["E1", "T1"].contains(name) ? dissection.restLength : 0
      ) {
        $0 + $1.data.count
      }
      #expect(copied == padding + sealed + (name == "K4" ? 4 : 0))
    }
  }

  @Test("a packet that was taken over and decoded again is the same packet", arguments: Scapy.bare)
  func again(_ octets: [UInt8]) {
    let dissection = dissect(octets)
    #expect(Packet(octets.span, dissection).encoded() == octets)
    #expect(dissection.isSound)
  }

  @Test("an opening anywhere, in any octets")
  func openings() {
    var generator = Generator(state: 4)
    for round in 0..<4000 {
      var bytes = round % 2 == 0 ? Worked.k1 : KeyExchangeTests.initial
      for _ in 0..<Int.random(in: 0...4, using: &generator) {
        bytes[Int.random(in: 48..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      let first = Int.random(in: 40..<bytes.count + 20, using: &generator)
      let payload = first..<Int.random(in: first...first + 80, using: &generator)
      let opening = Opening(offset: 48, payload: payload, nextHeader: 0, protection: .opened(1))
      var dissection = Dissection()
      Decoder(dialect: .rfc5846).decode(bytes.span, .ip, opened: [opening], into: &dissection)
      if Packet(bytes.span, dissection).encoded() != bytes { Issue.record("round \(round)") }
      if round % 8 == 0 { readsAlike(bytes, dissection, "round \(round)") }
      _ = dissection.text(bytes.span)
    }
  }
}
