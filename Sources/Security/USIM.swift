/// The subscriber's side of an authentication (3GPP TS 33.102 6.3.3).
package struct USIM: Hashable, Sendable {
  package var milenage: Milenage
  /// The highest sequence number accepted, 48 bits.
  package var sequence: UInt64

  package init(_ milenage: Milenage, sequence: UInt64 = 0) {
    self.milenage = milenage
    self.sequence = sequence
  }

  /// What it makes of a challenge.
  package enum Answer: Hashable, Sendable {
    case accepted(Milenage.Response)
    /// MAC-A is wrong: the network does not know the key.
    case rejected
    /// The sequence number is not above the highest accepted: AUTS.
    case synchronisation([UInt8])
  }

  /// - Parameters:
  ///   - rand: 16 octets.
  ///   - token: AUTN, 16 octets.
  package mutating func answer(rand: [UInt8], token: [UInt8]) throws(SecurityError) -> Answer {
    guard token.count == 16 else { throw .length(of: "AUTN", expected: 16, got: token.count) }
    let response = try milenage.response(rand: rand)
    let number = UInt64(bigEndian: zip(token[..<6], response.anonymityKey).map { $0 ^ $1 })
    let amf = UInt16(bigEndian: token[6..<8])
    guard try milenage.macs(rand: rand, sequence: number, amf: amf).a.isEqual(to: token[8...]) else { return .rejected }
    guard number > sequence else { return .synchronisation(try milenage.resynchronisation(rand: rand, sequence: sequence)) }
    sequence = number
    return .accepted(response)
  }
}
