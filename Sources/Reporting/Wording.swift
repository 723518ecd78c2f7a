import Judging

/// How findings are put into words: what they rest on, in the manner of packetdrill.
struct Wording: Sendable {
  private let paraphrases: [String: String]

  init(_ suite: Suite) {
    paraphrases = Dictionary(suite.requirements.map { ($0.id, $0.paraphrase) }, uniquingKeysWith: { first, _ in first })
  }

  func paraphrase(_ requirement: String) -> String? { paraphrases[requirement].map(printable) }

  /// `bri.p [mip6.bri_ip]: expected 0, seen 1`
  func difference(_ finding: Finding) -> String {
    var subject = ""
    if let field = finding.field {
      subject = "field \(field)\(finding.wireshark.map { $0.isEmpty ? "" : " [\($0)]" } ?? ""): "
    }
    return printable("\(subject)expected \(finding.expected), seen \(finding.seen)")
  }

  /// The finding in one line.
  func line(_ finding: Finding) -> String {
    let what = finding.verdict == .inconclusive ? printable(finding.reason ?? difference(finding)) : difference(finding)
    return "\(finding.requirement): \(what)"
  }

  /// The sentence, what stands against it, and where that is seen.
  func block(_ finding: Finding, capture: String?) -> [String] {
    var lines: [String] = []
    if let paraphrase = paraphrase(finding.requirement) { lines.append(paraphrase) }
    lines.append(
      "\(finding.requirement), \(finding.level.words), \(finding.document) \(finding.clause), rule \(finding.rule)"
        + (finding.label.map { $0.isEmpty ? "" : ", reaction '\($0)'" } ?? ""))
    lines.append(difference(finding))
    if let reason = finding.reason { lines.append(printable(reason)) }
    lines.append(place(finding, capture: capture))
    return lines
  }

  /// `frame 17 of run-ha-rfc5846.pcapng (set off by frame 12), home address 2001:db8:a::77, 3 times`
  func place(_ finding: Finding, capture: String?) -> String {
    let capture = capture.map { " of \(printable($0))" } ?? ""
    var parts: [String] = []
    switch (finding.frame, finding.trigger) {
    case (0, 0): break
    case (0, let trigger): parts.append("no frame came; set off by frame \(trigger)\(capture)")
    case (let frame, let trigger) where trigger == 0 || trigger == frame: parts.append("frame \(frame)\(capture)")
    case (let frame, let trigger): parts.append("frame \(frame)\(capture) (set off by frame \(trigger))")
    }
    parts.append("home address \(finding.homeAddress)")
    if finding.count > 1 { parts.append("\(finding.count) times") }
    return parts.joined(separator: ", ")
  }
}

extension Level {
  /// `shall not`
  package var words: String { rawValue.split(separator: "-").joined(separator: " ") }
}

extension Role {
  /// `HA`, `UE`
  package var words: String { rawValue.uppercased() }
}
