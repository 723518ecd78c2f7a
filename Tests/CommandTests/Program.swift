import Foundation
import Testing

/// The built program, run as a child process.
enum Program {
  /// `$DETACHSPEC_BINARY`, else what stands beside the test bundle.
  static let path: String = {
    if let path = ProcessInfo.processInfo.environment["DETACHSPEC_BINARY"], !path.isEmpty { return path }
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let beside = (CommandLine.arguments.filter { $0.hasSuffix(".xctest") } + [own]).map {
      ($0 as NSString).deletingLastPathComponent + "/detachspec"
    }
    return beside.first { FileManager.default.isExecutableFile(atPath: $0) } ?? "detachspec-is-not-built"
  }()

  /// What is much quicker than a debug build is worth a try.
  static let isOptimised = path.contains("/release/")

  /// Runs it to its end.
  static func run(_ arguments: String..., environment: [String: String] = [:], in folder: Scratch) async throws -> Ended {
    try await run(arguments, environment: environment, in: folder)
  }

  static func run(_ arguments: [String], environment: [String: String] = [:], in folder: Scratch) async throws -> Ended {
    try await run(words: [path] + arguments, environment: environment, in: folder)
  }

  /// Runs another program to its end.
  static func run(words: [String], environment: [String: String] = [:], in folder: Scratch) async throws -> Ended {
    try await Slots.shared.take()
    do {
      let ended = try await Child(words, environment: environment, in: folder).end()
      await Slots.shared.give()
      return ended
    } catch {
      await Slots.shared.give()
      throw error
    }
  }
}

/// How a child ended.
struct Ended: Sendable, CustomTestStringConvertible {
  /// The exit status, or 128 and the signal.
  var status: Int32
  var output: String
  var errors: String

  var testDescription: String {
    "status \(status)\n--- standard output\n\(output.prefix(4000))\n--- standard error\n\(errors.prefix(4000))"
  }
}

/// A child process in a group of its own, its output in files of the folder's neighbour.
final class Child: @unchecked Sendable {
  struct Failure: Error { var reason: String }

  let process: pid_t
  private let notes: Scratch
  private var status: Int32?

  init(_ words: [String], environment: [String: String] = [:], in folder: Scratch) throws {
    notes = try Scratch()
    var inherited = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("DETACHSPEC_") && $0.key != "COLUMNS" }
    inherited.merge(environment) { $1 }
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    // `env` is replaced by the program; spawning has no portable way to begin in another folder.
    var arguments: [UnsafeMutablePointer<CChar>?] = (["env", "-C", folder.path] + words).map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = inherited.map { strdup("\($0.key)=\($0.value)") } + [nil]
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
      (arguments + variables).forEach { free($0) }
    }
    // The threads that run tests have signals blocked; a child, and whatever it starts, would never hear of SIGTERM.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, notes / "output", O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, notes / "errors", O_WRONLY | O_CREAT, 0o600)
    var started: pid_t = 0
    let code = posix_spawnp(&started, "env", &actions, &attributes, &arguments, &variables)
    guard code == 0 else { throw Failure(reason: "env: \(String(cString: strerror(code)))") }
    process = started
  }

  deinit {
    guard status == nil else { return }
    kill(0 - process, SIGKILL)
    waitpid(process, nil, 0)
  }

  func send(_ signal: Int32) { kill(process, signal) }

  var hasEnded: Bool {
    if status == nil {
      var code: Int32 = 0
      if waitpid(process, &code, WNOHANG) == process { status = code & 0x7f == 0 ? code >> 8 & 0xff : 128 + (code & 0x7f) }
    }
    return status != nil
  }

  /// Waits for its end; one that takes too long is killed.
  func end(within patience: Duration = .seconds(300)) async throws -> Ended {
    guard try await eventually(within: patience, { self.hasEnded }), let status else {
      throw Failure(reason: "it did not end within \(patience): \(notes.text("output")) \(notes.text("errors"))")
    }
    return Ended(status: status, output: notes.text("output"), errors: notes.text("errors"))
  }
}

/// Asks again and again; false when the time is over.
func eventually(within patience: Duration = .seconds(60), _ condition: () throws -> Bool) async throws -> Bool {
  let deadline = ContinuousClock.now + patience
  while try !condition() {
    guard ContinuousClock.now < deadline else { return false }
    try await Task.sleep(for: .milliseconds(2))
  }
  return true
}

/// As many children at once as there are cores: all tests begin together.
private actor Slots {
  static let shared = Slots()
  private var free = max(2, ProcessInfo.processInfo.activeProcessorCount)

  func take() async throws {
    while free == 0 { try await Task.sleep(for: .milliseconds(5)) }
    free -= 1
  }

  func give() { free += 1 }
}

/// A folder that goes with the value.
final class Scratch: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "command-\(UUID().uuidString.prefix(8))").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  static func / (folder: Scratch, name: String) -> String { "\(folder.path)/\(name)" }

  @discardableResult func write(_ name: String, _ text: String) throws -> String { try write(name, Data(text.utf8)) }

  @discardableResult func write(_ name: String, _ data: Data) throws -> String {
    let place = URL(fileURLWithPath: self / name)
    try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
    try data.write(to: place)
    return place.path
  }

  func text(_ name: String) -> String {
    FileManager.default.contents(atPath: self / name).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// Everything in it, folders included.
  var names: [String] { ((try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []).sorted() }
}

/// One message on standard error that says all of `parts`, and nothing on standard output.
func expectRefusal(_ ended: Ended, _ status: Int32 = 64, _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(ended.status == status, "\(ended.testDescription)", sourceLocation: sourceLocation)
  #expect(ended.output.isEmpty, sourceLocation: sourceLocation)
  #expect(ended.errors.hasPrefix("detachspec: "), "\(ended.errors)", sourceLocation: sourceLocation)
  #expect(ended.errors.count(where: \.isNewline) == 1 && ended.errors.hasSuffix("\n"), "\(ended.errors)", sourceLocation: sourceLocation)
  for part in parts { #expect(ended.errors.contains(part), sourceLocation: sourceLocation) }
}
