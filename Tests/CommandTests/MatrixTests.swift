import Foundation
import Testing

/// The kill matrix from the command line. `make matrix` runs all of it.
@Suite struct MatrixTests {
  private static let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../TestSuites")
    .standardizedFileURL.path

  /// One rule and one case; every defect but one has no expectation.
  private static let rule = """
    - rule: bra-follows-bri
      when: { message: bri, from: ha, sound: yes }
      while: { entry: bound }
      reactions:
        - { label: acknowledged, match: { message: bra, from: ue }, verdict: pass, decides: 24303-5.4.2.1-02 }
        - { label: nothing, silence: guard-time, verdict: fail, decides: 24303-5.4.2.1-02 }
        - { label: otherwise, verdict: fail, decides: 24303-5.4.2.1-02 }

    """
  private static let rest = """
    - text: rfc5846
      title: RFC 5846
      durations: { init-min-delay-bris: 1 s, minimum-delay-bris: 500 ms, max-brack-timeout: 2 s }
      numbers: { bri-max-retries: 1 }
    - profile: rfc5846
      dialect: rfc5846
      text: rfc5846
    - requirement: 24303-5.4.2.1-02
      document: TS 24.303
      clause: 5.4.2.1
      role: ue
      level: shall
      paraphrase: A BRA follows the BRI.
    - case: TP_UE_NID_BV_01
      title: The UE acknowledges a revocation
      clause: 5.4.2.1
      role: ue
      needs: { hooks: [register] }
      steps: [register, send: bri, await: bra]
      exercises: [bra-follows-bri]
    - { expect: bra-not-sent, role: ue, blames: [24303-5.4.2.1-02] }

    """

  @Test func aRuleThatIsMissingIsMissed() async throws {
    let folder = try Scratch()
    try folder.write("suite/rest.yaml", Self.rest)
    try folder.write("suite/rule.yaml", Self.rule)
    let words = ["matrix", "--role", "ue", "--profile", "rfc5846", "--suite", "suite"]
    let whole = try await Program.run(words, in: folder)
    #expect(whole.status == 1, "the other defects have no expectation here")
    #expect(whole.output.contains(#/\n  bra-not-sent +24303-5\.4\.2\.1-02\n/#), "\(whole.testDescription)")
    #expect(!whole.output.contains("WRONG bra-not-sent:"))
    #expect(!whole.output.contains("WRONG clean:"))

    try folder.write(
      "suite/rule.yaml", Self.rule.replacing("bra-follows-bri", with: "another").replacing("message: bri", with: "message: be"))
    let lame = try await Program.run(words, in: folder)
    #expect(lame.status == 1)
    #expect(lame.output.contains("WRONG bra-not-sent: nobody catches it: 24303-5.4.2.1-02 should be blamed"))
    #expect(lame.output.contains("WRONG suite/rest.yaml:20:15: unknown rule 'bra-follows-bri'"))
    // What a matrix can live with, a run cannot.
    expectRefusal(
      try await Program.run("run", "--simulate", "--suite", "suite", in: folder), 64,
      "suite/rest.yaml:20:15: unknown rule 'bra-follows-bri'")
  }

  @Test(.enabled(if: Program.isOptimised, "a debug build takes minutes for it; name a release build in $DETACHSPEC_BINARY"))
  func theWholeSuiteBites() async throws {
    let folder = try Scratch()
    let words = ["matrix", "--role", "ue", "--profile", "rfc5846", "--format", "json"]
    let whole = try await Program.run(words, in: folder)
    #expect(whole.status == 0, "\(whole.testDescription)")

    try FileManager.default.copyItem(atPath: Self.source, toPath: folder / "suite")
    let text = folder.text("suite/rules/ue.yaml")
    let entry = try #require(text.split(separator: "\n- ").first { $0.hasPrefix("rule: bu-sequence\n") })
    try folder.write("suite/rules/ue.yaml", text.replacing("\n- \(entry)", with: ""))
    let lame = try await Program.run(words + ["--suite", "suite"], in: folder)
    #expect(lame.status == 1)
    #expect(lame.output.contains("nobody catches it: M-19a should be blamed"))
  }
}
