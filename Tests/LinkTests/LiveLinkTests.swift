import CLinux
import Foundation
import Testing
import Wire

@testable import Link

private let isRoot = geteuid() == 0

/// Everything here happens in a child process in a network namespace of its own, on veth pairs made there.
@Suite("Live links", .enabled(if: isRoot, "needs root: the test's threads keep it from making a user namespace"), .serialized)
struct LiveLinkTests {
  @Test func framesOfTwoPortsAreMergedByTime() async {
    await #expect(processExitsWith: .success) {
      try Lab.enter()
      let ends = ["va", "vb"].enumerated().map { Lab.End(interface: $1, address: MACAddress(0x0200_0000_0001 + UInt64($0))) }
      try Lab.connect(tester: ends[0], device: ends[1], process: nil)
      let network = try LiveNetwork(interfaces: ["va", "vb"], allowing: AddressGuard([AddressGuardTests.device]))
      #expect(network.address(ofPort: 1) == ends[1].address)
      var seen: [FrameInfo] = []
      for tag in 0..<100 { network.send(SimulatedNetworkTests.frame(UInt8(tag)), on: tag % 2) }
      network.send(AddressGuardTests.frame(to: IPv6Address(1)), on: 0)
      network.send([1, 2, 3], on: 0)
      let end = network.now + .seconds(5)
      while seen.count < 200, network.now < end { network.wait(until: end) { _, info in seen.append(info) } }
      #expect(seen.count == 200)
      #expect(seen.filter(\.isOutgoing).count == 100)
      #expect(seen.filter { $0.port == 0 && $0.isOutgoing }.count == 50)
      #expect(seen.map(\.time) == seen.map(\.time).sorted())
      #expect(network.refused == 2 && network.drops == [0, 0] && network.sendFailures == [0, 0])
      let deadline = network.now + .milliseconds(3)
      network.wait(until: deadline) { _, _ in }
      #expect(network.readUpTo >= deadline)
    }
  }

  @Test func aFrameTooLongForTheInterfaceIsCountedNotLostSilently() async {
    await #expect(processExitsWith: .success) {
      try Lab.enter()
      try Lab.connect(
        tester: .init(interface: "va", address: MACAddress(0x0200_0000_0001)),
        device: .init(interface: "vb", address: MACAddress(0x0200_0000_0002)),
        process: nil)
      let port = try LivePort(interface: "va")
      port.send(AddressGuardTests.frame(to: AddressGuardTests.device).span)
      port.send([UInt8](repeating: 0, count: 4_000).span)
      port.send(AddressGuardTests.frame(to: AddressGuardTests.device).span)
      port.flush()
      #expect(port.sendFailures == 1)
      var lengths: [Int] = []
      let count = port.read { octets, _ in lengths.append(octets.count) }
      #expect(count == 2)
      #expect(lengths == [54, 54])
    }
  }

  @Test func anInterfaceThatDoesNotExistIsNamedWithThoseThatDo() async {
    await #expect(processExitsWith: .success) {
      try Lab.enter()
      do throws(LinkError) {
        _ = try LivePort(interface: "nope")
        Issue.record("it opened")
      } catch {
        #expect(error == .noSuchInterface("nope", existing: ["lo"]))
      }
    }
  }

  @Test func aNodeStandsInItsOwnNamespaceAndEndsWithItsHandle() async {
    await #expect(processExitsWith: .success) {
      try Lab.enter()
      var node: NodeProcess? = try Lab.spawnNode(arguments: ["-c", "echo noise; echo ready; cat"], program: "/bin/sh")
      let process = try #require(node?.process)
      try Lab.connect(
        tester: .init(interface: "va", address: MACAddress(0x0200_0000_0001)),
        device: .init(interface: "vb", address: MACAddress(0x0200_0000_0002)),
        process: process)
      #expect(interfaceNames().sorted() == ["lo", "va"])
      try node?.waitUntilReady()
      #expect(node?.isRunning == true)
      node = nil
      #expect(kill(process, 0) == -1)
      #expect(throws: LabError.cannotSpawn("exec", reason: "No such file or directory")) {
        try Lab.spawnNode(arguments: [], program: "/nonexistent")
      }
      let silent = try Lab.spawnNode(arguments: ["-c", "exit 3"], program: "/bin/sh")
      #expect(throws: LabError.notReady(status: 3)) { try silent.waitUntilReady() }
    }
  }
}

@Suite("Station process")
struct LiveStationProcessTests {
  @Test func aStationAnswersOnItsControlSocketUntilToldToQuit() async {
    await #expect(processExitsWith: .success) {
      let path = NSTemporaryDirectory() + UUID().uuidString.prefix(8) + ".sock"
      var options = StationProcess.Options()
      options.controlPath = path
      options.announces = false
      let isDone = DispatchSemaphore(value: 0)
      Thread.detachNewThread { @Sendable in
        var client: ControlClient?
        for _ in 0..<1_000 where client == nil {
          client = try? ControlClient(path: path)
          if client == nil { usleep(1_000) }
        }
        func ask(_ line: String) -> String? {
          guard let client, client.send(line) else { return nil }
          for _ in 0..<1_000 {
            if let answer = client.receive() { return answer }
            usleep(1_000)
          }
          return nil
        }
        #expect(ask("hello") == "ok hello")
        #expect(ask("quit") == "ok")
        isDone.signal()
      }
      try StationProcess(EchoStation(), options).run()
      isDone.wait()
      #expect(!FileManager.default.fileExists(atPath: path))
    }
  }
}
