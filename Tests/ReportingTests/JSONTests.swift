import Foundation
import Judging
import Testing

@testable import Reporting

@Suite struct JSONTests {
  @Test func verdictsHaveOneEncoding() throws {
    var verdicts = try Sample.verdicts(only: ["TP_HA_RACE_BV_01"])
    verdicts.requirements = []
    #expect(
      String(decoding: verdictsJSON(verdicts), as: UTF8.self)
        == #"{"cases":[{"assertions":[],"attempt":0,"begin":1000000000,"case":"TP_HA_RACE_BV_01","clause":"5.4.3.1","end":1000000000,"#
        + #""homes":[],"reason":"several-home-addresses: no","title":"Two bindings #2","verdict":"not-applicable"}],"findings":[],"#
        + #""profile":"rfc5846","requirements":[],"role":"ha","suite":"5d"}"#)
  }

  @Test func verdictsDoNotDependOnWhereOrWhenTheyWereMade() throws {
    let run = Sample.run(try Sample.verdicts())
    var checked = run
    checked.capture = "elsewhere/run-ha-rfc5846.pcapng"
    let report = Sample.report([run])
    let other = Report(
      version: "2", command: "check", arguments: ["x"], started: .now, finished: .now, suite: "5d", runs: [checked])
    func verdicts(_ report: Report) throws -> Data {
      let object = try #require(try JSONSerialization.jsonObject(with: Data(report.json)) as? [String: Any])
      let runs = try #require(object["runs"] as? [[String: Any]])
      return try JSONSerialization.data(withJSONObject: runs.map { $0["verdicts"] as Any }, options: .sortedKeys)
    }
    #expect(try verdicts(report) == verdicts(other))
    #expect(report.json != other.json)
  }

  @Test func timesKeepTheirNanoseconds() throws {
    var verdicts = try Sample.verdicts(only: ["TP_HA_NID_BV_03"])
    verdicts.findings[0].time = 1_700_000_000_123_456_789
    let report = Sample.report([Sample.run(verdicts)])
    #expect(String(decoding: report.json, as: UTF8.self).contains("\"time\" : 1700000000123456789"))
    #expect(try Report(json: report.json) == report)
  }

  @Test func aReportIsReadBack() throws {
    let report = try Sample.full()
    #expect(try Report(json: report.json) == report)
    #expect(report.started == "2023-11-14T22:13:20Z")
    #expect(report.json.last == 0x0a)
  }

  @Test func whatIsNoReportIsNamed() throws {
    #expect(throws: ReportError.self) { try Report(json: Array("{".utf8)) }
    let missing = try #require(throws: ReportError.self) { try Report(json: Array(#"{"format":1}"#.utf8)) }
    #expect(missing.description == "not a report: the document has no 'tool'")
    let text = String(decoding: try Sample.full().json, as: UTF8.self)
    let newer = try #require(throws: ReportError.self) {
      try Report(json: Array(text.replacing("\"format\" : 1", with: "\"format\" : 2").utf8))
    }
    #expect(newer.description == "a report of format 2: this program reads format 1")
    let wrong = try #require(throws: ReportError.self) {
      try Report(json: Array(text.replacing("\"verdict\" : \"error\"", with: "\"verdict\" : \"bad\"").utf8))
    }
    #expect(wrong.description.hasPrefix("not a report: .runs[0].verdicts.cases[4].verdict: "))
  }

  @Test func everyReportObeysTheSchema() throws {
    let schema = try SchemaChecker()
    let known = [
      KnownFailing.Entry(testCase: "TP_HA_NID_BV_01", verdict: .inconclusive, reason: "bug 7"),
      KnownFailing.Entry(testCase: nil, requirement: "24303-5.4.3.1-03b", verdict: .fail, reason: "bug 8"),
    ]
    let empty = Sample.report([])
    let reports = [
      empty, try Sample.full(), Sample.report([Sample.run(try Sample.foreign())]),
      Sample.report(
        try Sample.full().runs, known: known, baseline: Sample.report([Sample.run(try Sample.verdicts(only: ["TP_HA_NID_BV_01"]))])),
    ]
    for report in reports { #expect(try schema.problems(report.json) == []) }
  }

  @Test func theSchemaRefusesWhatIsNoReport() throws {
    let schema = try SchemaChecker()
    let text = String(decoding: try Sample.full().json, as: UTF8.self)
    func problems(_ old: String, _ new: String) throws -> [String] {
      #expect(text.contains(old))
      return try schema.problems(Array(text.replacing(old, with: new).utf8))
    }
    #expect(try problems("\"verdict\" : \"fail\"", "\"verdict\" : \"failed\"").contains { $0.hasSuffix(".verdict: not one of the values") })
    #expect(try problems("\"frames\" : 4711", "\"frames\" : \"many\"") == ["$.runs[0].statistics.frames: not of type integer"])
    #expect(try problems("\"frames\" : 4711", "\"frames\" : -1") == ["$.runs[0].statistics.frames: less than 0"])
    #expect(try problems("\"drift\" : ", "\"drifts\" : ") == ["$.drift: missing", "$.drifts: not described"])
    #expect(try problems("\"format\" : 1", "\"format\" : 2") == ["$.format: not the value"])
  }
}
