import ArgumentParser
import Conformance
import Foundation
import Judging
import Link
import Nodes
import Reporting
import Security
import Wire

struct NodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "node", abstract: "Run a reference Home Agent or UE on a link.",
    discussion: """
      The node has no address of the kernel's: it speaks on a raw link. A Home Agent takes its access link first and its home link second. \
      Its control socket takes lines: 'revoke HOME-ADDRESS' (ha), 'register' and 'detach HOME-ADDRESS' (ue), 'state HOME-ADDRESS', 'reset', 'quit'.
      """)

  @Argument(help: "ha or ue.") var role: Role
  @Option(name: .customLong("interface"), help: "An interface; repeatable.") var interfaces: [String]
  @Option(help: "Take addresses, profile and security from this device's description.") var config: String?
  @Option(help: "The profile to speak.") var profile: String?
  @Option(help: "How many home addresses it has.") var homeAddresses: Int = 64
  @OptionGroup var nodes: NodeOptions
  @Option(help: "What protects the bindings, as the lab agrees on it; a device's description has words of its own.")
  var security: SecurityKind = .none
  @Option(help: "How the packets of the bindings go over the access link: over IPv6, or over IPv4 in UDP or as they are.")
  var tunnelling: Tunnelling = .native
  @Flag(help: "A UE's care-of address is the one that it has behind the lab's NAT.") var nat = false
  @Option(help: "A Unix socket to make for control lines.") var control: String?
  @Flag(help: "A UE registers again by itself after a revocation.") var reattach = false
  @Flag(help: ArgumentHelp("End when standard input ends.", visibility: .hidden)) var lifeline = false
  @OptionGroup var suite: SuiteOptions

  func run() throws {
    try guarded {
      let suite = try suite.load()
      let uses = try nodes.uses(role)
      let described = try config.map { path in
        do throws(SuiteErrors) { return try Device.load(path: path, profiles: suite.profiles.map(\.id)) } catch {
          throw Stop(.usage, error.description)
        }
      }
      let name = profile ?? described?.profile ?? suite.profiles.last?.id ?? ""
      let chosen = try suite.profiles(named: [name])[0]
      var node = ReferenceNode(
        role: role, profile: chosen, defects: uses.defects, variations: uses.variations, homeAddresses: max(1, homeAddresses),
        reattaches: reattach)
      node.described = described
      node.security = security.lab
      node.tunnelling = tunnelling
      node.isBehindNAT = nat
      var options = StationProcess.Options()
      options.interfaces = interfaces
      options.controlPath = control
      options.lifeline = lifeline ? 0 : nil
      guard role == .ha ? interfaces.count <= 2 : interfaces.count == 1 else {
        throw Stop(.usage, role == .ha ? "a Home Agent has one or two interfaces: access, then home" : "a UE has one interface")
      }
      do throws(LinkError) { try StationProcess(node.station(), options).run() } catch {
        throw Stop(error.isPrivilege ? .privilege : .usage, error.description)
      }
      return .success
    }
  }
}

extension LinkError {
  /// It is about rights, not about names.
  var isPrivilege: Bool {
    if case .noPrivilege = self { return true }
    return false
  }
}
