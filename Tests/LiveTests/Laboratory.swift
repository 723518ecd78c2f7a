import Foundation
import Testing

/// Whether network namespaces can be made here.
enum Laboratory {
  static let isThere: Bool = {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Program.path)
    process.arguments = ["lab", "--", "true"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return true }
    process.waitUntilExit()
    // Anything but lack of privilege is for the tests to find.
    return process.terminationStatus != 77
  }()

  static let isRoot = getuid() == 0
  static let reason: Comment = "neither root nor a kernel that lets ordinary users make namespaces"

  /// Runs a shell script within `detachspec lab`; `$DETACHSPEC` is the program. `ready FILE` waits until the process that was begun last has
  /// written something there, and ends the script when that process has ended.
  static func run(_ script: String, in folder: Scratch) async throws -> Ended {
    try await Program.run(
      words: [Program.path, "lab", "--", "bash", "-eu", "-c", waiting + script], environment: ["DETACHSPEC": Program.path], in: folder)
  }

  private static let waiting = """
    ready() {
      until [ -s "$1" ]; do
        kill -0 $! 2>/dev/null || { echo "what should write '$1' has ended" >&2; exit 70; }
        sleep 0.02
      done
    }

    """

  /// Asks a node over its control socket, and prints the answer: `ask SOCKET WORD…`.
  static let ask = """
    #!/usr/bin/env python3
    import socket, sys

    node = socket.socket(socket.AF_UNIX)
    node.settimeout(10)
    node.connect(sys.argv[1])
    node.sendall((" ".join(sys.argv[2:]) + "\\n").encode())
    answer = node.makefile().readline().strip()
    print(answer)
    sys.exit(not answer.startswith("ok"))

    """

  /// The processes whose command line holds `word`.
  static func processes(with word: String) -> [String] {
    let numbers = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).filter { $0.allSatisfy(\.isNumber) }
    return numbers.filter { number in
      let line = FileManager.default.contents(atPath: "/proc/\(number)/cmdline").map { String(decoding: $0, as: UTF8.self) } ?? ""
      return line.contains(word)
    }
  }
}

/// In a child process an error that nobody catches says nothing.
func reporting(_ body: () throws -> Void) throws {
  do { try body() } catch { Issue.record("\(error)") }
}
