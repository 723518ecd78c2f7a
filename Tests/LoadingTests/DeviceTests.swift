import Conformance
import Judging
import Testing
import Wire

private let homeAgent = """
  role: ha
  profile: ts24303-0.4.1
  interfaces:
    - { name: eth1, purpose: access }
    - { name: eth2, purpose: home }
  device: { home-agent: 2001:db8:a::1 }
  tester: { care-of: { first: 2001:db8:b::1000, count: 64 }, correspondent: 2001:db8:a::ffff }
  home-addresses: [2001:db8:a::77, 2001:db8:a::78]
  tunnelling: native
  security: none
  timers: { guard-time: 8 s, max-brack-timeout: 4 s }
  bri-max-retries: 3
  ics: { revocation: yes, reattaches-by-itself: no }
  hooks:
    revoke: { command: [ssh, "pgw", revoke, ""] }
    reset: { prompt: Restart the Home Agent. }
  """
private let equipment = """
  role: ue
  interfaces: [{ name: eth1, purpose: access }]
  device: { care-of: 2001:db8:b::2 }
  tester: { home-agent: 2001:db8:a::1 }
  home-addresses: { first: 2001:db8:a::77, count: 2 }
  """

private func errors(_ text: String) -> [String] {
  do {
    _ = try Device.load(file: "d.yaml", text: text, profiles: ["ts24303-0.4.1", "rfc5846"])
    return []
  } catch {
    return error.errors.map(\.description)
  }
}

@Suite struct DeviceTests {
  @Test func homeAgentIsRead() throws {
    let device = try Device.load(file: "d.yaml", text: homeAgent)
    #expect(device.role == .ha && device.profile == "ts24303-0.4.1")
    #expect(
      device.interfaces == [
        Device.Interface(name: "eth1", purpose: .access),
        Device.Interface(name: "eth2", purpose: .home),
      ])
    #expect(device.homeAgent.description == "2001:db8:a::1")
    #expect(device.careOf.count == 64 && device.careOf.last?.description == "2001:db8:b::103f")
    #expect(device.correspondent?.description == "2001:db8:a::ffff" && device.links == ["access", "home"])
    #expect(device.homeAddresses.map(\.description) == ["2001:db8:a::77", "2001:db8:a::78"])
    #expect(device.briMaxRetries == 3)
    #expect(device.ics == ["revocation": true, "reattaches-by-itself": false])
    #expect(device.hooks == [.revoke: .command(["ssh", "pgw", "revoke", ""]), .reset: .prompt("Restart the Home Agent.")])
    #expect(device.allowedDestinations.map(\.description) == ["2001:db8:a::1", "2001:db8:a::77", "2001:db8:a::78"])
  }

  @Test func equipmentIsRead() throws {
    let device = try Device.load(file: "d.yaml", text: equipment)
    #expect(device.role == .ue && device.profile == nil && device.links == ["access"] && device.hooks.isEmpty)
    #expect(device.homeAgent.description == "2001:db8:a::1" && device.careOf.map(\.description) == ["2001:db8:b::2"])
    #expect(device.allowedDestinations.map(\.description) == ["2001:db8:b::2", "2001:db8:a::77", "2001:db8:a::78"])
  }

  /// The defaults are those of the design, the constants those of RFC 5846 11, save what the file says.
  @Test func timersAreOfTextAndFile() throws {
    let text = try #require(try Judging.Suite.embedded().text("rfc5846"))
    let timers = try Device.load(file: "d.yaml", text: homeAgent).timers(under: text)
    #expect(timers.guardTime == .seconds(8) && timers.triggerTime == .seconds(30) && timers.tolerance == .milliseconds(50))
    #expect(timers.initialDelay == .seconds(1) && timers.maximumDelay == .seconds(4) && timers.maximumRetries == 3 && timers.doubles)
    // 1 + 2 + 4 + 4 s (RFC 5846 7.3).
    #expect(timers.revocation == .seconds(11))
  }

  @Test(arguments: [
    Mistake(
      "address", "d.yaml:3:20", "expected a unicast IPv6 address",
      equipment.replacing("care-of: 2001:db8:b::2", with: "care-of: 2001:db8::b::2")),
    Mistake(
      "multicast", "d.yaml:3:20", "expected a unicast IPv6 address", equipment.replacing("care-of: 2001:db8:b::2", with: "care-of: ff02::1")
    ),
    Mistake(
      "link-local", "d.yaml:3:20", "expected a unicast IPv6 address",
      equipment.replacing("care-of: 2001:db8:b::2", with: "care-of: fe80::1")),
    Mistake(
      "address twice", "d.yaml:5:26", "found 2001:db8:b::2 in device.care-of and in home-addresses",
      equipment.replacing("a::77", with: "b::1")),
    Mistake("count 0", "d.yaml:5:49", "from 1 to 65536, found '0'", equipment.replacing("count: 2", with: "count: 0")),
    Mistake(
      "no home address", "d.yaml:5:17", "expected at least one address",
      equipment.replacing("{ first: 2001:db8:a::77, count: 2 }", with: "[]")),
    Mistake(
      "end of the space", "d.yaml:5:26", "found the end of the address space",
      equipment.replacing("2001:db8:a::77", with: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").replacing("first: ffff", with: "first: feff")),
    Mistake(
      "no interface", "d.yaml:2:13", "expected an interface whose purpose is 'access'",
      equipment.replacing("{ name: eth1, purpose: access }", with: "")),
    Mistake(
      "interfaces missing", "d.yaml:1:1", "expected the key 'interfaces'",
      equipment.replacing("interfaces: [{ name: eth1, purpose: access }]\n", with: "")),
    Mistake(
      "interface twice", "d.yaml:2:47", "expected each interface once, found 'eth1' again",
      equipment.replacing("access }]", with: "access }, { name: eth1, purpose: home }]")),
    Mistake(
      "purpose", "d.yaml:2:37", "found 'acess'; did you mean 'access'?", equipment.replacing("purpose: access", with: "purpose: acess")),
    Mistake("interface name", "d.yaml:2:22", "at most 15 characters", equipment.replacing("eth1", with: "a-very-long-name")),
    Mistake("role", "d.yaml:1:7", "expected ha or ue, found 'us'", equipment.replacing("role: ue", with: "role: us")),
    Mistake(
      "wrong role", "d.yaml:3:47", "the Home Agent that the tester plays",
      equipment.replacing("b::2 }", with: "b::2, home-agent: 2001:db8::1 }")),
    Mistake(
      "no tester", "d.yaml:1:1", "expected the key 'tester'", equipment.replacing("tester: { home-agent: 2001:db8:a::1 }\n", with: "")),
    Mistake(
      "correspondent without a link", "d.yaml:7:75", "purpose is 'home'", homeAgent.replacing("purpose: home", with: "purpose: access")),
    Mistake("profile", "d.yaml:2:10", "found 'ts24303'", homeAgent.replacing("-0.4.1", with: "")),
    Mistake(
      "IKEv2 without anything", "d.yaml:10:11", "expected what 'ikev2' needs, such as { ikev2: { shared-key: … } }",
      homeAgent.replacing("security: none", with: "security: ikev2")),
    Mistake("tunnelling", "d.yaml:9:13", "expected native, udp or ipv4, found 'gre'", homeAgent.replacing("native", with: "gre")),
    Mistake(
      "no tunnel's end", "d.yaml:6:9", "expected the key 'home-agent-ipv4'",
      homeAgent.replacing("native", with: "udp").replacing("2001:db8:b::1000", with: "198.18.16.0")),
    Mistake(
      "IPv6 on an IPv4 access", "d.yaml:7:29", "expected a unicast IPv4 address such as 192.0.2.1, found '2001:db8:b::1000', since",
      homeAgent.replacing("native", with: "ipv4").replacing("a::1 }", with: "a::1, home-agent-ipv4: 192.0.2.1 }")),
    Mistake(
      "IPv4 on an IPv6 access", "d.yaml:3:20", "IPv4 addresses go with 'tunnelling: udp' or 'tunnelling: ipv4'",
      equipment.replacing("2001:db8:b::2", with: "192.0.2.7")),
    Mistake(
      "a tunnel's end without tunnels", "d.yaml:6:55", "it is an end of the tunnels",
      homeAgent.replacing("a::1 }", with: "a::1, home-agent-ipv4: 192.0.2.1 }")),
    Mistake(
      "placeholder", "d.yaml:3:20", "expected what stands in <…> to be filled in",
      equipment.replacing("2001:db8:b::2", with: "\"<address>\"")),
    Mistake(
      "timer", "d.yaml:11:11", "unknown key 'gaurd-time' in lengths of time by name; did you mean 'guard-time'?",
      homeAgent.replacing("guard-time", with: "gaurd-time")),
    Mistake("duration", "d.yaml:11:23", "expected a length of time", homeAgent.replacing("8 s", with: "8")),
    Mistake(
      "statement", "d.yaml:13:8", "unknown statement 'revocatoin'; did you mean 'revocation'?",
      homeAgent.replacing("revocation", with: "revocatoin")),
    Mistake(
      "hook", "d.yaml:15:3", "unknown key 'revok' in hooks; did you mean 'revoke'?", homeAgent.replacing("revoke: {", with: "revok: {")),
    Mistake(
      "hook of both", "d.yaml:16:10", "expected either 'command' or 'prompt'",
      homeAgent.replacing("{ prompt:", with: "{ command: [a], prompt:")),
    Mistake("empty command", "d.yaml:15:22", "expected a program", homeAgent.replacing("[ssh, \"pgw\", revoke, \"\"]", with: "[]")),
    Mistake(
      "VLAN", "d.yaml:4:42", "'vlan' is not built yet and would change nothing; take it out",
      homeAgent.replacing("purpose: access }", with: "purpose: access, vlan: 100 }")),
    Mistake(
      "own Ethernet address", "d.yaml:4:41", "'mac' is not built yet",
      homeAgent.replacing("purpose: access }", with: "purpose: access, mac: \"02:00:00:00:00:01\" }")),
    Mistake(
      "router", "d.yaml:4:46", "'next-hop' is not built yet",
      homeAgent.replacing("purpose: access }", with: "purpose: access, next-hop: fe80::1 }")),
    Mistake(
      "the device's Ethernet address", "d.yaml:6:43", "'mac' is not built yet",
      homeAgent.replacing("2001:db8:a::1 }", with: "2001:db8:a::1, mac: 02:00:00:00:00:02 }")),
    Mistake(
      "limits", "d.yaml:13:9", "'limits' is not built yet",
      homeAgent.replacing("ics: { rev", with: "limits: { errors-per-second: 100 }\nics: { rev")),
    Mistake("not a mapping", "d.yaml:1:1", "expected the description of a device", "- role: ha"),
  ]) func mistake(_ mistake: Mistake) {
    let found = errors(mistake.text)
    #expect(found.count == 1, "\(found)")
    #expect(found.first?.hasPrefix(mistake.place + ": ") == true, "\(found)")
    #expect(found.first?.contains(mistake.message) == true, "\(found)")
  }

  @Test func referenceIsTheLab() throws {
    let agent = Device.reference(role: .ha, profile: "rfc5846", homeAddresses: 256, access: "a0", home: "h0")
    #expect(agent.homeAgent.description == "2001:db8:a::1" && agent.correspondent?.description == "2001:db8:a::ffff")
    #expect(agent.homeAddresses.count == 256 && agent.homeAddresses.last?.description == "2001:db8:a::10ff")
    #expect(agent.careOf.count == 256 && agent.careOf.first?.description == "2001:db8:b::1000")
    #expect(agent.links == ["access", "home"])
    let equipment = Device.reference(role: .ue, profile: "rfc5846", access: "a0")
    #expect(
      equipment.careOf.map(\.description) == ["2001:db8:b::2"] && equipment.homeAddresses.count == 64 && equipment.correspondent == nil)
    for device in [agent, equipment] {
      let all = [device.homeAgent] + device.careOf + device.homeAddresses + (device.correspondent.map { [$0] } ?? [])
      #expect(Set(all).count == all.count)
      #expect(device.ics.keys.allSatisfy { name in Statement.all.contains { $0.name == name } })
    }
  }

  @Test func fileThatIsNotThere() {
    #expect(throws: SuiteErrors.self) { try Device.load(path: "/nonexistent.yaml") }
  }
}
