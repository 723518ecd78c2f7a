import Conformance
import Judging
import Link
import Security
import Testing
import Wire

/// How far the tester gets on the road to a device, over a simulated link.
@Suite struct RoadTests {
  private func steps(_ device: Device, _ network: SimulatedNetwork, hooks: Set<HookName> = [.register, .detach]) throws -> (
    reached: [String], failed: RoadProbe.Step?, isThrough: Bool
  ) {
    let suite = try DescriptionTests.suite.get()
    let profile = try #require(suite.profile("rfc5846"))
    let setup = try #require(Setup(device, profile: profile, suite: suite))
    let runner = ImmediateHooks(names: hooks) { name, context in network.command(name.controlLine(for: context), toStation: 0) }
    let road = try #require(RoadProbe(setup, suite: suite, network: network, hooks: runner))
    var steps: [RoadProbe.Step] = []
    road.tell = { steps.append($0) }
    let isThrough = road.run()
    return (steps.filter { $0.mend == nil }.map(\.name), steps.first { $0.mend != nil }, isThrough)
  }

  private func described(_ role: Role, _ tunnelling: Tunnelling, _ seal: DescriptionTests.Seal, _ change: (String) -> String = { $0 })
    throws
    -> Device
  {
    let text = DescriptionTests.text(.init(role: role, tunnelling: tunnelling, seal: seal))
    return try withDirectory { try DescriptionTests.device(change(text), in: $0) }
  }

  private func reference(_ device: Device, _ other: Device? = nil) throws -> SimulatedNetwork {
    let suite = try DescriptionTests.suite.get()
    var node = ReferenceNode(role: device.role, profile: try #require(suite.profile("rfc5846")))
    node.described = other ?? device
    node.tunnelling = device.tunnelling
    return node.simulation(start: DescriptionTests.start).network
  }

  @Test(arguments: DescriptionTests.ways) func allTheWay(_ way: DescriptionTests.Way) throws {
    let device = try described(way.role, way.tunnelling, way.seal)
    let result = try steps(device, reference(device))
    let hasIKE = way.seal != .none && way.seal != .manual
    let expected =
      ["neighbour"] + (way.role == .ue ? ["hook register"] : []) + (hasIKE ? ["IKE_SA_INIT", "IKE_AUTH", "ESP"] : []) + ["attach"]
    #expect(result.reached == expected && result.failed == nil && result.isThrough, "\(result)")
  }

  @Test(arguments: Role.allCases) func nobodyIsThere(_ role: Role) throws {
    let device = try described(role, .native, .none)
    let network = SimulatedNetwork(
      addresses: [IKEPeer.testerHardware, IKEPeer.hardware], allowing: device.addressGuard, seed: 1, start: DescriptionTests.start)
    let result = try steps(device, network)
    #expect(result.reached == [] && result.failed?.name == "neighbour" && !result.isThrough)
    #expect(result.failed?.seen.contains("did not answer Neighbour Solicitations in 4 s") == true)
  }

  @Test(arguments: Role.allCases) func anotherSecret(_ role: Role) throws {
    let device = try described(role, .native, .sharedKey)
    let other = try described(role, .native, .sharedKey) { $0.replacing("a secret", with: "another") }
    let result = try steps(device, reference(device, other))
    #expect(result.reached.contains("IKE_SA_INIT") && result.failed?.name == "IKE_AUTH", "\(result)")
    // A tester that begins is told so; one that answers finds it out itself.
    #expect(result.failed?.seen.contains(role == .ha ? "AUTHENTICATION_FAILED" : "did not prove who it is") == true, "\(result)")
  }

  @Test(arguments: Role.allCases) func noProposalInCommon(_ role: Role) throws {
    let device = try described(role, .native, .sharedKey)
    let other = try described(role, .native, .sharedKey) {
      $0.replacing("[aes256-sha1-modp2048, aes128-sha256-x25519]", with: "aes256gcm16-prfsha256-ecp256")
    }
    let result = try steps(device, reference(device, other))
    #expect(result.failed?.name == "IKE_SA_INIT" && result.failed?.mend?.contains("proposals") == true, "\(result)")
  }

  @Test func anotherESPSuite() throws {
    let device = try described(.ha, .native, .sharedKey)
    let other = try described(.ha, .native, .sharedKey) { $0.replacing("proposals: aes128gcm16", with: "proposals: aes256gcm16") }
    let result = try steps(device, reference(device, other))
    #expect(result.reached.last == "IKE_AUTH" && result.failed?.name == "ESP", "\(result)")
    #expect(result.failed?.seen.contains("NO_PROPOSAL_CHOSEN") == true)
  }

  @Test(arguments: Role.allCases) func sealedOnOneSideAlone(_ role: Role) throws {
    let clear = try described(role, .native, .none)
    let sealed = try described(role, .native, .sharedKey)
    let manual = try described(role, .native, .manual)
    // The tester speaks in clear to a device that seals, and by other keys.
    #expect(try steps(clear, reference(clear, sealed)).failed?.name == "attach")
    #expect(try steps(manual, reference(manual, clear)).failed?.name == "attach")
    #expect(try role == .ha || steps(manual, reference(manual, clear)).failed?.seen.contains("in clear") == true)
    // There is no IKE daemon.
    let silent = try steps(sealed, reference(sealed, clear))
    #expect(silent.failed?.name == "IKE_SA_INIT" && silent.isThrough == false, "\(silent)")
  }

  @Test(arguments: Role.allCases) func withoutMobileIPv6(_ role: Role) throws {
    let isHA = role == .ha
    let text = """
      role: \(role)
      interfaces: [{ name: access0, purpose: access }]
      device: { \(isHA ? "home-agent" : "care-of"): 192.0.2.1 }
      tester: { \(isHA ? "care-of: [192.0.2.2]" : "home-agent: 192.0.2.2") }
      ics: { mobile-ipv6: no }
      security: { ikev2: { shared-key: a secret } }
      """
    let device = try Device.load(file: "d.yaml", text: text)
    func peer(_ secret: String = "a secret", _ change: (inout IKEConfiguration) -> Void = { _ in }) throws -> (
      reached: [String], failed: RoadProbe.Step?, isThrough: Bool
    ) {
      let network = IKEPeer.network(device, secret: secret, change)
      let suite = try DescriptionTests.suite.get()
      let profile = try #require(suite.profile("rfc5846"))
      let setup = try #require(Setup(device, profile: profile, suite: suite))
      let runner = ImmediateHooks(names: [.register, .detach]) { name, _ in network.command(name.rawValue, toStation: 0) }
      let road = try #require(RoadProbe(setup, suite: suite, network: network, hooks: runner))
      var steps: [RoadProbe.Step] = []
      road.tell = { steps.append($0) }
      let isThrough = road.run()
      return (steps.filter { $0.mend == nil }.map(\.name), steps.first { $0.mend != nil }, isThrough)
    }
    let right = try peer()
    #expect(right.reached == ["neighbour"] + (isHA ? [] : ["hook register"]) + ["IKE_SA_INIT", "IKE_AUTH"] && right.isThrough, "\(right)")
    #expect(try peer("another").failed?.name == "IKE_AUTH")
  }
}
