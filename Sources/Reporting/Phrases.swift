import Judging
import Wire

// The suite's vocabulary in words.

extension Window {
  var words: String {
    switch self {
    case .named(let name): name
    case .fixed(let interval): interval.description
    case .doubled(let window): "twice \(window.words)"
    }
  }
}

extension Trigger {
  var words: String {
    switch self {
    case .message(let template): template.words
    case .event(let name, let attributes):
      ([name] + attributes.sorted { $0.key < $1.key }.map { $0.key == "name" ? $0.value : "\($0.key) \($0.value)" }).joined(separator: " ")
    }
  }
}

extension MessageTemplate {
  /// `bri from the HA with bri.a 1 and bri.trigger 1 or 2`
  var words: String {
    let sender = from.map { " from the \($0.words)" } ?? ""
    return kind.rawValue + sender + (tests.isEmpty ? "" : " with \(tests.map(\.words).joined(separator: " and "))")
  }
}

extension FieldTest {
  var words: String {
    switch (subject, condition) {
    case (.sound, .yes): "nothing wrong in it"
    case (.sound, .no): "something wrong in it"
    case (.field(let path), _): "\(subject) \(condition.words(path))"
    case (.manner(let manner), _): "\(subject) \(condition.words(nil, manner))"
    default: "\(subject) \(condition.words(nil))"
    }
  }
}

extension Condition {
  fileprivate func words(_ path: FieldPath?, _ manner: Manner? = nil) -> String {
    let field = path.flatMap { $0.field(in: .rfc5846) ?? $0.field(in: .draft01) }
    func text(_ value: UInt128) -> String {
      if let manner { return manner.word(value) }
      // Meanings differ between layouts; a number stands in both.
      return field.map { $0.presentation == .number ? "\(value)" : $0.text(value) } ?? "\(value)"
    }
    func list(_ ranges: [ClosedRange<UInt128>]) -> String {
      ranges.map { $0.lowerBound == $0.upperBound ? text($0.lowerBound) : "\(text($0.lowerBound))…\(text($0.upperBound))" }
        .joined(separator: " or ")
    }
    func types(_ types: [UInt8]) -> String { types.map { "\($0)" }.joined(separator: ", ") }
    return switch self {
    case .any: "anything"
    case .present: "present"
    case .absent: "absent"
    case .oneOf(let ranges): list(ranges)
    case .noneOf(let ranges): "not \(list(ranges))"
    case .same(let other): "the same as \(other)"
    case .differs(let other): "other than \(other)"
    case .serialAfter(let other): "after \(other) in serial numbers"
    case .equals(let value): "the \(value.words)"
    case .unequal(let value): "not the \(value.words)"
    case .serialAfterAccepted: "after the last accepted sequence number"
    case .notAfterAccepted: "not after the last accepted sequence number"
    case .correct: "correct"
    case .wrong: "wrong"
    case .only(let numbers): "of no types but \(types(numbers))"
    case .contains(let numbers): "with one of the types \(types(numbers))"
    case .excludes(let numbers): "of none of the types \(types(numbers))"
    case .yes: "yes"
    case .no: "no"
    }
  }
}

extension ConversationValue {
  fileprivate var words: String {
    switch self {
    case .home: "home address"
    case .careOf: "care-of address"
    case .homeAgent: "Home Agent's address"
    default: rawValue.replacing("-", with: " ")
    }
  }
}

extension StateCondition {
  var words: String {
    let states = allowed.joined(separator: " or ")
    return switch subject {
    case .binding: "the HA's binding is \(states)"
    case .entry: "the UE's entry is \(states)"
    case .shown: "a probe has shown \(states)"
    case .goneBy: "the binding went by \(states)"
    case .outstanding: "outstanding is \(states)"
    }
  }
}

extension StepValue {
  func words(_ path: FieldPath) -> String {
    switch self {
    case .number(let value):
      (path.field(in: .rfc5846) ?? path.field(in: .draft01)).map { $0.presentation == .number ? "\(value)" : $0.text(value) } ?? "\(value)"
    case .wrong: "wrong"
    case .plus(let number): number < 0 ? "the right one less \(number.magnitude)" : "the right one plus \(number)"
    case .sequenceOf(let kind): "that of the last \(kind.rawValue)"
    case .home(let index): "home address \(index)"
    }
  }
}

extension Stimulus {
  /// `bri with bri.a 1, bri.trigger 1, option 200, the home address in hao`
  var words: String {
    let left = unless.map { ", unless a \($0.rawValue) came before" } ?? ""
    if again { return "the same \(kind.rawValue) again\(sealing == .again ? ", the same ESP packet" : "")\(left)" }
    var parts = values.map { "\($0.path) \($0.value.words($0.path))" }
    parts += options.map { "option \($0.type) of \(counted($0.data.count, "octet"))" }
    switch sealing {
    case .own, .again: break
    case .none: parts.append("nothing sealed")
    case .wrong: parts.append("a wrong integrity check value")
    case .home(let index): parts.append("the keys of home address \(index)")
    }
    if let carrier { parts.append(carrier == "none" ? "the home address in no header" : "the home address in \(carrier)") }
    return kind.rawValue + (parts.isEmpty ? "" : " with \(parts.joined(separator: ", "))") + left
  }
}
