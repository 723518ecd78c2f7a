/// What an IKE SA is protected with: the algorithms that were negotiated.
package struct IKEAlgorithms: Hashable, Sendable {
  package var encryption: EncryptionAlgorithm
  package var integrity: IntegrityAlgorithm
  package var prf: PseudorandomFunction

  package init(encryption: EncryptionAlgorithm, integrity: IntegrityAlgorithm, prf: PseudorandomFunction) {
    self.encryption = encryption
    self.integrity = integrity
    self.prf = prf
  }
}

/// The keys of an IKE SA (RFC 7296 2.14). Each may be overwritten.
package struct IKEKeys: Hashable, Sendable {
  package var skeyseed: [UInt8]
  package var d: [UInt8]
  package var ai: [UInt8]
  package var ar: [UInt8]
  package var ei: [UInt8]
  package var er: [UInt8]
  package var pi: [UInt8]
  package var pr: [UInt8]

  /// The keys of a first IKE SA.
  ///
  /// - Parameter sharedSecret: g^ir.
  package init(
    _ algorithms: IKEAlgorithms, sharedSecret: [UInt8], initiatorNonce: [UInt8], responderNonce: [UInt8], initiatorSPI: UInt64,
    responderSPI: UInt64
  ) throws(SecurityError) {
    // RFC 7296 2.14: of the nonces AES-XCBC takes no more than fill its key.
    let key =
      algorithms.prf == .aesXCBC
      ? Array(initiatorNonce.prefix(8)) + Array(responderNonce.prefix(8)) : initiatorNonce + responderNonce
    try self.init(
      algorithms, skeyseed: algorithms.prf(key: key, data: sharedSecret), nonces: initiatorNonce + responderNonce,
      initiatorSPI: initiatorSPI, responderSPI: responderSPI)
  }

  /// The keys of an IKE SA that replaces another (RFC 7296 2.18).
  ///
  /// - Parameters:
  ///   - old: the keys of the one replaced, and its function, which still makes SKEYSEED.
  ///   - sharedSecret: g^ir of the new exchange.
  package init(
    _ algorithms: IKEAlgorithms, replacing old: IKEKeys, _ oldFunction: PseudorandomFunction, sharedSecret: [UInt8],
    initiatorNonce: [UInt8], responderNonce: [UInt8], initiatorSPI: UInt64, responderSPI: UInt64
  ) throws(SecurityError) {
    let nonces = initiatorNonce + responderNonce
    try self.init(
      algorithms, skeyseed: oldFunction(key: old.d, data: sharedSecret + nonces), nonces: nonces, initiatorSPI: initiatorSPI,
      responderSPI: responderSPI)
  }

  private init(_ algorithms: IKEAlgorithms, skeyseed: [UInt8], nonces: [UInt8], initiatorSPI: UInt64, responderSPI: UInt64)
    throws(SecurityError)
  {
    let key = algorithms.prf.preferredKeyLength
    let integrity = algorithms.integrity.keyLength
    let encryption = algorithms.encryption.keyLength
    let seed = nonces + [UInt8](bigEndian: initiatorSPI) + [UInt8](bigEndian: responderSPI)
    var rest = try algorithms.prf.expand(key: skeyseed, seed: seed, length: 3 * key + 2 * integrity + 2 * encryption)[...]
    self.skeyseed = skeyseed
    d = rest.taken(key)
    ai = rest.taken(integrity)
    ar = rest.taken(integrity)
    ei = rest.taken(encryption)
    er = rest.taken(encryption)
    pi = rest.taken(key)
    pr = rest.taken(key)
  }

  /// The keys of a Child SA (RFC 7296 2.17): of the ESP SA from the exchange's initiator to its responder, and of the one back.
  ///
  /// - Parameters:
  ///   - prf: the IKE SA's.
  ///   - sharedSecret: g^ir of the CREATE_CHILD_SA exchange, empty without one.
  package func childKeys(
    _ prf: PseudorandomFunction, _ encryption: EncryptionAlgorithm, _ integrity: IntegrityAlgorithm, sharedSecret: [UInt8] = [],
    initiatorNonce: [UInt8], responderNonce: [UInt8]
  ) throws(SecurityError) -> (initiator: ESPKeys, responder: ESPKeys) {
    let each = encryption.keyLength + integrity.keyLength
    let seed = sharedSecret + initiatorNonce + responderNonce
    var rest = try prf.expand(key: d, seed: seed, length: 2 * each)[...]
    func next() -> ESPKeys {
      ESPKeys(encryption, rest.taken(encryption.keyLength), integrity, rest.taken(integrity.keyLength))
    }
    return (initiator: next(), responder: next())
  }
}

extension ArraySlice<UInt8> {
  /// The first octets, which are gone then; as many as there are.
  mutating func taken(_ count: Int) -> [UInt8] {
    let first = prefix(count)
    removeFirst(first.count)
    return Array(first)
  }
}
