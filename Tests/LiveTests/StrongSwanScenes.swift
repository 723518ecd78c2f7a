import Foundation
import Link
import Security
import Testing
import Wire

/// What happens in the child process of each test. Code this deep in a macro's closure is more than the compiler takes.
enum StrongSwanScenes {
  static let six = (UDPAddress(.ipv6(StrongSwan.testerIPv6), port: 500), UDPAddress(.ipv6(StrongSwan.ipv6), port: 500))
  static let four = (UDPAddress(.ipv4(StrongSwan.testerIPv4), port: 500), UDPAddress(.ipv4(StrongSwan.ipv4), port: 500))

  static let suite = IKEProposal([.aesCBC(keyBits: 128)], [.hmacSHA2_256_128], [.hmacSHA2_256], [.modp2048])

  static func tester(_ proposals: [IKEProposal] = [suite]) -> IKEConfiguration {
    let secret = Array("lab-psk-secret".utf8)
    return IKEConfiguration(.domainName("ue.lab"), .sharedKey(secret), peer: .domainName("ha.lab"), .sharedKey(secret), proposals)
  }

  /// Attaches, and holds both sides' views against each other.
  static func attach(_ station: IKEStation, _ peer: StrongSwan, _ ends: (UDPAddress, UDPAddress)) throws -> IKEEstablished {
    station.act { _ = $0.initiate(from: ends.0, to: ends.1, at: $1, &$2) }
    station.run { !$0.established.isEmpty || !$0.closures.isEmpty }
    let one = try #require(station.established.first, "\(station.events)\n\(peer.notes)")
    let listed = peer.associations
    #expect(
      listed.contains("ESTABLISHED") && listed.contains(spi(one.spis.initiator)) && listed.contains(spi(one.spis.responder)), "\(listed)")
    return one
  }

  /// As swanctl prints it.
  static func spi(_ spi: UInt64) -> String { (String(repeating: "0", count: 16) + String(spi, radix: 16)).suffix(16) + "_" }

  /// Deletes, and sees that both sides have forgotten it.
  static func detach(_ station: IKEStation, _ peer: StrongSwan) {
    let count = station.closures.count
    station.act { $0.delete(station.handle, at: $1, &$2) }
    station.run { $0.closures.count > count }
    #expect(station.closures.last == .deleted, "\(peer.notes)")
    #expect(!peer.associations.contains("ESTABLISHED"), "\(peer.associations)")
  }

  static func responder() throws {
    let peer = try StrongSwan(StrongSwan.connections())
    for (ends, traversal) in [(six, NATTraversal.detected), (four, .always), (six, .always), (four, .never)] {
      var configuration = tester()
      configuration.traversal = traversal
      let station = try IKEStation(configuration)
      let one = try attach(station, peer, ends)
      #expect(one.peerIdentity == .domainName("ha.lab"))
      #expect(one.remote.port == (traversal == .always ? 4500 : 500))
      // An empty request, and one that is none of its business.
      station.act { $0.request(station.handle, at: $1, &$2) }
      station.act { $0.request(station.handle, [.notify(40_961)], at: $1, &$2) }
      #expect(station.run { $0.answers.count >= 3 })
      detach(station, peer)
      #expect(station.events.discards.isEmpty, "\(station.events.discards)")
    }
  }

  static func initiator() throws {
    let peer = try StrongSwan(StrongSwan.connections())
    for (name, deletesItself) in [("six", true), ("six", false), ("four", true), ("four", false)] {
      let station = try IKEStation(tester())
      let command = try peer.begin("--initiate", "--ike", name, "--timeout", "10")
      #expect(station.run { !$0.established.isEmpty }, "\(station.events)\n\(peer.notes)")
      #expect(station.established.first?.isInitiator == false)
      #expect(station.established.first?.peerIdentity == .domainName("ha.lab"))
      station.run { _ in !command.isRunning }
      #expect(command.terminationStatus == 0)
      if deletesItself {
        let ending = try peer.begin("--terminate", "--ike", name, "--timeout", "10")
        #expect(station.run { !$0.closures.isEmpty }, "\(peer.notes)")
        #expect(station.closures == [.deletedByPeer])
        station.run { _ in !ending.isRunning }
        #expect(ending.terminationStatus == 0)
      } else {
        detach(station, peer)
      }
      #expect(!peer.associations.contains("ESTABLISHED"), "\(peer.associations)")
    }
  }

  static func suites() throws {
    let suites: [(String, IKEProposal)] = [
      ("3des-sha1-modp1024", IKEProposal([.tripleDES], [.hmacSHA1_96], [.hmacSHA1], [.modp1024])),
      ("aes128-sha1-modp1024", IKEProposal([.aesCBC(keyBits: 128)], [.hmacSHA1_96], [.hmacSHA1], [.modp1024])),
      ("aes256-sha256-ecp256", IKEProposal([.aesCBC(keyBits: 256)], [.hmacSHA2_256_128], [.hmacSHA2_256], [.ecp256])),
      ("aes128gcm16-prfsha256-x25519", IKEProposal([.aesGCM16(keyBits: 128)], [], [.hmacSHA2_256], [.curve25519])),
      ("aes256gcm16-prfsha1-modp2048", IKEProposal([.aesGCM16(keyBits: 256)], [], [.hmacSHA1], [.modp2048])),
      ("aes128-aesxcbc-prfaesxcbc-x25519", IKEProposal([.aesCBC(keyBits: 128)], [.aesXCBC96], [.aesXCBC], [.curve25519])),
    ]
    let peer = try StrongSwan(StrongSwan.connections(suites.map(\.0).joined(separator: ",")))
    for (name, suite) in suites {
      let station = try IKEStation(tester([suite]))
      let one = try attach(station, peer, six)
      #expect(one.algorithms.encryption == suite.encryption.first && one.group == suite.groups.first, "\(name)")
      detach(station, peer)
      // The same, begun by it: we take no other.
      let other = try IKEStation(tester([suite]))
      let command = try peer.begin("--initiate", "--ike", "six", "--timeout", "10")
      #expect(other.run { !$0.established.isEmpty }, "\(name) \(other.events)\n\(peer.notes)")
      other.run { _ in !command.isRunning }
      detach(other, peer)
    }
  }

  static func refusals() throws {
    let peer = try StrongSwan(StrongSwan.connections())
    var wrong = tester()
    wrong.credential = .sharedKey([1, 2, 3])
    let station = try IKEStation(wrong)
    station.act { _ = $0.initiate(from: six.0, to: six.1, at: $1, &$2) }
    #expect(station.run { !$0.closures.isEmpty })
    #expect(station.closures == [.refused(notify: 24)])
    var other = tester()
    other.trust = .sharedKey([1, 2, 3])
    let second = try IKEStation(other)
    second.act { _ = $0.initiate(from: six.0, to: six.1, at: $1, &$2) }
    #expect(second.run { !$0.closures.isEmpty })
    #expect(second.closures == [.authenticationFailed])
    // It was told, and forgets.
    second.run(for: .milliseconds(300)) { _ in false }
    #expect(!peer.associations.contains("ESTABLISHED"), "\(peer.associations)")

    let groups = IKEProposal([.aesCBC(keyBits: 128)], [.hmacSHA2_256_128], [.hmacSHA2_256], [.curve25519, .modp2048])
    let third = try IKEStation(tester([groups]))
    let one = try attach(third, peer, six)
    #expect(one.group == .modp2048)
    detach(third, peer)
    let none = try IKEStation(tester([IKEProposal([.tripleDES], [.hmacSHA1_96], [.hmacSHA1], [.modp1024])]))
    none.act { _ = $0.initiate(from: six.0, to: six.1, at: $1, &$2) }
    #expect(none.run { !$0.closures.isEmpty })
    #expect(none.closures == [.refused(notify: 14)])
  }

  static func cookies() throws {
    let peer = try StrongSwan(StrongSwan.connections(), charon: "cookie_threshold = 0\ncookie_threshold_ip = 0")
    let station = try IKEStation(tester())
    _ = try attach(station, peer, six)
    detach(station, peer)
    var asking = tester()
    asking.asksForCookie = true
    let other = try IKEStation(asking)
    let command = try peer.begin("--initiate", "--ike", "six", "--timeout", "10")
    #expect(other.run { !$0.established.isEmpty }, "\(other.events)\n\(peer.notes)")
    other.run { _ in !command.isRunning }
    detach(other, peer)
  }

  static func rekeying() throws {
    let peer = try StrongSwan(StrongSwan.connections())
    for itself in [true, false] {
      let station = try IKEStation(tester())
      _ = try attach(station, peer, six)
      if itself {
        let command = try peer.begin("--rekey", "--ike", "six")
        #expect(station.run { !$0.closures.isEmpty }, "\(station.events)\n\(peer.notes)")
        station.run { _ in !command.isRunning }
        #expect(station.closures == [.deletedByPeer])
      } else {
        station.act { $0.rekey(station.handle, at: $1, &$2) }
        #expect(station.run { !$0.closures.isEmpty }, "\(station.events)\n\(peer.notes)")
        #expect(station.closures == [.deleted])
      }
      let new = try #require(station.established.last)
      #expect(station.established.count == 2)
      #expect(peer.associations.contains(spi(new.spis.initiator)), "\(peer.associations)")
      let handle = new.isInitiator ? new.spis.initiator : new.spis.responder
      station.act { $0.delete(handle, at: $1, &$2) }
      #expect(station.run { $0.closures.count == 2 })
      #expect(!peer.associations.contains("ESTABLISHED"), "\(peer.associations)")
    }
  }

  static func wrongRequests() throws {
    let peer = try StrongSwan(StrongSwan.connections())
    let station = try IKEStation(tester())
    _ = try attach(station, peer, six)
    func ask(_ payloads: [Packet.Option], _ change: IKERequestChange? = nil) -> [Packet.Option]? {
      let count = station.answers.count
      station.act { $0.request(station.handle, payloads, change: change, at: $1, &$2) }
      return station.run(for: .seconds(5)) { $0.answers.count > count } ? station.answers.last : nil
    }
    // Longer padding, an unknown payload that is not critical, SPIs that do not exist.
    var strange = Packet.Option(.unknownPayload, data: [1, 2, 3])
    strange.announced = 200
    #expect(ask([]) { $0.seal.padding = [UInt8](repeating: 0x5a, count: 47) } != nil)
    #expect(ask([strange]) != nil)
    #expect(ask([.deleteESP([0xdead_beef])])?.contains { $0.kind == .delete } == false)
    // A copy with the same octets gets the same answer.
    #expect(peer.associations.contains("ESTABLISHED"))
    detach(station, peer)
  }

  /// An authority of ECDSA, a Home Agent of RSA and a UE of ECDSA, made by strongSwan's own tool.
  private static func credentials() throws -> [String: String] {
    let folder = NSTemporaryDirectory() + "pki-" + UUID().uuidString.prefix(8)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let script = """
      cd \(folder)
      pki --gen --type ecdsa --size 256 --outform pem >ca.key
      pki --self --ca --in ca.key --type ecdsa --dn CN=lab --outform pem >ca.pem
      pki --gen --type rsa --size 2048 --outform pem >ha.key
      pki --gen --type ecdsa --size 256 --outform pem >ue.key
      for end in ha ue; do
        pki --pub --in $end.key --outform pem >$end.pub
        pki --issue --in $end.pub --type pub --cacert ca.pem --cakey ca.key --dn CN=$end.lab --san $end.lab --outform pem >$end.pem
      done
      """
    _ = try StrongSwan.command(["/bin/bash", "-eu", "-c", script])
    var files: [String: String] = [:]
    for name in ["ca.pem", "ha.key", "ha.pem", "ue.key", "ue.pem"] {
      files[name] = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    }
    return files
  }

  static func certificates() throws {
    let files = try credentials()
    let peer = try StrongSwan(
      StrongSwan.connections(local: "auth = pubkey\ncerts = ha.pem", remote: "auth = pubkey\ncacerts = ca.pem"),
      files: ["x509ca/ca.pem": files["ca.pem"] ?? "", "x509/ha.pem": files["ha.pem"] ?? "", "private/ha.pem": files["ha.key"] ?? ""])
    var configuration = tester()
    configuration.credential = .certificate(try Certificate.all(pem: files["ue.pem"] ?? ""), try PrivateKey(pem: files["ue.key"] ?? ""))
    configuration.trust = .certificate(authorities: try Certificate.all(pem: files["ca.pem"] ?? ""))
    for (ends, name) in [(six, "six"), (four, "four")] {
      let station = try IKEStation(configuration)
      _ = try attach(station, peer, ends)
      detach(station, peer)
      let other = try IKEStation(configuration)
      let command = try peer.begin("--initiate", "--ike", name, "--timeout", "10")
      #expect(other.run { !$0.established.isEmpty || !$0.closures.isEmpty })
      #expect(other.closures.isEmpty && other.established.count == 1, "\(other.events)\n\(peer.notes)")
      other.run { _ in !command.isRunning }
      #expect(command.terminationStatus == 0, "\(peer.notes)")
      detach(other, peer)
    }
    // Another's key for the right certificate.
    configuration.credential = .certificate(try Certificate.all(pem: files["ue.pem"] ?? ""), try PrivateKey(pem: files["ha.key"] ?? ""))
    let liar = try IKEStation(configuration)
    liar.act { _ = $0.initiate(from: six.0, to: six.1, at: $1, &$2) }
    #expect(liar.run { !$0.closures.isEmpty })
    #expect(liar.closures == [.refused(notify: 24)])
  }

  /// As 3GPP TS 33.402 has it, the Home Agent's certificate apart.
  static func aka() throws {
    let subscriber = "0001010123456789@nai.epc.mnc001.mcc001.3gppnetwork.org"
    let key = [UInt8](0..<16)
    let operatorCode = [UInt8](0x80..<0x90)
    func hexadecimal(_ octets: [UInt8]) -> String { octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
    func connection(_ name: String, _ local: String, _ remote: String) -> String {
      """
        \(name) {
          version = 2
          mobike = no
          local_addrs = \(StrongSwan.ipv6)
          remote_addrs = \(StrongSwan.testerIPv6)
          proposals = aes128-sha256-modp2048
          childless = force
          local {
            \(local)
          }
          remote {
            \(remote)
          }
        }
      """
    }
    let (ha, ue) = ("auth = psk\nid = ha.lab", "auth = eap-aka\nid = \(subscriber)")
    let peer = try StrongSwan(
      """
      connections {
      \(connection("agent", ha, ue))
      \(connection("equipment", ue, ha))
      }
      secrets {
        ike-1 {
          id-1 = ha.lab
          id-2 = \(subscriber)
          secret = "lab-psk-secret"
        }
        eap-1 {
          id = \(subscriber)
          secret = 0x\(hexadecimal(key + operatorCode))
        }
      }
      """, prefix: StrongSwan.akaPrefix)
    let milenage = try Milenage(key: key, opc: operatorCode)
    var configuration = tester()
    configuration.identity = .mailAddress(subscriber)
    configuration.credential = .eap(AKAPeer(identity: subscriber, USIM(milenage)))
    let station = try IKEStation(configuration)
    _ = try attach(station, peer, six)
    detach(station, peer)
    // The wrong operator's code: the network does not know the key.
    configuration.credential = .eap(AKAPeer(identity: subscriber, USIM(try Milenage(key: key, opc: key))))
    let stranger = try IKEStation(configuration)
    stranger.act { _ = $0.initiate(from: six.0, to: six.1, at: $1, &$2) }
    #expect(stranger.run { !$0.closures.isEmpty })
    #expect(stranger.closures == [.authenticationFailed], "\(stranger.events)\n\(peer.notes)")

    var agent = tester()
    agent.identity = .domainName("ha.lab")
    agent.peerIdentity = nil
    agent.trust = .eap { $0 == .mailAddress(subscriber) ? AKAServer(milenage, identity: subscriber, sequence: 32) : nil }
    let other = try IKEStation(agent)
    let command = try peer.begin("--initiate", "--ike", "equipment", "--timeout", "10")
    #expect(other.run { !$0.established.isEmpty || !$0.closures.isEmpty })
    #expect(other.established.first?.peerIdentity == .mailAddress(subscriber), "\(other.events)\n\(peer.notes)")
    other.run { _ in !command.isRunning }
    #expect(command.terminationStatus == 0)
    detach(other, peer)
  }

  /// Tunnel mode, and what stands in for a kernel without ESP: strongSwan's own, on a tun device.
  static func childSAs() throws {
    let children = """
      children {
        inner {
          mode = tunnel
          local_ts = 2001:db8:98::1/128
          remote_ts = 2001:db8:99::5/128
          esp_proposals = aes128-sha256,aes128gcm16
        }
      }
      """
    let peer = try StrongSwan(StrongSwan.connections(childless: "allow", children), usesLibipsec: true)
    let own = HostAddress.ipv6(try #require(IPv6Address("2001:db8:99::5")))
    let its = HostAddress.ipv6(try #require(IPv6Address("2001:db8:98::1")))
    for proposal in [
      IKEProposal([.aesCBC(keyBits: 128)], [.hmacSHA2_256_128]), IKEProposal([.aesGCM16(keyBits: 128)]),
    ] {
      var configuration = tester()
      var child = IKEChildConfiguration(
        [proposal], local: [TrafficSelector(from: own, to: own)], remote: [TrafficSelector(from: its, to: its)])
      child.usesTransportMode = false
      configuration.child = child
      let station = try IKEStation(configuration)
      let one = try attach(station, peer, six)
      #expect(one.remote.port == 4500)
      let first = try #require(station.children.first, "\(station.events)\n\(peer.notes)")
      #expect(!first.isTransportMode)
      #expect(installed(first, peer), "\(peer.associations)")
      #expect(try ping(station, first, from: own, to: its), "\(peer.notes)")

      // Another one, then the first replaced by either side, then deleted by either side.
      station.act { $0.createChild(station.handle, child, at: $1, &$2) }
      #expect(station.run { $0.children.count == 2 })
      #expect(try installed(#require(station.children.last), peer))
      station.act { $0.createChild(station.handle, child, replacing: first.inboundSPI, at: $1, &$2) }
      #expect(station.run { $0.closedChildren.count == 1 }, "\(station.events)\n\(peer.notes)")
      #expect(station.closedChildren.first == first)
      #expect(try ping(station, #require(station.children.last), from: own, to: its))
      let rekeying = try peer.begin("--rekey", "--child", "inner")
      #expect(station.run { $0.closedChildren.count >= 2 }, "\(station.events)\n\(peer.notes)")
      station.run { _ in !rekeying.isRunning }
      let last = try #require(station.endpoint.children(station.handle).last)
      #expect(installed(last, peer), "\(peer.associations)")
      #expect(try ping(station, last, from: own, to: its))
      let count = station.closedChildren.count
      station.act { $0.deleteChild(station.handle, inboundSPI: last.inboundSPI, at: $1, &$2) }
      #expect(station.run { $0.closedChildren.count > count })
      #expect(!installed(last, peer))
      let ending = try peer.begin("--terminate", "--child", "inner", "--timeout", "5")
      station.run { $0.endpoint.children($0.handle).isEmpty && !ending.isRunning }
      #expect(station.endpoint.children(station.handle).isEmpty && station.endpoint.isEstablished(station.handle))
      detach(station, peer)
    }
  }

  /// Whether it has both ESP SAs, by `swanctl --list-sas`.
  private static func installed(_ child: IKEChildSA, _ peer: StrongSwan) -> Bool {
    let listed = peer.associations
    return [child.inboundSPI, child.outboundSPI].allSatisfy { spi in
      listed.contains((String(repeating: "0", count: 8) + String(spi, radix: 16)).suffix(8))
    }
  }

  /// An ICMPv6 echo through the tunnel, and its reply.
  private static func ping(_ station: IKEStation, _ child: IKEChildSA, from own: HostAddress, to its: HostAddress) throws -> Bool {
    guard case .ipv6(let inner) = own, case .ipv6(let target) = its else { return false }
    let kept = KeptKeys()
    var generator = SeededGenerator(seed: 3)
    var out = child.outboundAssociation
    var back = child.inboundAssociation
    let packet = Packet(
      [
        .ipv6(from: StrongSwan.testerIPv6, to: StrongSwan.ipv6), .udp(from: 4500, to: 4500), .ipv6(from: inner, to: target),
        .icmpv6(type: 128, code: 0, pointer: 0x4711_0001),
      ], payload: [1, 2, 3, 4])
    station.send(try out.seal(packet, from: 2, kept, using: &generator))
    let before = station.received.count
    return station.run(for: .seconds(5)) { station in
      station.received.dropFirst(before).contains { datagram in
        var bytes = datagram.payload
        guard let opened = try? back.open(&bytes, bytes.indices, kept) else { return false }
        // Type 129 with the same identifier, behind the inner header.
        let inside = Array(bytes[opened.payload])
        return inside.count >= 48 && inside[40] == 129 && inside[44..<48].elementsEqual([0x47, 0x11, 0, 1])
      }
    }
  }
}
