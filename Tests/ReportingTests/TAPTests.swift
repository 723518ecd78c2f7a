import Judging
import Testing

@testable import Reporting

@Suite struct TAPTests {
  @Test func everyVerdictHasItsPoint() throws {
    #expect(
      try Sample.full().tap(try Sample.suite()) == """
        TAP version 14
        1..7
        ok 1 - TP_HA_NID_BV_01 The HA revokes [ha rfc5846]
          ---
          verdict: pass
          clause: "5.4.3.1"
          alternatives:
            - "pass under rfc5846, fail under ts24303-0.4.1: 24303-5.4.3.1-03a: field bri.a: expected 1, seen absent"
          ...
        ok 2 - TP_HA_NID_BV_02 The HA pads [ha rfc5846]
          ---
          verdict: pass
          clause: "5.4.3.1"
          findings:
            - "warning BR01-7.1-02: expected nothing, seen a Binding Revocation Indication with sequence 300 (0x12c); frame 21 of run-ha-rfc5846.pcapng (set off by frame 20), home address 2001:db8:a::2"
          ...
        not ok 3 - TP_HA_NID_BV_03 The HA clears <P> & G [ha rfc5846]
          ---
          verdict: fail
          message: "24303-5.4.3.1-03b: field bri.p [mip6.bri_ip]: expected 0, seen 1"
          clause: "5.4.3.1"
          findings:
            - "fail 24303-5.4.3.1-03b: field bri.p [mip6.bri_ip]: expected 0, seen 1; frame 17 of run-ha-rfc5846.pcapng, home address 2001:db8:a::3, 2 times"
          ...
        not ok 4 - TP_HA_UID_BV_01 The HA acknowledges a detach [ha rfc5846]
          ---
          verdict: inconclusive
          message: "24303-5.4.3.2-01 was never reached (rule deregistration)"
          clause: "5.4.3.2"
          ...
        not ok 5 - TP_HA_UID_BV_02 The HA forgets [ha rfc5846]
          ---
          verdict: error
          message: "hook revoke: exit 1\\\\x1b[2J"
          clause: "5.4.3.2"
          ...
        ok 6 - TP_HA_RACE_BV_01 Two bindings \\#2 [ha rfc5846] # SKIP several-home-addresses: no
        not ok 7 - 24303-5.4.3.1-14 The HA acknowledges a detach that crosses its revocation. [ha rfc5846]
          ---
          verdict: fail
          message: "24303-5.4.3.1-14: expected acknowledged, seen nothing within 5 s"
          clause: "5.4.3.1"
          findings:
            - "fail 24303-5.4.3.1-14: expected acknowledged, seen nothing within 5 s; no frame came; set off by frame 12 of run-ha-rfc5846.pcapng, home address 2001:db8:a::1"
          ...

        """)
  }

  @Test func knownIsToDoAndStaleIsNotOk() throws {
    let report = Sample.report(
      [Sample.run(try Sample.verdicts(only: ["TP_HA_NID_BV_02", "TP_HA_NID_BV_03"]))],
      known: [
        .init(testCase: "TP_HA_NID_BV_03", verdict: .fail, reason: "bug 7"),
        .init(testCase: "TP_HA_NID_BV_02", verdict: .fail, reason: "bug 8"),
      ])
    let lines = report.tap(try Sample.suite()).split(separator: "\n").map(String.init)
    #expect(lines.contains("not ok 1 - TP_HA_NID_BV_02 The HA pads [ha rfc5846]"))
    #expect(lines.contains("  stale: \"bug 8\""))
    #expect(lines.contains("not ok 2 - TP_HA_NID_BV_03 The HA clears <P> & G [ha rfc5846] # TODO known: bug 7"))
  }

  @Test func nothingIsAPlanOfNothing() throws {
    #expect(Sample.report([]).tap(try Sample.suite()) == "TAP version 14\n1..0 # SKIP nothing was judged\n")
  }
}
