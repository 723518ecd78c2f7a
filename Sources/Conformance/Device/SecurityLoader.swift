import Foundation
import Judging
import Security
import Wire

/// Reads what a device's description says of security: `none`, `{ manual: … }` or `{ ikev2: … }`.
struct SecurityLoader {
  let reader: YAMLReader
  /// The device's.
  let role: Role
  /// The folder that the names of files are relative to.
  let folder: String
  let hasMobileIPv6: Bool
  /// How many home addresses there are.
  let homes: Int

  func read(_ node: YAMLNode?) -> BindingSecurity {
    guard let node else { return .none }
    if case .scalar(let word, _) = node.content {
      switch word {
      case "none": break
      case "ikev2", "manual":
        reader.fail(
          node.location,
          "expected what '\(word)' needs, such as { \(word): { \(word == "ikev2" ? "shared-key" : "to-home-agent"): … } }, found '\(word)' alone"
        )
      default: _ = reader.choice(node, of: ["none"], "none, { manual: … } or { ikev2: … }")
      }
      return .none
    }
    guard var mapping = reader.mapping(node, "none, { manual: … } or { ikev2: … }") else { return .none }
    let (manual, ikev2) = (mapping.take("manual"), mapping.take("ikev2"))
    mapping.finish()
    switch (manual, ikev2) {
    case (let manual?, nil): return readManual(manual).map { .manual($0) } ?? .none
    case (nil, let ikev2?): return readAgreement(ikev2).map { .ikev2($0) } ?? .none
    default:
      reader.fail(node.location, "expected either 'manual' or 'ikev2' in 'security'")
      return .none
    }
  }

  // MARK: Keys that somebody wrote down

  private func readManual(_ node: YAMLNode) -> ManualSecurity? {
    guard var mapping = reader.mapping(node, "ESP SAs by hand") else { return nil }
    let algorithms = suite(mapping.require("algorithms"), of: .esp)
    let toHomeAgent = readDirection(mapping.require("to-home-agent"), algorithms)
    let fromHomeAgent = readDirection(mapping.require("from-home-agent"), algorithms)
    mapping.finish()
    guard hasMobileIPv6 else {
      reader.fail(
        node.location, "expected 'ikev2' or 'none' of a device without Mobile IPv6, which has no bindings to seal, found 'manual'")
      return nil
    }
    guard let toHomeAgent, let fromHomeAgent else { return nil }
    return ManualSecurity(toHomeAgent: toHomeAgent, fromHomeAgent: fromHomeAgent)
  }

  private func readDirection(_ node: YAMLNode?, _ algorithms: IKEProposal?) -> ManualSecurity.Direction? {
    guard var mapping = reader.mapping(node, "an ESP SA { spi: …, encryption-key: …, integrity-key: … }") else { return nil }
    // The numbers below 256 are reserved (RFC 4303 2.1).
    let spi = reader.integer(mapping.require("spi"), in: 256...Int(UInt32.max) - homes, "the SPI of the first home address,")
    let (encryptionNode, integrityNode) = (mapping.take("encryption-key"), mapping.take("integrity-key"))
    mapping.finish()
    guard let node, let spi, let algorithms, let encryption = algorithms.encryption.first else { return nil }
    let integrity = algorithms.integrity.first ?? .none
    guard let encryptionKey = key(encryptionNode, "encryption-key", encryption.keyLength, node),
      let integrityKey = key(integrityNode, "integrity-key", integrity.keyLength, node)
    else { return nil }
    return ManualSecurity.Direction(firstSPI: UInt32(spi), ESPKeys(encryption, encryptionKey, integrity, integrityKey))
  }

  /// A key of exactly so many octets; none is written where there is none.
  private func key(_ node: YAMLNode?, _ name: String, _ length: Int, _ parent: YAMLNode) -> [UInt8]? {
    guard let node else {
      if length > 0 { reader.fail(parent.location, "expected '\(name)' with \(length) octets in hexadecimal, found none") }
      return length == 0 ? [] : nil
    }
    guard let octets = hexadecimal(node), octets.count == length else {
      let found = hexadecimal(node).map { "\($0.count) octets" } ?? node.found
      reader.fail(
        node.location,
        "expected \(length) octets in hexadecimal, such as \"0x\(String(repeating: "01", count: max(1, length)))\", found \(found)")
      return nil
    }
    return octets
  }

  private func hexadecimal(_ node: YAMLNode) -> [UInt8]? {
    guard case .scalar(let text, _) = node.content, text.hasPrefix("0x") else { return nil }
    let digits = text.dropFirst(2).filter { $0 != " " && $0 != "_" }
    let values = digits.compactMap(\.hexDigitValue)
    guard values.count == digits.count, values.count.isMultiple(of: 2) else { return nil }
    return stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] * 16 + values[$0 + 1]) }
  }

  // MARK: IKEv2

  private func readAgreement(_ node: YAMLNode) -> IKEAgreement? {
    guard var mapping = reader.mapping(node, "how IKEv2 is to be spoken") else { return nil }
    let sharedKeyNode = mapping.take("shared-key")
    let usimNode = mapping.take("usim")
    let sharedKey = sharedKeyNode.flatMap(readSecret)
    let usim = usimNode.flatMap(readUSIM)
    let ends = EndLoader(
      reader: reader, folder: folder, homes: homes, sharedKey: sharedKey, isKeyGiven: sharedKeyNode != nil, usim: usim,
      isUSIMGiven: usimNode != nil)
    let (testerNode, deviceNode) = (mapping.take("tester"), mapping.take("device"))
    let tester = ends.read(testerNode, isDevice: false, isMobileNode: role == .ha, node.location)
    let device = ends.read(deviceNode, isDevice: true, isMobileNode: role == .ue, node.location)
    let proposals = suites(mapping.take("proposals"), of: .ike)
    let childNode = mapping.take("child")
    let child = readChild(childNode)
    let traversal = reader.choice(mapping.take("nat-traversal"), of: ["detected", "always", "never"], "detected, always or never")
    let requestsNode = mapping.take("requests")
    let requests = reader.list(requestsNode).compactMap { reader.choice($0, IKEAgreement.Request.self, "home-prefix or home-address") }
    mapping.finish()
    if let requestsNode, role == .ue {
      reader.fail(requestsNode.location, "expected nothing here: the device is the UE, and asks for what it likes")
    }
    guard let tester, let device else { return nil }
    if let sharedKeyNode, ![tester, device].contains(where: { if case .sharedKey = $0.proof { true } else { false } }) {
      reader.fail(sharedKeyNode.location, "expected no 'shared-key': both ends prove by other means who they are")
    }
    var agreement = IKEAgreement(
      mobileNode: role == .ha ? tester : device, homeAgent: role == .ha ? device : tester, proposals: proposals ?? Self.usual, child: child)
    agreement.requests = requests
    agreement.traversal = traversal == "always" ? .always : traversal == "never" ? .never : .detected
    return agreement
  }

  /// What RFC 8247 4 and RFC 8221 5, 6 ask of everybody, and what older devices have.
  private static let usual = [
    IKEProposal(
      [.aesCBC(keyBits: 128), .aesCBC(keyBits: 256)], [.hmacSHA2_256_128, .hmacSHA1_96], [.hmacSHA2_256, .hmacSHA1],
      [.curve25519, .ecp256, .modp2048])
  ]
  private static let usualChild = [IKEProposal([.aesCBC(keyBits: 128), .aesCBC(keyBits: 256)], [.hmacSHA2_256_128, .hmacSHA1_96])]

  private func readChild(_ node: YAMLNode?) -> IKEAgreement.Child? {
    if let node, case .scalar("none", _) = node.content {
      if hasMobileIPv6 {
        reader.fail(
          node.location,
          "expected a Child SA, which seals the bindings' messages (RFC 4877 4.3), found 'none'; a device without Mobile IPv6 says so by 'ics: { mobile-ipv6: no }'"
        )
      }
      return nil
    }
    guard let node else { return hasMobileIPv6 ? IKEAgreement.Child(Self.usualChild) : nil }
    guard var mapping = reader.mapping(node, "none, or a Child SA { mode: …, proposals: … }") else { return nil }
    let proposals = suites(mapping.take("proposals"), of: .esp)
    let modeNode = mapping.take("mode")
    let mode = reader.choice(modeNode, of: ["transport", "tunnel"], "transport or tunnel")
    let protocolID = reader.choice(mapping.take("protocol"), of: ["mobility", "any"], "mobility or any")
    let sideNode = mapping.take("home-agent-side")
    let side = reader.prefix(sideNode)
    mapping.finish()
    var child = IKEAgreement.Child(proposals ?? Self.usualChild)
    child.usesTransportMode = mode != "tunnel"
    if protocolID == "any" { child.protocolID = 0 }
    child.homeAgentSide = side
    if hasMobileIPv6, !child.isOfBinding, let location = (mode == "tunnel" ? modeNode : sideNode)?.location {
      reader.fail(
        location,
        "expected transport mode between home address and Home Agent, which is what seals the bindings' messages (RFC 4877 4.3), found another Child SA"
      )
    }
    return child
  }

  private func readSecret(_ node: YAMLNode) -> [UInt8]? { hexadecimal(node) ?? reader.text(node, "a secret").map { Array($0.utf8) } }

  private func readUSIM(_ node: YAMLNode) -> (Milenage, UInt64)? {
    guard var mapping = reader.mapping(node, "a USIM { key: …, opc: … }") else { return nil }
    let keyNode = mapping.require("key")
    let (opcNode, opNode) = (mapping.take("opc"), mapping.take("op"))
    let sequence = reader.integer(mapping.take("sequence"), in: 0...0xffff_ffff_ffff, "the last sequence number (SQN),") ?? 0
    mapping.finish()
    guard let keyNode, let key = key(keyNode, "key", 16, node) else { return nil }
    guard let operatorNode = opcNode ?? opNode, opcNode == nil || opNode == nil else {
      reader.fail(node.location, "expected either 'opc' or 'op' in a USIM")
      return nil
    }
    guard let code = self.key(operatorNode, "opc", 16, node) else { return nil }
    guard let milenage = try? opcNode != nil ? Milenage(key: key, opc: code) : Milenage(key: key, op: code) else { return nil }
    return (milenage, UInt64(sequence))
  }

  // MARK: Algorithms

  private func suites(_ node: YAMLNode?, of kind: AlgorithmSuite.Kind) -> [IKEProposal]? {
    guard let node else { return nil }
    let nodes = reader.list(node)
    if nodes.isEmpty { reader.expected("at least one proposal", node) }
    return nodes.compactMap { suite($0, of: kind) }
  }

  private func suite(_ node: YAMLNode?, of kind: AlgorithmSuite.Kind) -> IKEProposal? {
    guard let node, let text = reader.text(node, "algorithms such as \(kind.example)") else { return nil }
    do throws(AlgorithmSuite.Failure) { return try AlgorithmSuite.proposal(text, of: kind) } catch {
      reader.fail(node.location, "expected algorithms such as \(kind.example), found '\(text)': \(error.reason)")
      return nil
    }
  }
}
