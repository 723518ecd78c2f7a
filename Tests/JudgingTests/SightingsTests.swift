import Judging
import Testing
import Wire

/// What a capture of others shows twice is judged once, and nothing else is.
@Suite struct SightingsTests {
  private func judged(_ frames: [(packet: Packet, time: Instant)], role: Role? = nil) throws -> (count: Int, repeated: Int) {
    var stream = try Stream("- { rule: r, when: { message: bri, from: ha }, must: { HA-shall: { bri.p: 0 } } }", role: role)
    for frame in frames { stream.see(frame.packet, at: frame.time) }
    return (stream.tally("HA-shall").reduce(0, +), stream.judge.repeatedFrames)
  }

  private func behindRouter(_ packet: Packet) -> Packet {
    var copy = packet
    copy.set(.ipv6HopLimit, (packet.chosen(.ipv6HopLimit) ?? 64) - 1)
    return copy
  }

  @Test func aMirroredPort() throws {
    #expect(try judged([(bri(7), ms(0)), (bri(7), ms(0) + .microseconds(999))]) == (1, 1))
    #expect(try judged([(bri(7), ms(0)), (bri(7), ms(1))]) == (2, 0))
    #expect(try judged([(bri(7), ms(0)), (bri(8), ms(0) + .microseconds(1))]) == (2, 0))
  }

  @Test func bothSidesOfARouter() throws {
    #expect(try judged([(bri(7), ms(0)), (behindRouter(bri(7)), ms(99))]) == (1, 1))
    #expect(try judged([(bri(7), ms(0)), (behindRouter(bri(7)), ms(100))]) == (2, 0))
  }

  /// The tester knows what it captured.
  @Test func aRunOfOurOwn() throws {
    #expect(try judged([(bri(7), ms(0)), (bri(7), ms(0))], role: .ha) == (2, 0))
  }
}
