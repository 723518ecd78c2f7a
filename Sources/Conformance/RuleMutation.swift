import Judging
import Wire

/// A rule with one assertion dropped, one matcher that matches anything, or one window doubled.
struct RuleMutation: Sendable {
  enum Change: Sendable {
    case drop(requirement: String)
    case anyInTrigger(Int)
    case anyInMust(Int, Int)
    case anyInReaction(sequel: Int, reaction: Int, test: Int)
    case doubled(sequel: Int)
  }

  let rule: String
  let change: Change
  let name: String

  /// Every mutant of every rule that stands under a text.
  static func all(_ suite: Suite, text: String) -> [RuleMutation] {
    suite.rules.filter { $0.texts.isEmpty || $0.texts.contains(text) }.flatMap(mutants)
  }

  private static func mutants(_ rule: Rule) -> [RuleMutation] {
    var all: [RuleMutation] = []
    let requirements = Set(rule.requirements)
    func add(_ change: Change, _ text: String) {
      all.append(RuleMutation(rule: rule.id, change: change, name: "\(rule.id) \(text)"))
    }
    for requirement in requirements.sorted() { add(.drop(requirement: requirement), "\(requirement) assertion-dropped") }
    if case .message(let template) = rule.when {
      for (index, test) in template.tests.enumerated() where test.condition != .any {
        add(.anyInTrigger(index), "when \(test.subject) any")
      }
    }
    for (position, must) in rule.musts.enumerated() {
      for (index, test) in must.tests.enumerated() { add(.anyInMust(position, index), "\(must.requirement) \(test.subject) any") }
    }
    for (position, sequel) in rule.sequels.enumerated() {
      for (index, reaction) in sequel.reactions.enumerated() {
        guard case .message(let template) = reaction.match else { continue }
        for (place, test) in template.tests.enumerated() where test.condition != .any {
          add(
            .anyInReaction(sequel: position, reaction: index, test: place),
            "\(sequel.form.rawValue) \(position + 1).\(index + 1) \(test.subject) any")
        }
      }
      add(.doubled(sequel: position), "\(sequel.form.rawValue) \(position + 1) window-doubled")
    }
    return all
  }

  /// The mutant, to stand beside the rule under a name of its own; nil for one that loses an assertion.
  func applied(to suite: Suite, as id: String) -> Rule? {
    guard var mutant = suite.rules.first(where: { $0.id == rule }) else { return nil }
    switch change {
    case .drop: return nil
    case .anyInTrigger(let test):
      guard case .message(var template) = mutant.when else { return nil }
      template.tests[test].condition = .any
      mutant.when = .message(template)
    case .anyInMust(let must, let test): mutant.musts[must].tests[test].condition = .any
    case .anyInReaction(let sequel, let reaction, let test):
      guard case .message(var template) = mutant.sequels[sequel].reactions[reaction].match else { return nil }
      template.tests[test].condition = .any
      mutant.sequels[sequel].reactions[reaction].match = .message(template)
    case .doubled(let sequel): mutant.sequels[sequel].window = .doubled(mutant.sequels[sequel].window)
    }
    mutant.id = id
    mutant.isAside = true
    return mutant
  }

  /// The text and the dialect have what the mutant changes.
  func stands(_ suite: Suite, _ profile: Profile, _ original: Assertions) -> Bool {
    guard original.rules.contains(rule) else { return false }
    if case .drop(let requirement) = change { return original.requirements(ofRule: rule).contains(requirement) }
    guard let rule = suite.rules.first(where: { $0.id == rule }) else { return false }
    let test: FieldTest?
    switch change {
    case .anyInTrigger(let index):
      guard case .message(let template) = rule.when else { return false }
      test = template.tests[index]
    case .anyInMust(let must, let index):
      guard original.requirements(ofRule: rule.id).contains(rule.musts[must].requirement) else { return false }
      test = rule.musts[must].tests[index]
    case .anyInReaction(let sequel, let reaction, let index):
      let changed = rule.sequels[sequel].reactions[reaction]
      guard original.requirements(ofRule: rule.id).contains(changed.requirement), case .message(let template) = changed.match else {
        return false
      }
      test = template.tests[index]
    case .doubled(let sequel):
      return rule.sequels[sequel].reactions.contains { original.requirements(ofRule: rule.id).contains($0.requirement) }
    case .drop: return true
    }
    // The matrix runs natively.
    guard test?.isTunnelled != true else { return false }
    guard case .field(let path)? = test?.subject else { return true }
    return path.range(in: profile.dialect) != nil
  }
}
