import Foundation
import Judging
package import Link
import Nodes
import Security
import Wire

/// A reference node in a process and a network namespace of its own, with real links to the tester's, and a NAT on the way where one is
/// wanted.
///
/// Everything of it goes with the tester's process.
package final class ReferenceLab {
  package let network: LiveNetwork
  package let hooks: SocketHooks
  private let process: NodeProcess
  private let nat: NodeProcess?
  private let control: String

  package enum Failure: Error, CustomStringConvertible {
    case lab(LabError)
    case link(LinkError)

    package var description: String {
      switch self {
      case .lab(let error): error.description
      case .link(let error): error.description
      }
    }
  }

  /// Starts the node and connects it. The process has to stand in the lab's namespace already (`Lab.enter`).
  ///
  /// - Parameters:
  ///   - number: tells the interfaces of one lab from those of another that the process had before.
  ///   - capturesOutgoing: the tester's own frames are captured too, as evidence asks for.
  package init(_ node: ReferenceNode, number: Int = 0, capturesOutgoing: Bool = true) throws(Failure) {
    control = NSTemporaryDirectory() + "/detachspec-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0...UInt32.max))"
    let count = node.role == .ha ? 2 : 1
    let names = [ReferenceNode.accessInterface, ReferenceNode.homeInterface]
    let testerNames = names.prefix(count).map { "\($0)t\(number)" }
    let nodeNames = names.prefix(count).map { "\($0)n\(number)" }
    var arguments = [
      "node", node.role.rawValue, "--profile", node.profile.id, "--home-addresses", "\(node.homeAddresses)", "--control", control,
      "--lifeline",
    ]
    for name in nodeNames { arguments += ["--interface", name] }
    for defect in node.defects { arguments += ["--defect", defect.description] }
    for variation in node.variations { arguments += ["--variation", variation.rawValue] }
    if node.reattaches { arguments.append("--reattach") }
    if node.tunnelling != .native { arguments += ["--tunnelling", node.tunnelling.rawValue] }
    if node.security.isProtected { arguments += ["--security", "ikev2"] }
    if node.isBehindNAT { arguments.append("--nat") }
    do throws(LabError) {
      process = try Lab.spawnNode(arguments: arguments)
      nat = try Self.nat(for: node, number: number)
      for index in 0..<count {
        var tester = Lab.End(interface: testerNames[index], address: ReferenceNode.testerHardware[index])
        if index == 0, nat != nil {
          // The NAT stands in the tester's namespace, between two links.
          let near = Lab.End(interface: Self.natName("t", number), address: ReferenceNode.natHardware[0])
          try Lab.connect(tester: tester, device: near, process: nil)
          tester = Lab.End(interface: Self.natName("n", number), address: ReferenceNode.natHardware[1])
        }
        try Lab.connect(
          tester: tester, device: Lab.End(interface: nodeNames[index], address: ReferenceNode.nodeHardware[index]), process: process.process
        )
      }
      try nat?.waitUntilReady()
      try process.waitUntilReady()
    } catch {
      throw .lab(error)
    }
    do throws(LinkError) {
      network = try LiveNetwork(
        interfaces: testerNames, allowing: node.device.addressGuard, capturesOutgoing: capturesOutgoing)
    } catch {
      throw .link(error)
    }
    hooks = SocketHooks(path: control)
  }

  /// The NAT's interface on the side of the tester, `t`, or of the node, `n`.
  private static func natName(_ side: String, _ number: Int) -> String { "nat-\(side)\(number)" }

  private static func nat(for node: ReferenceNode, number: Int) throws(LabError) -> NodeProcess? {
    guard let translation = node.translation else { return nil }
    let sides = node.role == .ue ? ["n", "t"] : ["t", "n"]
    let arguments = [
      "nat", "--inside", natName(sides[0], number), "--outside", natName(sides[1], number), "--address", "\(translation.outside)", "--host",
      "\(translation.inside)", "--lifeline",
    ]
    return try Lab.spawnNode(arguments: arguments, inNewNamespace: false)
  }

  /// The node still runs.
  package var isRunning: Bool { process.isRunning }

  deinit {
    // First: it would complain of the interface that goes with the node.
    nat?.terminate()
    process.terminate()
    try? FileManager.default.removeItem(atPath: control)
  }
}
