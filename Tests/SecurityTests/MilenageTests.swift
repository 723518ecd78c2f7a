import Link
import Testing

@testable import Security

@Suite("Milenage and USIM")
struct MilenageTests {
  struct TestSet: Sendable, CustomTestStringConvertible {
    var number: Int
    var key, rand: String
    var sequence: UInt64
    var amf: UInt16
    var op, opc, macA, macS, res, anonymityKey, cipherKey, integrityKey, resynchronisationKey: String
    var testDescription: String { "test set \(number)" }
  }

  /// 3GPP TS 35.208 4.3 to 4.7.
  static let sets = [
    TestSet(
      number: 1, key: "465b5ce8b199b49faa5f0a2ee238a6bc", rand: "23553cbe9637a89d218ae64dae47bf35", sequence: 0xff9bb4d0b607, amf: 0xb9b9,
      op: "cdc202d5123e20f62b6d676ac72cb318", opc: "cd63cb71954a9f4e48a5994e37a02baf", macA: "4a9ffac354dfafb3", macS: "01cfaf9ec4e871e9",
      res: "a54211d5e3ba50bf", anonymityKey: "aa689c648370", cipherKey: "b40ba9a3c58b2a05bbf0d987b21bf8cb",
      integrityKey: "f769bcd751044604127672711c6d3441", resynchronisationKey: "451e8beca43b"),
    TestSet(
      number: 2, key: "0396eb317b6d1c36f19c1c84cd6ffd16", rand: "c00d603103dcee52c4478119494202e8", sequence: 0xfd8eef40df7d, amf: 0xaf17,
      op: "ff53bade17df5d4e793073ce9d7579fa", opc: "53c15671c60a4b731c55b4a441c0bde2", macA: "5df5b31807e258b0", macS: "a8c016e51ef4a343",
      res: "d3a628ed988620f0", anonymityKey: "c47783995f72", cipherKey: "58c433ff7a7082acd424220f2b67c556",
      integrityKey: "21a8c1f929702adb3e738488b9f5c5da", resynchronisationKey: "30f1197061c1"),
    TestSet(
      number: 3, key: "fec86ba6eb707ed08905757b1bb44b8f", rand: "9f7c8d021accf4db213ccff0c7f71a6a", sequence: 0x9d0277595ffc, amf: 0x725c,
      op: "dbc59adcb6f9a0ef735477b7fadf8374", opc: "1006020f0a478bf6b699f15c062e42b3", macA: "9cabc3e99baf7281", macS: "95814ba2b3044324",
      res: "8011c48c0c214ed2", anonymityKey: "33484dc2136b", cipherKey: "5dbdbb2954e8f3cde665b046179a5098",
      integrityKey: "59a92d3b476a0443487055cf88b2307b", resynchronisationKey: "deacdd848cc6"),
    TestSet(
      number: 4, key: "9e5944aea94b81165c82fbf9f32db751", rand: "ce83dbc54ac0274a157c17f80d017bd6", sequence: 0x0b604a81eca8, amf: 0x9e09,
      op: "223014c5806694c007ca1eeef57f004f", opc: "a64a507ae1a2a98bb88eb4210135dc87", macA: "74a58220cba84c49", macS: "ac2cc74a96871837",
      res: "f365cd683cd92e96", anonymityKey: "f0b9c08ad02e", cipherKey: "e203edb3971574f5a94b0d61b816345d",
      integrityKey: "0c4524adeac041c4dd830d20854fc46b", resynchronisationKey: "6085a86c6f63"),
    TestSet(
      number: 5, key: "4ab1deb05ca6ceb051fc98e77d026a84", rand: "74b0cd6031a1c8339b2b6ce2b8c4a186", sequence: 0xe880a1b580b6, amf: 0x9f07,
      op: "2d16c5cd1fdf6b22383584e3bef2a8d8", opc: "dcf07cbd51855290b92a07a9891e523e", macA: "49e785dd12626ef2", macS: "9e85790336bb3fa2",
      res: "5860fc1bce351e7e", anonymityKey: "31e11a609118", cipherKey: "7657766b373d1c2138f307e3de9242f9",
      integrityKey: "1c42e960d89b8fa99f2744e0708ccb53", resynchronisationKey: "fe2555e54aa9"),
  ]

  @Test("test sets of TS 35.208", arguments: sets)
  func vectors(_ set: TestSet) throws {
    let milenage = try Milenage(key: octets(set.key), op: octets(set.op))
    let rand = octets(set.rand)
    #expect(hex(milenage.opc) == set.opc)
    let macs = try milenage.macs(rand: rand, sequence: set.sequence, amf: set.amf)
    #expect(hex(macs.a) == set.macA && hex(macs.s) == set.macS)
    let response = try milenage.response(rand: rand)
    #expect(hex(response.res) == set.res && hex(response.anonymityKey) == set.anonymityKey)
    #expect(hex(response.cipherKey) == set.cipherKey && hex(response.integrityKey) == set.integrityKey)
    #expect(try hex(milenage.resynchronisationKey(rand: rand)) == set.resynchronisationKey)
  }

  @Test("AUTN of test set 1: SQN ⊕ AK by hand, AMF, MAC-A")
  func token() throws {
    let set = Self.sets[0]
    let milenage = try Milenage(key: octets(set.key), opc: octets(set.opc))
    // ff9bb4d0b607 ⊕ aa689c648370
    #expect(
      try hex(milenage.token(rand: octets(set.rand), sequence: set.sequence, amf: set.amf)) == "55f328b43577" + "b9b9" + set.macA)
  }

  @Test("a USIM accepts, rejects, and asks for resynchronisation")
  func usim() throws {
    let set = Self.sets[1]
    let milenage = try Milenage(key: octets(set.key), opc: octets(set.opc))
    let rand = octets(set.rand)
    var usim = USIM(milenage, sequence: 10)
    func token(_ sequence: UInt64) throws -> [UInt8] { try milenage.token(rand: rand, sequence: sequence, amf: 0x8000) }
    #expect(try usim.answer(rand: rand, token: token(11)) == .accepted(try milenage.response(rand: rand)))
    #expect(usim.sequence == 11)
    guard case .synchronisation(let auts) = try usim.answer(rand: rand, token: token(11)) else {
      Issue.record("a number used twice is accepted")
      return
    }
    // 00000000000b ⊕ f5* of test set 2, 30f1197061c1.
    #expect(auts.count == 14 && hex(auts.prefix(6)) == "30f1197061ca")
    #expect(try milenage.sequence(ofResynchronisation: auts, rand: rand) == 11)
    #expect(throws: SecurityError.integrity) { try milenage.sequence(ofResynchronisation: auts.dropLast() + [auts[13] ^ 1], rand: rand) }
    #expect(throws: SecurityError.self) { try milenage.sequence(ofResynchronisation: Array(auts.dropLast()), rand: rand) }
    var broken = try token(12)
    broken[15] ^= 1
    #expect(try usim.answer(rand: rand, token: broken) == .rejected)
    #expect(usim.sequence == 11)
    #expect(throws: SecurityError.self) { try usim.answer(rand: [1], token: broken) }
    #expect(throws: SecurityError.self) { try usim.answer(rand: rand, token: [1]) }
    #expect(throws: SecurityError.self) { try Milenage(key: [1], opc: rand) }
  }
}
