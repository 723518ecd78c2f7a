package import Wire

/// An address that no number names: what it is depends on the case's home address.
package enum FuzzAddress: String, Sendable, CaseIterable {
  case unspecified = "::"
  case loopback = "::1"
  case allNodes = "ff02::1"
  case group = "ff0e::1"
  case linkLocal = "fe80::1"
  /// On no link of the laboratory.
  case foreign = "2001:db8:c::77"
  case homeAgent = "the Home Agent's"
  case careOf = "the care-of address"
  case home = "the home address"
  /// One that the tester answers for besides: the care-of address of another UE, a neighbour of the Home Agent.
  case neighbour = "another node's"
}

/// What a field is given instead of what belongs there.
package enum FuzzValue: Sendable, Equatable {
  case number(UInt128)
  /// The right value, plus this; modulo the field's width.
  case plus(Int)
  case address(FuzzAddress)
}

/// What is done to the options of the message.
package enum OptionChange: Sendable, Equatable {
  /// An option of a type with this many octets of data, each with its place as value.
  case added(type: UInt8, length: UInt8)
  /// As many Pad1 options.
  case pad1(Int)
  /// A PadN option whose octets are not zero (RFC 6275 6.2.3: ignored).
  case padNonZero
  /// An option of type 200 whose length says this many octets, of which four are there.
  case overrun(UInt8)
  /// As many options of unknown types.
  case many(Int)
  /// A Binding Authorization Data option that is not the last (RFC 6275 6.2.7).
  case authorizationFirst
}

/// One place in which a valid message is made wrong, or unusual.
package struct Mutation: Sendable, Equatable {
  package enum Change: Sendable, Equatable {
    case field(FieldPath, FuzzValue)
    case options(OptionChange)
    /// The packet ends after this many octets of the Mobility Header; with `repairs`, the lengths before say so.
    case truncation(octets: Int, repairs: Bool)
  }

  package var change: Change
  /// Lengths and checksums stay those of the valid message.
  package var leavesBroken = false
  /// Mutations of one group are never paired: they are about the same field.
  package var group: Int
  /// 0: a boundary; 1: a boundary with computed fields left broken, a truncation; 2: any other value.
  var rank: Int

  /// The place, as findings name it: a field's path, `options`, `length`.
  package var place: String {
    switch change {
    case .field(let path, _): path.description
    case .options: "mh.options"
    case .truncation: "mh.length"
    }
  }

  /// What is done, for instance `mh.header-len = 0`.
  func text(_ dialect: Dialect) -> String {
    switch change {
    case .field(let path, .number(let value)): "\(path) = \(path.field(in: dialect)?.text(value) ?? "\(value)")"
    case .field(let path, .plus(let offset)): "\(path) = the right value \(offset < 0 ? "-" : "+") \(offset.magnitude)"
    case .field(let path, .address(let address)): "\(path) = \(address.rawValue)"
    case .options(.added(let type, let length)): "an option of type \(type) with \(length) octets"
    case .options(.pad1(let count)): "\(count) Pad1 options"
    case .options(.padNonZero): "a PadN option that is not zero"
    case .options(.overrun(let length)): "an option of type 200 that claims \(length) octets"
    case .options(.many(let count)): "\(count) options of unknown types"
    case .options(.authorizationFirst): "a Binding Authorization Data option that is not the last"
    case .truncation(let octets, let repairs):
      "cut after \(octets) octets of the Mobility Header, lengths \(repairs ? "repaired" : "left as they were")"
    }
  }
}

/// One case of a plan: one mutation, or two of different fields.
package struct FuzzCase: Sendable {
  package var index: Int
  package var first: Mutation
  package var second: Mutation?

  package var leavesBroken: Bool { first.leavesBroken || second?.leavesBroken ?? false }
  package var mutations: [Mutation] { [first] + (second.map { [$0] } ?? []) }
}
