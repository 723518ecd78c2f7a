import Foundation
package import Judging
package import Link
package import Security
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
  private let keys: KeyTables

  /// - Parameters:
  ///   - profile: the pair to judge by; nil: what the capture says of itself, else the pair of the dialect that it speaks.
  ///   - device: whose home agent and ICS they are, if somebody knows.
  ///   - keys: of what is sealed in the capture.
  package init(_ suite: Suite, profile: Profile?, device: Device?, keys: KeyTables = KeyTables()) {
    self.keys = keys
    self.suite = suite
    self.profile = profile
    self.device = device
  }

  package func check(_ path: String) throws(Failure) -> Outcome {
    let file: CaptureFile
    do throws(CaptureFileError) { file = try CaptureFile(path: path) } catch { throw .capture(error) }
    if let run = try description(file) { return try judgeOwn(file, run) }
    return try judgeForeign(file)
  }

  /// Our own description of the run, which is the first record of a capture that we took.
  private func description(_ file: CaptureFile) throws(Failure) -> RunDescription? {
    var run: RunDescription?
    try each(file, limit: 1) { bytes, record in
      if record.linkType == .user0, let event = Self.event(bytes), event.event == .run { run = event.run }
    }
    return run
  }

  private static func event(_ bytes: Span<UInt8>) -> Event? {
    var octets: [UInt8] = []
    octets.reserveCapacity(bytes.count)
    for index in bytes.indices { octets.append(bytes[index]) }
    return try? JSONDecoder().decode(Event.self, from: Data(octets))
  }

  /// - Returns: how many frames the file itself says were lost.
  @discardableResult
  private func each(_ file: CaptureFile, limit: Int = .max, _ body: (Span<UInt8>, CaptureRecord) -> Void) throws(Failure) -> UInt64 {
    do throws(CaptureFileError) {
      var reader = try CaptureReader(file)
      var left = limit
      while left > 0, try reader.next(body) { left -= 1 }
      return reader.interfaces.reduce(0) { $0 &+ $1.drops }
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
    if !keys.isEmpty { judge.use(keys) }
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

  /// What has to be known of a capture before it can be judged.
  private struct Premise: Equatable {
    var dialect = Dialect.rfc5846
    /// Layouts by Home Agent; empty where all speak one, or a profile was asked for.
    var dialects: [IPv6Address: Dialect] = [:]
    var isOrdered = true
    /// Frames that whoever captured has lost.
    var drops: UInt64 = 0
    /// The Home Agents of the bindings that go through tunnels over IPv4.
    var tunnelEnds: [IPv6Address] = []
    /// No Mobility Header came natively.
    var hasTunnelsAlone = false
  }

  /// Frames that are looked at first, to guess the premise.
  private static let look = 2_000

  /// Reads a capture once where its beginning is like the whole of it, and once more where it is not.
  private func judgeForeign(_ file: CaptureFile) throws(Failure) -> Outcome {
    let guess = try judge(file, Premise(), limit: Self.look).found
    let first = try judge(file, guess, limit: .max)
    let (outcome, found) = first.found == guess ? first : try judge(file, first.found, limit: .max)
    // What the device's description says of tunnels was done.
    guard device == nil, !found.tunnelEnds.isEmpty else { return outcome }
    // The rules are about bindings of one way: what goes through tunnels over IPv4 is judged apart.
    var tunnelled = try judge(file, premiseInTunnels(file, found), limit: .max, isTunnelled: true).outcome
    if found.hasTunnelsAlone { return tunnelled }
    tunnelled.verdicts = outcome.verdicts + tunnelled.verdicts
    tunnelled.mobilityHeaders += outcome.mobilityHeaders
    return tunnelled
  }

  /// The dialect of sealed revocations shows only out of their tunnels.
  private func premiseInTunnels(_ file: CaptureFile, _ premise: Premise) throws(Failure) -> Premise {
    var inside = premise
    let found = try judge(file, premise, limit: .max, isTunnelled: true).found
    (inside.dialect, inside.dialects) = (found.dialect, found.dialects)
    return inside
  }

  private func judge(
    _ file: CaptureFile, _ premise: Premise, limit: Int, isTunnelled: Bool = false
  ) throws(Failure) -> (outcome: Outcome, found: Premise) {
    guard let chosen = profile ?? suite.profiles.first(where: { $0.dialect == premise.dialect }), let text = suite.text(chosen.text) else {
      throw .profile("\(file.name): no profile of this suite speaks \(premise.dialect.name); name one with --profile")
    }
    let timers = device?.timers(under: text) ?? Timers(text)
    var ics = device?.statements ?? [:]
    if isTunnelled { ics["tunnelled"] = true }
    // Whoever gives the keys of IKE SAs says that there are some.
    if !keys.ike.records.isEmpty { ics["ipsec"] = true }
    var judge = Judge(
      suite, profile: chosen, role: nil, timers: timers, ics: ics,
      homeAgents: device.map { [$0.homeAgent] } ?? (isTunnelled ? premise.tunnelEnds : []))
    judge.lostAnywhere(premise.drops)
    judge.speak(premise.dialects)
    if !keys.isEmpty { judge.use(keys) }
    var found = Premise()
    var remarks: [String] = []
    if premise.isOrdered {
      var latest = Instant.distantPast
      found.drops = try each(file, limit: limit) { bytes, record in
        if record.time < latest { found.isOrdered = false }
        latest = max(latest, record.time)
        judge.frame(bytes, record, isOutgoing: false)
      }
    } else {
      found.isOrdered = false
      found.drops = premise.drops
      remarks.append("\(file.name): frames are out of order; those within 100 ms were sorted")
      try judgeSorted(file, &judge)
    }
    found.dialect = judge.votes.dialect ?? .rfc5846
    let dialects = judge.votes.dialects
    if profile == nil, Set(dialects.values).count > 1 { found.dialects = dialects }
    found.tunnelEnds = judge.tunnels.homeAgents
    found.hasTunnelsAlone = judge.tunnels.native == 0
    let verdicts = judge.finish()
    let inTunnels =
      judge.monitor.tunnelledHeaders - (device == nil && !isTunnelled && !found.tunnelEnds.isEmpty ? judge.tunnels.tunnelled : 0)
    if inTunnels > 0 { remarks.append("\(file.name): \(inTunnels) Mobility Headers came in tunnels; the rules are not about these") }
    if judge.sealedFrames > 0 {
      remarks.append(
        "\(file.name): \(judge.sealedFrames) frames of ESP or IKEv2 are sealed by keys that nobody gave, and nothing is said of what is in them; "
          + "see --keys")
    }
    if judge.repeatedFrames > 0 {
      remarks.append("\(file.name): \(judge.repeatedFrames) frames were captured twice; they were judged once")
    }
    if judge.cutFrames > 0 {
      remarks.append(
        "\(file.name): \(judge.cutFrames) frames are cut off and cannot be judged, and what did not come meanwhile is not held against anybody; "
          + "capture whole frames (tcpdump -s 0)")
    }
    if premise.drops > 0 {
      remarks.append("\(file.name): it says that \(premise.drops) frames were lost; what did not come is not held against anybody")
    }
    let outcome = Outcome(
      verdicts: [verdicts], testerErrors: [], frames: judge.frames, mobilityHeaders: judge.monitor.mobilityHeaders, remarks: remarks,
      dialect: judge.votes.dialect == nil ? nil : chosen.dialect)
    return (outcome, found)
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
