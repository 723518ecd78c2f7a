import Wire

/// Why a control line cannot be carried out; the text is the rest of the answer behind `error`.
struct CommandError: Error {
  var text: String

  init(_ text: String) { self.text = text }
}

extension NodeConfiguration {
  /// The home address that a control line names.
  func homeAddress(_ text: String) throws(CommandError) -> IPv6Address {
    guard let home = IPv6Address(text) else { throw CommandError("\(text): not an IPv6 address; give one of \(homeAddressRange)") }
    guard holds(home) else { throw CommandError("\(home): not a home address here; give one of \(homeAddressRange)") }
    return home
  }
}
