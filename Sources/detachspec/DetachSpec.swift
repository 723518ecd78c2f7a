import ArgumentParser

/// Judges how a Home Agent or a UE lets go of a Mobile IPv6 session.
@main
struct DetachSpec: ParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "detachspec",
    abstract: "Conformance tester and fuzzer for how a mobile network lets go of a device (3GPP TS 24.303 5.4).",
    discussion: """
      Without a device file, run and fuzz judge the reference Home Agent and UE, each a process of its own, over real packets in a \
      laboratory of network namespaces that they make themselves (as root, or as an ordinary user whom the kernel lets make user namespaces).

      Exit status, the first that holds: 130 interrupted (the report is still written), 64 usage or a bad file, 77 a privilege is missing, \
      69 the device could not be reached before the first case, 2 an error of the tester, 1 a sentence was broken that --known-failing does \
      not list, 4 a listed entry that no longer holds or drift from the baseline, 3 something stayed inconclusive that it does not list or \
      nothing was applicable, 0 otherwise. Warnings alone are 0.
      """,
    version: version,
    subcommands: [
      RunCommand.self, CheckCommand.self, InitCommand.self, ProbeCommand.self, FuzzCommand.self, ReplayCommand.self, ListCommand.self,
      ExplainCommand.self, MatrixCommand.self,
      DecodeCommand.self, NodeCommand.self, NATCommand.self, LabCommand.self,
    ])
}
