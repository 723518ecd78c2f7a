import Judging
import Testing
import Wire

@testable import Reporting

@Suite struct ExplanationTests {
  private func explain(_ id: String) throws -> String {
    let defect = NodeBehaviour(
      name: "bri-p-bit-set", role: .ha, summary: "sets the P bit", cites: ["24303-5.4.3.1-03b"], modifiers: ["udp"])
    return try Explanation(try Sample.suite(), defects: [defect]).text(of: id, width: 80)
  }

  @Test func aRequirement() throws {
    #expect(
      try explain("24303-5.4.3.1-03b") == """
        24303-5.4.3.1-03b
          The HA clears the P bit.

          document   TS 24.303 5.4.3.1
          binds      HA
          level      shall under ts24303-0.4.1
                     shall under rfc5846
          decided    direct
          rules      bri-flags: bri from the HA
          cases      TP_HA_RACE_BV_01: A detach crosses the revocation
          killers    bri-p-bit-set
          stands in  suite.yaml:3:1

        """)
    #expect(try explain("24303-5.4.3.1-03a").contains("  rules      none: it is not judged\n"))
  }

  @Test func aRule() throws {
    #expect(
      try explain("race") == """
        race
          A BU that crosses the BRI must not be lost.

          when       bu from the UE with bu.lifetime 0
          while      the HA's binding is revoking
                     a probe has shown forwarding
          reactions  within guard-time, the first of:
                     acknowledged: ba from the HA with ba.sequence the same as
                     bu.sequence → pass (24303-5.4.3.1-14)
                     nothing: nothing comes → fail (24303-5.4.3.1-14)
                     otherwise: anything else → fail (24303-5.4.3.1-14)
          presumes   bri-flags was not broken on this binding
          decides    24303-5.4.3.1-14 (shall): The HA acknowledges a detach that crosses
                     its revocation.
          cases      TP_HA_RACE_BV_01: A detach crosses the revocation
          stands in  suite.yaml:3:1

        """)
    #expect(try explain("bri-flags").contains("  must       bri.p 0 (24303-5.4.3.1-03b)\n"))
  }

  @Test func aCaseIsALadder() throws {
    #expect(
      try explain("TP_HA_RACE_BV_01") == """
        TP_HA_RACE_BV_01
          A detach crosses the revocation

          why        Both sides detach at once.
          clause     5.4.3.1
          device     the HA; the tester plays the UE
          needs      1 home address, hook revoke
          exercises  race: 24303-5.4.3.1-14
                     bri-flags: 24303-5.4.3.1-03b
          stands in  suite.yaml:3:1

          tester (UE)                                              device (HA)
               | bu, then ba: the UE registers                          |
               |<------------------------------------------------------>|
               |                                                        |
               | probe forwarding: echo-to-home, watched for probe-time |
               |------------------------------------------------------->|
               |                                                        |
               | hook: revoke                                           |
               |- - - - - - - - - - - - - - - - - - - - - - - - - - -  >|
               |                                                        |
               | bri, awaited for trigger-time                          |
               |<-------------------------------------------------------|
               |                                                        |
               | bu with bu.lifetime 0                                  |
               |------------------------------------------------------->|
               |                                                        |
               | from here on the tester leaves updates without an      |
               | answer                                                 |
               |                                                        |
               | wait 5 s                                               |
               |                                                        |

        """)
  }

  // Octets: draft-muhanna-mext-binding-revocation-01 5.1 and RFC 5846 6.1.1; names: tshark -G fields.
  @Test func aFieldInEveryDialect() throws {
    let trigger = try explain("bri.trigger").split(separator: "\n").map(String.init)
    #expect(trigger[0] == "bri.trigger")
    #expect(trigger[1].hasPrefix("  draft-01   octet 8 from the start of the Mobility Header, 8 bits; no name in"))
    #expect(trigger.contains("             2 administrative reason"))
    #expect(trigger.contains { $0.hasPrefix("  rfc5846    octet 7 from the start of the Mobility Header, 8 bits; Wireshark:") })
    #expect(trigger.contains("             mip6.bri_r.trigger; RFC 5846 6.1.1"))
    #expect(trigger.contains("             1 administrative reason"))
    let acknowledge = try explain("bri.a")
    #expect(acknowledge.contains("octet 9 bit 1 from the start of the Mobility Header, 1 bit;"))
    #expect(acknowledge.contains("  rfc5846    absent\n"))
    #expect(try explain("bri.p").contains("  rules      bri-flags\n"))
    #expect(try explain("bri.reserved").contains("octet 10 bit 3 to octet 11 bit 7 from"))
    #expect(try explain("bu.sequence").contains("  layout     octets 6-7 from the start of the Mobility Header, 16 bits;"))
  }

  @Test func aLayerNamesItsFields() throws {
    let lines = try explain("bri").split(separator: "\n").map(String.init)
    #expect(lines.contains("  field         draft-01                         rfc5846                           Wireshark"))
    #expect(lines.contains("  bri.sequence  octets 6-7                       octets 8-9                        mip6.bri_seqnr"))
    #expect(lines.contains("  bri.a         octet 9 bit 1                    absent"))
  }

  @Test func otherNames() throws {
    #expect(try explain("rfc5846").contains("  dialect    rfc5846\n"))
    #expect(try explain("ts24303-0.4.1").contains("  constants  init-min-delay-bris 1 s\n"))
    #expect(try explain("forwarding").contains("  strength   strong: its silence is an answer\n"))
    #expect(try explain("bri-p-bit-set").contains("  modifiers  @udp\n"))
  }

  @Test func anUnknownNameHasNeighbours() throws {
    func message(_ id: String) throws -> String { try #require(throws: UnknownName.self) { try explain(id) }.description }
    #expect(
      try message("5.4.3.1-03")
        == "nothing is called '5.4.3.1-03'; did you mean '24303-5.4.3.1-03a', '24303-5.4.3.1-03b'?")
    #expect(try message("bri.triger").hasSuffix("; did you mean 'bri.trigger'?"))
    #expect(try message("zzzzzzzzzzzz").hasSuffix("names what there is"))
  }
}
