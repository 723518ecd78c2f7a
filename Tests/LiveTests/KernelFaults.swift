import Security
import Wire

/// One thing wrong with a sealed message.
struct Fault {
  var name: String
  /// Where the guest's kernel counts it; nil where it drops the message behind IPsec.
  var counter: String?
  var isSealed = true
  var change: (inout Packet, inout SealingOverrides, SecurityAssociation) -> Void

  /// - Parameter keys: the right ones.
  static func all(_ keys: ESPKeys) -> [Fault] {
    var others = keys
    if keys.encryption.isAEAD { others.encryptionKey[0] ^= 1 } else { others.integrityKey[0] ^= 1 }
    return [
      Fault(name: "a number that was received", counter: "XfrmInStateSeqError") { _, overrides, association in
        overrides.sequence = association.sequence
      },
      Fault(name: "number 0", counter: "XfrmInStateSeqError") { _, overrides, _ in overrides.sequence = 0 },
      Fault(name: "another integrity check value", counter: "XfrmInStateProtoError") { _, overrides, association in
        overrides.icv = [UInt8](repeating: 0, count: association.keys.icvLength)
      },
      Fault(name: "others' keys", counter: "XfrmInStateProtoError") { [others] _, overrides, _ in overrides.keys = others },
      Fault(name: "an SPI of nobody's", counter: "XfrmInNoStates") { _, overrides, association in overrides.spi = association.spi ^ 0x100 },
      Fault(name: "no next header", counter: "XfrmInStateProtoError") { _, overrides, _ in overrides.nextHeader = 59 },
      Fault(name: "more padding than there is room for", counter: "XfrmInStateProtoError") { _, overrides, _ in overrides.padLength = 255 },
      Fault(name: "a wrong checksum inside", counter: nil) { packet, _, _ in _ = packet.set(.mhChecksum, 1) },
      Fault(name: "no ESP", counter: "XfrmInTmplMismatch", isSealed: false) { _, _, _ in },
      Fault(name: "the home address in the IPv6 header alone", counter: "XfrmInTmplMismatch") { packet, _, _ in
        if let option = packet.index(of: .destinationOptions) {
          packet.headers.remove(at: option)
          packet.set(.ipv6Source, Binding.home.value)
        } else if let routing = packet.index(of: .rh2) {
          packet.headers.remove(at: routing)
          packet.set(.ipv6Destination, Binding.home.value)
        }
      },
      Fault(name: "another home address", counter: "XfrmInNoStates") { packet, _, _ in
        packet.set(.homeAddressOption, Binding.home.value ^ 1)
        packet.set(.routingHomeAddress, Binding.home.value ^ 1)
      },
    ]
  }
}
