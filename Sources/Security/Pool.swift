internal import COpenSSL

/// What one call of ours makes with OpenSSL, all freed by `drain()`.
///
/// Not by the last reference: Swift may let an object go once its pointer was read, while OpenSSL still works with it. Whoever makes a pool
/// drains it in a `defer`.
@safe final class Pool {
  private var owned: [() -> Void] = []

  /// Takes something over. Throws what OpenSSL says when it made nothing.
  func own(_ pointer: OpaquePointer?, _ free: @escaping (OpaquePointer?) -> Void) throws(SecurityError) -> OpaquePointer {
    guard let pointer = unsafe pointer else { throw .library() }
    owned.append { unsafe free(pointer) }
    return unsafe pointer
  }

  func drain() {
    for free in owned.reversed() { free() }
    owned.removeAll()
  }

  /// A large number, zero.
  func number() throws(SecurityError) -> OpaquePointer { unsafe try own(BN_new(), BN_free) }

  /// - Parameter octets: big-endian.
  func number(_ octets: [UInt8]) throws(SecurityError) -> OpaquePointer {
    guard let size = Int32(exactly: octets.count) else { throw .tooShort }
    return unsafe try own(BN_bin2bn(octets, size, nil), BN_free)
  }

  /// Room for OpenSSL's intermediate results.
  func scratch() throws(SecurityError) -> OpaquePointer { unsafe try own(BN_CTX_new(), BN_CTX_free) }

  /// Some octets as a file to read. They must outlive the pool.
  func source(_ text: UnsafeBufferPointer<UInt8>) throws(SecurityError) -> OpaquePointer {
    guard let size = Int32(exactly: text.count) else { throw .tooShort }
    return unsafe try own(BIO_new_mem_buf(text.baseAddress, size)) { unsafe _ = BIO_free($0) }
  }
}

extension [UInt8] {
  /// A large number's octets, big-endian, zeros in front.
  init(number: OpaquePointer?, count: Int) throws(SecurityError) {
    self.init(repeating: 0, count: count)
    guard let size = Int32(exactly: count), unsafe BN_bn2binpad(number, &self, size) == size else { throw .library() }
  }

  /// What one of OpenSSL's i2d functions writes: called without room it says how much it needs.
  static func written(_ write: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32) throws(SecurityError) -> [UInt8] {
    let size = write(nil)
    guard size > 0 else { throw .library() }
    var out = [UInt8](repeating: 0, count: Int(size))
    let done = unsafe out.withUnsafeMutableBufferPointer { buffer in
      var pointer = buffer.baseAddress
      return unsafe write(&pointer)
    }
    guard done == size else { throw .library() }
    return out
  }

  /// Calls one of OpenSSL's d2i functions with a pointer that it may move, and the number of octets.
  func read(_ body: (UnsafeMutablePointer<UnsafePointer<UInt8>?>, Int) -> OpaquePointer?) -> OpaquePointer? {
    unsafe withUnsafeBufferPointer { buffer in
      var pointer = buffer.baseAddress
      return unsafe body(&pointer, buffer.count)
    }
  }
}
