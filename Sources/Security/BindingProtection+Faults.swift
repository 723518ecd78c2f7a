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

  /// Asks in the IKE SA that a binding has, or had last, whether the other end is there (RFC 7296 1.4).
  package mutating func ask(_ home: IPv6Address, at now: Instant, _ output: inout IKEOutput) {
    if let handle = (keys[home] ?? retired[home])?.handle ?? wasAlone[home] { endpoint?.ask(handle, at: now, &output) }
  }

  /// Sends the last DELETE of a binding's IKE SA once more, the same octets.
  package func deleteAgain(_ home: IPv6Address, _ output: inout IKEOutput) { output.datagrams += deletions[home] ?? [] }
}
