import Foundation
import Link
import Security

/// hostapd's EAP server behind its own RADIUS server, and the register that it asks for vectors, on the loopback interface.
final class HostAPD {
  static let program = "/usr/sbin/hostapd"
  static let isThere = [program, AuthenticationCentre.program].allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }

  static let secret = Array("radius-secret".utf8)

  /// The sequence number used last.
  var sequence: UInt64
  /// The sequence numbers that AUTS asked for.
  private(set) var resynchronisations: [UInt64] = []

  private let centre: AuthenticationCentre
  private let folder: Scratch
  private let process: Child
  private let register: LocalSocket
  private let client: LocalSocket
  private var generator = SeededGenerator(seed: 11)
  private var identifier: UInt8 = 0

  init(_ centre: AuthenticationCentre, sequence: UInt64, _ options: String = "") throws {
    self.centre = centre
    self.sequence = sequence
    folder = try Scratch()
    client = try LocalSocket(port: 0)
    // A port that is free now.
    let port = try LocalSocket(port: 0).port
    register = try LocalSocket(path: folder / "register")
    try folder.write("users", "* AKA\n")
    try folder.write("clients", "127.0.0.1/32 \(String(decoding: Self.secret, as: UTF8.self))\n")
    try folder.write(
      "configuration",
      """
      driver=none
      eap_server=1
      eap_user_file=users
      eap_sim_db=unix:\(folder / "register")
      radius_server_clients=clients
      radius_server_auth_port=\(port)
      logger_stdout=-1
      logger_stdout_level=0
      \(options)

      """)
    process = try Child([Self.program, "-dK", "configuration"], in: folder)
    try client.connect(port: port)
  }

  /// What the peer was told last, the identifier of each request aside: accept with its MSK, or reject; nil: no answer.
  enum Outcome: Equatable {
    case accepted(msk: [UInt8])
    case rejected
  }

  /// Lets a peer authenticate, from EAP-Response/Identity on. Gives what became of it, and the EAP packets that went both ways.
  func authenticate(_ peer: inout AKAPeer) throws -> (outcome: Outcome?, said: [[UInt8]]) {
    var said: [[UInt8]] = []
    var state: [UInt8]?
    guard var response = try peer.receive([1, 1, 0, 5, 1]) else { return (nil, said) }
    while said.count < 20 {
      var request = RADIUSPacket(.request, identifier: identifier, authenticator: .random(16, using: &generator))
      identifier &+= 1
      request.attributes = [
        (RADIUSPacket.Attribute.userName, Array(peer.identity.utf8)), (RADIUSPacket.Attribute.identifier, Array("detachspec".utf8)),
      ]
      if let state { request.attributes.append((RADIUSPacket.Attribute.state, state)) }
      request.eap = response
      said.append(response)
      guard let octets = try ask(request.octets(secret: Self.secret)) else { return (nil, said) }
      let answer = try RADIUSPacket(octets, secret: Self.secret, answering: request.authenticator)
      guard answer.identifier == request.identifier else { throw RADIUSPacket.Malformed(what: "identifier") }
      state = answer[RADIUSPacket.Attribute.state].first
      said.append(answer.eap)
      let next = try peer.receive(answer.eap)
      switch answer.code {
      case .accept: return (.accepted(msk: try answer.msk(secret: Self.secret, request: request.authenticator)), said)
      case .reject: return (.rejected, said)
      case .challenge, .request: break
      }
      guard let next else { return (nil, said) }
      response = next
    }
    return (nil, said)
  }

  /// Sends a request until it is answered, and meanwhile says what the register is asked for.
  private func ask(_ request: [UInt8]) throws -> [UInt8]? {
    let end = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < end, !process.hasEnded {
      client.send(request)
      let again = ContinuousClock.now + .milliseconds(500)
      while ContinuousClock.now < again {
        // Refused before hostapd listens; that makes the socket ready at once.
        waitForDatagram(on: client, register, milliseconds: 20)
        while let question = register.receive() { if let answer = try answer(question) { register.answer(answer) } }
        if let answer = client.receive() { return answer }
      }
    }
    return nil
  }

  /// The protocol of hostapd's `eap_sim_db`: a vector for an IMSI, or the news that a peer is out of step.
  private func answer(_ question: [UInt8]) throws -> [UInt8]? {
    let words = String(decoding: question, as: UTF8.self).split(separator: " ").map(String.init)
    switch words.first {
    case "AKA-REQ-AUTH" where words.count == 2:
      sequence += 1
      let vector = try centre.vector(rand: .random(16, using: &generator), sequence: sequence)
      let texts = [vector.rand, vector.token, vector.integrityKey, vector.cipherKey, vector.res].map(hex)
      return Array("AKA-RESP-AUTH \(words[1]) \(texts.joined(separator: " "))".utf8)
    case "AKA-AUTS" where words.count == 4:
      // One that this key did not make throws.
      sequence = try centre.vector(rand: octets(words[3]), resynchronisation: octets(words[2])).sequence
      resynchronisations.append(sequence)
      return nil
    default: return nil
    }
  }
}
