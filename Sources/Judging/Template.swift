package import Wire

/// What a template looks at.
package enum MessageKind: String, Sendable, CaseIterable {
  case bu, ba, be, bri, bra
  /// A Mobility Header of any type, known or not.
  case mh
  /// An ICMPv6 error about a packet of the conversation.
  case icmpv6
  /// An IPv6 packet in IPv6 between Home Agent and care-of address, to or from the home address.
  case tunnelled
  /// An IKE message of the binding's IKE SA, opened.
  case ike

  /// The kinds that are Mobility Headers.
  static let mobility: [MessageKind] = [.bu, .ba, .be, .bri, .bra, .mh]
}

/// Something that the conversation knows.
package enum ConversationValue: String, Sendable, CaseIterable {
  case home, careOf = "care-of", homeAgent = "home-agent", lastAcceptedSequence = "last-accepted-sequence"
  /// The sequence number of the BRI that waits for its BRA.
  case outstandingRevocation = "outstanding-revocation"
  /// The sequence number of the BU that waits for its BA.
  case outstandingUpdate = "outstanding-update"
  /// The source address on the wire of the BU that waits for its BA.
  case updateSource = "update-source"
}

/// What is compared: a field of the message, or all option types of its Mobility Header.
package enum Subject: Sendable, Equatable, CustomStringConvertible {
  case field(FieldPath)
  /// `mh.options`: the type numbers of all mobility options, padding included.
  case options
  /// `sound`: the decoder noted nothing wrong anywhere.
  case sound
  case manner(Manner)

  package var description: String {
    switch self {
    case .field(let path): path.description
    case .options: "mh.options"
    case .sound: "sound"
    case .manner(let manner): manner.rawValue
    }
  }
}

/// A TTCN-3 matching mechanism.
package enum Condition: Sendable, Equatable {
  case any, present, absent
  /// The value lies in one of the ranges.
  case oneOf([ClosedRange<UInt128>])
  case noneOf([ClosedRange<UInt128>])
  /// Equal to, or different from, a field of the message that triggered the rule; absent on either side matches neither.
  case same(FieldPath), differs(FieldPath)
  /// Greater in serial number arithmetic (RFC 6275 9.5.1) than a field of the triggering message.
  case serialAfter(FieldPath)
  case equals(ConversationValue), unequal(ConversationValue)
  /// The sequence number is greater than the last one that the Home Agent accepted; or it is not.
  case serialAfterAccepted, notAfterAccepted
  /// A computed field has, or has not, the value that its octets ask for.
  case correct, wrong
  /// The types of all options are among these; one is; none is.
  case only([UInt8]), contains([UInt8]), excludes([UInt8])
  case yes, no
}

package struct FieldTest: Sendable, Equatable {
  package var subject: Subject
  package var condition: Condition
  /// The form of the message that it is about: false natively, true in a tunnel over IPv4 (RFC 5555); nil: either.
  package var isTunnelled: Bool?

  package init(_ subject: Subject, _ condition: Condition) {
    self.subject = subject
    self.condition = condition
  }
}

/// A TTCN-3 template: what a message must be for a rule to care about it.
package struct MessageTemplate: Sendable {
  package var kind: MessageKind
  package var from: Role?
  package var tests: [FieldTest]

  package init(_ kind: MessageKind, from: Role?, _ tests: [FieldTest]) {
    self.kind = kind
    self.from = from
    self.tests = tests
  }
}
