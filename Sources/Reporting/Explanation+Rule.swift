import Judging

extension Explanation {
  func explain(_ rule: Rule, _ width: Int) -> Page {
    var page = Page(rule.id, rule.why, width)
    page.add("when", rule.when.words)
    page.add("while", rule.while.map(\.words))
    page.add("if", rule.ics.sorted { $0.key < $1.key }.map { "the device's description says \($0.key): \($0.value ? "yes" : "no")" })
    page.add("texts", rule.texts.joined(separator: ", "))
    page.add("must", rule.musts.map { "\($0.tests.map(\.words).joined(separator: " and ")) (\($0.requirement))" })
    for sequel in rule.sequels { page.add(sequel.form.rawValue, sequel.words) }
    if let check = rule.check { page.add("check", "\(check), which decides \(rule.decides.joined(separator: ", "))") }
    page.add("presumes", rule.presumes.map { "\($0) was not broken on this binding" })
    page.add(
      "decides",
      rule.requirements.unique.map { id in
        guard let requirement = relations.suite.requirement(id) else { return id }
        return "\(id) (\(relations.levelWords(requirement))): \(requirement.paraphrase)"
      })
    page.add("cases", relations.cases(ofRule: rule.id).map { "\($0.id): \($0.title)" })
    page.add("stands in", rule.location.description)
    return page
  }
}

extension Sequel {
  /// A paragraph for what is watched, and for each reaction of a closed list.
  var words: [String] {
    let after = grace.map { ", not counting the first \($0.words)" } ?? ""
    let ends = unless.isEmpty ? "" : "; given up on \(unless.map(\.words).joined(separator: ", or "))"
    switch form {
    case .then, .never:
      let watched = reactions.compactMap { reaction -> String? in
        guard case .message(let template) = reaction.match else { return nil }
        return "\(template.words) (\(reaction.requirement))"
      }
      return watched.map { "\($0) \(form == .then ? "within" : "for") \(window.words)\(after)\(ends)" }
    case .reactions:
      return ["within \(window.words)\(after)\(ends), the first of:"] + reactions.map { "\($0.label): \($0.words)" }
    }
  }
}

extension Reaction {
  fileprivate var words: String {
    let what =
      switch match {
      case .message(let template): template.words
      case .silence: "nothing comes"
      case .otherwise: "anything else"
      }
    return "\(what) → \(verdict.rawValue) (\(requirement))"
  }
}
