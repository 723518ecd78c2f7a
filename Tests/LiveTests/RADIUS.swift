import COpenSSL
import Security

/// What RADIUS (RFC 2865, 3579, 2548) needs to carry EAP between two programs of one machine.
struct RADIUSPacket {
  enum Code: UInt8 { case request = 1, accept, reject, challenge = 11 }

  enum Attribute {
    static let userName: UInt8 = 1
    static let state: UInt8 = 24
    static let vendor: UInt8 = 26
    static let identifier: UInt8 = 32
    static let eap: UInt8 = 79
    static let messageAuthenticator: UInt8 = 80
  }

  struct Malformed: Error { var what: String }

  var code: Code
  var identifier: UInt8
  /// The request's random one, or what an answer computes of it.
  var authenticator: [UInt8]
  var attributes: [(type: UInt8, value: [UInt8])] = []

  init(_ code: Code, identifier: UInt8, authenticator: [UInt8]) {
    self.code = code
    self.identifier = identifier
    self.authenticator = authenticator
  }

  /// Reads a packet whose authenticators are right.
  ///
  /// - Parameter request: the authenticator of the request that it answers; nil: it is a request.
  init(_ octets: [UInt8], secret: [UInt8], answering request: [UInt8]? = nil) throws {
    guard octets.count >= 20, let code = Code(rawValue: octets[0]), Int(octets[2]) << 8 | Int(octets[3]) == octets.count else {
      throw Malformed(what: "header of \(octets.count) octets")
    }
    self.init(code, identifier: octets[1], authenticator: Array(octets[4..<20]))
    var rest = octets[20...]
    var zeroed = octets
    zeroed.replaceSubrange(4..<20, with: request ?? authenticator)
    let unsigned = zeroed
    while let type = rest.first {
      guard rest.count >= 2, case let length = Int(rest[rest.startIndex + 1]), (2...rest.count).contains(length) else {
        throw Malformed(what: "attribute \(type)")
      }
      let value = rest.startIndex + 2..<rest.startIndex + length
      attributes.append((type, Array(rest[value])))
      if type == Attribute.messageAuthenticator { for index in value { zeroed[index] = 0 } }
      rest = rest.dropFirst(length)
    }
    guard self[Attribute.messageAuthenticator].first == Self.hmac(secret, zeroed) else { throw Malformed(what: "Message-Authenticator") }
    if request != nil, Self.md5(unsigned + secret) != authenticator { throw Malformed(what: "Response Authenticator") }
  }

  /// - Parameter request: the authenticator of the request that it answers; nil: it is a request.
  func octets(secret: [UInt8], answering request: [UInt8]? = nil) -> [UInt8] {
    let body = attributes.flatMap { [$0.type, UInt8($0.value.count + 2)] + $0.value }
    let length = 20 + body.count + 18
    let head = [code.rawValue, identifier, UInt8(length >> 8), UInt8(length & 0xff)]
    let signed = [Attribute.messageAuthenticator, 18]
    let mac = Self.hmac(secret, head + (request ?? authenticator) + body + signed + [UInt8](repeating: 0, count: 16))
    let rest = body + signed + mac
    return head + (request.map { Self.md5(head + $0 + rest + secret) } ?? authenticator) + rest
  }

  subscript(type: UInt8) -> [[UInt8]] { attributes.filter { $0.type == type }.map(\.value) }

  /// The EAP packet, in pieces of 253 octets at most (RFC 3579 3.1).
  var eap: [UInt8] {
    get { self[Attribute.eap].flatMap(\.self) }
    set {
      for start in stride(from: 0, to: newValue.count, by: 253) {
        attributes.append((Attribute.eap, Array(newValue[start..<min(start + 253, newValue.count)])))
      }
    }
  }

  // MARK: MS-MPPE keys (RFC 2548 2.4.2, 2.4.3): of an MSK, Recv-Key is the first half.

  private static let keys: [(type: UInt8, half: Range<Int>)] = [(17, 0..<32), (16, 32..<64)]

  /// The MSK of an accept, 64 octets.
  func msk(secret: [UInt8], request: [UInt8]) throws -> [UInt8] {
    try Self.keys.flatMap { type, _ in
      let value = self[Attribute.vendor].first { $0.starts(with: [0, 0, 0x01, 0x37, type]) && $0.count >= 8 + 16 }
      guard let value, Int(value[5]) == value.count - 4, value.count % 16 == 8 else { throw Malformed(what: "no MS-MPPE key \(type)") }
      let plain = Self.crypted(Array(value[8...]), salt: Array(value[6..<8]), secret, request, isSealing: false)
      guard let length = plain.first.map(Int.init), length < plain.count else { throw Malformed(what: "MS-MPPE key \(type)") }
      return Array(plain[1...length])
    }
  }

  mutating func add(msk: [UInt8], secret: [UInt8], request: [UInt8]) {
    for (type, half) in Self.keys {
      let plain = [32] + msk[half] + [UInt8](repeating: 0, count: 15)
      let salt: [UInt8] = [0x80, type]
      let sealed = Self.crypted(plain, salt: salt, secret, request, isSealing: true)
      attributes.append((Attribute.vendor, [0, 0, 0x01, 0x37, type, UInt8(sealed.count + 4)] + salt + sealed))
    }
  }

  private static func crypted(_ text: [UInt8], salt: [UInt8], _ secret: [UInt8], _ request: [UInt8], isSealing: Bool) -> [UInt8] {
    var previous = request + salt
    return stride(from: 0, to: text.count, by: 16).flatMap { start in
      let block = text[start..<start + 16]
      let out = zip(block, md5(secret + previous)).map { $0 ^ $1 }
      previous = isSealing ? out : Array(block)
      return out
    }
  }

  private static func md5(_ octets: [UInt8]) -> [UInt8] {
    var out = [UInt8](repeating: 0, count: 16)
    EVP_Digest(octets, octets.count, &out, nil, EVP_md5(), nil)
    return out
  }

  private static func hmac(_ key: [UInt8], _ octets: [UInt8]) -> [UInt8] {
    var out = [UInt8](repeating: 0, count: 16)
    HMAC(EVP_md5(), key, Int32(key.count), octets, octets.count, &out, nil)
    return out
  }
}
