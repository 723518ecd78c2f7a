import Foundation

/// How text is set: the width to wrap at, and whether colours may be used.
package struct TextStyle: Sendable {
  package var isColoured: Bool
  /// Columns.
  package var width: Int

  package init(isColoured: Bool = false, width: Int = 100) {
    self.isColoured = isColoured
    self.width = max(40, width)
  }

  /// For a descriptor: colours only on a terminal, and only when `NO_COLOR` is unset or empty (no-color.org) and `TERM` is not `dumb`.
  package static func of(descriptor: Int32, environment: [String: String]) -> TextStyle {
    guard isatty(descriptor) == 1 else { return TextStyle() }
    let isColoured = (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    return TextStyle(isColoured: isColoured, width: columns(of: descriptor) ?? 100)
  }

  private static func columns(of descriptor: Int32) -> Int? {
    var size = winsize()
    guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  enum Ink: String {
    case red = "31", green = "32", yellow = "33", magenta = "35", bold = "1", dim = "2"
  }

  func paint(_ text: String, _ ink: Ink) -> String { isColoured ? "\u{1b}[\(ink.rawValue)m\(text)\u{1b}[0m" : text }
}

/// Text that came from elsewhere, with control characters written out: a terminal would obey them, XML 1.0 forbids most of them.
func printable(_ text: String) -> String {
  guard text.unicodeScalars.contains(where: isControl) else { return text }
  var out = ""
  for scalar in text.unicodeScalars {
    if isControl(scalar) {
      let digits = String(scalar.value, radix: 16)
      out += "\\x" + (digits.count < 2 ? "0" : "") + digits
    } else {
      out.unicodeScalars.append(scalar)
    }
  }
  return out
}

private func isControl(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0x00...0x1f, 0x7f...0x9f, 0xfffe, 0xffff: true
  default: false
  }
}

extension String {
  /// Filled up with spaces on the right.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }

  /// Broken at spaces into lines of at most `width` characters; a longer word stands alone.
  func wrapped(to width: Int) -> [String] {
    var lines: [String] = []
    for paragraph in split(separator: "\n", omittingEmptySubsequences: false) {
      var line = ""
      for word in paragraph.split(separator: " ") {
        if !line.isEmpty, line.count + 1 + word.count > width {
          lines.append(line)
          line = ""
        }
        line += (line.isEmpty ? "" : " ") + word
      }
      lines.append(line)
    }
    return lines
  }
}
