import Testing

@Suite struct HelpTests {
  static let subcommands = ["run", "check", "init", "probe", "fuzz", "replay", "list", "explain", "matrix", "decode", "node", "nat", "lab"]

  @Test(arguments: subcommands) func everySubcommandExplainsItself(name: String) async throws {
    let ended = try await Program.run(name, "--help", in: Scratch())
    #expect(ended.status == 0)
    #expect(ended.errors.isEmpty)
    #expect(ended.output.hasPrefix("OVERVIEW: "))
    #expect(ended.output.contains("USAGE: detachspec \(name)"))
  }

  @Test func theProgramNamesSubcommandsAndStatuses() async throws {
    let ended = try await Program.run("--help", in: Scratch())
    #expect(ended.status == 0)
    for name in Self.subcommands { #expect(ended.output.contains("\n  \(name) "), "\(name)") }
    let text = ended.output.replacing("\n", with: " ")
    for status in [
      "130 interrupted", "64 usage", "77 a privilege", "69 the device", "2 an error", "1 a sentence", "4 a listed", "3 something",
      "0 otherwise",
    ] {
      #expect(text.contains(status), "\(status)")
    }
  }

  @Test(arguments: ["merge", "shrink", "report"]) func whatIsNotBuiltIsAbsent(name: String) async throws {
    let folder = try Scratch()
    #expect(try await !Program.run("--help", in: folder).output.contains("\n  \(name) "))
    let ended = try await Program.run(name, in: folder)
    #expect(ended.status == 64)
    #expect(ended.output.isEmpty)
    #expect(ended.errors.hasPrefix("Error: Unexpected argument '\(name)'"))
  }

  @Test func versionIsANumber() async throws {
    let ended = try await Program.run("--version", in: Scratch())
    #expect(ended.status == 0)
    #expect(ended.output.wholeMatch(of: #/\d+\.\d+\.\d+\n/#) != nil, "\(ended.output)")
  }
}
