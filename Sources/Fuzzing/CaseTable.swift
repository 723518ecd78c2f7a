package import Judging
package import Wire

/// The numbered list of a plan's cases. The same plan, dialect and seed give the same list, and every case is worked out by itself.
///
/// First each mutation alone, the boundaries of all fields before the rest; then every pair of two of different fields, in an order that
/// the seed decides.
package struct CaseTable: Sendable {
  package let plan: Plan
  package let dialect: Dialect
  package let seed: UInt64
  /// By group; those of one group stand together.
  let singles: [Mutation]
  /// The computed fields that a mutation makes wrong unless they are repaired.
  private let repairs: [[FieldPath]]
  private let order: [Int32]
  /// How many pairs begin with a mutation before this one.
  private let pairsBefore: [Int]
  /// Where the next group begins, by mutation.
  private let nextGroup: [Int32]
  private let permutation: Permutation

  /// - Parameter sample: the valid message of the plan, with any live values.
  package init(plan: Plan, dialect: Dialect, seed: UInt64, sample: Packet) {
    self.plan = plan
    self.dialect = dialect
    self.seed = seed
    var collector = Collector(plan: plan, dialect: dialect, sample: sample)
    collector.collect()
    singles = collector.singles
    repairs = collector.repairs
    var ordinals: [Int: Int] = [:]
    let keys = singles.map { single in
      let ordinal = ordinals[single.group * 3 + single.rank, default: 0]
      ordinals[single.group * 3 + single.rank] = ordinal + 1
      return (single.rank, ordinal, single.group)
    }
    order = singles.indices.sorted { keys[$0] < keys[$1] }.map { Int32(clamping: $0) }
    var next = [Int32](repeating: 0, count: singles.count)
    var end = singles.count
    for index in singles.indices.reversed() {
      if index + 1 < singles.count, singles[index + 1].group != singles[index].group { end = index + 1 }
      next[index] = Int32(clamping: end)
    }
    nextGroup = next
    var before: [Int] = []
    var sum = 0
    for index in singles.indices {
      before.append(sum)
      sum += singles.count - Int(next[index])
    }
    pairsBefore = before
    permutation = Permutation(count: sum, seed: seed)
  }

  /// How many cases there are with one mutation, and in all.
  package var singleCount: Int { singles.count }
  package var count: Int { singles.count + permutation.count }

  /// A case by its index; nil behind the last one.
  package subscript(_ index: Int) -> FuzzCase? {
    guard index >= 0, index < count else { return nil }
    if index < singles.count { return FuzzCase(index: index, first: singles[Int(order[index])]) }
    let pair = permutation[index - singles.count]
    // The last mutation before which no more pairs begin than this one's number.
    var low = 0
    var high = pairsBefore.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if pairsBefore[middle] <= pair { low = middle } else { high = middle }
    }
    return FuzzCase(index: index, first: singles[low], second: singles[Int(nextGroup[low]) + pair - pairsBefore[low]])
  }

  /// The computed fields that a case would make wrong, each once.
  private func computed(_ fuzzCase: FuzzCase) -> [FieldPath] {
    var paths: [FieldPath] = []
    for mutation in fuzzCase.mutations {
      guard let index = singles.firstIndex(of: mutation) else { continue }
      for path in repairs[index] where !paths.contains(path) { paths.append(path) }
    }
    return paths
  }

  /// What is done in a case, for instance `mh.header-len = 0, checksum repaired`.
  package func describe(_ fuzzCase: FuzzCase) -> String {
    let names = computed(fuzzCase).map(\.name)
    let text = fuzzCase.mutations.map { $0.text(dialect) }.joined(separator: "; ")
    guard !names.isEmpty else { return text }
    let state = fuzzCase.leavesBroken ? "left as \(names.count > 1 ? "they were" : "it was")" : "repaired"
    return "\(text), \(names.joined(separator: " and ")) \(state)"
  }

  /// The fields that are other than in the valid message on purpose.
  package func places(_ fuzzCase: FuzzCase) -> [String] {
    fuzzCase.mutations.map(\.place) + (fuzzCase.leavesBroken ? computed(fuzzCase).map(\.description) : [])
  }

  /// The same as far as it tells one finding from another: lengths and checksums that are left broken are broken whatever field did it.
  func blamed(_ fuzzCase: FuzzCase) -> [String] {
    fuzzCase.leavesBroken ? computed(fuzzCase).map(\.description).sorted() : fuzzCase.mutations.map(\.place)
  }
}

/// Walks the schemas of the plan's layers.
private struct Collector {
  let plan: Plan
  let dialect: Dialect
  let sample: Packet
  private let frozen: Packet
  private let valid: [UInt8]
  var singles: [Mutation] = []
  var repairs: [[FieldPath]] = []
  private var group = 0

  init(plan: Plan, dialect: Dialect, sample: Packet) {
    self.plan = plan
    self.dialect = dialect
    self.sample = sample
    frozen = sample.frozen()
    valid = sample.encoded()
  }

  mutating func collect() {
    for layer in plan.layers where holds(layer) {
      for field in Schema.of(layer, dialect).fields {
        guard let path = FieldPath(layer, field.name), !plan.spares.contains(path) else { continue }
        let right = plan.isLive(path) ? nil : sample.value(path)
        var computed: [FieldPath]?
        for (value, isBoundary) in Boundaries.values(of: path, field) {
          // The right value is no mutation.
          if let right, Self.number(value) == right { continue }
          let known = isBoundary ? nil : computed
          computed = add(.field(path, value), isBoundary ? 0 : 2, own: path, known)
        }
        group += 1
      }
    }
    guard let header = sample.index(of: .mh) else { return }
    for change in Boundaries.options(of: sample.headers[header].kind) { _ = add(.options(change), 0, own: nil, nil) }
    group += 1
    let start = Packet(Array(sample.headers[..<header])).encoded().count
    for octets in 0..<max(0, valid.count - start) {
      for repairs in [true, false] { append(Mutation(change: .truncation(octets: octets, repairs: repairs), group: group, rank: 1), []) }
    }
  }

  private static func number(_ value: FuzzValue) -> UInt128? {
    switch value {
    case .number(let number): number
    case .address(let address): LiveAddresses().value(address)
    case .plus: nil
    }
  }

  private func holds(_ layer: LayerKind) -> Bool {
    layer.isOption ? sample.headers.contains { $0.options.contains { $0.kind == layer } } : sample.index(of: layer) != nil
  }

  /// Adds a mutation with everything repaired, and, where that makes a difference, with everything left broken.
  ///
  /// - Parameter known: the computed fields that it would make wrong, if they are those of the value before.
  /// - Returns: those fields.
  private mutating func add(_ change: Mutation.Change, _ rank: Int, own path: FieldPath?, _ known: [FieldPath]?) -> [FieldPath] {
    let live = LiveAddresses()
    let whole = Mutation(change: change, group: group, rank: rank)
    if let known {
      append(whole, known)
      return known
    }
    let repaired = sample.mutated(by: FuzzCase(index: 0, first: whole), live)
    let computed = Self.differing(frozen, repaired.frozen(), own: path, dialect)
    append(whole, computed)
    let broken = Mutation(change: change, leavesBroken: true, group: group, rank: 1)
    if !computed.isEmpty, sample.mutated(by: FuzzCase(index: 0, first: broken), live).encoded() != repaired.encoded() {
      append(broken, computed)
    }
    return computed
  }

  private mutating func append(_ mutation: Mutation, _ computed: [FieldPath]) {
    singles.append(mutation)
    repairs.append(computed)
  }

  /// The computed fields that have other values in the one packet than in the other.
  private static func differing(_ a: Packet, _ b: Packet, own: FieldPath?, _ dialect: Dialect) -> [FieldPath] {
    var paths: [FieldPath] = []
    for header in b.headers {
      for (path, value) in header.values where path != own && (path.field(in: dialect)?.computed ?? .no) != .no {
        if a.chosen(path) != value, !paths.contains(path) { paths.append(path) }
      }
    }
    return paths
  }
}

extension Plan {
  /// A field whose right value differs from case to case.
  func isLive(_ path: FieldPath) -> Bool { path == .briSequence || path == .buSequence || path == .mhChecksum }
}
