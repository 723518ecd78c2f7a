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

  /// RFC 6275 9.2: a message with a wrong checksum is silently discarded.
  @Test func aFindingCanBeReplayed() async throws {
    let folder = try Scratch()
    let node = ["--simulate", "--role", "ue", "--defect", "bad-checksum-accepted"]
    let ended = try await Program.run(["fuzz", "--count", "200"] + node, in: folder)
    #expect(ended.status == 1, "\(ended.testDescription)")
    #expect(ended.output.contains("FAIL  M-01a"))
    let name = try #require(ended.output.firstMatch(of: #/replay (bri:\d+:1)/#)).1
    let again = try await Program.run(["replay", String(name), "--report", "again"] + node, in: folder)
    #expect(again.status == 1, "\(again.testDescription)")
    #expect(again.output.contains("M-01a"))
    let clean = try await Program.run(["replay", String(name), "--simulate", "--role", "ue"], in: folder)
    #expect(clean.status == 0, "\(clean.testDescription)")
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
