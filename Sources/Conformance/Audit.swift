import Foundation
package import Judging
package import Link
package import Wire

/// Judges a capture that somebody took, our own or another's.
package struct Audit {
  package struct Outcome: Sendable {
    /// One for each run that the file holds; one for a capture of others.
    package var verdicts: [Verdicts]
    package var testerErrors: [String]
    package var frames: Int
    package var mobilityHeaders: Int
    /// What a reader should know: another suite's digest, frames out of order.
    package var remarks: [String]
    package var dialect: Dialect?
  }

  package enum Failure: Error, CustomStringConvertible {
    case capture(CaptureFileError)
    case profile(String)

    package var description: String {
      switch self {
      case .capture(let error): error.description
      case .profile(let text): text
      }
    }
  }

  private let suite: Suite
  private let profile: Profile?
  private let device: Device?

  /// - Parameters:
  ///   - profile: the pair to judge by; nil: what the capture says of itself, else the pair of the dialect that it speaks.
  ///   - device: whose home agent and ICS they are, if somebody knows.
  package init(_ suite: Suite, profile: Profile?, device: Device?) {
    self.suite = suite
    self.profile = profile
    self.device = device
  }

  package func check(_ path: String) throws(Failure) -> Outcome {
    let file: CaptureFile
    do throws(CaptureFileError) { file = try CaptureFile(path: path) } catch { throw .capture(error) }
    let survey = try survey(file)
    if let run = survey.run { return try judgeOwn(file, run) }
    return try judgeForeign(file, survey)
  }

  // MARK: A first look

  private struct Survey {
    var run: RunDescription?
    var frames = 0
    /// MH type 16, read either way: how many look like a BRI or BRA of RFC 5846.
    var votes: [IPv6Address: (rfc: Int, draft: Int)] = [:]
    var isOrdered = true
  }

  /// Looks for our own description of the run, and at how each Home Agent writes its revocations.
  private func survey(_ file: CaptureFile) throws(Failure) -> Survey {
    var survey = Survey()
    var dissection = Dissection()
    let decoder = Decoder(dialect: .draft01)
    var latest = Instant.distantPast
    var isFirst = true
    try each(file) { bytes, record in
      if record.linkType == .user0 {
        if isFirst, let event = Self.event(bytes), event.event == .run { survey.run = event.run }
        isFirst = false
        return
      }
      isFirst = false
      survey.frames += 1
      if record.time < latest { survey.isOrdered = false }
      latest = max(latest, record.time)
      guard survey.run == nil, Self.mayRevoke(bytes) else { return }
      decoder.decode(bytes, record.linkType.frameStart, originalLength: record.originalLength, into: &dissection)
      guard dissection.messageKind == .revocation, let source = dissection.value(.ipv6Source, in: bytes),
        let destination = dissection.value(.ipv6Destination, in: bytes), let first = dissection.value(.revocationSequence, in: bytes)
      else { return }
      // RFC 5846 begins with 1 or 2 where the draft has the high octet of a sequence number.
      let isRFC = first >> 8 == 1 || first >> 8 == 2
      for address in [IPv6Address(source), IPv6Address(destination)] {
        survey.votes[address, default: (0, 0)].rfc += isRFC ? 1 : 0
        survey.votes[address, default: (0, 0)].draft += isRFC ? 0 : 1
      }
    }
    return survey
  }

  /// A quick refusal of frames that hold no Mobility Header: none is shorter than 56 octets, and 135 stands somewhere in a header.
  private static func mayRevoke(_ bytes: Span<UInt8>) -> Bool { bytes.count >= 56 }

  private static func event(_ bytes: Span<UInt8>) -> Event? {
    var octets: [UInt8] = []
    octets.reserveCapacity(bytes.count)
    for index in bytes.indices { octets.append(bytes[index]) }
    return try? JSONDecoder().decode(Event.self, from: Data(octets))
  }

  private func each(_ file: CaptureFile, _ body: (Span<UInt8>, CaptureRecord) -> Void) throws(Failure) {
    do throws(CaptureFileError) {
      var reader = try CaptureReader(file)
      while try reader.next(body) {}
    } catch {
      throw .capture(error)
    }
  }

  // MARK: Judging

  private func judgeOwn(_ file: CaptureFile, _ run: RunDescription) throws(Failure) -> Outcome {
    guard let chosen = profile ?? suite.profile(run.profile), let text = suite.text(chosen.text) else {
      throw .profile("\(file.name): it was taken under the profile '\(run.profile)', which this suite does not have; name one with --profile")
    }
    var timers = Timers(text)
    timers.take(run.timers, maximumRetries: run.maximumRetries)
    let agents = run.homeAgents.compactMap { IPv6Address($0) }
    var judge = Judge(suite, profile: chosen, role: run.role, timers: timers, ics: run.ics, homeAgents: agents)
    try each(file) { bytes, record in
      if record.linkType == .user0 {
        if let event = Self.event(bytes) { judge.event(event, at: record.time, number: record.number) }
      } else {
        judge.frame(
          bytes, record.linkType.frameStart, at: record.time, originalLength: record.originalLength, number: record.number,
          isOutgoing: record.isOutgoing)
      }
    }
    let verdicts = judge.finish()
    var remarks: [String] = []
    if run.suite != suite.digest { remarks.append("\(file.name): it was judged by the suite \(run.suite) then, and by \(suite.digest) now") }
    return Outcome(
      verdicts: [verdicts], testerErrors: judge.testerErrors, frames: judge.frames, mobilityHeaders: judge.monitor.mobilityHeaders, remarks: remarks,
      dialect: chosen.dialect)
  }

  private func judgeForeign(_ file: CaptureFile, _ survey: Survey) throws(Failure) -> Outcome {
    let dialects = survey.votes.mapValues { $0.draft > $0.rfc ? Dialect.draft01 : .rfc5846 }
    let drafts = survey.votes.values.reduce(0) { $0 + $1.draft }
    let others = survey.votes.values.reduce(0) { $0 + $1.rfc }
    let dialect: Dialect = drafts > others ? .draft01 : .rfc5846
    guard let chosen = profile ?? suite.profiles.first(where: { $0.dialect == dialect }), let text = suite.text(chosen.text) else {
      throw .profile("\(file.name): no profile of this suite speaks \(dialect.name); name one with --profile")
    }
    let timers = device?.timers(under: text) ?? Timers(text)
    var judge = Judge(
      suite, profile: chosen, role: nil, timers: timers, ics: device?.ics ?? [:], homeAgents: device.map { [$0.homeAgent] } ?? [])
    if profile == nil, Set(dialects.values).count > 1 { judge.speak(dialects) }
    var remarks: [String] = []
    if survey.isOrdered {
      try each(file) { bytes, record in
        judge.frame(
          bytes, record.linkType.frameStart, at: record.time, originalLength: record.originalLength, number: record.number, isOutgoing: false)
      }
    } else {
      remarks.append("\(file.name): frames are out of order; those within 100 ms were sorted")
      try judgeSorted(file, &judge)
    }
    let verdicts = judge.finish()
    return Outcome(
      verdicts: [verdicts], testerErrors: [], frames: judge.frames, mobilityHeaders: judge.monitor.mobilityHeaders, remarks: remarks,
      dialect: survey.votes.isEmpty ? nil : chosen.dialect)
  }

  /// Sorts frames by time within 100 ms, as a capture of several interfaces needs.
  private func judgeSorted(_ file: CaptureFile, _ judge: inout Judge) throws(Failure) {
    var held: [(bytes: [UInt8], record: CaptureRecord)] = []
    var latest = Instant.distantPast
    func release(_ held: inout [(bytes: [UInt8], record: CaptureRecord)], _ judge: inout Judge, before limit: Instant) {
      held.sort { ($0.record.time, $0.record.number) < ($1.record.time, $1.record.number) }
      let count = held.firstIndex { $0.record.time >= limit } ?? held.count
      for item in held.prefix(count) {
        judge.frame(
          item.bytes.span, item.record.linkType.frameStart, at: item.record.time, originalLength: item.record.originalLength,
          number: item.record.number, isOutgoing: false)
      }
      held.removeFirst(count)
    }
    try each(file) { bytes, record in
      var octets: [UInt8] = []
      octets.reserveCapacity(bytes.count)
      for index in bytes.indices { octets.append(bytes[index]) }
      held.append((octets, record))
      latest = max(latest, record.time)
      if held.count >= 4096 { release(&held, &judge, before: latest - .milliseconds(100)) }
    }
    release(&held, &judge, before: .distantFuture)
  }
}

extension CaptureLinkType {
  /// What the first octet of a frame of this link type is to the decoder.
  package var frameStart: FrameStart {
    switch self {
    case .ethernet: .ethernet
    case .rawIP, .ipv4, .ipv6: .ip
    default: .opaque
    }
  }
}
