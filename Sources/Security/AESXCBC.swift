/// AES-XCBC-MAC (RFC 3566 4), 16 octets: CBC over the message, with one of two derived keys added to its last block.
final class AESXCBC {
  private let cipher: Cipher
  private let whole: [UInt8]
  private let padded: [UInt8]
  private var buffer: [UInt8] = []

  /// - Parameter key: 16 octets.
  init(key: [UInt8]) throws(SecurityError) {
    let blocks = try Cipher(.aesCBC(keyBits: 128), key: key)
    func derived(_ octet: UInt8) throws(SecurityError) -> [UInt8] {
      var block = [UInt8](repeating: 0, count: 16) + [UInt8](repeating: octet, count: 16)
      try blocks.encrypt(&block, 16..<32, iv: 0..<16, associatedData: 0..<0)
      return Array(block[16...])
    }
    cipher = try Cipher(.aesCBC(keyBits: 128), key: derived(1))
    whole = try derived(2)
    padded = try derived(3)
  }

  func mac(_ data: some Collection<UInt8>) throws(SecurityError) -> [UInt8] {
    // An initialisation vector of zeros, then the message.
    buffer.removeAll(keepingCapacity: true)
    buffer.append(contentsOf: repeatElement(0, count: 16))
    buffer.append(contentsOf: data)
    let isWhole = !data.isEmpty && data.count % 16 == 0
    if !isWhole {
      buffer.append(0x80)
      while buffer.count % 16 != 0 { buffer.append(0) }
    }
    let last = buffer.count - 16
    for (index, octet) in (isWhole ? whole : padded).enumerated() { buffer[last + index] ^= octet }
    try cipher.encrypt(&buffer, 16..<buffer.count, iv: 0..<16, associatedData: 0..<0)
    return Array(buffer[last...])
  }
}
