import Link
import Parties
import Testing
import Wire

@Suite("DHCPv4 server of the access network")
struct LeaseTests {
  static func message(_ kind: DHCPMessage.Kind, _ change: (inout DHCPMessage) -> Void = { _ in }) -> DHCPMessage {
    var message = DHCPMessage(kind, isRequest: true, transaction: 0xdead_beef, hardware: AccessScene.client)
    change(&message)
    return message
  }

  static func request(server: String? = "10.99.0.1", wants: String? = "10.99.0.2", _ change: (inout DHCPMessage) -> Void = { _ in })
    -> DHCPMessage
  {
    message(.request) {
      if let server { $0.add(DHCPMessage.Option.serverIdentifier, ipv4(server).value) }
      if let wants { $0.add(DHCPMessage.Option.requestedAddress, ipv4(wants).value) }
      change(&$0)
    }
  }

  /// The answer to a message, read again.
  static func answer(_ scene: inout AccessScene, _ message: DHCPMessage, from source: String = "0.0.0.0") -> DHCPMessage? {
    let frames = scene.receive(AccessScene.frame(message, from: source))
    #expect(frames.count <= 1)
    return frames.first.flatMap { DHCPMessage(Seen($0).payload) }
  }

  @Test("DISCOVER gets an OFFER, octet by octet as RFC 2131 2 and RFC 2132 draw it")
  func offer() throws {
    var scene = AccessScene()
    let frames = scene.receive(AccessScene.frame(Self.message(.discover)))
    let seen = Seen(try #require(frames.first))
    #expect(seen.dissection.isSound && seen[.ethernetDestination] == UInt128(AccessScene.client.value))
    #expect(seen["ipv4.source"] == UInt128(ipv4("10.99.0.1").value) && seen["ipv4.destination"] == UInt128(ipv4("10.99.0.2").value))
    #expect(seen["udp.source-port"] == 67 && seen["udp.destination-port"] == 68)
    var expected = octets("02010600 deadbeef 0000 0000 00000000 0a630002 00000000 00000000 020000000200 00000000000000000000")
    expected += [UInt8](repeating: 0, count: 192) + octets("63825363")
    expected += octets("350102 36040a630001 330400000e10 0104ffffff00 03040a630001 06040a630001 ff")
    expected += [UInt8](repeating: 0, count: 300 - expected.count)
    #expect(seen.payload == expected)
  }

  @Test("REQUEST after an offer, after a restart, and to renew: ACK; for another address: NAK; to another server: silence")
  func requests() throws {
    var scene = AccessScene()
    #expect(Self.answer(&scene, Self.message(.discover))?.kind == .offer)
    #expect(Self.answer(&scene, Self.request(server: "10.99.0.9")) == nil)
    let ack = try #require(Self.answer(&scene, Self.request()))
    #expect(ack.kind == .ack && ack.yourAddress == ipv4("10.99.0.2") && ack.address(1) == ipv4("255.255.255.0"))
    #expect(ack.address(3) == ipv4("10.99.0.1") && ack.address(6) == ipv4("10.99.0.1") && ack.address(51)?.value == 3600)
    #expect(Self.answer(&scene, Self.request(server: nil))?.kind == .ack, "INIT-REBOOT")
    let renewal = Self.request(server: nil, wants: nil) { $0.clientAddress = ipv4("10.99.0.2") }
    let renewed = scene.receive(AccessScene.frame(renewal, from: "10.99.0.2"))
    #expect(renewed.first.flatMap { DHCPMessage(Seen($0).payload) }?.kind == .ack)
    #expect(renewed.first.map { Seen($0)["ipv4.destination"] } == UInt128(ipv4("10.99.0.2").value))
    for wrong in [Self.request(server: nil, wants: "10.98.0.7"), Self.request(wants: "10.99.0.3"), Self.request(wants: nil)] {
      let frames = scene.receive(AccessScene.frame(wrong))
      #expect(frames.first.flatMap { DHCPMessage(Seen($0).payload) }?.kind == .nak)
      #expect(frames.first.map { Seen($0)["ipv4.destination"] } == UInt128(UInt32.max), "a NAK is broadcast (RFC 2131 4.3.2)")
    }
  }

  @Test("a client that asks for broadcast gets it")
  func broadcast() {
    var scene = AccessScene()
    let frames = scene.receive(AccessScene.frame(Self.message(.discover) { $0.isBroadcast = true }))
    let seen = frames.first.map(Seen.init)
    #expect(seen?["ipv4.destination"] == UInt128(UInt32.max) && seen?[.ethernetDestination] == UInt128(MACAddress.broadcast.value))
    #expect(seen.flatMap { DHCPMessage($0.payload) }?.isBroadcast == true)
  }

  @Test("one address: a second client has to wait until it was given back, was declined, or the hour is over")
  func oneAddress() {
    let other = MACAddress(0x0200_0000_0999)
    var scene = AccessScene()
    #expect(Self.answer(&scene, Self.request())?.kind == .ack)
    var stranger = Self.message(.discover)
    stranger.hardware = other
    #expect(Self.answer(&scene, stranger) == nil)
    var greedy = Self.request()
    greedy.hardware = other
    #expect(Self.answer(&scene, greedy)?.kind == .nak)
    var forged = Self.message(.release)
    forged.hardware = other
    #expect(Self.answer(&scene, forged) == nil && Self.answer(&scene, stranger) == nil, "another's release changes nothing")
    for end in [DHCPMessage.Kind.release, .decline] {
      #expect(Self.answer(&scene, Self.message(end)) == nil)
      #expect(Self.answer(&scene, stranger)?.kind == .offer)
      #expect(Self.answer(&scene, Self.request())?.kind == .ack, "an offer holds nothing")
    }
    scene.run(for: .seconds(3599))
    #expect(Self.answer(&scene, stranger) == nil)
    scene.run(for: .seconds(1))
    #expect(Self.answer(&scene, stranger)?.kind == .offer)
  }

  @Test("INFORM is told the rest, without a lease")
  func inform() throws {
    var scene = AccessScene()
    let inform = Self.message(.inform) { $0.clientAddress = ipv4("10.99.0.2") }
    let ack = try #require(Self.answer(&scene, inform, from: "10.99.0.2"))
    #expect(ack.kind == .ack && ack.yourAddress.value == 0 && ack.address(51) == nil && ack.address(3) == ipv4("10.99.0.1"))
    #expect(Self.answer(&scene, Self.message(.inform) { $0.clientAddress = ipv4("10.99.0.7") }) == nil)
  }

  @Test("what is no client's request gets nothing: answers, relays, other hardware, no magic, options that run over")
  func nothing() {
    var scene = AccessScene()
    var messages = [Self.message(.offer), Self.message(.ack), Self.message(.nak)].map(\.octets)
    messages.append(Self.message(.discover) { $0.isRequest = false }.octets)
    messages.append(Self.message(.discover) { $0.relay = ipv4("10.99.0.9") }.octets)
    let good = Self.message(.discover).octets
    for (offset, value): (Int, UInt8) in [(0, 3), (1, 6), (2, 7), (236, 98), (241, 2), (242, 9), (242, 0), (241, 0)] {
      var wrong = good
      wrong[offset] = value
      messages.append(wrong)
    }
    messages += [Array(good.prefix(239)), Array(good.prefix(241)), Array(good.prefix(242)), []]
    for message in messages {
      let frame = Packet(
        [.ethernet(from: AccessScene.client, to: .broadcast), .ipv4(from: IPv4Address(0), to: .broadcast), .udp(from: 68, to: 67)],
        payload: message
      ).encoded()
      #expect(scene.receive(frame).isEmpty, "\(message.prefix(8)), \(message.count) octets")
    }
    #expect(Self.answer(&scene, Self.message(.discover))?.kind == .offer, "the control")
    var none = AccessScene(.init(prefix: AccessScene.configuration.prefix))
    #expect(Self.answer(&none, Self.message(.discover)) == nil, "no lease, no server")
  }

  @Test("the server is the first host that is not the lease; subnets without room are none")
  func subnets() {
    #expect(IPv4Lease(ipv4("10.99.0.2"), length: 24)?.server == ipv4("10.99.0.1"))
    #expect(IPv4Lease(ipv4("10.99.0.1"), length: 24)?.server == ipv4("10.99.0.2"))
    #expect(IPv4Lease(ipv4("10.99.0.1"), length: 30)?.server == ipv4("10.99.0.2"))
    for (text, length) in [("10.99.0.0", 24), ("10.99.0.255", 24), ("10.99.0.1", 31), ("10.99.0.1", 7), ("10.99.0.1", -1)] {
      #expect(IPv4Lease(ipv4(text), length: length) == nil, "\(text)/\(length)")
    }
  }
}
