import Foundation
import Judging
import Suites
import Testing
import Wire

@Suite struct EmbeddedSuiteTests {
  /// The rows of the catalogue: a row of several sentences is there as `a`, `b`, ….
  static let rows: [String] =
    [
      "1-01", "1-i1", "1-i2", "2.1-01", "2.1-02", "2.1-03", "2.1-04", "2.1-05", "2.1-06", "2.1-07", "2.1-08", "2.2-01", "2.2-02", "2.2-03",
      "2.2-04", "3.1-01", "3.1-02", "3.1-03a", "3.1-03b", "3.1-03c", "3.1-04", "3.1-05", "3.1-06", "3.1-07", "3.1-08", "3.1-09", "3.1-10",
      "3.1-11", "3.1-12", "3.1-13", "3.1-14", "3.2-01", "3.2-02", "3.2-03", "3.2-04", "3-05",
    ].map { "24303-5.4." + $0 }
    + [
      "5.1-01", "5.1-02", "5.1-03", "5.1-04", "6.1-01", "6.1-02", "6.1-03", "6.1-04", "6.2-01", "6.2-02", "6.2-03", "6.3-01", "6.3-02",
      "7.1-01", "7.1-02", "7.1-03", "7.1-04", "7.1-05", "7.1-06", "7.1-07", "7.2-01", "7.2-02", "10.1-01", "10.1-02", "10.1-03", "10.1-04",
      "10.1-05", "10.1-06", "10.2-01", "10.2-02", "10.2-03", "10.2-04", "11-01",
    ].map { "BR01-" + $0 }
    + ["4-01", "6.2.1-01", "6.2.1-02", "6.2.1-03", "6.1.2-01", "10-01", "7-01", "13-01"].map { "R5846-" + $0 }
    + (1...23).map { $0 < 10 ? "M-0\($0)" : "M-\($0)" } + ["MH-send-01"]
    + ["I-01", "I-02", "I-05", "I-07a", "I-07b", "I-07c", "I-10b", "R4303-3.4.3-01", "R4877-4.1-01"]

  @Test func everyRowIsThereAndNothingElse() throws {
    let ids = try Set(Judging.Suite.embedded().requirements.map(\.id))
    func isRow(_ id: String) -> Bool {
      Self.rows.contains(id) || (id.last.map { "abcdefgh".contains($0) } == true && Self.rows.contains(String(id.dropLast())))
    }
    #expect(ids.filter { !isRow($0) } == [])
    #expect(Self.rows.filter { !ids.contains($0) && !ids.contains($0 + "a") } == [])
  }

  /// Levels that the texts make differ, from the documents' key words.
  @Test(arguments: [
    ("24303-5.4.3.1-03a", Level.shall, Level.absent), ("24303-5.4.3.1-05", .shall, .absent), ("24303-5.4.3.1-03b", .shall, .shall),
    ("24303-5.4.3.1-10", .shallNot, .shallNot), ("24303-5.4.3.1-11", .should, .should), ("BR01-7.2-01", .should, .must),
    ("BR01-6.3-01a", .may, .should), ("BR01-7.1-05", .should, .absent), ("BR01-7.1-07", .mustNot, .shouldNot),
    ("BR01-10.1-05", .mustNot, .absent),
    ("R5846-10-01b", .absent, .should), ("M-14", .should, .should),
  ]) func levels(_ id: String, _ old: Level, _ new: Level) throws {
    let requirement = try #require(try Judging.Suite.embedded().requirement(id))
    #expect(requirement.level(in: "ts24303-0.4.1") == old)
    #expect(requirement.level(in: "rfc5846") == new)
  }

  @Test func textsAndProfilesArePairs() throws {
    let suite = try Judging.Suite.embedded()
    #expect(
      suite.profiles.map { "\($0.id) \($0.dialect.name) \($0.text)" } == [
        "ts24303-0.4.1 draft-01 ts24303-0.4.1", "rfc5846 rfc5846 rfc5846",
      ])
    #expect(suite.text("rfc5846")?.durations["max-brack-timeout"] == .seconds(2))
    #expect(suite.text("ts24303-0.4.1")?.numbers == ["bri-max-retries": 1])
  }

  @Test func theEmbeddedCopyIsTheDirectory() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let directory = root.appendingPathComponent("TestSuites").path
    try #expect(Judging.Suite.load(directory: directory).digest == Judging.Suite.embedded().digest)
    #expect(embeddedSuites.map(\.path).contains("requirements/ts24303.yaml"))
    try #expect(Judging.Suite.embedded().requirement("M-22")?.location.file == "TestSuites/requirements/mobile-ipv6.yaml")
  }
}

@Suite struct SuiteFileTests {
  /// A directory that is gone when the test is over.
  private func withDirectory(_ files: [String: [UInt8]], _ body: (String) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("suite-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    for (name, octets) in files {
      let file = directory.appendingPathComponent(name)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(octets).write(to: file)
    }
    try body(directory.path)
  }

  private func message(_ body: () throws(SuiteErrors) -> Void) -> String {
    do {
      try body()
      return ""
    } catch {
      return error.description
    }
  }

  @Test func filesBelowAreRead() throws {
    try withDirectory(["a/b/c.yaml": Array(base.utf8), "a/notes.txt": [0xff]]) { directory in
      let suite = try Judging.Suite.load(directory: directory)
      #expect(suite.requirement("R-1")?.location.file == directory + "/a/b/c.yaml")
      // FNV-1a of 128 bits over the path and the text, each closed by an octet 255.
      #expect(suite.digest == fnv([Array("a/b/c.yaml".utf8), [0xff], Array(base.utf8), [0xff]].flatMap { $0 }))
    }
  }

  @Test func whatCannotBeReadIsNamed() throws {
    #expect(
      message { () throws(SuiteErrors) in _ = try Judging.Suite.load(directory: "/nonexistent") }
        == "/nonexistent:1:1: expected a directory with a suite's .yaml files, found none that can be read")
    try withDirectory(["a.txt": []]) { directory in
      #expect(
        message { () throws(SuiteErrors) in _ = try Judging.Suite.load(directory: directory) }
          == "\(directory):1:1: expected a directory with a suite's .yaml files, found none in it")
    }
    try withDirectory(["a.yaml": Array("- text: ä\n  title: x".utf8) + [0xc3, 0x28]]) { directory in
      #expect(
        message { () throws(SuiteErrors) in _ = try Judging.Suite.load(directory: directory) }
          == "\(directory)/a.yaml:2:11: expected UTF-8, found other octets")
    }
  }

  /// A second FNV-1a: 128 bits as two words, multiplied by shifting (the prime is 2^88 + 0x13b).
  private func fnv(_ octets: [UInt8]) -> String {
    var high: UInt64 = 0x6c62_272e_07bb_0142
    var low: UInt64 = 0x62b8_2175_6295_c58d
    for octet in octets {
      low ^= UInt64(octet)
      let product = low.multipliedFullWidth(by: 0x13b)
      high = high &* 0x13b &+ product.high &+ low << 24
      low = product.low
    }
    return [high, low].map { word in
      String(repeating: "0", count: word.leadingZeroBitCount / 4) + (word == 0 ? "" : String(word, radix: 16))
    }.joined()
  }
}
