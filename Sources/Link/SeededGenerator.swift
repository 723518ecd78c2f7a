/// SplitMix64: a small generator whose whole sequence follows from its seed.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return word ^ (word >> 31)
  }

  /// True with this probability.
  package mutating func chance(_ probability: Double) -> Bool {
    probability > 0 && Double(next() >> 11) < probability * 0x1p53
  }

  /// From 0 to less than `bound`, near enough to uniform; 0 when `bound` is not positive.
  package mutating func below(_ bound: Int64) -> Int64 {
    bound > 0 ? Int64(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high) : 0
  }
}
