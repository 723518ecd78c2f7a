import Wire

/// The keys of a capture, as Wireshark keeps them in a profile's folder: the tables `ikev2_decryption_table` and `esp_sa`.
package struct KeyTables: Sendable {
  package var ike = IKEKeyTable()
  /// Of both directions; what they open is not looked at for replays.
  package var esp: [SecurityAssociation] = []
  private var children: [IKEChildSA] = []

  package init() {}

  /// How many SAs there are in both.
  package var count: Int { ike.records.count + esp.count }
  package var isEmpty: Bool { ike.records.isEmpty && esp.isEmpty }

  /// Adds a Child SA of this side's, for any addresses: Wireshark takes those of the Home Address option and the routing header for the packet's.
  package mutating func add(_ child: IKEChildSA) {
    children.append(child)
    for (spi, keys) in [(child.inboundSPI, child.inbound), (child.outboundSPI, child.outbound)] {
      esp.append(SecurityAssociation(spi: spi, keys, child.isTransportMode ? .transport : .tunnel, checksReplay: false))
    }
  }

  /// Reads Wireshark's `esp_sa`.
  /// - Returns: the numbers of the lines that could not be read, counted from 1.
  package mutating func readESP(_ table: String) -> [Int] {
    var read = SecurityAssociations()
    let bad = read.read(table)
    esp += read.all.map(\.association)
    return bad
  }

  /// The table `ikev2_decryption_table`.
  package var ikeTable: String { ike.records.map { $0.line + "\n" }.joined() }
  /// The table `esp_sa`.
  package var espTable: String { children.flatMap { $0.lines(local: nil, remote: nil) }.map { $0 + "\n" }.joined() }
}
