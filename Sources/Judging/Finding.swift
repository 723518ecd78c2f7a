package import Wire

/// What a rule found of one conversation, with its proof.
package struct Finding: Sendable, Codable, Equatable {
  package var requirement: String
  package var clause: String
  package var document: String
  package var level: Level
  package var rule: String
  /// `fail`, `warning`, `note`, or `inconclusive`.
  package var verdict: Verdict
  /// The role that broke, or may have broken, the sentence.
  package var role: Role
  /// The case that leased the home address, if one did.
  package var testCase: String?
  package var homeAgent: String
  package var homeAddress: String
  /// The reaction that was seen, as the rule names it.
  package var label: String?
  /// The field that is wrong, and Wireshark's name for it.
  package var field: String?
  package var wireshark: String?
  package var expected: String
  package var seen: String
  /// The frame that decides, and the one that set the rule off; numbers are those that Wireshark shows; 0: no frame.
  package var frame: Int
  package var trigger: Int
  /// Capture time of the decision, in nanoseconds.
  package var time: Int64
  /// How often the same was seen of this case; the first one is shown.
  package var count: Int
  package var reason: String?

  enum CodingKeys: String, CodingKey {
    case requirement, clause, document, level, rule, verdict, role
    case testCase = "case"
    case homeAgent = "home-agent"
    case homeAddress = "home-address"
    case label, field, wireshark, expected, seen, frame, trigger, time, count, reason
  }
}

/// How often an assertion was reached, and how it ended.
package struct Tally: Sendable, Equatable {
  package var passed = 0
  package var broken = 0
  package var inconclusive = 0

  package var reached: Int { passed + broken }

  /// The worst of it; `notApplicable`: nothing was decided.
  var verdict: Verdict { broken > 0 ? .fail : inconclusive > 0 ? .inconclusive : passed > 0 ? .pass : .notApplicable }
}

/// A breach in short, for a driver that has to know at once which of its stimuli was answered wrongly.
package struct Decision: Sendable {
  package var assertion: Assertion
  /// `fail`, `warning`, or `inconclusive` where a reaction leaves the sentence open.
  package var verdict: Verdict
  package var home: IPv6Address
  /// The number of the frame that set the rule off, and of the one that broke it (0: silence did).
  package var trigger: Int
  package var frame: Int
  package var label: String?
  /// The field of that frame that was wrong.
  package var field: FieldPath?
}

extension Monitor {
  /// The breaches since the last call; none unless `keepsDecisions` is set.
  package mutating func takeDecisions() -> [Decision] {
    guard !decisions.isEmpty else { return [] }
    defer { decisions.removeAll(keepingCapacity: true) }
    return decisions
  }

  /// How long silence has to last from now on before it is an answer.
  package mutating func setGuardTime(_ interval: Interval) { timers.guardTime = interval }

  /// A new case begins on a home address: what was broken there before masks nothing of it.
  package mutating func forgive(home: IPv6Address, homeAgent: IPv6Address) {
    if let index = byKey[ConversationKey(homeAgent: homeAgent, home: home)] { conversations[Int(index)].broken = 0 }
  }

  /// Whether a message with this number, sent to or for a home address, waits for a reaction whose absence would be a breach.
  ///
  /// Mutating only so that nobody copies the monitor to ask, here and below.
  package mutating func mustBeAnswered(_ trigger: Int, home: IPv6Address, homeAgent: IPv6Address) -> Bool {
    guard let index = byKey[ConversationKey(homeAgent: homeAgent, home: home)] else { return false }
    var slot = conversations[Int(index)].obligations
    while slot >= 0 {
      let obligation = pool[Int(slot)]
      let silence = program.sequels[Int(obligation.sequel)].silence
      if obligation.frame == trigger, silence >= 0, [.fail, .warning, .inconclusive].contains(program.reactions[silence].verdict) {
        return true
      }
      slot = obligation.next
    }
    return false
  }

  /// Whether the Home Agent's entry and the UE's for this home address are known to stand, and no BRI waits for its BRA.
  package mutating func isBound(home: IPv6Address, homeAgent: IPv6Address) -> Bool {
    guard let index = byKey[ConversationKey(homeAgent: homeAgent, home: home)] else { return false }
    let conversation = conversations[Int(index)]
    return conversation.binding == .bound && conversation.entry == .bound
  }
}
