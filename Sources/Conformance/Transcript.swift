import Link
import Wire

/// What a station was told and what it did, call by call.
///
/// A station is a function of what it is told: one that answers every call of a transcript as it is written there would have made the whole run
/// what it was, and nothing but the station has to be asked to know.
struct Transcript: Sendable {
  enum Call: Sendable {
    case frame([UInt8], port: Int)
    case wake
    case command(String)
  }

  struct Entry: Sendable {
    var call: Call
    var time: Instant
    var answer: String
    var sent: [Outbox.Item]
    /// When the station wanted to be woken after that.
    var deadline: Instant
  }

  private(set) var entries: [Entry] = []

  fileprivate mutating func append(_ entry: Entry) { entries.append(entry) }

  /// Whether a station that was told nothing yet does at every call what is written here.
  func isRepeated(by station: some Station) -> Bool {
    var station = station
    var outbox = Outbox()
    for entry in entries {
      guard station.answer(entry.call, at: entry.time, &outbox) == entry.answer, outbox.items == entry.sent,
        station.nextDeadline == entry.deadline
      else { return false }
      outbox.items.removeAll(keepingCapacity: true)
    }
    return true
  }
}

/// A station of which a transcript is taken.
struct TranscribedStation: Station {
  private var station: any Station
  private let record: Record

  /// Shared with whoever wants to read it, for a network keeps the station to itself.
  final class Record {
    fileprivate(set) var transcript = Transcript()
  }

  init(_ station: any Station, _ record: Record) {
    self.station = station
    self.record = record
  }

  mutating func receive(_ frame: Span<UInt8>, on port: Int, at now: Instant, _ outbox: inout Outbox) {
    transcribe(.frame([UInt8](frame, 0..<frame.count), port: port), at: now, &outbox)
  }

  mutating func wake(at now: Instant, _ outbox: inout Outbox) { transcribe(.wake, at: now, &outbox) }

  var nextDeadline: Instant { station.nextDeadline }

  mutating func command(_ line: String, at now: Instant, _ outbox: inout Outbox) -> String {
    transcribe(.command(line), at: now, &outbox)
  }

  @discardableResult
  private mutating func transcribe(_ call: Transcript.Call, at now: Instant, _ outbox: inout Outbox) -> String {
    let before = outbox.items.count
    let answer = station.answer(call, at: now, &outbox)
    record.transcript.append(
      Transcript.Entry(
        call: call, time: now, answer: answer, sent: Array(outbox.items[before...]), deadline: station.nextDeadline))
    return answer
  }
}

extension Station {
  /// - Returns: what it says to a command; empty for the rest.
  fileprivate mutating func answer(_ call: Transcript.Call, at now: Instant, _ outbox: inout Outbox) -> String {
    switch call {
    case .frame(let octets, let port): receive(octets.span, on: port, at: now, &outbox)
    case .wake: wake(at: now, &outbox)
    case .command(let line): return command(line, at: now, &outbox)
    }
    return ""
  }
}
