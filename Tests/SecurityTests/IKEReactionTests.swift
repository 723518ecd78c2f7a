import Link
import Testing
import Wire

@testable import Security

/// What an endpoint does with INFORMATIONAL requests, right ones and wrong ones: 1.5 and the rows of section 5 of the protocol's facts.
@Suite("IKEv2 reactions")
struct IKEReactionTests {
  /// A bench with an IKE SA and a Child SA.
  private struct Scene {
    let bench = IKEExchangeTests.withChild()
    var ue: UInt64 = 0
    var ha: UInt64 = 0

    init() {
      ue = bench.attach()
      ha = bench.haHandle
      bench.sent = []
      bench.ueEvents = []
      bench.haEvents = []
    }

    /// The UE sends a request; how the HA answered: the payloads inside, nil for silence.
    func ask(_ payloads: [Packet.Option], exchange: UInt8 = Exchange.informational, _ change: IKERequestChange? = nil) -> [Packet.Option]? {
      bench.asUE { $0.request(ue, exchange: exchange, payloads, change: change, at: $1, &$2) }
      bench.run(for: .milliseconds(500))
      for event in bench.ueEvents.reversed() { if case .answered(_, _, _, let payloads) = event { return payloads } }
      return nil
    }

    var isAlive: Bool { bench.ha.isEstablished(ha) }
  }

  @Test("an empty request gets an empty answer")
  func liveness() {
    let scene = Scene()
    #expect(scene.ask([])?.isEmpty == true)
    #expect(scene.isAlive)
  }

  @Test("behind a DELETE a question is answered by nobody but one who has taken the SA back", arguments: [false, true])
  func questionBehindTheEnd(isTakenBack: Bool) {
    let scene = Scene()
    scene.bench.asUE { $0.delete(scene.ue, at: $1, &$2) }
    scene.bench.run(for: .seconds(1))
    if isTakenBack { scene.bench.asHA { endpoint, _, _ in endpoint.reopen(scene.ha) } }
    (scene.bench.sent, scene.bench.haEvents) = ([], [])
    scene.bench.asUE { $0.ask(scene.ue, at: $1, &$2) }
    scene.bench.run(for: .seconds(1))
    #expect(scene.bench.sent.count == (isTakenBack ? 2 : 1))
    #expect(scene.bench.haEvents.contains { if case .requested = $0 { true } else { false } } == isTakenBack)
  }

  @Test("DELETE of the IKE SA is answered empty, and takes the Child SAs along")
  func deleteIKE() {
    let scene = Scene()
    scene.bench.asUE { $0.delete(scene.ue, at: $1, &$2) }
    scene.bench.run(for: .seconds(1))
    #expect(scene.bench.haEvents.closures == [.deletedByPeer] && scene.bench.ueEvents.closures == [.deleted])
    #expect(scene.bench.haEvents.contains { if case .childClosed(_, _, byPeer: true) = $0 { true } else { false } })
    #expect(scene.bench.ha.children(scene.ha).isEmpty)
    // Nothing more is answered on the old SPIs.
    let count = scene.bench.sent.count
    #expect(count == 2)
  }

  @Test("DELETE of an ESP SA is answered with the other half; of one that is not there, without")
  func deleteESP() throws {
    let scene = Scene()
    let child = try #require(scene.bench.ue.children(scene.ue).first)
    scene.bench.asUE { $0.deleteChild(scene.ue, inboundSPI: child.inboundSPI, at: $1, &$2) }
    scene.bench.run(for: .seconds(1))
    #expect(scene.bench.haEvents.deletions == [[child.inboundSPI]])
    #expect(scene.bench.ha.children(scene.ha).isEmpty && scene.bench.ue.children(scene.ue).isEmpty && scene.isAlive)
    var answer: [Packet.Option]?
    for event in scene.bench.ueEvents { if case .answered(_, _, _, let payloads) = event { answer = payloads } }
    #expect(answer?.first?.value(.deleteProtocol) == 3 && answer?.first?.data == [UInt8](bigEndian: child.outboundSPI))
    #expect(scene.ask([.deleteESP([0xdead_beef])])?.isEmpty == true)
    #expect(scene.isAlive)
  }

  @Test("crossing DELETEs of the same Child SA do not name it in their answers")
  func crossingESP() throws {
    let scene = Scene()
    let own = try #require(scene.bench.ue.children(scene.ue).first)
    scene.bench.asUE { $0.deleteChild(scene.ue, inboundSPI: own.inboundSPI, at: $1, &$2) }
    scene.bench.asHA { $0.deleteChild(scene.ha, inboundSPI: own.outboundSPI, at: $1, &$2) }
    scene.bench.run(for: .seconds(2))
    for events in [scene.bench.ueEvents, scene.bench.haEvents] {
      for event in events { if case .answered(_, _, _, let payloads) = event { #expect(payloads.isEmpty) } }
      #expect(events.filter { if case .childClosed = $0 { true } else { false } }.count == 1)
    }
    #expect(scene.bench.sent.count == 4 && scene.isAlive)
  }

  @Test("crossing DELETEs of the IKE SA are both answered, and end it once on each side")
  func crossingIKE() {
    let scene = Scene()
    scene.bench.asUE { $0.delete(scene.ue, at: $1, &$2) }
    scene.bench.asHA { $0.delete(scene.ha, at: $1, &$2) }
    scene.bench.run(for: .seconds(10))
    #expect(scene.bench.ueEvents.closures.count == 1 && scene.bench.haEvents.closures.count == 1)
    #expect(scene.bench.sent.count == 4)
  }

  @Test(
    "a Delete payload that contradicts itself is INVALID_SYNTAX, and fatal",
    arguments: [
      Packet.Option(.delete, [(.deleteProtocol, 3), (.deleteSPISize, 4), (.deleteCount, 2)], data: [1, 2, 3, 4]),
      Packet.Option(.delete, [(.deleteProtocol, 3), (.deleteSPISize, 8), (.deleteCount, 1)], data: [1, 2, 3, 4, 5, 6, 7, 8]),
      Packet.Option(.delete, [(.deleteProtocol, 1), (.deleteSPISize, 8), (.deleteCount, 1)], data: []),
    ])
  func contradiction(_ payload: Packet.Option) {
    let scene = Scene()
    let answer = scene.ask([payload])
    #expect(answer?.notifications.map(\.type) == [NotifyType.invalidSyntax])
    #expect(scene.bench.haEvents.closures == [.malformed] && !scene.isAlive)
  }

  @Test("DELETE of the IKE SA with an SPI is one all the same; of another protocol nothing is deleted")
  func oddDeletes() {
    let scene = Scene()
    for protocolID: UInt128 in [0, 2, 4, 255] {
      #expect(scene.ask([Packet.Option(.delete, [(.deleteProtocol, protocolID)])])?.isEmpty == true)
      #expect(scene.isAlive, "\(protocolID)")
    }
    let answer = scene.ask([
      Packet.Option(.delete, [(.deleteProtocol, 1), (.deleteSPISize, 8), (.deleteCount, 1)], data: [1, 2, 3, 4, 5, 6, 7, 8])
    ])
    #expect(answer?.isEmpty == true)
    #expect(scene.bench.haEvents.closures == [.deletedByPeer])
  }

  @Test("a payload that nobody knows is skipped; a critical one is named, and nothing of the rest is done")
  func unknownPayload() {
    let scene = Scene()
    var strange = Packet.Option(.unknownPayload, data: [1, 2, 3])
    strange.announced = 200
    #expect(scene.ask([strange])?.isEmpty == true)
    strange.values.append((path: .unknownPayloadCritical, value: 1))
    let answer = scene.ask([strange, .deleteIKE])
    #expect(answer?.notification(NotifyType.unsupportedCriticalPayload)?.data.elementsEqual([200]) == true)
    #expect(scene.isAlive && scene.bench.haEvents.deletions.isEmpty)
  }

  @Test("payloads that run past their end are INVALID_SYNTAX, and fatal")
  func overrun() {
    let scene = Scene()
    let answer = scene.ask([Packet.Option(.delete, [(.deleteProtocol, 1), (FieldPath(.delete, "length") ?? .deleteProtocol, 200)])])
    #expect(answer?.notifications.map(\.type) == [NotifyType.invalidSyntax])
    #expect(scene.bench.haEvents.closures == [.malformed])
  }

  @Test("a wrong check value, other keys, and no seal at all are met with silence, and harm nothing")
  func unprotected() {
    var scene = Scene()
    #expect(scene.ask([.deleteIKE]) { $0.seal.icv = [UInt8](repeating: 0, count: 16) } == nil)
    #expect(scene.bench.haEvents.discards == [.sealed(.integrity)] && scene.isAlive)
    scene = Scene()
    #expect(scene.ask([.deleteIKE]) { $0.key = IKESealTests.suites[1] } == nil)
    #expect(scene.bench.haEvents.discards.count == 1 && scene.isAlive)
    scene = Scene()
    #expect(scene.ask([.deleteIKE]) { $0.isSealed = false } == nil)
    #expect(scene.bench.haEvents.discards == [.unprotected] && scene.isAlive)
  }

  @Test("padding longer than a block, with odd values, is accepted")
  func padding() {
    let scene = Scene()
    #expect(scene.ask([]) { $0.seal.padding = counting(16 * 3 - 1, from: 0x77) }?.isEmpty == true)
  }

  @Test("a pad length that says more than there is, is INVALID_SYNTAX behind a right check value")
  func padLength() {
    let scene = Scene()
    #expect(scene.ask([]) { $0.seal.padLength = 255 }?.notifications.map(\.type) == [NotifyType.invalidSyntax])
  }

  @Test("Message IDs that are old or ahead, lengths and SPIs that are wrong get no answer")
  func outside() {
    var scene = Scene()
    #expect(scene.ask([.deleteIKE]) { $0.id = 7 } == nil)
    #expect(scene.bench.haEvents.discards == [.outsideWindow] && scene.isAlive)
    scene = Scene()
    #expect(scene.ask([.deleteIKE]) { $0.header = [(path: .ikeLength, value: 28)] } == nil)
    #expect(scene.bench.haEvents.discards == [.noMessage] && scene.isAlive)
    scene = Scene()
    #expect(scene.ask([.deleteIKE]) { $0.header = [(path: .ikeI, value: 0)] } == nil)
    #expect(scene.isAlive && scene.bench.haEvents.deletions.isEmpty)
    scene = Scene()
    #expect(scene.ask([.deleteIKE]) { $0.header = [(path: .ikeR, value: 1)] } == nil)
    #expect(scene.bench.haEvents.discards == [.unsolicitedResponse] && scene.isAlive)
    scene = Scene()
    #expect(scene.ask([], exchange: 99) == nil)
    #expect(scene.bench.haEvents.discards == [.exchange(99)] && scene.isAlive)
  }

  @Test("an SA that does not exist: INVALID_IKE_SPI with the same SPIs and Message ID, once a second; to a response nothing")
  func unknownSPIs() throws {
    let scene = Scene()
    #expect(scene.ask([]) { $0.header = [(path: .ikeResponderSPI, value: 99)] } == nil)
    let answer = try #require(IKEMessage(scene.bench.sent[1].payload))
    #expect(answer.isResponse && answer.spis.responder == 99 && answer.id == 2 && answer.error == NotifyType.invalidIKESPI)
    // An unprotected notification changes nothing.
    #expect(scene.bench.ue.isEstablished(scene.ue))
    var output = IKEOutput()
    var copy = scene.bench.sent[0]
    copy.payload[16] = 46
    scene.bench.ha.receive(copy, at: scene.bench.now, &output)
    #expect(output.datagrams.isEmpty)
    copy.payload[19] |= 0x20
    scene.bench.ha.receive(copy, at: scene.bench.now + .seconds(5), &output)
    #expect(output.datagrams.isEmpty)
  }

  @Test("a higher major version is told so; a lower one, a keepalive, ESP and too few octets are dropped")
  func versions() throws {
    let bench = IKEBench()
    var output = IKEOutput()
    var bytes = IKESealTests.k1
    bytes[17] = 0x30
    bench.ha.receive(IKEDatagram(from: IKEBench.ueAddress, to: IKEBench.haAddress, payload: bytes), at: bench.now, &output)
    let answer = try #require(output.datagrams.first.flatMap { IKEMessage($0.payload) })
    #expect(answer.version == 0x20 && answer.error == NotifyType.invalidMajorVersion && answer.isResponse && answer.id == 2)
    output = IKEOutput()
    bytes[17] = 0x10
    var natted = (IKEBench.ueAddress, IKEBench.haAddress)
    natted.0.port = 4500
    natted.1.port = 4500
    for (payload, isNatted) in [
      (bytes, false), ([], false), ([0xff], true), ([0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 1], true), ([0, 0, 0, 0], true),
    ] {
      let (from, to) = isNatted ? natted : (IKEBench.ueAddress, IKEBench.haAddress)
      bench.ha.receive(IKEDatagram(from: from, to: to, payload: payload), at: bench.now + .seconds(9), &output)
    }
    #expect(output.datagrams.isEmpty && output.events.discards == [.version(0x10), .noMessage, .noMessage, .noMessage, .noMessage])
  }

  @Test("a request that comes again gets the same octets again, also when the SA is gone by then")
  func copies() {
    let scene = Scene()
    scene.bench.asUE { $0.delete(scene.ue, at: $1, &$2) }
    scene.bench.run(for: .seconds(1))
    let (request, answer) = (scene.bench.sent[0], scene.bench.sent[1])
    var output = IKEOutput()
    scene.bench.ha.receive(request, at: scene.bench.now, &output)
    #expect(output.datagrams == [answer])
    // Once it is forgotten, nobody knows the SA.
    scene.bench.run(for: .seconds(60))
    output = IKEOutput()
    scene.bench.asHA { $0.wake(at: $1 + .seconds(60), &$2) }
    scene.bench.ha.receive(request, at: scene.bench.now + .seconds(60), &output)
    #expect(output.events.discards.count == 1 && output.datagrams != [answer])
  }

  @Test("a request is sent again with the same octets, each wait twice the one before, until it is given up")
  func retransmission() {
    var ue = IKEBench.ue()
    ue.retransmission = IKERetransmission(first: .seconds(1), copies: 4)
    let bench = IKEBench(ue)
    let handle = bench.attach()
    bench.sent = []
    bench.drops = { _ in true }
    var times: [Instant] = []
    bench.asUE { $0.request(handle, at: $1, &$2) }
    let start = bench.now
    while bench.ueEvents.closures.isEmpty {
      let before = bench.sent.count
      let next = bench.ue.nextDeadline
      bench.run(for: next - bench.now)
      if bench.sent.count > before { times.append(bench.now) }
    }
    #expect(times.map { ($0 - start).seconds } == [1, 3, 7, 15])
    #expect(Set(bench.sent).count == 1 && bench.sent.count == 5)
    #expect(bench.ueEvents.closures == [.unanswered(exchange: Exchange.informational)])
    #expect((bench.now - start).seconds == 31)
  }

  @Test("one request at a time: the next waits for the answer, and takes the next Message ID")
  func window() {
    let scene = Scene()
    scene.bench.asUE { endpoint, now, output in
      endpoint.request(scene.ue, at: now, &output)
      endpoint.request(scene.ue, at: now, &output)
      endpoint.delete(scene.ue, at: now, &output)
    }
    #expect(scene.bench.sent.count == 1)
    scene.bench.run(for: .seconds(1))
    let requests = scene.bench.sent.compactMap { IKEMessage($0.payload) }.filter { !$0.isResponse }
    #expect(requests.map(\.id) == [2, 3, 4])
    #expect(scene.bench.ueEvents.closures == [.deleted])
  }

  @Test("both sides count for themselves: the responder's first request is number 0")
  func counters() {
    let scene = Scene()
    scene.bench.asHA { $0.request(scene.ha, at: $1, &$2) }
    scene.bench.run(for: .seconds(1))
    #expect(scene.bench.sent.compactMap { IKEMessage($0.payload) }.map(\.id) == [0, 0])
    #expect(scene.bench.haEvents.contains { if case .answered(_, _, 0, _) = $0 { true } else { false } })
  }

  @Test("a request from another address is answered there, and the peer is found there from then on")
  func moving() {
    let scene = Scene()
    scene.bench.changes = { if $0.source == IKEBench.ueAddress { $0.source.port = 50_000 } }
    scene.bench.asUE { $0.request(scene.ue, at: $1, &$2) }
    scene.bench.run(for: .milliseconds(100))
    #expect(scene.bench.sent.last?.destination.port == 50_000)
    scene.bench.asHA { $0.request(scene.ha, at: $1, &$2) }
    #expect(scene.bench.sent.last?.destination.port == 50_000)
  }

  @Test("a UE behind a NAT keeps its mapping alive, one octet without a marker, until the SA is gone")
  func keepAlive() {
    let bench = IKEBench()
    bench.changes = { datagram in
      if datagram.source.host == IKEBench.ueAddress.host { datagram.source.port = datagram.source.port == 500 ? 61_000 : 61_001 }
      if datagram.destination.port == 61_000 { datagram.destination.port = 500 }
      if datagram.destination.port == 61_001 { datagram.destination.port = 4500 }
    }
    let handle = bench.attach()
    bench.sent = []
    bench.run(for: .seconds(61))
    #expect(bench.sent.count == 3 && bench.sent.allSatisfy { $0.payload == [0xff] && $0.source.host == IKEBench.ueAddress.host })
    bench.asUE { $0.delete(handle, at: $1, &$2) }
    bench.run(for: .seconds(5))
    bench.sent = []
    bench.run(for: .seconds(100))
    #expect(bench.sent.isEmpty && bench.ueEvents.closures == [.deleted])
  }

  @Test("many IKE SAs on one endpoint: each has its own keys, and all are forgotten in the end")
  func many() {
    var ue = IKEBench.ue()
    ue.retransmission = IKERetransmission(first: .seconds(30), copies: 2)
    let bench = IKEBench(ue, IKEBench.ha())
    let count = 300
    var handles: [UInt64] = []
    for _ in 0..<count { bench.asUE { handles.append($0.initiate(from: IKEBench.ueAddress, to: IKEBench.haAddress, at: $1, &$2)) } }
    bench.run(for: .seconds(20))
    #expect(bench.haEstablished.count == count && Set(bench.ueEstablished.map(\.keys.d)).count == count)
    bench.asUE { endpoint, now, output in for handle in handles { endpoint.delete(handle, at: now, &output) } }
    bench.run(for: .seconds(500))
    #expect(bench.ha.associations.isEmpty && bench.ue.associations.isEmpty && bench.ue.nextDeadline == .distantFuture)
  }
}
