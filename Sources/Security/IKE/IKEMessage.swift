import Wire

/// A message as it came, before it is opened.
struct IKEMessage: Sendable {
  let bytes: [UInt8]
  let spis: IKESPIs
  let version: UInt8
  let exchange: UInt8
  let isResponse: Bool
  /// From the original initiator of the SA.
  let isFromInitiator: Bool
  let id: UInt32
  let length: Int
  /// The payloads, each followed by its parts.
  let payloads: [Packet.Option]
  /// Nothing is wrong with its payloads.
  let isSound: Bool

  init?(_ bytes: [UInt8]) { self.init(bytes, opened: nil) }

  /// A message that was opened.
  /// - Parameter opened: where the payloads inside SK stand.
  init?(_ bytes: [UInt8], opened: Range<Int>?) {
    var dissection = Dissection()
    let openings = opened.map { [Opening(offset: 0, payload: $0, protection: .opened(0))] } ?? []
    Decoder(dialect: .rfc5846).decode(bytes.span, .ike, opened: openings, into: &dissection)
    guard let header = Packet(bytes.span, dissection).headers.first, let initiator = header.value(.ikeInitiatorSPI),
      let responder = header.value(.ikeResponderSPI), let version = header.value(.ikeVersion),
      let exchange = header.value(.ikeExchangeType),
      let r = header.value(.ikeR), let i = header.value(.ikeI), let id = header.value(.ikeMessageID), let length = header.value(.ikeLength)
    else { return nil }
    self.bytes = bytes
    spis = IKESPIs(initiator: UInt64(truncatingIfNeeded: initiator), responder: UInt64(truncatingIfNeeded: responder))
    self.version = UInt8(truncatingIfNeeded: version)
    self.exchange = UInt8(truncatingIfNeeded: exchange)
    isResponse = r == 1
    isFromInitiator = i == 1
    self.id = UInt32(truncatingIfNeeded: id)
    self.length = Int(length)
    isSound = dissection.isSound
    var payloads = opened == nil ? header.options : Array(header.options.drop { $0.kind == .sk })
    // Padding and check value went with the last payload.
    if let opened, !payloads.isEmpty {
      payloads[payloads.count - 1].data.removeLast(min(bytes.count - opened.upperBound, payloads[payloads.count - 1].data.count))
    }
    self.payloads = payloads
  }

  func payload(_ kind: LayerKind) -> Packet.Option? { payloads.first { $0.kind == kind } }

  /// The first notification of a type; its data, behind the SPI.
  func notification(_ type: UInt16) -> (spi: ArraySlice<UInt8>, data: ArraySlice<UInt8>)? { payloads.notification(type) }

  /// The first notification of an error.
  var error: UInt16? { payloads.notifications.map(\.type).first { NotifyType.isError($0) } }

  /// An unprotected answer, from the other side of the SA.
  func answer(_ payloads: [Packet.Option]) -> [UInt8] {
    Packet([
      Packet.Header(
        .ike, .rfc5846,
        [
          (.ikeInitiatorSPI, UInt128(spis.initiator)), (.ikeResponderSPI, UInt128(spis.responder)), (.ikeExchangeType, UInt128(exchange)),
          (.ikeR, 1), (.ikeI, isFromInitiator ? 0 : 1), (.ikeMessageID, UInt128(id)),
        ], options: payloads)
    ]).encoded()
  }
}

extension [Packet.Option] {
  /// Types, SPIs and data of the notifications, in order.
  var notifications: [(type: UInt16, spi: ArraySlice<UInt8>, data: ArraySlice<UInt8>)] {
    filter { $0.kind == .notify }.map { payload in
      let size = Int(payload.value(.notifySPISize) ?? 0)
      return (
        type: UInt16(truncatingIfNeeded: payload.value(.notifyType) ?? 0), spi: payload.data.prefix(size),
        data: payload.data.dropFirst(size)
      )
    }
  }

  func notification(_ type: UInt16) -> (spi: ArraySlice<UInt8>, data: ArraySlice<UInt8>)? {
    notifications.first { $0.type == type }.map { (spi: $0.spi, data: $0.data) }
  }

  /// The payload type of the first payload that nobody here knows and that has to be understood (RFC 7296 2.5).
  var unknownCritical: UInt8? { first { $0.kind == .unknownPayload && $0.value(.unknownPayloadCritical) == 1 }?.payloadType }
}
