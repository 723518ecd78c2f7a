import ArgumentParser
import Link
import Reporting
import Wire

struct NATCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nat", abstract: "Run a NAT between two links, for a UE behind it.",
    discussion: """
      Of IPv4 it passes UDP, outward from its own address and from 20000 on a port for each address and port inside, and inward what answers \
      that; and ARP. IPv6 passes as it is. Like a node it has no address of the kernel's.
      """)

  @Option(help: "Its interface on the side of the UE.") var inside: String
  @Option(help: "Its interface on the side of the Home Agent.") var outside: String
  @Option(help: "The IPv4 address that it has outside.", transform: ipv4) var address: IPv4Address
  @Option(help: "The UE's IPv4 address inside.", transform: ipv4) var host: IPv4Address
  @Flag(help: ArgumentHelp("End when standard input ends.", visibility: .hidden)) var lifeline = false

  func run() throws {
    try guarded {
      var options = StationProcess.Options()
      options.interfaces = [inside, outside]
      options.lifeline = lifeline ? 0 : nil
      do throws(LinkError) { try StationProcess(NATStation(NAT(outside: address, inside: host)), options).run() } catch {
        throw Stop(error.isPrivilege ? .privilege : .usage, error.description)
      }
      return .success
    }
  }
}

private func ipv4(_ text: String) throws -> IPv4Address {
  guard let address = IPv4Address(text) else { throw ValidationError("'\(text)' is no IPv4 address.") }
  return address
}
