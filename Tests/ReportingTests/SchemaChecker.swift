import Foundation

/// The part of JSON Schema 2020-12 that `docs/report.schema.json` uses; any other keyword is a problem of its own.
struct SchemaChecker {
  private let root: [String: Any]
  private static let known: Set<String> = [
    "$schema", "$id", "$defs", "$ref", "title", "description", "type", "properties", "required", "additionalProperties", "items", "enum",
    "const",
    "minimum",
  ]

  init() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../docs/report.schema.json")
    root = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any] ?? [:]
  }

  func problems(_ json: [UInt8]) throws -> [String] {
    var problems: [String] = []
    check(try JSONSerialization.jsonObject(with: Data(json)), root, "$", &problems)
    return problems
  }

  private func check(_ value: Any, _ schema: [String: Any], _ place: String, _ problems: inout [String]) {
    for keyword in schema.keys where !Self.known.contains(keyword) {
      problems.append("\(place): the schema's keyword \(keyword) is not checked")
    }
    if let reference = schema["$ref"] as? String {
      let definitions = root["$defs"] as? [String: Any]
      guard let target = definitions?[reference.replacing("#/$defs/", with: "")] as? [String: Any] else {
        problems.append("\(place): the schema has no \(reference)")
        return
      }
      check(value, target, place, &problems)
    }
    if let type = schema["type"] as? String, !isOf(type, value) {
      problems.append("\(place): not of type \(type)")
      return
    }
    let scalar = value as? AnyHashable
    if let values = schema["enum"] as? [AnyHashable], !values.contains(where: { $0 == scalar }) {
      problems.append("\(place): not one of the values")
    }
    if let constant = schema["const"] as? AnyHashable, constant != scalar { problems.append("\(place): not the value") }
    if let least = schema["minimum"] as? Double, let number = value as? Double, number < least {
      problems.append("\(place): less than \(Int(least))")
    }
    if let items = schema["items"] as? [String: Any], let array = value as? [Any] {
      for (index, element) in array.enumerated() { check(element, items, "\(place)[\(index)]", &problems) }
    }
    guard let object = value as? [String: Any] else { return }
    let properties = schema["properties"] as? [String: Any] ?? [:]
    for name in schema["required"] as? [String] ?? [] where object[name] == nil { problems.append("\(place).\(name): missing") }
    for (name, element) in object.sorted(by: { $0.key < $1.key }) {
      if let property = properties[name] as? [String: Any] {
        check(element, property, "\(place).\(name)", &problems)
      } else if schema["additionalProperties"] as? Bool == false {
        problems.append("\(place).\(name): not described")
      }
    }
  }

  private func isOf(_ type: String, _ value: Any) -> Bool {
    switch type {
    case "object": value is [String: Any]
    case "array": value is [Any]
    case "string": value is String
    case "integer": (value as? Double).map { $0 == $0.rounded() } ?? false
    case "number": value is Double
    default: false
    }
  }
}
