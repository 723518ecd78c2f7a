import Wire

/// pcapng (draft-ietf-opsawg-pcapng): blocks in sections, each section with its own octet order and interfaces.
struct PcapngParser {
  static let sectionHeader: UInt32 = 0x0a0d_0d0a

  private(set) var interfaces: [CaptureInterface] = []
  private(set) var application: Range<Int>?
  private var clocks: [CaptureClock] = []
  /// Where the section's interfaces begin in `interfaces`.
  private var sectionStart = 0
  private var swapped = false
  private var offset = 0
  private var number = 0
  private var lastTime = Instant(nanoseconds: 0)

  /// A block's place: where its body stands, without type and lengths.
  private struct Block {
    var type: UInt32
    var body: Range<Int>
    var end: Int
  }

  /// Reads the section header that the file begins with.
  mutating func readFirstSection(_ octets: Span<UInt8>) throws(CaptureDamage) {
    guard let block = try nextBlock(octets) else { throw CaptureDamage(0, .empty) }
    readSection(octets, block)
  }

  mutating func next(_ octets: Span<UInt8>, _ body: (Span<UInt8>, CaptureRecord) -> Void) throws(CaptureDamage) -> Bool {
    while let block = try nextBlock(octets) {
      switch block.type {
      case 6:
        try readEnhanced(octets, block, body)
        return true
      case 3:
        try readSimple(octets, block, body)
        return true
      case 2:
        try readObsolete(octets, block, body)
        return true
      case 1: try readInterface(octets, block)
      case 5: readStatistics(octets, block)
      case Self.sectionHeader: readSection(octets, block)
      default: break
      }
    }
    return false
  }

  // MARK: Blocks

  private mutating func nextBlock(_ octets: Span<UInt8>) throws(CaptureDamage) -> Block? {
    let start = offset
    let left = octets.count &- start
    guard left > 0 else { return nil }
    guard left >= 12 else { throw CaptureDamage(start, .truncated("block header", needed: 12, left: left)) }
    let type = octets.u32(start, swapped: swapped)
    let isSection = type == Self.sectionHeader
    if isSection {
      switch octets.u32(start &+ 8, swapped: false) {
      case 0x1a2b_3c4d: swapped = false
      case 0x4d3c_2b1a: swapped = true
      default: throw CaptureDamage(start &+ 8, .damaged("a section header without the octet-order mark 1a2b3c4d"))
      }
    }
    let length = Int(octets.u32(start &+ 4, swapped: swapped))
    guard length >= (isSection ? 28 : 12), length & 3 == 0 else {
      throw CaptureDamage(start &+ 4, .damaged("a block of length \(length), which is not possible"))
    }
    guard length <= left else { throw CaptureDamage(start, .truncated("block", needed: length, left: left)) }
    let end = start &+ length
    guard Int(octets.u32(end &- 4, swapped: swapped)) == length else {
      throw CaptureDamage(end &- 4, .damaged("a block whose two lengths differ"))
    }
    offset = end
    return Block(type: type, body: start &+ 8..<end &- 4, end: end)
  }

  private mutating func readSection(_ octets: Span<UInt8>, _ block: Block) {
    sectionStart = interfaces.count
    application = nil
    forEachOption(octets, block.body.lowerBound &+ 16..<block.body.upperBound) { code, value in
      if code == 4, application == nil { application = value }
    }
  }

  private mutating func readInterface(_ octets: Span<UInt8>, _ block: Block) throws(CaptureDamage) {
    let body = block.body
    guard body.count >= 8 else { throw CaptureDamage(body.lowerBound, .damaged("an interface description that is too short")) }
    var interface = CaptureInterface(linkType: CaptureLinkType(rawValue: UInt32(octets.u16(body.lowerBound, swapped: swapped))))
    var resolution: UInt8 = 6
    var shift: Int64 = 0
    var name: Range<Int>?
    forEachOption(octets, body.lowerBound &+ 8..<body.upperBound) { code, value in
      switch code {
      case 2: name = value
      case 9 where value.count >= 1: resolution = octets[value.lowerBound]
      case 14 where value.count >= 8: shift = Int64(bitPattern: u64(octets, value.lowerBound))
      default: break
      }
    }
    guard let clock = CaptureClock(resolution: resolution, offset: shift) else {
      throw CaptureDamage(body.lowerBound, .damaged("an interface whose clock has a resolution that is not possible (\(resolution))"))
    }
    if let name {
      interface.name = unsafe octets.extracting(name).withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
    interfaces.append(interface)
    clocks.append(clock)
  }

  private mutating func readStatistics(_ octets: Span<UInt8>, _ block: Block) {
    let body = block.body
    guard body.count >= 12 else { return }
    let interface = UInt64(sectionStart) &+ UInt64(octets.u32(body.lowerBound, swapped: swapped))
    guard interface < UInt64(interfaces.count) else { return }
    var drops: UInt64 = 0
    forEachOption(octets, body.lowerBound &+ 12..<body.upperBound) { code, value in
      if code == 5 || code == 7, value.count >= 8 { drops &+= u64(octets, value.lowerBound) }
    }
    interfaces[Int(interface)].drops = drops
  }

  // MARK: Frames

  private mutating func readEnhanced(
    _ octets: Span<UInt8>, _ block: Block, _ body: (Span<UInt8>, CaptureRecord) -> Void
  ) throws(CaptureDamage) {
    let start = block.body.lowerBound
    guard block.body.count >= 20 else { throw CaptureDamage(start, .damaged("a packet block that is too short")) }
    let interface = try globalInterface(octets.u32(start, swapped: swapped), start)
    let time = clocks[interface].time(high: octets.u32(start &+ 4, swapped: swapped), low: octets.u32(start &+ 8, swapped: swapped))
    try deliver(octets, block, header: 20, interface, time, body)
  }

  private mutating func readObsolete(
    _ octets: Span<UInt8>, _ block: Block, _ body: (Span<UInt8>, CaptureRecord) -> Void
  ) throws(CaptureDamage) {
    let start = block.body.lowerBound
    guard block.body.count >= 20 else { throw CaptureDamage(start, .damaged("a packet block that is too short")) }
    let interface = try globalInterface(UInt32(octets.u16(start, swapped: swapped)), start)
    let time = clocks[interface].time(high: octets.u32(start &+ 4, swapped: swapped), low: octets.u32(start &+ 8, swapped: swapped))
    try deliver(octets, block, header: 20, interface, time, body)
  }

  /// A simple packet block has neither interface nor time nor options: the first interface, and the time of the frame before.
  private mutating func readSimple(
    _ octets: Span<UInt8>, _ block: Block, _ body: (Span<UInt8>, CaptureRecord) -> Void
  ) throws(CaptureDamage) {
    let start = block.body.lowerBound
    guard block.body.count >= 4 else { throw CaptureDamage(start, .damaged("a packet block that is too short")) }
    let interface = try globalInterface(0, start)
    let original = Int(octets.u32(start, swapped: swapped))
    number &+= 1
    let record = CaptureRecord(
      number: number, interface: interface, linkType: interfaces[interface].linkType, time: lastTime, originalLength: original)
    body(octets.extracting(start &+ 4..<start &+ 4 &+ min(original, block.body.count &- 4)), record)
  }

  private func globalInterface(_ index: UInt32, _ place: Int) throws(CaptureDamage) -> Int {
    let global = sectionStart &+ Int(index)
    guard global < interfaces.count else {
      throw CaptureDamage(place, .damaged("a packet block of interface \(index), which the section does not describe"))
    }
    return global
  }

  /// `header`: octets of the body before the captured ones; the last eight of them are the captured and the original length.
  private mutating func deliver(
    _ octets: Span<UInt8>, _ block: Block, header: Int, _ interface: Int, _ time: Instant,
    _ body: (Span<UInt8>, CaptureRecord) -> Void
  ) throws(CaptureDamage) {
    let data = block.body.lowerBound &+ header
    let captured = Int(octets.u32(data &- 8, swapped: swapped))
    guard captured <= block.body.upperBound &- data else {
      throw CaptureDamage(data &- 8, .damaged("a packet block that says it holds \(captured) octets and is shorter"))
    }
    number &+= 1
    lastTime = time
    var record = CaptureRecord(
      number: number, interface: interface, linkType: interfaces[interface].linkType, time: time,
      originalLength: Int(octets.u32(data &- 4, swapped: swapped)))
    let options = data &+ ((captured &+ 3) & ~3)
    if options < block.body.upperBound {
      forEachOption(octets, options..<block.body.upperBound) { code, value in
        switch code {
        case 1 where record.comment == nil: record.comment = value
        case 2 where value.count >= 4: record.flags = octets.u32(value.lowerBound, swapped: swapped)
        default: break
        }
      }
    }
    octets.prefetch(block.end)
    body(octets.extracting(data..<data &+ captured), record)
  }

  // MARK: Options

  /// Stops at the end-of-options mark and at the first option that does not fit: options are never a reason to lose a frame.
  private func forEachOption(_ octets: Span<UInt8>, _ range: Range<Int>, _ body: (UInt16, Range<Int>) -> Void) {
    var place = range.lowerBound
    while range.upperBound &- place >= 4 {
      let code = octets.u16(place, swapped: swapped)
      let length = Int(octets.u16(place &+ 2, swapped: swapped))
      place &+= 4
      guard code != 0, length <= range.upperBound &- place else { return }
      body(code, place..<place &+ length)
      place &+= (length &+ 3) & ~3
    }
  }

  /// An option's 64-bit value, in the section's octet order.
  private func u64(_ octets: Span<UInt8>, _ offset: Int) -> UInt64 {
    let first = UInt64(octets.u32(offset, swapped: swapped))
    let second = UInt64(octets.u32(offset &+ 4, swapped: swapped))
    return swapped ? first << 32 | second : second << 32 | first
  }
}
