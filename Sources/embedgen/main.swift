import Foundation

// embedgen ROOT OUTPUT FILE…: writes a Swift file that holds the files' texts by their paths below ROOT.

/// A Swift string literal on one line, exact to the octet.
func literal(_ text: String) -> String {
  var out = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": out += "\\\""
    case "\\": out += "\\\\"
    case "\n": out += "\\n"
    case "\u{0}"..<"\u{20}", "\u{7f}", "\u{feff}": out += "\\u{\(String(scalar.value, radix: 16))}"
    default: out.unicodeScalars.append(scalar)
    }
  }
  return out + "\""
}

func fail(_ message: String) -> Never {
  try? FileHandle.standardError.write(contentsOf: Data("embedgen: \(message)\n".utf8))
  exit(1)
}

let arguments = CommandLine.arguments
guard arguments.count >= 3 else { fail("usage: embedgen ROOT OUTPUT FILE…") }
let root = arguments[1].hasSuffix("/") ? arguments[1] : arguments[1] + "/"
var code = "package let embeddedSuites: [(path: String, text: StaticString)] = [\n"
for file in arguments.dropFirst(3) {
  guard let data = FileManager.default.contents(atPath: file), let text = String(validating: data, as: UTF8.self) else {
    fail("\(file): expected a file of UTF-8 text")
  }
  guard file.hasPrefix(root) else { fail("\(file): expected a file below \(root)") }
  code += "  (\(literal(String(file.dropFirst(root.count)))), \(literal(text))),\n"
}
do {
  try (code + "]\n").write(toFile: arguments[2], atomically: true, encoding: .utf8)
} catch {
  fail("\(arguments[2]): \(error)")
}
