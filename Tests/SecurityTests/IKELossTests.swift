import Link
import Testing
import Wire

@testable import Security

@Suite("IKEv2 over a bad wire")
struct IKELossTests {
  @Test("with loss, copies and reordering it comes to the same end on both sides", arguments: 1...30)
  func wire(_ seed: UInt64) throws {
    var ue = IKEBench.ue()
    ue.child = IKEBench.ueChild
    ue.retransmission = IKERetransmission(first: .milliseconds(500), copies: 12)
    var ha = IKEBench.ha()
    ha.child = IKEBench.haChild
    ha.retransmission = ue.retransmission
    ha.memory = .seconds(5000)
    ha.asksForCookie = seed % 3 == 0
    let bench = IKEBench(ue, ha, seed: seed)
    bench.loss = 0.3
    bench.duplication = 0.3
    bench.jitter = .milliseconds(900)
    var handle: UInt64 = 0
    bench.asUE { handle = $0.initiate(from: IKEBench.ueAddress, to: IKEBench.haAddress, at: $1, &$2) }
    bench.run(for: .seconds(2000))
    let own = try #require(bench.ueEstablished.first, "\(bench.ueEvents)")
    let peers = try #require(bench.haEstablished.first { $0.spis == own.spis })
    #expect(own.keys == peers.keys)
    let child = try #require(bench.ue.children(handle).first)
    let responder = own.spis.responder
    #expect(bench.ha.children(responder).first?.inbound == child.outbound)

    for _ in 0..<3 {
      bench.asUE { $0.request(handle, at: $1, &$2) }
      bench.asHA { $0.request(responder, at: $1, &$2) }
    }
    bench.asUE { $0.createChild(handle, IKEBench.ueChild, replacing: child.inboundSPI, at: $1, &$2) }
    bench.run(for: .seconds(2000))
    #expect(bench.ue.children(handle).count == 1 && bench.ha.children(responder).count == 1)
    #expect(bench.ue.children(handle).first?.inboundSPI == bench.ha.children(responder).first?.outboundSPI)
    // Each request was taken once, whatever came twice.
    let requests = bench.haEvents.filter { if case .requested(responder, Exchange.informational, _) = $0 { true } else { false } }
    #expect(requests.count == 4)

    if seed % 2 == 0 { bench.asUE { $0.delete(handle, at: $1, &$2) } }
    if seed % 2 == 1 || seed % 4 == 0 { bench.asHA { $0.delete(responder, at: $1, &$2) } }
    bench.run(for: .seconds(2000))
    #expect(!bench.ue.isEstablished(handle) && !bench.ha.isEstablished(responder))
    #expect(bench.ueEvents.closures.allSatisfy { $0 == .deleted || $0 == .deletedByPeer }, "\(bench.ueEvents.closures)")
  }

  @Test("the same seeds give the same octets")
  func determinism() {
    func sent() -> [IKEDatagram] {
      let bench = IKEExchangeTests.withChild()
      bench.loss = 0.3
      bench.duplication = 0.3
      let handle = bench.attach()
      bench.asUE { $0.delete(handle, at: $1, &$2) }
      bench.run(for: .seconds(100))
      return bench.sent
    }
    #expect(sent() == sent())
  }

  @Test("octets of any kind from anybody change no SA, and trap nothing")
  func hostile() {
    let bench = IKEExchangeTests.withChild()
    let handle = bench.attach()
    let responder = bench.haHandle
    bench.asUE { $0.createChild(handle, IKEBench.ueChild, at: $1, &$2) }
    bench.run(for: .seconds(5))
    let corpus = bench.sent
    var generator = Generator(state: 9)
    var output = IKEOutput()
    for round in 0..<3000 {
      var datagram = corpus[round % corpus.count]
      for _ in 0..<Int.random(in: 1...5, using: &generator) {
        let index = Int.random(in: 0..<datagram.payload.count, using: &generator)
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: datagram.payload.insert(UInt8.random(in: 0...255, using: &generator), at: index)
        case 1: datagram.payload.remove(at: index)
        case 2: datagram.payload.removeLast(datagram.payload.count - index - 1)
        default: datagram.payload[index] = UInt8.random(in: 0...255, using: &generator)
        }
        if datagram.payload.isEmpty { datagram.payload = [1] }
      }
      // The length repaired half of the time: else most would end there.
      if round % 2 == 0, datagram.payload.count >= 28 {
        let count = UInt16(truncatingIfNeeded: datagram.payload.count)
        datagram.payload.replaceSubrange(24..<28, with: [0, 0, UInt8(count >> 8), UInt8(truncatingIfNeeded: count)])
      }
      let now = Instant(nanoseconds: Int64(round) * 1_000_000_000)
      bench.ha.receive(datagram, at: now, &output)
      bench.ue.receive(datagram, at: now, &output)
      if round % 16 == 0 {
        bench.ha.wake(at: now, &output)
        output = IKEOutput()
      }
    }
    #expect(bench.ha.isEstablished(responder) && bench.ue.isEstablished(handle))
    #expect(bench.ha.children(responder).count == 2)
    // Half-open SAs do not stay.
    bench.ha.wake(at: Instant(nanoseconds: 7_000_000_000_000), &output)
    bench.ha.wake(at: Instant(nanoseconds: 8_000_000_000_000), &output)
    #expect(bench.ha.associations.count == 1)
  }
}
