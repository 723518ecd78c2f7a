import Testing
import Wire

@testable import Nodes

/// What the nodes send, octet by octet, against packets that another hand drew from the documents' figures.
struct VectorTests {
  static let p1 =
    "6000000000283c4020010db8000a0000000000000000000120010db8000b00000000000000000002870201020000c91020010db8000a00000000000000000077"
    + "3b01100043f112340140000001020000"
  static let p2 =
    "6000000000282b4020010db8000a0000000000000000000120010db8000b00000000000000000002870202010000000020010db8000a00000000000000000077"
    + "3b011000443201011234000001020000"
  static let p3 =
    "6000000000283c4020010db8000b0000000000000000000220010db8000a00000000000000000001870201020000c91020010db8000a00000000000000000077"
    + "3b011000453312340000000001020000"
  static let p4 =
    "6000000000283c4020010db8000b0000000000000000000220010db8000a00000000000000000001870201020000c91020010db8000a00000000000000000077"
    + "3b011000433302001234000001020000"
  static let p5 =
    "6000000000383c4020010db8000b0000000000000000000220010db8000a00000000000000000001870201020000c91020010db8000a00000000000000000077"
    + "3b03050060d900a7d00000000100031020010db8000b00000000000000000002"
  static let p9 =
    "600000000018874020010db8000b0000000000000000000220010db8000a00000000000000000001"
    + "3b0207005fd4020000000000000000000000000000000000"

  @Test(arguments: [(Dialect.draft01, p1), (.rfc5846, p2)])
  func indication(dialect: Dialect, expected: String) {
    let bench = Bench(homeAgent: dialect)
    bench.register()
    _ = bench.drain()
    bench.node.nextSequence = 0x1234
    #expect(bench.command("revoke \(home)") == "ok")
    #expect(bench.only()?.packet == octets(expected))
  }

  @Test(arguments: [(Dialect.draft01, p1, p3), (.rfc5846, p2, p4)])
  func acknowledgement(dialect: Dialect, indication: String, expected: String) {
    let bench = Bench(userEquipment: dialect)
    bench.register()
    bench.send(hex: indication)
    #expect(bench.only()?.packet == octets(expected))
  }

  @Test(arguments: Dialect.allCases)
  func deregistration(dialect: Dialect) {
    let bench = Bench(userEquipment: dialect)
    bench.node.histories[home, default: History()].updateSequence = 0xa5
    bench.register()
    #expect(bench.command("detach \(home)") == "ok")
    #expect(bench.only()?.packet == octets(Self.p5))
  }

  /// P5 arrives at the Home Agent; its BA is P6 but for K, which a Home Agent without IKE leaves clear.
  @Test(arguments: Dialect.allCases)
  func answerToDeregistration(dialect: Dialect) {
    let bench = Bench(homeAgent: dialect)
    bench.register(0xa6)
    _ = bench.drain()
    bench.send(hex: Self.p5)
    // Without K the word of status and flags is 0x80 smaller, so that P6's checksum 6040 becomes 60c0.
    let expected =
      "6000000000282b4020010db8000a0000000000000000000120010db8000b00000000000000000002870202010000000020010db8000a00000000000000000077"
      + "3b01060060c0000000a7000001020000"
    #expect(bench.only()?.packet == octets(expected))
  }

  @Test(arguments: Dialect.allCases)
  func bindingError(dialect: Dialect) {
    let bench = Bench(userEquipment: dialect)
    bench.send(Packet([.ipv6(from: homeAgent, to: careOf), .message(.mh, dialect, [(.mhType, 200)])], payload: [0, 0]))
    #expect(bench.only()?.packet == octets(Self.p9))
  }
}
