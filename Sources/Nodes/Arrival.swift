import Wire

/// A packet that got past a node's IPv6 layer.
struct Arrival {
  enum Content {
    case mobility
    case echoRequest
    /// IKE, on UDP port 500 or 4500.
    case keyExchange
    /// IPv6 in IPv6 (RFC 2473); the index of the inner header in the layer table.
    case tunnelled(Int)
    /// It came on the home link for somebody else.
    case transit
    case other
  }

  var port: Int
  var source: IPv6Address
  var destination: IPv6Address
  /// The octets of the packet within its frame.
  var octets: Range<Int>
  /// The Home Address option's address.
  var homeAddressOption: IPv6Address?
  /// The address of a type 2 routing header.
  var routing: IPv6Address?
  /// What the routing header lacks of RFC 6275 6.4: Hdr Ext Len 2 and Segments Left 1.
  var isRoutingWrong = false
  var content = Content.other
}

/// What a node lets pass that it should not: the parser's half of the defects.
struct Lenience: OptionSet {
  let rawValue: Int

  static let checksum = Lenience(rawValue: 1)
  static let headerLength = Lenience(rawValue: 2)
  static let payloadProto = Lenience(rawValue: 4)
  static let unknownTypeUnanswered = Lenience(rawValue: 8)
}
