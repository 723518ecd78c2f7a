import Conformance
import Foundation
import Fuzzing
import Judging
import Link
import Nodes
import Reporting
import Security
import Wire

/// The link that a campaign runs over: a device that somebody describes, or a reference node, simulated or in the lab.
final class FuzzBench {
  struct Road {
    var network: any Network
    var hooks: any HookRunner
    var setup: Setup
  }

  private let options: FuzzOptions
  private let suite: Suite
  private let described: Device?
  private let isSimulated: Bool
  private var labs: [ReferenceLab] = []
  /// Home addresses of a reference node under fuzzing: enough that cases that must not be answered ride beside those that must.
  private static let homeAddresses = 2_048

  init(_ options: FuzzOptions, _ suite: Suite, device path: String?, isSimulated: Bool) throws {
    self.options = options
    self.suite = suite
    self.isSimulated = isSimulated
    if let path {
      guard options.nodes.isEmpty, !isSimulated else {
        throw Stop(.usage, "--defect, --variation and --simulate are for the reference nodes; leave them out with a device file")
      }
      do throws(SuiteErrors) { described = try Device.load(path: path, profiles: suite.profiles.map(\.id)) } catch {
        throw Stop(.usage, error.description)
      }
      if let described, described.security.isProtected || described.tunnelling != .native || !described.hasMobileIPv6 {
        throw Stop(.usage, "\(path): fuzz sends its messages in clear and over IPv6; it takes 'security: none' and 'tunnelling: native'")
      }
    } else {
      described = nil
      guard !isSimulated else { return }
      do throws(LabError) { try Lab.enter() } catch { throw Stop(.privilege, error.description) }
    }
  }

  /// The road to a device of a role.
  func link(_ role: Role) throws -> Road {
    let name = options.profile ?? described?.profile ?? "rfc5846"
    guard let profile = try suite.profiles(named: [name]).first else { throw Stop(.usage, "no profile is called '\(name)'") }
    if let described {
      guard described.role == role else {
        throw Stop(.usage, "the device's role is \(described.role.rawValue), the plan's is \(role.rawValue)")
      }
      let network: LiveNetwork
      do throws(LinkError) {
        network = try LiveNetwork(
          interfaces: described.interfaces.map(\.name), allowing: described.addressGuard, capturesOutgoing: false)
      } catch {
        throw Stop(error.isPrivilege ? .privilege : .usage, error.description)
      }
      return Road(network: network, hooks: MixedHooks(described.hooks), setup: try setup(described, profile))
    }
    let uses = try options.nodes.uses(role)
    let node = ReferenceNode(
      role: role, profile: profile, defects: uses.defects, variations: uses.variations, homeAddresses: Self.homeAddresses,
      reattaches: role == .ue)
    if isSimulated {
      let (network, hooks) = node.simulation()
      return Road(network: network, hooks: hooks, setup: try setup(node.device, profile))
    }
    let lab: ReferenceLab
    do throws(ReferenceLab.Failure) { lab = try ReferenceLab(node, number: labs.count, capturesOutgoing: false) } catch {
      throw Stop(.privilege, error.description)
    }
    labs.append(lab)
    return Road(network: lab.network, hooks: lab.hooks, setup: try setup(node.device, profile))
  }

  private func setup(_ device: Device, _ profile: Profile) throws -> Setup {
    guard let setup = Setup(device, profile: profile, suite: suite) else {
      throw Stop(.usage, "the suite has no text '\(profile.text)' for the profile '\(profile.id)'")
    }
    return setup
  }

  /// The frames of one case, as a capture.
  static func write(_ frames: [FuzzFrame], to path: String) {
    guard !frames.isEmpty else { return }
    try? FileManager.default.createDirectory(atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    do throws(CaptureFileError) {
      let writer = try PcapngWriter(path: path, ports: [.init(name: "access"), .init(name: "home")])
      for frame in frames { _ = writer.write(frame.bytes.span, frame.info) }
      try writer.close()
    } catch {
      complain(error.description)
    }
  }
}
