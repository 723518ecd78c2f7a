/// Columns of text: those that may wrap share what the others leave of the width.
struct Table {
  var header: [String]
  /// Indices of the columns that wrap.
  var wrapping: Set<Int>
  var rows: [[String]]

  private static let gap = 2
  private static let least = 16

  func lines(width: Int) -> [String] {
    guard !rows.isEmpty else { return [] }
    let all = [header] + rows
    let columns = header.count
    var widths = (0..<columns).map { column in all.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0 }
    let taken = widths.indices.filter { !wrapping.contains($0) }.map { widths[$0] }.reduce(0, +) + Self.gap * max(0, columns - 1)
    var left = max(width - taken, Self.least * wrapping.count)
    // The narrow ones first, so that they leave their share to the wide ones.
    let byWidth = wrapping.filter { $0 < columns }.sorted { (widths[$0], $0) < (widths[$1], $1) }
    for (done, column) in byWidth.enumerated() {
      let share = min(widths[column], max(Self.least, left / max(1, byWidth.count - done)))
      // What wrapping does not use is left to the others.
      widths[column] = all.flatMap { ($0.indices.contains(column) ? $0[column] : "").wrapped(to: share) }.map(\.count).max() ?? share
      left -= widths[column]
    }
    return all.flatMap { row -> [String] in
      let cells = (0..<columns).map { column -> [String] in
        let text = row.indices.contains(column) ? row[column] : ""
        return wrapping.contains(column) ? text.wrapped(to: widths[column]) : [text]
      }
      return (0..<(cells.map(\.count).max() ?? 0)).map { line in
        var out = ""
        for column in 0..<columns {
          let cell = cells[column].indices.contains(line) ? cells[column][line] : ""
          out += column == columns - 1 ? cell : cell.padded(to: widths[column] + Self.gap)
        }
        while out.last == " " { out.removeLast() }
        return out
      }
    }
  }
}
