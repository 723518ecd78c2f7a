import Judging
import Link
import Nodes

extension KillMatrix {
  /// A reference node that is judged: the clean one, one with a permitted variation, with a defect, or with both.
  struct Node: Sendable {
    var defect: DefectUse?
    var variation: Variation?

    var name: String {
      switch (defect, variation) {
      case (nil, nil): "clean"
      case (nil, let variation?): variation.name
      case (let defect?, nil): defect.description
      case (let defect?, let variation?): "\(defect) with \(variation.name)"
      }
    }

    /// The clean node, each variation, each defect alone and under each modifier that its entry lists; where there are keys, one that shows
    /// without them too is tried without modifiers, which it is under in clear.
    static func all(_ role: Role, _ profile: Profile, hasKeys: Bool) -> [Node] {
      [Node()] + variations(role).map { Node(variation: $0) } + defects(role, profile, hasKeys: hasKeys).map { Node(defect: $0) }
    }

    /// A seeded sample of the defects, each with one of the variations.
    static func pairs(_ role: Role, _ profile: Profile, hasKeys: Bool, count: Int, seed: UInt64) -> [Node] {
      var generator = SeededGenerator(seed: seed)
      let variations = variations(role)
      return defects(role, profile, hasKeys: hasKeys).shuffled(using: &generator).prefix(count).map {
        Node(defect: $0, variation: variations.randomElement(using: &generator))
      }
    }

    private static func variations(_ role: Role) -> [Variation] { Variation.all.filter { $0.role == role.nodeRole } }

    /// Those that break a sentence of the profile's text.
    private static func defects(_ role: Role, _ profile: Profile, hasKeys: Bool) -> [DefectUse] {
      Defect.all.filter { $0.role == role.nodeRole && !$0.needsTunnel }.flatMap { defect in
        ([nil] + (hasKeys && !defect.needsKeys ? [] : defect.modifiers).sorted { $0.rawValue < $1.rawValue }.map(Optional.some))
          .filter { !defect.requirements(under: profile.dialect, modifier: $0).isEmpty && defect.shows(withKeys: hasKeys, modifier: $0) }
          .map { DefectUse(defect, $0) }
      }
    }
  }
}

extension Role {
  fileprivate var nodeRole: NodeRole { self == .ha ? .homeAgent : .userEquipment }
}
