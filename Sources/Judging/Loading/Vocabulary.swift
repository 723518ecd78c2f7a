/// A statement of the device's description about what the device does (an ICS), and the sentence that explains it.
package struct Statement: Sendable {
  package var name: String
  package var meaning: String

  /// Every statement there is.
  package static let all = [
    Statement(name: "mobile-ipv6", meaning: "It speaks Mobile IPv6; without it its IKE SAs are all that it is judged by."),
    Statement(name: "revocation", meaning: "It implements Binding Revocation."),
    Statement(name: "reattaches-by-itself", meaning: "The UE registers again unasked after the network detached it."),
    Statement(name: "several-home-addresses", meaning: "It holds bindings for several home addresses at once."),
    Statement(name: "retransmits-revocations", meaning: "The Home Agent repeats a BRI that is not acknowledged."),
    Statement(name: "foreign-prefix", meaning: "2001:db8:ffff:ffff::/64 is none of the Home Agent's home prefixes."),
    Statement(name: "ipsec", meaning: "The messages of its bindings go in ESP, with keys by IKEv2. What `security` says counts."),
    Statement(name: "anti-replay", meaning: "It drops an ESP packet that comes again (RFC 4303 3.4.3, which lets a receiver not do so)."),
    Statement(name: "tunnelled", meaning: "The UE is on an IPv4 access: its bindings' packets go in IPv4. What `tunnelling` says counts."),
    Statement(name: "home-link", meaning: "The Home Agent forwards between its home link and the care-of addresses."),
  ]
}

extension YAMLReader {
  /// `revocation: yes` and the like.
  package func statements(_ node: YAMLNode?) -> [String: Bool] {
    guard var mapping = mapping(node, "statements about the device") else { return [:] }
    var statements: [String: Bool] = [:]
    let names = Statement.all.map(\.name)
    for pair in mapping.takeRest() {
      if !names.contains(pair.key) { fail(pair.location, "unknown statement '\(pair.key)'\(Self.suggestion(pair.key, names))") }
      statements[pair.key] = boolean(pair.value)
    }
    return statements
  }
}

/// The closed lists of words that suite files choose from.
enum Vocabulary {
  /// The kinds of entries, those that others refer to first.
  static let kinds = ["text", "profile", "requirement", "probe", "define", "rule", "case", "plan", "expect", "equivalent"]
  /// Checks in Swift.
  static let checks = ["retransmission-series", "sequence-numbers"]
  static let hooks = ["register", "revoke", "detach", "reset", "state"]
  static let exclusives = ["error-rate", "numbers", "timing"]
  static let links = ["access", "home"]
  /// What a reaction may be worth; the others are about the tester.
  static let verdicts = ["pass", "note", "warning", "inconclusive", "fail"]
  static let carriers = ["hao", "rh2", "both", "hao-twice", "none"]
  static let stimuli = ["echo-to-home", "question", "watch"]
  static let strengths = ["strong", "weak"]
  /// The attributes that a rule may ask of an event.
  static let events = ["hook": ["name"], "probe": ["name"]]
}
