/// A pattern of names: `*` stands for any characters, `?` for one.
package struct Glob: Sendable {
  private let pattern: [Character]

  package init(_ pattern: String) { self.pattern = Array(pattern) }

  package func matches(_ text: String) -> Bool {
    let text = Array(text)
    var place = 0
    var index = 0
    var star: (place: Int, index: Int)?
    while index < text.count {
      if place < pattern.count, pattern[place] == "?" || pattern[place] == text[index] {
        place += 1
        index += 1
      } else if place < pattern.count, pattern[place] == "*" {
        star = (place, index)
        place += 1
      } else if let last = star {
        star = (last.place, last.index + 1)
        place = last.place + 1
        index = last.index + 1
      } else {
        return false
      }
    }
    while place < pattern.count, pattern[place] == "*" { place += 1 }
    return place == pattern.count
  }
}
