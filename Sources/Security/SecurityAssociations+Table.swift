extension SecurityAssociations {
  /// Adds the associations of Wireshark's `esp_sa` table, as an observer has them: replays are let through.
  ///
  /// Addresses are not looked at: where more than one association has an SPI, the one whose keys fit opens a packet.
  ///
  /// - Returns: the numbers of the lines that could not be read, counted from 1: no SPI, an algorithm that is unknown here, or a key that does
  ///   not fit it.
  package mutating func read(_ table: String) -> [Int] {
    var bad: [Int] = []
    for (number, line) in table.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      guard line.contains(where: { !$0.isWhitespace }), !line.hasPrefix("#") else { continue }
      if let association = SecurityAssociation(line: line) { add(association) } else { bad.append(number + 1) }
    }
    return bad
  }
}

extension SecurityAssociation {
  /// Reads a line of `esp_sa`: protocol, source, destination, SPI, encryption and its key, authentication and its key.
  fileprivate init?(line: some StringProtocol) {
    let fields = tableFields(line)
    guard fields.count == 8, fields[3].hasPrefix("0x"), let spi = UInt32(fields[3].dropFirst(2), radix: 16),
      let encryptionKey = tableOctets(fields[5]), let integrityKey = tableOctets(fields[7]),
      let encryption = EncryptionAlgorithm(espName: fields[4], keyLength: encryptionKey.count),
      let integrity = IntegrityAlgorithm(espName: fields[6]), integrity.keyLength == integrityKey.count,
      integrity == .none || !encryption.isAEAD
    else { return nil }
    // The table does not know the mode; opening finds it in the Next Header.
    self.init(spi: spi, ESPKeys(encryption, encryptionKey, integrity, integrityKey), .tunnel, checksReplay: false)
  }
}

extension EncryptionAlgorithm {
  /// The name in Wireshark's `esp_sa`, which leaves the length of the key open.
  var espName: String {
    switch self {
    case .aesCBC: "AES-CBC [RFC3602]"
    case .tripleDES: "TripleDES-CBC [RFC2451]"
    case .aesGCM16: "AES-GCM with 16 octet ICV [RFC4106]"
    case .null: "NULL"
    }
  }

  /// - Parameter keyLength: octets of the key.
  fileprivate init?(espName: String, keyLength: Int) {
    let name = espName == "NULL [RFC2410]" ? "NULL" : espName
    guard let found = Self.all.first(where: { $0.espName == name && $0.keyLength == keyLength }) else { return nil }
    self = found
  }
}

extension IntegrityAlgorithm {
  /// The name in Wireshark's `esp_sa`. It has no AES-XCBC: the check value is taken off, and not looked at; the key beside the name is for us.
  var espName: String {
    switch self {
    case .none: "NULL"
    case .hmacSHA1_96: "HMAC-SHA-1-96 [RFC2404]"
    case .aesXCBC96: "ANY 96 bit authentication [no checking]"
    case .hmacSHA2_256_128: "HMAC-SHA-256-128 [RFC4868]"
    }
  }

  fileprivate init?(espName: String) {
    guard let found = Self.all.first(where: { $0.espName == espName }) else { return nil }
    self = found
  }
}
