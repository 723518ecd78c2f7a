import Judging
import Testing
import Wire

/// Which conversation a frame belongs to: a binding is a Home Agent and a home address.
@Suite struct ConversationTests {
  /// One sentence for each kind of message, all of them broken, so that the findings tell where each frame was put.
  private static let where_ = """
    - { rule: bu, when: { message: bu, from: ue }, must: { UE-shall: { mh.payload-proto: 1 } } }
    - { rule: ba, when: { message: ba, from: ha }, must: { HA-shall: { mh.payload-proto: 1 } } }
    - { rule: bri, when: { message: bri, from: ha }, must: { HA-shall: { mh.payload-proto: 1 } } }
    - { rule: bra, when: { message: bra, from: ue }, must: { UE-shall: { mh.payload-proto: 1 } } }
    - { rule: be-ha, when: { message: be, from: ha }, must: { HA-shall: { mh.payload-proto: 1 } } }
    - { rule: be-ue, when: { message: be, from: ue }, must: { UE-shall: { mh.payload-proto: 1 } } }
    - { rule: icmp-ha, when: { message: icmpv6, from: ha }, must: { HA-shall: { icmpv6.type: 99 } } }
    - { rule: icmp-ue, when: { message: icmpv6, from: ue }, must: { UE-shall: { icmpv6.type: 99 } } }
    - { rule: tunnelled, when: { message: tunnelled, from: ha }, must: { HA-shall: { ipv6.hop-limit: 0 } } }
    - { rule: up, when: { message: tunnelled, from: ue }, must: { UE-shall: { ipv6.hop-limit: 0 } } }
    """

  /// `rule home address` of what the last frame was taken for, after two bindings at care-of addresses of their own.
  private func places(
    of packet: Packet, after before: [Packet] = [], profile: String = "new", knowing agents: [IPv6Address] = [homeAgent]
  ) throws -> [String] {
    var stream = try Stream(Self.where_, profile: profile, knowing: agents)
    stream.see(registration() + registration(20, home: otherHome, from: otherCareOf) + before, from: ms(0))
    let frame = stream.see(packet, at: ms(100))
    // A frame that is one of many of its kind is counted, not listed: the count tells.
    return stream.judge.monitor.findings.filter { $0.frame == frame }.map { "\($0.rule) \($0.homeAddress)" }
      + (stream.judge.monitor.last.map { ["last \($0.kind.rawValue) \($0.from.rawValue) \($0.home)"] } ?? [])
  }

  private func isTaken(_ packet: Packet, as kind: String, of address: IPv6Address, after before: [Packet] = []) throws -> Bool {
    try places(of: packet, after: before).last == "last \(kind) \(address)"
  }

  // MARK: By what the frame says

  @Test func byHomeAddressOption() throws {
    try #expect(isTaken(bu(11, 5), as: "bu ue", of: home))
    try #expect(isTaken(bu(21, 5, home: otherHome), as: "bu ue", of: otherHome))
    try #expect(isTaken(bra(7, home: otherHome), as: "bra ue", of: otherHome))
  }

  @Test func byRoutingHeader() throws {
    try #expect(isTaken(ba(11, 0, 5), as: "ba ha", of: home))
    try #expect(isTaken(bri(7, home: otherHome, to: otherCareOf), as: "bri ha", of: otherHome))
  }

  @Test func byInnerAddress() throws {
    try #expect(isTaken(tunnelled(), as: "tunnelled ha", of: home))
    try #expect(isTaken(tunnelled(to: otherHome), as: "tunnelled ha", of: otherHome))
    let uplink = Packet([
      .ethernet(from: MACAddress(1), to: MACAddress(2)), .ipv6(from: otherCareOf, to: homeAgent), .ipv6(from: otherHome, to: correspondent),
      .icmpv6(type: 129, code: 0),
    ])
    try #expect(isTaken(uplink, as: "tunnelled ue", of: otherHome))
    try #expect(places(of: tunnelled(to: stranger)) == [])
  }

  /// At home, or in IPv4 transport, the inner address is the home address (C-4).
  @Test func byTheAddressAlone() throws {
    try #expect(isTaken(bri(7, to: home).without(.rh2), as: "bri ha", of: home))
    try #expect(isTaken(bra(7, from: otherHome).without(.destinationOptions), as: "bra ue", of: otherHome))
  }

  // MARK: By what it answers

  @Test func bySequenceNumber() throws {
    // Answers that name nobody go to the message of that number that the tester announced.
    var stream = try Stream(Self.where_, role: .ha)
    stream.see(registration() + registration(20, home: otherHome, from: otherCareOf), from: ms(0))
    let sent = bu(300, 0, home: otherHome, from: otherCareOf).with("hao.home-address", stranger.value)
    stream.note(.stimulus, at: ms(50)) {
      $0.home = HomeAddress(otherHome)
      $0.digest = String(Monitor.digest(sent.encoded().span), radix: 16)
      $0.altered = true
    }
    stream.see(sent, at: ms(51), isOutgoing: true)
    #expect(stream.judge.monitor.last.map { "\($0.home)" } == "\(otherHome)")
    stream.see(ba(300, 0, 0, home: stranger, to: stranger), at: ms(60))
    #expect(stream.judge.monitor.last.map { "\($0.home)" } == "\(otherHome)")
  }

  @Test func byCareOfAddress() throws {
    // A BA without a routing header names nobody but the care-of address.
    try #expect(isTaken(ba(21, 0, 5, to: otherCareOf).without(.rh2), as: "ba ha", of: otherHome))
    try #expect(isTaken(bri(7, to: otherCareOf).without(.rh2), as: "bri ha", of: otherHome))
    try #expect(isTaken(bra(7, from: otherCareOf).without(.destinationOptions), as: "bra ue", of: otherHome))
  }

  @Test func bindingErrors() throws {
    try #expect(isTaken(be(1, home: otherHome, from: homeAgent, to: otherCareOf), as: "be ha", of: otherHome))
    try #expect(isTaken(be(2, from: careOf, to: homeAgent), as: "be ue", of: home))
    // One that names no home address (RFC 6275 6.1.9: unspecified for status 2).
    try #expect(isTaken(be(2, home: .unspecified, from: homeAgent, to: otherCareOf), as: "be ha", of: otherHome))
    try #expect(isTaken(be(2, home: .unspecified, from: otherCareOf, to: homeAgent), as: "be ue", of: otherHome))
  }

  /// A UE with one care-of address for all its home addresses: the error meets the oldest message that waits for one.
  @Test func bindingErrorsThatNameNobody() throws {
    let rules = """
      - rule: r
        when: { message: mh, from: ha, mh.type: 200 }
        reactions:
          - { label: error, match: { message: be, from: ue, be.status: 2 }, verdict: pass, decides: UE-shall }
          - { label: nothing, silence: guard-time, verdict: fail, decides: UE-shall }
          - { label: otherwise, verdict: fail, decides: UE-shall }
      """
    var stream = try Stream(rules)
    stream.see(registration() + registration(20, home: otherHome), from: ms(0))
    for (index, address) in [otherHome, home].enumerated() {
      stream.see(bri(7, home: address).with("mh.type", 200), at: ms(100 + Int64(index)))
    }
    stream.see(be(2, home: .unspecified, from: careOf, to: homeAgent), at: ms(110))
    #expect(stream.judge.monitor.last?.home == otherHome)
    stream.see(be(2, home: .unspecified, from: careOf, to: homeAgent), at: ms(120))
    #expect(stream.judge.monitor.last?.home == home)
    #expect(stream.tally("UE-shall") == [2, 0, 0])
  }

  @Test func icmpErrorsByThePacketInThem() throws {
    try #expect(isTaken(icmp(4, about: bu(21, 0, home: otherHome), from: homeAgent, to: careOf), as: "icmpv6 ha", of: otherHome))
    try #expect(isTaken(icmp(4, about: bri(7, home: otherHome), from: careOf, to: homeAgent), as: "icmpv6 ue", of: otherHome))
    try #expect(isTaken(icmp(4, about: ba(11, 0, 5), from: careOf, to: homeAgent), as: "icmpv6 ue", of: home))
    try #expect(isTaken(icmp(1, about: bra(7), from: homeAgent, to: careOf), as: "icmpv6 ha", of: home))
    // About something else, or not an error.
    try #expect(
      places(of: icmp(1, about: bu(11, 0, from: stranger).without(.bu).without(.destinationOptions), from: homeAgent, to: stranger)) == [])
    try #expect(places(of: icmp(128, about: bu(11, 0), from: homeAgent, to: careOf)) == [])
  }

  /// A stimulus that is no message any more is known again by its octets.
  @Test func icmpErrorsAboutAStimulus() throws {
    var stream = try Stream(Self.where_, role: .ha)
    stream.see(registration() + registration(20, home: otherHome, from: otherCareOf), from: ms(0))
    let sent = bu(21, 0, home: otherHome, from: otherCareOf).with("ipv6.source", stranger.value).with("ipv6.next-header", 253)
    stream.note(.stimulus, at: ms(50)) {
      $0.home = HomeAddress(otherHome)
      $0.digest = String(Monitor.digest(sent.encoded().span), radix: 16)
      $0.altered = true
    }
    stream.see(sent, at: ms(51), isOutgoing: true)
    stream.see(icmp(4, about: sent, from: homeAgent, to: stranger), at: ms(52))
    #expect(stream.judge.monitor.last.map { "\($0.kind.rawValue) \($0.home)" } == "icmpv6 \(otherHome)")
  }

  // MARK: More than one

  /// A BRI for one home address at the care-of address of another is judged in both.
  @Test func aStrayBRI() throws {
    let stray = try places(of: bri(7, home: home, to: otherCareOf))
    #expect(stray.dropLast() == ["bri \(home)", "bri \(otherHome)"])
    let right = try places(of: bri(7, home: home, to: careOf))
    #expect(right.dropLast() == ["bri \(home)"])
  }

  /// One UE, one care-of address, two home addresses: a BRI for either is no stray.
  @Test func oneCareOfAddressForTwo() throws {
    var stream = try Stream(Self.where_)
    stream.see(registration() + registration(20, home: otherHome), from: ms(0))
    for address in [home, otherHome] { stream.see(bri(7, home: address), at: ms(100)) }
    let findings = stream.judge.monitor.findings.filter { $0.rule == "bri" }
    #expect(findings.map { "\($0.homeAddress) \($0.count)" } == ["\(home) 1", "\(otherHome) 1"])
  }

  @Test func twoHomeAgentsWithTheSameHomeAddress() throws {
    var stream = try Stream(Self.where_, knowing: [homeAgent, stranger])
    stream.see(registration(), from: ms(0))
    stream.see([bu(50, 5, to: stranger), ba(50, 0, 5, from: stranger)], from: ms(10))
    stream.see(bu(51, 0, to: stranger), at: ms(20))
    #expect(stream.judge.monitor.bindingStates(home: home, homeAgent: homeAgent) == ["bound"])
    #expect(stream.judge.monitor.bindingStates(home: home, homeAgent: stranger) == ["unbound", "bound"])
  }

  // MARK: Roles

  /// Draft-01 has one type number: a revocation is a BRI from the Home Agent, a BRA to it.
  @Test func draftNamesByRole() throws {
    func last(_ packet: Packet, knowing agents: [IPv6Address], before: [Packet] = []) throws -> String? {
      var stream = try Stream(Self.where_, profile: "old", knowing: agents)
      stream.see(before, from: ms(0))
      stream.see(packet, at: ms(100))
      return stream.judge.monitor.last.map { "\($0.kind.rawValue) \($0.from.rawValue)" }
    }
    try #expect(last(bri(0x3000, .draft01), knowing: [homeAgent]) == "bri ha")
    try #expect(last(bra(0x3000, 0, .draft01), knowing: [homeAgent]) == "bra ue")
    // Nobody knows who is the Home Agent: rules on either are not reached.
    try #expect(last(bri(0x3000, .draft01), knowing: []) == nil)
    try #expect(last(bra(0x3000, 0, .draft01), knowing: []) == nil)
    // A registration tells.
    try #expect(last(bri(0x3000, .draft01), knowing: [], before: registration()) == "bri ha")
    try #expect(last(bra(0x3000, 0, .draft01), knowing: [], before: registration()) == "bra ue")
  }

  /// RFC 5846 says itself which of the two it is.
  @Test func aLateCaptureOfTheRFC() throws {
    var stream = try Stream(Self.where_, knowing: [])
    stream.see(bri(7), at: ms(0))
    #expect(stream.findings == ["HA-shall fail \(home)"])
  }

  /// Whoever names a Home Agent in a message with something wrong in it makes none.
  @Test func unsoundMessagesTeachNothing() throws {
    var stream = try Stream(Self.where_, profile: "old", knowing: [])
    stream.see(bu(10, 5, to: stranger).with("mh.checksum", 1), at: ms(0))
    stream.see(bri(0x3000, .draft01, from: stranger), at: ms(1))
    #expect(stream.findings == ["UE-shall fail \(home)"])
  }

  /// The rules are about messages that come as they are: what a tunnel holds is counted, and neither right nor wrong.
  @Test func messagesInTunnelsAreNotJudged() throws {
    var stream = try Stream("- { rule: r, when: { message: bu, from: ue }, must: { UE-shall: { bu.a: 0 } } }")
    var tunnelled = bu(1, 100)
    tunnelled.headers.insert(.ipv6(from: careOf, to: homeAgent), at: 1)
    stream.see(tunnelled, at: ms(0))
    #expect(stream.judge.monitor.mobilityHeaders == 1)
    #expect(stream.judge.monitor.tunnelledHeaders == 1)
    #expect(stream.tally("UE-shall") == unreached)
    stream.see(bu(1, 100), at: ms(1))
    #expect(stream.tally("UE-shall") == broken)
  }

  /// Binding Error 2 names no home address where the message that earned it came in a routing header. A UE has one care-of address for all
  /// its home addresses: a message of an unknown type has earned it before a BRI has, and each earns one.
  @Test func bindingErrorsForUnknownTypesBlameNoBRI() throws {
    let rule = """
      - rule: r
        when: { message: bri, from: ha }
        reactions:
          - { label: right, match: { message: bra, from: ue }, verdict: pass, decides: UE-shall }
          - { label: nothing, silence: guard-time, verdict: inconclusive, decides: UE-shall }
          - { label: otherwise, verdict: fail, decides: UE-shall }
      """
    var stream = try Stream(rule)
    stream.see(registration() + registration(20, home: otherHome), from: ms(0))
    stream.see(bri(7).with("mh.type", 77), at: ms(10))
    stream.see(bri(8, home: otherHome), at: ms(11))
    let error = be(2, home: .unspecified, from: careOf, to: homeAgent)
    stream.see(error, at: ms(12))
    #expect(stream.tally("UE-shall") == unreached)
    stream.see(error, at: ms(13))
    #expect(stream.tally("UE-shall") == broken)
    #expect(stream.findings == ["UE-shall fail \(otherHome)"])
  }
}
