import CLinux
import Glibc
package import Wire

/// A laboratory of network namespaces: the tester in one of its own, each node in another, veth pairs between them.
///
/// Nothing of it outlives the processes: namespaces and links go when the last process in them goes, and the nodes are killed when the
/// process that started them ends, however it ends. It needs root, or a kernel that lets ordinary users make user namespaces.
package enum Lab {
  /// Moves this process into a fresh network namespace (an ordinary user: within a fresh user namespace, as its root).
  ///
  /// Call it before any thread, capture or socket exists. After an error the process may stand in a namespace without the rights that it
  /// needs; it should end with status 77.
  package static func enter() throws(LabError) {
    var stage: UnsafePointer<CChar>?
    let status = unsafe cl_enter_network_namespace(&stage)
    guard status == 0 else { throw .cannotEnter(unsafe Self.text(stage), reason: systemMessage(0 &- status)) }
  }

  /// Starts a node in a network namespace of its own. Its standard output is read by `NodeProcess.waitUntilReady`, its standard input is a
  /// lifeline that ends when this process does, and its standard error is ours.
  /// - Parameters:
  ///   - arguments: what follows the program's name.
  ///   - program: by default this program itself.
  package static func spawnNode(
    arguments: [String], program: String = "/proc/self/exe", inNewNamespace: Bool = true
  ) throws(LabError) -> NodeProcess {
    var lifeline: (node: Int32, ours: Int32) = (-1, -1)
    var output: (ours: Int32, node: Int32) = (-1, -1)
    let first = unsafe cl_pipe(&lifeline.node, &lifeline.ours, 0)
    guard first == 0 else { throw .cannotSpawn("pipe", reason: systemMessage(0 &- first)) }
    let second = unsafe cl_pipe(&output.ours, &output.node, 1)
    guard second == 0 else {
      close(lifeline.node)
      close(lifeline.ours)
      throw .cannotSpawn("pipe", reason: systemMessage(0 &- second))
    }
    var stage: UnsafePointer<CChar>?
    let words = [program == "/proc/self/exe" ? "detachspec" : program] + arguments
    var copies: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
    let process = unsafe cl_spawn(program, &copies, lifeline.node, output.node, inNewNamespace ? 1 : 0, &stage)
    unsafe copies.forEach { unsafe free($0) }
    close(lifeline.node)
    close(output.node)
    guard process > 0 else {
      close(lifeline.ours)
      close(output.ours)
      throw .cannotSpawn(unsafe Self.text(stage), reason: systemMessage(0 &- process))
    }
    return NodeProcess(process: process, output: output.ours, lifeline: lifeline.ours)
  }

  /// One end of a veth pair.
  package struct End: Sendable {
    package var interface: String
    package var address: MACAddress

    package init(interface: String, address: MACAddress) {
      self.interface = interface
      self.address = address
    }
  }

  /// Makes a veth pair from the tester's namespace to that of the process, both ends up, without IPv6 of the kernel's own, with checksums
  /// filled in (a veth leaves them to the receiver else).
  /// - Parameter process: a node's; nil: both ends stand here.
  package static func connect(tester: End, device: End, process: Int32?) throws(LabError) {
    let made = unsafe cl_make_pair(tester.interface, tester.address.value, device.interface, device.address.value, process ?? 0)
    guard made == 0 else {
      throw .cannotConnect(tester.interface, device.interface, stage: "making the veth pair", reason: systemMessage(0 &- made))
    }
    for (owner, interface) in [(process ?? 0, device.interface), (0, tester.interface)] {
      var stage: UnsafePointer<CChar>?
      let status = unsafe cl_prepare_interface(owner, interface, &stage)
      guard status == 0 else {
        throw .cannotConnect(
          tester.interface, device.interface, stage: "\(interface): \(unsafe Self.text(stage))", reason: systemMessage(0 &- status))
      }
    }
  }

  private static func text(_ stage: UnsafePointer<CChar>?) -> String { unsafe stage.map { unsafe String(cString: $0) } ?? "" }
}

/// Why the laboratory cannot be built. `cannotEnter` and `cannotConnect` are lack of privilege: exit status 77.
package enum LabError: Error, Equatable {
  case cannotEnter(String, reason: String)
  case cannotSpawn(String, reason: String)
  case cannotConnect(String, String, stage: String, reason: String)
  /// The node ended, or stayed silent; the exit status where it ended.
  case notReady(status: Int32?)
}

extension LabError: CustomStringConvertible {
  private static let mend =
    "run as root, or let ordinary users make namespaces (sysctl kernel.unprivileged_userns_clone=1 on Debian, "
    + "kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu, --privileged or --cap-add SYS_ADMIN --cap-add NET_ADMIN "
    + "in a container), or use --simulate"

  package var description: String {
    switch self {
    case .cannotEnter(let stage, let reason): "lab: no network namespace: \(stage): \(reason); \(Self.mend)"
    case .cannotSpawn(let stage, let reason): "lab: cannot start a node: \(stage): \(reason)"
    case .cannotConnect(let tester, let device, let stage, let reason):
      "lab: no link \(tester)-\(device): \(stage): \(reason); the kernel needs veth (modprobe veth); or \(Self.mend)"
    case .notReady(let status?): "lab: the node ended with status \(status) before it was ready; its own message is above"
    case .notReady(nil): "lab: the node was not ready in time; look at its messages above, or allow it more time"
    }
  }
}
