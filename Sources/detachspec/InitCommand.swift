import ArgumentParser
import Conformance
import Foundation
import Judging
import Reporting

struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Write a device's description to fill in.",
    discussion: "What stands in <…> is to be filled in; 'detachspec probe' says then how far the tester gets with it.")

  @Argument(help: "What the device is: ha or ue.") var role: Role
  @Option(name: .shortAndLong, help: "The file to write, which must not be there yet; - for standard output.") var output = "DEVICE.yaml"

  func run() throws {
    try guarded {
      let text = Device.template(role)
      guard output != "-" else {
        print(text, terminator: "")
        return .success
      }
      guard !FileManager.default.fileExists(atPath: output) else {
        throw Stop(.usage, "\(output) is there already; name another file by --output, or move it away")
      }
      do { try text.write(toFile: output, atomically: true, encoding: .utf8) } catch {
        throw Stop(.usage, "\(output) cannot be written: \(error.localizedDescription)")
      }
      print("\(output) is written. Fill in what stands in <…>, then: detachspec probe \(output)")
      return .success
    }
  }
}
