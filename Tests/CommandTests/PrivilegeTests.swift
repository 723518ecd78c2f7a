import Foundation
import Testing

/// A process without rights, to which the kernel gives no user namespace either.
enum Unprivileged {
  /// What a command is put behind; nil: it cannot be brought about here.
  static let prefix: [String]? = {
    // A user namespace limits those below it; what runs in it without capabilities can neither make one nor open a raw socket.
    let drop = "echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs -- \"$@\""
    let words = ["unshare", "--user", "--map-root-user", "--", "sh", "-c", drop, "sh"]
    if succeeds(words + ["true"]) { return words }
    return getuid() != 0 && !succeeds(["unshare", "--user", "true"]) ? [] : nil
  }()

  private static func succeeds(_ words: [String]) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}

@Suite(.enabled(if: Unprivileged.prefix != nil, "no user namespace can be made here, in which to be without privilege"))
struct PrivilegeTests {
  @Test(arguments: [["run"], ["run", "--role", "ha", "--report", "r"], ["lab", "--", "true"]]) func withoutALabTheMendIsNamed(
    arguments: [String]
  ) async throws {
    let folder = try Scratch()
    let ended = try await Program.run(words: #require(Unprivileged.prefix) + [Program.path] + arguments, in: folder)
    expectRefusal(ended, 77, "lab: no network namespace", "run as root", "--simulate")
    #expect(folder.names.isEmpty)
  }

  @Test func withoutRawSocketsTheMendIsNamed() async throws {
    let folder = try Scratch()
    try folder.write("DEVICE.yaml", DeviceFileTests.device)
    for arguments in [["node", "ha", "--interface", "lo"], ["run", "DEVICE.yaml", "--report", "r"]] {
      let ended = try await Program.run(words: #require(Unprivileged.prefix) + [Program.path] + arguments, in: folder)
      expectRefusal(ended, 77, "interface lo: ", "CAP_NET_RAW", "setcap")
      #expect(folder.names == ["DEVICE.yaml"])
    }
  }

  @Test func simulationNeedsNone() async throws {
    let arguments = ["run", "--simulate", "--role", "ha", "--profile", "rfc5846", "--select", "TP_HA_NID_BV_01"]
    let ended = try await Program.run(words: #require(Unprivileged.prefix) + [Program.path] + arguments, in: Scratch())
    #expect(ended.status == 0, "\(ended.testDescription)")
  }
}
