import Security
package import Wire

/// What the tester may ask of the device by a way that is not the wire.
package enum HookName: String, CaseIterable, Hashable, Sendable {
  case register
  case revoke
  case detach
  case reset
  case state
}

/// Whom a hook is about.
package struct HookContext: Hashable, Sendable {
  package var homeAddress: IPv6Address
  package var homeAgent: IPv6Address
  package var careOfAddress: IPv6Address?
  /// What `register` asks for, in units of 4 s (RFC 6275 6.1.7); nil: as the device likes.
  package var lifetime: UInt16?
  /// The case that asks.
  package var caseID: String?

  package init(
    homeAddress: IPv6Address, homeAgent: IPv6Address, careOfAddress: IPv6Address? = nil, lifetime: UInt16? = nil, caseID: String? = nil
  ) {
    self.homeAddress = homeAddress
    self.homeAgent = homeAgent
    self.careOfAddress = careOfAddress
    self.lifetime = lifetime
    self.caseID = caseID
  }

  /// `text` with `{home-address}`, `{home-agent}`, `{care-of-address}` and `{case}` filled in; what is not known becomes `-`.
  func filled(into text: String) -> String {
    text.filled([
      "home-address": homeAddress.description, "home-agent": homeAgent.description,
      "care-of-address": careOfAddress?.description ?? "-", "case": caseID ?? "-",
    ])
  }
}

extension HookName {
  /// The line that a reference node takes for this hook over its control socket, without the newline: `revoke 2001:db8:a::77`.
  package func controlLine(for context: HookContext) -> String {
    switch self {
    case .reset: rawValue
    case .register: ([rawValue, "\(context.homeAddress)"] + (context.lifetime.map { ["\($0)"] } ?? [])).joined(separator: " ")
    case .revoke, .detach, .state: "\(rawValue) \(context.homeAddress)"
    }
  }
}

/// Names one hook that was started; unique within its runner.
package struct HookToken: Hashable, Sendable {
  package var number: UInt64

  package init(number: UInt64) { self.number = number }
}

/// How a hook ended.
package enum HookOutcome: Hashable, Sendable {
  /// The device did it; the text of its answer, for `state` the state (`bound …`, `unbound`). It may be empty.
  case done(String)
  /// One line: what went wrong, and the mend; it does not name the hook.
  case failed(String)

  /// A reference node's answer, `ok …` or `error …`.
  init(controlAnswer line: String) {
    let words = line.split(separator: " ", maxSplits: 1)
    let rest = words.count > 1 ? String(words[1]) : ""
    switch words.first {
    case "ok": self = .done(rest)
    case "error": self = .failed("the node refuses: \(singleLine(rest))")
    default: self = .failed("the answer is neither `ok …` nor `error …`: \(singleLine(line))")
    }
  }
}

/// Asks the device. Nothing here waits: the loop watches `descriptors`, and takes what has ended with `finished`.
package protocol HookRunner: AnyObject {
  /// The hooks that it has a way to carry out; any other fails at once, with the mend.
  var names: Set<HookName> { get }
  /// One of these is readable when there may be something to take; they change with every `start` and `finished`.
  var descriptors: [Int32] { get }
  /// When `finished` is wanted though no descriptor is ready; it lies in the past when an outcome waits to be taken.
  var nextDeadline: Instant { get }
  /// The hook takes a person's attention: no other exclusive one is asked before it has ended, later ones queue.
  func isExclusive(_ name: HookName) -> Bool
  /// Asks the device, or queues the asking. It neither blocks nor fails: whatever goes wrong is an outcome.
  func start(_ name: HookName, _ context: HookContext, at now: Instant) -> HookToken
  /// Reads what there is; the hooks that ended since the last call, in the order in which that was seen.
  func finished(at now: Instant) -> [(HookToken, HookOutcome)]
}

/// What a runner has to tell at the next `finished`.
struct SettledHooks {
  private var list: [(HookToken, HookOutcome)] = []
  private var last: UInt64 = 0
  private(set) var nextDeadline = Instant.distantFuture

  mutating func newToken() -> HookToken {
    last &+= 1
    return HookToken(number: last)
  }

  mutating func add(_ token: HookToken, _ outcome: HookOutcome, at now: Instant) {
    list.append((token, outcome))
    nextDeadline = min(nextDeadline, now)
  }

  mutating func addMissing(_ token: HookToken, _ name: HookName, at now: Instant) {
    add(token, .failed("the device has none; describe `hooks: \(name.rawValue)` in the device file"), at: now)
  }

  mutating func take() -> [(HookToken, HookOutcome)] {
    defer {
      list = []
      nextDeadline = .distantFuture
    }
    return list
  }
}

/// The first line of `text` that says something, without control characters, cut at 200 characters.
func singleLine(_ text: String) -> String {
  let line = text.split(whereSeparator: \.isNewline).first { $0.contains { !$0.isWhitespace } } ?? ""
  let printable = String.UnicodeScalarView(line.unicodeScalars.filter { $0.properties.generalCategory != .control })
  let result = trimmed(String(printable))
  return result.count > 200 ? result.prefix(200) + "…" : result
}

/// `text` without white space at its ends.
func trimmed(_ text: String) -> String {
  let start = text.drop(while: \.isWhitespace)
  guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
  return String(start[...last])
}
