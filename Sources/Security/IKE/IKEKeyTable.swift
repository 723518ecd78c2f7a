package import Wire

/// The keys of an IKE SA, and which SA it is: what a reader of a capture needs to open its messages.
package struct IKEKeyRecord: Hashable, Sendable {
  package var initiatorSPI: UInt64
  package var responderSPI: UInt64
  package var initiator: IKESeal
  package var responder: IKESeal

  package init(initiatorSPI: UInt64, responderSPI: UInt64, initiator: IKESeal, responder: IKESeal) {
    self.initiatorSPI = initiatorSPI
    self.responderSPI = responderSPI
    self.initiator = initiator
    self.responder = responder
  }

  package init(initiatorSPI: UInt64, responderSPI: UInt64, _ algorithms: IKEAlgorithms, _ keys: IKEKeys) {
    self.init(
      initiatorSPI: initiatorSPI, responderSPI: responderSPI, initiator: IKESeal(algorithms, keys, byInitiator: true),
      responder: IKESeal(algorithms, keys, byInitiator: false))
  }

  /// A line of Wireshark's `ikev2_decryption_table`. Wireshark has no AES-XCBC: it decrypts, and does not check.
  package var line: String {
    let fields = [
      hexadecimal([UInt8](bigEndian: initiatorSPI)), hexadecimal([UInt8](bigEndian: responderSPI)), hexadecimal(initiator.encryptionKey),
      hexadecimal(responder.encryptionKey), quoted(initiator.encryption.wiresharkName), hexadecimal(initiator.integrityKey),
      hexadecimal(responder.integrityKey), quoted(initiator.integrity.wiresharkName),
    ]
    return fields.joined(separator: ",")
  }

  /// Reads a line of Wireshark's `ikev2_decryption_table`; nil for one that is none, or of algorithms that nobody here has.
  package init?(line: some StringProtocol) {
    let fields = tableFields(line)
    guard fields.count == 8, let initiatorSPI = UInt64(fields[0], radix: 16), let responderSPI = UInt64(fields[1], radix: 16),
      let encryption = EncryptionAlgorithm.all.first(where: { $0.wiresharkName == fields[4] }),
      let integrity = IntegrityAlgorithm.all.first(where: { $0.wiresharkName == fields[7] }),
      let ei = tableOctets(fields[2]), let er = tableOctets(fields[3]), let ai = tableOctets(fields[5]), let ar = tableOctets(fields[6]),
      ei.count == encryption.keyLength, er.count == encryption.keyLength, ai.count == integrity.keyLength, ar.count == integrity.keyLength
    else { return nil }
    self.init(
      initiatorSPI: initiatorSPI, responderSPI: responderSPI, initiator: IKESeal(encryption, ei, integrity, ai),
      responder: IKESeal(encryption, er, integrity, ar))
  }
}

/// A passive reader: opens the IKE messages of a capture with keys that somebody exported.
package struct IKEKeyTable: Sendable {
  package private(set) var records: [IKEKeyRecord] = []
  private var places: [IKESPIs: Int] = [:]

  package init() {}

  /// Reads Wireshark's `ikev2_decryption_table`.
  /// - Returns: the numbers of the lines that could not be read, counted from 1.
  package mutating func read(_ table: String) -> [Int] {
    var bad: [Int] = []
    for (number, line) in table.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      guard !line.isEmpty, !line.hasPrefix("#") else { continue }
      if let record = IKEKeyRecord(line: line) { add(record) } else { bad.append(number + 1) }
    }
    return bad
  }

  /// Adds an SA; a later record of the same SPIs replaces the earlier.
  package mutating func add(_ record: IKEKeyRecord) {
    let spis = IKESPIs(initiator: record.initiatorSPI, responder: record.responderSPI)
    if let place = places[spis] {
      records[place] = record
    } else {
      places[spis] = records.count
      records.append(record)
    }
  }

  /// Opens the sealed IKE message of a frame in its place; nil where there is none, or no keys for it. Throws as `IKESeal.open`.
  ///
  /// The number in the opening's protection is the place of the SA in `records`.
  package func open(_ frame: inout [UInt8], _ dissection: Dissection) throws(SecurityError) -> Opening? {
    guard let layer = dissection.layer(.ike), layer.protection == .opaque,
      let initiator = dissection.value(.ikeInitiatorSPI, in: frame.span),
      let responder = dissection.value(.ikeResponderSPI, in: frame.span),
      let place = places[
        IKESPIs(initiator: UInt64(truncatingIfNeeded: initiator), responder: UInt64(truncatingIfNeeded: responder))]
    else { return nil }
    let start = Int(layer.offset)
    let seal = dissection.value(.ikeI, in: frame.span) == 1 ? records[place].initiator : records[place].responder
    let isChecksumWrong = dissection.isWrong(.udpChecksum)
    let payload = try seal.open(&frame, start..<max(start, min(layer.end, frame.count)))
    return Opening(
      offset: start, payload: payload, protection: .opened(UInt16(clamping: place)), isChecksumWrong: isChecksumWrong)
  }
}

/// The two SPIs of an IKE SA; the responder's is 0 before it has answered.
package struct IKESPIs: Hashable, Sendable {
  package var initiator: UInt64
  package var responder: UInt64

  package init(initiator: UInt64, responder: UInt64) {
    self.initiator = initiator
    self.responder = responder
  }
}

extension EncryptionAlgorithm {
  static let all: [EncryptionAlgorithm] =
    [128, 192, 256].flatMap { [.aesCBC(keyBits: $0), .aesGCM16(keyBits: $0)] } + [.tripleDES, .null]

  /// The name in Wireshark's `ikev2_decryption_table`.
  var wiresharkName: String {
    switch self {
    case .aesCBC(let bits): "AES-CBC-\(bits) [RFC3602]"
    case .tripleDES: "3DES [RFC2451]"
    case .aesGCM16(let bits): "AES-GCM-\(bits) with 16 octet ICV [RFC5282]"
    case .null: "NULL [RFC2410]"
    }
  }
}

extension IntegrityAlgorithm {
  static let all: [IntegrityAlgorithm] = [.none, .hmacSHA1_96, .aesXCBC96, .hmacSHA2_256_128]

  /// The name in Wireshark's `ikev2_decryption_table`.
  var wiresharkName: String {
    switch self {
    case .none: "NONE [RFC4306]"
    case .hmacSHA1_96: "HMAC_SHA1_96 [RFC2404]"
    case .aesXCBC96: "ANY 96-bits of Authentication [No Checking]"
    case .hmacSHA2_256_128: "HMAC_SHA2_256_128 [RFC4868]"
    }
  }
}

private func quoted(_ text: String) -> String { "\"\(text)\"" }

func hexadecimal(_ octets: [UInt8]) -> String { octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

/// The fields of a line of one of Wireshark's tables, without blanks and quotation marks around them.
func tableFields(_ line: some StringProtocol) -> [String] {
  line.split(separator: ",", omittingEmptySubsequences: false).map { field in
    var field = field.drop { $0 == " " }
    while field.last?.isWhitespace == true { field.removeLast() }
    return field.count >= 2 && field.first == "\"" && field.last == "\"" ? String(field.dropFirst().dropLast()) : String(field)
  }
}

/// Octets from hexadecimal digits, with `0x` in front or not; nil for anything else.
func tableOctets(_ text: String) -> [UInt8]? {
  let digits = text.hasPrefix("0x") ? text.dropFirst(2) : text[...]
  guard digits.count.isMultiple(of: 2), digits.allSatisfy(\.isHexDigit) else { return nil }
  let values = digits.compactMap(\.hexDigitValue)
  return stride(from: 0, to: values.count, by: 2).map { UInt8(truncatingIfNeeded: values[$0] << 4 | values[$0 + 1]) }
}

extension IKEChildSA {
  /// Two lines of Wireshark's `esp_sa` table, of what this side receives and of what it sends.
  /// - Parameters:
  ///   - local: this side's address on the wire, `*` for any.
  ///   - remote: the other's.
  package func lines(local: HostAddress?, remote: HostAddress?) -> [String] {
    let isIPv4 = if case .ipv4 = local ?? remote { true } else { false }
    return [(inboundSPI, inbound, remote, local), (outboundSPI, outbound, local, remote)].map { spi, keys, source, destination in
      let fields = [
        isIPv4 ? "IPv4" : "IPv6", source?.description ?? "*", destination?.description ?? "*", "0x" + hexadecimal([UInt8](bigEndian: spi)),
        keys.encryption.espName, prefixed(keys.encryptionKey), keys.integrity.espName, prefixed(keys.integrityKey),
      ]
      return fields.map(quoted).joined(separator: ",")
    }
  }
}

private func prefixed(_ octets: [UInt8]) -> String { octets.isEmpty ? "" : "0x" + hexadecimal(octets) }
