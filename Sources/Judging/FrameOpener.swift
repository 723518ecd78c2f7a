package import Security
package import Wire

/// Opens what is sealed in frames, with the keys that are known: as a receiver's IP layer has it, to be judged, or in its place, to be shown.
package struct FrameOpener: Sendable {
  private var associations = SecurityAssociations()
  /// The SPIs of the ESP SAs, by their numbers; nil: more than one has the number, as there are more SAs than numbers.
  private var spis: [UInt16: UInt32?] = [:]
  private var ikeKeys = IKEKeyTable()
  private var used = (esp: 0, ike: 0)
  private let kept = KeptKeys()

  package init() {}

  /// Opens from now on what these seal, too. Tables that have grown since may be given again.
  package mutating func use(_ keys: KeyTables) {
    for association in keys.esp.dropFirst(used.esp) {
      let number = associations.add(association)
      if let known = spis[number], known != association.spi {
        spis[number] = .some(nil)
      } else {
        spis[number] = association.spi
      }
    }
    for record in keys.ike.records.dropFirst(used.ike) { ikeKeys.add(record) }
    used = (keys.esp.count, keys.ike.records.count)
  }

  /// The SPI by which a layer was opened.
  func spi(_ protection: Protection) -> UInt32? { protection.isOpened ? spis[protection.raw &- 1] ?? nil : nil }

  /// The sequence number of the last ESP packet that was opened.
  var sequence: UInt32 { associations.lastSequence }

  /// A frame with what was sealed in it opened; nil where nothing was, or nobody has the key. `dissection` is of what there is then.
  mutating func opened(
    _ bytes: Span<UInt8>, _ start: FrameStart, with decoder: Decoder, originalLength: Int, into dissection: inout Dissection
  ) -> [UInt8]? {
    if let octets = associations.decapsulated(bytes, start, with: decoder, originalLength: originalLength, kept, into: &dissection) {
      return octets
    }
    guard dissection.ike >= 0, dissection.layers[dissection.ike].protection == .opaque else { return nil }
    var octets = [UInt8](bytes, 0..<bytes.count)
    guard let opening = try? ikeKeys.open(&octets, dissection) else { return nil }
    decoder.decode(octets.span, start, opened: [opening], into: &dissection)
    return octets
  }
  /// A frame with what is sealed in it opened in its place: it keeps its length, and every octet its offset. `dissection` is of what there is
  /// then.
  ///
  /// - Returns: nil for octets where nothing was opened; why something was refused for which there is a key.
  package mutating func openedInPlace(
    _ bytes: Span<UInt8>, _ start: FrameStart, with decoder: Decoder, originalLength: Int? = nil, into dissection: inout Dissection
  ) -> (octets: [UInt8]?, refusal: SecurityError?) {
    var octets = [UInt8](bytes, 0..<bytes.count)
    let outcomes = associations.decode(
      &octets, start, with: decoder, originalLength: originalLength, kept, into: &dissection)
    if let outermost = outcomes.first {
      let isOpened = if case .opened = outermost { true } else { false }
      let refusal: SecurityError? = if case .refused(_, let reason)? = outcomes.last { reason } else { nil }
      return (isOpened ? octets : nil, refusal)
    }
    do throws(SecurityError) {
      guard let opening = try ikeKeys.open(&octets, dissection) else { return (nil, nil) }
      decoder.decode(octets.span, start, originalLength: originalLength, opened: [opening], into: &dissection)
      return (octets, nil)
    } catch {
      return (nil, error)
    }
  }
}
