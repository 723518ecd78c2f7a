private import Foundation

extension YAMLNode {
  /// The text of a YAML file; `name` is what errors call it.
  ///
  /// - Throws: that it cannot be read, is too large, or is not UTF-8.
  package static func text(ofFile path: String, calledAs name: String? = nil) throws(SuiteErrors) -> String {
    let name = name ?? path
    func error(_ message: String, line: Int = 1, column: Int = 1) -> SuiteErrors {
      SuiteErrors([SuiteError(Location(file: name, line: line, column: column), message)])
    }
    guard let handle = FileHandle(forReadingAtPath: path), let data = try? handle.read(upToCount: maximumOctets + 1) ?? Data() else {
      throw error("expected a file that can be read, found none")
    }
    guard data.count <= maximumOctets else { throw error("expected at most \(maximumOctets >> 20) MiB, found more") }
    guard let text = String(validating: data, as: UTF8.self) else {
      let good = validPrefix(of: [UInt8](data))
      let lines = good.split(separator: "\n", omittingEmptySubsequences: false)
      throw error("expected UTF-8, found other octets", line: lines.count, column: (lines.last?.unicodeScalars.count ?? 0) + 1)
    }
    return text
  }

  /// What comes before the first octet that is not UTF-8.
  private static func validPrefix(of octets: [UInt8]) -> String {
    var good = ""
    var decoder = UTF8()
    var iterator = octets.makeIterator()
    while case .scalarValue(let scalar) = decoder.decode(&iterator) { good.unicodeScalars.append(scalar) }
    return good
  }
}
