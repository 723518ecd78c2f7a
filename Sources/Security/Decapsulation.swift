package import Wire

extension SecurityAssociations {
  /// A frame as its receiver's IP layer sees it behind ESP in transport mode: without ESP header and trailer, with the length and the next
  /// header that the packet has then (RFC 4303 3.1.1, 3.4.4). Decoded, and what was sealed in it marked.
  ///
  /// A whole packet that ESP holds follows the outer one as it does in a tunnel without ESP.
  ///
  /// - Returns: nil where nothing is sealed in an IPv6 packet, or where nobody has the key; `result` is of the frame as it came then.
  package mutating func decapsulated(
    _ frame: Span<UInt8>, _ start: FrameStart = .ethernet, with decoder: Decoder, originalLength: Int? = nil, _ kept: KeptKeys,
    into result: inout Dissection
  ) -> [UInt8]? {
    decoder.decode(frame, start, originalLength: originalLength, into: &result)
    guard let place = result.sealedInIPv6 else { return nil }
    let esp = result.layers[place.esp]
    var octets = [UInt8](frame, 0..<frame.count)
    guard case .opened(let number, let opened) = open(&octets, esp.octets(in: result), kept) else { return nil }
    let network = Int(result.layers[place.network].offset)
    let header = Int(esp.offset)
    // The number of what ESP seals stands where that of ESP did.
    let pointer = place.network == place.before ? network + 6 : Int(result.layers[place.before].offset)
    let end = network + 40 + (Int(octets[network + 4]) << 8 | Int(octets[network + 5]))
    guard opened.payload.lowerBound > header, opened.payload.upperBound <= end, end <= octets.count else { return nil }
    let length = (header - network - 40) + opened.payload.count
    octets[pointer] = opened.nextHeader
    octets[network + 4] = UInt8(truncatingIfNeeded: length >> 8)
    octets[network + 5] = UInt8(truncatingIfNeeded: length)
    octets.removeSubrange(opened.payload.upperBound..<end)
    octets.removeSubrange(header..<opened.payload.lowerBound)
    decoder.decode(octets.span, start, into: &result)
    result.mark(from: place.esp, .opened(number))
    return octets
  }
}

extension Dissection {
  /// Where ESP stands that protects what an IPv6 packet itself carries: its layer, the packet's, and the one in front of ESP.
  fileprivate var sealedInIPv6: (network: Int, esp: Int, before: Int)? {
    guard count > 1, layers[count - 1].kind == .esp, network >= 0, layers[network].kind == .ipv6 else { return nil }
    var before = count - 2
    // The Home Address option has a layer of its own beside its header's.
    while before > network, layers[before].kind == .hao { before -= 1 }
    for index in (network + 1)..<max(count - 1, network + 1) {
      switch layers[index].kind {
      case .destinationOptions, .hao, .rh2, .routing, .hopByHop: continue
      default: return nil
      }
    }
    return (network, count - 1, before)
  }
}
