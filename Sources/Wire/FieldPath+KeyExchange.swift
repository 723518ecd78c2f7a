extension FieldPath {
  // The fields of IKEv2, and of what carries it, that code names itself.
  public static let udpChecksum = FieldPath(certain: "udp.checksum")
  public static let ikeInitiatorSPI = FieldPath(certain: "ike.initiator-spi")
  public static let ikeResponderSPI = FieldPath(certain: "ike.responder-spi")
  public static let ikeNextPayload = FieldPath(certain: "ike.next-payload")
  public static let ikeVersion = FieldPath(certain: "ike.version")
  public static let ikeExchangeType = FieldPath(certain: "ike.exchange-type")
  public static let ikeR = FieldPath(certain: "ike.r")
  public static let ikeV = FieldPath(certain: "ike.v")
  public static let ikeI = FieldPath(certain: "ike.i")
  public static let ikeMessageID = FieldPath(certain: "ike.message-id")
  public static let ikeLength = FieldPath(certain: "ike.length")
  public static let keGroup = FieldPath(certain: "ke.group")
  public static let idiType = FieldPath(certain: "idi.id-type")
  public static let idrType = FieldPath(certain: "idr.id-type")
  public static let idiReserved = FieldPath(certain: "idi.id-reserved")
  public static let idrReserved = FieldPath(certain: "idr.id-reserved")
  public static let certEncoding = FieldPath(certain: "cert.encoding")
  public static let certreqEncoding = FieldPath(certain: "certreq.encoding")
  public static let authMethod = FieldPath(certain: "auth.method")
  public static let notifyProtocol = FieldPath(certain: "notify.protocol-id")
  public static let notifySPISize = FieldPath(certain: "notify.spi-size")
  public static let notifyType = FieldPath(certain: "notify.message-type")
  public static let deleteProtocol = FieldPath(certain: "delete.protocol-id")
  public static let deleteSPISize = FieldPath(certain: "delete.spi-size")
  public static let deleteCount = FieldPath(certain: "delete.num-spis")
  public static let skNextPayload = FieldPath(certain: "sk.next-payload")
  public static let unknownPayloadCritical = FieldPath(certain: "unknown-payload.critical")
  public static let cpType = FieldPath(certain: "cp.type")
  public static let eapCode = FieldPath(certain: "eap.code")
  public static let eapIdentifier = FieldPath(certain: "eap.identifier")
  public static let eapLength = FieldPath(certain: "eap.eap-length")
  public static let proposalNumber = FieldPath(certain: "proposal.number")
  public static let proposalProtocol = FieldPath(certain: "proposal.protocol-id")
  public static let proposalSPISize = FieldPath(certain: "proposal.spi-size")
  public static let encryptionID = FieldPath(certain: "encryption-transform.id")
  public static let prfID = FieldPath(certain: "prf-transform.id")
  public static let integrityID = FieldPath(certain: "integrity-transform.id")
  public static let dhID = FieldPath(certain: "dh-transform.id")
  public static let esnID = FieldPath(certain: "esn-transform.id")
  public static let unknownTransformID = FieldPath(certain: "unknown-transform.id")
  public static let transformAttributeType = FieldPath(certain: "transform-attribute.type")
  public static let transformAttributeValue = FieldPath(certain: "transform-attribute.value")
  public static let selector4Protocol = FieldPath(certain: "traffic-selector4.protocol-id")
  public static let selector4StartPort = FieldPath(certain: "traffic-selector4.start-port")
  public static let selector4EndPort = FieldPath(certain: "traffic-selector4.end-port")
  public static let selector4Start = FieldPath(certain: "traffic-selector4.start-address")
  public static let selector4End = FieldPath(certain: "traffic-selector4.end-address")
  public static let selector6Protocol = FieldPath(certain: "traffic-selector6.protocol-id")
  public static let selector6StartPort = FieldPath(certain: "traffic-selector6.start-port")
  public static let selector6EndPort = FieldPath(certain: "traffic-selector6.end-port")
  public static let selector6Start = FieldPath(certain: "traffic-selector6.start-address")
  public static let selector6End = FieldPath(certain: "traffic-selector6.end-address")
  public static let configurationAttributeType = FieldPath(certain: "configuration-attribute.type")

  static let keyExchange: [FieldPath] = [
    udpChecksum, ikeInitiatorSPI, ikeResponderSPI, ikeNextPayload, ikeVersion, ikeExchangeType, ikeR, ikeV, ikeI, ikeMessageID,
    ikeLength,
    keGroup,
    idiType, idrType, idiReserved, idrReserved, certEncoding, certreqEncoding, authMethod, notifyProtocol, notifySPISize, notifyType,
    deleteProtocol, deleteSPISize,
    deleteCount, skNextPayload, unknownPayloadCritical, cpType, eapCode, eapIdentifier, eapLength, proposalNumber, proposalProtocol,
    proposalSPISize, encryptionID, prfID, integrityID, dhID, esnID, unknownTransformID, transformAttributeType, transformAttributeValue,
    selector4Protocol,
    selector4StartPort, selector4EndPort, selector4Start, selector4End, selector6Protocol, selector6StartPort, selector6EndPort,
    selector6Start, selector6End, configurationAttributeType,
  ]
}
