import Link

/// A permutation of `0 ..< count` that follows from a seed, each place worked out by itself: four rounds of a Feistel network over the next
/// square of a power of two, walked until a number falls inside.
struct Permutation: Sendable {
  let count: Int
  private let half: UInt64
  private let keys: InlineArray<4, UInt64>

  init(count: Int, seed: UInt64) {
    self.count = count
    var bits: UInt64 = 1
    while count > 0, bits < 31, 1 << (2 * bits) < UInt64(count) { bits += 1 }
    half = bits
    var generator = SeededGenerator(seed: seed)
    keys = InlineArray { _ in generator.next() }
  }

  /// Where a place is sent; itself for one that is outside.
  subscript(_ place: Int) -> Int {
    guard place >= 0, place < count else { return place }
    var value = UInt64(place)
    repeat { value = round(value) } while value >= UInt64(count)
    return Int(truncatingIfNeeded: value)
  }

  private func round(_ value: UInt64) -> UInt64 {
    let mask = (1 as UInt64) << half - 1
    var left = value >> half
    var right = value & mask
    for index in keys.indices {
      var word = (right &+ keys[index]) &* 0x9e37_79b9_7f4a_7c15
      word ^= word >> 29
      word = word &* 0xbf58_476d_1ce4_e5b9
      (left, right) = (right, left ^ (word >> 32) & mask)
    }
    return left << half | right
  }
}
