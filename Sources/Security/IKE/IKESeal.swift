package import Wire

/// How one direction of an IKE SA seals the payloads of its messages (RFC 7296 3.14, RFC 5282).
extension IKESeal {
  /// The seal of what one of the two sends.
  /// - Parameter byInitiator: by the original initiator of the SA.
  package init(_ algorithms: IKEAlgorithms, _ keys: IKEKeys, byInitiator: Bool) {
    self.init(algorithms.encryption, byInitiator ? keys.ei : keys.er, algorithms.integrity, byInitiator ? keys.ai : keys.ar)
  }

  /// What a sender does otherwise than it should. What is nil is as it should be.
  package struct Overrides: Hashable, Sendable {
    package var iv: [UInt8]?
    /// The octets between the payloads and Pad Length; they should fill the last block.
    package var padding: [UInt8]?
    package var padLength: UInt8?
    package var icv: [UInt8]?

    package init() {}
  }

  /// A sealed message.
  /// - Parameters:
  ///   - message: an IKE header with an SK payload, behind it the payloads to be sealed. Values that it gives stand, the check value is
  ///     that of the message with them.
  ///   - iv: `encryption.ivLength` octets.
  package func sealed(_ message: Packet.Header, iv: [UInt8], _ overrides: Overrides = Overrides()) throws(SecurityError) -> [UInt8] {
    guard let place = message.options.firstIndex(where: { $0.kind == .sk }) else { throw .unsupported("a message without SK to be sealed") }
    var inner: [UInt8] = []
    Packet.Option.encode(Array(message.options[(place + 1)...]), to: &inner)
    let block = max(encryption.blockLength, 1)
    let missing = (block - (inner.count + 1) % block) % block
    let padding = overrides.padding ?? [UInt8](repeating: 0, count: missing)
    let plain = inner + padding + [overrides.padLength ?? UInt8(truncatingIfNeeded: padding.count)]
    let vector = overrides.iv ?? iv

    var outer = message
    outer.options = Array(message.options[...place])
    if outer.options[place].value(.skNextPayload) == nil {
      let first = place + 1 < message.options.count ? message.options[place + 1].payloadType : 0
      outer.options[place].values.append((path: .skNextPayload, value: UInt128(first)))
    }
    outer.options[place].data = vector + plain + [UInt8](repeating: 0, count: icvLength)
    var bytes = Packet([outer]).encoded()
    let text = (bytes.count - icvLength - plain.count)..<(bytes.count - icvLength)
    // Padding that somebody chose may leave the last block open, which nobody can encrypt: it stays in clear.
    let whole = text.lowerBound..<(text.upperBound - plain.count % block)
    let associated = encryption.isAEAD ? Array(bytes[..<(text.lowerBound - vector.count)]) : []
    let cipherText = try encryption.encrypt(Array(bytes[whole]), key: encryptionKey, iv: vector, associatedData: associated)
    bytes.replaceSubrange(whole, with: cipherText.prefix(whole.count))
    let icv =
      try encryption.isAEAD ? Array(cipherText.suffix(icvLength)) : integrity.mac(key: integrityKey, Array(bytes[..<text.upperBound]))
    bytes.replaceSubrange(text.upperBound..., with: overrides.icv ?? icv)
    return bytes
  }

  /// Opens a message in its place, and gives where the payloads that it sealed stand. What it throws leaves the octets of no use.
  ///
  /// Throws `integrity` when the check value is wrong, `tooShort` and `notWholeBlocks` for what cannot be sealed at all, `padding` when Pad
  /// Length says more than there is.
  /// - Parameters:
  ///   - message: from the IKE header to the end of the message.
  ///   - checksIntegrity: whether a check value of its own, not that of an AEAD, is looked at.
  package func open(_ bytes: inout [UInt8], _ message: Range<Int>, checksIntegrity: Bool = true) throws(SecurityError) -> Range<Int> {
    guard message.lowerBound >= 0, message.upperBound <= bytes.count, let sk = Self.sealedPlace(in: bytes, message) else { throw .tooShort }
    let start = sk.lowerBound + 4
    let iv = start..<(start + encryption.ivLength)
    let end = sk.upperBound - icvLength
    guard iv.upperBound < end else { throw .tooShort }
    let text = iv.upperBound..<end
    if encryption.isAEAD {
      let plain = try encryption.decrypt(
        Array(bytes[text.lowerBound..<sk.upperBound]), key: encryptionKey, iv: Array(bytes[iv]),
        associatedData: Array(bytes[message.lowerBound..<start]))
      bytes.replaceSubrange(text, with: plain)
    } else {
      let icv = try integrity.mac(key: integrityKey, Array(bytes[message.lowerBound..<end]))
      guard !checksIntegrity || icv.isEqual(to: bytes[end..<sk.upperBound]) else { throw .integrity }
      bytes.replaceSubrange(text, with: try encryption.decrypt(Array(bytes[text]), key: encryptionKey, iv: Array(bytes[iv])))
    }
    let padLength = Int(bytes[text.upperBound - 1])
    guard padLength < text.count else { throw .padding }
    return text.lowerBound..<(text.upperBound - 1 - padLength)
  }

  /// Where the SK payload stands, its generic header included; nil without one.
  static func sealedPlace(in bytes: [UInt8], _ message: Range<Int>) -> Range<Int>? {
    let span = bytes.span.extracting(message)
    var dissection = Dissection()
    Decoder(dialect: .rfc5846).decode(span, .ike, into: &dissection)
    var place: Range<Int>?
    dissection.forEachPayload(in: span) { if $0.kind == .sk { place = $0.offset..<($0.offset + $0.length) } }
    return place.map { ($0.lowerBound + message.lowerBound)..<($0.upperBound + message.lowerBound) }
  }
}
