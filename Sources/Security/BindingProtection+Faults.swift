package import Wire

/// What nobody should do with the keys of a binding.
extension BindingProtection {
  /// Goes on using the ESP SAs that a binding had last, until it gets others.
  package mutating func restore(_ home: IPv6Address, inbound isInbound: Bool = true, outbound isOutbound: Bool = true) {
    guard keys[home] == nil, let old = retired[home] else { return }
    lingering[home] = (number: isInbound ? inbound.add(old.inbound) : nil, outbound: isOutbound ? old.outbound : nil)
  }

  /// Goes on using the IKE SA that a binding had last.
  package mutating func reopen(_ home: IPv6Address) {
    if let handle = retired[home]?.handle { endpoint?.reopen(handle) }
  }

  /// Lets go of keys without a word: of the IKE SA, or of the ESP SAs.
  package mutating func drop(_ home: IPv6Address, ikeSA: Bool) {
    guard let handle = keys[home]?.handle else { return }
    if ikeSA { endpoint?.drop(handle) } else { forget(home) }
  }

  /// Seals the DELETE of the IKE SA that a binding had last, or the answer to it, anew.
  package mutating func sealAnew(_ home: IPv6Address, at now: Instant) {
    var output = IKEOutput()
    if let handle = retired[home]?.handle { endpoint?.sealAnew(handle, at: now, &output) }
  }

  /// Answers the DELETE of the IKE SA that a binding had last as nobody should: by another Message ID, or in clear.
  package mutating func answerWrongly(_ home: IPv6Address, isSealed: Bool, at now: Instant, _ output: inout IKEOutput) {
    if let handle = retired[home]?.handle { endpoint?.answerWrongly(handle, isSealed: isSealed, at: now, &output) }
  }

  /// Sends a DELETE of the IKE SA of a binding in clear, or with a wrong check value.
  package mutating func deleteFalsely(_ home: IPv6Address, isSealed: Bool, at now: Instant, _ output: inout IKEOutput) {
    if let handle = keys[home]?.handle ?? alone[home] { endpoint?.deleteFalsely(handle, isSealed: isSealed, at: now, &output) }
  }

  /// Whose an INFORMATIONAL request is that came in clear, or (sealed) with a wrong check value; nil for any other message.
  package func doubted(_ datagram: IKEDatagram) -> (home: IPv6Address, isSealed: Bool)? {
    guard let (handle, isSealed) = endpoint?.doubted(datagram), let home = keys.first(where: { $0.value.handle == handle })?.key
    else { return nil }
    return (home, isSealed)
  }

  /// Takes the next message in the IKE SA of a binding for the peer's, whatever protects it.
  package mutating func trust(_ home: IPv6Address) {
    if let handle = keys[home]?.handle { endpoint?.trust(handle) }
  }

  /// Asks in the IKE SA that a binding has, or had last, whether the other end is there (RFC 7296 1.4).
  package mutating func ask(_ home: IPv6Address, at now: Instant, _ output: inout IKEOutput) {
    if let handle = (keys[home] ?? retired[home])?.handle ?? wasAlone[home] { endpoint?.ask(handle, at: now, &output) }
  }

  /// Sends the last DELETE of a binding's IKE SA once more, the same octets.
  package func deleteAgain(_ home: IPv6Address, _ output: inout IKEOutput) { output.datagrams += deletions[home] ?? [] }
}
