import Wire

/// Fields that the monitor itself asks for.
enum KnownField: Int, CaseIterable {
  case source, destination, homeAddressOption, routingHomeAddress
  case buSequence, buLifetime, buH, alternateCareOf
  case baStatus, baSequence, baLifetime
  case briSequence, briTrigger, briP, briG, briV
  case braStatus, braSequence
  case beHomeAddress
  case ikeExchange, ikeR, ikeMessageID, deleteProtocol

  var path: FieldPath {
    switch self {
    case .source: .ipv6Source
    case .destination: .ipv6Destination
    case .homeAddressOption: .homeAddressOption
    case .routingHomeAddress: .routingHomeAddress
    case .buSequence: .buSequence
    case .buLifetime: .buLifetime
    case .buH: .buH
    case .alternateCareOf: .alternateCareOfAddress
    case .baStatus: .baStatus
    case .baSequence: .baSequence
    case .baLifetime: .baLifetime
    case .briSequence: .briSequence
    case .briTrigger: .briTrigger
    case .briP: .briP
    case .briG: .briG
    case .briV: .briV
    case .braStatus: .braStatus
    case .braSequence: .braSequence
    case .beHomeAddress: .beHomeAddress
    case .ikeExchange: .ikeExchangeType
    case .ikeR: .ikeR
    case .ikeMessageID: .ikeMessageID
    case .deleteProtocol: .deleteProtocol
    }
  }

  /// The kinds of messages of which it is asked.
  var kinds: [MessageKind] {
    switch self {
    case .source, .destination, .homeAddressOption, .routingHomeAddress: MessageKind.allCases
    case .buSequence, .buLifetime, .buH, .alternateCareOf: [.bu]
    case .baStatus, .baSequence, .baLifetime: [.ba]
    case .briSequence, .briTrigger, .briP, .briG, .briV: [.bri]
    case .braStatus, .braSequence: [.bra]
    case .beHomeAddress: [.be]
    case .ikeExchange, .ikeR, .ikeMessageID, .deleteProtocol: [.ike]
    }
  }
}

/// Every field that anybody asks for, and of which kinds of messages.
struct FieldTable: Sendable {
  /// By place, less `Place.firstField`.
  private(set) var paths: [FieldPath] = []
  /// By the kind's ordinal.
  private(set) var byKind = [[FieldPlace]](repeating: [], count: MessageKind.allCases.count)

  init() {
    for field in KnownField.allCases {
      paths.append(field.path)
      for kind in field.kinds { ask(Place.firstField + field.rawValue, of: kind) }
    }
  }

  /// The place of a field, which is read from now on in messages of the kind; a template on any Mobility Header asks every message.
  mutating func place(of path: FieldPath, in kind: MessageKind) -> Int {
    let index = paths.firstIndex(of: path) ?? paths.count
    if index == paths.count { paths.append(path) }
    for kind in Self.kinds(kind) { ask(Place.firstField + index, of: kind) }
    return Place.firstField + index
  }

  private mutating func ask(_ place: Int, of kind: MessageKind) {
    guard !byKind[kind.ordinal].contains(where: { $0.place == place }) else { return }
    byKind[kind.ordinal].append(FieldPlace(path: paths[place - Place.firstField], place: place))
  }

  /// All of `byKind` in one row, and where each kind's are in it.
  var joined: ([Range<Int>], [FieldPlace]) {
    var start = 0
    let ranges = byKind.map { places in
      defer { start += places.count }
      return start..<start + places.count
    }
    return (ranges, Array(byKind.joined()))
  }

  /// The field that has a place; nil for what is no field.
  func path(at place: Int) -> FieldPath? { place >= Place.firstField ? paths[place - Place.firstField] : nil }

  private static func kinds(_ kind: MessageKind) -> [MessageKind] { kind == .mh ? MessageKind.mobility : [kind] }
}
