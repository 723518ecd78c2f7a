package import Wire

/// The Home Agent that the tester plays against a UE, with any number of bindings.
///
/// It does no I/O: it builds packets and answers what it is told of. Every packet starts with an Ethernet header of which the destination
/// is still to be found.
package struct HomeAgentParty: Sendable {
  package struct Binding: Sendable {
    package let home: IPv6Address
    package var careOf: IPv6Address
    /// The sequence number of the last BU that was accepted.
    package var sequence: UInt16
    package var isBound: Bool
    /// Answers a BU with a BA; off while a case withholds it.
    package var acknowledgesUpdates = true
    /// A BU was left without an answer: the UE is going to send it again (RFC 6275 11.8).
    package fileprivate(set) var isOwedAcknowledgement = false
    /// The lifetime granted, in units of 4 s; what was asked for, if that is less.
    package var lifetime: UInt16 = 150
    /// The sequence number of the last BRI.
    package var revocation: UInt16?
  }

  package let dialect: Dialect
  package let homeAgent: IPv6Address
  package let address: MACAddress
  package private(set) var bindings: [IPv6Address: Binding] = [:]
  private var nextRevocation: UInt16

  /// - Parameters:
  ///   - address: the tester's Ethernet address on the access link.
  ///   - firstRevocation: the sequence number of the first BRI.
  package init(dialect: Dialect, homeAgent: IPv6Address, address: MACAddress, firstRevocation: UInt16) {
    self.dialect = dialect
    self.homeAgent = homeAgent
    self.address = address
    nextRevocation = firstRevocation
  }

  /// Changes how the Home Agent treats a home address, known already or not.
  package mutating func configure(_ home: IPv6Address, _ change: (inout Binding) -> Void) {
    var binding = bindings[home] ?? Binding(home: home, careOf: .unspecified, sequence: 0, isBound: false)
    change(&binding)
    bindings[home] = binding
  }

  /// A BRI with the next sequence number to the care-of address of a binding: Home Address option in draft-01 (7.1), type 2 routing header in
  /// RFC 5846 (7.1); trigger 1, A set where there is one, P, G and V clear (TS 24.303 5.4.3.1).
  package mutating func revocation(_ home: IPv6Address) -> Packet? {
    guard let binding = bindings[home] else { return nil }
    let sequence = nextRevocation
    bindings[home]?.revocation = sequence
    repeat { nextRevocation &+= 1 } while dialect == .draft01 && (1...2).contains(nextRevocation >> 8)
    var values: [(FieldPath, UInt128)] = [(.briSequence, UInt128(sequence)), (.briTrigger, 1)]
    if dialect == .draft01 { values.append((.briA, 1)) }
    return Packet([
      .ethernet(from: address, to: MACAddress(0)), .ipv6(from: homeAgent, to: binding.careOf),
      dialect == .draft01 ? .homeAddress(home) : .routing(to: home),
      .message(.bri, dialect, values),
    ])
  }

  /// A BA (RFC 6275 9.5.4), in a type 2 routing header.
  package func acknowledgement(_ home: IPv6Address, to destination: IPv6Address, sequence: UInt16, status: UInt8, lifetime: UInt16)
    -> Packet
  {
    Packet([
      .ethernet(from: address, to: MACAddress(0)), .ipv6(from: homeAgent, to: destination), .routing(to: home),
      .message(
        .ba, dialect, [(.baStatus, UInt128(status)), (.baSequence, UInt128(sequence)), (.baLifetime, UInt128(lifetime))]),
    ])
  }

  /// Takes a packet from the UE, named by the judge, and gives the answers that are due.
  package mutating func receive(_ frame: Span<UInt8>, _ dissection: Dissection) -> [Packet] {
    guard dissection.isSound, dissection.value(.ipv6Destination, in: frame) == homeAgent.value,
      let source = dissection.value(.ipv6Source, in: frame).map(IPv6Address.init)
    else { return [] }
    // Without a Home Address option nobody says whose binding it is: the lab's UEs are all away from home.
    guard let home = dissection.value(.homeAddressOption, in: frame).map(IPv6Address.init) else { return [] }
    switch dissection.messageKind {
    case .bu:
      guard let sequence = dissection.value(.buSequence, in: frame).map({ UInt16(truncatingIfNeeded: $0) }),
        let asked = dissection.value(.buLifetime, in: frame).map({ UInt16(truncatingIfNeeded: $0) })
      else { return [] }
      var binding = bindings[home] ?? Binding(home: home, careOf: source, sequence: sequence &- 1, isBound: false)
      defer { bindings[home] = binding }
      guard !binding.isBound || (sequence != binding.sequence && sequence &- binding.sequence < 32768) else {
        return [acknowledgement(home, to: source, sequence: binding.sequence, status: 135, lifetime: 0)]
      }
      binding.sequence = sequence
      binding.careOf = IPv6Address(dissection.value(.alternateCareOfAddress, in: frame) ?? source.value)
      let granted = min(asked, binding.lifetime)
      binding.isOwedAcknowledgement = !binding.acknowledgesUpdates
      guard binding.acknowledgesUpdates else { return [] }
      binding.isBound = granted > 0
      return [acknowledgement(home, to: source, sequence: sequence, status: 0, lifetime: granted)]
    case .bra:
      if let status = dissection.value(.braStatus, in: frame), status == 0,
        dissection.value(.braSequence, in: frame).map({ UInt16(truncatingIfNeeded: $0) }) == bindings[home]?.revocation
      {
        bindings[home]?.isBound = false
      }
      return []
    default: return []
    }
  }
}
