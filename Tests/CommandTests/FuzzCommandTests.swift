import Foundation
import Testing

/// A short campaign over a simulated link.
@Suite struct FuzzCommandTests {
  @Test func aCleanNodeGivesNoFinding() async throws {
    let folder = try Scratch()
    let ended = try await Program.run("fuzz", "--simulate", "--role", "ue", "--count", "200", "--report", "report", in: folder)
    #expect(ended.status == 0, "\(ended.testDescription)")
    #expect(ended.output.contains("plan bri, seed 1: 200 cases"))
    #expect(ended.output.contains("no finding"))
    #expect(folder.names == ["report", "report/fuzz.json"])
  }

  /// RFC 6275 9.2: a message with a wrong checksum is silently discarded. What a finding prints is a command for the shell.
  @Test func aFindingCanBeReplayed() async throws {
    let folder = try Scratch()
    let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../TestSuites")
    try FileManager.default.copyItem(at: source, to: URL(fileURLWithPath: folder / "own suite"))
    let ended = try await Program.run(
      "fuzz", "--count", "200", "--simulate", "--role", "ue", "--defect", "bad-checksum-accepted", "--variation", "slow-bra",
      "--suite", "own suite", in: folder)
    #expect(ended.status == 1, "\(ended.testDescription)")
    #expect(ended.output.contains("\n  2 findings:\nFAIL  M-01a") && ended.output.contains("\nFAIL  BR01-6.2-01a"))
    let command = try #require(ended.output.firstMatch(of: #/detachspec (replay (bri:\d+:1) .*)/#))
    #expect(command.1.hasSuffix(" --simulate --defect bad-checksum-accepted --variation slow-bra --suite 'own suite'"))
    let again = try await Program.run(words: ["sh", "-c", "\"$0\" \(command.1)", Program.path], in: folder)
    #expect(again.status == 1, "\(again.testDescription)")
    #expect(again.output.contains("M-01a") && again.output.contains(command.0))
    let clean = try await Program.run("replay", String(command.2), "--simulate", in: folder)
    #expect(clean.status == 0, "\(clean.testDescription)")
  }

  /// The case -1, which the finding of a device that fell silent names.
  @Test func theValidMessageCanBeReplayed() async throws {
    let ended = try await Program.run("replay", "bri:-1:1", "--simulate", in: try Scratch())
    #expect(ended.status == 0, "\(ended.testDescription)")
    #expect(ended.output == "bri -1: the valid message: pass\n")
  }

  @Test func twoCampaignsFindTheSame() async throws {
    let folder = try Scratch()
    var summaries: [String] = []
    for name in ["one", "two"] {
      let ended = try await Program.run(
        "fuzz", "--simulate", "--role", "ue", "--count", "200", "--defect", "bad-checksum-accepted", "--report", name, in: folder)
      #expect(ended.status == 1)
      // The speed differs.
      summaries.append(ended.output.replacing(#/\d+ cases/s/#, with: ""))
    }
    #expect(summaries[0] == summaries[1])
  }
}
