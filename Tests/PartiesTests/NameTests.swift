import Link
import Parties
import Testing
import Wire

@Suite("DNS server of the access network")
struct NameTests {
  static let names: [String: [IPv6Address]] = AccessScene.configuration.names ?? [:]

  static func answer(_ query: [UInt8]) -> [UInt8]? { DNSMessage.answer(to: query, names) }
  /// The response code, and how many answers.
  static func outcome(_ query: [UInt8]) -> [UInt8]? { answer(query).map { [$0[3] & 15, $0[7]] } }

  @Test("A and AAAA, octet by octet as RFC 1035 4.1 and RFC 3596 2 draw them")
  func addresses() {
    let question = octets("02 6861 07 6578616d706c65 00")
    #expect(
      Self.answer(AccessScene.query("ha.example", type: 1))
        == octets("1234 8580 0001 0001 0000 0000") + question + octets("0001 0001 c00c 0001 0001 0000003c 0004 c0000201"))
    #expect(
      Self.answer(AccessScene.query("ha.example", type: 28))
        == octets("1234 8580 0001 0001 0000 0000") + question
        + octets("001c 0001 c00c 001c 0001 0000003c 0010 20010db8000a00000000000000000001"))
    // The question's own letters come back (RFC 4343).
    let shouted = AccessScene.query("Ha.eXample", type: 1)
    #expect(Self.outcome(shouted) == [0, 1] && Self.answer(shouted)?[12..<24] == shouted[12..<24])
    #expect(Self.outcome(AccessScene.query("ha.example", type: 255)) == [0, 2])
  }

  @Test("no such name: NXDOMAIN; no such type of a name that there is: no answer and no error")
  func others() {
    #expect(Self.outcome(AccessScene.query("other.example", type: 1)) == [3, 0])
    #expect(Self.outcome(AccessScene.query("example", type: 1)) == [3, 0])
    #expect(Self.outcome(AccessScene.query("", type: 2)) == [3, 0])
    #expect(Self.outcome(AccessScene.query("only4.example", type: 28)) == [0, 0])
    #expect(Self.outcome(AccessScene.query("ha.example", type: 15)) == [0, 0])
    #expect(Self.outcome(AccessScene.query("ha.example", type: 1, class: 3)) == [5, 0])
    // One label of eleven octets, a dot among them, is another name than two labels.
    var dotted = AccessScene.query("ha-example", type: 1)
    dotted[15] = 0x2e
    #expect(dotted[13...22].elementsEqual("ha.example".utf8) && Self.outcome(dotted) == [3, 0])
  }

  @Test("what is no query of one question is refused or left alone")
  func malformed() {
    let good = AccessScene.query("ha.example", type: 1)
    func changed(_ offset: Int, _ value: UInt8) -> [UInt8] {
      var query = good
      query[offset] = value
      return query
    }
    #expect(Self.answer(changed(2, 0x81)) == nil, "an answer")
    #expect(Self.answer(Array(good.prefix(11))) == nil && Self.answer([]) == nil)
    #expect(Self.outcome(changed(2, 0x29)) == [4, 0], "an update")
    #expect(Self.outcome(changed(5, 0)) == [1, 0] && Self.outcome(changed(5, 2)) == [1, 0] && Self.outcome(changed(4, 1)) == [1, 0])
    #expect(Self.outcome(changed(12, 0xc0)) == [1, 0], "a pointer")
    #expect(Self.outcome(changed(12, 63)) == [1, 0] && Self.outcome(Array(good.dropLast())) == [1, 0])
    // 254 octets of labels and the root are the longest name; one more is none.
    func long(_ last: Int) -> [UInt8] {
      let label = [63] + [UInt8](repeating: 97, count: 63)
      return Array(good.prefix(12)) + label + label + label + [UInt8(last)] + [UInt8](repeating: 97, count: last) + [0, 0, 1, 0, 1]
    }
    #expect(Self.outcome(long(61)) == [3, 0] && Self.outcome(long(62)) == [1, 0])
  }

  @Test("more answers than 512 octets hold are cut, and say so")
  func long() throws {
    let many = (0..<40).map { address("2001:db8:a::").advanced(by: $0) }
    let answer = try #require(DNSMessage.answer(to: AccessScene.query("many.example", type: 28), ["many.example": many]))
    #expect(answer.count <= 512 && answer[2] & 2 == 2 && Int(answer[7]) == (512 - 12 - 18) / 28)
  }

  @Test("over both families, from the network's own address to where the query came from; to nobody else")
  func frames() throws {
    var scene = AccessScene()
    let query = AccessScene.query("ha.example", type: 28)
    let six = Seen(try #require(scene.receive(AccessScene.frame(query: query)).first))
    #expect(six.dissection.isSound && six[.ipv6Source] == address("2001:db8:b::1").value)
    #expect(six[.ipv6Destination] == address("2001:db8:b::ff:fe00:200").value && six["udp.destination-port"] == 40_000)
    #expect(six.payload == Self.answer(query) && six[.ethernetDestination] == UInt128(AccessScene.client.value))
    let four = Seen(try #require(scene.receive(AccessScene.frame(query: query, isIPv6: false)).first))
    #expect(four.dissection.isSound && four["ipv4.destination"] == UInt128(ipv4("10.99.0.2").value) && four.payload == Self.answer(query))
    for source in ["2001:db8:dead::1", "2001:db8:b::1", "ff02::1", "::"] {
      #expect(scene.receive(AccessScene.frame(query: query, source: source)).isEmpty, "\(source)")
    }
    for source in ["10.99.0.1", "10.99.0.7", "0.0.0.0"] {
      #expect(scene.receive(AccessScene.frame(query: query, isIPv6: false, source: source)).isEmpty, "\(source)")
    }
    var silent = AccessScene(.init(prefix: AccessScene.configuration.prefix))
    #expect(silent.receive(AccessScene.frame(query: query)).isEmpty, "no names, no server")
  }
}
