import Judging
import Testing
import Wire

private func one(_ step: String, needs: String = "{ home-addresses: 2 }", exercises: String = "[bri-flags]", role: String = "ha") -> String
{
  """
  - case: TP_HA_NID_BV_01
    title: t
    clause: 5.4
    role: \(role)
    needs: \(needs)
    steps:
      - \(step)
    exercises: \(exercises)
  """
}

/// The steps of a case, read from this line.
private func steps(_ text: String) throws -> [Step] {
  try #require(try loaded(one(text), with: [base, rule]).testCase("TP_HA_NID_BV_01")).steps
}

@Suite struct CaseTests {
  @Test func headIsRead() throws {
    let suite = try loaded(
      """
      - case: TP_UE_NID_BV_01
        title: The UE acknowledges a revocation that asks for it
        clause: 5.4.2.1
        role: ue
        profiles: [old]
        needs: { home-addresses: 3, hooks: [register], exclusive: [timing], ics: { revocation: yes }, links: [home] }
        party: { acknowledges-revocations: no, acknowledges-updates: no, lifetime: 1, one-ue: yes }
        steps: [register, { register: 2 }]
        exercises: [bri-flags]
        why: w
      """, with: [base, rule])
    let test = try #require(suite.testCase("TP_UE_NID_BV_01"))
    #expect(test.role == .ue && test.profiles == ["old"] && test.clause == "5.4.2.1" && test.why == "w" && test.exercises == ["bri-flags"])
    #expect(test.needs.homeAddresses == 3 && test.needs.hooks == ["register"] && test.needs.exclusive == ["timing"])
    #expect(test.needs.ics == ["revocation": true] && test.needs.links == ["home"])
    #expect(!test.party.acknowledgesRevocations && !test.party.acknowledgesUpdates && test.party.lifetime == 1 && test.party.isOneUE)
    guard case .register(home: 0) = test.steps.first, case .register(home: 2) = test.steps.last else { throw Missing() }
  }

  @Test func racesAreRead() throws {
    guard case .race(.milliseconds(20), home: 0) = try steps("race: 20 ms").first,
      case .race(.milliseconds(-50), home: 0) = try steps("race: -50 ms").first, case .race(.zero, home: 0) = try steps("race: 0 ms").first
    else { throw Missing() }
    for wrong in ["race: soon", "race: --5 ms", "race: [5 ms]", "race: -5"] {
      #expect(throws: SuiteErrors.self) { try steps(wrong) }
    }
  }

  @Test func stimuliAreRead() throws {
    let text =
      "send: { bri: { trigger: 1, a: 1, mh.checksum: wrong, sequence: { plus: -1 }, rh2.home-address: { home: 1 } }, "
      + "carrier: rh2, home: 1, options: [{ type: 200, data: \"0102\" }] }"
    guard case .send(let stimulus) = try steps(text).first else { throw Missing() }
    #expect(stimulus.kind == .bri && stimulus.home == 1 && stimulus.carrier == "rh2" && !stimulus.again)
    #expect(stimulus.values.map(\.path.description) == ["bri.trigger", "bri.a", "mh.checksum", "bri.sequence", "rh2.home-address"])
    #expect(stimulus.values.map(\.value) == [.number(1), .number(1), .wrong, .plus(-1), .home(1)])
    #expect(stimulus.options.map(\.type) == [200] && stimulus.options.map(\.data) == [[1, 2]])

    guard case .send(let answer) = try steps("send: { bra: { status: 0, sequence: { sequence-of: bri } } }").first else { throw Missing() }
    #expect(answer.values.map(\.value) == [.number(0), .sequenceOf(.bri)])
    guard case .send(let copy) = try steps("send: { bri: again, home: 1 }").first else { throw Missing() }
    #expect(copy.again && copy.home == 1)
    guard case .send(let plain) = try steps("send: bu").first else { throw Missing() }
    #expect(plain.kind == .bu && plain.home == 0 && !plain.again)
  }

  @Test func waitsAreRead() throws {
    guard case .await(let bra, within: .named("guard-time"), home: 0, isOptional: false) = try steps("await: bra").first else {
      throw Missing()
    }
    #expect(bra.kind == .bra && bra.tests.isEmpty)
    guard
      case .await(let ba, within: .fixed(.milliseconds(20)), home: 1, isOptional: true) = try steps(
        "await: { message: ba, ba.status: 0, within: 20 ms, home: 1, optional: yes }"
      ).first
    else { throw Missing() }
    #expect(ba.tests.map(\.condition) == [.oneOf([0...0])])
    guard
      case .endUnless(let bu, within: .fixed(.milliseconds(50)), home: 0) = try steps("end-unless: { message: bu, within: 50 ms }").first
    else { throw Missing() }
    #expect(bu.kind == .bu)
    guard case .wait(.fixed(.milliseconds(1500))) = try steps("wait: 1.5 s").first else { throw Missing() }
    guard case .wait(.named("retransmission")) = try steps("wait: retransmission").first else { throw Missing() }
    guard case .hook("revoke", home: 0) = try steps("hook: revoke").first else { throw Missing() }
    guard case .hook("detach", home: 1) = try steps("hook: { detach: 1 }").first else { throw Missing() }
    guard case .probe("forwarding", home: 0) = try steps("probe: forwarding").first else { throw Missing() }
    guard case .probe("forwarding", home: 1) = try steps("probe: { forwarding: 1 }").first else { throw Missing() }
  }

  @Test func plansAndExpectationsAreRead() throws {
    let suite = try loaded(
      """
      - plan: bri
        title: t
        role: ue
        message: bri
        values: { bri.a: 1, trigger: 2 }
        layers: [ipv6, rh2, mh, bri]
        spares: { ipv6.destination: the packet would not arrive }
      - expect: bri-p-bit-set
        role: ha
        blames: { old: [R-1] }
      - expect: bri-p-bit-set@wrap
        role: ha
        blames: [R-1]
      """)
    let plan = try #require(suite.plans.first)
    #expect(plan.layers == [.ipv6, .rh2, .mh, .bri] && plan.spares.map(\.description) == ["ipv6.destination"])
    #expect(plan.values.map(\.path.description) == ["bri.a", "bri.trigger"] && plan.values.map(\.value) == [.number(1), .number(2)])
    #expect(suite.expectations.map(\.defect) == ["bri-p-bit-set", "bri-p-bit-set@wrap"])
    #expect(suite.expectations.map { $0.blames(in: "old") } == [["R-1"], ["R-1"]])
    #expect(suite.expectations.map { $0.blames(in: "new") } == [[], ["R-1"]])
  }

  @Test(arguments: [
    Mistake("step", "t.yaml:7:7", "unknown step 'sned'; did you mean 'send'?", one("sned: bri")),
    Mistake("bare step", "t.yaml:7:7", "did you mean 'register'?", one("regster")),
    Mistake("home address", "t.yaml:7:17", "from 0 to 1, found '2'", one("register: 2")),
    Mistake("home address of a hook", "t.yaml:7:23", "from 0 to 0, found '1'", one("hook: { revoke: 1 }", needs: "{ home-addresses: 1 }")),
    Mistake("no home address", "t.yaml:7:7", "expected 'home-addresses' of at least 1", one("register", needs: "{ home-addresses: 0 }")),
    Mistake("message", "t.yaml:7:13", "expected a message, found 'brie'", one("send: brie")),
    Mistake("message of a mapping", "t.yaml:7:13", "expected one message", one("send: { home: 0 }")),
    Mistake("field", "t.yaml:7:22", "unknown field 'bri.trgger'", one("send: { bri: { trgger: 1 } }")),
    Mistake("value", "t.yaml:7:32", "expected a number from 0 to 255 for bri.trigger", one("send: { bri: { trigger:  300 } }")),
    Mistake("again", "t.yaml:7:20", "or 'again', found 'agan'", one("send: { bri: agan }")),
    Mistake("again with fields", "t.yaml:7:37", "expected nothing beside 'again'", one("send: { bri: again, carrier:  hao }")),
    Mistake("octets", "t.yaml:7:52", "octets in hexadecimal", one("send: { bri: {}, options: [{ type: 2, data:  01x }] }")),
    Mistake("awaited", "t.yaml:7:14", "unknown message 'brra'; did you mean 'bra'?", one("await: brra")),
    Mistake("awaited reference", "t.yaml:7:45", "no message came before", one("await: { message: bra, bra.sequence:  same }")),
    Mistake("window", "t.yaml:7:13", "expected a window or a length of time", one("wait: some")),
    Mistake("hook", "t.yaml:7:13", "expected a hook, found 'revok'", one("hook: revok")),
    Mistake("probe", "t.yaml:7:14", "unknown probe 'foo'", one("probe: foo")),
    Mistake(
      "probe of the other role", "t.yaml:7:14", "expected a probe of the ue, found 'forwarding'", one("probe: forwarding", role: "ue")),
    Mistake("exercises nothing", "t.yaml:8:14", "expected at least one rule", one("register", exercises: "[]")),
    Mistake(
      "need", "t.yaml:5:12", "unknown key 'hom-addresses' in what a case needs; did you mean 'home-addresses'?",
      one("wait: 1 s", needs: "{ hom-addresses: 1 }")),
  ]) func mistake(_ mistake: Mistake) {
    let found = errors(mistake.text, with: [base, rule])
    #expect(found.count == 1, "\(found)")
    #expect(found.first?.hasPrefix(mistake.place + ": ") == true, "\(found)")
    #expect(found.first?.contains(mistake.message) == true, "\(found)")
  }

  @Test func unknownRulesDangle() throws {
    let suite = try loaded(one("register", exercises: "[bri-flags, other]"), with: [base, rule])
    #expect(suite.dangling.map(\.description) == ["t.yaml:8:26: unknown rule 'other'; there is bri-flags"])
  }
}
