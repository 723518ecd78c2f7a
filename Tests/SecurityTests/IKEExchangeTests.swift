import Link
import Testing
import Wire

@testable import Security

@Suite("IKEv2 exchanges")
struct IKEExchangeTests {
  // MARK: IKE_SA_INIT

  @Test("a responder that asks for it gets its cookie back, in front of an otherwise equal message")
  func cookie() throws {
    var ha = IKEBench.ha()
    ha.asksForCookie = true
    let bench = IKEBench(IKEBench.ue(), ha)
    _ = bench.attach()
    #expect(bench.ueEstablished.count == 1 && bench.haEstablished.count == 1)
    let first = try #require(IKEMessage(bench.sent[0].payload))
    let asked = try #require(IKEMessage(bench.sent[1].payload))
    let again = try #require(IKEMessage(bench.sent[2].payload))
    #expect(asked.spis.responder == 0 && asked.payloads.count == 1 && asked.notification(NotifyType.cookie) != nil)
    #expect(again.payloads.first?.kind == .notify && again.payloads.dropFirst().map(\.data) == first.payloads.map(\.data))
    #expect(first.id == 0 && again.id == 0)
  }

  @Test("a cookie of somebody else's is none")
  func wrongCookie() {
    var ha = IKEBench.ha()
    ha.asksForCookie = true
    var ue = IKEBench.ue()
    ue.retransmission = IKERetransmission(first: .seconds(1), copies: 1)
    ue.alter = { outgoing in
      guard outgoing.exchange == Exchange.initial, outgoing.payloads.first?.kind == .notify else { return }
      outgoing.payloads[0].data = [1, 2, 3]
    }
    let bench = IKEBench(ue, ha)
    _ = bench.attach()
    #expect(bench.haEstablished.isEmpty && bench.ue.associations.values.allSatisfy { $0.phase != .established })
    // Nothing is kept of such an initiator.
    #expect(bench.ha.associations.isEmpty)
  }

  @Test("a group that the responder does not take is replaced by the one that it names")
  func invalidKE() throws {
    let both = IKEProposal([.aesCBC(keyBits: 128)], [.hmacSHA1_96], [.hmacSHA1], [.modp1024, .ecp256])
    let one = IKEProposal([.aesCBC(keyBits: 128)], [.hmacSHA1_96], [.hmacSHA1], [.ecp256])
    let bench = IKEBench(IKEBench.ue([both]), IKEBench.ha([one]))
    _ = bench.attach()
    #expect(bench.ueEstablished.first?.group == .ecp256)
    let answer = try #require(IKEMessage(bench.sent[1].payload))
    #expect(answer.notification(NotifyType.invalidKEPayload)?.data.elementsEqual([0, 19]) == true)
  }

  @Test("a public value that no honest peer sends is INVALID_SYNTAX, and leaves nothing behind")
  func smallOrder() throws {
    var ue = IKEBench.ue()
    ue.alter = { outgoing in
      guard let place = outgoing.payloads.firstIndex(where: { $0.kind == .ke }) else { return }
      outgoing.payloads[place].data = [UInt8](repeating: 0, count: 32)
    }
    let bench = IKEBench(ue)
    _ = bench.attach()
    #expect(bench.ueEvents.closures == [.refused(notify: NotifyType.invalidSyntax)])
    #expect(bench.ha.associations.isEmpty)
    let bench2 = IKEExchangeTests.withChild()
    let handle = bench2.attach()
    bench2.ue.associations[handle]?.configuration.alter = ue.alter
    bench2.asUE { $0.rekey(handle, at: $1, &$2) }
    bench2.run(for: .seconds(3))
    #expect(bench2.ueEvents.contains { if case .childRefused(handle, NotifyType.invalidSyntax) = $0 { true } else { false } })
    #expect(bench2.ue.isEstablished(handle) && bench2.ha.children(bench2.haHandle).count == 1)
  }

  @Test("a responder that always wants another cookie is given up")
  func cookies() {
    let bench = IKEBench()
    let handle = {
      var handle: UInt64 = 0
      bench.asUE { handle = $0.initiate(from: IKEBench.ueAddress, to: IKEBench.haAddress, at: $1, &$2) }
      return handle
    }()
    bench.flights = []
    for round: UInt8 in 0..<20 {
      guard let request = bench.sent.last.flatMap({ IKEMessage($0.payload) }), bench.ueEvents.closures.isEmpty else { break }
      let answer = IKEDatagram(
        from: IKEBench.haAddress, to: IKEBench.ueAddress, payload: request.answer([.notify(NotifyType.cookie, [round])]))
      bench.asUE { $0.receive(answer, at: $1, &$2) }
    }
    #expect(bench.ueEvents.closures == [.malformed] && bench.sent.count == 5)
    #expect(!bench.ue.isEstablished(handle))
  }

  @Test("of several proposals the first that both take; of none NO_PROPOSAL_CHOSEN")
  func proposals() {
    let triple = IKEProposal([.tripleDES], [.hmacSHA1_96], [.hmacSHA1], [.modp1024])
    let modern = IKEProposal([.aesGCM16(keyBits: 256)], [], [.hmacSHA2_256], [.curve25519])
    var bench = IKEBench(IKEBench.ue([triple, modern]), IKEBench.ha([modern]))
    _ = bench.attach()
    #expect(bench.ueEstablished.first?.algorithms.encryption == .aesGCM16(keyBits: 256))
    bench = IKEBench(IKEBench.ue([triple]), IKEBench.ha([modern]))
    _ = bench.attach()
    #expect(bench.ueEvents.closures == [.refused(notify: NotifyType.noProposalChosen)])
    #expect(bench.ha.associations.isEmpty)
  }

  @Test("a translated address moves both to port 4500, behind the marker; always and never do what they say")
  func traversal() {
    var bench = IKEBench()
    // Somebody on the way gives the UE another port.
    bench.changes = { datagram in
      if datagram.source.host == IKEBench.ueAddress.host, datagram.source.port == 500 { datagram.source.port = 61_000 }
      if datagram.destination.host == IKEBench.ueAddress.host, datagram.destination.port == 61_000 { datagram.destination.port = 500 }
    }
    _ = bench.attach()
    #expect(bench.ueEstablished.first?.remote.port == 4500)
    #expect(bench.sent[2].payload.prefix(4) == [0, 0, 0, 0] && bench.sent[2].destination.port == 4500)

    var configuration = IKEBench.ue()
    configuration.traversal = .always
    bench = IKEBench(configuration)
    _ = bench.attach()
    #expect(bench.haEstablished.first?.local.port == 4500 && bench.ueEstablished.count == 1)

    configuration.traversal = .never
    bench = IKEBench(configuration)
    _ = bench.attach()
    #expect(bench.ueEstablished.first?.remote.port == 500)
    #expect(bench.sent.allSatisfy { $0.destination.port == 500 })
    bench = IKEBench()
    _ = bench.attach()
    #expect(bench.ueEstablished.first?.remote.port == 500)
  }

  // MARK: IKE_AUTH

  @Test("a wrong secret is refused by the responder, a wrong responder by the initiator")
  func secrets() {
    var ue = IKEBench.ue()
    ue.credential = .sharedKey([1])
    var bench = IKEBench(ue)
    _ = bench.attach()
    #expect(bench.haEvents.closures == [.authenticationFailed])
    #expect(bench.ueEvents.closures == [.refused(notify: NotifyType.authenticationFailed)])

    var ha = IKEBench.ha()
    ha.credential = .sharedKey([1])
    bench = IKEBench(IKEBench.ue(), ha)
    _ = bench.attach()
    #expect(bench.ueEvents.closures == [.authenticationFailed] && bench.ueEstablished.isEmpty)
    // It is told (RFC 7296 2.21.2).
    #expect(bench.haEvents.notified == [NotifyType.authenticationFailed])
    #expect(bench.haEvents.closures == [.refused(notify: NotifyType.authenticationFailed)])
  }

  @Test("who is not expected is refused")
  func identities() {
    var ue = IKEBench.ue()
    ue.identity = .mailAddress("0001010123456789@nai.epc.mnc001.mcc001.3gppnetwork.org")
    var bench = IKEBench(ue)
    _ = bench.attach()
    #expect(bench.haEvents.closures == [.authenticationFailed])
    var ha = IKEBench.ha()
    ha.peerIdentity = nil
    bench = IKEBench(ue, ha)
    _ = bench.attach()
    #expect(bench.haEstablished.first?.peerIdentity == ue.identity)
  }

  @Test("an initiator that falls silent is forgotten")
  func abandoned() {
    let bench = IKEBench()
    bench.drops = { IKEMessage($0.payload)?.exchange == Exchange.authentication }
    bench.asUE { _ = $0.initiate(from: IKEBench.ueAddress, to: IKEBench.haAddress, at: $1, &$2) }
    bench.run()
    #expect(bench.haEvents.closures == [.abandoned])
    #expect(bench.ueEvents.closures == [.unanswered(exchange: Exchange.authentication)])
    #expect(bench.ha.associations.isEmpty && bench.ue.associations.isEmpty)
  }

  // MARK: Child SAs and configuration

  static func withChild() -> IKEBench {
    var ue = IKEBench.ue()
    ue.child = IKEBench.ueChild
    var ha = IKEBench.ha()
    ha.child = IKEBench.haChild
    return IKEBench(ue, ha)
  }

  @Test("a Child SA in transport mode for the Mobility Header comes with IKE_AUTH, its keys crosswise the same")
  func child() throws {
    let bench = Self.withChild()
    _ = bench.attach()
    let own = try #require(bench.ueEvents.children.first)
    let peers = try #require(bench.haEvents.children.first)
    #expect(own.isTransportMode && peers.isTransportMode)
    #expect(own.inboundSPI == peers.outboundSPI && own.outboundSPI == peers.inboundSPI)
    #expect(own.inbound == peers.outbound && own.outbound == peers.inbound && own.inbound != own.outbound)
    #expect(own.local == [.mobility(IKEBench.home)] && own.remote == [.mobility(IKEBench.haAddress.host)])
    #expect(peers.local == own.remote && peers.remote == own.local)
  }

  @Test("selectors are narrowed to what both have, by MH type in the upper half of the ports")
  func narrowing() throws {
    var ha = IKEBench.ha()
    ha.child = IKEBench.haChild
    ha.child?.remote = [.mobility(IKEBench.home, type: 5), .mobility(IKEBench.home, type: 16)]
    var ue = IKEBench.ue()
    ue.child = IKEBench.ueChild
    var bench = IKEBench(ue, ha)
    _ = bench.attach()
    let own = try #require(bench.ueEvents.children.first)
    #expect(own.local.map(\.startPort) == [0x0500, 0x1000] && own.local.map(\.endPort) == [0x0500, 0x1000])

    ha.child?.remote = [.mobility(.ipv6(IPv6Address(1)))]
    bench = IKEBench(ue, ha)
    let handle = bench.attach()
    #expect(bench.ueEvents.children.isEmpty && bench.ueEstablished.count == 1)
    #expect(bench.ueEvents.contains { if case .childRefused(handle, NotifyType.tsUnacceptable) = $0 { true } else { false } })
  }

  @Test("tunnel mode where one side does not want transport mode; no Child SA where the responder has none")
  func modes() {
    var ue = IKEBench.ue()
    ue.child = IKEBench.ueChild
    ue.child?.usesTransportMode = false
    var ha = IKEBench.ha()
    ha.child = IKEBench.haChild
    var bench = IKEBench(ue, ha)
    _ = bench.attach()
    #expect(bench.ueEvents.children.map(\.isTransportMode) == [false])
    bench = IKEBench(ue)
    _ = bench.attach()
    #expect(bench.ueEstablished.count == 1 && bench.ueEvents.children.isEmpty)
  }

  @Test("home addresses and prefixes are assigned, each initiator the next; what was not asked for is not given")
  func configuration() throws {
    var ue = IKEBench.ue()
    ue.attributes = [.address(IPv6Address?.none), .homePrefix(nil), .address(IPv4Address?.none)]
    var ha = IKEBench.ha()
    let first = try #require(IPv6Address("2001:db8:a::1000"))
    let prefix = try #require(IPv6Address("2001:db8:a::"))
    ha.attributes = [.address(first), .homePrefix(prefix, lifetime: 3600), .address(IPv4Address(0xc000_02fe))]
    let bench = IKEBench(ue, ha)
    _ = bench.attach()
    let one = try #require(bench.ueEstablished.first)
    #expect(one.attributes == ha.attributes)
    #expect(one.attributes[0].value == first.octets + [64])
    #expect(one.attributes[1].value == [0, 0, 0x0e, 0x10] + prefix.octets + [64])
    ue.attributes = [.address(IPv6Address?.none)]
    _ = bench.attach(ue)
    let two = try #require(bench.ueEstablished.last)
    #expect(two.attributes == [.address(first.advanced(by: 1))])
  }

  // MARK: CREATE_CHILD_SA

  @Test("another Child SA, with and without its own exchange of keys, by either side", arguments: [[], [DiffieHellmanGroup.ecp256]])
  func another(_ groups: [DiffieHellmanGroup]) throws {
    let bench = Self.withChild()
    let handle = bench.attach()
    var more = IKEBench.ueChild
    more.proposals[0].groups = groups
    // The responder's own Child SAs name the groups that it takes.
    var ha = IKEBench.ha()
    ha.child = IKEBench.haChild
    ha.child?.proposals[0].groups = [.ecp256]
    bench.ha.associations[bench.haHandle]?.configuration = ha
    bench.asUE { $0.createChild(handle, more, at: $1, &$2) }
    bench.run(for: .seconds(5))
    var back = IKEBench.haChild
    back.proposals[0].groups = groups
    bench.ue.associations[handle]?.configuration.child?.proposals[0].groups = [.ecp256]
    bench.asHA { $0.createChild(bench.haHandle, back, at: $1, &$2) }
    bench.run(for: .seconds(5))
    let (own, peers) = (bench.ueEvents.children, bench.haEvents.children)
    #expect(own.count == 3 && peers.count == 3)
    for (one, other) in zip(own, peers) { #expect(one.inbound == other.outbound && one.outbound == other.inbound) }
    #expect(Set(own.map(\.inbound.encryptionKey)).count == 3)
  }

  @Test("a Child SA is replaced: the new one lives, the old one is deleted")
  func rekeyChild() throws {
    let bench = Self.withChild()
    let handle = bench.attach()
    let old = try #require(bench.ue.children(handle).first)
    bench.asUE { $0.createChild(handle, IKEBench.ueChild, replacing: old.inboundSPI, at: $1, &$2) }
    bench.run(for: .seconds(5))
    #expect(bench.ue.children(handle).count == 1 && bench.ha.children(bench.haHandle).count == 1)
    #expect(bench.ue.children(handle).first?.inboundSPI == bench.ha.children(bench.haHandle).first?.outboundSPI)
    #expect(bench.ue.children(handle).first?.inboundSPI != old.inboundSPI)
    // One that does not exist cannot be replaced.
    bench.asUE { $0.createChild(handle, IKEBench.ueChild, replacing: 4711, at: $1, &$2) }
    bench.run(for: .seconds(5))
    #expect(bench.ueEvents.contains { if case .childRefused(handle, NotifyType.childSANotFound) = $0 { true } else { false } })
  }

  @Test("an IKE SA is replaced by either side, takes its Child SAs along, and goes on", arguments: [true, false])
  func rekeyIKE(_ byInitiator: Bool) throws {
    let bench = Self.withChild()
    let handle = bench.attach()
    let old = bench.haHandle
    if byInitiator { bench.asUE { $0.rekey(handle, at: $1, &$2) } } else { bench.asHA { $0.rekey(old, at: $1, &$2) } }
    bench.run(for: .seconds(5))
    let own = try #require(bench.ueEstablished.last)
    let peers = try #require(bench.haEstablished.last)
    #expect(bench.ueEstablished.count == 2 && own.keys == peers.keys && own.spis == peers.spis)
    #expect(own.isInitiator == byInitiator && peers.isInitiator == !byInitiator)
    let new = byInitiator ? own.spis.initiator : own.spis.responder
    #expect(bench.ue.children(new).count == 1 && bench.ue.children(handle).isEmpty)
    #expect(bench.ueEvents.closures == [byInitiator ? .deleted : .deletedByPeer])
    // Counting begins anew, and the roles are those of whoever replaced it.
    bench.asUE { $0.request(new, at: $1, &$2) }
    bench.run(for: .seconds(5))
    #expect(bench.ueEvents.contains { if case .answered(new, Exchange.informational, 0, _) = $0 { true } else { false } })
    bench.asHA { $0.delete(byInitiator ? own.spis.responder : own.spis.initiator, at: $1, &$2) }
    bench.run(for: .seconds(5))
    #expect(bench.ueEvents.closures.last == .deletedByPeer)
  }
}
