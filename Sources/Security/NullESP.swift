/// How an ESP packet reads if it is not encrypted (RFC 2410, RFC 5879): a guess, never a claim. Encrypted octets fit by chance once in many
/// thousand packets.
package struct NullESP: Hashable, Sendable {
  /// Octets of the integrity check value that this reading takes off the end, which nobody verified.
  package var icvLength: Int
  package var payload: Range<Int>
  package var nextHeader: UInt8

  /// Every reading whose trailer is in order and whose payload has the length that it says it has, for integrity check values of 12, 16
  /// and no octets, in that order. Only Mobility Headers, IPv6, IPv4 and UDP say how long they are; anything else gives no reading.
  ///
  /// - Parameter packet: where the packet stands in the octets, from its SPI to its end.
  package static func readings(_ bytes: [UInt8], _ packet: Range<Int>) -> [NullESP] {
    guard packet.lowerBound >= 0, packet.upperBound <= bytes.count else { return [] }
    return [12, 16, 0].compactMap { icvLength in
      let end = packet.upperBound - icvLength
      // RFC 4303 2.4: with its trailer the payload is a multiple of four octets.
      guard end - packet.lowerBound >= 10, (end - packet.lowerBound) % 4 == 0,
        let trailer = ESPTrailer(bytes, (packet.lowerBound + 8)..<end), trailer.hasDefaultPadding,
        length(trailer.nextHeader, bytes[trailer.payload]) == trailer.payload.count
      else { return nil }
      return NullESP(icvLength: icvLength, payload: trailer.payload, nextHeader: trailer.nextHeader)
    }
  }

  /// The octets that a packet of this protocol says it has; nil when it does not say, or is none.
  private static func length(_ nextHeader: UInt8, _ payload: ArraySlice<UInt8>) -> Int? {
    let first = payload.startIndex
    func word(_ offset: Int) -> Int { Int(payload[first + offset]) << 8 | Int(payload[first + offset + 1]) }
    switch nextHeader {
    case 135 where payload.count >= 8 && payload[first] == 59: return (Int(payload[first + 1]) + 1) * 8
    case 41 where payload.count >= 40 && payload[first] >> 4 == 6: return 40 + word(4)
    case 4 where payload.count >= 20 && payload[first] >> 4 == 4: return word(2)
    case 17 where payload.count >= 8: return word(4)
    default: return nil
    }
  }
}
