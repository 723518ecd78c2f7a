import Foundation
import Testing

@testable import Security

/// EAP-AKA against peers of somebody else's over RADIUS: hostapd as the server, wpa_supplicant as the subscriber. The vectors are Osmocom's.
@Suite("EAP-AKA over RADIUS", .serialized)
struct LiveAKATests {
  static let identity = "0232010000000000@nai.epc.mnc001.mcc232.3gppnetwork.org"
  static let key = octets("90dca4eda45b53cf0f12d7c9c3bc6a89")
  static let opc = octets("cb9cccc4b9258e6dca4760379fb82581")
  static let centre = AuthenticationCentre(key: key, opc: opc)

  static func peer(sequence: UInt64, key: [UInt8] = key) throws -> AKAPeer {
    AKAPeer(identity: identity, USIM(try Milenage(key: key, opc: opc), sequence: sequence))
  }

  /// The subtypes and codes of packets.
  static func names(_ packets: [[UInt8]]) -> [String] {
    packets.map { octets in
      guard let packet = try? EAPPacket(octets) else { return "?" }
      return (try? AKAMessage(packet)).map { "\($0.subtype)" } ?? (packet.type == 1 ? "identity (EAP)" : "\(packet.code)")
    }
  }

  @Suite("hostapd", .enabled(if: HostAPD.isThere, "hostapd or libosmocore-utils is not installed"))
  struct Servers {
    @Test("accepts our subscriber, and has the same MSK; also with the result under protection")
    func success() throws {
      for isProtected in [false, true] {
        let server = try HostAPD(centre, sequence: 0x1000, isProtected ? "eap_sim_aka_result_ind=1" : "")
        var peer = try peer(sequence: 0x0fff)
        peer.acceptsResultIndication = isProtected
        let (outcome, said) = try server.authenticate(&peer)
        #expect(
          names(said) == ["identity (EAP)", "identity", "identity", "challenge", "challenge"]
            + (isProtected ? ["notification", "notification"] : []) + ["success"])
        #expect(peer.state == .succeeded && peer.usim.sequence == 0x1001)
        let keys = try #require(peer.keys)
        #expect(outcome == .accepted(msk: keys.msk), "\(String(describing: outcome))")
        // It offers pseudonyms, which this peer takes no notice of: whole authentications follow one another.
        var again = AKAPeer(identity: identity, peer.usim)
        let (second, _) = try server.authenticate(&again)
        #expect(try second == .accepted(msk: #require(again.keys).msk) && again.keys != keys)
      }
    }

    @Test("takes our AUTS when its sequence number is behind the USIM's")
    func resynchronisation() throws {
      let server = try HostAPD(centre, sequence: 0x1000)
      var peer = try peer(sequence: 0x9000)
      let (outcome, said) = try server.authenticate(&peer)
      #expect(names(said).dropFirst(3) == ["challenge", "synchronizationFailure", "challenge", "challenge", "success"])
      // Osmocom gives the number that follows in the same array slot of TS 33.102 C.1.
      #expect(server.resynchronisations.count == 1 && server.resynchronisations.allSatisfy { $0 > 0x9000 && $0 <= 0x9000 + 64 })
      #expect(try outcome == .accepted(msk: #require(peer.keys).msk))
      #expect(peer.usim.sequence == server.sequence)
    }

    @Test("rejects a subscriber with another key, and one whose answer is wrong")
    func rejection() throws {
      let server = try HostAPD(centre, sequence: 0x1000)
      var stranger = try peer(sequence: 0, key: octets("00112233445566778899aabbccddeeff"))
      let (outcome, said) = try server.authenticate(&stranger)
      #expect(outcome == .rejected && stranger.state == .failed("EAP-Failure"))
      #expect(names(said).contains("authenticationReject"))

      let alterations: [@Sendable (inout AKAMessage) -> Void] = [
        { if $0.subtype == .challenge { $0.attributes[0] = .res([1, 2, 3, 4, 5, 6, 7, 8]) } },
        { if $0.subtype == .challenge { $0.mac = [UInt8](repeating: 7, count: 16) } },
        { if $0.subtype == .challenge { $0.attributes.removeAll { $0.kind == .mac } } },
      ]
      for alteration in alterations {
        var peer = try peer(sequence: 0)
        peer.alter = alteration
        #expect(try server.authenticate(&peer).outcome == .rejected)
      }
      var peer = try peer(sequence: 0)
      #expect(try server.authenticate(&peer).outcome == .accepted(msk: #require(peer.keys).msk), "the control")
    }
  }

  @Suite("wpa_supplicant", .enabled(if: EAPOLTest.isThere, "eapoltest or libosmocore-utils is not installed"))
  struct Subscribers {
    /// A USIM with this sequence number: RES and keys are Osmocom's, the order of the numbers and AUTS ours.
    static func usim(_ sequence: UInt64, key: [UInt8] = key) throws -> ([UInt8], [UInt8]) throws -> EAPOLTest.Answer {
      var usim = USIM(try Milenage(key: key, opc: opc), sequence: sequence)
      return { rand, token in
        switch try usim.answer(rand: rand, token: token) {
        case .accepted:
          let vector = try centre.vector(rand: rand, sequence: usim.sequence)
          #expect(Array(vector.token[..<6]) == Array(token[..<6]), "Osmocom makes another AUTN of this number")
          return .accepted(vector)
        case .synchronisation(let auts):
          // Osmocom refuses one that the key did not make.
          _ = try centre.vector(rand: rand, resynchronisation: auts)
          return .synchronisation(auts)
        case .rejected: return .rejected
        }
      }
    }

    static func server(sequence: UInt64, asks: AKAAttribute.Kind? = nil) throws -> AKAServer {
      var server = AKAServer(try Milenage(key: key, opc: opc), identity: identity, sequence: sequence)
      server.asks = asks
      return server
    }

    /// The MSK that it printed.
    static func msk(_ output: String) -> String? {
      output.split(separator: "\n").last { $0.contains("EAP-SIM: keying material (MSK) - hexdump") }
        .flatMap { $0.split(separator: ":").last }.map { $0.filter { $0 != " " } }
    }

    @Test("is accepted by our server, and has the same MSK; with and without an identity round, and with the result under protection")
    func success() async throws {
      for (asks, indicates) in [(nil, false), (AKAAttribute.Kind.permanentIDRequest, false), (.anyIDRequest, false), (nil, true)] {
        let client = try EAPOLTest(identity: identity, indicates ? "phase1=\"result_ind=1\"" : "")
        var server = try Subscribers.server(sequence: 0x1000, asks: asks)
        server.indicatesResult = indicates
        let ending = try await client.authenticate(&server, usim: Subscribers.usim(0x0fff))
        #expect(ending.ended.status == 0, "\(ending.ended.output.suffix(3000))")
        #expect(
          names(ending.said) == ["identity (EAP)"] + (asks == nil ? [] : ["identity", "identity"]) + ["challenge", "challenge"]
            + (indicates ? ["notification", "notification"] : []) + ["success"])
        #expect(ending.ended.output.contains("MPPE keys OK: 1  mismatch: 0"))
        #expect(try Subscribers.msk(ending.ended.output) == hex(#require(server.keys).msk))
      }
    }

    @Test("gets another challenge behind its AUTS when our sequence number is behind its own")
    func resynchronisation() async throws {
      let client = try EAPOLTest(identity: identity)
      var server = try Subscribers.server(sequence: 0x1000)
      let ending = try await client.authenticate(&server, usim: Subscribers.usim(0x9000))
      #expect(ending.ended.status == 0)
      #expect(
        names(ending.said) == ["identity (EAP)", "challenge", "synchronizationFailure", "challenge", "challenge", "success"])
      #expect(server.sequence == 0x9001)
      #expect(try Subscribers.msk(ending.ended.output) == hex(#require(server.keys).msk))
    }

    @Test("refuses a network with another key, and a challenge whose AT_MAC is wrong")
    func rejection() async throws {
      let stranger = try EAPOLTest(identity: identity)
      var server = try Subscribers.server(sequence: 0x1000)
      let ending = try await stranger.authenticate(
        &server, usim: Subscribers.usim(0, key: octets("00112233445566778899aabbccddeeff")))
      #expect(ending.ended.status != 0 && server.state == .failed("the peer rejects AUTN"))

      let client = try EAPOLTest(identity: identity)
      server = try Subscribers.server(sequence: 0x1000)
      server.alter = { if $0.subtype == .challenge { $0.mac = [UInt8](repeating: 7, count: 16) } }
      let refused = try await client.authenticate(&server, usim: Subscribers.usim(0))
      #expect(refused.ended.status != 0 && names(refused.said).contains("clientError"))
    }
  }
}
