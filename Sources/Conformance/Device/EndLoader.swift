import Foundation
import Judging
import Security
import Wire

/// Reads one end of an IKE SA out of a device's description: who it says that it is, and how it proves it.
struct EndLoader {
  let reader: YAMLReader
  /// The folder that the names of files are relative to.
  let folder: String
  let homes: Int
  let sharedKey: [UInt8]?
  /// A key that is there and wrong is not told of as one that is not there.
  let isKeyGiven: Bool
  let usim: (Milenage, UInt64)?
  let isUSIMGiven: Bool

  /// - Parameter parent: where to say what is missing of an end that is not described.
  func read(_ node: YAMLNode?, isDevice: Bool, isMobileNode: Bool, _ parent: Location) -> IKEAgreement.End? {
    let who = isDevice ? "device" : "tester"
    guard let node else { return end(.none, [], [], nil, who, isDevice: isDevice, isMobileNode: isMobileNode, parent) }
    guard var mapping = reader.mapping(node, "an end { identity: … }") else { return nil }
    let identityNode = mapping.take("identity")
    let (certificateNode, keyNode, authorityNode) = (mapping.take("certificate"), mapping.take("private-key"), mapping.take("authority"))
    mapping.finish()
    let count = reader.errors.count
    let identity = readIdentity(identityNode, isMobileNode)
    let chain = certificates(certificateNode)
    let authorities = certificates(authorityNode)
    let key = privateKey(keyNode)
    if let alone = (certificateNode != nil) != (keyNode != nil) ? certificateNode ?? keyNode : nil {
      reader.fail(alone.location, "expected 'certificate' and 'private-key' together, found one without the other")
    }
    if certificateNode == nil, authorityNode != nil, !isDevice {
      reader.fail(
        node.location, "expected 'certificate' and 'private-key', by which the tester proves who it is, found 'authority' alone")
    }
    if certificateNode != nil, authorityNode == nil, isDevice {
      reader.fail(node.location, "expected 'authority', the certificate that the device's own is checked with, found none")
    }
    if let key, let first = chain.first, key.publicKey != first.publicKey, let keyNode {
      reader.fail(keyNode.location, "expected the private key of the certificate, found another's")
    }
    guard reader.errors.count == count else { return nil }
    return end(identity, authorities, chain, key, who, isDevice: isDevice, isMobileNode: isMobileNode, node.location)
  }

  private func end(
    _ identity: IKEAgreement.Identity?, _ authorities: [Certificate], _ chain: [Certificate], _ key: PrivateKey?, _ who: String,
    isDevice: Bool, isMobileNode: Bool, _ location: Location
  ) -> IKEAgreement.End? {
    let usual: IKEAgreement.Identity = isDevice ? .any : chain.first.map { .subject($0.subject) } ?? .address
    let proof: IKEAgreement.Proof
    if isMobileNode, isUSIMGiven {
      guard let usim else { return nil }
      proof = .aka(usim.0, sequence: usim.1)
    } else if !authorities.isEmpty || !chain.isEmpty {
      proof = .certificate(authorities: authorities, chain: chain, key)
    } else if let sharedKey {
      proof = .sharedKey(sharedKey)
    } else {
      if !isKeyGiven {
        let means = isMobileNode ? "'usim', or " : ""
        let files = isDevice ? "'authority' in 'device'" : "'certificate' and 'private-key' in 'tester'"
        reader.fail(
          location, "expected 'shared-key', \(means)\(files): something by which the \(who) proves who it is, found none")
      }
      return nil
    }
    return IKEAgreement.End(identity ?? usual, proof)
  }

  private func readIdentity(_ node: YAMLNode?, _ isMobileNode: Bool) -> IKEAgreement.Identity? {
    guard let node else { return nil }
    let texts = reader.list(node).compactMap { reader.text($0, "an identity such as ue.example.org or ue@example.org") }
    if case .list(let nodes) = node.content, nodes.isEmpty { reader.expected("at least one identity", node) }
    if case .list(let nodes) = node.content, nodes.count > 1 {
      if !isMobileNode {
        reader.fail(node.location, "expected one identity: a Home Agent has the same for everybody, found \(nodes.count)")
      } else if nodes.count < homes {
        reader.fail(node.location, "expected an identity for each of \(homes) home addresses, or one with {n} in it, found \(nodes.count)")
      }
    }
    return texts.isEmpty ? nil : .text(texts)
  }

  private func file(_ node: YAMLNode?) -> (path: String, text: String)? {
    guard let node, let name = reader.text(node, "the name of a PEM file") else { return nil }
    let path = name.hasPrefix("/") || folder.isEmpty ? name : "\(folder)/\(name)"
    guard let data = FileManager.default.contents(atPath: path) else {
      reader.fail(node.location, "expected a file that can be read, found none at '\(path)'")
      return nil
    }
    return (path, String(decoding: data, as: UTF8.self))
  }

  private func certificates(_ node: YAMLNode?) -> [Certificate] {
    guard let node, let (path, text) = file(node) else { return [] }
    do throws(SecurityError) { return try Certificate.all(pem: text) } catch {
      reader.fail(node.location, "expected certificates in PEM form, found something else in '\(path)': \(error)")
      return []
    }
  }

  private func privateKey(_ node: YAMLNode?) -> PrivateKey? {
    guard let node, let (path, text) = file(node) else { return nil }
    do throws(SecurityError) { return try PrivateKey(pem: text) } catch {
      reader.fail(
        node.location,
        "expected a private key of RSA or P-256 in PEM form without a pass phrase, found something else in '\(path)': \(error)")
      return nil
    }
  }
}
