package import Wire

/// What one proposal of an SA payload offers (RFC 7296 3.3): of each kind of transform any one, the first liked best.
package struct IKEProposal: Hashable, Sendable {
  package var encryption: [EncryptionAlgorithm]
  /// Of no use beside an algorithm that protects integrity itself.
  package var integrity: [IntegrityAlgorithm]
  /// Of an IKE SA alone.
  package var prf: [PseudorandomFunction]
  /// Empty for a Child SA without its own exchange of keys.
  package var groups: [DiffieHellmanGroup]

  package init(
    _ encryption: [EncryptionAlgorithm], _ integrity: [IntegrityAlgorithm] = [], _ prf: [PseudorandomFunction] = [],
    _ groups: [DiffieHellmanGroup] = []
  ) {
    self.encryption = encryption
    self.integrity = integrity
    self.prf = prf
    self.groups = groups
  }

  /// The proposal as parts of an SA payload.
  /// - Parameters:
  ///   - protocolID: 1 for IKE, 3 for ESP.
  ///   - spi: none, or 8 octets of IKE and 4 of ESP.
  package func parts(number: UInt8, protocolID: UInt8, spi: [UInt8]) -> [Packet.Option] {
    var parts = [
      Packet.Option(.proposal, [(.proposalNumber, UInt128(number)), (.proposalProtocol, UInt128(protocolID))], data: spi)
    ]
    for algorithm in encryption {
      parts.append(Packet.Option(.encryptionTransform, [(.encryptionID, UInt128(algorithm.transformID))]))
      if let bits = algorithm.keyBits {
        parts.append(Packet.Option(.transformAttribute, [(.transformAttributeType, 14), (.transformAttributeValue, UInt128(bits))]))
      }
    }
    for algorithm in integrity where algorithm != .none {
      parts.append(Packet.Option(.integrityTransform, [(.integrityID, UInt128(algorithm.transformID))]))
    }
    for function in prf { parts.append(Packet.Option(.prfTransform, [(.prfID, UInt128(function.transformID))])) }
    for group in groups { parts.append(Packet.Option(.dhTransform, [(.dhID, UInt128(group.transformID))])) }
    // Sequence numbers of 32 bits; a Child SA must say so (RFC 7296 3.3.3).
    if protocolID == 3 { parts.append(Packet.Option(.esnTransform, [(.esnID, 0)])) }
    return parts
  }
}

/// One transform that a peer offers. One with an attribute that is no key length fits nothing.
struct OfferedTransform: Hashable, Sendable {
  var kind: LayerKind
  var id: UInt16
  var keyBits: Int?
  var isStrange = false
}

/// One proposal that a peer sent.
struct OfferedProposal: Sendable {
  var number: UInt8
  var protocolID: UInt8
  var spi: [UInt8]
  var transforms: [OfferedTransform] = []

  private func ids(_ kind: LayerKind) -> [UInt16] { transforms.filter { $0.kind == kind && !$0.isStrange }.map(\.id) }
  private func has(_ kind: LayerKind) -> Bool { transforms.contains { $0.kind == kind } }

  /// What of this proposal a party takes that offers `own`; nil for nothing.
  func choice(of own: IKEProposal, protocolID wanted: UInt8) -> ChosenProposal? {
    guard protocolID == wanted, !has(.unknownTransform) else { return nil }
    let ciphers = transforms.filter { $0.kind == .encryptionTransform && !$0.isStrange }
      .compactMap { EncryptionAlgorithm(transformID: $0.id, keyBits: $0.keyBits) }
    guard let encryption = own.encryption.first(where: { ciphers.contains($0) }) else { return nil }
    var integrity = IntegrityAlgorithm.none
    if !encryption.isAEAD {
      guard let common = own.integrity.first(where: { ids(.integrityTransform).contains($0.transformID) }) else { return nil }
      integrity = common
    } else if has(.integrityTransform), !ids(.integrityTransform).contains(0), ciphers.allSatisfy(\.isAEAD) {
      return nil
    }
    let prf = own.prf.first { ids(.prfTransform).contains($0.transformID) }
    let group = own.groups.first { ids(.dhTransform).contains($0.transformID) }
    if wanted == 1 {
      guard prf != nil, group != nil else { return nil }
    } else {
      guard !has(.prfTransform), !has(.esnTransform) || ids(.esnTransform).contains(0) else { return nil }
      // A group that only one side wants is none (RFC 7296 3.3.6: "none" may be offered beside others).
      if group == nil, has(.dhTransform), !ids(.dhTransform).contains(0) { return nil }
    }
    return ChosenProposal(number: number, encryption: encryption, integrity: integrity, prf: prf, group: group, spi: spi)
  }
}

/// What both sides agree on.
struct ChosenProposal: Hashable, Sendable {
  var number: UInt8
  var encryption: EncryptionAlgorithm
  var integrity: IntegrityAlgorithm
  var prf: PseudorandomFunction?
  var group: DiffieHellmanGroup?
  /// The peer's.
  var spi: [UInt8]

  /// The SA payload of the answer.
  func payloads(protocolID: UInt8, spi: [UInt8]) -> [Packet.Option] {
    let only = IKEProposal([encryption], integrity == .none ? [] : [integrity], prf.map { [$0] } ?? [], group.map { [$0] } ?? [])
    return [Packet.Option(.sa)] + only.parts(number: number, protocolID: protocolID, spi: spi)
  }
}

extension [Packet.Option] {
  /// The proposals of the first SA payload, of a message that has one.
  var proposals: [OfferedProposal] {
    guard let start = firstIndex(where: { $0.kind == .sa }) else { return [] }
    var out: [OfferedProposal] = []
    for part in self[(start + 1)...].prefix(while: { $0.kind.depth > 0 }) {
      switch part.kind {
      case .proposal:
        out.append(
          OfferedProposal(
            number: UInt8(truncatingIfNeeded: part.value(.proposalNumber) ?? 0),
            protocolID: UInt8(truncatingIfNeeded: part.value(.proposalProtocol) ?? 0), spi: part.data))
      case .transformAttribute, .variableTransformAttribute:
        guard let last = out.indices.last, let transform = out[last].transforms.indices.last else { continue }
        if part.kind == .transformAttribute, part.value(.transformAttributeType) == 14 {
          out[last].transforms[transform].keyBits = Int(part.value(.transformAttributeValue) ?? 0)
        } else {
          out[last].transforms[transform].isStrange = true
        }
      default:
        guard let last = out.indices.last, let path = Self.ids[part.kind] else { continue }
        out[last].transforms.append(OfferedTransform(kind: part.kind, id: UInt16(truncatingIfNeeded: part.value(path) ?? 0)))
      }
    }
    return out
  }

  private static var ids: [LayerKind: FieldPath] {
    [
      .encryptionTransform: .encryptionID, .integrityTransform: .integrityID, .prfTransform: .prfID, .dhTransform: .dhID,
      .esnTransform: .esnID, .unknownTransform: .unknownTransformID,
    ]
  }
}
