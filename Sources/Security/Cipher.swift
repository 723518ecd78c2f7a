internal import COpenSSL

/// An encryption algorithm with its key set up once: setting it up again for each packet costs as much as the packet.
///
/// Not Sendable: whoever seals and opens owns it.
@safe package final class Cipher {
  package let algorithm: EncryptionAlgorithm
  // One for each direction: a context that changes its direction sets up its key again.
  private let encrypting: OpaquePointer?
  private let decrypting: OpaquePointer?
  /// What AES-GCM puts in front of the initialisation vector (RFC 4106 4).
  private let salt: [UInt8]

  /// - Parameter key: `keyLength` octets, the salt included.
  package init(_ algorithm: EncryptionAlgorithm, key: [UInt8]) throws(SecurityError) {
    guard key.count == algorithm.keyLength else {
      throw .length(of: "encryption key", expected: algorithm.keyLength, got: key.count)
    }
    self.algorithm = algorithm
    salt = algorithm.isAEAD ? Array(key.suffix(4)) : []
    guard let name = algorithm.libraryName else {
      unsafe encrypting = nil
      unsafe decrypting = nil
      return
    }
    unsafe encrypting = EVP_CIPHER_CTX_new()
    unsafe decrypting = EVP_CIPHER_CTX_new()
    guard unsafe encrypting != nil, unsafe decrypting != nil else { throw .library() }
    let pool = Pool()
    defer { pool.drain() }
    let cipher = unsafe try pool.own(EVP_CIPHER_fetch(nil, name, nil), EVP_CIPHER_free)
    try check(unsafe EVP_CipherInit_ex(encrypting, cipher, nil, key, nil, 1))
    try check(unsafe EVP_CipherInit_ex(decrypting, cipher, nil, key, nil, 0))
  }

  deinit {
    unsafe EVP_CIPHER_CTX_free(encrypting)
    unsafe EVP_CIPHER_CTX_free(decrypting)
  }

  /// Encrypts `text` of the octets in place, and writes the tag, if there is one, behind it.
  ///
  /// - Parameters:
  ///   - text: whole blocks; room for the tag follows them.
  ///   - iv: where the initialisation vector stands, `ivLength` octets.
  ///   - associatedData: where the octets are that are not encrypted but belong to the tag.
  package func encrypt(_ bytes: inout [UInt8], _ text: Range<Int>, iv: Range<Int>, associatedData: Range<Int>) throws(SecurityError) {
    guard let context = unsafe try start(encrypting, bytes, text, iv: iv, associatedData: associatedData) else { return }
    unsafe try run(context, &bytes, text, associatedData)
    guard algorithm.isAEAD else { return }
    try check(unsafe EVP_CipherFinal_ex(context, &spare, &spareLength))
    unsafe try withOctets(&bytes) { base throws(SecurityError) in
      try check(
        unsafe EVP_CIPHER_CTX_ctrl(
          context, EVP_CTRL_AEAD_GET_TAG, Int32(truncatingIfNeeded: algorithm.tagLength), base + text.upperBound))
    }
  }

  /// Decrypts `text` of the octets in place. Throws `integrity` when the tag behind it is wrong; the octets are as before then.
  package func decrypt(_ bytes: inout [UInt8], _ text: Range<Int>, iv: Range<Int>, associatedData: Range<Int>) throws(SecurityError) {
    guard let context = unsafe try start(decrypting, bytes, text, iv: iv, associatedData: associatedData) else { return }
    // It is on again after each start, and would hold the last block back. Encryption holds nothing back, and asking costs 100 ns.
    if algorithm.blockLength > 1 { try check(unsafe EVP_CIPHER_CTX_set_padding(context, 0)) }
    if algorithm.isAEAD {
      unsafe try withOctets(&bytes) { base throws(SecurityError) in
        try check(
          unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(truncatingIfNeeded: algorithm.tagLength), base + text.upperBound)
        )
      }
    }
    unsafe try run(context, &bytes, text, associatedData)
    guard algorithm.isAEAD, unsafe EVP_CipherFinal_ex(context, &spare, &spareLength) != 1 else { return }
    ERR_clear_error()
    // Counter mode undoes itself.
    let tag = Array(bytes[text.upperBound..<(text.upperBound + algorithm.tagLength)])
    try encrypt(&bytes, text, iv: iv, associatedData: associatedData)
    bytes.replaceSubrange(text.upperBound..<(text.upperBound + algorithm.tagLength), with: tag)
    throw .integrity
  }

  // Where OpenSSL writes what nobody reads.
  private var spare = [UInt8](repeating: 0, count: 32)
  private var spareLength: Int32 = 0
  private var nonce: InlineArray<16, UInt8> = .init(repeating: 0)

  /// Looks at the ranges, which come from the wire in the end, and hands over the initialisation vector; nil for NULL encryption.
  private func start(
    _ context: OpaquePointer?, _ bytes: [UInt8], _ text: Range<Int>, iv: Range<Int>, associatedData: Range<Int>
  ) throws(SecurityError) -> OpaquePointer? {
    guard iv.count == algorithm.ivLength else { throw .length(of: "initialisation vector", expected: algorithm.ivLength, got: iv.count) }
    guard text.count % algorithm.blockLength == 0 else { throw .notWholeBlocks }
    guard text.lowerBound >= 0, iv.lowerBound >= 0, associatedData.lowerBound >= 0, iv.upperBound <= bytes.count,
      associatedData.upperBound <= bytes.count, text.upperBound <= bytes.count &- algorithm.tagLength, bytes.count <= Int(Int32.max)
    else { throw .tooShort }
    guard let context = unsafe context else { return nil }
    for index in salt.indices { nonce[index] = salt[index] }
    for (index, position) in zip(salt.count..., iv) { nonce[index] = bytes[position] }
    unsafe try nonce.span.withUnsafeBufferPointer { (nonce) throws(SecurityError) in
      try check(unsafe EVP_CipherInit_ex(context, nil, nil, nil, nonce.baseAddress, -1))
    }
    return unsafe context
  }

  private func run(_ context: OpaquePointer, _ bytes: inout [UInt8], _ text: Range<Int>, _ associatedData: Range<Int>) throws(SecurityError)
  {
    unsafe try withOctets(&bytes) { base throws(SecurityError) in
      if algorithm.isAEAD, !associatedData.isEmpty {
        try check(
          unsafe EVP_CipherUpdate(
            context, nil, &spareLength, base + associatedData.lowerBound, Int32(truncatingIfNeeded: associatedData.count)))
      }
      guard !text.isEmpty else { return }
      try check(
        unsafe EVP_CipherUpdate(
          context, base + text.lowerBound, &spareLength, base + text.lowerBound, Int32(truncatingIfNeeded: text.count)))
    }
  }

  private func withOctets(
    _ bytes: inout [UInt8], _ body: (UnsafeMutablePointer<UInt8>) throws(SecurityError) -> Void
  ) throws(SecurityError) {
    var span = bytes.mutableSpan
    unsafe try span.withUnsafeMutableBufferPointer { (buffer) throws(SecurityError) in
      guard let base = buffer.baseAddress else { return }
      unsafe try body(base)
    }
  }
}
