import Foundation
import Link
import Security
import Wire

/// A Linux kernel with Mobile IPv6 and IPsec that nobody here wrote: User Mode Linux at the other end of a veth pair, its root this
/// machine's, read only. Call it in a process that may enter namespaces.
final class UserModeLinux {
  static let program = "/usr/bin/linux.uml"
  static let isThere = FileManager.default.isExecutableFile(atPath: program)

  static let hardware = MACAddress(0x0200_0000_0002)
  static let testerHardware = MACAddress(0x0200_0000_0001)

  /// A Mobility Header as the guest's raw socket got it: its addresses are those that the guest's IP layer made of the packet's.
  struct Delivered: Equatable, CustomStringConvertible {
    var source: String
    var destination: String
    var octets: String

    var description: String { "\(source) > \(destination) \(octets)" }
  }

  struct Failure: Error, CustomStringConvertible { var description: String }

  private(set) var delivered: [Delivered] = []
  /// Frames of the guest's with ESP or a Mobility Header in them, oldest first.
  private(set) var frames: [[UInt8]] = []
  /// ICMPv6 errors of the guest's: type and code.
  private(set) var errors: [String] = []

  private let network: LiveNetwork
  private let folder: Scratch
  private let process = Process()
  private let toGuest = Pipe()
  private let fromGuest = Pipe()
  private var pending: [UInt8] = []
  private var answers: [String] = []

  /// Enters a fresh namespace and boots the guest there.
  /// - Parameter address: of the guest; it takes all of `2001:db8::/32` to be on its link.
  init(_ address: IPv6Address, neighbours: [IPv6Address]) throws {
    folder = try Scratch()
    try Lab.enter()
    // Neither end has an address of this kernel's, so one namespace holds both.
    try Lab.connect(
      tester: .init(interface: "va", address: Self.testerHardware), device: .init(interface: "vb", address: Self.hardware), process: nil)
    network = try LiveNetwork(interfaces: ["va"], allowing: AddressGuard([address, Binding.home]), capturesOutgoing: false)

    // It goes with this process, however that ends; the process namespace, because a killed User Mode Linux leaves processes behind.
    process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
    process.arguments =
      ["--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child", Self.program]
      + ["mem=64M", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", "init=\(Self.agent)", "quiet"]
      + ["con=null", "con0=null,fd:2", "con1=fd:0,fd:1", "uml_dir=\(folder.path)", "umid=guest"]
      + ["vec0:transport=raw,ifname=vb,depth=64,gro=0,mac=\(Self.hardware)"]
    process.standardInput = toGuest
    process.standardOutput = fromGuest
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.write("notes", "")))
    try process.run()
    let descriptor = fromGuest.fileHandleForReading.fileDescriptor
    guard fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0 else { throw Failure(description: "fcntl: \(errno)") }
    network.watched = [descriptor]
    guard try answer(within: .seconds(30)) == "ready" else { throw Failure(description: "it did not start: \(self.notes)") }
    try ip(
      ["link set vec0 up", "addr add \(address)/128 dev vec0 nodad", "route add 2001:db8::/32 dev vec0"]
        + neighbours.map { "neigh replace \($0) lladdr \(Self.testerHardware) dev vec0 nud permanent" })
  }

  deinit {
    guard process.isRunning else { return }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  private static let agent = URL(fileURLWithPath: #filePath).appending(path: "../../../scripts/uml-guest").standardized.path

  /// What its kernel wrote.
  var notes: String { folder.text("notes") }

  // MARK: Asking the guest

  /// Runs ip(8) commands.
  @discardableResult func ip(_ commands: [String]) throws -> String { try ask("ip " + commands.joined(separator: "; ")) }

  /// What its kernel counts of IPsec, without what is 0 (Linux, Documentation/networking/xfrm_proc.rst).
  func counters() throws -> [String: Int] {
    let words = try ask("counters").split(separator: " ")
    let pairs = stride(from: 0, to: words.count - 1, by: 2).map { (String(words[$0]), Int(words[$0 + 1]) ?? -1) }
    return Dictionary(pairs) { $1 }.filter { $1 != 0 }
  }

  /// Sends a Mobility Header through a raw socket; the kernel writes the checksum, and what its policies ask for around it.
  func sendMobility(_ octets: [UInt8], from source: IPv6Address, to destination: IPv6Address) throws {
    try ask("send \(source) \(destination) \(hex(octets))")
  }

  @discardableResult private func ask(_ line: String) throws -> String {
    try toGuest.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8))
    let answer = try answer(within: .seconds(10))
    guard answer.hasPrefix("done") else { throw Failure(description: "\(line): \(answer)") }
    return String(answer.dropFirst(5))
  }

  private func answer(within patience: Interval) throws -> String {
    guard try run(for: patience, until: { !self.answers.isEmpty }) else { throw Failure(description: "no answer: \(notes)") }
    return answers.removeFirst()
  }

  // MARK: Frames

  func send(_ frame: [UInt8]) {
    network.send(frame, on: 0)
    network.flush()
  }

  /// Forgets what came.
  func forget() { (delivered, frames, errors) = ([], [], []) }

  /// Takes frames and the guest's lines until something is true; false when the time is over.
  @discardableResult func run(for patience: Interval = .seconds(10), until isDone: () -> Bool) throws -> Bool {
    let end = network.now + patience
    while !isDone() {
      guard network.now < end else { return false }
      network.wait(until: min(end, network.now + .milliseconds(200))) { frame, _ in
        var dissection = Dissection()
        Decoder(dialect: .rfc5846).decode(frame, into: &dissection)
        let octets = frame.indices.map { frame[$0] }
        if dissection.isICMPError, let icmp = dissection.layer(.icmpv6) {
          errors.append("\(octets[Int(icmp.offset)])/\(octets[Int(icmp.offset) + 1])")
        } else if dissection.layer(.esp) ?? dissection.layer(.mh) != nil {
          frames.append(octets)
        }
      }
      try readLines()
    }
    return true
  }

  private func readLines() throws {
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let got = read(fromGuest.fileHandleForReading.fileDescriptor, &chunk, chunk.count)
      if got == 0 { throw Failure(description: "the guest has ended: \(notes)") }
      guard got > 0 else { break }
      pending += chunk[..<got]
    }
    while let end = pending.firstIndex(of: 10) {
      let line = String(decoding: pending[..<end], as: UTF8.self)
      pending.removeFirst(end + 1)
      let words = line.split(separator: " ").map(String.init)
      if words.count == 4, words[0] == "mh" {
        delivered.append(Delivered(source: words[1], destination: words[2], octets: words[3]))
      } else {
        answers.append(line)
      }
    }
  }
}

extension ESPKeys {
  /// The words by which `ip xfrm state add` takes them (ip-xfrm(8)).
  var words: String {
    let key = encryptionKey.isEmpty ? "''" : "0x\(hex(encryptionKey))"
    let authentication = "0x\(hex(integrityKey)) \(integrity.icvLength * 8)"
    let cipher =
      switch encryption {
      case .aesCBC: "enc cbc(aes) \(key)"
      case .tripleDES: "enc cbc(des3_ede) \(key)"
      case .null: "enc ecb(cipher_null) \(key)"
      case .aesGCM16: "aead rfc4106(gcm(aes)) \(key) 128"
      }
    switch integrity {
    case .none: return cipher
    case .hmacSHA1_96: return "auth-trunc hmac(sha1) \(authentication) \(cipher)"
    case .hmacSHA2_256_128: return "auth-trunc hmac(sha256) \(authentication) \(cipher)"
    case .aesXCBC96: return "auth-trunc xcbc(aes) \(authentication) \(cipher)"
    }
  }
}

/// Octets from hexadecimal digits; blanks and line ends between them are skipped.
func octets(_ text: String) -> [UInt8] {
  let digits = text.compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

func hex(_ octets: some Sequence<UInt8>) -> String {
  octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
