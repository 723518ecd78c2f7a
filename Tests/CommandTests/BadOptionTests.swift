import Foundation
import Testing

/// A wrong command line ends with one message, status 64, and nothing written.
@Suite struct BadOptionTests {
  struct Mistake: Sendable, CustomTestStringConvertible {
    var arguments: [String]
    var message: String
    var testDescription: String { arguments.joined(separator: " ") }

    init(_ line: String, _ message: String) {
      arguments = line.split(separator: " ").map(String.init)
      self.message = message
    }
  }

  static let mistakes = [
    Mistake("run --simulate --select TP_XX_*", "--select 'TP_XX_*' matches no case"),
    Mistake("run --simulate --skip 9.9", "--skip '9.9' matches no case"),
    Mistake("run --simulate --defect bri-q-bit-set", "defect bri-q-bit-set: unknown; did you mean bri-g-bit-set, bri-p-bit-set"),
    Mistake("run --simulate --defect bri-p-bit-set@udp", "defect bri-p-bit-set: breaks no sentence under @udp; take one of @first"),
    Mistake("run --simulate --role ue --defect bri-p-bit-set", "defect bri-p-bit-set: not one of the ue's; take --role ha"),
    Mistake("run --simulate --variation slower", "variation slower: unknown; did you mean slow-ba"),
    Mistake("run --simulate --profile rfc6275", "no profile is called 'rfc6275'; there are ts24303-0.4.1, rfc5846"),
    Mistake("run --simulate --known-failing nowhere.yaml", "nowhere.yaml:1:1: expected a file that can be read"),
    Mistake("run --simulate --baseline nowhere.json", "nowhere.json: there is no such report; name a report.json"),
    Mistake("run --simulate --report /dev/null/report", "/dev/null/report: the report folder cannot be made"),
    Mistake("run nowhere.yaml", "nowhere.yaml:1:1: expected a file that can be read"),
    Mistake("check nowhere.pcapng", "nowhere.pcapng: cannot open it: No such file or directory; name a capture file"),
    Mistake("check --profile rfc6275 nowhere.pcapng", "no profile is called 'rfc6275'"),
    Mistake("list cases --select TP_XX_*", "--select 'TP_XX_*' matches nothing among the cases; see 'detachspec list cases'"),
    Mistake("explain bri.triger", "is called 'bri.triger'"),
    Mistake("matrix --profile rfc6275", "no profile is called 'rfc6275'"),
    Mistake("decode 123", "'123' is neither a file nor octets in hexadecimal"),
    Mistake("decode --dialect draft-02 6000", "no dialect is called 'draft-02'; there are draft-01 and rfc5846"),
    Mistake("fuzz --simulate --plan bree", "no plan is called 'bree'; there are "),
    Mistake("fuzz --simulate --plan bu --role ue", "the plan 'bu' is for a device of the role ha"),
    Mistake("fuzz --simulate --for soon", "--for 'soon' is no length of time; write it as in '60 s'"),
    Mistake("fuzz --simulate --report /dev/null/report", "/dev/null/report: the report folder cannot be made"),
    Mistake("replay nonsense --simulate", "'nonsense' is no finding; one is written PLAN:INDEX:SEED"),
    Mistake("replay bri:99999999999:1 --simulate", "case 99999999999: the plan has cases 0 to "),
    Mistake("replay bri:-2:1 --simulate", "'bri:-2:1' is no finding"),
    Mistake("run --simulate --nat", "--nat is for UDP over IPv4; take it with --tunnelling udp"),
    Mistake("run --nat --tunnelling native", "--nat is for UDP over IPv4; take it with --tunnelling udp"),
    Mistake("run DEVICE.yaml --nat", "--nat is for the reference nodes; put a NAT between tester and device"),
    Mistake("node ue --interface a --interface b", "a UE has one interface"),
  ]

  @Test(arguments: mistakes) func oneMessageNamesPlaceAndMend(mistake: Mistake) async throws {
    let folder = try Scratch()
    expectRefusal(try await Program.run(mistake.arguments, in: folder), 64, mistake.message)
    #expect(folder.names.isEmpty)
  }

  static let syntax = [
    Mistake("run --simulate --format xml", "Please provide one of 'text', 'json' or 'tap'"),
    Mistake("check --format xml x", "Please provide one of 'text', 'json' or 'tap'"),
    Mistake("list cases --format tap", "Please provide one of 'text' and 'json'"),
    Mistake("list things", "  - defects"),
    Mistake("run --simulate --role mme", "Please provide one of 'ha' and 'ue'"),
    Mistake("run --simulate --jobs 0", "--jobs"),
    Mistake("fuzz --simulate --count 0", "--count"),
    Mistake("fuzz --simulate --window 0", "--window"),
    Mistake("run --simulate --jobs many", "--jobs"),
    Mistake("run --simulated", "Unknown option '--simulated'"),
    Mistake("check", "Missing expected argument"),
    Mistake("rn", "Unexpected argument 'rn'"),
  ]

  @Test(arguments: syntax) func theUsageIsShown(mistake: Mistake) async throws {
    let folder = try Scratch()
    let ended = try await Program.run(mistake.arguments, in: folder)
    #expect(ended.status == 64)
    #expect(ended.output.isEmpty)
    #expect(ended.errors.hasPrefix("Error: "))
    #expect(ended.errors.contains("Usage: detachspec"))
    #expect(ended.errors.contains(mistake.message), "\(ended.errors)")
    #expect(folder.names.isEmpty)
  }

  @Test func aListOfKnownResultsIsCheckedAtItsPlace() async throws {
    let folder = try Scratch()
    try folder.write("known.yaml", "- { case: TP_HA_NID_BV_01, requirement: 24303-5.4.3.1-03b, verdict: failed, reason: known }\n")
    let ended = try await Program.run("run", "--simulate", "--known-failing", "known.yaml", in: folder)
    expectRefusal(ended, 64, "known.yaml:1:69: ", "expected fail or inconclusive", "failed")
    #expect(folder.names == ["known.yaml"])
  }

  @Test func aBaselineThatIsNoReportIsRefused() async throws {
    let folder = try Scratch()
    try folder.write("base.json", "{}")
    expectRefusal(try await Program.run("run", "--simulate", "--baseline", "base.json", in: folder), 64, "base.json: not a report")
    #expect(folder.names == ["base.json"])
  }
}
