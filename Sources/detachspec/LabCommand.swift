import ArgumentParser
import Conformance
import Foundation
import Glibc
import Link
import Reporting
import Wire

struct LabCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lab", abstract: "Network namespaces and links, for as long as a command runs.",
    discussion: """
      COMMAND (by default $SHELL) runs in a network namespace of its own with two veth pairs: access0 to dev-access0, home0 to dev-home0. The \
      far ends stand in the same namespace unless a node takes them; nothing of it is left when COMMAND ends.
      """)

  @Argument(parsing: .postTerminator, help: "The command, behind --.") var command: [String] = []

  func run() throws {
    try guarded {
      do throws(LabError) {
        try Lab.enter()
        for (index, name) in ["access0", "home0"].enumerated() {
          try Lab.connect(
            tester: Lab.End(interface: name, address: MACAddress(0x0200_0000_0100 + UInt64(index))),
            device: Lab.End(interface: "dev-\(name)", address: MACAddress(0x0200_0000_0200 + UInt64(index))), process: nil)
        }
      } catch {
        throw Stop(.privilege, error.description)
      }
      let words = command.isEmpty ? [ProcessInfo.processInfo.environment["SHELL"] ?? "/bin/sh"] : command
      var copies: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
      unsafe execvp(words[0], &copies)
      throw Stop(.usage, "\(words[0]) cannot be run: \(unsafe String(cString: strerror(errno)))")
    }
  }
}
