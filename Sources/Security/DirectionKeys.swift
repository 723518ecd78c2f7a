/// The algorithms and keys with which one direction of a security association is sealed, of ESP or of IKE.
package struct DirectionKeys: Hashable, Sendable {
  package var encryption: EncryptionAlgorithm
  /// `encryption.keyLength` octets.
  package var encryptionKey: [UInt8]
  /// None beside an encryption algorithm that protects integrity itself.
  package var integrity: IntegrityAlgorithm
  /// `integrity.keyLength` octets.
  package var integrityKey: [UInt8]

  package init(_ encryption: EncryptionAlgorithm, _ encryptionKey: [UInt8], _ integrity: IntegrityAlgorithm, _ integrityKey: [UInt8]) {
    self.encryption = encryption
    self.encryptionKey = encryptionKey
    self.integrity = integrity
    self.integrityKey = integrityKey
  }

  /// Octets of the integrity check value at the packet's end.
  package var icvLength: Int { encryption.isAEAD ? encryption.tagLength : integrity.icvLength }
}

/// Those of an ESP SA.
package typealias ESPKeys = DirectionKeys
/// Those of an IKE SA, which seal the payloads of its messages.
package typealias IKESeal = DirectionKeys
