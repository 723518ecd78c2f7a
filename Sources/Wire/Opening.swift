/// What an ESP packet or an IKE message seals, opened in its place: the frame keeps its length, and every octet its offset (RFC 4303 2,
/// RFC 7296 3.14).
public struct Opening: Sendable, Hashable {
  /// Where the ESP or IKE header stands, in octets from the frame's start.
  public var offset: Int
  /// Where the payload stands: behind the initialisation vector, in front of the padding.
  public var payload: Range<Int>
  /// The trailer's Next Header: what the payload is. Of no use in IKE, where SK's header names the first payload inside.
  public var nextHeader: UInt8
  public var protection: Protection
  /// The UDP checksum around it was wrong while it was sealed; over what is opened nobody can sum it.
  public var isChecksumWrong: Bool

  public init(offset: Int, payload: Range<Int>, nextHeader: UInt8 = 0, protection: Protection, isChecksumWrong: Bool = false) {
    self.offset = offset
    self.payload = payload
    self.nextHeader = nextHeader
    self.protection = protection
    self.isChecksumWrong = isChecksumWrong
  }
}

extension Decoder {
  /// ESP (RFC 4303 2), and behind it what stands opened there.
  func esp(_ bytes: Span<UInt8>, _ cursor: inout Cursor, _ result: inout Dissection, network: Int) {
    let start = cursor.offset
    guard let index = enter(.esp, 8, minimum: 8, &cursor, &result) else { return }
    guard let opening = openings.first(where: { $0.offset == start }), opening.payload.lowerBound >= cursor.offset,
      opening.payload.upperBound <= cursor.end
    else {
      result.layers[index].protection = .opaque
      return
    }
    result.layers[index].length = Int32(clamping: opening.payload.lowerBound &- start)
    result.layers[index].protection = opening.protection
    cursor.offset = opening.payload.lowerBound
    cursor.end = opening.payload.upperBound
    headers(bytes, opening.nextHeader, &cursor, &result, network: network)
    // What another ESP packet inside holds has its own.
    for inside in (index &+ 1)..<max(result.count, index &+ 1) where result.layers[inside].protection == .clear {
      result.layers[inside].protection = opening.protection
    }
  }
}
