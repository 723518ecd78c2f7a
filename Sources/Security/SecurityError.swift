internal import COpenSSL

/// Why keys, a sealed packet or a message of a key exchange could not be made or opened.
package enum SecurityError: Error, Hashable, Sendable {
  /// A key or an initialisation vector of another length, in octets, than its algorithm has.
  case length(of: String, expected: Int, got: Int)
  /// What is to be encrypted or decrypted is not a whole number of cipher blocks.
  case notWholeBlocks
  /// Fewer octets than the format has at least.
  case tooShort
  /// The integrity check value, MAC or signature is not the one of these octets.
  case integrity
  /// The padding, pad length or trailer of what was opened is none.
  case padding
  /// The sequence number was received before, or is too old to tell (RFC 4303 3.4.3).
  case replayed
  /// A sequence number of 0, or no number left in this direction (RFC 4303 3.3.3).
  case sequence
  /// Octets that are no message of their protocol, and why.
  case malformed(String)
  /// The packet is for another security association.
  case otherAssociation
  /// A peer's public value that no honest peer sends (RFC 6989 2, RFC 8031 2.3).
  case peerValue
  /// An algorithm, key or certificate that nobody here has an implementation of.
  case unsupported(String)
  /// A key or certificate that could not be read or is not trusted, and why.
  case certificate(String)
  /// OpenSSL refused, in its own words.
  case library(String)

  /// The oldest error in OpenSSL's queue, which is emptied.
  static func library() -> SecurityError {
    let code = ERR_get_error()
    ERR_clear_error()
    guard code != 0 else { return .library("no reason given") }
    var text = [CChar](repeating: 0, count: 256)
    unsafe ERR_error_string_n(code, &text, text.count)
    return .library(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }
}

/// Throws what OpenSSL says unless it returned 1.
func check(_ result: Int32) throws(SecurityError) {
  guard result == 1 else { throw .library() }
}
