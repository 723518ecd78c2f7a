import Foundation
import Testing

/// IKEv2 against an implementation of somebody else's: strongSwan of Debian's packages.
@Suite(
  "strongSwan", .serialized, .enabled(if: getuid() == 0, "needs root: the test's threads keep it from making a user namespace"),
  .enabled(if: StrongSwan.isThere, "strongSwan is not installed"))
struct LiveStrongSwanTests {
  @Test("it answers our first message and our DELETE, over IPv6 and IPv4, on ports 500 and 4500")
  func responder() async {
    await #expect(processExitsWith: .success) { try reporting(StrongSwanScenes.responder) }
  }

  @Test("it begins, over IPv6 and IPv4, and either side deletes")
  func initiator() async {
    await #expect(processExitsWith: .success) { try reporting(StrongSwanScenes.initiator) }
  }

  @Test("the suites that both have, in either role")
  func suites() async {
    await #expect(processExitsWith: .success) { try reporting(StrongSwanScenes.suites) }
  }

  @Test("a wrong secret is refused by either side; a group that it does not take is replaced")
  func refusals() async {
    await #expect(processExitsWith: .success) { try reporting(StrongSwanScenes.refusals) }
  }

  @Test("it wants a cookie when it is asked to, and gives one when it is asked for one")
  func cookies() async {
    await #expect(processExitsWith: .success) { try reporting(StrongSwanScenes.cookies) }
  }

  @Test("either side replaces the IKE SA, and the new one is deleted")
  func rekeying() async {
    await #expect(processExitsWith: .success) { try reporting(StrongSwanScenes.rekeying) }
  }

  @Test("certificates, RSA on its side and ECDSA on ours, in either role")
  func certificates() async {
    await #expect(processExitsWith: .success) { try reporting(StrongSwanScenes.certificates) }
  }

  @Test(
    "Child SAs in tunnel mode: made, added, replaced and deleted by either side, and an echo through each",
    .enabled(if: StrongSwan.hasLibipsec, "no kernel-libipsec, or no /dev/net/tun"))
  func childSAs() async {
    await #expect(processExitsWith: .success) { try reporting(StrongSwanScenes.childSAs) }
  }

  @Test(
    "EAP-AKA with Milenage, in either role",
    .enabled(if: StrongSwan.akaPrefix != nil, "no strongSwan with SIM backends: set DETACHSPEC_STRONGSWAN"))
  func aka() async {
    await #expect(processExitsWith: .success) { try reporting(StrongSwanScenes.aka) }
  }

  @Test("what is wrong with a request gets the reaction that the documents allow")
  func wrongRequests() async {
    await #expect(processExitsWith: .success) { try reporting(StrongSwanScenes.wrongRequests) }
  }
}
