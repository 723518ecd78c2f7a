import Foundation
package import Judging

/// The one encoding of verdicts: keys sorted, no white space. The same capture and suite give the same octets, in `run` and in `check`.
package func verdictsJSON(_ verdicts: Verdicts) -> [UInt8] { encoded(verdicts, isIndented: false) }

extension Report {
  /// `report.json`: UTF-8, keys sorted, indented, a line feed at the end; `docs/report.schema.json` describes it.
  package var json: [UInt8] { encoded(self, isIndented: true) + [0x0a] }

  /// Reads `report.json`.
  ///
  /// - Throws: `ReportError`, which says what is wrong and where.
  package init(json: [UInt8]) throws(ReportError) {
    do {
      self = try JSONDecoder().decode(Report.self, from: Data(json))
    } catch let error as DecodingError {
      throw ReportError(error)
    } catch {
      throw ReportError(message: "not a report: \(error)")
    }
    guard format == Report.currentFormat else {
      throw ReportError(message: "a report of format \(format): this program reads format \(Report.currentFormat)")
    }
  }
}

/// Why a report cannot be read.
package struct ReportError: Error, Sendable, Equatable, CustomStringConvertible {
  package let message: String

  package var description: String { message }

  init(message: String) { self.message = message }

  init(_ error: DecodingError) {
    func place(_ path: [any CodingKey]) -> String {
      path.isEmpty ? "the document" : path.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
    }
    switch error {
    case .keyNotFound(let key, let context): message = "not a report: \(place(context.codingPath)) has no '\(key.stringValue)'"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      message = "not a report: \(place(context.codingPath)): \(context.debugDescription)"
    @unknown default: message = "not a report: \(error)"
    }
  }
}

/// What is encoded holds texts, whole numbers and finite ones, so that encoding cannot fail.
func encoded(_ value: some Encodable, isIndented: Bool) -> [UInt8] {
  let encoder = JSONEncoder()
  encoder.outputFormatting = isIndented ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted] : [.sortedKeys, .withoutEscapingSlashes]
  return (try? encoder.encode(value)).map { [UInt8]($0) } ?? []
}
