import Judging
import Link
import Parties
import Wire

extension AccessNetwork.Configuration {
  /// Reads `network`: what the tester has for a UE on a kernel's own stack. Nil where it is not there, or wrong.
  init?(_ node: YAMLNode?, _ role: Role?, _ reader: YAMLReader) {
    guard let node else { return nil }
    if role == .ha {
      reader.fail(node.location, "expected nothing here, found \(node.found): a Home Agent is no client of an access network")
    }
    guard var mapping = reader.mapping(node, "the network that the UE attaches to") else { return nil }
    let advertise = mapping.take("advertise")
    let dhcpv4 = mapping.take("dhcpv4")
    // One that is there and wrong was complained about already.
    let hasServer = advertise != nil || dhcpv4 != nil
    self.init(
      prefix: Self.prefix(advertise, reader), lease: Self.lease(dhcpv4, reader), names: Self.names(mapping.take("dns"), reader))
    mapping.finish()
    if !hasServer {
      reader.fail(node.location, "expected 'advertise' or 'dhcpv4', which give the network an address of its own, found neither")
    }
  }

  /// `2001:db8:b::/64`. A host makes its address of 64 bits on Ethernet (RFC 2464 4).
  private static func prefix(_ node: YAMLNode?, _ reader: YAMLReader) -> IPv6Prefix? {
    guard let (address, length, node) = parts(node, reader, "a prefix of 64 bits such as 2001:db8:b::/64") else { return nil }
    guard let address = IPv6Address(address), address.isRoutableUnicast, length == 64, let prefix = IPv6Prefix(address, length: length)
    else {
      reader.expected("a prefix of 64 bits such as 2001:db8:b::/64, the bits behind it zero,", node)
      return nil
    }
    return prefix
  }

  /// `10.99.0.2/24`.
  private static func lease(_ node: YAMLNode?, _ reader: YAMLReader) -> IPv4Lease? {
    guard let (address, length, node) = parts(node, reader, "an IPv4 address and the length of its subnet such as 10.99.0.2/24") else {
      return nil
    }
    guard let address = IPv4Address(address), (1...223).contains(address.value >> 24), address.value >> 24 != 127,
      let lease = IPv4Lease(address, length: length)
    else {
      reader.expected("a host's IPv4 address and the length of its subnet from 8 to 30, such as 10.99.0.2/24,", node)
      return nil
    }
    return lease
  }

  private static func parts(_ node: YAMLNode?, _ reader: YAMLReader, _ what: String) -> (String, Int, YAMLNode)? {
    guard let node, let text = reader.text(node, what) else { return nil }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].allSatisfy(\.isNumber), let length = Int(parts[1]) else {
      reader.expected(what, node)
      return nil
    }
    return (String(parts[0]), length, node)
  }

  /// `{ name: [addresses] }`.
  private static func names(_ node: YAMLNode?, _ reader: YAMLReader) -> [String: [IPv6Address]]? {
    guard var mapping = reader.mapping(node, "addresses by name") else { return nil }
    var names: [String: [IPv6Address]] = [:]
    for pair in mapping.takeRest() {
      let name = pair.key.lowercased()
      let labels = name.split(separator: ".", omittingEmptySubsequences: false)
      let isHost = labels.allSatisfy { label in
        (1...63).contains(label.utf8.count) && label.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
      }
      guard isHost, name.utf8.count <= 253 else {
        reader.fail(pair.location, "expected the name of a host such as ha.example, found '\(pair.key)'")
        continue
      }
      if names[name] != nil { reader.fail(pair.location, "expected each name once, found '\(pair.key)' again") }
      let nodes = reader.list(pair.value)
      // What fits into an answer of 512 octets.
      guard (1...8).contains(nodes.count) else {
        reader.expected("one to eight addresses", pair.value)
        continue
      }
      names[name] = nodes.compactMap { node in
        if case .scalar(let text, _) = node.content {
          if let ipv4 = IPv4Address(text) { return IPv6Address(mapped: ipv4) }
          if let ipv6 = IPv6Address(text), ipv6.isRoutableUnicast, ipv6.ipv4 == nil { return ipv6 }
        }
        reader.expected("an address such as 2001:db8:a::1 or 192.0.2.1", node)
        return nil
      }
    }
    mapping.finish()
    return names
  }

  /// Complains about an address that is the network's own and the UE's as well.
  func check(against device: Device, _ node: YAMLNode?, _ reader: YAMLReader) {
    guard let node else { return }
    for server in [ipv6Server, ipv4Server.map { IPv6Address(mapped: $0) }].compactMap(\.self)
    where device.careOf.contains(server) || device.homeAddresses.contains(server) {
      reader.fail(node.location, "expected addresses that nothing else has, found \(server.text), the network's own, among the UE's")
    }
  }

  /// What the network sends to: its clients, by the addresses that they have from it.
  func allow(in allowed: inout AddressGuard) {
    if let prefix {
      allowed.allow(IPv6Address(0xfe80 << 112), length: 10)
      allowed.allow(prefix.address, length: prefix.length)
    }
    if let lease {
      allowed.allow(lease.address)
      allowed.allow(.broadcast)
    }
  }
}

extension IPv6Address {
  /// An IPv4-mapped address as the IPv4 address.
  fileprivate var text: String { ipv4?.description ?? description }
}
