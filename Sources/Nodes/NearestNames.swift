/// The names that somebody who wrote `name` most likely meant, at most three.
func nearestNames(to name: String, among names: [String]) -> [String] {
  let ranked = names.map { (name: $0, distance: editDistance(name, $0)) }.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
  return ranked.prefix { $0.distance <= max(4, name.count / 3) }.prefix(3).map(\.name)
}

private func editDistance(_ a: String, _ b: String) -> Int {
  let b = Array(b.utf8)
  var row = Array(0...b.count)
  for (index, octet) in a.utf8.enumerated() {
    var diagonal = row[0]
    row[0] = index + 1
    for column in b.indices {
      let change = diagonal + (octet == b[column] ? 0 : 1)
      diagonal = row[column + 1]
      row[column + 1] = min(change, row[column] + 1, diagonal + 1)
    }
  }
  return row[b.count]
}
