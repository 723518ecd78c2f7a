extension Packet.Header {
  /// An Ethernet header (IEEE 802.3).
  public static func ethernet(from source: MACAddress, to destination: MACAddress) -> Self {
    Self(.ethernet, .rfc5846, [(.ethernetSource, UInt128(source.value)), (.ethernetDestination, UInt128(destination.value))])
  }

  /// An IPv6 header (RFC 8200 3).
  public static func ipv6(from source: IPv6Address, to destination: IPv6Address, hopLimit: UInt8 = 64) -> Self {
    Self(.ipv6, .rfc5846, [(.ipv6Source, source.value), (.ipv6Destination, destination.value), (.ipv6HopLimit, UInt128(hopLimit))])
  }

  /// An IPv4 header (RFC 791 3.1).
  public static func ipv4(from source: IPv4Address, to destination: IPv4Address) -> Self {
    Self(.ipv4, .rfc5846, [(.ipv4Source, UInt128(source.value)), (.ipv4Destination, UInt128(destination.value))])
  }

  /// A UDP header (RFC 768).
  public static func udp(from source: UInt16, to destination: UInt16) -> Self {
    Self(.udp, .rfc5846, [(.udpSourcePort, UInt128(source)), (.udpDestinationPort, UInt128(destination))])
  }

  /// A destination options header with a Home Address option (RFC 6275 6.3).
  public static func homeAddress(_ address: IPv6Address) -> Self {
    Self(.destinationOptions, options: [Packet.Option(.hao, [(.homeAddressOption, address.value)])])
  }

  /// A type 2 routing header (RFC 6275 6.4).
  public static func routing(to home: IPv6Address) -> Self { Self(.rh2, .rfc5846, [(.routingHomeAddress, home.value)]) }

  /// A message of the Mobility Header; `values` may name its own fields and those of `mh`.
  public static func message(_ kind: LayerKind, _ dialect: Dialect, _ values: [(FieldPath, UInt128)], options: [Packet.Option] = [])
    -> Self
  {
    Self(kind, dialect, values, options: options)
  }

  /// An ICMPv6 message of which the packet's payload is the body (RFC 4443).
  public static func icmpv6(type: UInt8, code: UInt8, pointer: UInt32 = 0) -> Self {
    Self(.icmpv6, .rfc5846, [(.icmpType, UInt128(type)), (.icmpCode, UInt128(code)), (.icmpPointer, UInt128(pointer))])
  }
}

extension Packet.Option {
  /// An Alternate Care-of Address option (RFC 6275 6.2.5).
  public static func alternateCareOfAddress(_ address: IPv6Address) -> Self {
    Self(.alternateCareOfAddress, [(.alternateCareOfAddress, address.value)])
  }

  /// An IPv4 Care-of Address option (RFC 5555 3.1.2).
  public static func ipv4CareOfAddress(_ address: IPv4Address) -> Self {
    Self(.ipv4CareOfAddress, [(.ipv4CareOfAddress, UInt128(address.value))])
  }

  /// An IPv4 Home Address option of one address (RFC 5555 3.1.1).
  public static func ipv4HomeAddress(_ address: IPv4Address) -> Self {
    Self(.ipv4HomeAddress, [(.ipv4HomePrefixLength, 32), (.ipv4HomeAddress, UInt128(address.value))])
  }

  /// An IPv4 Address Acknowledgement option of status 0 (RFC 5555 3.2.1).
  public static func ipv4AddressAcknowledgement(_ address: IPv4Address) -> Self {
    Self(.ipv4AddressAcknowledgement, [(.ipv4AcknowledgedPrefixLength, 32), (.ipv4AcknowledgedAddress, UInt128(address.value))])
  }

  /// A NAT Detection option (RFC 5555 3.2.2).
  ///
  /// - Parameters:
  ///   - isForced: the F flag: UDP though there is no NAT.
  ///   - refreshTime: seconds between keepalives; all ones: none are needed.
  public static func natDetection(isForced: Bool, refreshTime: UInt32) -> Self {
    Self(.natDetection, [(.natDetectionF, isForced ? 1 : 0), (.natRefreshTime, UInt128(refreshTime))])
  }

  /// A source (1) or target (2) link-layer address option (RFC 4861 4.6.1).
  public static func linkLayerAddress(type: UInt8, _ address: MACAddress) -> Self {
    Self(.linkLayerAddress, [(.linkLayerType, UInt128(type)), (.linkLayerAddress, UInt128(address.value))])
  }

  /// A Prefix Information option (RFC 4861 4.6.2); lifetimes in seconds.
  public static func prefixInformation(
    _ prefix: IPv6Address, length: Int, isOnLink: Bool, isAutonomous: Bool, valid: UInt32, preferred: UInt32
  ) -> Self {
    Self(
      .prefixInformation,
      [
        (.prefixLength, UInt128(UInt8(clamping: length))), (.prefixOnLink, isOnLink ? 1 : 0), (.prefixAutonomous, isAutonomous ? 1 : 0),
        (.prefixValidLifetime, UInt128(valid)), (.prefixPreferredLifetime, UInt128(preferred)), (.prefix, prefix.value),
      ])
  }

  /// A Recursive DNS Server option (RFC 8106 5.1); the lifetime in seconds.
  public static func recursiveDNSServers(_ servers: [IPv6Address], lifetime: UInt32) -> Self {
    Self(.rdnss, [(.recursiveDNSLifetime, UInt128(lifetime))], data: servers.flatMap(\.octets))
  }

  /// An option of any type.
  public static func unknownMobilityOption(type: UInt8, data: [UInt8]) -> Self {
    Self(.unknownMobilityOption, FieldPath(.unknownMobilityOption, "option-type").map { [($0, UInt128(type))] } ?? [], data: data)
  }
}
