import ArgumentParser
import Foundation
import Reporting
import Security

/// A folder with the keys of a capture, as Wireshark has them in a profile.
struct KeyFolder {
  /// What `--keys` says of itself.
  static let help: ArgumentHelp = """
    The folder of Wireshark's tables ikev2_decryption_table and esp_sa, with the keys of what is sealed. A capture in a report folder has its \
    own there.
    """

  private static let ike = "ikev2_decryption_table"
  private static let esp = "esp_sa"

  /// Reads the tables that are there.
  static func load(path: String) throws -> KeyTables {
    var tables = KeyTables()
    var isEmpty = true
    for name in [ike, esp] {
      guard let data = FileManager.default.contents(atPath: "\(path)/\(name)") else { continue }
      isEmpty = false
      let text = String(decoding: data, as: UTF8.self)
      let bad = name == ike ? tables.ike.read(text) : tables.readESP(text)
      guard bad.isEmpty else {
        throw Stop(
          .usage,
          "\(path)/\(name): line \(bad.map(String.init).joined(separator: ", ")) cannot be read: it has another form, or algorithms that "
            + "detachspec does not have; mend it, or put # in front of it")
      }
    }
    guard !isEmpty else { throw Stop(.usage, "\(path): neither \(ike) nor \(esp) is in this folder") }
    return tables
  }

  /// The folder with the keys of a capture that lies in a report folder, `run-NAME.pcapng` or `captures/NAME/CASE.pcapng`: `keys/NAME`; nil where
  /// there is none.
  static func beside(_ capture: String) -> String? {
    let file = URL(fileURLWithPath: capture)
    let folder = file.deletingLastPathComponent()
    let name = file.deletingPathExtension().lastPathComponent
    var keys = folder.appending(path: "keys/\(name.dropFirst("run-".count))")
    if !name.hasPrefix("run-") {
      guard folder.deletingLastPathComponent().lastPathComponent == "captures" else { return nil }
      keys = folder.appending(path: "../../keys/\(folder.lastPathComponent)").standardizedFileURL
    }
    return FileManager.default.fileExists(atPath: keys.path) ? keys.path : nil
  }

  /// Writes both tables into a folder of the report.
  static func write(_ tables: KeyTables, to folder: ReportFolder, _ name: String) throws {
    guard !tables.isEmpty else { return }
    let keys = try ReportFolder("\(folder.path)/keys/\(name)")
    try keys.write(Array(tables.ikeTable.utf8), ike)
    try keys.write(Array(tables.espTable.utf8), esp)
  }
}
