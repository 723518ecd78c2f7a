import Testing
import Wire

/// What a node may do with a message.
enum Reaction: Equatable {
  case silent
  /// The answer that a right message gets: BA or BRA of status 0, or carried out without one.
  case normal
  case ba(UInt128)
  case bra(UInt128)
  case be(UInt128)
  /// Parameter Problem: code, and the octet of the packet that it points at.
  case problem(UInt128, UInt128)
  case other

  /// Reads what a node sent as the answer to one message.
  init(_ sent: [Sent], normal: LayerKind) {
    guard let only = sent.first, sent.count == 1 else {
      self = sent.isEmpty ? .silent : .other
      return
    }
    switch only.dissection.messageKind {
    case .ba: self = normal == .ba && only[.baStatus] == 0 ? .normal : .ba(only[.baStatus] ?? 999)
    case .bra: self = normal == .bra && only[.braStatus] == 0 ? .normal : .bra(only[.braStatus] ?? 999)
    case .be: self = .be(only[.beStatus] ?? 999)
    default: self = only[.icmpType] == 4 ? .problem(only[.icmpCode] ?? 999, only[.icmpPointer] ?? 999) : .other
    }
  }
}

/// A row of the table of reactions: a message wrong in one place, and what becomes of it in each text.
struct Row: CustomTestStringConvertible, Sendable {
  var name: String
  var draft01: Reaction
  var rfc5846: Reaction
  var message: @Sendable (Dialect) -> Packet?

  init(_ name: String, _ both: Reaction, _ message: @escaping @Sendable (Dialect) -> Packet?) {
    self.init(name, both, both, message)
  }

  init(_ name: String, _ draft01: Reaction, _ rfc5846: Reaction, _ message: @escaping @Sendable (Dialect) -> Packet?) {
    self.name = name
    self.draft01 = draft01
    self.rfc5846 = rfc5846
    self.message = message
  }

  func expected(_ dialect: Dialect) -> Reaction { dialect == .draft01 ? draft01 : rfc5846 }
  var testDescription: String { name }
}

/// A Home Address option of another form than the builder's own.
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
  /// The octet at MH+6, which RFC 5846 calls the B.R. type and draft-01 the high octet of the sequence number.
  func withRevocationType(_ type: UInt128) -> Packet {
    guard let header = headers.last else { return self }
    return header.dialect == .draft01
      ? with(header.kind == .bri ? .briSequence : .braSequence, type << 8 | 0x44)
      : FieldPath(header.kind, "type").map { with($0, type) } ?? self
  }
}
