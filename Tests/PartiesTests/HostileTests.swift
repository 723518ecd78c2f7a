import Link
import Parties
import Testing
import Wire

@Suite("Hostile clients of the access network")
struct HostileTests {
  /// Frames that the network answers, of every kind.
  static let corpus: [[UInt8]] = [
    AccessScene.solicitation(), AccessScene.solicitation(from: .unspecified),
    AccessScene.frame(LeaseTests.message(.discover)), AccessScene.frame(LeaseTests.request()),
    AccessScene.frame(LeaseTests.message(.inform) { $0.clientAddress = ipv4("10.99.0.2") }, from: "10.99.0.2"),
    AccessScene.frame(query: AccessScene.query("ha.example", type: 255)),
    AccessScene.frame(query: AccessScene.query("other.example", type: 1), isIPv6: false),
  ]

  /// What leaves goes to the client, in a frame that is whole, and is no longer than it has to be.
  private func check(_ frame: [UInt8], _ comment: @autoclosure () -> String) {
    let seen = Seen(frame)
    let destination = seen[.ipv6Destination].map { IPv6Address($0) }
    let isAllowed =
      destination.map { $0 == .allNodes || $0.isLinkLocal || $0.value >> 64 == address("2001:db8:b::").value >> 64 }
      ?? [ipv4("10.99.0.2").value, .max].contains(UInt32(truncatingIfNeeded: seen["ipv4.destination"] ?? 0))
    if !seen.dissection.isSound || frame.count > 600 || !isAllowed { Issue.record("\(comment()): \(frame)") }
  }

  @Test("frames with octets changed, cut and added: at most one whole answer each, and nothing grows", arguments: [1, 2] as [UInt64])
  func mutations(_ seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var scene = AccessScene()
    var answers = 0
    for round in 0..<8_000 {
      var frame = Self.corpus[round % Self.corpus.count]
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        // Behind the headers most of the time, or nothing gets through them.
        let first = round % 4 == 0 ? 0 : min(42, frame.count - 1)
        let index = Int.random(in: first..<frame.count, using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: frame.insert(.random(in: 0...255, using: &generator), at: index)
        case 1 where frame.count > 60: frame.removeLast(Int.random(in: 1...(frame.count - 50), using: &generator))
        default: frame[index] = .random(in: 0...255, using: &generator)
        }
      }
      let got = scene.receive(frame)
      if got.count > 1 { Issue.record("round \(round): \(got.count) answers to \(frame)") }
      answers += got.count
      for answer in got { check(answer, "round \(round)") }
      if round % 50 == 0 {
        let before = scene.sent.count
        scene.run(for: .milliseconds(600))
        if scene.sent.count - before > 17 { Issue.record("round \(round): \(scene.sent.count - before) advertisements") }
        for item in scene.sent[before...] { check(item.frame, "round \(round)") }
      }
    }
    #expect(answers > 800, "\(answers)")
    // It has forgotten nothing of its trade.
    scene.run(for: .seconds(3600))
    #expect(LeaseTests.answer(&scene, LeaseTests.message(.discover))?.kind == .offer)
    #expect(scene.receive(Self.corpus[5]).count == 1)
  }

  @Test("payloads of random octets, for each of the servers")
  func random() {
    var generator = SeededGenerator(seed: 3)
    for round in 0..<8_000 {
      let payload = (0..<Int.random(in: 0...(round % 2 == 0 ? 40 : 400), using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      if let answer = DNSMessage.answer(to: payload, NameTests.names), answer.count > 512 { Issue.record("\(payload)") }
      let message = (LeaseTests.message(.discover).octets.prefix(240) + payload)
      if let read = DHCPMessage(Array(message)) {
        if DHCPMessage(read.octets) != read { Issue.record("not what it was: \(message)") }
      }
    }
  }

  @Test("a thousand solicitations from as many addresses wait in no long line")
  func flood() {
    var scene = AccessScene()
    scene.run(for: .seconds(60))
    let before = scene.sent.count
    for number in 0..<1000 { scene.receive(AccessScene.solicitation(from: address("fe80::1:0").advanced(by: number))) }
    scene.run(for: .seconds(4))
    #expect(scene.sent.count - before <= 16)
  }
}
