import Conformance
import Foundation
import Judging
import Link
import Nodes
import Testing
import Wire

/// Captures that others took.
@Suite struct AuditTests {
  private func check(
    _ capture: ForeignCapture, linkType: UInt32 = 1, tagged: Bool = false, profile: String? = nil
  ) throws -> Audit.Outcome {
    try check(octets: capture.pcap(linkType: linkType, tagged: tagged), profile: profile)
  }

  private func check(octets: [UInt8], profile: String? = nil) throws -> Audit.Outcome {
    try withDirectory { directory in
      try Data(octets).write(to: URL(fileURLWithPath: "\(directory)/foreign.pcap"))
      let suite = try Judging.Suite.embedded()
      return try Audit(suite, profile: profile.flatMap { suite.profile($0) }, device: nil).check("\(directory)/foreign.pcap")
    }
  }

  private func passed(_ outcome: Audit.Outcome) -> Set<String> {
    Set(outcome.verdicts.flatMap(\.requirements).filter { $0.verdict == .pass }.map(\.requirement))
  }

  // MARK: What is said of them

  @Test(arguments: [(Dialect.draft01, "ts24303-0.4.1"), (.rfc5846, "rfc5846")])
  func twoRightNodes(_ dialect: Dialect, _ profile: String) throws {
    let outcome = try check(ForeignCapture(dialect))
    #expect(outcome.dialect == dialect)
    #expect(outcome.verdicts.map(\.profile) == [profile] && outcome.verdicts.map(\.role) == [nil])
    #expect(outcome.verdicts.flatMap(\.blamed) == [])
    #expect(outcome.verdicts.flatMap(\.cases) == [] && outcome.testerErrors == [] && outcome.remarks == [])
    // Two registrations, a revocation and a de-registration, each with its answer.
    #expect(outcome.mobilityHeaders == 8)
    // Both sides are judged: the BRI and the BA, the BRA and the BU.
    let expected: Set = [
      "24303-5.4.3.1-03b", "24303-5.4.3.1-04", "24303-5.4.3.2-02", "M-06b", "24303-5.4.2.1-02", "24303-5.4.2.1-03", "M-18a", "M-18g",
    ]
    #expect(expected.subtracting(passed(outcome)) == [])
  }

  @Test(
    arguments: [
      (.homeAgent, "bri-p-bit-set", ["24303-5.4.3.1-03b"]), (.userEquipment, "bra-sequence-wrong", ["BR01-6.1-03"]),
      (.homeAgent, "ba-bad-status", ["24303-5.4.3.2-02"]), (.userEquipment, "bu-h-clear", ["M-18a"]),
    ] as [(NodeRole, String, [String])])
  func whoeverIsWrong(_ role: NodeRole, _ defect: String, _ requirements: [String]) throws {
    let outcome = try check(ForeignCapture(.rfc5846, defects: [(role, defect)]))
    let findings = outcome.verdicts.flatMap(\.findings).filter { $0.verdict == .fail || $0.verdict == .warning }
    #expect(Set(findings.map(\.requirement)).isSuperset(of: requirements))
    #expect(findings.filter { requirements.contains($0.requirement) }.allSatisfy { $0.role == (role == .homeAgent ? .ha : .ue) })
    #expect(findings.allSatisfy { $0.homeAddress == ForeignCapture.home.description && $0.testCase == nil })
  }

  /// The profile that somebody names goes before what the capture says.
  @Test func aProfileThatIsNamed() throws {
    let outcome = try check(ForeignCapture(.rfc5846, defects: [(.homeAgent, "bri-wrong-carrier")]), profile: "ts24303-0.4.1")
    #expect(outcome.verdicts.map(\.profile) == ["ts24303-0.4.1"])
  }

  @Test func twoHomeAgentsThatSpeakDifferently() throws {
    let draft = try ForeignCapture(.draft01)
    let rfc = try ForeignCapture(.rfc5846, offset: 0x100)
    try withDirectory { directory in
      try draft.write(to: "\(directory)/both.pcapng", with: rfc)
      let outcome = try Audit(.embedded(), profile: nil, device: nil).check("\(directory)/both.pcapng")
      #expect(outcome.mobilityHeaders == 16)
      // Both BRIs are read as such: trigger 1, P and G clear.
      #expect(!outcome.verdicts.flatMap(\.blamed).contains { ["24303-5.4.3.1-03b", "24303-5.4.3.1-04", "24303-5.4.2.1-03"].contains($0) })
      let trigger = outcome.verdicts.flatMap(\.requirements).first { $0.requirement == "24303-5.4.3.1-04" }
      #expect(trigger?.passed == 2)
    }
  }

  /// A capture that begins behind the registration: what needs to know the state is not reached.
  @Test(arguments: Dialect.allCases) func lateCaptures(_ dialect: Dialect) throws {
    let whole = try ForeignCapture(dialect)
    for count in 0..<whole.frames.count {
      var late = whole
      late.frames.removeFirst(count)
      let outcome = try check(late)
      #expect(outcome.verdicts.flatMap(\.blamed) == [], "without the first \(count) frames")
    }
  }

  // MARK: What they come in

  private func same(_ outcome: Audit.Outcome, as other: Audit.Outcome) -> Bool {
    outcome.verdicts == other.verdicts && outcome.mobilityHeaders == other.mobilityHeaders && outcome.dialect == other.dialect
  }

  @Test(arguments: [(113, false), (113, true), (276, false), (101, false), (229, false)] as [(UInt32, Bool)])
  func linkTypes(_ linkType: UInt32, _ tagged: Bool) throws {
    let capture = try ForeignCapture(.rfc5846, defects: [(.homeAgent, "bri-p-bit-set")])
    let ethernet = try check(capture)
    #expect(ethernet.verdicts.flatMap(\.blamed).contains("24303-5.4.3.1-03b"))
    try #expect(same(check(capture, linkType: linkType, tagged: tagged), as: ethernet))
  }

  /// Frames of a cooked capture that are too short for its header, or carry something else.
  @Test(arguments: [113, 276] as [UInt32]) func brokenCookedFrames(_ linkType: UInt32) throws {
    var capture = try ForeignCapture(.rfc5846)
    let clean = try check(capture, linkType: linkType)
    for frame in capture.frames.indices {
      let whole = capture.frames[frame].bytes
      capture.frames[frame].bytes = Array(whole.prefix(max(14, whole.count - frame * 3)))
    }
    let outcome = try check(capture, linkType: linkType)
    #expect(outcome.frames == clean.frames)
    var octets = capture.pcap(linkType: linkType)
    // A record of one octet at the end.
    octets += [0, 0, 0, 0x60, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0]
    try #expect(check(octets: octets).frames == clean.frames + 1)
  }

  @Test func framesOutOfOrder() throws {
    let ordered = try ForeignCapture(.rfc5846, defects: [(.userEquipment, "bra-bad-status")])
    let clean = try check(ordered)
    var mixed = ordered
    // A file that was merged from two interfaces, one of them 50 ms behind: neighbours less than that apart change places.
    var index = 1
    while index < mixed.frames.count {
      if mixed.frames[index].time - mixed.frames[index - 1].time < .milliseconds(50) { mixed.frames.swapAt(index - 1, index) }
      index += 2
    }
    let outcome = try check(mixed)
    #expect(outcome.remarks.count == 1 && outcome.remarks[0].contains("out of order"))
    // Frame numbers are those of the file.
    #expect(outcome.verdicts.map(\.blamed) == clean.verdicts.map(\.blamed))
    #expect(outcome.verdicts.flatMap(\.requirements) == clean.verdicts.flatMap(\.requirements))
    #expect(outcome.verdicts.flatMap(\.findings).map(\.time) == clean.verdicts.flatMap(\.findings).map(\.time))
  }

  /// One that is later than 100 ms stays where the file has it: here a BRA long behind its BRI.
  @Test func framesFarOutOfOrder() throws {
    let ordered = try ForeignCapture(.rfc5846)
    var decoded = Dissection()
    let place = try #require(
      ordered.frames.firstIndex {
        Decoder(dialect: .rfc5846).decode($0.bytes.span, into: &decoded)
        return decoded.messageKind == .bra
      })
    var late = ordered
    late.frames.append(late.frames.remove(at: place))
    let outcome = try check(late)
    #expect(outcome.remarks.count == 1)
    #expect(outcome.verdicts.flatMap(\.blamed).contains("24303-5.4.2.1-02"))
  }

  @Test func nothingToJudge() throws {
    var empty = try ForeignCapture(.rfc5846)
    empty.frames = []
    let outcome = try check(empty)
    #expect(outcome.dialect == nil && outcome.frames == 0 && outcome.verdicts.flatMap(\.findings) == [])
  }

  @Test func filesThatAreNone() throws {
    func message(_ octets: [UInt8]) throws -> String {
      do {
        _ = try check(octets: octets)
        return ""
      } catch let failure as Audit.Failure {
        return failure.description
      }
    }
    let whole = try ForeignCapture(.rfc5846).pcap()
    try #expect(message([]).contains("the file is empty"))
    try #expect(message(Array("no capture".utf8)).contains("neither pcap nor pcapng"))
    try #expect(message(Array(whole.dropLast(3))).contains("ends inside a record"))
    try #expect(message(whole) == "")
  }

  // MARK: Our own

  @Test func anotherSuiteOrProfile() throws {
    let bench = try Bench(Pair(role: .ha, profile: "rfc5846"), ["TP_HA_UID_BV_01"])
    try withDirectory { directory in
      _ = try bench.run(in: directory)
      let path = "\(directory)/run.pcapng"
      var other = bench.suite
      other.digest = "another"
      let outcome = try Audit(other, profile: nil, device: nil).check(path)
      #expect(outcome.remarks.count == 1 && outcome.remarks[0].contains("another"))
      #expect(outcome.verdicts.first?.suite == "another")
      // Under another text the same frames stand beside.
      let draft = try Audit(bench.suite, profile: bench.suite.profile("ts24303-0.4.1"), device: nil).check(path)
      #expect(draft.verdicts.map(\.profile) == ["ts24303-0.4.1"])
      other.profiles = []
      #expect(throws: Audit.Failure.self) { try Audit(other, profile: nil, device: nil).check(path) }
    }
  }

  /// A cut holds its own case's frames and nobody else's.
  @Test func cuts() throws {
    let bench = try Bench(Pair(role: .ha, profile: "rfc5846"), ["TP_HA_UID_BV_01", "TP_HA_NID_BV_01", "TP_HA_NID_BV_02"])
    try withDirectory { directory in
      let live = try bench.run(in: directory, cuts: true)
      let files = try FileManager.default.contentsOfDirectory(atPath: "\(directory)/captures").sorted()
      #expect(files == live.verdicts.cases.map { "\($0.testCase).pcapng" }.sorted())
      for result in live.verdicts.cases {
        var reader = try CaptureReader(CaptureFile(path: "\(directory)/captures/\(result.testCase).pcapng"))
        var homes: Set<IPv6Address> = []
        var last = Instant.distantPast
        var isOrdered = true
        let decoder = Decoder(dialect: .rfc5846)
        while try reader.next({ bytes, record in
          if record.time < last { isOrdered = false }
          last = record.time
          guard record.linkType == .ethernet else { return }
          var dissection = Dissection()
          decoder.decode(bytes, into: &dissection)
          for path in [FieldPath.homeAddressOption, .routingHomeAddress] {
            if let home = dissection.value(path, in: bytes) { homes.insert(IPv6Address(home)) }
          }
        }) {}
        #expect(homes.map(\.description) == result.homes)
        #expect(isOrdered && last.nanoseconds == result.end)
      }
    }
  }
}
