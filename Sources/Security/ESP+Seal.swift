package import Wire

/// What a sender does differently from RFC 4303, on purpose: everything that is nil is as it should be.
package struct SealingOverrides: Hashable, Sendable {
  package var spi: UInt32?
  /// The association's own counter goes on as if nothing had happened.
  package var sequence: UInt32?
  package var iv: [UInt8]?
  /// The octets between the payload and the Pad Length field; the payload with its trailer must still be whole cipher blocks.
  package var padding: [UInt8]?
  package var padLength: UInt8?
  package var nextHeader: UInt8?
  /// What stands at the end in place of the integrity check value, of any length.
  package var icv: [UInt8]?
  /// Algorithms and keys in place of the association's.
  package var keys: ESPKeys?

  package init() {}
}

extension SecurityAssociation {
  /// Seals a payload: SPI, sequence number, initialisation vector, ciphertext and integrity check value (RFC 4303 2).
  ///
  /// Throws `sequence` when the last number was sent (RFC 4303 3.3.3), `notWholeBlocks` for padding that does not fit, `length` for keys that
  /// do not.
  ///
  /// - Parameters:
  ///   - nextHeader: what the payload is: 135 for a Mobility Header, 41 and 4 for a packet in tunnel mode.
  ///   - generator: where the initialisation vector of a CBC mode comes from. AES-GCM has the sequence number for one, which never repeats.
  package mutating func seal(
    _ payload: [UInt8], nextHeader: UInt8, _ kept: KeptKeys, using generator: inout some RandomNumberGenerator,
    overriding overrides: SealingOverrides? = nil
  ) throws(SecurityError) -> [UInt8] {
    try seal(payload[...], nextHeader: nextHeader, kept, using: &generator, overriding: overrides)
  }

  private mutating func seal(
    _ payload: ArraySlice<UInt8>, nextHeader: UInt8, _ kept: KeptKeys, using generator: inout some RandomNumberGenerator,
    overriding overrides: SealingOverrides?
  ) throws(SecurityError) -> [UInt8] {
    let (next, isSpent) = sequence.addingReportingOverflow(1)
    guard !isSpent || overrides?.sequence != nil else { throw .sequence }
    let encryption = (overrides?.keys ?? keys).encryption
    let drawn = encryption.isAEAD ? (UInt64(next), 0) : encryption.ivLength > 0 ? (generator.next(), generator.next()) : (0, 0)
    let bytes = try sealed(payload, nextHeader: nextHeader, number: next, iv: drawn, kept, overrides)
    if !isSpent { sequence = next }
    return bytes
  }

  /// Nothing here is generic: called from another module that would cost as much as the encryption.
  private func sealed(
    _ payload: ArraySlice<UInt8>, nextHeader: UInt8, number: UInt32, iv: (UInt64, UInt64), _ kept: KeptKeys,
    _ overrides: SealingOverrides?
  ) throws(SecurityError) -> [UInt8] {
    let keys = overrides?.keys ?? self.keys
    var bytes: [UInt8] = []
    bytes.reserveCapacity(payload.count + 80)
    bytes.append(bigEndian: overrides?.spi ?? spi)
    bytes.append(bigEndian: overrides?.sequence ?? number)
    if let iv = overrides?.iv {
      bytes += iv
    } else {
      if keys.encryption.ivLength >= 8 { bytes.append(bigEndian: iv.0) }
      if keys.encryption.ivLength >= 16 { bytes.append(bigEndian: iv.1) }
    }
    let start = bytes.count
    bytes += payload
    if let padding = overrides?.padding {
      bytes += padding
      bytes.append(overrides?.padLength ?? UInt8(truncatingIfNeeded: padding.count))
    } else {
      // RFC 4303 2.4: 1, 2, 3 … up to the cipher's block, or to four octets.
      let block = max(4, keys.encryption.blockLength)
      let missing = (block - (payload.count + 2) % block) % block
      for octet in 0..<missing { bytes.append(UInt8(truncatingIfNeeded: octet + 1)) }
      bytes.append(overrides?.padLength ?? UInt8(truncatingIfNeeded: missing))
    }
    bytes.append(overrides?.nextHeader ?? nextHeader)
    let end = bytes.count
    for _ in 0..<keys.icvLength { bytes.append(0) }
    try kept.with(keys) { cipher, mac throws(SecurityError) in
      try cipher.encrypt(&bytes, start..<end, iv: 8..<start, associatedData: 0..<8)
      if !keys.encryption.isAEAD { try mac.write(&bytes, over: 0..<end) }
    }
    if let icv = overrides?.icv { bytes.replaceSubrange(end..., with: icv) }
    return bytes
  }

  /// The packet with everything from a header on sealed: an ESP header stands there, with fields that can be overridden, and what it seals is
  /// payload. In transport mode that is the header of the upper layer, in tunnel mode the inner IP header.
  ///
  /// Checksums and lengths inside are those of the packet as it is, so a wrong field stays the only one. A header in front that names a fixed
  /// next header keeps it. Throws as `seal(_:nextHeader:_:using:overriding:)` does, and `tooShort` for an index behind the payload.
  package mutating func seal(
    _ packet: Packet, from index: Int, _ kept: KeptKeys, using generator: inout some RandomNumberGenerator,
    overriding overrides: SealingOverrides? = nil
  ) throws(SecurityError) -> Packet {
    var starts: [Int] = []
    let bytes = packet.encoded(starts: &starts)
    guard starts.indices.contains(index) else { throw .tooShort }
    let nextHeader = index < packet.headers.count ? packet.headers[index].kind.protocolNumber : 59
    let sealed = try seal(bytes[starts[index]...], nextHeader: nextHeader, kept, using: &generator, overriding: overrides)
    let (spi, sequence) = (UInt128(bigEndian: sealed[0..<4]), UInt128(bigEndian: sealed[4..<8]))
    var outer = packet
    outer.headers.removeSubrange(index...)
    outer.headers.append(Packet.Header(.esp, .rfc5846, [(.espSPI, spi), (.espSequence, sequence)]))
    outer.payload = Array(sealed[8...])
    return outer
  }
}
