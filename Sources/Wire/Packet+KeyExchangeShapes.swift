extension Packet.Option {
  /// A KE payload (RFC 7296 3.4).
  public static func ke(group: UInt16, _ data: [UInt8]) -> Self { Self(.ke, [(.keGroup, UInt128(group))], data: data) }

  /// A Nonce payload (RFC 7296 3.9).
  public static func nonce(_ data: [UInt8]) -> Self { Self(.nonce, data: data) }

  /// An IDi or IDr payload (RFC 7296 3.5).
  public static func identification(isInitiator: Bool, type: UInt8, _ data: [UInt8]) -> Self {
    isInitiator ? Self(.idi, [(.idiType, UInt128(type))], data: data) : Self(.idr, [(.idrType, UInt128(type))], data: data)
  }

  /// An AUTH payload (RFC 7296 3.8).
  public static func auth(method: UInt8, _ data: [UInt8]) -> Self { Self(.auth, [(.authMethod, UInt128(method))], data: data) }

  /// A CERT payload with an X.509 certificate, in DER (RFC 7296 3.6).
  public static func certificate(_ data: [UInt8]) -> Self { Self(.cert, [(.certEncoding, 4)], data: data) }

  /// A CERTREQ payload with the SHA-1 hashes of the keys of certification authorities (RFC 7296 3.7).
  public static func certificateRequest(_ hashes: [UInt8]) -> Self { Self(.certreq, [(.certreqEncoding, 4)], data: hashes) }

  /// A Notify payload (RFC 7296 3.10). One about an ESP SA has protocol 3 and an SPI.
  public static func notify(_ type: UInt16, protocolID: UInt8 = 0, spi: [UInt8] = [], _ data: [UInt8] = []) -> Self {
    Self(
      .notify, [(.notifyProtocol, UInt128(protocolID)), (.notifySPISize, UInt128(spi.count)), (.notifyType, UInt128(type))],
      data: spi + data)
  }

  /// A Delete payload for the IKE SA (RFC 7296 3.11).
  public static let deleteIKE = Self(.delete, [(.deleteProtocol, 1)])

  /// A Delete payload for ESP SAs, by the SPIs that the sender expects in what it receives (RFC 7296 3.11).
  public static func deleteESP(_ spis: [UInt32]) -> Self {
    Self(
      .delete, [(.deleteProtocol, 3), (.deleteSPISize, 4), (.deleteCount, UInt128(spis.count))],
      data: spis.flatMap { spi in (0..<4).map { UInt8(truncatingIfNeeded: spi >> UInt32(24 - 8 * $0)) } })
  }

  /// An EAP payload that carries this EAP message (RFC 7296 3.16).
  public static func eap(_ message: [UInt8]) -> Self {
    let head = message.prefix(4) + [UInt8](repeating: 0, count: max(0, 4 - message.count))
    return Self(
      .eap,
      [
        (.eapCode, UInt128(head[0])), (.eapIdentifier, UInt128(head[1])), (.eapLength, UInt128(head[2]) << 8 | UInt128(head[3])),
      ], data: Array(message.dropFirst(4)))
  }

  /// The EAP message of an EAP payload.
  public var eapMessage: [UInt8]? {
    guard kind == .eap, let code = value(.eapCode), let identifier = value(.eapIdentifier), let length = value(.eapLength) else {
      return nil
    }
    return [code, identifier, length >> 8, length].map { UInt8(truncatingIfNeeded: $0) } + data
  }
}
