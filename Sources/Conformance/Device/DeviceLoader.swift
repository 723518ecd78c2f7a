import Judging
import Parties
import Security
import Wire

/// Reads a device's description, and keeps what addresses it has seen.
struct DeviceLoader {
  let reader = YAMLReader()
  /// Where the description lies: the names of other files are relative to it.
  let folder: String
  private var tunnelling = Tunnelling.native
  private var hasMobileIPv6 = true
  /// What each address is, so that none is two things.
  private var owners: [IPv6Address: String] = [:]

  init(folder: String) { self.folder = folder }

  mutating func read(_ root: YAMLNode, _ profiles: [String]?) -> Device? {
    guard var mapping = reader.mapping(root, "the description of a device") else { return nil }
    let role = reader.choice(mapping.require("role"), Role.self, "ha or ue")
    let profileNode = mapping.take("profile")
    let profile = profiles.map { reader.choice(profileNode, of: $0, "a profile") } ?? reader.name(profileNode, "a profile")
    let interfacesNode = mapping.require("interfaces")
    let interfaces = readInterfaces(interfacesNode)

    let ics = reader.statements(mapping.take("ics"))
    hasMobileIPv6 = ics["mobile-ipv6"] != false
    let tunnellingNode = mapping.take("tunnelling")
    tunnelling = reader.choice(tunnellingNode, Tunnelling.self, "native, udp or ipv4") ?? .native
    if let tunnellingNode, tunnelling != .native, !hasMobileIPv6 {
      reader.fail(
        tunnellingNode.location,
        "expected 'native' of a device without Mobile IPv6, which has nothing to tunnel, found '\(tunnelling.rawValue)'; over IPv4 it is enough to give IPv4 addresses"
      )
    }

    let deviceNode = mapping.require("device")
    let testerNode = mapping.take("tester")
    var addresses = Addresses()
    if let role { addresses = readAddresses(role, deviceNode, testerNode, mapping.location) }
    let homesNode = hasMobileIPv6 ? mapping.require("home-addresses") : mapping.take("home-addresses")
    var homes = readAddressList(homesNode, "home-addresses", .ipv6)
    // Without Mobile IPv6 a UE is known by where it is.
    if homesNode == nil, !hasMobileIPv6 { homes = addresses.careOf }
    if let node = addresses.correspondentNode, let interfaces, !interfaces.contains(where: { $0.purpose == .home }) {
      reader.fail(node.location, "expected an interface whose purpose is 'home' for the correspondent, found none")
    }

    let securityNode = mapping.take("security")
    let security =
      role.map {
        SecurityLoader(reader: reader, role: $0, folder: folder, hasMobileIPv6: hasMobileIPv6, homes: homes.count).read(securityNode)
      } ?? .none
    if !hasMobileIPv6, !security.isProtected, reader.errors.isEmpty {
      reader.fail(
        securityNode?.location ?? mapping.location,
        "expected { ikev2: … } in 'security' of a device without Mobile IPv6: its IKE SAs are all that it can be judged by, found none")
    }
    if let agent = addresses.homeAgent, let other = addresses.careOf.first(where: { ($0.ipv4 == nil) != (agent.ipv4 == nil) }),
      !hasMobileIPv6
    {
      reader.fail(
        (testerNode ?? deviceNode)?.location ?? mapping.location,
        "expected addresses of one family, found \(agent.ipv4?.description ?? agent.description) and \(other.ipv4?.description ?? other.description)"
      )
    }
    let timers = readTimers(mapping.take("timers"))
    let retries = reader.integer(mapping.take("bri-max-retries"), in: 0...64, "how many copies of a BRI,")
    refuseUnbuilt("limits", mapping.take("limits"))
    let hooks = readHooks(mapping.take("hooks"))
    let networkNode = mapping.take("network")
    let network = AccessNetwork.Configuration(networkNode, role, reader)
    mapping.finish()

    guard let role, let interfaces, let homeAgent = addresses.homeAgent else { return nil }
    var device = Device(
      role: role, profile: profile, interfaces: interfaces, homeAgent: homeAgent, careOf: addresses.careOf, homeAddresses: homes,
      correspondent: addresses.correspondent)
    device.tunnelling = tunnelling
    device.ipv4HomeAgent = addresses.ipv4HomeAgent ?? homeAgent.ipv4
    device.security = security
    device.timers = timers
    device.briMaxRetries = retries
    device.ics = ics
    device.hooks = hooks
    device.network = network
    network?.check(against: device, networkNode, reader)
    return device
  }

  private func readInterfaces(_ node: YAMLNode?) -> [Device.Interface]? {
    guard let node, let nodes = reader.strictList(node, "interfaces") else { return nil }
    var interfaces: [Device.Interface] = []
    var isComplete = true
    for node in nodes {
      guard var mapping = reader.mapping(node, "an interface") else { return nil }
      let nameNode = mapping.require("name")
      let name = reader.text(nameNode, "the name of an interface")
      if let nameNode, let name, name.utf8.count > 15 || name.contains("/") || name.contains(where: \.isWhitespace) {
        reader.expected("the name of an interface, at most 15 characters without '/' and blanks", nameNode)
      }
      let purpose = reader.choice(mapping.require("purpose"), Device.Interface.Purpose.self, "a purpose (access or home)")
      for key in ["vlan", "mac", "next-hop"] { refuseUnbuilt(key, mapping.take(key)) }
      mapping.finish()
      guard let name, let purpose else {
        isComplete = false
        continue
      }
      if interfaces.contains(where: { $0.name == name }) {
        reader.fail(node.location, "expected each interface once, found '\(name)' again")
      }
      interfaces.append(Device.Interface(name: name, purpose: purpose))
    }
    if isComplete, !interfaces.contains(where: { $0.purpose == .access }) {
      reader.fail(node.location, "expected an interface whose purpose is 'access', found none")
    }
    return interfaces
  }

  private struct Addresses {
    var homeAgent: IPv6Address?
    var ipv4HomeAgent: IPv4Address?
    var careOf: [IPv6Address] = []
    var correspondent: IPv6Address?
    var correspondentNode: YAMLNode?
  }

  private mutating func readAddresses(_ role: Role, _ deviceNode: YAMLNode?, _ testerNode: YAMLNode?, _ top: Location) -> Addresses {
    var addresses = Addresses()
    if var device = reader.mapping(deviceNode, "the device's addresses") {
      refuseUnbuilt("mac", device.take("mac"))
      if role == .ha {
        readHomeAgent(&device, "device", &addresses)
        refuse(device.take("care-of"), "a Home Agent has no care-of address; those that the tester may use are tester.care-of")
      } else {
        addresses.careOf = readAddress(device.require("care-of"), "device.care-of", accessFamily, accessRemark).map { [$0] } ?? []
        refuse(device.take("home-agent"), "the device is a UE; the Home Agent that the tester plays is tester.home-agent")
      }
      device.finish()
    }
    guard let testerNode else {
      reader.fail(top, "expected the key 'tester' with the addresses that the tester may use, found none")
      return addresses
    }
    guard var tester = reader.mapping(testerNode, "the addresses that the tester may use") else { return addresses }
    if role == .ha {
      addresses.careOf = readAddressList(tester.require("care-of"), "tester.care-of", accessFamily, accessRemark)
      addresses.correspondentNode = tester.take("correspondent")
      addresses.correspondent = readAddress(addresses.correspondentNode, "tester.correspondent", .ipv6)
      refuse(tester.take("home-agent"), "the device is the Home Agent, and the tester plays the UE")
    } else {
      readHomeAgent(&tester, "tester", &addresses)
      refuse(tester.take("care-of"), "the device is the UE and has the care-of address")
      refuse(tester.take("correspondent"), "the tester is the Home Agent and its home link")
    }
    tester.finish()
    return addresses
  }

  /// The Home Agent's addresses, whoever plays it: that of its signalling, and that of its end of the tunnels where there are some.
  private mutating func readHomeAgent(_ mapping: inout YAMLMapping, _ owner: String, _ addresses: inout Addresses) {
    addresses.homeAgent = readAddress(mapping.require("home-agent"), "\(owner).home-agent", hasMobileIPv6 ? .ipv6 : .either)
    let node = mapping.take("home-agent-ipv4")
    if tunnelling == .native {
      refuse(node, "it is an end of the tunnels that 'tunnelling: udp' or 'tunnelling: ipv4' asks for")
    } else if node == nil {
      reader.fail(
        mapping.location,
        "expected the key 'home-agent-ipv4' with the Home Agent's IPv4 address, since 'tunnelling' is '\(tunnelling.rawValue)', found none")
    } else {
      addresses.ipv4HomeAgent = readAddress(node, "\(owner).home-agent-ipv4", .ipv4)?.ipv4
    }
  }

  /// Of what family the addresses on the UE's access are.
  private var accessFamily: AddressFamily { !hasMobileIPv6 ? .either : tunnelling == .native ? .ipv6 : .ipv4 }
  private var accessRemark: String {
    !hasMobileIPv6
      ? ""
      : tunnelling == .native
        ? "; IPv4 addresses go with 'tunnelling: udp' or 'tunnelling: ipv4'" : ", since 'tunnelling' is '\(tunnelling.rawValue)'"
  }

  private func refuse(_ node: YAMLNode?, _ reason: String) {
    guard let node else { return }
    reader.fail(node.location, "expected nothing here, found \(node.found): \(reason)")
  }

  /// A key that somebody may rightly look for is not taken for one that has an effect.
  private func refuseUnbuilt(_ key: String, _ node: YAMLNode?) {
    refuse(node, "'\(key)' is not built yet and would change nothing; take it out")
  }

  private mutating func readAddress(
    _ node: YAMLNode?, _ owner: String, _ family: AddressFamily, _ remark: String = ""
  ) -> IPv6Address? {
    guard let node, let address = reader.address(node, family, remark) else { return nil }
    claim([address], owner, node.location)
    return address
  }

  /// A list of addresses, or `{ first: …, count: … }`.
  private mutating func readAddressList(
    _ node: YAMLNode?, _ owner: String, _ family: AddressFamily, _ remark: String = ""
  ) -> [IPv6Address] {
    guard let node else { return [] }
    if case .list(let nodes) = node.content {
      if nodes.isEmpty { reader.expected("at least one address", node) }
      return nodes.compactMap { readAddress($0, owner, family, remark) }
    }
    guard var mapping = reader.mapping(node, "a list of addresses, or { first: …, count: … }") else { return [] }
    defer { mapping.finish() }
    let firstNode = mapping.require("first")
    let first = reader.address(firstNode, family, remark)
    guard let count = reader.integer(mapping.require("count"), in: 1...65_536, "how many addresses,"), let first, let firstNode else {
      return []
    }
    let addresses = (0..<count).map { first.advanced(by: $0) }
    let start = first.ipv4?.description ?? first.description
    guard let last = addresses.last, last >= first, last.isRoutableUnicast, first.ipv4 == nil || last.ipv4?.isUnicast == true else {
      reader.fail(firstNode.location, "expected \(count) addresses from \(start) on, found the end of the address space")
      return []
    }
    claim(addresses, owner, firstNode.location)
    return addresses
  }

  /// Takes addresses; it is an error when one is taken already.
  private mutating func claim(_ addresses: [IPv6Address], _ owner: String, _ location: Location) {
    for address in addresses {
      if let other = owners[address] {
        reader.fail(location, "expected addresses that nothing else has, found \(address) in \(other) and in \(owner)")
        return
      }
      owners[address] = owner
    }
  }

  private func readTimers(_ node: YAMLNode?) -> [String: Interval] {
    guard var mapping = reader.mapping(node, "lengths of time by name") else { return [:] }
    var timers: [String: Interval] = [:]
    for name in Device.timerNames { timers[name] = reader.duration(mapping.take(name)) }
    mapping.finish()
    return timers
  }

  private func readHooks(_ node: YAMLNode?) -> [HookName: Device.Hook] {
    guard var mapping = reader.mapping(node, "hooks") else { return [:] }
    var hooks: [HookName: Device.Hook] = [:]
    for name in HookName.allCases {
      guard let node = mapping.take(name.rawValue) else { continue }
      guard var hook = reader.mapping(node, "{ command: […] } or { prompt: … }") else { continue }
      let commandNode = hook.take("command")
      let promptNode = hook.take("prompt")
      hook.finish()
      switch (commandNode, promptNode) {
      case (let command?, nil): hooks[name] = readCommand(command).map { .command($0) }
      case (nil, let prompt?): hooks[name] = reader.text(prompt, "what the operator is asked to do").map { .prompt($0) }
      default: reader.fail(node.location, "expected either 'command' or 'prompt' in a hook")
      }
    }
    mapping.finish()
    return hooks
  }

  private func readCommand(_ node: YAMLNode) -> [String]? {
    guard let nodes = reader.strictList(node, "a program and its arguments") else { return nil }
    let words = nodes.compactMap { node -> String? in
      if case .scalar(let text, _) = node.content { return text }
      reader.expected("a word of the command", node)
      return nil
    }
    guard words.count == nodes.count else { return nil }
    guard words.first?.isEmpty == false else {
      reader.expected("a program and its arguments", node)
      return nil
    }
    return words
  }
}
