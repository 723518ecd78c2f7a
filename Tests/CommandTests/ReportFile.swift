import Foundation

/// What the tests read of a report.
struct ReportFile: Decodable {
  struct Run: Decodable {
    var capture: String
    var role: String?
    var profile: String
    var verdicts: Verdicts
  }
  struct Verdicts: Decodable {
    var cases: [Case]
    var findings: [Finding]
  }
  struct Case: Decodable {
    var `case`: String
    var verdict: String
    var reason: String?
  }
  struct Finding: Decodable {
    var requirement: String
    var verdict: String
    var `case`: String?
    var field: String?
    var expected: String?
    var seen: String?
    var frame: Int
  }

  var runs: [Run]
  var exitStatus: Int32
  var drift: [Drift]
  struct Drift: Decodable {}

  enum CodingKeys: String, CodingKey {
    case runs, drift
    case exitStatus = "exit-status"
  }

  init(_ text: String) throws { self = try JSONDecoder().decode(Self.self, from: Data(text.utf8)) }

  /// Requirements that were broken, warnings included.
  var blamed: Set<String> {
    Set(runs.flatMap(\.verdicts.findings).filter { $0.verdict == "fail" || $0.verdict == "warning" }.map(\.requirement))
  }

  /// The `verdicts` of every run as JSON text, by the end of the capture's name.
  static func verdicts(_ report: String) throws -> [String: String] {
    guard let document = try JSONSerialization.jsonObject(with: Data(report.utf8)) as? [String: Any],
      let runs = document["runs"] as? [[String: Any]]
    else { return [:] }
    var all: [String: String] = [:]
    for run in runs {
      guard let capture = run["capture"] as? String, let verdicts = run["verdicts"] else { continue }
      let data = try JSONSerialization.data(withJSONObject: verdicts, options: [.sortedKeys])
      all[(capture as NSString).lastPathComponent] = String(decoding: data, as: UTF8.self)
    }
    return all
  }
}
