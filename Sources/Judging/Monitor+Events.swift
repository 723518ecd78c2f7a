package import Wire

/// What the tester says of itself and of its hooks, and what it could not see.
extension Monitor {
  /// Something that the wire does not show happened to a home address: `hook revoke`, `probe forwarding`.
  package mutating func event(
    _ name: String, _ attributes: [String: String], home: IPv6Address, homeAgent: IPv6Address, at time: Instant, number: Int
  ) {
    expire(before: time)
    let index = conversation(homeAgent, home)
    guard index >= 0 else { return }
    conversations[Int(index)].advance(to: time, tolerance: timers.tolerance)
    let known = conversations[Int(index)].known
    for entry in program.byEvent where entry.name == name && entry.attributes.allSatisfy({ attributes[$0.key] == $0.value }) {
      let position = Int(entry.rule)
      guard program.rules[position].conditions.hold(known),
        conversations[Int(index)].broken & program.rules[position].presumes == 0
      else { continue }
      for sequel in program.rules[position].sequels {
        open(sequel, position, index, at: time, frame: number, kind: .mh, Slots(), isFromHook: name == "hook")
      }
    }
  }

  /// A hook returned: what must follow it is due from now on; nothing must where it failed.
  package mutating func hookReturned(home: IPv6Address, homeAgent: IPv6Address, at time: Instant, failed: Bool = false) {
    expire(before: time)
    guard let index = byKey[ConversationKey(homeAgent: homeAgent, home: home)] else { return }
    var slots: [Int32] = []
    var slot = conversations[Int(index)].obligations
    while slot >= 0 {
      if pool[Int(slot)].isFromHook { slots.append(slot) }
      slot = pool[Int(slot)].next
    }
    // In the order in which they were opened: of two that end together the one that the other presumes is to be the first.
    for slot in slots.reversed() {
      if failed { close(slot, index) } else { rearm(slot, at: time) }
    }
  }

  /// The tester's next frame is about this home address, and was made wrong on purpose or not.
  package mutating func attribute(nextFrameTo home: IPv6Address, homeAgent: IPv6Address, isAltered: Bool) {
    let index = conversation(homeAgent, home)
    guard index >= 0 else { return }
    attributed = index
    if isAltered { conversations[Int(index)].isAltered = true }
  }

  /// A frame of the tester's with this digest is about a home address, and was made wrong on purpose or not.
  package mutating func announce(_ digest: UInt64, home: IPv6Address, homeAgent: IPv6Address, isAltered: Bool) {
    let index = conversation(homeAgent, home)
    guard index >= 0 else { return }
    // A frame that never left is forgotten.
    if announced.count >= 1024 { announced.removeFirst() }
    announced.append(Announcement(digest: digest, conversation: index, isAltered: isAltered))
  }

  /// The conversation that the tester said its frame would be about; -1: none.
  mutating func hint(for bytes: Span<UInt8>) -> Int32 {
    if attributed >= 0 {
      defer { attributed = -1 }
      return attributed
    }
    guard !announced.isEmpty else { return -1 }
    let digest = Self.digest(bytes)
    guard let place = announced.firstIndex(where: { $0.digest == digest }) else { return -1 }
    let announcement = announced.remove(at: place)
    if announcement.isAltered { conversations[Int(announcement.conversation)].isAltered = true }
    return announcement.conversation
  }

  /// FNV-1a of what follows the Ethernet header, of which the destination is filled in last.
  package static func digest(_ bytes: Span<UInt8>) -> UInt64 {
    var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    for index in min(14, bytes.count)..<bytes.count { digest = (digest ^ UInt64(bytes[index])) &* 0x100_0000_01b3 }
    return digest
  }

  /// These IKE SAs can be read, by their initiators' SPIs.
  package mutating func expect(readable spis: some Sequence<UInt64>) { surroundings.readable.formUnion(spis) }

  /// The capture lost frames: whatever silence is being watched proves nothing.
  package mutating func lost(_ count: UInt64) { drops &+= count }
}
