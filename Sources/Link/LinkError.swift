import CLinux
import Glibc

/// Why a port could not be opened or has stopped, with the mend.
package enum LinkError: Error, Equatable {
  case noSuchInterface(String, existing: [String])
  /// The process lacks what raw links need; exit status 77.
  case noPrivilege(String)
  case interfaceDown(String)
  /// `linkType` is libpcap's DLT number.
  case notEthernet(String, linkType: Int32)
  /// Anything else: where, and what the system said.
  case system(place: String, reason: String)
}

extension LinkError: CustomStringConvertible {
  /// One line: the place, what is wrong, the mend.
  package var description: String {
    switch self {
    case .noSuchInterface(let name, let existing):
      "interface \(name): does not exist; take one of \(existing.isEmpty ? "(none)" : existing.joined(separator: ", "))"
    case .noPrivilege(let name):
      "interface \(name): capturing and sending need CAP_NET_RAW; run as root, give the program the capability "
        + "(setcap cap_net_raw+ep), or run it within `unshare -Urn`"
    case .interfaceDown(let name):
      "interface \(name): is down; set it up (ip link set \(name) up)"
    case .notEthernet(let name, let linkType):
      "interface \(name): is not Ethernet (link type \(linkType)); take an Ethernet or veth interface"
    case .system(let place, let reason):
      "\(place): \(reason)"
    }
  }

  /// The error for a system call about `interface` that gave this errno.
  static func call(_ name: String, on interface: String, errno code: Int32) -> LinkError {
    switch code {
    case EPERM, EACCES: .noPrivilege(interface)
    case ENODEV, ENXIO: .noSuchInterface(interface, existing: interfaceNames())
    case ENETDOWN: .interfaceDown(interface)
    default: .system(place: "interface \(interface)", reason: "\(name): \(systemMessage(code))")
    }
  }
}

/// The names of the interfaces of this network namespace.
package func interfaceNames() -> [String] {
  var buffer = [CChar](repeating: 0, count: 65_536)
  let used = unsafe cl_interface_names(&buffer, buffer.count)
  guard used > 0 else { return [] }
  return String(decoding: buffer.prefix(Int(used)).map(UInt8.init(bitPattern:)), as: UTF8.self).split(separator: "\n").map(String.init)
}

/// Whether something is at the other end of an interface's cable; true where the system does not say.
package func interfaceHasCarrier(_ name: String) -> Bool { unsafe cl_interface_is_running(name) != 0 }

/// The system's text for an errno.
func systemMessage(_ code: Int32) -> String {
  guard let text = unsafe strerror(code) else { return "error \(code)" }
  return unsafe String(cString: text)
}

/// The text in a C buffer that the system filled.
func text(ofCString buffer: [CChar]) -> String {
  String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
