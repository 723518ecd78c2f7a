import Link
import Security
import Testing
import Wire

/// IKE SAs that were rehearsed once come about again, octet for octet, and what goes on behind them is the endpoints' own.
@Suite struct IKERehearsalTests {
  private static let homeAgent = IPv6Address("2001:db8:1::1") ?? .unspecified
  private static let careOf = IPv6Address("2001:db8:2::2") ?? .unspecified
  private static let home = IPv6Address("2001:db8:a::1") ?? .unspecified

  /// A mobile node and its Home Agent, and the datagrams that passed between them.
  private struct Ends {
    var mobileNode: BindingProtection
    var homeAgent: BindingProtection
    var datagrams: [IKEDatagram] = []
    var now = Instant(nanoseconds: 5_000_000_000)

    init?(_ rehearsal: IKERehearsal?, seed: UInt64) {
      let homes = (0..<9).map { home.advanced(by: $0) }
      let (agent, careOf) = (IKERehearsalTests.homeAgent, careOf)
      guard
        let mobileNode = BindingProtection(
          .mobileNode, .lab, homeAgent: agent, own: careOf, homes: homes, rehearsal, generator: SeededGenerator(seed: seed)),
        let homeAgent = BindingProtection(
          .homeAgent, .lab, homeAgent: agent, own: agent, homes: homes, rehearsal, generator: SeededGenerator(seed: seed ^ 0xff))
      else { return nil }
      (self.mobileNode, self.homeAgent) = (mobileNode, homeAgent)
    }

    mutating func establish(_ home: IPv6Address) {
      var output = IKEOutput()
      mobileNode.establish(home, from: careOf, to: IKERehearsalTests.homeAgent, at: now, &output)
      exchange(output.datagrams)
    }

    mutating func release(_ home: IPv6Address) {
      var output = IKEOutput()
      mobileNode.release(home, at: now, &output)
      exchange(output.datagrams)
    }

    /// What one end sent, and everything that comes of it.
    private mutating func exchange(_ first: [IKEDatagram]) {
      var waiting = first
      while !waiting.isEmpty {
        let datagram = waiting.removeFirst()
        datagrams.append(datagram)
        now = now + .milliseconds(1)
        var output = IKEOutput()
        if datagram.destination.host == .ipv6(IKERehearsalTests.homeAgent) {
          _ = homeAgent.receive(datagram, at: now, &output)
        } else {
          _ = mobileNode.receive(datagram, at: now, &output)
        }
        waiting += output.datagrams
      }
    }
  }

  private static func rehearsed() throws -> (rehearsal: IKERehearsal, ends: Ends) {
    let rehearsal = IKERehearsal()
    var ends = try #require(Ends(rehearsal, seed: 1))
    ends.establish(home)
    return (rehearsal.finished, ends)
  }

  @Test func theSameDatagramsAndKeysComeAgain() throws {
    let (rehearsal, first) = try Self.rehearsed()
    var again = try #require(Ends(rehearsal, seed: 2))
    again.now = again.now + .seconds(77)
    again.establish(Self.home)
    #expect(first.datagrams.count == 4)
    #expect(again.datagrams == first.datagrams)
    #expect(again.mobileNode.covers(Self.home) && again.homeAgent.covers(Self.home))
    #expect(again.mobileNode.tables.ikeTable == first.mobileNode.tables.ikeTable)
    #expect(again.homeAgent.tables.espTable == first.homeAgent.tables.espTable)
    // Nothing is sent again, 77 seconds later as then.
    #expect(again.mobileNode.nextDeadline == .distantFuture && again.homeAgent.nextDeadline == .distantFuture)
  }

  @Test func whatWasSealedByOneIsOpenedByTheOther() throws {
    let (rehearsal, _) = try Self.rehearsed()
    var ends = try #require(Ends(rehearsal, seed: 2))
    ends.establish(Self.home)
    let update = Packet([
      .ethernet(from: MACAddress(1), to: MACAddress(2)), .ipv6(from: Self.careOf, to: Self.homeAgent), .homeAddress(Self.home),
      .message(.bu, .rfc5846, [(.buSequence, 7)]),
    ])
    let sealed = try #require(ends.mobileNode.seal(update).packet).encoded()
    var dissection = Dissection()
    #expect(ends.homeAgent.opened(sealed.span, with: Decoder(dialect: .rfc5846), into: &dissection) != nil)
    #expect(dissection.layer(.bu) != nil)
    // The DELETE is no part of the rehearsal, and the keys go all the same.
    ends.release(Self.home)
    #expect(!ends.mobileNode.covers(Self.home) && !ends.homeAgent.covers(Self.home))
    #expect(ends.datagrams.count == 6)
  }

  @Test func whatWasNotRehearsedIsNegotiatedWithOtherKeys() throws {
    let (rehearsal, first) = try Self.rehearsed()
    var ends = try #require(Ends(rehearsal, seed: 2))
    ends.establish(Self.home)
    ends.release(Self.home)
    ends.establish(Self.home)
    ends.establish(Self.home.advanced(by: 1))
    #expect(ends.mobileNode.covers(Self.home) && ends.homeAgent.covers(Self.home))
    #expect(ends.mobileNode.covers(Self.home.advanced(by: 1)) && ends.homeAgent.covers(Self.home.advanced(by: 1)))
    let lines = ends.mobileNode.tables.ikeTable.split(separator: "\n")
    #expect(lines.count == 3 && Set(lines).count == 3)
    #expect(first.mobileNode.tables.ikeTable == lines[0] + "\n")
  }

  /// A copy of a request that has been answered is no new beginning.
  @Test func aCopyGetsTheAnswerThatThereWas() throws {
    let (rehearsal, _) = try Self.rehearsed()
    var ends = try #require(Ends(rehearsal, seed: 2))
    ends.establish(Self.home)
    var output = IKEOutput()
    _ = ends.homeAgent.receive(ends.datagrams[2], at: ends.now, &output)
    #expect(output.datagrams == [ends.datagrams[3]])
    #expect(ends.homeAgent.tables.count == 3)
  }
}
