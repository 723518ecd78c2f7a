package import Wire

/// As much of DNS (RFC 1035) as names a few addresses.
package enum DNSMessage {
  private enum RCode {
    static let noError: UInt8 = 0
    static let formatError: UInt8 = 1
    static let nameError: UInt8 = 3
    static let notImplemented: UInt8 = 4
    static let refused: UInt8 = 5
  }

  /// The first question of a query.
  struct Question {
    /// In lower case, without a dot at the end.
    var name: String
    var type: UInt16
    var `class`: UInt16
    /// As it stands in the query.
    var octets: [UInt8]
  }

  /// The answer to a query by an authority for a few names and a resolver that knows no others; nil for what is no query.
  ///
  /// - Parameter names: addresses by name, in lower case without a dot at the end; IPv4 ones as IPv4-mapped.
  package static func answer(to query: [UInt8], _ names: [String: [IPv6Address]]) -> [UInt8]? {
    // Answers are not answered, lest two servers talk for ever.
    guard query.count >= 12, query[2] & 0x80 == 0 else { return nil }
    guard query[2] & 0x78 == 0 else { return response(query, RCode.notImplemented) }
    guard query[4] == 0, query[5] == 1, let question = question(query) else { return response(query, RCode.formatError) }
    guard question.class == 1 || question.class == 255 else { return response(query, RCode.refused, question) }
    guard let addresses = names[question.name] else { return response(query, RCode.nameError, question) }
    let records = addresses.compactMap { address -> [UInt8]? in
      let type: UInt16 = address.ipv4 == nil ? 28 : 1
      guard question.type == type || question.type == 255 else { return nil }
      let data = address.ipv4 == nil ? address.octets : Array(address.octets.suffix(4))
      // The name is a pointer to the question's (4.1.4); the time to live is a minute.
      return [0xc0, 12, 0, UInt8(type), 0, 1, 0, 0, 0, 60, 0, UInt8(data.count)] + data
    }
    return response(query, RCode.noError, question, records)
  }

  private static func response(_ query: [UInt8], _ code: UInt8, _ question: Question? = nil, _ records: [[UInt8]] = []) -> [UInt8] {
    // Without EDNS no answer is longer than 512 octets (2.3.4).
    var body = question?.octets ?? []
    var count = 0
    for record in records where 12 + body.count + record.count <= 512 {
      body += record
      count += 1
    }
    let isCut: UInt8 = count < records.count ? 2 : 0
    // QR, the query's opcode and RD, AA, TC; RA and the response code.
    let flags = [0x80 | query[2] & 0x79 | 4 | isCut, 0x80 | code]
    return query[..<2] + flags + [0, question == nil ? 0 : 1, 0, UInt8(truncatingIfNeeded: count), 0, 0, 0, 0] + body
  }

  static func question(_ query: [UInt8]) -> Question? {
    var offset = 12
    var labels: [String] = []
    while true {
      guard offset < query.count else { return nil }
      let length = Int(query[offset])
      if length == 0 { break }
      // Longer ones are pointers, and a question has nothing before it to point to. A name has 255 octets at most.
      guard length <= 63, offset + 1 + length <= query.count, offset + length - 12 < 254 else { return nil }
      let label = String(decoding: query[offset + 1...offset + length].map { (65...90).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
      // A dot within a label is none between two.
      labels.append(label.replacing(".", with: "\\."))
      offset += 1 + length
    }
    guard offset + 5 <= query.count else { return nil }
    return Question(
      name: labels.joined(separator: "."), type: UInt16(query[offset + 1]) << 8 | UInt16(query[offset + 2]),
      class: UInt16(query[offset + 3]) << 8 | UInt16(query[offset + 4]), octets: Array(query[12..<offset + 5]))
  }
}
