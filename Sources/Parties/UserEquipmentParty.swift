package import Wire

/// The UEs that the tester plays against a Home Agent: a home address and a care-of address each, which a case may make one of several; any
/// number of them.
///
/// It does no I/O: it builds packets and answers what it is told of. Every packet starts with an Ethernet header of which the destination
/// is still to be found.
package struct UserEquipmentParty: Sendable {
  package struct Binding: Sendable {
    package let home: IPv6Address
    package var careOf: IPv6Address
    /// The sequence number of the last BU (RFC 6275 11.7.1).
    package var sequence: UInt16
    /// A BA has accepted the last BU with a lifetime.
    package var isBound = false
    /// Answers a BRI with a BRA; off while a case withholds it.
    package var acknowledgesRevocations = true
    /// The sequence number of the last BRI.
    package var revocation: UInt16?
    /// The lifetime that the next registration asks for, in units of 4 s.
    package var lifetime: UInt16 = 150
  }

  package let dialect: Dialect
  package let homeAgent: IPv6Address
  package let address: MACAddress
  package private(set) var bindings: [IPv6Address: Binding] = [:]

  /// - Parameters:
  ///   - address: the tester's Ethernet address on the access link.
  package init(dialect: Dialect, homeAgent: IPv6Address, address: MACAddress) {
    self.dialect = dialect
    self.homeAgent = homeAgent
    self.address = address
  }

  /// Plays one more UE.
  package mutating func add(home: IPv6Address, careOf: IPv6Address, firstSequence: UInt16) {
    bindings[home] = Binding(home: home, careOf: careOf, sequence: firstSequence)
  }

  /// Changes how a UE behaves.
  package mutating func configure(_ home: IPv6Address, _ change: (inout Binding) -> Void) {
    if var binding = bindings[home] {
      change(&binding)
      bindings[home] = binding
    }
  }

  /// A BU with the next sequence number (RFC 6275 11.7.1): H and A set, Home Address option, Alternate Care-of Address option.
  ///
  /// - Parameter lifetime: in units of 4 s; 0 de-registers.
  package mutating func update(_ home: IPv6Address, lifetime: UInt16) -> Packet? {
    guard var binding = bindings[home] else { return nil }
    binding.sequence &+= 1
    bindings[home] = binding
    return Packet([
      .ethernet(from: address, to: MACAddress(0)), .ipv6(from: binding.careOf, to: homeAgent), .homeAddress(home),
      .message(
        .bu, dialect, [(.buSequence, UInt128(binding.sequence)), (.buA, 1), (.buH, 1), (.buLifetime, UInt128(lifetime))],
        options: [.alternateCareOfAddress(binding.careOf)]),
    ])
  }

  /// A BRA that answers the last BRI, or one of a given number (draft-01 5.2, RFC 5846 6.1.2): P, G and V clear.
  package func acknowledgement(_ home: IPv6Address, sequence: UInt16? = nil, status: UInt8 = 0) -> Packet? {
    guard let binding = bindings[home] else { return nil }
    return Packet([
      .ethernet(from: address, to: MACAddress(0)), .ipv6(from: binding.careOf, to: homeAgent), .homeAddress(home),
      .message(.bra, dialect, [(.braSequence, UInt128(sequence ?? binding.revocation ?? 0)), (.braStatus, UInt128(status))]),
    ])
  }

  /// An echo request to the Home Agent that names the home address in a Home Address option (RFC 6275 6.3, RFC 4443 4.1).
  package func echo(_ home: IPv6Address) -> Packet? {
    guard let binding = bindings[home] else { return nil }
    return Packet(
      [
        .ethernet(from: address, to: MACAddress(0)), .ipv6(from: binding.careOf, to: homeAgent), .homeAddress(home),
        .icmpv6(type: 128, code: 0),
      ], payload: Array("detachspec".utf8))
  }

  /// Takes a packet from the Home Agent, named by the judge, and gives the answers that are due.
  package mutating func receive(_ frame: Span<UInt8>, _ dissection: Dissection) -> [Packet] {
    guard dissection.value(.ipv6Source, in: frame) == homeAgent.value else { return [] }
    switch dissection.messageKind {
    case .bri:
      guard let sequence = dissection.value(.briSequence, in: frame) else { return [] }
      let carried = dissection.value(.routingHomeAddress, in: frame) ?? dissection.value(.homeAddressOption, in: frame)
      let home = IPv6Address(carried ?? dissection.value(.ipv6Destination, in: frame) ?? 0)
      // What comes to another UE's care-of address does not reach this one.
      guard let binding = bindings[home], let destination = dissection.value(.ipv6Destination, in: frame),
        destination == binding.careOf.value || destination == home.value
      else { return [] }
      bindings[home]?.revocation = UInt16(truncatingIfNeeded: sequence)
      guard dissection.isSound, bindings[home]?.acknowledgesRevocations == true, let answer = acknowledgement(home) else { return [] }
      bindings[home]?.isBound = false
      return [answer]
    case .ba:
      guard dissection.isSound else { return [] }
      let home = IPv6Address(dissection.value(.routingHomeAddress, in: frame) ?? dissection.value(.ipv6Destination, in: frame) ?? 0)
      guard let binding = bindings[home], let status = dissection.value(.baStatus, in: frame),
        let sequence = dissection.value(.baSequence, in: frame)
      else { return [] }
      if status == 135 {
        // A number behind the last one refuses a BU that came late or twice; nobody goes back to numbers that have been sent.
        let last = UInt16(truncatingIfNeeded: sequence)
        if last &- binding.sequence < 32_768 { bindings[home]?.sequence = last }
      } else if sequence == UInt128(binding.sequence) {
        bindings[home]?.isBound = status < 128 && (dissection.value(.baLifetime, in: frame) ?? 0) > 0
      }
      return []
    default: return []
    }
  }
}
