package import Judging

extension Device {
  /// Reads a device's description; `profiles`, when given, are the names that `profile` may have.
  ///
  /// - Throws: everything that is wrong with it, each with its place. A hook that a case needs and that is not there is no error.
  package static func load(path: String, profiles: [String]? = nil) throws(SuiteErrors) -> Device {
    try load(file: path, text: YAMLNode.text(ofFile: path), profiles: profiles)
  }

  /// Reads a device's description from its text; `file` is what errors call it.
  package static func load(file: String, text: String, profiles: [String]? = nil) throws(SuiteErrors) -> Device {
    let root: YAMLNode
    do {
      root = try YAMLNode.parse(file: file, text: text)
    } catch {
      throw SuiteErrors([error])
    }
    let placeholders = root.placeholders
    guard placeholders.isEmpty else {
      throw SuiteErrors(
        placeholders.map { SuiteError($0.location, "expected what stands in <…> to be filled in, found \($0.found)") })
    }
    var loader = DeviceLoader(folder: file.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/"))
    let device = loader.read(root, profiles)
    try loader.reader.throwErrors()
    guard let device else { throw SuiteErrors([SuiteError(root.location, "expected the description of a device")]) }
    return device
  }
}

extension YAMLNode {
  /// What `Device.template` leaves to be filled in.
  fileprivate var placeholders: [YAMLNode] {
    switch content {
    case .scalar(let text, _): text.hasPrefix("<") && text.hasSuffix(">") ? [self] : []
    case .list(let nodes): nodes.flatMap(\.placeholders)
    case .mapping(let pairs): pairs.flatMap(\.value.placeholders)
    }
  }
}
