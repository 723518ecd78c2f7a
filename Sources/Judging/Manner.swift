/// What a template can ask of a message that stands in none of its own fields, by words.
package enum Manner: String, Sendable, CaseIterable {
  /// Of a Mobility Header that names its home address: by which security association it came.
  case protection
  /// Of an IKE message: whether one of this Message ID came before it, from the same side in the same IKE SA.
  case repeated
  /// Of a message that came through a tunnel: how, beside the last BU that was accepted.
  case encapsulation

  /// Its words; a word's place is its value.
  package var words: [String] {
    switch self {
    // `none`: though its binding has one; `another`: one of another binding; `ended`: one that the sender has deleted, `withdrawn`: that the other
    // side has; `unknown`: nobody can tell; `replayed`: by its own, and its sequence number was there before.
    case .protection: ["none", "own", "another", "ended", "withdrawn", "unknown", "replayed"]
    // `unasked`: an answer by a number behind that of the DELETE.
    case .repeated: ["no", "exactly", "changed", "unasked"]
    case .encapsulation: ["same", "other"]
    }
  }

  /// A value, for people.
  package func word(_ value: UInt128) -> String { value < UInt128(words.count) ? words[Int(value)] : "\(value)" }
}

/// Under which security association a Mobility Header came.
enum Standing: UInt128, Sendable {
  case none, own, another, ended, withdrawn, unknown, replayed
}
