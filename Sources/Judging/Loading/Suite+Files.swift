private import Foundation
private import Suites

/// Where suites come from.
extension Suite {
  /// Reads a suite from the texts of its files; `path` is what errors call the file.
  ///
  /// - Throws: everything that is wrong with it, each with its place.
  package static func load(files: [(path: String, text: String)]) throws(SuiteErrors) -> Suite {
    try load(under: "", files)
  }

  /// The suite that is part of the program; errors name its files as they are called in the source tree.
  package static func embedded() throws(SuiteErrors) -> Suite {
    try load(under: "TestSuites", embeddedSuites.map { ($0.path, String(describing: $0.text)) })
  }

  /// Reads all `.yaml` files in a directory and those below it. The digest is that of the same files anywhere else.
  ///
  /// - Throws: as `load(files:)`; a directory or file that cannot be read, a file that is not UTF-8, a directory without such files.
  package static func load(directory: String) throws(SuiteErrors) -> Suite {
    let root = URL(fileURLWithPath: directory).resolvingSymlinksInPath()
    let manager = FileManager.default
    func error(_ message: String) -> SuiteErrors { SuiteErrors([SuiteError(Location(file: directory, line: 1, column: 1), message)]) }
    guard let names = try? manager.subpathsOfDirectory(atPath: root.path) else {
      throw error("expected a directory with a suite's .yaml files, found none that can be read")
    }
    var files: [(path: String, text: String)] = []
    for name in names.sorted() where name.hasSuffix(".yaml") {
      files.append((name, try YAMLNode.text(ofFile: root.appendingPathComponent(name).path, calledAs: join(directory, name))))
    }
    guard !files.isEmpty else { throw error("expected a directory with a suite's .yaml files, found none in it") }
    return try load(under: directory, files)
  }

  private static func load(under directory: String, _ files: [(path: String, text: String)]) throws(SuiteErrors) -> Suite {
    let sorted = files.sorted { $0.path < $1.path }
    var loader = SuiteLoader()
    var suite = try loader.load(sorted.map { (join(directory, $0.path), $0.text) })
    suite.digest = digest(sorted)
    return suite
  }

  private static func join(_ directory: String, _ name: String) -> String {
    directory.isEmpty || directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
  }

  /// FNV-1a of 128 bits (draft-eastlake-fnv) over paths and texts, in hexadecimal. It tells suites apart; it is no guard against forgery.
  private static func digest(_ files: [(path: String, text: String)]) -> String {
    var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
    func add(_ octet: UInt8) { hash = (hash ^ UInt128(octet)) &* 0x0000_0000_0100_0000_0000_0000_0000_013b }
    for file in files {
      for text in [file.path, file.text] {
        for octet in text.utf8 { add(octet) }
        // An octet that UTF-8 never has parts them.
        add(0xff)
      }
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 32 - digits.count) + digits
  }
}
