/// How a message is encrypted (RFC 7296 3.3.2, transform type 1). AES keys have 128, 192 or 256 bits.
package enum EncryptionAlgorithm: Hashable, Sendable {
  /// RFC 3602.
  case aesCBC(keyBits: Int)
  /// RFC 2451.
  case tripleDES
  /// RFC 4106 in ESP, RFC 5282 in IKEv2; the integrity check value has 16 octets.
  case aesGCM16(keyBits: Int)
  /// RFC 2410.
  case null

  /// The algorithm of a transform, nil for one that is not implemented here.
  ///
  /// - Parameter keyBits: the transform's Key Length attribute.
  package init?(transformID: UInt16, keyBits: Int? = nil) {
    switch (transformID, keyBits) {
    case (3, nil): self = .tripleDES
    case (11, nil): self = .null
    case (12, 128), (12, 192), (12, 256): self = .aesCBC(keyBits: keyBits ?? 0)
    case (20, 128), (20, 192), (20, 256): self = .aesGCM16(keyBits: keyBits ?? 0)
    default: return nil
    }
  }

  /// The Transform ID.
  package var transformID: UInt16 {
    switch self {
    case .tripleDES: 3
    case .null: 11
    case .aesCBC: 12
    case .aesGCM16: 20
    }
  }

  /// The Key Length attribute (RFC 7296 3.3.5), nil where the transform has none.
  package var keyBits: Int? {
    switch self {
    case .aesCBC(let bits), .aesGCM16(let bits): bits
    case .tripleDES, .null: nil
    }
  }

  /// Octets of keying material: for AES-GCM the key and four octets of salt behind it (RFC 4106 8.1).
  package var keyLength: Int {
    switch self {
    case .aesCBC(let bits): bits / 8
    case .tripleDES: 24
    case .aesGCM16(let bits): bits / 8 + 4
    case .null: 0
    }
  }

  /// Octets that the plain text is padded to a multiple of; 1 where the algorithm asks for none.
  package var blockLength: Int {
    switch self {
    case .aesCBC: 16
    case .tripleDES: 8
    case .aesGCM16, .null: 1
    }
  }

  /// Octets of the initialisation vector that travels in front of the ciphertext.
  package var ivLength: Int {
    switch self {
    case .aesCBC: 16
    case .tripleDES, .aesGCM16: 8
    case .null: 0
    }
  }

  /// It protects integrity too, and has its own check value.
  package var isAEAD: Bool { tagLength > 0 }

  /// Octets of its own integrity check value, 0 where it has none.
  package var tagLength: Int {
    switch self {
    case .aesGCM16: 16
    case .aesCBC, .tripleDES, .null: 0
    }
  }

  /// OpenSSL's name; nil where there is nothing to ask it.
  var libraryName: String? {
    switch self {
    case .aesCBC(let bits): "AES-\(bits)-CBC"
    case .tripleDES: "DES-EDE3-CBC"
    case .aesGCM16(let bits): "AES-\(bits)-GCM"
    case .null: nil
    }
  }

  /// The ciphertext of some whole blocks, behind it the tag if the algorithm has one. The initialisation vector is not part of it.
  ///
  /// Sets up the key for this one call; `Cipher` keeps it.
  package func encrypt(_ plain: [UInt8], key: [UInt8], iv: [UInt8], associatedData: [UInt8] = []) throws(SecurityError) -> [UInt8] {
    var bytes = associatedData + iv + plain + [UInt8](repeating: 0, count: tagLength)
    let start = associatedData.count + iv.count
    try Cipher(self, key: key).encrypt(
      &bytes, start..<(start + plain.count), iv: associatedData.count..<start, associatedData: 0..<associatedData.count)
    return Array(bytes[start...])
  }

  /// The plain text of a ciphertext with its tag, if the algorithm has one. Throws `integrity` when that is wrong.
  package func decrypt(_ sealed: [UInt8], key: [UInt8], iv: [UInt8], associatedData: [UInt8] = []) throws(SecurityError) -> [UInt8] {
    guard sealed.count >= tagLength else { throw .tooShort }
    var bytes = associatedData + iv + sealed
    let start = associatedData.count + iv.count
    let end = bytes.count - tagLength
    try Cipher(self, key: key).decrypt(
      &bytes, start..<end, iv: associatedData.count..<start, associatedData: 0..<associatedData.count)
    return Array(bytes[start..<end])
  }
}
