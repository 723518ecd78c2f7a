import Conformance
import Judging
import Link
import Nodes
import Testing
import Wire

@testable import Fuzzing

struct CampaignTests {
  /// The reference node breaks nothing, and no case has to be run a second time to see that.
  @Test(arguments: Side.all)
  func cleanNode(side: Side) throws {
    let summary = try side.campaign(count: 3_000).run()
    #expect(summary.end == .finished)
    #expect(summary.cases == 3_000 && summary.answered + summary.silent == 3_000 && summary.nextIndex == 3_000)
    #expect(summary.findings.isEmpty && summary.unconfirmed == 0)
    #expect(summary.answered > 1_000 && summary.silent > 1_000 && summary.controls >= 3_000 / 16)
    // RFC-less figures of the link: 100 µs each way, and never less than 20 ms of silence.
    #expect(summary.roundTrip == 200_000 && summary.silenceWait == 20_000_000)
  }

  struct Planted: Sendable, CustomTestStringConvertible {
    var role: Role
    var defect: String
    var requirement: [String: String]
    var field: String
    var testDescription: String { "\(role.rawValue) \(defect)" }

    init(_ role: Role, _ defect: String, _ field: String, _ requirement: String) {
      self.init(role, defect, field, ["ts24303-0.4.1": requirement, "rfc5846": requirement])
    }

    init(_ role: Role, _ defect: String, _ field: String, _ requirement: [String: String]) {
      self.role = role
      self.defect = defect
      self.field = field
      self.requirement = requirement
    }
  }

  /// What the sentence says that each defect breaks, and the field that shows it.
  static let planted: [Planted] = [
    Planted(.ue, "reserved-not-ignored", "bri.reserved", "BR01-5.1-02"),
    Planted(.ue, "unknown-option-not-skipped", "mh.options", "BR01-5.1-03"),
    Planted(.ue, "bad-checksum-accepted", "mh.checksum", "M-01a"),
    Planted(.ue, "unknown-type-unanswered", "mh.type", "M-01b"),
    Planted(.ue, "payload-proto-ignored", "mh.payload-proto", "M-01c"),
    Planted(.ue, "header-length-ignored", "mh.header-len", "M-01e"),
    Planted(.ue, "p-bit-accepted", "bri.p", "BR01-10.1-04"),
    Planted(.ue, "v-bit-ignored", "bri.v", ["rfc5846": "R5846-10-01a"]),
    Planted(.ue, "routing-header-unchecked", "rh2.segments-left", ["rfc5846": "M-05"]),
    Planted(.ha, "reserved-not-ignored", "bu.reserved", "24303-5.4.3.2-02"),
    Planted(.ha, "unknown-option-not-skipped", "mh.options", "24303-5.4.3.2-02"),
    Planted(.ha, "bad-checksum-accepted", "mh.checksum", "M-01a"),
    Planted(.ha, "unknown-type-unanswered", "mh.type", "M-01b"),
    Planted(.ha, "payload-proto-ignored", "mh.payload-proto", "M-01c"),
    Planted(.ha, "header-length-ignored", "mh.header-len", "M-01e"),
    Planted(.ha, "sequence-window-ignored", "bu.sequence", "M-08b"),
    Planted(.ha, "registration-type-ignored", "bu.h", "M-09"),
    // Option type 4 is Nonce Indices (RFC 6275 6.2.6).
    Planted(.ha, "nonce-indices-accepted", "alternate-care-of-address.option-type", "M-10a"),
  ]

  /// Each parser defect is found within 300 cases, blamed on its sentence, and seen again by its number alone.
  @Test(arguments: planted, ["ts24303-0.4.1", "rfc5846"])
  func plantedDefect(planted: Planted, profile: String) throws {
    guard let requirement = planted.requirement[profile] else { return }
    let side = try Side.of(planted.role, profile)
    let campaign = try side.campaign([planted.defect], count: 300, homes: 32)
    var captured: [[FuzzFrame]] = []
    campaign.found = { captured.append($1) }
    let summary = try campaign.run()
    #expect(captured.count == summary.findings.count)
    let finding = try #require(
      summary.findings.first { $0.finding.requirement == requirement && $0.fields.contains(planted.field) },
      "\(summary.findings.map { ($0.finding.requirement, $0.fields) })")
    #expect(finding.finding.verdict == .fail && finding.finding.role == planted.role)
    #expect(finding.command == "detachspec replay \(side.plan.id):\(finding.index):1 --role \(planted.role.rawValue) --profile \(profile)")
    #expect(captured.contains { frames in frames.contains { hexadecimal($0.bytes.dropFirst(14)) == finding.packet } })

    let replay = try side.campaign([planted.defect], count: 0, homes: 1).replay(finding.index)
    #expect(replay.verdict == .fail && replay.mutations == finding.mutations)
    #expect(replay.findings.contains { $0.finding.requirement == requirement && $0.finding.rule == finding.finding.rule })
    let clean = try side.campaign(count: 0, homes: 1).replay(finding.index)
    #expect(clean.verdict == .pass && clean.findings.isEmpty && clean.mutations == finding.mutations)
  }

  private func hexadecimal(_ octets: ArraySlice<UInt8>) -> String {
    octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// What is lost on the way is no finding.
  @Test(arguments: Side.all)
  func lossyLink(side: Side) throws {
    let campaign = try side.campaign(count: 300) { network in
      var impairment = Impairment()
      impairment.loss = 0.01
      network.impair(port: 0, .toStations, impairment)
      network.impair(port: 0, .toTester, impairment)
    }
    let summary = try campaign.run()
    #expect(summary.end == .finished && summary.cases == 300)
    #expect(summary.findings.isEmpty && summary.unconfirmed > 0)
  }

  /// Nor is what comes late: it is held against its own case, not against the next one on the same home address.
  @Test(arguments: Side.all)
  func lateAnswers(side: Side) throws {
    let campaign = try side.campaign(count: 300, homes: 32) { network in
      var impairment = Impairment()
      impairment.reordering = 0.05
      impairment.reorderingDelay = .milliseconds(45)
      network.impair(port: 0, .toTester, impairment)
    }
    let summary = try campaign.run()
    #expect(summary.end == .finished && summary.cases == 300)
    #expect(summary.findings.isEmpty)
  }

  /// A device that dies ends the campaign, with the cases that were under way.
  @Test(arguments: Side.all)
  func deadDevice(side: Side) throws {
    let node = try side.node(homes: 64)
    let network = SimulatedNetwork(portCount: node.role == .ha ? 2 : 1, allowing: nil)
    let index = network.attach(Mortal(station: node.station(), left: 1_500), to: node.role == .ha ? [0, 1] : [0])
    let hooks = ImmediateHooks { network.command($0.controlLine(for: $1), toStation: index) }
    var options = Campaign.Options()
    options.count = 5_000
    let campaign = try Campaign(network: network, setup: side.setup(node), suite: suite, plan: side.plan, options: options, hooks: hooks)
    let summary = try campaign.run()
    #expect(summary.end == .deviceSilent)
    #expect(summary.cases < 1_500)
    let finding = try #require(summary.findings.last)
    #expect(finding.lastCases?.isEmpty == false && finding.index == -1)
    #expect(finding.finding.verdict == .fail)
  }

  /// Without a valid message that is answered, nothing is judged.
  @Test func controlsFirst() throws {
    let silent = try Side.of(.ue, "rfc5846").campaign(["bra-not-sent"], count: 10)
    #expect { try silent.run() } throws: { "\($0)".contains("the valid message is not answered") && "\($0)".contains("5 s") }
    let refusing = try Side.of(.ha, "rfc5846").campaign(["ba-bad-status"], count: 10)
    #expect { try refusing.run() } throws: { "\($0)".contains("status 128") }
    let unreachable = try Side.of(.ue, "rfc5846").campaign(count: 10) { network in
      var impairment = Impairment()
      impairment.loss = 1
      network.impair(port: 0, .toTester, impairment)
    }
    #expect { try unreachable.run() } throws: { "\($0)".contains("no home address is registered") }
  }

  @Test func cancelling() throws {
    let campaign = try Side.of(.ha, "rfc5846").campaign(count: 100_000, homes: 64)
    var asked = 0
    campaign.isCancelled = {
      asked += 1
      return asked > 50
    }
    let summary = try campaign.run()
    #expect(summary.end == .cancelled && summary.cases < 100_000 && summary.nextIndex >= summary.cases)
  }

  /// A campaign goes on where another ended, ends with the plan's list, and with its time.
  @Test func whereItEnds() throws {
    let side = try Side.of(.ha, "rfc5846")
    let count = try side.campaign(count: 0, homes: 1).caseCount
    let tail = try side.campaign(count: 100, homes: 32, first: count - 3).run()
    #expect(tail.end == .finished && tail.cases == 3 && tail.nextIndex == count)
    let brief = try side.campaign(count: .max, homes: 32, duration: .milliseconds(1)).run()
    #expect(brief.end == .finished && brief.cases == brief.nextIndex && brief.cases < 10_000)
    let next = try side.campaign(count: 50, homes: 32, first: brief.nextIndex).run()
    #expect(next.nextIndex == brief.nextIndex + 50)
  }

  @Test func replayOfAnUnknownNumber() throws {
    let campaign = try Side.of(.ue, "rfc5846").campaign(count: 0, homes: 1)
    #expect(throws: FuzzError.index(campaign.caseCount, count: campaign.caseCount)) { try campaign.replay(campaign.caseCount) }
  }
}

/// A station that hears nothing any more after some frames.
private struct Mortal: Station {
  var station: any Station
  var left: Int

  mutating func receive(_ frame: Span<UInt8>, on port: Int, at now: Instant, _ outbox: inout Outbox) {
    left -= 1
    if left > 0 { station.receive(frame, on: port, at: now, &outbox) }
  }

  mutating func wake(at now: Instant, _ outbox: inout Outbox) {
    if left > 0 { station.wake(at: now, &outbox) }
  }

  var nextDeadline: Instant { left > 0 ? station.nextDeadline : .distantFuture }

  mutating func command(_ line: String, at now: Instant, _ outbox: inout Outbox) -> String {
    left > 0 ? station.command(line, at: now, &outbox) : "error dead"
  }
}
