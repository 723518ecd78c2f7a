/// Types of payloads (RFC 7296 3.2, RFC 7383 2.5).
private let payloadTypes: [UInt64: String] = [
  0: "none", 33: "SA", 34: "KE", 35: "IDi", 36: "IDr", 37: "CERT", 38: "CERTREQ", 39: "AUTH", 40: "Nonce", 41: "Notify", 42: "Delete",
  43: "Vendor ID", 44: "TSi", 45: "TSr", 46: "SK", 47: "CP", 48: "EAP", 53: "SKF",
]
private let protocolIDs: [UInt64: String] = [0: "none", 1: "IKE", 2: "AH", 3: "ESP"]
private let groups: [UInt64: String] = [
  0: "none", 2: "1024-bit MODP", 5: "1536-bit MODP", 14: "2048-bit MODP", 15: "3072-bit MODP", 16: "4096-bit MODP",
  19: "256-bit random ECP",
  20: "384-bit random ECP", 31: "Curve25519",
]
/// RFC 7296 3.10.1; 16418 of RFC 6023; 16430, 16431 of RFC 7383 and RFC 7427; 16396 of RFC 4555; 16404 of RFC 4739; 16417 of RFC 5998.
private let notifyTypes: [UInt64: String] = [
  1: "UNSUPPORTED_CRITICAL_PAYLOAD", 4: "INVALID_IKE_SPI", 5: "INVALID_MAJOR_VERSION", 7: "INVALID_SYNTAX", 9: "INVALID_MESSAGE_ID",
  11: "INVALID_SPI", 14: "NO_PROPOSAL_CHOSEN", 17: "INVALID_KE_PAYLOAD", 24: "AUTHENTICATION_FAILED", 34: "SINGLE_PAIR_REQUIRED",
  35: "NO_ADDITIONAL_SAS", 36: "INTERNAL_ADDRESS_FAILURE", 37: "FAILED_CP_REQUIRED", 38: "TS_UNACCEPTABLE", 39: "INVALID_SELECTORS",
  43: "TEMPORARY_FAILURE", 44: "CHILD_SA_NOT_FOUND", 16384: "INITIAL_CONTACT", 16385: "SET_WINDOW_SIZE",
  16386: "ADDITIONAL_TS_POSSIBLE", 16387: "IPCOMP_SUPPORTED", 16388: "NAT_DETECTION_SOURCE_IP", 16389: "NAT_DETECTION_DESTINATION_IP",
  16390: "COOKIE", 16391: "USE_TRANSPORT_MODE", 16392: "HTTP_CERT_LOOKUP_SUPPORTED", 16393: "REKEY_SA",
  16394: "ESP_TFC_PADDING_NOT_SUPPORTED", 16395: "NON_FIRST_FRAGMENTS_ALSO", 16396: "MOBIKE_SUPPORTED", 16404: "MULTIPLE_AUTH_SUPPORTED",
  16417: "EAP_ONLY_AUTHENTICATION", 16418: "CHILDLESS_IKEV2_SUPPORTED", 16430: "IKEV2_FRAGMENTATION_SUPPORTED",
  16431: "SIGNATURE_HASH_ALGORITHMS",
]
private let identificationTypes: [UInt64: String] = [
  1: "ID_IPV4_ADDR", 2: "ID_FQDN", 3: "ID_RFC822_ADDR", 5: "ID_IPV6_ADDR", 9: "ID_DER_ASN1_DN", 10: "ID_DER_ASN1_GN", 11: "ID_KEY_ID",
]
private let encodings: [UInt64: String] = [
  1: "PKCS #7", 4: "X.509", 7: "CRL", 11: "raw RSA", 12: "hash and URL", 13: "hash and URL bundle",
]

/// The generic payload header (RFC 7296 3.2).
private let generic = [
  Field("next-payload", 0, 8, "isakmp.nextpayload", .nextHeader, meanings: payloadTypes),
  Field("critical", 8, 1, "isakmp.criticalpayload"), Field("reserved", 9, 7, "isakmp.reserved7"),
  Field("length", 16, 16, "isakmp.payloadlength", .partsLength),
]

private func payload(_ kind: LayerKind, _ number: UInt8?, octets: Int = 4, _ clause: String, _ fields: [Field] = []) -> Schema {
  Schema(kind, number: number, octets: octets, clause, generic + fields)
}

private func identification(_ kind: LayerKind, _ number: UInt8) -> Schema {
  payload(
    kind, number, octets: 8, "RFC 7296 3.5",
    [
      Field("id-type", 32, 8, "isakmp.id.type", meanings: identificationTypes), Field("id-reserved", 40, 24, "isakmp.reserved"),
    ])
}

private func trafficSelectors(_ kind: LayerKind, _ number: UInt8) -> Schema {
  payload(
    kind, number, octets: 8, "RFC 7296 3.13",
    [Field("count", 32, 8, "isakmp.ts.number", .partCount), Field("ts-reserved", 40, 24, "isakmp.reserved")])
}

private func transform(_ kind: LayerKind, _ number: UInt8?, _ wireshark: String, meanings: [UInt64: String] = [:]) -> Schema {
  Schema(
    kind, number: number, octets: 8, "RFC 7296 3.3.2",
    [
      Field("last", 0, 8, "isakmp.nextpayload", .more(3)), Field("reserved", 8, 8, "isakmp.reserved"),
      Field("length", 16, 16, "isakmp.payloadlength", .partsLength),
      Field(
        "type", 32, 8, "isakmp.tf.type", number.map { .constant(UInt64($0)) } ?? .no,
        meanings: [1: "ENCR", 2: "PRF", 3: "INTEG", 4: "D-H", 5: "ESN"]),
      Field("id-reserved", 40, 8, "isakmp.reserved"), Field("id", 48, 16, wireshark, meanings: meanings),
    ])
}

private func trafficSelector(_ kind: LayerKind, _ number: UInt8?, octets: Int, _ addresses: [Field]) -> Schema {
  Schema(
    kind, number: number, octets: octets, "RFC 7296 3.13.1",
    [
      Field(
        "type", 0, 8, "isakmp.ts.type", number.map { .constant(UInt64($0)) } ?? .no,
        meanings: [7: "TS_IPV4_ADDR_RANGE", 8: "TS_IPV6_ADDR_RANGE"]),
      Field("protocol-id", 8, 8, "isakmp.ts.protoid", meanings: [0: "any", 135: "Mobility Header"]),
      Field("length", 16, 16, "isakmp.ts.selector_length", .partsLength),
    ] + addresses)
}

private let ports = [Field("start-port", 32, 16, "isakmp.ts.start_port"), Field("end-port", 48, 16, "isakmp.ts.end_port")]

extension Schema {
  /// The header of IKEv2, its payloads and their parts.
  static let keyExchangeSchemas: [Schema] = [
    Schema(
      .ike, octets: 28, "RFC 7296 3.1",
      [
        Field("initiator-spi", 0, 64, "isakmp.ispi"), Field("responder-spi", 64, 64, "isakmp.rspi"),
        Field("next-payload", 128, 8, "isakmp.nextpayload", .nextHeader, meanings: payloadTypes),
        Field("version", 136, 8, "isakmp.version", .constant(0x20)),
        Field(
          "exchange-type", 144, 8, "isakmp.exchangetype",
          meanings: [34: "IKE_SA_INIT", 35: "IKE_AUTH", 36: "CREATE_CHILD_SA", 37: "INFORMATIONAL"]),
        Field("reserved", 152, 2), Field("r", 154, 1, "isakmp.flag_r"), Field("v", 155, 1, "isakmp.flag_v"),
        Field("i", 156, 1, "isakmp.flag_i"), Field("reserved-low", 157, 3), Field("message-id", 160, 32, "isakmp.messageid"),
        Field("length", 192, 32, "isakmp.length", .totalLength),
      ]),
    payload(.sa, 33, "RFC 7296 3.3"),
    payload(
      .ke, 34, octets: 8, "RFC 7296 3.4",
      [Field("group", 32, 16, "isakmp.key_exchange.dh_group", meanings: groups), Field("ke-reserved", 48, 16, "isakmp.reserved")]),
    identification(.idi, 35), identification(.idr, 36),
    payload(.cert, 37, octets: 5, "RFC 7296 3.6", [Field("encoding", 32, 8, "isakmp.cert.encoding", meanings: encodings)]),
    payload(.certreq, 38, octets: 5, "RFC 7296 3.7", [Field("encoding", 32, 8, "isakmp.certreq.type", meanings: encodings)]),
    payload(
      .auth, 39, octets: 8, "RFC 7296 3.8",
      [
        Field(
          "method", 32, 8, "isakmp.auth.method",
          meanings: [1: "RSA digital signature", 2: "shared key", 3: "DSS digital signature", 9: "ECDSA-256", 14: "digital signature"]),
        Field("auth-reserved", 40, 24, "isakmp.reserved"),
      ]),
    payload(.nonce, 40, "RFC 7296 3.9"),
    payload(
      .notify, 41, octets: 8, "RFC 7296 3.10",
      [
        Field("protocol-id", 32, 8, "isakmp.notify.protoid", meanings: protocolIDs), Field("spi-size", 40, 8, "isakmp.spisize"),
        Field("message-type", 48, 16, "isakmp.notify.msgtype", meanings: notifyTypes),
      ]),
    payload(
      .delete, 42, octets: 8, "RFC 7296 3.11",
      [
        Field("protocol-id", 32, 8, "isakmp.delete.protoid", meanings: protocolIDs), Field("spi-size", 40, 8, "isakmp.spisize"),
        Field("num-spis", 48, 16, "isakmp.spinum"),
      ]),
    payload(.vendorID, 43, "RFC 7296 3.12"),
    trafficSelectors(.tsi, 44), trafficSelectors(.tsr, 45),
    payload(.sk, 46, "RFC 7296 3.14"),
    payload(
      .cp, 47, octets: 8, "RFC 7296 3.15",
      [
        Field("type", 32, 8, "isakmp.cfg.type", meanings: [1: "CFG_REQUEST", 2: "CFG_REPLY", 3: "CFG_SET", 4: "CFG_ACK"]),
        Field("cp-reserved", 40, 24, "isakmp.reserved"),
      ]),
    payload(
      .eap, 48, octets: 8, "RFC 7296 3.16",
      [
        Field("code", 32, 8, "eap.code", meanings: [1: "request", 2: "response", 3: "success", 4: "failure"]),
        Field("identifier", 40, 8, "eap.id"), Field("eap-length", 48, 16, "eap.len"),
      ]),
    payload(
      .skf, 53, octets: 8, "RFC 7383 2.5",
      [Field("fragment-number", 32, 16, "isakmp.frag.number"), Field("total-fragments", 48, 16, "isakmp.frag.total")]),
    payload(.unknownPayload, nil, "RFC 7296 3.2"),
    Schema(
      .proposal, octets: 8, "RFC 7296 3.3.1",
      [
        Field("last", 0, 8, "isakmp.nextpayload", .more(2)), Field("reserved", 8, 8, "isakmp.reserved"),
        Field("length", 16, 16, "isakmp.payloadlength", .partsLength), Field("number", 32, 8, "isakmp.prop.number", .constant(1)),
        Field("protocol-id", 40, 8, "isakmp.prop.protoid", meanings: protocolIDs), Field("spi-size", 48, 8, "isakmp.spisize", .dataLength),
        Field("num-transforms", 56, 8, "isakmp.prop.transforms", .partCount),
      ]),
    transform(
      .encryptionTransform, 1, "isakmp.tf.id.encr",
      meanings: [3: "3DES", 11: "NULL", 12: "AES-CBC", 13: "AES-CTR", 20: "AES-GCM with a 16-octet ICV"]),
    transform(
      .prfTransform, 2, "isakmp.tf.id.prf",
      meanings: [1: "HMAC-MD5", 2: "HMAC-SHA1", 4: "AES128-XCBC", 5: "HMAC-SHA2-256", 6: "HMAC-SHA2-384", 7: "HMAC-SHA2-512"]),
    transform(
      .integrityTransform, 3, "isakmp.tf.id.integ",
      meanings: [
        0: "none", 1: "HMAC-MD5-96", 2: "HMAC-SHA1-96", 5: "AES-XCBC-96", 12: "HMAC-SHA2-256-128", 13: "HMAC-SHA2-384-192",
        14: "HMAC-SHA2-512-256",
      ]),
    transform(.dhTransform, 4, "isakmp.tf.id.dh", meanings: groups),
    transform(.esnTransform, 5, "isakmp.tf.id.esn", meanings: [0: "no", 1: "extended"]),
    transform(.unknownTransform, nil, "isakmp.tf.id"),
    Schema(
      .transformAttribute, octets: 4, "RFC 7296 3.3.5",
      [
        Field("af", 0, 1, "isakmp.ike2.attr.format", .constant(1)),
        Field("type", 1, 15, "isakmp.ike2.attr.type", meanings: [14: "key length"]),
        Field("value", 16, 16, "isakmp.ike2.attr.value"),
      ]),
    Schema(
      .variableTransformAttribute, octets: 4, "RFC 7296 3.3.5",
      [
        Field("af", 0, 1, "isakmp.ike2.attr.format"), Field("type", 1, 15, "isakmp.ike2.attr.type"),
        Field("length", 16, 16, "isakmp.ike2.attr.length", .dataLength),
      ]),
    trafficSelector(
      .trafficSelector4, 7, octets: 16,
      ports + [
        Field("start-address", 64, 32, "isakmp.ts.start_ipv4", as: .ipv4), Field("end-address", 96, 32, "isakmp.ts.end_ipv4", as: .ipv4),
      ]),
    trafficSelector(
      .trafficSelector6, 8, octets: 40,
      ports + [
        Field("start-address", 64, 128, "isakmp.ts.start_ipv6", as: .ipv6), Field("end-address", 192, 128, "isakmp.ts.end_ipv6", as: .ipv6),
      ]),
    trafficSelector(.unknownTrafficSelector, nil, octets: 4, []),
    Schema(
      .configurationAttribute, octets: 4, "RFC 7296 3.15.1",
      [
        Field("r", 0, 1, "isakmp.cfg.attr.format"),
        Field(
          "type", 1, 15, "isakmp.cfg.attr.type",
          meanings: [
            1: "INTERNAL_IP4_ADDRESS", 2: "INTERNAL_IP4_NETMASK", 3: "INTERNAL_IP4_DNS", 8: "INTERNAL_IP6_ADDRESS", 10: "INTERNAL_IP6_DNS",
            16: "MIP6_HOME_PREFIX", 21: "P_CSCF_IP6_ADDRESS",
          ]),
        Field("length", 16, 16, "isakmp.cfg.attr.length", .dataLength),
      ]),
  ]
}
