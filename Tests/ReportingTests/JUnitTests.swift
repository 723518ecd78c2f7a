import Foundation
import FoundationXML
import Judging
import Testing

@testable import Reporting

@Suite struct JUnitTests {
  private func parsed(_ report: Report) throws -> XMLElement {
    let document = try XMLDocument(data: Data(report.junit(try Sample.suite())))
    return try #require(document.rootElement())
  }

  private func attributes(_ element: XMLElement, _ names: String...) -> [String] {
    names.map { element.attribute(forName: $0)?.stringValue ?? "-" }
  }

  private func cases(_ root: XMLElement) -> [XMLElement] {
    root.elements(forName: "testsuite").flatMap { $0.elements(forName: "testcase") }
  }

  @Test func everyVerdictHasItsElement() throws {
    let root = try parsed(try Sample.full())
    #expect(root.name == "testsuites")
    #expect(attributes(root, "name", "tests", "failures", "errors", "skipped", "time") == ["detachspec", "7", "2", "2", "1", "12.345"])
    let suite = try #require(root.elements(forName: "testsuite").first)
    #expect(
      attributes(suite, "name", "tests", "failures", "errors", "skipped", "timestamp") == [
        "ha rfc5846", "7", "2", "2", "1", "2023-11-14T22:13:20Z",
      ])
    let cases = cases(root)
    #expect(
      cases.map { attributes($0, "name", "classname", "time") } == [
        ["TP_HA_NID_BV_01 The HA revokes", "5.4.3.1", "0.5"], ["TP_HA_NID_BV_02 The HA pads", "5.4.3.1", "2"],
        ["TP_HA_NID_BV_03 The HA clears <P> & G", "5.4.3.1", "0.25"], ["TP_HA_UID_BV_01 The HA acknowledges a detach", "5.4.3.2", "5"],
        ["TP_HA_UID_BV_02 The HA forgets", "5.4.3.2", "0"], ["TP_HA_RACE_BV_01 Two bindings #2", "5.4.3.1", "0"],
        ["24303-5.4.3.1-14 The HA acknowledges a detach that crosses its revocation.", "5.4.3.1", "0"],
      ])
    let children = cases.map { $0.children?.compactMap(\.name) ?? [] }
    #expect(children == [["system-out"], ["system-out"], ["failure"], ["error"], ["error"], ["skipped"], ["failure"]])
  }

  @Test func messagesAndTypesSayWhy() throws {
    let cases = cases(try parsed(try Sample.full()))
    func note(_ index: Int, _ name: String) throws -> XMLElement { try #require(cases[index].elements(forName: name).first) }
    let failure = try note(2, "failure")
    #expect(
      attributes(failure, "type", "message") == [
        "24303-5.4.3.1-03b", "24303-5.4.3.1-03b: field bri.p [mip6.bri_ip]: expected 0, seen 1",
      ])
    #expect(
      failure.stringValue == """
        The HA clears the P bit.
        24303-5.4.3.1-03b, shall, TS 24.303 5.4.3.1, rule bri-flags
        field bri.p [mip6.bri_ip]: expected 0, seen 1
        frame 17 of run-ha-rfc5846.pcapng, home address 2001:db8:a::3, 2 times
        """)
    #expect(
      attributes(try note(3, "error"), "type", "message") == [
        "INCONC.24303-5.4.3.2-01", "24303-5.4.3.2-01 was never reached (rule deregistration)",
      ])
    #expect(attributes(try note(4, "error"), "type", "message") == ["ERROR", "hook revoke: exit 1\\x1b[2J"])
    #expect(attributes(try note(5, "skipped"), "type", "message") == ["-", "several-home-addresses: no"])
    #expect(try note(1, "system-out").stringValue?.contains("expected nothing, seen a Binding Revocation Indication") == true)
    #expect(try note(0, "system-out").stringValue?.hasPrefix("pass under rfc5846, fail under ts24303-0.4.1: ") == true)
  }

  @Test func knownIsSkippedAndStaleFails() throws {
    let report = Sample.report(
      [Sample.run(try Sample.verdicts(only: ["TP_HA_NID_BV_02", "TP_HA_NID_BV_03"]))],
      known: [
        .init(testCase: "TP_HA_NID_BV_03", verdict: .fail, reason: "bug 7"),
        .init(testCase: "TP_HA_NID_BV_02", verdict: .fail, reason: "bug 8"),
      ])
    let root = try parsed(report)
    #expect(attributes(root, "tests", "failures", "errors", "skipped") == ["2", "1", "0", "1"])
    let stale = try #require(cases(root)[0].elements(forName: "failure").first)
    #expect(attributes(stale, "type", "message") == ["XPASS", "listed as known to fail, which no longer holds: bug 8"])
    let known = try #require(cases(root)[1].elements(forName: "skipped").first)
    #expect(attributes(known, "message")[0].hasPrefix("known: bug 7; 24303-5.4.3.1-03b"))
  }

  @Test func aCaptureOfOthersHasACaseForEachRequirement() throws {
    let root = try parsed(Sample.report([Sample.run(try Sample.foreign(), testerErrors: ["frame 3"])]))
    #expect(attributes(root, "tests", "failures", "errors", "skipped") == ["7", "2", "2", "1"])
    #expect(
      cases(root).map { $0.children?.first?.name ?? "" } == ["failure", "", "error", "failure", "skipped", "system-out", "error"])
  }

  @Test func suitesHaveNamesOfTheirOwn() throws {
    var other = Sample.run(try Sample.verdicts())
    other.capture = "b.pcapng"
    let suites = try parsed(Sample.report([Sample.run(try Sample.verdicts()), other])).elements(forName: "testsuite")
    #expect(suites.map { attributes($0, "name") } == [["ha rfc5846 run-ha-rfc5846.pcapng"], ["ha rfc5846 b.pcapng"]])
  }

  @Test func theSameReportGivesTheSameOctets() throws {
    let suite = try Sample.suite()
    #expect(try Sample.full().junit(suite) == Sample.full().junit(suite))
  }
}
