/// The authentication and key generation functions of a subscriber (3GPP TS 35.206 4.1), with AES-128 and the constants of its clause 4.1.
package struct Milenage: Hashable, Sendable {
  /// K, 16 octets.
  package let key: [UInt8]
  /// OPc, 16 octets.
  package let opc: [UInt8]

  /// - Parameters:
  ///   - key: K, 16 octets.
  ///   - opc: the operator's code as it is derived for this subscriber, 16 octets.
  package init(key: [UInt8], opc: [UInt8]) throws(SecurityError) {
    for (name, value) in [("K", key), ("OPc", opc)] where value.count != 16 {
      throw .length(of: name, expected: 16, got: value.count)
    }
    self.key = key
    self.opc = opc
  }

  /// - Parameter op: the operator's code, of which OPc is derived (TS 35.206 4.1).
  package init(key: [UInt8], op: [UInt8]) throws(SecurityError) {
    try self.init(key: key, opc: op)
    try self.init(key: key, opc: encrypted(op) ^ op)
  }

  /// MAC-A and MAC-S, 8 octets each: f1 and f1*.
  package func macs(rand: [UInt8], sequence: UInt64, amf: UInt16) throws(SecurityError) -> (a: [UInt8], s: [UInt8]) {
    let half = Self.octets(sequence) + [UInt8](bigEndian: amf)
    let mixed = (half + half) ^ opc
    let out = try encrypted(temp(rand) ^ (mixed[8...] + mixed[..<8])) ^ opc
    return (a: Array(out[..<8]), s: Array(out[8...]))
  }

  /// What f2 to f5 give.
  package struct Response: Hashable, Sendable {
    /// RES or XRES, 8 octets.
    package var res: [UInt8]
    /// CK, 16 octets.
    package var cipherKey: [UInt8]
    /// IK, 16 octets.
    package var integrityKey: [UInt8]
    /// AK, 6 octets.
    package var anonymityKey: [UInt8]
  }

  /// f2, f3, f4 and f5.
  package func response(rand: [UInt8]) throws(SecurityError) -> Response {
    let second = try output(rand, rotation: 0, constant: 1)
    return Response(
      res: Array(second[8...]), cipherKey: try output(rand, rotation: 4, constant: 2),
      integrityKey: try output(rand, rotation: 8, constant: 4), anonymityKey: Array(second[..<6]))
  }

  /// AK of a resynchronisation, 6 octets: f5*.
  package func resynchronisationKey(rand: [UInt8]) throws(SecurityError) -> [UInt8] {
    Array(try output(rand, rotation: 12, constant: 8)[..<6])
  }

  /// AUTN (3GPP TS 33.102 6.3.2): SQN ⊕ AK, AMF, MAC-A.
  package func token(rand: [UInt8], sequence: UInt64, amf: UInt16) throws(SecurityError) -> [UInt8] {
    let hidden = try Self.octets(sequence) ^ response(rand: rand).anonymityKey
    return try hidden + [UInt8](bigEndian: amf) + macs(rand: rand, sequence: sequence, amf: amf).a
  }

  /// AUTS (TS 33.102 6.3.3): SQN ⊕ AK, MAC-S over an AMF of zero.
  package func resynchronisation(rand: [UInt8], sequence: UInt64) throws(SecurityError) -> [UInt8] {
    try (Self.octets(sequence) ^ resynchronisationKey(rand: rand)) + macs(rand: rand, sequence: sequence, amf: 0).s
  }

  /// The sequence number of an AUTS. Throws `integrity` when its MAC-S is wrong, `length` for another than 14 octets.
  package func sequence(ofResynchronisation auts: [UInt8], rand: [UInt8]) throws(SecurityError) -> UInt64 {
    guard auts.count == 14 else { throw .length(of: "AUTS", expected: 14, got: auts.count) }
    let sequence = try UInt64(bigEndian: Array(auts[..<6]) ^ resynchronisationKey(rand: rand))
    guard try macs(rand: rand, sequence: sequence, amf: 0).s.isEqual(to: auts[6...]) else { throw .integrity }
    return sequence
  }

  private static func octets(_ sequence: UInt64) -> [UInt8] { Array([UInt8](bigEndian: sequence)[2...]) }

  private func temp(_ rand: [UInt8]) throws(SecurityError) -> [UInt8] {
    guard rand.count == 16 else { throw .length(of: "RAND", expected: 16, got: rand.count) }
    return try encrypted(rand ^ opc)
  }

  /// - Parameter rotation: to the left, in octets.
  private func output(_ rand: [UInt8], rotation: Int, constant: UInt8) throws(SecurityError) -> [UInt8] {
    let mixed = try temp(rand) ^ opc
    var rotated = Array(mixed[rotation...] + mixed[..<rotation])
    rotated[15] ^= constant
    return try encrypted(rotated) ^ opc
  }

  private func encrypted(_ block: [UInt8]) throws(SecurityError) -> [UInt8] {
    try EncryptionAlgorithm.aesCBC(keyBits: 128).encrypt(block, key: key, iv: [UInt8](repeating: 0, count: 16))
  }
}

/// Octet by octet, as long as the shorter one.
private func ^ (left: some Sequence<UInt8>, right: some Sequence<UInt8>) -> [UInt8] { zip(left, right).map { $0 ^ $1 } }
