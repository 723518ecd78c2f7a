import Foundation
import Testing

/// A suite file that somebody got wrong ends the program with its place and the mend.
@Suite struct BadSuiteTests {
  struct Mistake: Sendable, CustomTestStringConvertible {
    var name: String
    var text: String
    /// `line:column` in `rules/mine.yaml`.
    var place: String
    var message: String
    var testDescription: String { name }
  }

  private static let base = """
    - text: t
      title: A text
    - profile: p
      dialect: rfc5846
      text: t
    - requirement: R-1
      document: RFC 5846
      clause: 6.1.1
      role: ha
      level: must
      paraphrase: The P bit is 0.
    - rule: known
      when: { message: bri, from: ha }
      must:
        R-1: { bri.p: 0 }

    """

  static let mistakes = [
    Mistake(
      name: "unknown key", text: "- rule: r\n  when: { message: bri }\n  must:\n    R-1: { bri.p: 0 }\n  whyy: text\n", place: "5:3",
      message: "unknown key 'whyy' in a rule; did you mean 'why'?"),
    Mistake(
      name: "misspelt field", text: "- rule: r\n  when: { message: bri }\n  must:\n    R-1: { bri.triger: 1 }\n", place: "4:12",
      message: "unknown field 'bri.triger'; did you mean 'bri.trigger'?"),
    Mistake(
      name: "value that the field cannot hold", text: "- rule: r\n  when: { message: bri }\n  must:\n    R-1: { bri.p: 2 }\n",
      place: "4:19",
      message: "expected a number from 0 to 1 for bri.p"),
    Mistake(
      name: "bad template", text: "- rule: r\n  when: { message: bree }\n  must:\n    R-1: { bri.p: 0 }\n", place: "2:20",
      message: "unknown message 'bree'"),
    Mistake(
      name: "rule without requirement", text: "- rule: r\n  when: { message: bri }\n", place: "1:9",
      message: "expected an assertion that names a requirement"),
    Mistake(
      name: "unknown requirement", text: "- rule: r\n  when: { message: bri }\n  must:\n    R-2: { bri.p: 0 }\n", place: "4:5",
      message: "unknown requirement 'R-2'; did you mean 'R-1'?"),
    Mistake(
      name: "duplicate id", text: "- rule: known\n  when: { message: bri }\n  must:\n    R-1: { bri.p: 0 }\n", place: "1:9",
      message: "expected a new id, found 'known' again"),
    Mistake(
      name: "exercises a rule that is not there",
      text: "- case: C\n  title: C\n  clause: 1\n  role: ha\n  steps: [register]\n  exercises: [knwon]\n", place: "6:15",
      message: "unknown rule 'knwon'; did you mean 'known'?"),
  ]

  private func suite(_ text: String) throws -> Scratch {
    let folder = try Scratch()
    try folder.write("suite/base.yaml", Self.base)
    try folder.write("suite/rules/mine.yaml", text)
    return folder
  }

  @Test(arguments: mistakes) func itsPlaceAndMendAreNamed(mistake: Mistake) async throws {
    let folder = try suite(mistake.text)
    let named = try await Program.run("list", "rules", "--suite", "suite", in: folder)
    expectRefusal(named, 64, "detachspec: suite/rules/mine.yaml:\(mistake.place): ", mistake.message)
  }

  @Test func theEnvironmentNamesASuiteToo() async throws {
    let mistake = Self.mistakes[0]
    let folder = try suite(mistake.text)
    let found = try await Program.run("list", "rules", environment: ["DETACHSPEC_SUITES": folder / "suite"], in: folder)
    expectRefusal(found, 64, "\(folder / "suite")/rules/mine.yaml:\(mistake.place): ", mistake.message)
    try folder.write("suite/rules/mine.yaml", "- rule: mine\n  when: { message: bri }\n  must:\n    R-1: { bri.p: 0 }\n")
    let listed = try await Program.run("list", "rules", environment: ["DETACHSPEC_SUITES": folder / "suite"], in: folder)
    #expect(listed.status == 0)
    #expect(listed.output.contains("mine") && listed.output.contains("known"))
  }

  @Test func severalMistakesAreToldAtOnce() async throws {
    let folder = try suite("- rule: r\n  when: { message: bree }\n  must:\n    R-1: { bri.triger: 1 }\n  whyy: text\n")
    let ended = try await Program.run("list", "rules", "--suite", "suite", in: folder)
    #expect(ended.status == 64)
    #expect(ended.output.isEmpty)
    for place in ["2:20", "5:3"] { #expect(ended.errors.contains("suite/rules/mine.yaml:\(place): "), "\(ended.errors)") }
  }

  @Test(.timeLimit(.minutes(1))) func anAliasBombIsOneMessage() async throws {
    var lines = ["- &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in 1...12 { lines.append("- &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ") + "]") }
    let folder = try suite(lines.joined(separator: "\n") + "\n")
    // Beside the others, not behind them: the minute is the program's.
    let ended = try await Child([Program.path, "list", "rules", "--suite", "suite"], in: folder).end()
    expectRefusal(ended, 64, "suite/rules/mine.yaml:")
  }

  /// The examples of docs/suite.md are one suite.
  @Test func theExamplesOfTheManualLoad() async throws {
    let manual = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../docs/suite.md").standardizedFileURL
    let blocks = try String(contentsOf: manual, encoding: .utf8).components(separatedBy: "```yaml\n").dropFirst()
    let folder = try Scratch()
    try folder.write("suite/manual.yaml", blocks.compactMap { $0.components(separatedBy: "```\n").first }.joined())
    let ended = try await Program.run("list", "cases", "--suite", "suite", in: folder)
    #expect(ended.status == 0, "\(ended.testDescription)")
    for id in ["TP_HA_UID_BV_01", "TP_UE_NID_BV_01"] { #expect(ended.output.contains(id)) }
  }

  @Test func aFolderWithoutASuiteIsNamed() async throws {
    let folder = try Scratch()
    expectRefusal(try await Program.run("list", "rules", "--suite", "nowhere", in: folder), 64, "nowhere:1:1: ", "expected a directory")
    try folder.write("empty/note.txt", "")
    expectRefusal(try await Program.run("list", "rules", "--suite", "empty", in: folder), 64, "empty:1:1: ", "found none in it")
  }

  @Test func aRunWithABadSuiteWritesNothing() async throws {
    let folder = try suite(Self.mistakes[0].text)
    let before = folder.names
    expectRefusal(try await Program.run("run", "--simulate", "--suite", "suite", in: folder), 64)
    #expect(folder.names == before)
  }
}
