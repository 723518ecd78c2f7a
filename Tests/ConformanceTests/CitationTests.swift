import Conformance
import Judging
import Nodes
import Testing

/// What a defect breaks is written down twice: beside the code that breaks it, and beside the rules that must blame it.
@Suite struct CitationTests {
  /// What an expectation has beyond the catalogue.
  private static let consequences = [
    // RFC 6275 9.3.1 asks for the Binding Error, and 9.3.3 says where it goes: the defect breaks the second. But what is sent to a home
    // address that is no host's reaches nobody, and the capture shows no answer to the one who asked.
    "ha errors-to-home-address": ["M-03"],
    // The number is that of the next request, which the answer is then taken for: the IKE SA seems to live on (TS 24.303 5.4.3.2).
    "ha delete-answered-with-other-message-id": ["24303-5.4.3.2-03"],
  ]

  @Test(arguments: Pair.all) func catalogueAndExpectationsAgree(_ pair: Pair) throws {
    let suite = try Judging.Suite.embedded()
    let dialect = try #require(suite.profile(pair.profile)).dialect
    let defects = Defect.all.filter { $0.role == pair.nodeRole }
    #expect(defects.count > 25)
    for defect in defects {
      func expectation(_ name: String) -> Judging.Expectation? {
        suite.expectations.first { $0.defect == name && $0.role == pair.role && $0.variations.isEmpty }
      }
      let plain = try #require(expectation(defect.name), "\(defect.name)")
      for modifier in [nil] + defect.modifiers.map(Optional.some) {
        let cited = defect.requirements(under: dialect, modifier: modifier)
        // Under a text that allows what it does, nobody runs it.
        guard !cited.isEmpty || modifier == nil else { continue }
        let use = DefectUse(defect, modifier).description
        let beyond = Self.consequences["\(pair.role.rawValue) \(defect.name)"] ?? []
        let blamed = (expectation(use) ?? plain).blames(in: pair.profile)
        #expect((cited + beyond).sorted() == blamed.sorted(), "\(use)")
      }
    }
  }

  /// An expectation of a defect that is not there would never be held against anything.
  @Test func everyExpectationIsOfADefect() throws {
    let uses = Set(
      Defect.all.flatMap { defect in
        ([nil] + defect.modifiers.map(Optional.some)).map { "\(defect.role == .homeAgent ? Role.ha : .ue) \(DefectUse(defect, $0))" }
      })
    for expectation in try Judging.Suite.embedded().expectations {
      let pattern = Glob("\(expectation.role) \(expectation.defect)")
      #expect(uses.contains { pattern.matches($0) }, "\(expectation.location)")
      #expect(!expectation.variations.isEmpty || !expectation.defect.contains("*"), "\(expectation.location)")
      for variation in expectation.variations where variation != "keys" {
        #expect(Variation.all.contains { $0.name == variation && $0.role == (expectation.role == .ha ? .homeAgent : .userEquipment) })
      }
    }
  }
}
