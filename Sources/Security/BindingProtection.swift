package import Wire

/// What a host does between IP and the Mobility Header (RFC 4877): seals the messages of its bindings with ESP in transport mode and opens
/// those it gets, with keys that IKEv2 makes.
///
/// A binding has an IKE SA of its own, as a PDN connection has (TS 24.303 5.1.2.2). Like the parties it does no I/O: it takes datagrams and
/// times, and says what to send.
package struct BindingProtection: Sendable {
  package enum Event: Hashable, Sendable {
    /// The ESP SAs of a binding are there, in both directions.
    case established(IPv6Address)
    /// The IKE SA of a binding is gone, and its ESP SAs with it.
    case closed(IPv6Address, IKEClosure)
    /// An INFORMATIONAL request that asks for nothing but an answer has come in the IKE SA of a binding.
    case asked(IPv6Address)
  }

  struct Keys: Sendable {
    var handle: UInt64
    /// By which a layer's protection names the inbound one.
    var number: UInt16
    var inbound: SecurityAssociation
    var outbound: SecurityAssociation
  }

  private let role: BindingRole
  private let homes: [IPv6Address]
  private let agreement: IKEAgreement?
  /// Nil where the keys were written down.
  var endpoint: IKEEndpoint? {
    didSet { nextDeadline = endpoint?.nextDeadline ?? .distantFuture }
  }
  var generator: any RandomNumberGenerator & Sendable
  /// By home address; no more than one pair of ESP SAs each, the latest.
  var keys: [IPv6Address: Keys] = [:]
  /// Those that were there last, of bindings that have none any more.
  var retired: [IPv6Address: Keys] = [:]
  /// ESP SAs that a host goes on using though they are gone, as nobody should.
  var lingering: [IPv6Address: (number: UInt16?, outbound: SecurityAssociation?)] = [:]
  /// The last DELETE of a binding's IKE SA.
  var deletions: [IPv6Address: [IKEDatagram]] = [:]
  /// The home addresses of the IKE SAs that this host began.
  private var begun: [UInt64: IPv6Address] = [:]
  /// The IKE SAs that stand, by home address, where there are no ESP SAs that would say so.
  private(set) var alone: [IPv6Address: UInt64] = [:] { didSet { wasAlone.merge(alone) { $1 } } }
  /// Those that stood last.
  private(set) var wasAlone: [IPv6Address: UInt64] = [:]
  /// IKE SAs of which no message may say whose they are, as soon as that is known, by the initiator's SPI.
  private var unnamed: [(spi: UInt64, home: IPv6Address)] = []
  /// The home addresses of Child SAs that the other end closed, and perhaps the IKE SA with them.
  private var closing: [UInt64: IPv6Address] = [:]
  var inbound = SecurityAssociations()
  let kept: KeptKeys
  /// All keys that there ever were: for a reader of the capture.
  package private(set) var tables = KeyTables()

  /// Which end of the bindings a host is.
  package enum BindingRole: Sendable {
    case homeAgent, mobileNode
  }

  /// Nil where nothing is protected, or where nobody said how this end proves who it is.
  ///
  /// - Parameters:
  ///   - homeAgent: its IPv6 address.
  ///   - own: the address that this end speaks from; an IPv4-mapped one over IPv4.
  ///   - homes: the home addresses, in the order of their numbers.
  ///   - rehearsal: what the IKE SAs are played from, or written into.
  ///   - generator: of SPIs, nonces, keys and initialisation vectors.
  package init?(
    _ role: BindingRole, _ security: BindingSecurity, homeAgent: IPv6Address, own: IPv6Address, homes: [IPv6Address],
    _ rehearsal: IKERehearsal? = nil, generator: any RandomNumberGenerator & Sendable
  ) {
    self.role = role
    self.homes = homes
    kept = rehearsal?.kept ?? KeptKeys(limit: 256)
    self.generator = generator
    agreement = security.agreement
    switch security {
    case .none: return nil
    case .manual(let manual):
      for (number, home) in homes.enumerated() { take(manual.associations(number, role), of: home, handle: 0) }
    case .ikev2(let agreement):
      guard var configuration = agreement.configuration(role, homeAgent: homeAgent, own: own, homes: homes) else { return nil }
      configuration.rehearsal = rehearsal
      endpoint = IKEEndpoint(configuration, generator: generator)
      // Not the endpoint's own numbers once more.
      for _ in 0..<64 { _ = self.generator.next() }
    }
  }

  // MARK: Keys

  /// Whether the messages of a binding can be sealed.
  package func covers(_ home: IPv6Address) -> Bool { keys[home] != nil }

  /// Whether what was agreed on is there: the ESP SAs of a binding, or the IKE SA alone where that is all there is to be.
  package func isReady(_ home: IPv6Address) -> Bool { keys[home] != nil || alone[home] != nil }

  /// The IKE SAs, by the initiator's SPI, that became known since the last call, where no message says whose they are.
  package mutating func takeUnnamed() -> [(spi: UInt64, home: IPv6Address)] {
    defer { unnamed = [] }
    return unnamed
  }

  /// Begins the IKE SA of a binding, with a Child SA for its Mobility Headers; over IPv4 between IPv4-mapped addresses.
  package mutating func establish(
    _ home: IPv6Address, from careOf: IPv6Address, to homeAgent: IPv6Address, at now: Instant, _ output: inout IKEOutput
  ) {
    guard let agreement, var configuration = endpoint?.configuration, !begun.values.contains(home) else { return }
    agreement.specialize(&configuration, for: home, number: homes.firstIndex(of: home) ?? 0, careOf: careOf)
    let handle = endpoint?.initiate(
      from: UDPAddress(HostAddress(unmapped: careOf), port: 500), to: UDPAddress(HostAddress(unmapped: homeAgent), port: 500),
      configuration, at: now, &output)
    guard let handle else { return }
    begun[handle] = home
    if agreement.child?.isOfBinding != true { unnamed.append((handle, home)) }
  }

  /// How keys are let go of.
  package enum Release: Sendable {
    /// An INFORMATIONAL with DELETE of protocol 1, of the IKE SA, as TS 24.303 5.4.2.2 says.
    case ikeSA
    /// The DELETE names the ESP SAs alone.
    case espSAs
    /// The DELETE of the IKE SA says that SPIs of eight octets follow.
    case ikeSAWithSPISize
    /// The DELETE of the IKE SA lists an SPI.
    case ikeSAWithSPIs
    /// The DELETE goes out, and the IKE SA stays.
    case ikeSAKept
  }

  /// Lets go of the keys of a binding, and tells the other end. Its ESP SAs are gone at once.
  package mutating func release(_ home: IPv6Address, _ how: Release = .ikeSA, at now: Instant, _ output: inout IKEOutput) {
    if let handle = alone.removeValue(forKey: home) {
      begun[handle] = nil
      endpoint?.delete(handle, at: now, &output)
      deletions[home] = output.datagrams
    }
    guard endpoint != nil, let old = keys[home] else { return }
    forget(home)
    begun[old.handle] = nil
    switch how {
    case .ikeSA: endpoint?.delete(old.handle, at: now, &output)
    case .ikeSAKept: endpoint?.request(old.handle, [.deleteIKE], at: now, &output)
    case .ikeSAWithSPIs:
      var deletion = Packet.Option.deleteIKE
      deletion.values.append((path: .deleteSPISize, value: 4))
      deletion.values.append((path: .deleteCount, value: 1))
      deletion.data = [UInt8](bigEndian: old.inbound.spi)
      endpoint?.delete(old.handle, deletion, at: now, &output)
    case .espSAs: endpoint?.deleteChild(old.handle, inboundSPI: old.inbound.spi, at: now, &output)
    case .ikeSAWithSPISize:
      var deletion = Packet.Option.deleteIKE
      deletion.values.append((path: .deleteSPISize, value: 8))
      endpoint?.delete(old.handle, deletion, at: now, &output)
    }
    deletions[home] = output.datagrams
  }

  /// When `wake` is wanted. Asking the endpoint each time would copy it.
  package private(set) var nextDeadline = Instant.distantFuture

  package mutating func wake(at now: Instant, _ output: inout IKEOutput) -> [Event] {
    endpoint?.wake(at: now, &output)
    return take(&output)
  }

  /// A datagram for UDP port 500 or 4500 has come.
  package mutating func receive(_ datagram: IKEDatagram, at now: Instant, _ output: inout IKEOutput) -> [Event] {
    endpoint?.receive(datagram, at: now, &output)
    return take(&output)
  }

  private mutating func take(_ output: inout IKEOutput) -> [Event] {
    var events: [Event] = []
    // From the answer to IKE_SA_INIT on there are keys, before anything was sealed by them.
    for record in endpoint?.takeRecords() ?? [] { tables.ike.add(record) }
    for case .replaced(let old, let new) in output.events { replace(old, by: new) }
    for event in output.events {
      switch event {
      case .childEstablished(let handle, let child):
        guard agreement?.child?.isOfBinding == true, let home = home(of: handle, child) else {
          tables.add(child)
          continue
        }
        forget(home)
        if let number = lingering.removeValue(forKey: home)?.number { inbound.remove(number: number) }
        take(child, of: home, handle: handle)
        events.append(.established(home))
      case .established(let handle, let sa):
        guard !alone.values.contains(handle), let home = owner(of: handle, sa) else { continue }
        alone[home] = handle
        if sa.isInitiator == false { unnamed.append((sa.spis.initiator, home)) }
        events.append(.established(home))
      case .childClosed(let handle, let child, let byPeer):
        for (home, keys) in keys where keys.inbound.spi == child.inboundSPI {
          forget(home)
          if byPeer { closing[handle] = home }
        }
      case .closed(let handle, let reason):
        let homes =
          keys.filter { $0.value.handle == handle }.map(\.key) + alone.filter { $0.value == handle }.map(\.key)
          + [begun[handle], closing[handle]].compactMap(\.self)
        begun[handle] = nil
        closing[handle] = nil
        for home in Set(homes).sorted() {
          if keys[home]?.handle == handle { forget(home) }
          if alone[home] == handle { alone[home] = nil }
          events.append(.closed(home, reason))
        }
      case .requested(let handle, let exchange, let payloads) where exchange == 37 && payloads.isEmpty:
        if let home = (keys.first { $0.value.handle == handle } ?? retired.first { $0.value.handle == handle })?.key {
          events.append(.asked(home))
        }
      default: break
      }
    }
    return events
  }

  private mutating func take(_ child: IKEChildSA, of home: IPv6Address, handle: UInt64) {
    tables.add(child)
    let inbound = child.inboundAssociation
    keys[home] = Keys(handle: handle, number: self.inbound.add(inbound), inbound: inbound, outbound: child.outboundAssociation)
  }

  /// An IKE SA has all that another one had (RFC 7296 2.18).
  private mutating func replace(_ old: UInt64, by new: UInt64) {
    if let home = begun.removeValue(forKey: old) { begun[new] = home }
    if let home = closing.removeValue(forKey: old) { closing[new] = home }
    for home in keys.keys where keys[home]?.handle == old { keys[home]?.handle = new }
    for (home, handle) in alone where handle == old {
      alone[home] = new
      if let spi = endpoint?.record(new)?.initiatorSPI { unnamed.append((spi, home)) }
    }
  }

  /// Whose an IKE SA is that has no Child SA to say so: by who the mobile node says that it is.
  private func owner(of handle: UInt64, _ sa: IKEEstablished) -> IPv6Address? {
    guard let agreement, agreement.child?.isOfBinding != true else { return nil }
    if let home = begun[handle] { return home }
    let (identity, own) = (agreement.mobileNode.identity, IPv6Address(unmapped: sa.remote.host))
    if identity.isCommon { return homes.first }
    let number = homes.indices.first { identity.identity(of: homes[$0], number: $0, own: own) == sa.peerIdentity }
    return number.map { homes[$0] } ?? (homes.count == 1 ? homes.first : nil)
  }

  /// The mobile node's side of the selectors is its home address.
  private func home(of handle: UInt64, _ child: IKEChildSA) -> IPv6Address? {
    if let home = begun[handle] { return home }
    guard case .ipv6(let home)? = (role == .homeAgent ? child.remote : child.local).first?.start else { return nil }
    return home
  }

  mutating func forget(_ home: IPv6Address) {
    guard let old = keys.removeValue(forKey: home) else { return }
    retired[home] = old
    inbound.remove(spi: old.inbound.spi)
  }

  // MARK: Packets

  /// What becomes of a packet on its way out.
  package enum Sealed: Sendable {
    case sealed(Packet)
    /// It is no Mobility Header of a binding.
    case untouched(Packet)
    /// A Mobility Header of this binding, which has no keys (or used them up).
    case withoutKeys(IPv6Address)

    /// What the policy lets go out: RFC 4301 5.1 drops what it cannot protect.
    package var packet: Packet? {
      switch self {
      case .sealed(let packet), .untouched(let packet): packet
      case .withoutKeys: nil
      }
    }
  }

  /// Seals a Mobility Header of a binding.
  ///
  /// - Parameters:
  ///   - home: whose keys; nil: those of the binding that the packet names.
  ///   - usesRetired: where it has none any more, with those that it had.
  ///   - isForged: the integrity check value is a wrong one.
  package mutating func seal(
    _ packet: Packet, of home: IPv6Address? = nil, usesRetired: Bool = false, isForged: Bool = false
  ) -> Sealed {
    guard let index = packet.index(of: .mh), let home = home ?? packet.boundHomeAddress else { return .untouched(packet) }
    let kept = kept
    var sealed = try? keys[home]?.outbound.seal(packet, from: index, kept, using: &generator)
    if isForged, let last = sealed?.payload.indices.last { sealed?.payload[last] ^= 0xff }
    if sealed == nil { sealed = try? lingering[home]?.outbound?.seal(packet, from: index, kept, using: &generator) }
    if sealed == nil, usesRetired { sealed = try? retired[home]?.outbound.seal(packet, from: index, kept, using: &generator) }
    return sealed.map { .sealed($0) } ?? .withoutKeys(home)
  }

  /// Whether a layer was opened with the security association of a binding.
  package func isOf(_ home: IPv6Address, _ layer: Protection) -> Bool {
    (keys[home]?.number ?? lingering[home]?.number).map { layer == .opened($0) } ?? false
  }

  /// The frame as it is behind ESP; nil where nothing is sealed in it, or by nobody's keys. `dissection` is of what there is then.
  ///
  /// - Parameters:
  ///   - isTrusting: a wrong integrity check value is let pass.
  ///   - admitsReplays: so is a packet that has come before.
  package mutating func opened(
    _ frame: Span<UInt8>, with decoder: Decoder, isTrusting: Bool = false, admitsReplays: Bool = false, into dissection: inout Dissection
  ) -> [UInt8]? {
    inbound.checksIntegrity = !isTrusting
    inbound.checksReplay = !admitsReplays
    return inbound.decapsulated(frame, with: decoder, kept, into: &dissection)
  }
}

extension IPv6Address {
  /// An IPv4 address as an IPv4-mapped one.
  init(unmapped host: HostAddress) {
    switch host {
    case .ipv4(let address): self.init(mapped: address)
    case .ipv6(let address): self = address
    }
  }
}

extension Packet {
  /// The home address whose binding the packet is about: in the type 2 routing header, else in the Home Address option (RFC 6275 6.3, 6.4).
  var boundHomeAddress: IPv6Address? { (chosen(.routingHomeAddress) ?? chosen(.homeAddressOption)).map(IPv6Address.init) }
}
