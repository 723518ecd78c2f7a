private let mhTypes: [UInt64: String] = [
  0: "Binding Refresh Request", 1: "Home Test Init", 2: "Care-of Test Init", 3: "Home Test", 4: "Care-of Test", 5: "Binding Update",
  6: "Binding Acknowledgement", 7: "Binding Error", 8: "Fast Binding Update", 9: "Fast Binding Acknowledgement",
  10: "Fast Neighbor Advertisement",
  12: "Home Agent Switch", 13: "Heartbeat", 16: "Binding Revocation",
]
private let draftTriggers: [UInt64: String] = [
  0: "reserved", 1: "unspecified", 2: "administrative reason", 3: "inter-MAG handover, same access type",
  4: "inter-MAG handover, different access type",
  5: "per-peer policy", 6: "local policy",
]
private let triggers: [UInt64: String] = [
  0: "unspecified", 1: "administrative reason", 2: "inter-MAG handover, same access type", 3: "inter-MAG handover, different access type",
  4: "inter-MAG handover, unknown", 5: "user-initiated session termination", 6: "access network session termination",
  7: "possible out-of-sync BCE state",
  128: "per-peer policy", 129: "revoking mobility node local policy",
]
private let draftStatuses: [UInt64: String] = [
  0: "successful", 1: "partial success", 2: "binding does not exist", 3: "global revocation not authorized", 4: "cannot identify binding",
]
private let revocationStatuses: [UInt64: String] = [
  0: "successful", 1: "partial success", 128: "binding does not exist", 129: "IPv4 home address option required",
  130: "global revocation not authorized",
  131: "revoked mobile nodes identity required", 132: "revocation failed, mobile node is attached", 133: "revocation trigger not supported",
  134: "revocation function not supported", 135: "proxy binding revocation not supported",
]
private let bindingStatuses: [UInt64: String] = [
  0: "accepted", 1: "accepted but prefix discovery necessary", 128: "reason unspecified", 129: "administratively prohibited",
  130: "insufficient resources", 131: "home registration not supported", 132: "not home subnet", 133: "not home agent for this mobile node",
  134: "duplicate address detection failed", 135: "sequence number out of window", 136: "expired home nonce index",
  137: "expired care-of nonce index",
  138: "expired nonces", 139: "registration type change disallowed",
  144: "cannot force UDP encapsulation (RFC 5555) or MIPV6-ID-MISMATCH (IANA)",
  174: "invalid care-of address",
]

extension Schema {
  static let mobilitySchemas: [Schema] = [
    Schema(
      .mh, octets: 6, "RFC 6275 6.1.1",
      [
        Field("payload-proto", 0, 8, "mip6.proto", .constant(59)), Field("header-len", 8, 8, "mip6.hlen", .headerLength8),
        Field("type", 16, 8, "mip6.mhtype", meanings: mhTypes), Field("reserved", 24, 8, "mip6.reserved"),
        Field("checksum", 32, 16, "mip6.csum", .checksum),
      ]),
    Schema(
      .bu, number: 5, octets: 12, "RFC 6275 6.1.7; RFC 5555 3.1.1",
      [
        Field("sequence", 48, 16, "mip6.bu.seqnr"), Field("a", 64, 1, "mip6.bu.a_flag"), Field("h", 65, 1, "mip6.bu.h_flag"),
        Field("l", 66, 1, "mip6.bu.l_flag"), Field("k", 67, 1, "mip6.bu.k_flag"), Field("m", 68, 1, "mip6.bu.m_flag"),
        Field("r", 69, 1, "mip6.nemo.bu.r_flag"), Field("p", 70, 1, "mip6.bu.p_flag"), Field("f", 71, 1, "mip6.bu.f_flag"),
        Field("t", 72, 1, "mip6.bu.t_flag"), Field("b", 73, 1, "mip6.bu.b_flag"), Field("s", 74, 1),
        Field("d", 75, 1), Field("reserved", 76, 4), Field("lifetime", 80, 16, "mip6.bu.lifetime"),
      ]),
    Schema(
      .ba, number: 6, octets: 12, "RFC 6275 6.1.8",
      [
        Field("status", 48, 8, "mip6.ba.status", meanings: bindingStatuses), Field("k", 56, 1, "mip6.ba.k_flag"),
        Field("r", 57, 1, "mip6.nemo.ba.r_flag"), Field("p", 58, 1, "mip6.ba.p_flag"), Field("t", 59, 1, "mip6.ba.t_flag"),
        Field("b", 60, 1, "mip6.ba.b_flag"), Field("s", 61, 1), Field("d", 62, 1),
        Field("reserved", 63, 1), Field("sequence", 64, 16, "mip6.ba.seqnr"), Field("lifetime", 80, 16, "mip6.ba.lifetime"),
      ]),
    Schema(
      .be, number: 7, octets: 24, "RFC 6275 6.1.9",
      [
        Field(
          "status", 48, 8, "mip6.be.status", meanings: [1: "unknown binding for Home Address option", 2: "unrecognized MH Type value"]),
        Field("reserved", 56, 8), Field("home-address", 64, 128, "mip6.be.haddr", as: .ipv6),
      ]),
    Schema(
      .bri, dialect: .draft01, number: 16, octets: 12, "draft-muhanna-mext-binding-revocation-01 5.1",
      [
        Field("sequence", 48, 16), Field("trigger", 64, 8, meanings: draftTriggers), Field("p", 72, 1), Field("a", 73, 1),
        Field("g", 74, 1),
        Field("reserved", 75, 21),
      ]),
    Schema(
      .bra, dialect: .draft01, number: 16, octets: 12, "draft-muhanna-mext-binding-revocation-01 5.2",
      [
        Field("sequence", 48, 16), Field("status", 64, 8, meanings: draftStatuses), Field("p", 72, 1), Field("g", 73, 1),
        Field("reserved", 74, 22),
      ]),
    Schema(
      .revocation, dialect: .draft01, number: 16, octets: 12, "draft-muhanna-mext-binding-revocation-01 5",
      [Field("sequence", 48, 16), Field("trigger-or-status", 64, 8), Field("flags", 72, 24)]),
    Schema(
      .bri, dialect: .rfc5846, number: 16, octets: 12, "RFC 5846 6.1.1",
      [
        Field(
          "type", 48, 8, "mip6.bri_br.type", .constant(1),
          meanings: [1: "Binding Revocation Indication", 2: "Binding Revocation Acknowledgement"]),
        Field("trigger", 56, 8, "mip6.bri_r.trigger", meanings: triggers), Field("sequence", 64, 16, "mip6.bri_seqnr"),
        Field("p", 80, 1, "mip6.bri_ip"), Field("v", 81, 1, "mip6.bri_iv"), Field("g", 82, 1, "mip6.bri_ig"),
        Field("reserved", 83, 13, "mip6.bri_res"),
      ]),
    Schema(
      .bra, dialect: .rfc5846, number: 16, octets: 12, "RFC 5846 6.1.2",
      [
        Field(
          "type", 48, 8, "mip6.bri_br.type", .constant(2),
          meanings: [1: "Binding Revocation Indication", 2: "Binding Revocation Acknowledgement"]),
        Field("status", 56, 8, "mip6.bri_status", meanings: revocationStatuses), Field("sequence", 64, 16, "mip6.bri_seqnr"),
        Field("p", 80, 1, "mip6.bri_ap"), Field("v", 81, 1, "mip6.bri_av"), Field("g", 82, 1, "mip6.bri_ag"),
        Field("reserved", 83, 13, "mip6.bri_res"),
      ]),
    Schema(
      .revocation, dialect: .rfc5846, number: 16, octets: 12, "RFC 5846 6.1",
      [
        Field("type", 48, 8, "mip6.bri_br.type"), Field("trigger-or-status", 56, 8), Field("sequence", 64, 16, "mip6.bri_seqnr"),
        Field("flags", 80, 16),
      ]),
  ]

  /// Type, length and the fields behind them.
  private static func option(
    _ kind: LayerKind, _ number: UInt8?, octets: Int, align: (Int, Int) = (1, 0), _ clause: String, _ fields: [Field] = []
  ) -> Schema {
    let type = Field("option-type", 0, 8, computed: number.map { .constant(UInt64($0)) } ?? .no)
    let length = Field("option-length", 8, 8, "mip6.mobility_opt.len", .optionLength)
    return Schema(kind, number: number, octets: octets, align: align, clause, octets == 1 ? [type] : [type, length] + fields)
  }

  static let mobilityOptionSchemas: [Schema] = [
    option(.pad1, 0, octets: 1, "RFC 6275 6.2.2"),
    option(.padN, 1, octets: 2, "RFC 6275 6.2.3"),
    option(
      .bindingRefreshAdvice, 2, octets: 4, align: (2, 0), "RFC 6275 6.2.4", [Field("refresh-interval", 16, 16, "mip6.bra.interval")]),
    option(
      .alternateCareOfAddress, 3, octets: 18, align: (8, 6), "RFC 6275 6.2.5", [Field("address", 16, 128, "mip6.acoa.acoa", as: .ipv6)]),
    option(
      .nonceIndices, 4, octets: 6, align: (2, 0), "RFC 6275 6.2.6",
      [Field("home-nonce-index", 16, 16, "mip6.ni.hni"), Field("care-of-nonce-index", 32, 16, "mip6.ni.cni")]),
    option(.bindingAuthorizationData, 5, octets: 2, align: (8, 2), "RFC 6275 6.2.7"),
    option(
      .mobileNetworkPrefix, 6, octets: 20, align: (8, 4), "RFC 3963 4.3",
      [
        Field("reserved", 16, 8), Field("prefix-length", 24, 8, "mip6.nemo.mnp.pfl"),
        Field("prefix", 32, 128, "mip6.nemo.mnp.mnp", as: .ipv6),
      ]),
    option(.mobileNodeLinkLayerAddress, 7, octets: 3, "RFC 5568 6.4.4", [Field("option-code", 16, 8, "mip6.lla.optcode")]),
    option(.mobileNodeIdentifier, 8, octets: 3, "RFC 4283 3", [Field("subtype", 16, 8, "mip6.mnid.subtype")]),
    option(
      .mobilityAuthentication, 9, octets: 7, align: (4, 1), "RFC 4285 5",
      [Field("subtype", 16, 8, "mip6.auth.subtype"), Field("spi", 24, 32, "mip6.auth.mobility_spi")]),
    option(.mesgID, 10, octets: 10, "RFC 4285 6", [Field("timestamp", 16, 64, "mip6.mseg_id.timestamp")]),
    option(
      .vendorSpecific, 19, octets: 7, "RFC 5094 2",
      [Field("vendor", 16, 32, "mip6.vsm.vendorId"), Field("subtype", 48, 8, "mip6.vsm.subtype")]),
    option(.serviceSelection, 20, octets: 2, "RFC 5149 3"),
    option(
      .homeNetworkPrefix, 22, octets: 20, align: (8, 4), "RFC 5213 8.3",
      [
        Field("reserved", 16, 8), Field("prefix-length", 24, 8, "mip6.nemo.mnp.pfl"),
        Field("prefix", 32, 128, "mip6.nemo.mnp.mnp", as: .ipv6),
      ]),
    option(
      .handoffIndicator, 23, octets: 4, "RFC 5213 8.4",
      [Field("reserved", 16, 8, "mip6.hi.reserved"), Field("indicator", 24, 8, "mip6.hi")]),
    option(
      .accessTechnologyType, 24, octets: 4, "RFC 5213 8.5",
      [Field("reserved", 16, 8, "mip6.att.reserved"), Field("type", 24, 8, "mip6.att")]),
    option(.timestamp, 27, octets: 10, align: (8, 2), "RFC 5213 8.8", [Field("timestamp", 16, 64, "mip6.timestamp_tmp")]),
    option(
      .ipv4HomeAddress, 29, octets: 8, align: (4, 0), "RFC 5555 3.1.1",
      [
        Field("prefix-length", 16, 6, "mip6.ipv4ha.preflen"), Field("p", 22, 1, "mip6.ipv4ha.p_flag"), Field("reserved", 23, 9),
        Field("address", 32, 32, "mip6.ipv4ha.ha", as: .ipv4),
      ]),
    option(
      .ipv4AddressAcknowledgement, 30, octets: 8, align: (4, 0), "RFC 5555 3.2.1",
      [
        Field("status", 16, 8, "mip6.ipv4aa.sts"), Field("prefix-length", 24, 6, "mip6.ipv4ha.preflen"), Field("reserved", 30, 2),
        Field("address", 32, 32, "mip6.ipv4ha.ha", as: .ipv4),
      ]),
    option(
      .natDetection, 31, octets: 8, align: (4, 0), "RFC 5555 3.2.2",
      [
        Field("f", 16, 1, "mip6.natd.f_flag"), Field("reserved", 17, 15, "mip6.natd.reserved"),
        Field("refresh-time", 32, 32, "mip6.natd.refresh_t"),
      ]),
    option(
      .ipv4CareOfAddress, 32, octets: 8, align: (4, 0), "RFC 5555 3.1.2",
      [Field("reserved", 16, 16, "mip6.ipv4coa.reserved"), Field("address", 32, 32, "mip6.ipv4coa.addr", as: .ipv4)]),
    option(
      .bindingIdentifier, 35, octets: 6, "RFC 5648 4.1",
      [
        Field("bid", 16, 16, "mip6.bi.bid"), Field("status", 32, 8, "mip6.bi.status"), Field("h", 40, 1, "mip6.bi.h_flag"),
        Field("reserved", 41, 7),
      ]),
    option(
      .ipv4HomeAddressRequest, 36, octets: 8, align: (4, 0), "RFC 5844 3.3.1",
      [
        Field("prefix-length", 16, 6, "mip6.ipv4ha.preflen"), Field("reserved", 22, 10),
        Field("address", 32, 32, "mip6.ipv4ha.ha", as: .ipv4),
      ]),
    option(
      .ipv4HomeAddressReply, 37, octets: 8, align: (4, 0), "RFC 5844 3.3.2",
      [
        Field("status", 16, 8, "mip6.ipv4aa.sts"), Field("prefix-length", 24, 6, "mip6.ipv4ha.preflen"), Field("reserved", 30, 2),
        Field("address", 32, 32, "mip6.ipv4ha.ha", as: .ipv4),
      ]),
    option(.unknownMobilityOption, nil, octets: 2, "RFC 6275 6.2.1"),
  ]
}
