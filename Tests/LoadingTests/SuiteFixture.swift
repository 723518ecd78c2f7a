import Judging

/// The entries that the entries under test refer to; they take up 19 lines of their own file.
let base = """
  - text: old
    title: The old text
    durations: { init-min-delay-bris: 1 s }
    numbers: { bri-max-retries: 1 }
  - profile: old
    dialect: draft-01
    text: old
  - requirement: R-1
    document: D
    clause: 5.4.3.1
    role: ha
    level: shall
    paraphrase: the P bit is 0
  - probe: forwarding
    role: ha
    strength: strong
    stimulus: echo-to-home
    window: probe-time
    side-effects: none
  """

let rule = """
  - rule: bri-flags
    when: { message: bri, from: ha }
    must:
      R-1: { bri.p: 0 }
  """

func loaded(_ text: String, with others: [String] = [base]) throws(SuiteErrors) -> Suite {
  try Suite.load(files: [("t.yaml", text)] + others.enumerated().map { ("base\($0.offset).yaml", $0.element) })
}

/// What is wrong with a suite whose file `t.yaml` has this text; empty when nothing is.
func errors(_ text: String, with others: [String] = [base]) -> [String] {
  do {
    _ = try loaded(text, with: others)
    return []
  } catch {
    return error.errors.map(\.description)
  }
}
