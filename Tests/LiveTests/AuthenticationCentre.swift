import Foundation

/// A subscriber's key on the network's side, by Osmocom's Milenage (`osmo-auc-gen`).
struct AuthenticationCentre {
  static let program = "/usr/bin/osmo-auc-gen"

  let key: [UInt8]
  let opc: [UInt8]

  struct Vector: Equatable {
    var rand, token, integrityKey, cipherKey, res: [UInt8]
    /// The sequence number that it was made of.
    var sequence: UInt64
  }

  func vector(rand: [UInt8], sequence: UInt64) throws -> Vector { try vector(rand, ["--sqn", "\(sequence)"]) }

  /// A vector behind the sequence number of an AUTS. Throws for one that this key does not make.
  func vector(rand: [UInt8], resynchronisation auts: [UInt8]) throws -> Vector { try vector(rand, ["--auts", hex(auts)]) }

  private func vector(_ rand: [UInt8], _ more: [String]) throws -> Vector {
    let text = try StrongSwan.command(
      [Self.program, "--3g", "--algorithm", "milenage", "--key", hex(key), "--opc", hex(opc), "--rand", hex(rand)] + more)
    let lines = text.split(separator: "\n").map { $0.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) } }
    func value(_ name: String) throws -> String {
      guard let line = lines.first(where: { $0.count == 2 && $0[0] == name }) else {
        throw StrongSwan.Failure(description: "no \(name): \(text)")
      }
      return line[1]
    }
    return Vector(
      rand: rand, token: octets(try value("AUTN")), integrityKey: octets(try value("IK")), cipherKey: octets(try value("CK")),
      res: octets(try value("RES")), sequence: UInt64(try value("SQN")) ?? 0)
  }
}
