import Foundation
import Link
import Wire

/// strongSwan's charon in a network namespace of its own, at the other end of a veth pair. Call it in a process that may enter namespaces.
final class StrongSwan {
  static let program = "/usr/lib/ipsec/charon"
  /// charon, swanctl, and the plugins of Debian's packages that `scripts/bootstrap` installs.
  static let isThere = [program, "/usr/sbin/swanctl", "/usr/lib/ipsec/plugins/libstrongswan-curve25519.so"].allSatisfy {
    FileManager.default.isExecutableFile(atPath: $0) || FileManager.default.fileExists(atPath: $0)
  }

  /// Its own ESP, for kernels that have none.
  static let hasLibipsec = ["/usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so", "/dev/net/tun"].allSatisfy {
    FileManager.default.fileExists(atPath: $0)
  }

  /// Where one stands that was built with EAP-AKA and its SIM backends, which Debian's has not.
  static let akaPrefix = ProcessInfo.processInfo.environment["DETACHSPEC_STRONGSWAN"].flatMap { prefix in
    FileManager.default.isExecutableFile(atPath: "\(prefix)/libexec/ipsec/charon") ? prefix : nil
  }

  static let ipv6 = IPv6Address("2001:db8:1::2") ?? .unspecified
  static let ipv4 = IPv4Address("10.99.0.2") ?? IPv4Address(0)
  static let testerIPv6 = IPv6Address("2001:db8:1::1") ?? .unspecified
  static let testerIPv4 = IPv4Address("10.99.0.1") ?? IPv4Address(0)
  static let interface = "va"

  let folder: String
  private let tool: String
  private let node: NodeProcess

  struct Failure: Error, CustomStringConvertible { var description: String }

  /// Enters a fresh namespace, and starts charon in another with these connections and secrets (`swanctl.conf`).
  /// - Parameter files: what lies in the folder `swanctl`, by name within it.
  init(_ configuration: String, files: [String: String] = [:], usesLibipsec: Bool = false, charon: String = "", prefix: String? = nil)
    throws
  {
    tool = prefix.map { "\($0)/sbin/swanctl" } ?? "/usr/sbin/swanctl"
    folder = NSTemporaryDirectory() + "charon-" + UUID().uuidString.prefix(8)
    for name in ["", "x509", "x509ca", "private"] {
      try FileManager.default.createDirectory(atPath: "\(folder)/swanctl/\(name)", withIntermediateDirectories: true)
    }
    try configuration.write(toFile: "\(folder)/swanctl/swanctl.conf", atomically: true, encoding: .utf8)
    for (name, text) in files { try text.write(toFile: "\(folder)/swanctl/\(name)", atomically: true, encoding: .utf8) }
    try """
    charon {
      load = random nonce aes sha1 sha2 md5 hmac kdf gcm xcbc gmp curve25519 openssl pem pkcs1 x509 pubkey constraints \
    \(prefix == nil ? "" : "fips-prf eap-identity eap-aka eap-aka-3gpp") \(usesLibipsec ? "kernel-libipsec" : "") kernel-netlink socket-default vici updown
      install_routes = \(usesLibipsec ? "yes" : "no")
      retransmit_tries = 3
      retransmit_timeout = 1.0
      filelog { log { path = \(folder)/log
          default = 1
          ike = 2
          flush_line = yes
      } }
      plugins {
        vici { socket = unix://\(folder)/vici }
        kernel-libipsec { allow_peer_ts = yes }
      }
    }
    """.write(toFile: "\(folder)/strongswan.conf", atomically: true, encoding: .utf8)
    try Lab.enter()
    // /run is charon's own: a second one would find the first one's number there.
    let script = """
      exec 2>\(folder)/output
      until ip link show vb 2>/dev/null | grep -q 'state UP'; do sleep 0.02; done
      ip link set lo up
      sysctl -qw net.ipv6.conf.vb.disable_ipv6=0 net.ipv6.conf.vb.accept_dad=0
      ip link set vb mtu 9000
      ip addr add \(Self.ipv6)/64 dev vb nodad
      ip addr add \(Self.ipv4)/24 dev vb
      ip addr add 2001:db8:98::1/128 dev lo
      ip addr add 10.98.0.1/32 dev lo
      echo ready
      export STRONGSWAN_CONF=\(folder)/strongswan.conf
      exec unshare -m sh -c 'mount -t tmpfs none /run && exec \(prefix.map { "\($0)/libexec/ipsec/charon" } ?? Self.program)' 
      """
    node = try Lab.spawnNode(arguments: ["-eu", "-c", script], program: "/bin/bash")
    try Lab.connect(
      tester: .init(interface: Self.interface, address: MACAddress(0x0200_0000_0001)),
      device: .init(interface: "vb", address: MACAddress(0x0200_0000_0002)), process: node.process)
    do { try node.waitUntilReady() } catch { throw Failure(description: "\(error): \(notes)") }
    _ = try Self.command(["/sbin/ip", "link", "set", Self.interface, "mtu", "9000"])
    let end = ContinuousClock.now + .seconds(20)
    while !FileManager.default.fileExists(atPath: "\(folder)/vici") {
      guard node.isRunning, ContinuousClock.now < end else { throw Failure(description: "charon did not start: \(notes)") }
      usleep(20_000)
    }
    try control("--load-all", "--noprompt", "--file", "\(folder)/swanctl/swanctl.conf")
  }

  /// One connection over IPv6, `six`, and one over IPv4, `four`.
  static func connections(
    _ proposals: String = "aes128-sha256-modp2048", childless: String = "force", local: String = "auth = psk",
    remote: String = "auth = psk",
    _ more: String = ""
  ) -> String {
    let ends = [("six", "\(ipv6)", "\(testerIPv6)"), ("four", "\(ipv4)", "\(testerIPv4)")]
    let connections = ends.map { name, own, tester in
      """
        \(name) {
          version = 2
          mobike = no
          local_addrs = \(own)
          remote_addrs = \(tester)
          proposals = \(proposals)
          childless = \(childless)
          local {
            id = ha.lab
            \(local)
          }
          remote {
            id = ue.lab
            \(remote)
          }
          \(more)
        }
      """
    }
    return """
      connections {
      \(connections.joined(separator: "\n"))
      }
      secrets {
        ike-1 {
          id-1 = ha.lab
          id-2 = ue.lab
          secret = "lab-psk-secret"
        }
      }
      """
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// What it wrote about itself.
  var notes: String {
    ["output", "log"].map { (try? String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8)) ?? "" }.joined(separator: "\n")
  }

  /// Runs `swanctl`, and gives what it prints.
  @discardableResult func control(_ arguments: String...) throws -> String {
    try Self.command([tool] + arguments + ["--uri", "unix://\(folder)/vici"], ["SWANCTL_DIR": "\(folder)/swanctl"])
  }

  /// Starts `swanctl` and does not wait for it.
  func begin(_ arguments: String...) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: tool)
    process.arguments = arguments + ["--uri", "unix://\(folder)/vici"]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  /// The IKE SAs that it has, by `swanctl --list-sas`.
  var associations: String { (try? control("--list-sas")) ?? "" }

  static func command(_ words: [String], _ environment: [String: String] = [:]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: words[0])
    process.arguments = Array(words.dropFirst())
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(description: "\(words.joined(separator: " ")): \(text)") }
    return text
  }
}
