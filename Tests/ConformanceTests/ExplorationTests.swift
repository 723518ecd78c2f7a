import Foundation
import Link
import Testing
import Wire

@testable import Conformance
@testable import Judging

/// Every way that a detach may go, as far as few events lead: the judge never rules out the state that the node is in, and never blames it.
@Suite struct ExplorationTests {
  /// Events from a node on that has just started; a binding takes three. Each event more takes three times as long.
  private static let depth = ProcessInfo.processInfo.environment["EXPLORATION_DEPTH"].flatMap { Int($0) } ?? 8

  private static let scenes: [(Pair, CapturePoint)] = Pair.all.flatMap { pair in CapturePoint.allCases.map { (pair, $0) } }

  // MARK: Breadth first

  private struct Exploration {
    var states = 0
    /// Those in which the judge knows the node's state.
    var certain = 0
    var moves = 0
    /// What is wrong, each with the shortest way there.
    var violations: [(what: String, trace: [Move])] = []
  }

  /// A binding that the UE has registered.
  private static func bound(_ scene: Scene) throws -> Joint {
    var joint = try Joint(scene)
    joint.bind()
    try #require(joint.nodeState == .bound && joint.held == .bound && joint.violation == nil)
    return joint
  }

  private static func explore(_ root: Joint, depth: Int) -> Exploration {
    var known: Set<[Int]> = [root.key]
    var level = [root]
    var found = Exploration()
    for step in 1...depth {
      var next: [Joint] = []
      for joint in level {
        for move in joint.moves {
          var after = joint
          after.make(move)
          found.moves += 1
          guard known.insert(after.key).inserted else { continue }
          if after.held.rawValue.nonzeroBitCount == 1 { found.certain += 1 }
          if let violation = after.violation {
            found.violations.append((violation, after.trace))
          } else if step < depth {
            next.append(after)
          }
        }
      }
      level = next
    }
    found.states = known.count
    return found
  }

  /// What happened, with the node's state and those that the judge held possible after it.
  private static func story(_ scene: Scene, _ trace: [Move]) throws -> String {
    var joint = try Joint(scene)
    return trace.map { move in
      func frame(_ way: Move.Way) -> String { (way == .toNode ? joint.toNode : joint.toTester).first?.description ?? "" }
      let what =
        switch move {
        case .arrival(let way): "\(frame(way)) arrives"
        case .loss(let way): "\(frame(way)) is lost"
        case .disregard: "\(frame(.toTester)) arrives, and is not answered"
        case .duplication(let way): "\(frame(way)) arrives, and will once more"
        default: "\(move)"
        }
      joint.make(move)
      return "\n  \(what): \(joint.names(joint.nodeState)) (\(joint.names(joint.held)))"
    }.joined()
  }

  @Test(arguments: scenes) func nothingIsRuledOut(_ pair: Pair, _ point: CapturePoint) throws {
    let scene = try Scene(pair, point)
    let found = try Self.explore(Joint(scene), depth: Self.depth)
    for (what, trace) in found.violations.prefix(3) { try Issue.record("\(what)\(Self.story(scene, trace))") }
    #expect(found.violations.count == 0)
    #expect(found.states > 2_500 && found.moves > 5_000, "\(found.states) states, \(found.moves) moves")
    // Who holds everything possible is never wrong. A judge at the node is seldom in doubt.
    #expect(found.certain * 10 > found.states * (point == .node ? 8 : 1), "\(found.certain) of \(found.states)")
  }

  /// The search does find what is wrong, with the node or with what the judge sees.
  @Test(
    arguments: [
      (.ha, "binding-kept-after-deregistration", "the node is bound, for the judge it is unbound"),
      (.ha, "binding-kept-after-bra", "the node is bound, for the judge it is unbound"),
      (.ha, "bri-p-bit-set", "24303-5.4.3.1-03b by bri-fields is blamed"),
      (.ue, "binding-kept-after-bri", "the node is bound, for the judge it is none"),
      (.ue, "bra-bad-status", "24303-5.4.2.1-03 by bra-fields is blamed"),
    ] as [(Role, String, String)]) func whatIsWrongIsFound(_ role: Role, _ defect: String, _ what: String) throws
  {
    for profile in ["ts24303-0.4.1", "rfc5846"] {
      for point in CapturePoint.allCases {
        var scene = try Scene(Pair(role: role, profile: profile), point)
        scene.defects = [defect]
        let found = try Self.explore(Self.bound(scene), depth: 3)
        #expect(found.violations.contains { $0.what.hasPrefix(what) }, "\(scene.testDescription): \(found.violations.map(\.what))")
      }
    }
  }

  @Test(arguments: CapturePoint.allCases) func aDeafJudgeIsFound(_ point: CapturePoint) throws {
    var root = try Self.bound(Scene(Pair(role: .ha, profile: "rfc5846"), point))
    root.unseen = .bu
    let found = Self.explore(root, depth: 3)
    #expect(found.violations.contains { $0.what == "the node is unbound, for the judge it is bound" })
  }

  // MARK: At random, through `check`

  /// 250 ways each: captured at the tester as a run captures them, at the node as somebody else may. There every judgement has to hold,
  /// whatever the link does; at the tester where it does nothing to the frames.
  @Test(arguments: scenes) func walksGoThroughCheck(_ pair: Pair, _ point: CapturePoint) throws {
    var scene = try Scene(pair, point)
    scene.tick = .milliseconds(1)
    let seed = [pair.role == .ha, pair.profile == "rfc5846", point == .node].reduce(UInt64(1)) { $0 << 1 | ($1 ? 1 : 0) }
    var generator = SeededGenerator(seed: seed)
    var walks = Walks(scene)
    for number in 0..<250 {
      if let (what, trace) = try walks.walk(number, isSmooth: number % 2 == 0 && point == .tester, &generator) {
        try Issue.record("walk \(number): \(what)\(Self.story(scene, trace))")
      }
    }
    try withDirectory { directory in
      let path = "\(directory)/walks.pcapng"
      let verdicts = try walks.finish(to: path)
      let outcome = try Audit(scene.suite, profile: nil, device: nil).check(path)
      #expect(outcome.verdicts == [verdicts] && outcome.testerErrors == walks.judge.testerErrors)
      #expect(outcome.frames == walks.judge.frames && outcome.remarks == [])
      #expect(outcome.verdicts.map(\.profile) == [pair.profile] && outcome.dialect == scene.profile.dialect)
      let blamed = verdicts.findings.filter { ($0.verdict == .fail || $0.verdict == .warning) && $0.role == pair.role }
      #expect(blamed.filter { point == .node || walks.smooth.contains($0.homeAddress) } == [])
      #expect(verdicts.requirements.count { $0.verdict == .pass } > 5)
    }
  }

  /// One way after the other, each of a node and a home address of its own, before one judge and in one capture.
  private struct Walks {
    let scene: Scene
    private(set) var judge: Judge
    /// Home addresses of which the link let everything pass.
    private(set) var smooth: Set<String> = []
    private var now = Scene.start
    private var items: [Evidence.Item] = []

    init(_ scene: Scene) {
      self.scene = scene
      judge = scene.judge(ofOthers: scene.point == .node)
      guard scene.point == .tester else { return }
      var run = Event(.run)
      run.run = RunDescription(
        tool: "detachspec", suite: scene.suite.digest, role: scene.pair.role, profile: scene.profile.id,
        homeAgents: [Scene.homeAgent.description], ics: scene.ics, timers: scene.timers)
      note(run)
    }

    private mutating func note(_ event: Event) {
      items.append(.event(event, now))
      judge.event(event, at: now, number: items.count)
    }

    /// Goes on at random, then lets everything arrive and every window end. What is wrong, if something is.
    mutating func walk(_ number: Int, isSmooth: Bool, _ generator: inout SeededGenerator) throws -> (String, [Move])? {
      var joint = try Joint(
        scene, home: address("2001:db8:a::1000").advanced(by: number), careOf: address("2001:db8:b::1000").advanced(by: number),
        judge: judge, at: now, count: items.count, keepsItems: true)
      // Most begin with a binding.
      if number % 4 > 0 { joint.bind() }
      for _ in 0..<10 {
        let moves = joint.moves.filter { move in
          switch move {
          case .loss, .duplication: !isSmooth && generator.chance(0.5)
          default: true
          }
        }
        guard let move = moves.randomElement(using: &generator) else { break }
        joint.make(move)
        if let violation = joint.violation { return (violation, joint.trace) }
      }
      let end = joint.now + .seconds(40)
      while let move = joint.moves.first(where: { [.arrival(.toNode), .arrival(.toTester), .timer].contains($0) }) {
        guard move != .timer || joint.node.nextDeadline <= end else { break }
        joint.make(move)
      }
      joint.pass(until: end)
      if let violation = joint.violation { return (violation, joint.trace) }
      if !joint.isDisturbed { smooth.insert(joint.home.description) }
      judge = joint.judge
      now = joint.now
      items += joint.items ?? []
      return nil
    }

    /// Ends the judgement, and writes what it was about.
    mutating func finish(to path: String) throws -> Verdicts {
      if scene.point == .tester {
        note(Event(.runEnd))
      } else {
        // Of anything at all, so that the capture is as long as the last walk.
        let frame = [UInt8](repeating: 0xff, count: 60)
        items.append(.frame(frame, FrameInfo(port: 0, time: now, originalLength: frame.count, isOutgoing: false)))
        judge.frame(frame.span, at: now, originalLength: frame.count, number: items.count, isOutgoing: false)
      }
      var evidence = Evidence(writer: try PcapngWriter(path: path, ports: [.init(name: "link")]), keeps: false)
      for item in items {
        switch item {
        case .frame(let bytes, let info): _ = evidence.frame(bytes.span, info)
        case .event(let event, let time): _ = evidence.event(event, at: time)
        }
      }
      try evidence.close(drops: [])
      return judge.finish()
    }
  }
}
