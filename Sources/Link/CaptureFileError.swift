/// Why a capture file could not be read or written on, in one line: the file, the octet, what is wrong, the mend.
package struct CaptureFileError: Error, Equatable, CustomStringConvertible {
  package enum Reason: Equatable, Sendable {
    /// Opening, mapping or writing failed; the system's own words.
    case system(String)
    case empty
    /// Neither pcap nor pcapng; the first octets, in hexadecimal.
    case foreign(String)
    /// The file ends inside a header, record or block.
    case truncated(String, needed: Int, left: Int)
    /// A header, record or block that contradicts itself.
    case damaged(String)
    /// A capture of a kind of link that carries nothing we decode, by its LINKTYPE number.
    case unsupportedLinkType(UInt32)
  }

  package var file: String
  /// Octets from the start of the file.
  package var offset: Int
  package var reason: Reason

  package init(file: String, offset: Int, reason: Reason) {
    self.file = file
    self.offset = offset
    self.reason = reason
  }

  package var description: String {
    switch reason {
    case .system(let text): "\(file): \(text)"
    case .empty: "\(file): the file is empty; give a pcap or pcapng capture"
    case .foreign(let octets):
      "\(file): octet 0: neither pcap nor pcapng (it begins with \(octets)); convert it first, for instance with `editcap -F pcapng`"
    case .truncated(let what, let needed, let left):
      "\(file): octet \(offset): the file ends inside a \(what) (\(needed) octets needed, \(left) left); "
        + "what stands before it was read; copy the file again, or repair it with `editcap`"
    case .damaged(let what):
      "\(file): octet \(offset): \(what); what stands before it was read; repair the file with `editcap`"
    case .unsupportedLinkType(let number):
      "\(file): octet \(offset): link type \(number) is not supported; capture on Ethernet, raw IP, or Linux cooked (`-i any`)"
    }
  }
}
