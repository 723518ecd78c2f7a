package import Wire

/// The addresses that stand behind `FuzzAddress` in one case.
package struct LiveAddresses: Sendable {
  package var homeAgent = IPv6Address(0x2001_0db8_000a_0000_0000_0000_0000_0001)
  package var careOf = IPv6Address(0x2001_0db8_000b_0000_0000_0000_0000_0002)
  package var home = IPv6Address(0x2001_0db8_000a_0000_0000_0000_0000_1000)
  package var neighbour = IPv6Address(0x2001_0db8_000b_0000_0000_0000_0000_0003)

  package init() {}

  package init(homeAgent: IPv6Address, careOf: IPv6Address, home: IPv6Address, neighbour: IPv6Address) {
    self.homeAgent = homeAgent
    self.careOf = careOf
    self.home = home
    self.neighbour = neighbour
  }

  func value(_ address: FuzzAddress) -> UInt128 {
    switch address {
    case .unspecified: 0
    case .loopback: 1
    case .allNodes: IPv6Address.allNodes.value
    case .group: 0xff0e << 112 | 1
    case .linkLocal: 0xfe80 << 112 | 1
    case .foreign: 0x2001_0db8_000c << 80 | 0x77
    case .homeAgent: homeAgent.value
    case .careOf: careOf.value
    case .home: home.value
    case .neighbour: neighbour.value
    }
  }
}

extension Packet {
  /// The packet of a case, made of the valid one.
  package func mutated(by fuzzCase: FuzzCase, _ live: LiveAddresses) -> Packet {
    var packet = fuzzCase.leavesBroken ? frozen() : self
    packet.apply(fuzzCase.first.change, from: self, live)
    if let second = fuzzCase.second { packet.apply(second.change, from: self, live) }
    return packet
  }

  /// The value that a field has on the wire.
  func value(_ path: FieldPath) -> UInt128? {
    if let chosen = chosen(path) { return chosen }
    let bytes = encoded()
    var dissection = Dissection()
    Decoder(dialect: headers.last?.dialect ?? .rfc5846).decode(bytes.span, into: &dissection)
    if dissection.messageKind == .revocation, let kind = headers.last?.kind { dissection.nameMessage(kind) }
    return dissection.value(path, in: bytes.span)
  }

  private mutating func apply(_ change: Mutation.Change, from valid: Packet, _ live: LiveAddresses) {
    switch change {
    case .field(let path, let value):
      switch value {
      case .number(let number): set(path, number)
      case .address(let address): set(path, live.value(address))
      case .plus(let offset):
        set(path, (valid.value(path) ?? 0) &+ UInt128(truncatingIfNeeded: offset))
      }
    case .options(let change):
      guard let header = index(of: .mh) else { return }
      headers[header].options += change.options
    case .truncation(let octets, let repairs):
      guard let header = index(of: .mh) else { return }
      let start = Packet(Array(headers[..<header])).encoded().count
      truncation = start + octets
      guard repairs, let ip = index(of: .ipv6) else { return }
      let begin = Packet(Array(headers[...ip])).encoded().count
      set(.ipv6PayloadLength, UInt128(max(0, start + octets - begin)))
      set(.mhHeaderLen, UInt128(max(0, octets / 8 - 1)))
    }
  }
}

extension OptionChange {
  var options: [Packet.Option] {
    switch self {
    case .added(let type, let length): [.unknownMobilityOption(type: type, data: (0..<length).map { $0 &+ 1 })]
    case .pad1(let count): [Packet.Option](repeating: Packet.Option(.pad1), count: count)
    case .padNonZero: [Packet.Option(.padN, data: [0xff, 0xff])]
    case .overrun(let length):
      [
        Packet.Option(
          .unknownMobilityOption, [Self.type.map { ($0, 200) }, Self.length.map { ($0, UInt128(length)) }].compactMap(\.self),
          data: [1, 2, 3, 4])
      ]
    case .many(let count): (0..<count).map { .unknownMobilityOption(type: UInt8(truncatingIfNeeded: 200 + $0 % 50), data: [0]) }
    case .authorizationFirst: [Packet.Option(.bindingAuthorizationData, data: [1, 2, 3, 4]), Packet.Option(.padN, data: [0, 0])]
    }
  }

  private static let type = FieldPath(.unknownMobilityOption, "option-type")
  private static let length = FieldPath(.unknownMobilityOption, "option-length")
}
