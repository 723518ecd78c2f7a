import Conformance
import Foundation
import Judging
import Security
import Testing

/// Every capture below `pcaps` gets the verdicts that `pcaps/verdicts.yaml` writes down by hand.
@Suite struct CaptureTests {
  struct Entry: Sendable, CustomTestStringConvertible {
    var capture: String
    var broken: [String: String]

    var testDescription: String { capture }
  }

  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../pcaps").standardized.path

  static let entries: [Entry] = {
    let reader = YAMLReader()
    guard let text = try? YAMLNode.text(ofFile: "\(folder)/verdicts.yaml", calledAs: "pcaps/verdicts.yaml"),
      let root = try? YAMLNode.parse(file: "pcaps/verdicts.yaml", text: text)
    else { return [] }
    return (reader.strictList(root, "captures") ?? []).compactMap { node in
      guard var mapping = reader.mapping(node, "a capture"), let capture = reader.text(mapping.require("capture")) else { return nil }
      var broken: [String: String] = [:]
      if var list = reader.mapping(mapping.require("broken"), "broken requirements") {
        for pair in list.takeRest() { broken[pair.key] = reader.text(pair.value) }
      }
      mapping.finish()
      return Entry(capture: capture, broken: broken)
    }
  }()

  @Test func everyCaptureIsListed() throws {
    let found = (FileManager.default.enumerator(atPath: Self.folder)?.allObjects as? [String] ?? []).filter { $0.hasSuffix(".pcapng") }
    #expect(found.count >= 30)
    #expect(Set(found) == Set(Self.entries.map(\.capture)))
  }

  @Test(arguments: entries) func verdicts(_ entry: Entry) throws {
    let suite = try Suite.embedded()
    let capture = URL(fileURLWithPath: "\(Self.folder)/\(entry.capture)")
    let folder = capture.deletingLastPathComponent().appending(path: "keys/\(capture.deletingPathExtension().lastPathComponent)").path
    var keys = KeyTables()
    if let table = try? YAMLNode.text(ofFile: "\(folder)/ikev2_decryption_table", calledAs: "keys") { #expect(keys.ike.read(table) == []) }
    if let table = try? YAMLNode.text(ofFile: "\(folder)/esp_sa", calledAs: "keys") { #expect(keys.readESP(table) == []) }
    let outcome = try Audit(suite, profile: nil, device: nil, keys: keys).check(capture.path)
    let verdicts = try #require(outcome.verdicts.first)
    let broken = Dictionary(
      verdicts.findings.filter { $0.verdict == .fail || $0.verdict == .warning }.map { ($0.requirement, $0.verdict.rawValue) }
    ) { first, _ in first }
    #expect(broken == entry.broken)
    #expect(outcome.testerErrors.isEmpty)
    #expect(verdicts.requirements.contains { $0.passed > 0 })
  }
}
