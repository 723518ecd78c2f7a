/// What an ESP packet turned out to seal.
package struct OpenedESP: Hashable, Sendable {
  package var sequence: UInt32
  /// Where the payload stands, in its place in the packet.
  package var payload: Range<Int>
  package var nextHeader: UInt8
  package var padLength: UInt8
  /// The padding is 1, 2, 3 … (RFC 4303 2.4). Other padding is no error, only unusual.
  package var hasDefaultPadding: Bool
}

extension SecurityAssociation {
  /// Opens a packet in its place: the octets of the ciphertext become those of the plain text.
  ///
  /// Throws, and then changes neither octets nor replay window: `tooShort`, `otherAssociation` for another SPI, `replayed`, `integrity`,
  /// `notWholeBlocks`, and `padding` when the trailer says more padding than there is (a wrong key, where nothing protects integrity).
  ///
  /// - Parameters:
  ///   - packet: where the packet stands in the octets, from its SPI to its integrity check value.
  ///   - checksIntegrity: whether a check value of its own, not that of an AEAD, is looked at.
  ///   - checksReplay: whether a packet that comes again is refused.
  package mutating func open(
    _ bytes: inout [UInt8], _ packet: Range<Int>, _ kept: KeptKeys, checksIntegrity: Bool = true, checksReplay: Bool = true
  ) throws(SecurityError) -> OpenedESP {
    let start = packet.lowerBound
    guard start >= 0, packet.upperBound <= bytes.count, packet.count >= 8 + keys.encryption.ivLength + 2 + keys.icvLength else {
      throw .tooShort
    }
    let text = (start + 8 + keys.encryption.ivLength)..<(packet.upperBound - keys.icvLength)
    guard UInt32(bigEndian: bytes[start..<(start + 4)]) == spi else { throw .otherAssociation }
    let sequence = UInt32(bigEndian: bytes[(start + 4)..<(start + 8)])
    if checksReplay, let replay, !replay.admits(sequence) { throw .replayed }
    guard text.count % keys.encryption.blockLength == 0 else { throw .notWholeBlocks }
    let iv = (start + 8)..<text.lowerBound
    let head = start..<(start + 8)
    try kept.with(keys) { cipher, mac throws(SecurityError) in
      if !keys.encryption.isAEAD, checksIntegrity { try mac.verify(bytes, over: start..<text.upperBound) }
      try cipher.decrypt(&bytes, text, iv: iv, associatedData: head)
    }
    guard let trailer = ESPTrailer(bytes, text) else {
      try kept.with(keys) { cipher, _ throws(SecurityError) in try cipher.encrypt(&bytes, text, iv: iv, associatedData: head) }
      throw .padding
    }
    replay?.note(sequence)
    return OpenedESP(
      sequence: sequence, payload: trailer.payload, nextHeader: trailer.nextHeader, padLength: trailer.padLength,
      hasDefaultPadding: trailer.hasDefaultPadding)
  }
}

/// The end of what an ESP packet seals: padding, Pad Length, Next Header (RFC 4303 2.4 to 2.6).
struct ESPTrailer {
  let payload: Range<Int>
  let padLength: UInt8
  let nextHeader: UInt8
  let hasDefaultPadding: Bool

  /// - Parameter text: where the plain text stands. Nil when it is shorter than its trailer says.
  init?(_ bytes: [UInt8], _ text: Range<Int>) {
    guard text.count >= 2 else { return nil }
    nextHeader = bytes[text.upperBound - 1]
    padLength = bytes[text.upperBound - 2]
    let end = text.upperBound - 2 - Int(padLength)
    guard end >= text.lowerBound else { return nil }
    payload = text.lowerBound..<end
    hasDefaultPadding = zip(bytes[end..<(text.upperBound - 2)], 1...).allSatisfy { Int($0) == $1 }
  }
}
