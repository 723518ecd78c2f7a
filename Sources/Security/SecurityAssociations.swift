package import Wire

/// The security associations by which a receiver or an observer opens what it sees (RFC 4301 4.4.2).
package struct SecurityAssociations: Sendable {
  /// One of them, with the number that a layer's protection names it by.
  package struct Entry: Sendable {
    package var number: UInt16
    package var association: SecurityAssociation
  }

  // An observer sees both directions, and either receiver may have chosen the same SPI.
  private var bySPI: [UInt32: [Entry]] = [:]
  private var next: UInt16 = 0
  /// A wrong integrity check value is refused; off for whoever is to be deceived.
  var checksIntegrity = true
  /// A packet that comes again is refused; off for whoever takes it twice.
  var checksReplay = true
  /// The sequence number of the last packet that was opened.
  package private(set) var lastSequence: UInt32 = 0

  package init() {}

  /// Every one, in the order of their numbers.
  package var all: [Entry] { bySPI.values.joined().sorted { $0.number < $1.number } }

  /// Adds one and returns its number; one of the same SPI and keys is replaced, and keeps its number.
  @discardableResult
  package mutating func add(_ association: SecurityAssociation) -> UInt16 {
    var entries = bySPI[association.spi] ?? []
    if let index = entries.firstIndex(where: { $0.association.keys == association.keys }) {
      entries[index].association = association
      bySPI[association.spi] = entries
      return entries[index].number
    }
    let number = next
    entries.append(Entry(number: number, association: association))
    bySPI[association.spi] = entries
    // Numbers behind the last that a protection can name are all that one.
    if next < .max - 3 { next += 1 }
    return number
  }

  /// Removes those of an SPI, and returns them.
  @discardableResult
  package mutating func remove(spi: UInt32) -> [SecurityAssociation] {
    (bySPI.removeValue(forKey: spi) ?? []).map(\.association)
  }

  /// Removes the one of a number.
  mutating func remove(number: UInt16) {
    for (spi, entries) in bySPI where entries.contains(where: { $0.number == number }) {
      bySPI[spi] = entries.count > 1 ? entries.filter { $0.number != number } : nil
    }
  }

  /// What became of an ESP packet.
  package enum Outcome: Hashable, Sendable {
    case opened(number: UInt16, OpenedESP)
    /// No association has this SPI. The readings are those without encryption; where there is just one, the frame is decoded by it.
    case unknown(spi: UInt32, [NullESP])
    /// The associations of this SPI refused it: why the first did.
    case refused(spi: UInt32, SecurityError)
  }

  /// Decodes a frame, opens in its place what is sealed in it, and decodes the inside.
  ///
  /// - Parameters:
  ///   - frame: sealed octets become plain ones where they could be opened.
  ///   - originalLength: octets on the wire, where the capture holds fewer.
  ///   - readsNull: whether an ESP packet that nobody has a key for is read as if it were not encrypted, when it can be.
  /// - Returns: one outcome for each ESP header, outermost first.
  package mutating func decode(
    _ frame: inout [UInt8], _ start: FrameStart = .ethernet, with decoder: Decoder, originalLength: Int? = nil, readsNull: Bool = false,
    _ kept: KeptKeys, into result: inout Dissection
  ) -> [Outcome] {
    decoder.decode(frame.span, start, originalLength: originalLength, into: &result)
    var outcomes: [Outcome] = []
    var openings: [Opening] = []
    while let layer = result.sealed, outcomes.count < Dissection.maximumLayers {
      let packet = layer.octets(in: result)
      // Known of the sealed octets alone.
      let isChecksumWrong = result.isWrong(.udpChecksum)
      let outcome = open(&frame, packet, readsNull: readsNull, kept)
      outcomes.append(outcome)
      guard var opening = Opening(outcome, at: packet.lowerBound) else { break }
      opening.isChecksumWrong = isChecksumWrong
      openings.append(opening)
      decoder.decode(frame.span, start, originalLength: originalLength, opened: openings, into: &result)
    }
    return outcomes
  }

  /// Opens the ESP packet that stands there, in its place.
  mutating func open(_ frame: inout [UInt8], _ packet: Range<Int>, readsNull: Bool = false, _ kept: KeptKeys) -> Outcome {
    let spi = UInt32(bigEndian: frame[packet.lowerBound..<(packet.lowerBound + 4)])
    guard let slot = bySPI.index(forKey: spi) else { return .unknown(spi: spi, readsNull ? NullESP.readings(frame, packet) : []) }
    var reason: SecurityError?
    for index in bySPI.values[slot].indices {
      do throws(SecurityError) {
        let opened = try bySPI.values[slot][index].association.open(
          &frame, packet, kept, checksIntegrity: checksIntegrity, checksReplay: checksReplay)
        lastSequence = opened.sequence
        return .opened(number: bySPI.values[slot][index].number, opened)
      } catch {
        reason = reason ?? error
      }
    }
    return .refused(spi: spi, reason ?? .otherAssociation)
  }
}

extension Opening {
  /// Nil where nobody could open it, or it can be read in more than one way.
  fileprivate init?(_ outcome: SecurityAssociations.Outcome, at offset: Int) {
    switch outcome {
    case .opened(let number, let opened):
      self.init(offset: offset, payload: opened.payload, nextHeader: opened.nextHeader, protection: .opened(number))
    case .unknown(_, let readings):
      guard readings.count == 1, let reading = readings.first else { return nil }
      self.init(offset: offset, payload: reading.payload, nextHeader: reading.nextHeader, protection: .unverified)
    case .refused: return nil
    }
  }
}

extension Layer {
  /// Where an ESP packet stands that nobody has opened, with the octets behind its header.
  func octets(in dissection: Dissection) -> Range<Int> { Int(offset)..<max(end, dissection.restOffset + dissection.restLength) }
}

extension Dissection {
  /// The ESP layer that nobody has opened yet.
  fileprivate var sealed: Layer? {
    guard count > 0 else { return nil }
    let last = layers[count - 1]
    return last.kind == .esp && last.protection == .opaque ? last : nil
  }
}
