import Judging
import Testing
import Wire

@testable import Fuzzing

struct CaseTableTests {
  /// A field of one bit has one other value, tried with the checksum repaired and with it left; one of eight has 255.
  @Test(arguments: Side.all)
  func everyValueOfSmallFields(side: Side) throws {
    let table = try side.table()
    let name = side.role == .ue ? "bri" : "bu"
    let right: [String: UInt128] =
      side.role == .ue ? ["bri.p": 0, "bri.g": 0] : ["bu.a": 1, "bu.h": 1, "bu.l": 0, "bu.k": 0, "bu.p": 0, "bu.f": 0, "bu.d": 0]
    for (path, value) in right {
      let own = table.singles.filter { $0.place == path }
      #expect(own.map(\.change) == Array(repeating: .field(try #require(FieldPath(path)), .number(1 - value)), count: 2), "\(path)")
      #expect(own.map(\.leavesBroken) == [false, true], "\(path)")
    }
    for (path, value) in ["mh.type": side.role == .ue ? 16 : 5, "mh.payload-proto": 59, "mh.reserved": 0, "ipv6.hop-limit": 64]
      as [String: UInt128]
    {
      let field = try #require(FieldPath(path))
      let numbers = table.singles.filter { !$0.leavesBroken }.compactMap { single -> UInt128? in
        if case .field(field, .number(let number)) = single.change { number } else { nil }
      }
      #expect(numbers.sorted() == (0...255).filter { $0 != value }, "\(path)")
    }
    #expect(table.singles.contains { $0.place == "\(name).reserved" })
    #expect(!table.singles.contains { $0.place == "ipv6.destination" }, "a spared field")
  }

  /// A layer that the dialect's message does not have is passed over.
  @Test func layersByDialect() throws {
    let draft = try Side.of(.ue, "ts24303-0.4.1").table()
    let rfc = try Side.of(.ue, "rfc5846").table()
    #expect(draft.singles.contains { $0.place == "hao.home-address" } && !draft.singles.contains { $0.place.hasPrefix("rh2.") })
    #expect(rfc.singles.contains { $0.place == "rh2.home-address" } && !rfc.singles.contains { $0.place.hasPrefix("hao.") })
    #expect(draft.singles.contains { $0.place == "bri.a" } && !rfc.singles.contains { $0.place == "bri.a" })
    #expect(rfc.singles.contains { $0.place == "bri.v" } && !draft.singles.contains { $0.place == "bri.v" })
  }

  /// 16 octets of Mobility Header of a BRI, 32 of a BU with an Alternate Care-of Address option, each end tried with lengths repaired and not.
  @Test(arguments: Side.all)
  func truncations(side: Side) throws {
    let cuts = try side.table().singles.compactMap { single -> Int? in
      if case .truncation(let octets, _) = single.change { octets } else { nil }
    }
    #expect(cuts.sorted() == (0..<(side.role == .ue ? 16 : 32)).flatMap { [$0, $0] })
  }

  /// The boundaries of all fields come before the rest of the values of any.
  @Test(arguments: Side.all)
  func boundariesFirst(side: Side) throws {
    let table = try side.table()
    let ranks = (0..<table.singleCount).compactMap { table[$0]?.first.rank }
    #expect(ranks.count == table.singleCount && ranks == ranks.sorted())
    let places = Set((0..<100).compactMap { table[$0]?.first.place })
    #expect(places == Set(table.singles.filter { $0.rank == 0 }.map(\.place)))
  }

  @Test func indexNamesTheCase() throws {
    let side = try Side.of(.ue, "rfc5846")
    let table = try side.table()
    let again = try side.table()
    let other = try side.table(seed: 2)
    let pairs = table.singleCount..<table.singleCount + 500
    let text = { (table: CaseTable, index: Int) in table[index].map { table.describe($0) } }
    for index in [0, 1, 700, table.singleCount - 1] + Array(pairs) { #expect(text(table, index) == text(again, index)) }
    #expect((0..<table.singleCount).allSatisfy { text(table, $0) == text(other, $0) })
    #expect(pairs.count { text(table, $0) == text(other, $0) } < 5)
    #expect(table[-1] == nil && table[table.count] == nil && table[table.count - 1] != nil)
  }

  /// Every pair of mutations of different fields has exactly one number.
  @Test func pairsOnce() throws {
    let side = try Side.of(.ue, "rfc5846")
    var plan = side.plan
    plan.layers = [.bri]
    plan.spares = ["bri.trigger", "bri.type"].compactMap { FieldPath($0) }
    let table = CaseTable(plan: plan, dialect: .rfc5846, seed: 7, sample: try side.sample())
    var expected = 0
    for a in table.singles.indices {
      for b in table.singles.indices.dropFirst(a + 1) where table.singles[a].group != table.singles[b].group { expected += 1 }
    }
    #expect(table.count == table.singleCount + expected)
    var seen: Set<String> = []
    for index in table.singleCount..<table.count {
      let pair = try #require(table[index])
      let second = try #require(pair.second)
      #expect(pair.first.group != second.group)
      seen.insert("\(pair.first)|\(second)")
    }
    #expect(seen.count == expected)
  }

  @Test(arguments: [0, 1, 2, 3, 100, 4_097])
  func permutation(count: Int) {
    let permutation = Permutation(count: count, seed: 5)
    #expect((0..<count).map { permutation[$0] }.sorted() == Array(0..<count))
    #expect(permutation[count] == count && permutation[-1] == -1)
  }

  @Test func descriptions() throws {
    let table = try Side.of(.ue, "rfc5846").table()
    let texts = (0..<table.singleCount).compactMap { table[$0].map { table.describe($0) } }
    for text in [
      "mh.header-len = 0, checksum repaired", "mh.header-len = 0, checksum left as it was", "ipv6.hop-limit = 0",
      "bri.p = 1, checksum repaired",
      "4 Pad1 options, checksum repaired", "cut after 0 octets of the Mobility Header, lengths left as they were",
    ] {
      #expect(texts.contains(text), "\(text)")
    }
    #expect(Set(texts).count == texts.count)
  }
}
