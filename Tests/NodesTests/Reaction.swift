import Testing
import Wire

@testable import Nodes

/// What a node may do with a message.
enum Reaction: Equatable {
  case silent
  /// What a right message gets, which is carried out.
  case normal
  /// Carried out without the answer that a right message gets.
  case carriedOut
  /// No text says what: dropped, refused to its sender, or carried out, but nothing by halves.
  case unspecified
  case ba(UInt128)
  case bra(UInt128)
  case be(UInt128)
  /// Parameter Problem: code, and the octet of the packet that it points at.
  case problem(UInt128, UInt128)
  case other

  /// Reads what a node sent as the answer to one message.
  init(_ sent: [Sent]) {
    guard let only = sent.first, sent.count == 1 else {
      self = sent.isEmpty ? .silent : .other
      return
    }
    switch only.dissection.messageKind {
    case .ba: self = .ba(only[.baStatus] ?? 999)
    case .bra: self = .bra(only[.braStatus] ?? 999)
    case .be: self = .be(only[.beStatus] ?? 999)
    default: self = only[.icmpType] == 4 ? .problem(only[.icmpCode] ?? 999, only[.icmpPointer] ?? 999) : .other
    }
  }
}

/// A row of the table of reactions: a message wrong in one place, and what becomes of it in each text.
struct Row: CustomTestStringConvertible, Sendable {
  var name: String
  private var draft01: Reaction
  private var rfc5846: Reaction
  /// Makes the wrong message of a right one.
  private var change: @Sendable (Packet, Dialect) -> Packet?

  init(_ name: String, _ both: Reaction, _ change: @escaping @Sendable (Packet, Dialect) -> Packet?) {
    self.init(name, both, both, change)
  }

  init(_ name: String, _ draft01: Reaction, _ rfc5846: Reaction, _ change: @escaping @Sendable (Packet, Dialect) -> Packet?) {
    self.name = name
    self.draft01 = draft01
    self.rfc5846 = rfc5846
    self.change = change
  }

  func message(_ good: Packet, _ dialect: Dialect) throws -> Packet { try #require(change(good, dialect)) }

  func expected(_ dialect: Dialect) -> Reaction { dialect == .draft01 ? draft01 : rfc5846 }

  /// Holds what was sent against the table, and says whether the message was carried out.
  ///
  /// Every answer is sound and goes to the wire source, so that nobody else hears of a message that was refused. A BA has a routing header
  /// where the BU had a Home Address option (RFC 6275 9.5.4), a Binding Error names that option's address (RFC 6275 9.3.3), a BRA has the
  /// number, P and G of the BRI (RFC 5846 6.1.2).
  func check(_ sent: [Sent], to message: Packet, normal: Reaction, _ dialect: Dialect) -> Bool {
    let reaction = Reaction(sent)
    let expected = expected(dialect)
    switch expected {
    case .normal: #expect(reaction == normal)
    case .unspecified: #expect(reaction != .other)
    case .carriedOut: #expect(reaction == .silent)
    default: #expect(reaction == expected)
    }
    let source = message.chosen(.ipv6Source)
    #expect(sent.allSatisfy { $0.dissection.isSound && $0[.ipv6Destination] == source })
    for answer in sent {
      switch answer.dissection.messageKind {
      case .ba:
        #expect(answer[.routingHomeAddress] == message.chosen(.homeAddressOption))
        #expect(answer[.baSequence] == message.chosen(.buSequence) && answer[.baLifetime] == 0 && answer[.baK] == 0)
      case .be: #expect(answer[.beHomeAddress] == message.chosen(.homeAddressOption) ?? 0)
      case .bra:
        #expect(answer[.braSequence] == message.chosen(.briSequence))
        // RFC 6275 6.4: a routing header is not reversed.
        #expect(answer[.routingHomeAddress] == nil)
        #expect(answer[.braP] == message.chosen(.briP) ?? 0 && answer[.braG] == message.chosen(.briG) ?? 0)
      default: break
      }
    }
    return expected == .normal || expected == .carriedOut || expected == .unspecified && reaction == normal
  }

  var testDescription: String { name }
}

private let multicast = address("ff0e::1")

/// What any message of the Mobility Header may have wrong, whoever receives it (RFC 8200 4; RFC 6275 6.3, 6.4, 9.2, 9.3.1, 9.3.3).
let commonRows: [Row] =
  [
    Row("right", .normal) { good, _ in good },
    // IPv6 header.
    Row("payload length beyond the packet", .silent) { good, _ in good.frozen().with(.ipv6PayloadLength, 60) },
    Row("payload length short of the message", .silent) { good, _ in good.frozen().with(.ipv6PayloadLength, 32) },
    Row("link-layer trailer", .normal) { good, _ in
      var packet = good.frozen()
      packet.payload += [1, 2, 3, 4]
      return packet
    },
    Row("source multicast", .silent) { good, _ in good.with(.ipv6Source, multicast.value) },
    Row("source multicast, unknown type", .silent) { good, _ in good.with(.ipv6Source, multicast.value).with(.mhType, 200) },
    Row("source unspecified", .silent) { good, _ in good.with(.ipv6Source, 0) },
    Row("destination multicast", .unspecified) { good, _ in good.with(.ipv6Destination, IPv6Address.allNodes.value) },
    // Home Address option.
    Row("two home address options", .unspecified) { good, _ in good.withHomeAddressOption(home).inserting(.homeAddress(home), at: 1) },
    Row("two home address options in one header", .unspecified) { good, _ in
      var packet = good.withHomeAddressOption(home)
      guard let index = packet.index(of: .destinationOptions) else { return nil }
      packet.headers[index].options.append(Packet.Option(.hao, [(.homeAddressOption, home.value)]))
      return packet
    },
    Row("home address option of another length", .unspecified) { good, _ in
      good.without(.destinationOptions).inserting(options([unknownDestinationOption(201)]), at: 1)
    },
    // Other headers.
    Row("unknown option 00", .normal) { good, _ in good.inserting(options([unknownDestinationOption(0x1e)]), at: 1) },
    Row("unknown option 01", .silent) { good, _ in good.inserting(options([unknownDestinationOption(0x5e)]), at: 1) },
    Row("unknown option 10", .problem(2, 42)) { good, _ in good.inserting(options([unknownDestinationOption(0x9e)]), at: 1) },
    Row("unknown option 11", .problem(2, 42)) { good, _ in good.inserting(options([unknownDestinationOption(0xde)]), at: 1) },
    Row("unknown option 11 to a group", .silent) { good, _ in
      good.inserting(options([unknownDestinationOption(0xde)]), at: 1).with(.ipv6Destination, IPv6Address.allNodes.value)
    },
    Row("type 2 routing header of another length", .silent) { good, _ in good.inserting(routingHeader(type: 2, segmentsLeft: 1), at: 1) },
    Row("routing type 0, segments left", .problem(0, 42)) { good, _ in good.inserting(routingHeader(type: 0, segmentsLeft: 1), at: 1) },
    Row("routing type 0, none left", .normal) { good, _ in good.inserting(routingHeader(type: 0, segmentsLeft: 0), at: 1) },
    Row("unknown next header", .problem(1, 6)) { good, _ in
      var packet = Packet([good.headers[0]], payload: [0, 0, 0, 0])
      packet.set(.ipv6NextHeader, 253)
      return packet
    },
    // Mobility Header.
    Row("payload proto", .problem(0, 64)) { good, _ in good.with(.mhPayloadProto, 58) },
    Row("header len 0", .problem(0, 65)) { good, _ in good.with(.mhHeaderLen, 0) },
    Row("header len beyond the packet", .unspecified) { good, _ in good.with(.mhHeaderLen, 9) },
    Row("header len short of the packet", .unspecified) { good, _ in
      var packet = good
      packet.payload = [1, 2, 3, 4, 5, 6, 7, 8]
      return packet
    },
    Row("reserved", .normal) { good, _ in good.with(.mhReserved, 0xff) },
    Row("checksum wrong", .silent) { good, _ in good.withWrongChecksum() },
    Row("checksum 0", .silent) { good, _ in good.with(.mhChecksum, 0) },
    Row("unsupported type", .be(2)) { good, _ in good.with(.mhType, 13) },
    Row("unknown type 24", .be(2)) { good, _ in good.with(.mhType, 24) },
    Row("unknown type 255", .be(2)) { good, _ in good.with(.mhType, 255) },
    // Mobility options.
    Row("unknown option", .normal) { good, _ in good.with(options: [.unknownMobilityOption(type: 200, data: [1, 2, 3])]) },
    Row("a hundred Pad1", .normal) { good, _ in good.with(options: [Packet.Option](repeating: Packet.Option(.pad1), count: 100)) },
    Row("padding that is not zero", .normal) { good, _ in good.with(options: [Packet.Option(.padN, data: [1, 2, 3])]) },
    Row("option beyond the header", .silent) { good, _ in
      guard let index = good.index(of: .mh), let length = FieldPath(.unknownMobilityOption, "option-length") else { return nil }
      var packet = good
      packet.headers[index].pads = false
      packet.headers[index].options = [.unknownMobilityOption(type: 200, data: [0, 0])]
      return packet.with(length, 100)
    },
  ]
  + [("multicast", multicast), ("unspecified", .unspecified), ("loopback", address("::1")), ("link-local", address("fe80::1"))].map {
    name, wrong in
    Row("home address \(name)", .be(1)) { good, _ in good.withHomeAddressOption(wrong) }
  }
  + [(UInt8(29), "IPv4 home address"), (30, "IPv4 address acknowledgement"), (31, "NAT detection"), (32, "IPv4 care-of address")].map {
    type, name in
    Row("\(name) option of another length", .unspecified) { good, _ in
      good.with(options: [.unknownMobilityOption(type: type, data: [1, 2, 3])])
    }
  }

/// A destination options header of another form than the builder's own.
func options(_ options: [Packet.Option]) -> Packet.Header { Packet.Header(.destinationOptions, options: options) }

func unknownDestinationOption(_ type: UInt128) -> Packet.Option {
  Packet.Option(.unknownDestinationOption, FieldPath(.unknownDestinationOption, "option-type").map { [($0, type)] } ?? [], data: [1, 2])
}

func routingHeader(type: UInt128, segmentsLeft: UInt128) -> Packet.Header {
  var header = Packet.Header(.routing)
  header.opaque = [0, 0, 0, 0]
  for (name, value) in [("routing-type", type), ("segments-left", segmentsLeft)] {
    if let path = FieldPath(.routing, name) { header.values.append((path: path, value: value)) }
  }
  return header
}

extension Packet {
  /// The Home Address option of this address: in place of the one that is there, or behind the routing header.
  func withHomeAddressOption(_ address: IPv6Address) -> Packet {
    var copy = self
    if !copy.set(.homeAddressOption, address.value) { copy.headers.insert(.homeAddress(address), at: copy.headers.count - 1) }
    return copy
  }

  /// The octet at MH+6, which RFC 5846 calls the B.R. type and draft-01 the high octet of the sequence number.
  func withRevocationType(_ type: UInt128) -> Packet {
    guard let header = headers.last else { return self }
    return header.dialect == .draft01
      ? with(header.kind == .bri ? .briSequence : .braSequence, type << 8 | 0x44)
      : FieldPath(header.kind, "type").map { with($0, type) } ?? self
  }
}
