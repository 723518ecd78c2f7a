import Foundation
import Link
import Security

/// wpa_supplicant's EAP peer as `eapol_test` of Debian's packages, its USIM outside of it, and a RADIUS server of ours around an `AKAServer`.
final class EAPOLTest {
  static let program = "/usr/bin/eapol_test"
  static let isThere = [program, AuthenticationCentre.program].allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }

  static let secret = Array("radius-secret".utf8)

  /// What the USIM makes of a challenge: RAND, AUTN.
  enum Answer {
    case accepted(AuthenticationCentre.Vector)
    case synchronisation([UInt8])
    case rejected
  }

  private let folder: Scratch
  private let process: Child
  private let server: LocalSocket
  private let control: LocalSocket

  init(identity: String, _ options: String = "") throws {
    folder = try Scratch()
    server = try LocalSocket(port: 0)
    control = try LocalSocket(path: folder / "usim")
    try folder.write(
      "configuration",
      """
      ctrl_interface=\(folder / "control")
      external_sim=1
      network={
        key_mgmt=WPA-EAP
        eap=AKA
        identity="\(identity)"
        \(options)
      }

      """)
    // It begins when somebody listens to what it asks its USIM.
    process = try Child(
      [Self.program, "-W", "-t", "20", "-c", "configuration", "-p", "\(server.port)", "-s", String(decoding: Self.secret, as: UTF8.self)],
      in: folder)
  }

  /// Everything that a run gave.
  struct Ending {
    var said: [[UInt8]]
    var ended: Ended
  }

  /// Authenticates it with `server`, while `usim` answers challenges.
  func authenticate(_ aka: inout AKAServer, usim: ([UInt8], [UInt8]) throws -> Answer) async throws -> Ending {
    let path = folder / "control/test"
    guard try await eventually({ FileManager.default.fileExists(atPath: path) }) else { throw LocalSocket.Failure(call: path) }
    try control.connect(path: path)
    control.send(Array("ATTACH".utf8))
    var said: [[UInt8]] = []
    var generator = SeededGenerator(seed: 12)
    var hasBegun = false
    while !process.hasEnded {
      waitForDatagram(on: server, control)
      while let notice = control.receive() { try answer(notice, usim) }
      guard let octets = server.receive() else { continue }
      let request = try RADIUSPacket(octets, secret: Self.secret)
      let response = request.eap
      said.append(response)
      let next = hasBegun ? try aka.receive(response, using: &generator) : try aka.start(identifier: 0x30, using: &generator)
      hasBegun = true
      guard let next else { continue }
      said.append(next)
      let code: RADIUSPacket.Code =
        switch aka.state {
        case .succeeded: .accept
        case .failed: .reject
        default: .challenge
        }
      var answer = RADIUSPacket(code, identifier: request.identifier, authenticator: [])
      answer.eap = next
      if code == .challenge { answer.attributes.append((RADIUSPacket.Attribute.state, [UInt8(said.count)])) }
      if code == .accept, let keys = aka.keys { answer.add(msk: keys.msk, secret: Self.secret, request: request.authenticator) }
      server.answer(answer.octets(secret: Self.secret, answering: request.authenticator))
    }
    return Ending(said: said, ended: try await process.end(within: .seconds(1)))
  }

  /// `<3>CTRL-REQ-SIM-0:UMTS-AUTH:RAND:AUTN needed for SSID …`.
  private func answer(_ notice: [UInt8], _ usim: ([UInt8], [UInt8]) throws -> Answer) throws {
    let text = String(decoding: notice, as: UTF8.self)
    guard let start = text.range(of: "CTRL-REQ-SIM-"), text.contains(":UMTS-AUTH:") else { return }
    let words = text[start.upperBound...].prefix { $0 != " " }.split(separator: ":").map(String.init)
    guard words.count == 4 else { return }
    let said =
      switch try usim(octets(words[2]), octets(words[3])) {
      case .accepted(let vector): "UMTS-AUTH:\(hex(vector.integrityKey)):\(hex(vector.cipherKey)):\(hex(vector.res))"
      case .synchronisation(let auts): "UMTS-AUTS:\(hex(auts))"
      case .rejected: "UMTS-FAIL"
      }
    control.send(Array("CTRL-RSP-SIM-\(words[0]):\(said)".utf8))
  }
}
