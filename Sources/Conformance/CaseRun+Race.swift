import Judging
import Link
import Wire

/// A BU(0) that is to meet the BRI (TS 24.303 5.4.3.1), so long before or after it as a case asks.
///
/// Nobody can aim at a message that is still to come: the BU is sent when the BRI is to be expected, by how long the device took from hook to BRI
/// so far, and what the capture shows afterwards decides whether they met.
struct Race {
  /// From the BRI to the BU; negative: the BU is the first.
  let offset: Interval
  let home: Int
  /// When the device is asked and when the BU is sent; nil once that is done.
  var hookAt: Instant?
  var updateAt: Instant?
  var token: HookToken?
  var until = Instant.distantFuture
  /// As the capture has them.
  var briTime: Instant?
  var updateTime: Instant?

  /// How often a case tries.
  static let maximumTries = 5
  /// What is near enough for the smallest offsets; for the others it is half of them.
  private static let nearness = Interval.microseconds(2_500)

  /// Whoever waits for a deadline waits until it is over, and these two moments are not to be missed by a nanosecond.
  var deadline: Instant {
    guard let next = [hookAt, updateAt].compactMap(\.self).min() else { return until }
    return next - Interval(nanoseconds: 1)
  }

  var measured: Interval? {
    guard let briTime, let updateTime else { return nil }
    return updateTime - briTime
  }

  /// By how much the BU was late.
  var error: Interval? { measured.map { $0 + offset * -1 } }

  /// The order that was asked for came about. Where no BRI came, the BU did before the trigger.
  var isMet: Bool {
    guard let error else { return updateTime != nil && offset <= .zero }
    return error.nanoseconds.magnitude <= max(Self.nearness.nanoseconds.magnitude, offset.nanoseconds.magnitude / 2)
  }
}

extension CaseRun {
  func beginRace(_ offset: Interval, _ home: Int, _ session: Session) {
    guard let delay = session.usualTriggerDelay else {
      return stop("no BRI was seen before the race: nobody knows when the BU(0) is to be sent", session)
    }
    races += 1
    let now = session.network.now
    let aim = delay + offset + aimCorrection
    phase = .racing(
      Race(offset: offset, home: home, hookAt: aim < .zero ? now - aim : now, updateAt: aim < .zero ? now : now + aim))
  }

  /// Takes note of the two messages where the capture shows them.
  func observeRace(_ seen: Monitor.Seen) {
    guard case .racing(var race) = phase, homes[race.home] == seen.home else { return }
    if seen.kind == .bri, race.briTime == nil { race.briTime = seen.time }
    if seen.kind == .bu, race.updateAt == nil, race.updateTime == nil { race.updateTime = seen.time }
    phase = .racing(race)
  }

  /// False while it has to wait.
  func race(_ session: Session, _ stimuli: inout Stimuli) -> Bool {
    guard case .racing(var race) = phase else { return false }
    let now = session.network.now
    if let at = race.hookAt, at <= now {
      race.hookAt = nil
      race.token = ask(.revoke, race.home, session)
    }
    if let at = race.updateAt, at <= now {
      race.updateAt = nil
      let deregistration = Stimulus(kind: .bu, values: [(.buLifetime, .number(0))], home: race.home, location: testCase.location)
      guard transmit(deregistration, session, &stimuli) else { return false }
    }
    if race.hookAt == nil, race.updateAt == nil, race.until == .distantFuture {
      race.until = now + (session.usualTriggerDelay ?? .zero) * 2 + session.setup.timers.probeTime
    }
    phase = .racing(race)
    guard race.measured != nil || session.network.readUpTo > race.until else { return false }
    end(race, session)
    return true
  }

  private func end(_ race: Race, _ session: Session) {
    var event = Event(.race)
    event.testCase = testCase.id
    event.home = HomeAddress(homes[race.home])
    let what = race.measured.map { "the BU(0) came \($0) after the BRI" } ?? "no BRI came"
    event.text = "offset \(race.offset), attempt \(races): \(what)\(race.isMet ? "" : ", missed")"
    session.note(event)
    phase = .ready
    guard !race.isMet else { return passStep() }
    // A tester under load is late by about as much each time.
    if let error = race.error { aimCorrection = aimCorrection + error * -1 }
    guard races < Race.maximumTries, let again = lastRegistration(of: race.home) else {
      return stop("the BU(0) did not meet the BRI at \(race.offset) in \(races) attempts; last, \(what)", session)
    }
    goBack(to: again)
  }
}
