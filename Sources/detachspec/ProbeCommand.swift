import ArgumentParser
import Conformance
import Foundation
import Judging
import Link
import Reporting
import Wire

struct ProbeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "probe", abstract: "Go the road to a device step by step, and say where it ends.",
    discussion: """
      The description, the interfaces, the link, the neighbour, IKE_SA_INIT, IKE_AUTH, ESP, and a registration: what was seen at each step, and \
      the mend at the first that fails. What came about is taken down again. Exit status 0: the device can be judged; 64: the description or an \
      interface is wrong; 77: a privilege is missing; 69: the device cannot be reached.
      """)

  @Argument(help: "The device's description.") var device: String
  @Option(help: "The profile to speak, in place of the description's.") var profile: String?
  @OptionGroup var suite: SuiteOptions

  func run() throws {
    try guarded {
      let suite = try suite.load()
      let described: Device
      do throws(SuiteErrors) { described = try Device.load(path: device, profiles: suite.profiles.map(\.id)) } catch {
        throw Stop(.usage, error.description)
      }
      let name = profile ?? described.profile ?? suite.profiles.last?.id ?? ""
      let chosen = try suite.profiles(named: [name])[0]
      guard let setup = Setup(described, profile: chosen, suite: suite, seed: .random(in: .min ... .max)) else {
        throw Stop(.usage, "the suite has no text '\(chosen.text)' for the profile '\(chosen.id)'")
      }
      tell(RoadProbe.Step(name: "description", seen: "\(device): \(described.summary), \(chosen.id)"))
      let network: LiveNetwork
      do throws(LinkError) {
        network = try LiveNetwork(interfaces: described.interfaces.map(\.name), allowing: described.addressGuard)
      } catch {
        throw Stop(error.isPrivilege ? .privilege : .usage, error.description)
      }
      for (index, interface) in described.interfaces.enumerated() {
        guard interfaceHasCarrier(interface.name) else {
          tell(
            RoadProbe.Step(
              name: "interface", seen: "\(interface.name) is up, and nothing is at its other end",
              mend: "plug the cable in, or set the device's port up"))
          return .unreachable
        }
        tell(RoadProbe.Step(name: "interface", seen: "\(interface.name) is up, \(network.address(ofPort: index))"))
      }
      guard let road = RoadProbe(setup, suite: suite, network: network, hooks: MixedHooks(described.hooks)) else {
        throw Stop(.usage, "\(device) names no home address")
      }
      road.tell = { tell($0) }
      road.ask = { FileHandle.standardError.write(Data("detachspec: \($0)\n".utf8)) }
      return road.run() ? .success : .unreachable
    }
  }

  private func tell(_ step: RoadProbe.Step) {
    print(now: "\(step.mend == nil ? "ok  " : "fail")  \(step.name.padding(toLength: 13, withPad: " ", startingAt: 0))  \(step.seen)\n")
    if let mend = step.mend { print(now: "                     mend: \(mend)\n") }
  }
}
