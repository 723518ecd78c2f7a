package import Wire

/// What the judge used and the wire does not show, written into the capture in time order (link type USER0, JSON text).
package struct Event: Sendable, Codable, Equatable {
  package enum Kind: String, Sendable, Codable {
    /// The first of a capture: who judged what by which suite.
    case run
    case caseBegin = "case-begin"
    case caseEnd = "case-end"
    /// A case that the device's description rules out.
    case caseSkipped = "case-skipped"
    /// A hook is being asked; `name` says which.
    case hook
    /// It returned; what must follow is due from now on. With `error` it failed, and nothing must.
    case hookReturned = "hook-returned"
    /// A probe's stimulus is about to be sent; `name` says which.
    case probe
    /// The tester's frame with this digest is about `home`.
    case stimulus
    /// The IKE SA with the initiator's SPI `spi` is that of `home`, where no message says so.
    case association = "ike-sa"
    /// The capture lost `count` frames.
    case drops
    /// The last of a capture: everything up to here was read, so that what was still watched for then is the same for whoever judges it.
    case runEnd = "run-end"
    /// What a step waits for, for people.
    case awaiting = "await"
    /// How a BU(0) that was aimed at a BRI met it, for people.
    case race
  }

  package var event: Kind
  package var testCase: String?
  package var attempt: Int?
  package var homes: [HomeAddress]?
  package var home: HomeAddress?
  package var name: String?
  package var altered: Bool?
  /// Of the frame behind its Ethernet header: FNV-1a of 64 bits, in hexadecimal.
  package var digest: String?
  /// Of an IKE SA's initiator, in hexadecimal.
  package var spi: String?
  package var count: UInt64?
  /// Why the case is inconclusive or the tester failed, whatever the rules say; or a text for people.
  package var inconclusive: String?
  package var error: String?
  package var text: String?
  /// The attempt does not count: another one follows.
  package var superseded: Bool?
  package var run: RunDescription?

  package init(_ event: Kind) { self.event = event }

  enum CodingKeys: String, CodingKey {
    case event
    case testCase = "case"
    case attempt, homes, home, name, altered, digest, spi, count, inconclusive, error, text, superseded, run
  }
}

/// An address in an event: text in the file, and no text where nobody writes one.
package struct HomeAddress: Sendable, Codable, Hashable, CustomStringConvertible {
  package var address: IPv6Address

  package init(_ address: IPv6Address) { self.address = address }

  package init(from decoder: any Swift.Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    // What is no address names nothing.
    address = IPv6Address(text) ?? .unspecified
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  /// The unspecified address is nobody's.
  package var named: IPv6Address? { address == .unspecified ? nil : address }

  package var description: String { address.description }
}

/// What a capture of our own was judged with.
package struct RunDescription: Sendable, Codable, Equatable {
  package var tool: String
  /// The suite's digest.
  package var suite: String
  /// The device's role.
  package var role: Role
  package var profile: String
  package var homeAgents: [String]
  package var ics: [String: Bool]
  /// In nanoseconds, by the names that windows have.
  package var timers: [String: Int64]
  package var maximumRetries: Int

  package init(tool: String, suite: String, role: Role, profile: String, homeAgents: [String], ics: [String: Bool], timers: Timers) {
    self.tool = tool
    self.suite = suite
    self.role = role
    self.profile = profile
    self.homeAgents = homeAgents
    self.ics = ics
    self.timers = timers.named
    maximumRetries = timers.maximumRetries
  }

  enum CodingKeys: String, CodingKey {
    case tool, suite, role, profile
    case homeAgents = "home-agents"
    case ics, timers
    case maximumRetries = "bri-max-retries"
  }
}

extension Timers {
  /// The adjustable lengths by name, in nanoseconds.
  package var named: [String: Int64] {
    [
      "guard-time": guardTime.nanoseconds, "trigger-time": triggerTime.nanoseconds, "probe-time": probeTime.nanoseconds,
      "grace": grace.nanoseconds,
      "tolerance": tolerance.nanoseconds, "init-min-delay-bris": initialDelay.nanoseconds, "minimum-delay-bris": minimumDelay.nanoseconds,
      "max-brack-timeout": maximumDelay.nanoseconds, "doubles": doubles ? 1 : 0,
    ]
  }

  /// Takes lengths by name; unknown names are passed over.
  package mutating func take(_ lengths: [String: Int64], maximumRetries retries: Int? = nil) {
    func set(_ name: String, _ value: inout Interval) {
      if let length = lengths[name] { value = Interval(nanoseconds: length) }
    }
    set("guard-time", &guardTime)
    set("trigger-time", &triggerTime)
    set("probe-time", &probeTime)
    set("grace", &grace)
    set("tolerance", &tolerance)
    set("init-min-delay-bris", &initialDelay)
    set("minimum-delay-bris", &minimumDelay)
    set("max-brack-timeout", &maximumDelay)
    if let value = lengths["doubles"] { doubles = value != 0 }
    if let retries { maximumRetries = retries }
  }
}
