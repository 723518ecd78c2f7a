package import Judging
package import Link
import Wire

/// A case that broke a sentence, alone and on a fresh binding, with what it takes to see it again.
package struct FuzzFinding: Sendable, Codable {
  package var plan: String
  /// The case's number in the plan's list; -1: the valid message itself.
  package var index: Int
  package var seed: UInt64
  /// What was done to the valid message.
  package var mutations: String
  /// The fields that were changed.
  package var fields: [String]
  /// What the rules say of it.
  package var finding: Finding
  /// The packet, from its IPv6 header on, in hexadecimal.
  package var packet: String
  /// The command that runs the case again.
  package var command: String
  /// How many cases showed the same: rule, requirement, reaction and field.
  package var count: Int
  /// Of a device that no longer answers: the cases that were under way last, in the order in which they were sent.
  package var lastCases: [Int]?

  enum CodingKeys: String, CodingKey {
    case plan, index, seed, mutations, fields, finding, packet, command, count
    case lastCases = "last-cases"
  }
}

/// A frame of a case that ran alone.
package typealias FuzzFrame = (bytes: [UInt8], info: FrameInfo)

/// What a campaign came to.
package struct FuzzSummary: Sendable, Codable {
  /// Why it ended.
  package enum End: String, Sendable, Codable {
    case finished
    case cancelled
    /// Controls stay without an answer.
    case deviceSilent = "device-silent"
    /// No home address can be registered any more.
    case noBinding = "no-binding"
  }

  package var plan: String
  package var seed: UInt64
  package var role: Role
  package var profile: String
  package var end = End.finished
  /// Cases that were judged, and how many of those were answered or not.
  package var cases = 0
  package var answered = 0
  package var silent = 0
  /// Valid messages sent in between.
  package var controls = 0
  /// Cases in a second, from the first sent to the last judged, by the clock on the wall.
  package var rate = 0.0
  /// Silence that lasts this long is an answer, in nanoseconds; and the median round trip of the first controls that it comes from.
  package var silenceWait: Int64 = 0
  package var roundTrip: Int64 = 0
  package var findings: [FuzzFinding] = []
  /// Suspects that were lawful when they ran alone.
  package var unconfirmed = 0
  /// Answers that came after their silence was declared.
  package var late = 0
  /// Frames that the capture lost; and cases that ran again because of it.
  package var drops: UInt64 = 0
  package var repeated = 0
  /// The number behind the last case that was run: where a campaign can go on.
  package var nextIndex = 0

  enum CodingKeys: String, CodingKey {
    case plan, seed, role, profile, end, cases, answered, silent, controls, rate
    case silenceWait = "silence-wait"
    case roundTrip = "round-trip"
    case findings, unconfirmed, late, drops, repeated
    case nextIndex = "next-index"
  }
}

/// What a campaign tells while it goes on.
package struct FuzzProgress: Sendable {
  package var cases: Int
  package var total: Int
  package var rate: Double
  package var findings: Int
  package var unconfirmed: Int
}

/// Why a campaign could not begin.
package enum FuzzError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The plan's message is not one that the tester sends to a device of this role.
  case plan(String)
  case notRegistered(String)
  /// The valid message is not answered as the rules want it.
  case control(String)
  case index(Int, count: Int)

  package var description: String {
    switch self {
    case .plan(let why): why
    case .notRegistered(let why): "no home address is registered: \(why)"
    case .control(let why): "the valid message is not answered as it has to be: \(why); nothing that is wrong on purpose can be judged then"
    case .index(let index, let count): "case \(index): the plan has cases 0 to \(count - 1)"
    }
  }
}
