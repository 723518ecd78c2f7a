import Security

/// Algorithms in the words that strongSwan, Libreswan and others have for them: `aes128-sha256-x25519`.
enum AlgorithmSuite {
  enum Kind {
    case ike, esp

    var example: String { self == .ike ? "aes128-sha256-x25519" : "aes128-sha256" }
  }

  struct Failure: Error { var reason: String }

  private static let encryption: [(name: String, value: EncryptionAlgorithm)] = [
    ("aes128", .aesCBC(keyBits: 128)), ("aes192", .aesCBC(keyBits: 192)), ("aes256", .aesCBC(keyBits: 256)), ("3des", .tripleDES),
    ("aes128gcm16", .aesGCM16(keyBits: 128)), ("aes192gcm16", .aesGCM16(keyBits: 192)), ("aes256gcm16", .aesGCM16(keyBits: 256)),
    ("null", .null),
  ]
  private static let integrity: [(name: String, value: IntegrityAlgorithm)] = [
    ("sha256", .hmacSHA2_256_128), ("sha1", .hmacSHA1_96), ("aesxcbc", .aesXCBC96),
  ]
  private static let functions: [(name: String, value: PseudorandomFunction)] = [
    ("prfsha256", .hmacSHA2_256), ("prfsha1", .hmacSHA1), ("prfaesxcbc", .aesXCBC),
  ]
  private static let groups: [(name: String, value: DiffieHellmanGroup)] = [
    ("x25519", .curve25519), ("curve25519", .curve25519), ("ecp256", .ecp256), ("modp2048", .modp2048), ("modp1024", .modp1024),
  ]

  /// A proposal of one algorithm or several of each kind; the function that goes with the integrity algorithm need not be named.
  static func proposal(_ text: String, of kind: Kind) throws(Failure) -> IKEProposal {
    var proposal = IKEProposal([])
    for word in text.split(separator: "-", omittingEmptySubsequences: false).map(String.init) {
      if let value = encryption.first(where: { $0.name == word })?.value {
        proposal.encryption.append(value)
      } else if let value = integrity.first(where: { $0.name == word })?.value {
        proposal.integrity.append(value)
      } else if let value = functions.first(where: { $0.name == word })?.value, kind == .ike {
        proposal.prf.append(value)
      } else if let value = groups.first(where: { $0.name == word })?.value, kind == .ike {
        proposal.groups.append(value)
      } else {
        let names =
          encryption.map(\.name) + integrity.map(\.name) + (kind == .ike ? functions.map(\.name) + groups.map(\.name) : [])
        throw Failure(reason: "'\(word)' is none of \(names.joined(separator: ", "))")
      }
    }
    guard !proposal.encryption.isEmpty else { throw Failure(reason: "no encryption is named") }
    let isAEAD = proposal.encryption.allSatisfy(\.isAEAD)
    guard isAEAD || !proposal.integrity.isEmpty else { throw Failure(reason: "no integrity algorithm is named beside it, such as sha256") }
    guard kind == .ike else { return proposal }
    guard !proposal.encryption.contains(.null) else { throw Failure(reason: "IKEv2 has no null encryption") }
    guard !proposal.groups.isEmpty else { throw Failure(reason: "no Diffie-Hellman group is named, such as x25519") }
    if proposal.prf.isEmpty {
      proposal.prf = proposal.integrity.map { $0 == .hmacSHA1_96 ? .hmacSHA1 : $0 == .aesXCBC96 ? .aesXCBC : .hmacSHA2_256 }
    }
    guard !proposal.prf.isEmpty else { throw Failure(reason: "no pseudo-random function is named, such as prfsha256") }
    return proposal
  }

  /// The algorithms in these words; `group` of an IKE SA alone.
  static func words(_ encryption: EncryptionAlgorithm, _ integrity: IntegrityAlgorithm, _ group: DiffieHellmanGroup? = nil) -> String {
    [
      self.encryption.first { $0.value == encryption }?.name, self.integrity.first { $0.value == integrity }?.name,
      group.flatMap { group in groups.first { $0.value == group }?.name },
    ].compactMap(\.self).joined(separator: "-")
  }
}
