import Judging
import Wire

extension Explanation {
  func explain(_ testCase: Case, _ width: Int) -> Page {
    var page = Page(testCase.id, testCase.title, width)
    page.add("why", testCase.why)
    page.add("clause", testCase.clause)
    page.add("device", "the \(testCase.role.words); the tester plays the \(testCase.role.other.words)")
    page.add("profiles", testCase.profiles.joined(separator: ", "))
    page.add("needs", needs(testCase.needs))
    page.add("tester", party(testCase.party, testCase.role.other))
    page.add(
      "exercises",
      testCase.exercises.map { id in
        let requirements = relations.suite.rule(id)?.requirements.unique ?? []
        return requirements.isEmpty ? id : "\(id): \(requirements.joined(separator: ", "))"
      })
    page.add("stands in", testCase.location.description)
    page.add(drawing: Ladder(testCase, relations.suite).lines)
    return page
  }

  private func needs(_ needs: Case.Needs) -> String {
    var parts: [String] = []
    if needs.homeAddresses > 0 { parts.append("\(needs.homeAddresses) home address\(needs.homeAddresses == 1 ? "" : "es")") }
    parts += needs.hooks.map { "hook \($0)" }
    parts += needs.links.map { "link \($0)" }
    parts += needs.exclusive.map { "\($0) to itself" }
    parts += needs.ics.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value ? "yes" : "no")" }
    return parts.joined(separator: ", ")
  }

  private func party(_ party: Case.PartyBehaviour, _ role: Role) -> [String] {
    let usual = Case.PartyBehaviour()
    var parts: [String] = []
    if role == .ue, !party.acknowledgesRevocations { parts.append("does not answer a BRI") }
    if role == .ha, !party.acknowledgesUpdates { parts.append("does not answer a BU") }
    if party.lifetime != usual.lifetime {
      parts.append("\(role == .ue ? "asks for" : "grants") a lifetime of \(Int(party.lifetime) * 4) s")
    }
    return parts
  }
}

/// The steps of a case as arrows between tester and device.
struct Ladder {
  private(set) var lines: [String]
  /// Columns between the two lines of life.
  private static let span = 56

  private enum Arrow { case right, left, both, hook, none }

  init(_ testCase: Case, _ suite: Suite) {
    let tester = "tester (\(testCase.role.other.words))"
    let device = "device (\(testCase.role.words))"
    lines = [tester.padded(to: Self.span + 12 - device.count) + device]
    let several = testCase.needs.homeAddresses > 1
    func at(_ home: Int) -> String { several ? ", home address \(home)" : "" }
    for step in testCase.steps {
      switch step {
      case .register(let home): draw("bu, then ba: the UE registers\(at(home))", .both)
      case .send(let stimulus): draw("\(stimulus.words)\(at(stimulus.home))", .right)
      case .await(let template, let within, let home, let isOptional):
        draw("\(template.words), \(isOptional ? "if it comes, " : "")awaited for \(within.words)\(at(home))", .left)
      case .endUnless(let template, let within, let home):
        draw("\(template.words), awaited for \(within.words)\(at(home)); without it the case ends", .left)
      case .wait(let window): draw("wait \(window.words)", .none)
      case .hook(let name, let home): draw("hook: \(name)\(at(home))", .hook)
      case .race(let offset, let home):
        draw("hook: revoke\(at(home))", .hook)
        let length = Interval(nanoseconds: Int64(clamping: offset.nanoseconds.magnitude))
        let moment = offset < .zero ? "\(length) before" : offset > .zero ? "\(length) after" : "together with"
        draw("bu with bu.lifetime 0, \(moment) the bri, in at most five attempts", .right)
      case .withhold(let what, let home): draw("from here on the tester leaves \(what) without an answer\(at(home))", .none)
      case .establishKeys(let home): draw("the IKE SA comes about\(at(home))", .both)
      case .deleteKeys(let home): draw("ike delete of the IKE SA; what follows goes by the keys that were\(at(home))", .right)
      case .deleteAgain(let home): draw("the same ike delete again\(at(home))", .right)
      case .falseDelete(let isSealed, let home):
        draw("ike delete of the IKE SA, \(isSealed ? "with a wrong check value" : "in clear")\(at(home))", .right)
      case .probe(let id, let home):
        let probe = suite.probes.first { $0.id == id }
        let watched = probe.map { ": \($0.stimulus), watched for \($0.window.words)" } ?? ""
        draw("probe \(id)\(watched)\(at(home))", probe?.stimulus == "watch" ? .none : .right)
      }
    }
  }

  private mutating func draw(_ text: String, _ arrow: Arrow) {
    for line in text.wrapped(to: Self.span - 2) { lines.append("     |\(" \(line)".padded(to: Self.span))|") }
    let shaft = String(repeating: "-", count: Self.span - 1)
    switch arrow {
    case .right: lines.append("     |\(shaft)>|")
    case .left: lines.append("     |<\(shaft)|")
    case .both: lines.append("     |<\(shaft.dropLast())>|")
    case .hook: lines.append("     |\(String(repeating: "- ", count: Self.span / 2 - 1)) >|")
    case .none: break
    }
    lines.append("     |\(String(repeating: " ", count: Self.span))|")
  }
}
