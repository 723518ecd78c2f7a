import Wire

@testable import Nodes

/// A Home Agent with two bindings, and what its revocation of one of them looks like from outside.
struct HomeAgentScene {
  /// Where a row of the table starts.
  enum Start: String {
    case registered = "REGISTERED"
    case revoking = "REVOKING(0)"
    case revokingOnce = "REVOKING(1)"
    case revokingTwice = "REVOKING(N)"
    case expiring = "REVOKING(0), the lifetime ends before T1"
    case acknowledged = "GONE by a BRA"
    case exhausted = "GONE by the last T1"
    case deregistered = "GONE by a BU(0) after the BRI (RFC 6275: INVALID)"
  }

  /// What a state lets be seen.
  enum State {
    /// By a BU of this number.
    case registered(UInt16, at: IPv6Address = careOf)
    /// After so many copies.
    case revoking(Int)
    case gone
    /// De-registered by a BU of this number; under RFC 3775 it is simply gone.
    case invalid(UInt16)
  }

  enum Action {
    case indication
    case copy
    case ba(UInt128, _ sequence: UInt128, lifetime: UInt128 = 0, to: IPv6Address = careOf)
    /// A BA of any status that refuses.
    case refusal(UInt128)
    case be(UInt128)
  }

  /// BRIMaxRetriesNumber.
  static let retries = 2

  let bench: Bench<ReferenceHomeAgent>
  private let dialect: Dialect
  /// The BRI, and S; a number that nobody has used before there is one.
  private(set) var indication: Sent?
  private(set) var sequence: UInt128 = 0x7001

  init(_ start: Start, _ dialect: Dialect) {
    self.dialect = dialect
    bench = Bench(homeAgent: dialect) { $0.maximumRetries = Self.retries }
    bench.node.nextSequence = 0x7001
    bench.register(10, lifetime: start == .expiring ? 1 : 100)
    bench.register(10, lifetime: 900, home: bystander)
    _ = bench.drain()
    if start == .registered { return }
    if start == .expiring { bench.pass(3.5) }
    bench.command("revoke \(home)")
    takeIndication(from: bench.drain())
    switch start {
    case .registered, .expiring: break
    case .revoking: bench.pass(0.4)
    case .revokingOnce: passWaits(1, and: 0.4)
    case .revokingTwice: passWaits(2, and: 0.4)
    case .acknowledged: bench.send(bra(sequence, 0, dialect))
    case .exhausted: passWaits(3)
    case .deregistered: bench.send(bu(11, lifetime: 0))
    }
    _ = bench.drain()
  }

  /// The end of the wait after the BRI, and after each copy, in seconds from the BRI on: MINDelayBRIs is constant (draft-01 11),
  /// InitMINDelayBRIs doubles up to MAX_BRACK_TIMEOUT (RFC 5846 6.3, 11).
  private var waits: [Double] { dialect == .draft01 ? [1, 2, 3] : [1, 3, 5] }

  /// Lets time pass until so many waits are over since the BRI.
  func passWaits(_ count: Int, and more: Double = 0) {
    let since = (bench.now - (indication?.time ?? bench.now)).seconds
    bench.pass(waits[count - 1] + more - since)
  }

  // MARK: What was sent

  /// Finds the BRI, if there was none yet.
  mutating func takeIndication(from sent: [Sent]) {
    guard indication == nil, let bri = sent.first(where: { $0.dissection.messageKind == .bri }) else { return }
    indication = bri
    sequence = bri[.briSequence] ?? 0
  }

  func isDone(_ actions: [Action], by sent: [Sent]) -> Bool {
    actions.count == sent.count && zip(actions, sent).allSatisfy { isDone($0, by: $1) }
  }

  private func isDone(_ action: Action, by sent: Sent) -> Bool {
    guard sent.port == 0, sent.dissection.isSound, sent[.ipv6Source] == homeAgent.value else { return false }
    let kind = sent.dissection.messageKind
    switch action {
    case .indication:
      return kind == .bri && sent[.ipv6Destination] == careOf.value
        && sent[dialect == .draft01 ? .homeAddressOption : .routingHomeAddress] == home.value
    case .copy: return sent.bytes == indication?.bytes
    case .ba(let status, let sequence, let lifetime, let destination):
      return kind == .ba && sent[.baStatus] == status && sent[.baSequence] == sequence && sent[.baLifetime] == lifetime
        && sent[.baK] == 0 && sent[.ipv6Destination] == destination.value && sent[.routingHomeAddress] == home.value
    case .refusal(let sequence): return kind == .ba && sent[.baStatus] ?? 0 >= 128 && sent[.baSequence] == sequence
    case .be(let status):
      return kind == .be && sent[.beStatus] == status && sent[.beHomeAddress] == home.value && sent[.ipv6Destination] == careOf.value
    }
  }

  // MARK: What state it is in

  /// What contradicts the state; nil when all that can be seen of it agrees.
  func contradiction(to state: State) -> String? {
    if bench.tunnel(to: bystander) != careOf { return "the other binding was touched" }
    switch state {
    case .registered(let last, let address): return contradictionToRegistered(last, at: address)
    case .revoking(let copies): return contradictionToRevoking(after: copies)
    case .gone: return contradictionToGone()
    case .invalid(let last): return dialect == .draft01 ? contradictionToGone() : contradictionToInvalid(last)
    }
  }

  private func contradictionToRegistered(_ last: UInt16, at address: IPv6Address) -> String? {
    if bench.tunnel() != address { return "forwarded to \(bench.tunnel().map(\.description) ?? "nobody")" }
    if !isQuiet(for: 30, forwarding: true) { return "not left alone" }
    let update = bench.fork()
    update.send(bu(last, lifetime: 0, from: address))
    guard let refusal = update.only(), refusal[.baStatus] == 135, refusal[.baSequence] == UInt128(last) else { return "another number" }
    update.send(bu(last &+ 1, lifetime: 0, from: address))
    if update.only()?[.baStatus] != 0 || update.forwards() { return "not to be de-registered" }
    let trigger = bench.fork()
    trigger.command("revoke \(home)")
    let isRevoked = trigger.only().map { $0.dissection.messageKind == .bri && $0[.ipv6Destination] == address.value } ?? false
    return isRevoked ? nil : "not to be revoked"
  }

  private func contradictionToRevoking(after copies: Int) -> String? {
    if bench.tunnel() != careOf { return "not forwarded" }
    // Nobody answers.
    let silence = HomeAgentScene(self, bench.fork())
    silence.passWaits(waits.count, and: -0.001)
    if !silence.bench.forwards() { return "gone before the last wait was over" }
    silence.bench.pass(0.002)
    if silence.bench.forwards() { return "kept after the last wait" }
    silence.bench.pass(30)
    let sent = silence.bench.drain()
    let due = waits[copies..<Self.retries].map { (indication?.time ?? bench.now) + .seconds($0) }
    if sent.map(\.time) != due { return "copies at \(sent.map(\.time.nanoseconds))" }
    if sent.contains(where: { $0.bytes != indication?.bytes }) { return "a copy that is none" }
    // The BRA comes, or a BU(0).
    let acknowledged = bench.fork()
    acknowledged.send(bra(sequence, 0, dialect))
    acknowledged.pass(30)
    if !acknowledged.drain().isEmpty || acknowledged.forwards() { return "the BRA does not end it" }
    let deregistered = bench.fork()
    deregistered.send(bu(100, lifetime: 0))
    deregistered.pass(30)
    return deregistered.only()?[.baStatus] == 0 && !deregistered.forwards() ? nil : "a BU(0) does not end it"
  }

  private func contradictionToGone() -> String? {
    if !isQuiet(for: 30, forwarding: false) { return "not gone" }
    if !refusesTrigger() { return "still to be revoked" }
    return binds(1, bench.fork()) ? nil : "no number is accepted"
  }

  private func contradictionToInvalid(_ last: UInt16) -> String? {
    if !isQuiet(for: 30, forwarding: false) { return "not gone" }
    if !refusesTrigger() { return "still to be revoked" }
    // MAX_DELETE_BCE_TIMEOUT (RFC 6275 12).
    let before = bench.fork()
    before.pass(9.9)
    for probe in [bench, before] where binds(last, probe.fork()) { return "the number is forgotten" }
    before.pass(0.2)
    return binds(1, before) ? nil : "the number is remembered too long"
  }

  private init(_ other: HomeAgentScene, _ bench: Bench<ReferenceHomeAgent>) {
    (self.bench, dialect, indication, sequence) = (bench, other.dialect, other.indication, other.sequence)
  }

  private func isQuiet(for seconds: Double, forwarding: Bool) -> Bool {
    let probe = bench.fork()
    let before = probe.forwards()
    probe.pass(seconds)
    return probe.drain().isEmpty && before == forwarding && probe.forwards() == forwarding
  }

  private func refusesTrigger() -> Bool {
    let probe = bench.fork()
    return probe.command("revoke \(home)").hasPrefix("error") && probe.drain().isEmpty
  }

  private func binds(_ number: UInt16, _ probe: Bench<ReferenceHomeAgent>) -> Bool {
    probe.send(bu(number, lifetime: 50))
    return probe.only()?[.baStatus] == 0 && probe.tunnel() == careOf
  }
}
