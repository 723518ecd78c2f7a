import Testing
import Wire

@testable import Nodes

struct DefectTests {
  /// A defect with a modifier, or without.
  struct Use: CustomTestStringConvertible, Sendable {
    var defect: Defect
    var modifier: Defect.Modifier?
    var testDescription: String { "\(defect.role.rawValue) \(DefectUse(defect, modifier))" }
  }

  // Those that need keys show where there are keys (ProtectionTests).
  static let uses = Defect.all.filter { !$0.needsKeys && !$0.needsTunnel }.flatMap { defect in
    [Use(defect: defect)] + defect.modifiers.map { Use(defect: defect, modifier: $0) }
  }

  /// What a node without defects sends in each scenario.
  struct Control: Hashable {
    var role: NodeRole
    var dialect: Dialect
    var reattaches = false

    static let all: [Control: [[Sent]]] = {
      var all: [Control: [[Sent]]] = [:]
      for dialect in Dialect.allCases {
        for role in NodeRole.allCases { all[Control(role: role, dialect: dialect)] = trace(role, dialect) { _ in } }
        all[Control(role: .userEquipment, dialect: dialect, reattaches: true)] = trace(.userEquipment, dialect) {
          $0.reattachesByItself = true
        }
      }
      return all
    }()
  }

  private static func isSame(_ a: [Sent], _ b: [Sent]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0.time == $1.time && $0.port == $1.port && $0.bytes == $1.bytes }
  }

  /// Under every text in which it breaks a sentence, a defect shows on the wire; under no other it need.
  @Test(arguments: uses)
  func shows(use: Use) throws {
    // A UE that registers again shows what draft-01 10.1 forbids.
    let reattaches = use.defect.id == .reregistersAfterAdministrative
    for dialect in Dialect.allCases where !use.defect.requirements(under: dialect, modifier: use.modifier).isEmpty {
      let control = try #require(Control.all[Control(role: use.defect.role, dialect: dialect, reattaches: reattaches)])
      var differs = false
      trace(use.defect.role, dialect) {
        $0.defects = [DefectUse(use.defect, use.modifier)]
        $0.reattachesByItself = reattaches
      } while: { index, sent in
        differs = !Self.isSame(sent, control[index])
        return !differs
      }
      #expect(differs, "\(dialect.name)")
    }
  }

  @Test func catalogue() {
    #expect(Set(Defect.all.map(\.id)) == Set(Defect.Name.allCases))
    #expect(Set(Defect.all.map { "\($0.role) \($0.name)" }).count == Defect.all.count)
    for defect in Defect.all {
      #expect(Dialect.allCases.contains { !defect.requirements(under: $0).isEmpty }, "\(defect.name)")
      #expect(!defect.summary.isEmpty && !defect.summary.hasSuffix("."))
    }
  }

  /// A modifier narrows: the first BRI of a home address only, the copy only.
  @Test func modifiers() throws {
    func pBits(_ modifier: Defect.Modifier?) throws -> [UInt128?] {
      let defect = try #require(Defect.all.first { $0.id == .briPBitSet })
      let bench = Bench(homeAgent: .rfc5846) { $0.defects = [DefectUse(defect, modifier)] }
      for sequence in [UInt16(1), 2, 3] {
        bench.register(sequence)
        bench.command("revoke \(home)")
        bench.pass(5)
      }
      return bench.drain().filter { $0.dissection.messageKind == .bri }.map { $0[.briP] }
    }
    #expect(try pBits(nil) == [1, 1, 1, 1, 1, 1])
    #expect(try pBits(.first) == [1, 1, 0, 0, 0, 0])
    #expect(try pBits(.second) == [0, 0, 1, 1, 0, 0])
    #expect(try pBits(.copyOnly) == [0, 1, 0, 1, 0, 1])
    #expect(try pBits(.afterError) == [0, 0, 0, 0, 0, 0])
  }

  @Test func parsing() throws {
    let use = try DefectUse(parsing: "bri-p-bit-set@second", role: .homeAgent)
    #expect(use.defect.id == .briPBitSet && use.modifier == .second && use.description == "bri-p-bit-set@second")
    #expect(use.defect.requirements(under: .draft01, modifier: .copyOnly) == ["24303-5.4.3.1-03b", "24303-5.4.3.1-08"])
    #expect(use.defect.requirements(under: .draft01, modifier: .race).isEmpty)
    #expect(throws: DefectError.unknown("bri-p-bit", nearest: ["bri-p-bit-set"])) {
      try DefectUse(parsing: "bri-p-bit", role: .homeAgent)
    }
    #expect(throws: DefectError.wrongRole("bra-not-sent", asked: .homeAgent)) { try DefectUse(parsing: "bra-not-sent", role: .homeAgent) }
    #expect(throws: DefectError.modifier("bra-not-sent", "race", listed: ["first", "second", "wrap", "after-error", "late"])) {
      try DefectUse(parsing: "bra-not-sent@race", role: .userEquipment)
    }
    #expect(DefectError.wrongRole("bra-not-sent", asked: .homeAgent).description.contains("--role ue"))
    // A number that is the node's own cannot be made to wrap; what takes no modifier says so.
    #expect(throws: DefectError.modifier("bu-reserved-set", "wrap", listed: ["first", "second", "copy-only", "after-error"])) {
      try DefectUse(parsing: "bu-reserved-set@wrap", role: .userEquipment)
    }
    #expect(throws: DefectError.modifier("errors-to-home-address", "second", listed: ["first"])) {
      try DefectUse(parsing: "errors-to-home-address@second", role: .homeAgent)
    }
    let silent = try DefectUse(parsing: "bra-not-sent@second", role: .userEquipment).defect
    #expect(silent.requirements(under: .draft01, modifier: .second) == silent.requirements(under: .rfc5846, modifier: .first))
    #expect(silent.requirements(under: .draft01, modifier: .first).isEmpty)
  }

  /// Of a defect that lets something pass the first is the first such message, however many procedures came before it.
  @Test func firstOfItsKind() throws {
    let use = try DefectUse(parsing: "bad-checksum-accepted@first", role: .homeAgent)
    let bench = Bench(homeAgent: .rfc5846) { $0.defects = [use] }
    func acknowledged(_ sequence: UInt16, isWrong: Bool) -> Bool {
      bench.register(sequence)
      _ = bench.drain()
      let update = bu(sequence &+ 1, lifetime: 0)
      bench.send(isWrong ? update.with(.mhChecksum, 1) : update)
      return bench.drain().contains { $0.dissection.messageKind == .ba }
    }
    #expect(acknowledged(1, isWrong: false))
    #expect(acknowledged(3, isWrong: true))
    #expect(!acknowledged(5, isWrong: true))
  }
}
