private let protocols: [UInt64: String] = [
  0: "hop-by-hop", 4: "IPv4", 17: "UDP", 41: "IPv6", 43: "routing", 44: "fragment", 50: "ESP", 51: "AH", 58: "ICMPv6", 59: "none",
  60: "destination options", 135: "Mobility Header",
]
private let etherTypes: [UInt64: String] = [0x0800: "IPv4", 0x0806: "ARP", 0x8100: "VLAN", 0x88a8: "VLAN", 0x86dd: "IPv6"]

extension Schema {
  static let linkSchemas: [Schema] = [
    Schema(
      .ethernet, octets: 14, "IEEE 802.3",
      [
        Field("destination", 0, 48, "eth.dst", as: .mac), Field("source", 48, 48, "eth.src", as: .mac),
        Field("type", 96, 16, "eth.type", .nextHeader, meanings: etherTypes),
      ]),
    Schema(
      .vlan, octets: 4, "IEEE 802.1Q",
      [
        Field("priority", 0, 3, "vlan.priority"), Field("drop-eligible", 3, 1, "vlan.dei"), Field("id", 4, 12, "vlan.id"),
        Field("type", 16, 16, "vlan.etype", .nextHeader, meanings: etherTypes),
      ]),
    Schema(
      .arp, octets: 28, "RFC 826",
      [
        Field("hardware-type", 0, 16, "arp.hw.type", .constant(1)), Field("protocol-type", 16, 16, "arp.proto.type", .constant(0x0800)),
        Field("hardware-length", 32, 8, "arp.hw.size", .constant(6)), Field("protocol-length", 40, 8, "arp.proto.size", .constant(4)),
        Field("operation", 48, 16, "arp.opcode", meanings: [1: "request", 2: "reply"]),
        Field("sender-hardware", 64, 48, "arp.src.hw_mac", as: .mac), Field("sender", 112, 32, "arp.src.proto_ipv4", as: .ipv4),
        Field("target-hardware", 144, 48, "arp.dst.hw_mac", as: .mac), Field("target", 192, 32, "arp.dst.proto_ipv4", as: .ipv4),
      ]),
  ]

  static let networkSchemas: [Schema] = [
    Schema(
      .ipv4, octets: 20, "RFC 791 3.1",
      [
        Field("version", 0, 4, "ip.version", .constant(4)), Field("header-length", 4, 4, "ip.hdr_len", .ipv4HeaderLength),
        Field("tos", 8, 8, "ip.dsfield"), Field("total-length", 16, 16, "ip.len", .totalLength), Field("identification", 32, 16, "ip.id"),
        Field("flags", 48, 3, "ip.flags"), Field("fragment-offset", 51, 13, "ip.frag_offset"),
        Field("ttl", 64, 8, "ip.ttl", .constant(64)), Field("protocol", 72, 8, "ip.proto", .nextHeader, meanings: protocols),
        Field("checksum", 80, 16, "ip.checksum", .checksum), Field("source", 96, 32, "ip.src", as: .ipv4),
        Field("destination", 128, 32, "ip.dst", as: .ipv4),
      ]),
    Schema(
      .ipv6, octets: 40, "RFC 8200 3",
      [
        Field("version", 0, 4, "ipv6.version", .constant(6)), Field("traffic-class", 4, 8, "ipv6.tclass"),
        Field("flow-label", 12, 20, "ipv6.flow"), Field("payload-length", 32, 16, "ipv6.plen", .payloadLength),
        Field("next-header", 48, 8, "ipv6.nxt", .nextHeader, meanings: protocols), Field("hop-limit", 56, 8, "ipv6.hlim", .constant(64)),
        Field("source", 64, 128, "ipv6.src", as: .ipv6), Field("destination", 192, 128, "ipv6.dst", as: .ipv6),
      ]),
    Schema(
      .hopByHop, octets: 2, "RFC 8200 4.3",
      [
        Field("next-header", 0, 8, "ipv6.hopopts.nxt", .nextHeader, meanings: protocols),
        Field("hdr-ext-len", 8, 8, "ipv6.hopopts.len", .headerLength8),
      ]),
    Schema(
      .destinationOptions, octets: 2, "RFC 8200 4.6",
      [
        Field("next-header", 0, 8, "ipv6.dstopts.nxt", .nextHeader, meanings: protocols),
        Field("hdr-ext-len", 8, 8, "ipv6.dstopts.len", .headerLength8),
      ]),
    Schema(
      .routing, octets: 4, "RFC 8200 4.4",
      [
        Field("next-header", 0, 8, "ipv6.routing.nxt", .nextHeader, meanings: protocols),
        Field("hdr-ext-len", 8, 8, "ipv6.routing.len", .headerLength8), Field("routing-type", 16, 8, "ipv6.routing.type"),
        Field("segments-left", 24, 8, "ipv6.routing.segleft"),
      ]),
    Schema(
      .rh2, octets: 24, "RFC 6275 6.4.1",
      [
        Field("next-header", 0, 8, "ipv6.routing.nxt", .nextHeader, meanings: protocols),
        Field("hdr-ext-len", 8, 8, "ipv6.routing.len", .headerLength8),
        Field("routing-type", 16, 8, "ipv6.routing.type", .constant(2)),
        Field("segments-left", 24, 8, "ipv6.routing.segleft", .constant(1)), Field("reserved", 32, 32, "ipv6.routing.mipv6.reserved"),
        Field("home-address", 64, 128, "ipv6.routing.mipv6.home_address", as: .ipv6),
      ]),
    Schema(
      .fragment, octets: 8, "RFC 8200 4.5",
      [
        Field("next-header", 0, 8, "ipv6.fraghdr.nxt", .nextHeader, meanings: protocols),
        Field("reserved", 8, 8, "ipv6.fraghdr.reserved_octet"),
        Field("fragment-offset", 16, 13, "ipv6.fraghdr.offset"), Field("res", 29, 2, "ipv6.fraghdr.reserved_bits"),
        Field("m", 31, 1, "ipv6.fraghdr.more"),
        Field("identification", 32, 32, "ipv6.fraghdr.ident"),
      ]),
    Schema(
      .udp, octets: 8, "RFC 768",
      [
        Field("source-port", 0, 16, "udp.srcport"), Field("destination-port", 16, 16, "udp.dstport"),
        Field("length", 32, 16, "udp.length", .totalLength), Field("checksum", 48, 16, "udp.checksum", .checksum),
      ]),
    // Instead of IP behind UDP: of a draft before RFC 5555, and of RFC 5845.
    Schema(
      .tlv, octets: 4, "draft-ietf-mext-nemo-v4traversal-05 5.1",
      [Field("type", 0, 4), Field("length", 4, 16), Field("reserved", 20, 12)]),
    Schema(
      .esp, octets: 8, "RFC 4303 2", [Field("spi", 0, 32, "esp.spi"), Field("sequence", 32, 32, "esp.sequence")]),
    Schema(
      .hao, number: 201, octets: 18, align: (8, 6), "RFC 6275 6.3",
      [
        Field("option-type", 0, 8, "ipv6.opt.type", .constant(201)), Field("option-length", 8, 8, "ipv6.opt.length", .optionLength),
        Field("home-address", 16, 128, "ipv6.opt.mipv6.home_address", as: .ipv6),
      ]),
    Schema(.destinationPad1, number: 0, octets: 1, "RFC 8200 4.2", [Field("option-type", 0, 8, "ipv6.opt.type", .constant(0))]),
    Schema(
      .destinationPadN, number: 1, octets: 2, "RFC 8200 4.2",
      [Field("option-type", 0, 8, "ipv6.opt.type", .constant(1)), Field("option-length", 8, 8, "ipv6.opt.length", .optionLength)]),
    Schema(
      .unknownDestinationOption, octets: 2, "RFC 8200 4.2",
      [Field("option-type", 0, 8, "ipv6.opt.type"), Field("option-length", 8, 8, "ipv6.opt.length", .optionLength)]),
  ]

  static let neighbourSchemas: [Schema] = [
    Schema(
      .icmpv6, octets: 8, "RFC 4443 2.1, 3.4",
      [
        Field(
          "type", 0, 8, "icmpv6.type",
          meanings: [
            1: "destination unreachable", 2: "packet too big", 3: "time exceeded", 4: "parameter problem", 128: "echo request",
            129: "echo reply",
          ]),
        Field("code", 8, 8, "icmpv6.code"), Field("checksum", 16, 16, "icmpv6.checksum", .checksum),
        Field("pointer", 32, 32, "icmpv6.pointer"),
      ]),
    Schema(
      .routerSolicitation, octets: 8, "RFC 4861 4.1",
      [
        Field("type", 0, 8, "icmpv6.type", .constant(133)), Field("code", 8, 8, "icmpv6.code"),
        Field("checksum", 16, 16, "icmpv6.checksum", .checksum), Field("reserved", 32, 32, "icmpv6.reserved"),
      ]),
    Schema(
      .routerAdvertisement, octets: 16, "RFC 4861 4.2",
      [
        Field("type", 0, 8, "icmpv6.type", .constant(134)), Field("code", 8, 8, "icmpv6.code"),
        Field("checksum", 16, 16, "icmpv6.checksum", .checksum), Field("cur-hop-limit", 32, 8, "icmpv6.nd.ra.cur_hop_limit"),
        Field("m", 40, 1, "icmpv6.nd.ra.flag.m"), Field("o", 41, 1, "icmpv6.nd.ra.flag.o"), Field("h", 42, 1, "icmpv6.nd.ra.flag.h"),
        Field("reserved", 43, 5), Field("router-lifetime", 48, 16, "icmpv6.nd.ra.router_lifetime"),
        Field("reachable-time", 64, 32, "icmpv6.nd.ra.reachable_time"), Field("retrans-timer", 96, 32, "icmpv6.nd.ra.retrans_timer"),
      ]),
    Schema(
      .neighbourSolicitation, octets: 24, "RFC 4861 4.3",
      [
        Field("type", 0, 8, "icmpv6.type", .constant(135)), Field("code", 8, 8, "icmpv6.code"),
        Field("checksum", 16, 16, "icmpv6.checksum", .checksum), Field("reserved", 32, 32, "icmpv6.reserved"),
        Field("target", 64, 128, "icmpv6.nd.ns.target_address", as: .ipv6),
      ]),
    Schema(
      .neighbourAdvertisement, octets: 24, "RFC 4861 4.4",
      [
        Field("type", 0, 8, "icmpv6.type", .constant(136)), Field("code", 8, 8, "icmpv6.code"),
        Field("checksum", 16, 16, "icmpv6.checksum", .checksum), Field("r", 32, 1, "icmpv6.nd.na.flag.r"),
        Field("s", 33, 1, "icmpv6.nd.na.flag.s"), Field("o", 34, 1, "icmpv6.nd.na.flag.o"),
        Field("reserved", 35, 29, "icmpv6.nd.na.flag.rsv"),
        Field("target", 64, 128, "icmpv6.nd.na.target_address", as: .ipv6),
      ]),
    Schema(
      .linkLayerAddress, octets: 8, "RFC 4861 4.6.1",
      [
        Field("option-type", 0, 8, "icmpv6.opt.type", meanings: [1: "source link-layer address", 2: "target link-layer address"]),
        Field("option-length", 8, 8, "icmpv6.opt.length", .length8), Field("address", 16, 48, "icmpv6.opt.linkaddr", as: .mac),
      ]),
    Schema(
      .prefixInformation, octets: 32, "RFC 4861 4.6.2, RFC 6275 7.2",
      [
        Field("option-type", 0, 8, "icmpv6.opt.type", .constant(3)), Field("option-length", 8, 8, "icmpv6.opt.length", .length8),
        Field("prefix-length", 16, 8, "icmpv6.opt.prefix.length"), Field("l", 24, 1, "icmpv6.opt.prefix.flag.l"),
        Field("a", 25, 1, "icmpv6.opt.prefix.flag.a"), Field("r", 26, 1, "icmpv6.opt.prefix.flag.r"),
        Field("reserved1", 27, 5, "icmpv6.opt.prefix.flag.reserved"),
        Field("valid-lifetime", 32, 32, "icmpv6.opt.prefix.valid_lifetime"),
        Field("preferred-lifetime", 64, 32, "icmpv6.opt.prefix.preferred_lifetime"), Field("reserved2", 96, 32, "icmpv6.opt.reserved"),
        Field("prefix", 128, 128, "icmpv6.opt.prefix", as: .ipv6),
      ]),
    Schema(
      .rdnss, octets: 8, "RFC 8106 5.1",
      [
        Field("option-type", 0, 8, "icmpv6.opt.type", .constant(25)), Field("option-length", 8, 8, "icmpv6.opt.length", .length8),
        Field("reserved", 16, 16, "icmpv6.opt.reserved"), Field("lifetime", 32, 32, "icmpv6.opt.rdnss.lifetime"),
      ]),
    Schema(
      .unknownNeighbourOption, octets: 2, "RFC 4861 4.6",
      [Field("option-type", 0, 8, "icmpv6.opt.type"), Field("option-length", 8, 8, "icmpv6.opt.length", .length8)]),
  ]
}
