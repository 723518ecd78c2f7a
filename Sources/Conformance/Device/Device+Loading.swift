package import Judging
import Parties
import Wire

extension Device {
  /// Reads a device's description; `profiles`, when given, are the names that `profile` may have.
  ///
  /// - Throws: everything that is wrong with it, each with its place. A hook that a case needs and that is not there is no error.
  package static func load(path: String, profiles: [String]? = nil) throws(SuiteErrors) -> Device {
    try load(file: path, text: YAMLNode.text(ofFile: path), profiles: profiles)
  }

  /// Reads a device's description from its text; `file` is what errors call it.
  package static func load(file: String, text: String, profiles: [String]? = nil) throws(SuiteErrors) -> Device {
    let root: YAMLNode
    do {
      root = try YAMLNode.parse(file: file, text: text)
    } catch {
      throw SuiteErrors([error])
    }
    var loader = DeviceLoader()
    let device = loader.read(root, profiles)
    try loader.reader.throwErrors()
    guard let device else { throw SuiteErrors([SuiteError(root.location, "expected the description of a device")]) }
    return device
  }
}

/// Reads a device's description, and keeps what addresses it has seen.
private struct DeviceLoader {
  let reader = YAMLReader()
  /// What each address is, so that none is two things.
  private var owners: [IPv6Address: String] = [:]

  mutating func read(_ root: YAMLNode, _ profiles: [String]?) -> Device? {
    guard var mapping = reader.mapping(root, "the description of a device") else { return nil }
    let role = reader.choice(mapping.require("role"), Role.self, "ha or ue")
    let profileNode = mapping.take("profile")
    let profile = profiles.map { reader.choice(profileNode, of: $0, "a profile") } ?? reader.name(profileNode, "a profile")
    let interfacesNode = mapping.require("interfaces")
    let interfaces = readInterfaces(interfacesNode)

    let deviceNode = mapping.require("device")
    let testerNode = mapping.take("tester")
    var addresses = Addresses()
    if let role { addresses = readAddresses(role, deviceNode, testerNode, mapping.location) }
    let homes = readAddressList(mapping.require("home-addresses"), "home-addresses")
    if let node = addresses.correspondentNode, let interfaces, !interfaces.contains(where: { $0.purpose == .home }) {
      reader.fail(node.location, "expected an interface whose purpose is 'home' for the correspondent, found none")
    }

    readLater(mapping.take("tunnelling"), now: "native", later: ["udp", "ipv4"])
    readLater(mapping.take("security"), now: "none", later: ["manual", "ikev2"])
    let timers = readTimers(mapping.take("timers"))
    let retries = reader.integer(mapping.take("bri-max-retries"), in: 0...64, "how many copies of a BRI,")
    refuseUnbuilt("limits", mapping.take("limits"))
    let ics = reader.statements(mapping.take("ics"))
    let hooks = readHooks(mapping.take("hooks"))
    let networkNode = mapping.take("network")
    let network = AccessNetwork.Configuration(networkNode, role, reader)
    mapping.finish()

    guard let role, let interfaces, let homeAgent = addresses.homeAgent else { return nil }
    var device = Device(
      role: role, profile: profile, interfaces: interfaces, homeAgent: homeAgent, careOf: addresses.careOf, homeAddresses: homes,
      correspondent: addresses.correspondent)
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
    var careOf: [IPv6Address] = []
    var correspondent: IPv6Address?
    var correspondentNode: YAMLNode?
  }

  private mutating func readAddresses(_ role: Role, _ deviceNode: YAMLNode?, _ testerNode: YAMLNode?, _ top: Location) -> Addresses {
    var addresses = Addresses()
    if var device = reader.mapping(deviceNode, "the device's addresses") {
      refuseUnbuilt("mac", device.take("mac"))
      if role == .ha {
        addresses.homeAgent = readAddress(device.require("home-agent"), "device.home-agent")
        refuse(device.take("care-of"), "a Home Agent has no care-of address; those that the tester may use are tester.care-of")
      } else {
        addresses.careOf = readAddress(device.require("care-of"), "device.care-of").map { [$0] } ?? []
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
      addresses.careOf = readAddressList(tester.require("care-of"), "tester.care-of")
      addresses.correspondentNode = tester.take("correspondent")
      addresses.correspondent = readAddress(addresses.correspondentNode, "tester.correspondent")
      refuse(tester.take("home-agent"), "the device is the Home Agent, and the tester plays the UE")
    } else {
      addresses.homeAgent = readAddress(tester.require("home-agent"), "tester.home-agent")
      refuse(tester.take("care-of"), "the device is the UE and has the care-of address")
      refuse(tester.take("correspondent"), "the tester is the Home Agent and its home link")
    }
    tester.finish()
    return addresses
  }

  private func refuse(_ node: YAMLNode?, _ reason: String) {
    guard let node else { return }
    reader.fail(node.location, "expected nothing here, found \(node.found): \(reason)")
  }

  /// A key that somebody may rightly look for is not taken for one that has an effect.
  private func refuseUnbuilt(_ key: String, _ node: YAMLNode?) {
    refuse(node, "'\(key)' is not built yet and would change nothing; take it out")
  }

  private mutating func readAddress(_ node: YAMLNode?, _ owner: String) -> IPv6Address? {
    guard let node, let address = reader.address(node) else { return nil }
    claim([address], owner, node.location)
    return address
  }

  /// A list of addresses, or `{ first: …, count: … }`.
  private mutating func readAddressList(_ node: YAMLNode?, _ owner: String) -> [IPv6Address] {
    guard let node else { return [] }
    if case .list(let nodes) = node.content {
      if nodes.isEmpty { reader.expected("at least one address", node) }
      return nodes.compactMap { readAddress($0, owner) }
    }
    guard var mapping = reader.mapping(node, "a list of addresses, or { first: …, count: … }") else { return [] }
    defer { mapping.finish() }
    let firstNode = mapping.require("first")
    let first = reader.address(firstNode)
    guard let count = reader.integer(mapping.require("count"), in: 1...65_536, "how many addresses,"), let first, let firstNode else {
      return []
    }
    let addresses = (0..<count).map { first.advanced(by: $0) }
    guard let last = addresses.last, last >= first, last.isRoutableUnicast else {
      reader.fail(firstNode.location, "expected \(count) addresses from \(first) on, found the end of the address space")
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

  /// A choice of which only the first is there yet.
  private func readLater(_ node: YAMLNode?, now: String, later: [String]) {
    if let node, case .scalar(let text, _) = node.content, later.contains(text) {
      reader.fail(node.location, "expected '\(now)', found '\(text)', which comes later")
    } else {
      _ = reader.choice(node, of: [now], "'\(now)'")
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
