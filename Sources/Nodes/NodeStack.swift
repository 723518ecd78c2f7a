import Link
import Security
import Wire

/// What both nodes do below the Mobility Header: Neighbour Discovery, the IPv6 header chain, errors, sending.
struct NodeStack: Sendable {
  let configuration: NodeConfiguration
  let role: NodeRole
  let decoder: Decoder
  let defects: DefectSet
  /// The frame that is being worked on, and the circumstances in which it came.
  var dissection = Dissection()
  var occasion = Occasion()
  var neighbours: NeighbourDiscovery
  /// None where the Mobility Headers go in clear, else one: in an array, so that a copy of the stack copies no more than a reference to it.
  var protection: [BindingProtection] = []
  /// Nil where they go natively.
  var tunnel: BindingTunnel?
  /// The frame in hand has a wrong integrity check value; such a one gets this far by a defect alone.
  var isForged = false
  /// The frame in hand has come before; such a one gets this far by a defect alone.
  var isReplayed = false
  /// The message in hand is worked on and not answered, by a defect.
  var isTakenSilently = false
  private var errorSecond: Int64 = .min
  private var errorCount = 0
  /// How often a defect could have shown, by home address.
  private var chances: [Chance: Int] = [:]

  private struct Chance: Hashable {
    var defect: Defect.Name
    var home: IPv6Address
  }

  init(_ configuration: NodeConfiguration, _ role: NodeRole) {
    self.configuration = configuration
    self.role = role
    decoder = Decoder(dialect: configuration.dialect)
    defects = DefectSet(configuration.defects, role: role, configuration.witness)
    neighbours = NeighbourDiscovery(ports: configuration.hardware)
    for port in configuration.hardware.indices {
      if let ipv4 = role == .homeAgent ? configuration.ipv4HomeAgent : configuration.careOf.ipv4 { neighbours.own(ipv4, on: port) }
      if own.ipv4 == nil { neighbours.own(own, on: port) }
    }
    protection = configuration.protection(of: role).map { [$0] } ?? []
    tunnel = configuration.tunnel(of: role)
  }

  /// The node's own address.
  var own: IPv6Address { role == .homeAgent ? configuration.homeAgent : configuration.careOf }

  func varies(_ name: Variation.Name) -> Bool { configuration.variations.contains(name) }

  /// Whether a defect shows now, where a message came that it could show on: counted by such messages, not by procedures.
  mutating func shows(_ name: Defect.Name, of home: IPv6Address) -> Bool {
    guard defects.contains(name) else { return false }
    var occasion = occasion
    occasion.count = 1
    if configuration.holds(home) {
      occasion.count += chances[Chance(defect: name, home: home)] ?? 0
      chances[Chance(defect: name, home: home)] = occasion.count
    }
    return defects.hits(name, occasion)
  }

  // MARK: What arrives

  /// Takes a frame through link and IPv6 layer; nil when nothing is left of it to be done.
  ///
  /// - Parameter isDecoded: it is what `opened` gave.
  mutating func accept(
    _ frame: Span<UInt8>, isDecoded: Bool = false, on port: Int, at now: Instant, _ outbox: inout Outbox
  ) -> Arrival? {
    guard configuration.hardware.indices.contains(port) else { return nil }
    if !isDecoded { decoder.decode(frame, into: &dissection) }
    occasion = Occasion()
    guard isAddressed(frame, on: port), !neighbours.receive(frame, dissection, on: port, &outbox), dissection.count > 1
    else { return nil }
    if dissection.layers[1].kind == .ipv4 { return acceptOverIPv4(frame, on: port) }
    guard dissection.layers[1].kind == .ipv6, !isSpoiled(1),
      let source = dissection.value(.ipv6Source, ofLayer: 1, in: frame),
      let destination = dissection.value(.ipv6Destination, ofLayer: 1, in: frame),
      let payload = dissection.value(.ipv6PayloadLength, ofLayer: 1, in: frame)
    else { return nil }
    let start = Int(dissection.layers[1].offset)
    var arrival = Arrival(
      port: port, source: IPv6Address(source), destination: IPv6Address(destination), octets: start..<start + 40 + Int(payload))
    // RFC 4291 2.7 and 2.5.2: neither is ever a source; nothing that they send is answered (RFC 6275 9.5.1, RFC 5846 6.1.2).
    guard arrival.source != .unspecified else { return nil }
    if arrival.source.isMulticast {
      let isLetPass = defects.contains(.nonUnicastSourceAnswered) || defects.contains(.errorToNonUnicastSource)
      guard arrival.destination == own, dissection.mobility >= 0, isLetPass else { return nil }
    }
    if arrival.destination != own {
      guard role == .homeAgent, port == 1, !arrival.destination.isMulticast else { return nil }
      arrival.content = .transit
      return arrival
    }
    return walk(frame, &arrival, at: now, &outbox) ? arrival : nil
  }

  /// The frame is for this port's own Ethernet address or a group.
  private func isAddressed(_ frame: Span<UInt8>, on port: Int) -> Bool {
    guard let value = dissection.value(.ethernetDestination, in: frame) else { return false }
    let address = MACAddress(UInt64(truncatingIfNeeded: value))
    return address == configuration.hardware[port] || address.value >> 40 & 1 == 1
  }

  /// A layer of which a length says more than there is, or that is not what it says: nobody can work on it.
  private func isSpoiled(_ layer: Int) -> Bool {
    has(.lengthBeyond, layer) || has(.truncated, layer) || has(.value, layer) || has(.optionOverrun, layer)
  }

  func has(_ kind: Anomaly.Kind, _ layer: Int) -> Bool {
    var index = 0
    while index < dissection.anomalyCount {
      if dissection.anomalies[index].kind == kind, Int(dissection.anomalies[index].layer) == layer { return true }
      index += 1
    }
    return false
  }

  /// The header chain (RFC 8200 4) up to what the packet carries. False when the packet is done with.
  private mutating func walk(_ frame: Span<UInt8>, _ arrival: inout Arrival, at now: Instant, _ outbox: inout Outbox) -> Bool {
    // Where the number of the next header stands: in the IPv6 header, then in the first octet of every extension header.
    var pointer = (FieldPath.ipv6NextHeader.range(in: .rfc5846)?.bit ?? 0) >> 3
    var index = 2
    while index < dissection.count {
      let layer = dissection.layers[index]
      switch layer.kind {
      case .hopByHop where index != 2:
        reportProblem(code: 1, pointer: pointer, frame, arrival, at: now, &outbox)
        return false
      case .hopByHop, .destinationOptions:
        guard !isSpoiled(index), options(frame, layer, &arrival, at: now, &outbox) else { return false }
      case .hao:
        // It was taken with its header.
        index += 1
        continue
      case .rh2:
        guard !isSpoiled(index), arrival.routing == nil else { return false }
        arrival.routing = dissection.value(.routingHomeAddress, ofLayer: index, in: frame).map { IPv6Address($0) }
        arrival.isRoutingWrong = dissection.value(.segmentsLeft, ofLayer: index, in: frame) != 1
      case .routing:
        guard routing(frame, index, arrival, at: now, &outbox) else { return false }
      case .fragment where index + 1 == dissection.count:
        // A true fragment: nobody here sends packets long enough to need reassembly.
        return false
      case .fragment: break
      // What cannot be opened is nobody's to answer (RFC 4303 3.4.2, 3.4.4).
      case .esp where !protection.isEmpty: return false
      case .udp:
        let isIKE = dissection.value(.udpDestinationPort, in: frame).map { $0 == 500 || $0 == 4500 } ?? false
        return finish(!protection.isEmpty && isIKE ? .keyExchange : .other, &arrival)
      case .mh: return finish(.mobility, &arrival)
      case .ipv6: return finish(.tunnelled(index), &arrival)
      case .icmpv6:
        guard !has(.checksum, index) else { return false }
        return finish(dissection.value(.icmpType, ofLayer: index, in: frame) == 128 ? .echoRequest : .other, &arrival)
      default: return finish(.other, &arrival)
      }
      pointer = Int(layer.offset) - arrival.octets.lowerBound
      index += 1
    }
    unknownNextHeader(frame, pointer, arrival, at: now, &outbox)
    return false
  }

  private func finish(_ content: Arrival.Content, _ arrival: inout Arrival) -> Bool {
    arrival.content = content
    return true
  }

  /// RFC 8200 4.4; RFC 6275 6.4 for type 2 with a length that is not its own.
  private mutating func routing(_ frame: Span<UInt8>, _ index: Int, _ arrival: Arrival, at now: Instant, _ outbox: inout Outbox) -> Bool {
    guard !isSpoiled(index), let type = FieldPath(.routing, "routing-type"), let left = FieldPath(.routing, "segments-left"),
      let number = dissection.value(type, ofLayer: index, in: frame), number != 2
    else { return false }
    guard dissection.value(left, ofLayer: index, in: frame) != 0 else { return true }
    let octet = Int(dissection.layers[index].offset) + ((type.range(in: .rfc5846)?.bit ?? 0) >> 3)
    reportProblem(code: 0, pointer: octet - arrival.octets.lowerBound, frame, arrival, at: now, &outbox)
    return false
  }

  /// The options of one header (RFC 8200 4.2). False when one of them ends the packet.
  private mutating func options(
    _ frame: Span<UInt8>, _ header: Layer, _ arrival: inout Arrival, at now: Instant, _ outbox: inout Outbox
  ) -> Bool {
    var offset = Int(header.offset) + Schema.of(header.kind).minimum
    let end = min(header.end, frame.count)
    while offset < end {
      let type = frame[offset]
      if type == 0 {
        offset += 1
        continue
      }
      guard offset + 1 < end else { return false }
      if type == 201, header.kind == .destinationOptions {
        // RFC 6275 6.3: it must not appear twice; then nobody could say whose packet it is.
        guard arrival.homeAddressOption == nil, offset + 18 <= end, frame[offset + 1] == 16 else { return false }
        var value: UInt128 = 0
        for index in offset + 2..<offset + 18 { value = value << 8 | UInt128(frame[index]) }
        arrival.homeAddressOption = IPv6Address(value)
      } else if type != 1, type >> 6 != 0 {
        // The two high bits of a type say what becomes of a packet whose option nobody knows.
        if type >> 6 >= 2 { reportProblem(code: 2, pointer: offset - arrival.octets.lowerBound, frame, arrival, at: now, &outbox) }
        return false
      }
      offset += 2 + Int(frame[offset + 1])
    }
    return true
  }

  private mutating func unknownNextHeader(_ frame: Span<UInt8>, _ pointer: Int, _ arrival: Arrival, at now: Instant, _ outbox: inout Outbox)
  {
    let octet = arrival.octets.lowerBound + pointer
    var index = 0
    while index < dissection.anomalyCount {
      // The header is known, but was cut off or is one too many.
      if dissection.anomalies[index].kind == .truncated || dissection.anomalies[index].kind == .limit { return }
      index += 1
    }
    // Nothing more to come, TCP (nobody listens) and AH (no association) are known, and silent.
    guard octet < frame.count, ![59, 6, 51].contains(frame[octet]) else { return }
    reportProblem(code: 1, pointer: pointer, frame, arrival, at: now, &outbox)
  }

  // MARK: The Mobility Header

  /// What is wrong with the Mobility Header that a defect may let pass.
  func faults(_ frame: Span<UInt8>) -> Lenience {
    let header = dissection.mobility
    guard header >= 0 else { return [] }
    var faults: Lenience = []
    if has(.checksum, header) || has(.checksumOverWireSource, header) { faults.insert(.checksum) }
    if has(.lengthTooShort, header) { faults.insert(.headerLength) }
    if dissection.value(.mhPayloadProto, in: frame) != 59 { faults.insert(.payloadProto) }
    if isUnknownType(frame) { faults.insert(.unknownTypeUnanswered) }
    return faults
  }

  private func isUnknownType(_ frame: Span<UInt8>) -> Bool {
    guard let type = dissection.value(.mhType, in: frame) else { return true }
    return type > 7 && type != 16
  }

  /// The checks of RFC 6275 9.2 with their errors. False when the message is to be dropped.
  mutating func checkMobility(
    _ frame: Span<UInt8>, _ arrival: Arrival, _ lenience: Lenience, at now: Instant, _ outbox: inout Outbox
  ) -> Bool {
    let header = dissection.mobility
    guard header >= 0, !has(.lengthBeyond, header), !has(.truncated, header) else { return false }
    let faults = faults(frame).subtracting(lenience)
    if faults.contains(.checksum) { return false }
    let start = Int(dissection.layers[header].offset) - arrival.octets.lowerBound
    if isUnknownType(frame) {
      if faults.contains(.unknownTypeUnanswered) { sendBindingError(2, frame, arrival, at: now, &outbox) }
      return false
    }
    if faults.contains(.payloadProto) {
      reportProblem(code: 0, pointer: start, frame, arrival, at: now, &outbox)
      return false
    }
    if faults.contains(.headerLength) {
      reportProblem(
        code: 0, pointer: start + ((FieldPath.mhHeaderLen.range(in: .rfc5846)?.bit ?? 0) >> 3), frame, arrival, at: now, &outbox)
      return false
    }
    return dissection.message < 0 || !has(.optionOverrun, dissection.message)
  }

  /// Kinds of the message's mobility options, as a set.
  func holdsOption(_ frame: Span<UInt8>, where matches: (_ kind: LayerKind, _ length: Int) -> Bool) -> Bool {
    var found = false
    dissection.forEachOption(in: frame) { kind, _, length in
      if matches(kind, length) { found = true }
    }
    return found
  }

  // MARK: Errors

  /// Where an error goes: the wire source, whatever stands in the packet (RFC 6275 9.2).
  private mutating func target(_ arrival: Arrival) -> IPv6Address {
    let home = arrival.homeAddressOption ?? arrival.routing ?? arrival.source
    return shows(.errorsToHomeAddress, of: home) ? home : arrival.source
  }

  /// A Binding Error (RFC 6275 9.3.3): 1 unknown binding, 2 unknown MH type.
  mutating func sendBindingError(_ status: UInt128, _ frame: Span<UInt8>, _ arrival: Arrival, at now: Instant, _ outbox: inout Outbox) {
    guard mayReport(at: now) else { return }
    let packet = Packet([
      .ipv6(from: own, to: target(arrival)),
      .message(
        .be, configuration.dialect, [(.beStatus, status), (.beHomeAddress, (arrival.homeAddressOption ?? .unspecified).value)]),
    ])
    send(packet, to: arrival.source, on: arrival.port, at: now, &outbox)
  }

  /// ICMPv6 Parameter Problem (RFC 4443 3.4); `pointer` counts from the start of the packet.
  private mutating func reportProblem(
    code: UInt8, pointer: Int, _ frame: Span<UInt8>, _ arrival: Arrival, at now: Instant, _ outbox: inout Outbox
  ) {
    // An error is not answered by an error (RFC 4443 2.4 e.1).
    if let type = dissection.value(.icmpType, in: frame), type < 128 { return }
    guard mayReport(at: now) else { return }
    let body = arrival.octets.lowerBound..<min(arrival.octets.upperBound, arrival.octets.lowerBound + 1280 - 48)
    let packet = Packet(
      [.ipv6(from: own, to: target(arrival)), .icmpv6(type: 4, code: code, pointer: UInt32(clamping: pointer))],
      payload: [UInt8](frame, body))
    send(packet, to: arrival.source, on: arrival.port, at: now, &outbox)
  }

  private mutating func mayReport(at now: Instant) -> Bool {
    let limit = varies(.errorsRateLimited) ? 3 : configuration.errorsPerSecond
    guard limit > 0 else { return true }
    let second = now.nanoseconds / 1_000_000_000
    if second != errorSecond {
      errorSecond = second
      errorCount = 0
    }
    errorCount += 1
    return errorCount <= limit
  }

  // MARK: Sending

  /// Answers an echo request (RFC 4443 4.2); to a mobile node's care-of address by way of its home address (RFC 6275 9.3.2).
  mutating func answerEcho(_ frame: Span<UInt8>, _ arrival: Arrival, at now: Instant, _ outbox: inout Outbox) {
    guard let request = dissection.layer(.icmpv6), let identifier = dissection.value(.icmpPointer, in: frame) else { return }
    let route = arrival.homeAddressOption.map { [Packet.Header.routing(to: $0)] } ?? []
    let packet = Packet(
      [.ipv6(from: own, to: arrival.source)] + route + [.icmpv6(type: 129, code: 0, pointer: UInt32(truncatingIfNeeded: identifier))],
      payload: [UInt8](frame, request.end..<max(request.end, arrival.octets.upperBound)))
    send(packet, to: arrival.source, on: arrival.port, at: now, &outbox)
  }

  /// Sends an IPv6 packet; everybody is on-link.
  mutating func send(
    _ packet: Packet, to nextHop: IPv6Address, on port: Int = 0, after delay: Interval = .zero, _ sealing: Sealing = .own,
    _ carriage: Carriage = .own, at now: Instant, _ outbox: inout Outbox
  ) {
    guard configuration.hardware.indices.contains(port) else { return }
    var framed = packet
    if varies(.lowHopLimit) { framed.set(.ipv6HopLimit, 31) }
    if varies(.flowLabelSet), let flow = FieldPath(.ipv6, "flow-label"), let trafficClass = FieldPath(.ipv6, "traffic-class") {
      framed.set(flow, 0x5_4321)
      framed.set(trafficClass, 0xb8)
    }
    framed.headers.insert(.ethernet(from: configuration.hardware[port], to: MACAddress(0)), at: 0)
    if varies(.markedPackets) {
      framed.set(.ipv6HopLimit, 255)
      if let label = FieldPath(.ipv6, "flow-label") { framed.set(label, 0x12345) }
      if let traffic = FieldPath(.ipv6, "traffic-class") { framed.set(traffic, 0xc0) }
    }
    let headers = tunnel?.headers(for: &framed)
    guard let sealed = sealed(framed, sealing) else { return }
    framed = headers.map { carriage.of($0).around(sealed) } ?? sealed
    guard delay > .zero else { return leave(framed, to: nextHop, on: port, at: now, &outbox) }
    var delayed = Outbox()
    leave(framed, to: nextHop, on: port, at: now, &delayed)
    for item in delayed.items { outbox.send(item.frame, on: item.port, after: item.delay + delay) }
  }
}

extension Packet {
  /// The same packet with a Mobility Header checksum that is not the right one.
  func withWrongChecksum() -> Packet {
    // Everything else is still worked out when it is sent, behind ESP or in a tunnel.
    var copy = self
    if let right = frozen().chosen(.mhChecksum) { copy.set(.mhChecksum, right ^ 0x5555) }
    return copy
  }
}
