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
      let (offset, start) = record.linkType.start(of: bytes)
      let frame = bytes.extracting(offset..<bytes.count)
      decoder.decode(frame, start, originalLength: record.originalLength - offset, into: &dissection)
      guard dissection.messageKind == .revocation, let source = dissection.value(.ipv6Source, in: frame),
        let destination = dissection.value(.ipv6Destination, in: frame), let first = dissection.value(.revocationSequence, in: frame)
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

  /// A quick refusal of most frames: one with a Mobility Header has 135 as the next header of some header, behind IPv6 or in a tunnel.
  private static func mayRevoke(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count >= 56 else { return false }
    // Over Ethernet the EtherType and the next header tell at once; anything else is worth a look.
    guard bytes[12] == 0x86, bytes[13] == 0xdd else { return bytes[12] != 8 || bytes[13] != 0 || bytes[23] == 17 || bytes[23] == 41 }
    switch bytes[20] {
    case 0, 4, 17, 41, 43, 44, 60, 135: return true
    default: return false
    }
  }

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
      throw .profile(
        "\(file.name): it was taken under the profile '\(run.profile)', which this suite does not have; name one with --profile")
    }
    var timers = Timers(text)
    timers.take(run.timers, maximumRetries: run.maximumRetries)
    let agents = run.homeAgents.compactMap { IPv6Address($0) }
    var judge = Judge(suite, profile: chosen, role: run.role, timers: timers, ics: run.ics, homeAgents: agents)
    try each(file) { bytes, record in
      if record.linkType == .user0 {
        if let event = Self.event(bytes) { judge.event(event, at: record.time, number: record.number) }
      } else {
        judge.frame(bytes, record, isOutgoing: record.isOutgoing)
      }
    }
    let verdicts = judge.finish()
    var remarks: [String] = []
    if run.suite != suite.digest {
      remarks.append("\(file.name): it was judged by the suite \(run.suite) then, and by \(suite.digest) now")
    }
    return Outcome(
      verdicts: [verdicts], testerErrors: judge.testerErrors, frames: judge.frames, mobilityHeaders: judge.monitor.mobilityHeaders,
      remarks: remarks,
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
      try each(file) { bytes, record in judge.frame(bytes, record, isOutgoing: false) }
    } else {
      remarks.append("\(file.name): frames are out of order; those within 100 ms were sorted")
      try judgeSorted(file, &judge)
    }
    let verdicts = judge.finish()
    return Outcome(
      verdicts: [verdicts], testerErrors: [], frames: judge.frames, mobilityHeaders: judge.monitor.mobilityHeaders, remarks: remarks,
      dialect: survey.votes.isEmpty ? nil : chosen.dialect)
  }

  /// Sorts frames by time within 100 ms, as a capture of several interfaces needs. One that is later than that stays where the file has it.
  private func judgeSorted(_ file: CaptureFile, _ judge: inout Judge) throws(Failure) {
    var held: [(bytes: [UInt8], record: CaptureRecord)] = []
    // What lies before it was judged.
    var head = 0
    var latest = Instant.distantPast
    func release(before limit: Instant) {
      while head < held.count, held[head].record.time < limit {
        let frame = held[head]
        judge.frame(frame.bytes.span, frame.record, isOutgoing: false)
        held[head].bytes = []
        head += 1
      }
      if head >= 4096 {
        held.removeFirst(head)
        head = 0
      }
    }
    try each(file) { bytes, record in
      var octets: [UInt8] = []
      octets.reserveCapacity(bytes.count)
      for index in bytes.indices { octets.append(bytes[index]) }
      var place = held.count
      while place > head, held[place - 1].record.time > record.time { place -= 1 }
      held.insert((octets, record), at: place)
      latest = max(latest, record.time)
      release(before: latest - .milliseconds(100))
    }
    release(before: .distantFuture)
  }
}

extension Judge {
  /// Judges a frame of a capture file, whatever its link type puts before the packet.
  fileprivate mutating func frame(_ bytes: Span<UInt8>, _ record: CaptureRecord, isOutgoing: Bool) {
    let (offset, start) = record.linkType.start(of: bytes)
    frame(
      bytes.extracting(offset..<bytes.count), start, at: record.time, originalLength: record.originalLength - offset, number: record.number,
      isOutgoing: isOutgoing)
  }
}

extension CaptureLinkType {
  /// Where the decoder begins to read a frame of this link type, and what begins there.
  package func start(of bytes: Span<UInt8>) -> (offset: Int, start: FrameStart) {
    switch self {
    case .ethernet: (0, .ethernet)
    case .rawIP, .ipv4, .ipv6: (0, .ip)
    case .linuxCooked: Self.cooked(bytes, header: 16, type: 14)
    case .linuxCooked2: Self.cooked(bytes, header: 20, type: 0)
    default: (0, .opaque)
    }
  }

  /// Behind a header of Linux's cooked captures, which says by an Ethernet type what follows.
  private static func cooked(_ bytes: Span<UInt8>, header: Int, type: Int) -> (offset: Int, start: FrameStart) {
    guard bytes.count >= header else { return (0, .opaque) }
    var offset = header
    var type = UInt16(bytes[type]) << 8 | UInt16(bytes[type + 1])
    // VLAN tags stand between the header and the packet.
    while type == 0x8100 || type == 0x88a8, bytes.count >= offset + 4 {
      type = UInt16(bytes[offset + 2]) << 8 | UInt16(bytes[offset + 3])
      offset += 4
    }
    return type == 0x86dd || type == 0x0800 ? (offset, .ip) : (0, .opaque)
  }
}
