import Foundation
import Judging
import Testing

@testable import Reporting

@Suite struct ListingTests {
  private func listing() throws -> Listing {
    Listing(
      try Sample.suite(),
      defects: [
        NodeBehaviour(
          name: "bri-p-bit-set", role: .ha, summary: "sets the P bit", cites: ["24303-5.4.3.1-03b"], modifiers: ["first", "udp"])
      ])
  }

  @Test func columnsAreAlignedAndWrapped() throws {
    #expect(
      try listing().text(.requirements, width: 90) == """
        requirement        role  level             sentence                decided by
        24303-5.4.3.1-03a  ha    shall             The HA sets the A bit.  no rule
                                 (ts24303-0.4.1),
                                 absent (rfc5846)
        24303-5.4.3.1-03b  ha    shall             The HA clears the P     rules: bri-flags;
                                                   bit.                    cases:
                                                                           TP_HA_RACE_BV_01;
                                                                           killers: bri-p-bit-set
        24303-5.4.3.1-14   ha    shall             The HA acknowledges a   rules: race; seen by:
                                                   detach that crosses     probe forwarding;
                                                   its revocation.         cases: TP_HA_RACE_BV_01

        """)
  }

  @Test func eachKindHasItsColumns() throws {
    let listing = try listing()
    #expect(
      listing.text(.cases) == """
        case              device  clause   title
        TP_HA_RACE_BV_01  ha      5.4.3.1  A detach crosses the revocation

        """)
    #expect(
      listing.text(.rules) == """
        rule       when                               requirements       cases
        bri-flags  bri from the HA                    24303-5.4.3.1-03b  1
        race       bu from the UE with bu.lifetime 0  24303-5.4.3.1-14   1

        """)
    #expect(
      listing.text(.defects) == """
        name           node  what it does    breaks             modifiers
        bri-p-bit-set  ha    sets the P bit  24303-5.4.3.1-03b  @first @udp

        """)
    #expect(
      listing.text(.profiles) == """
        profile  dialect  text     documents
        rfc5846  rfc5846  rfc5846  TS 24.303 Rel-17

        """)
    #expect(listing.text(.variations) == "")
    #expect(listing.text(.cases, where: { $0.hasPrefix("TP_UE") }) == "")
  }

  @Test func jsonHasWhatTextHasNoRoomFor() throws {
    let data = Data(try listing().json(.requirements) { $0.hasSuffix("-03b") })
    let rows = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
    let row = try #require(rows.first)
    #expect(rows.count == 1)
    #expect(row["id"] as? String == "24303-5.4.3.1-03b")
    #expect(row["levels"] as? [String: String] == ["rfc5846": "shall", "ts24303-0.4.1": "shall"])
    #expect(row["rules"] as? [String] == ["bri-flags"])
    #expect(row["cases"] as? [String] == ["TP_HA_RACE_BV_01"])
    #expect(row["killers"] as? [String] == ["bri-p-bit-set"])
    for kind in Listing.Kind.allCases {
      #expect(try JSONSerialization.jsonObject(with: Data(try listing().json(kind))) is [[String: Any]])
    }
  }
}
