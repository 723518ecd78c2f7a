import Foundation
import Judging
import Link
import Wire

/// Cuts a run's capture into one for each case: the frames of its leases, those that no lease owns, and its events, while it ran.
struct CaseCuts {
  private let owners: [IPv6Address?]
  private let cases: [CaseResult]

  init(_ evidence: Evidence, _ verdicts: Verdicts) {
    owners = evidence.owners
    cases = verdicts.cases.filter { !$0.homes.isEmpty }
  }

  private struct Item {
    var bytes: [UInt8]
    var record: CaptureRecord
    var event: Event?
  }

  func write(from path: String, to directory: String) throws(CaptureFileError) {
    try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let leased = Set(cases.flatMap(\.homes).compactMap { IPv6Address($0) })
    let file = try CaptureFile(path: path)
    var reader = try CaptureReader(file)
    var items: [Item] = []
    var more = true
    let decoder = JSONDecoder()
    while more {
      more = try reader.next { bytes, record in
        var octets: [UInt8] = []
        octets.reserveCapacity(bytes.count)
        for index in bytes.indices { octets.append(bytes[index]) }
        let event = record.linkType == .user0 ? try? decoder.decode(Event.self, from: Data(octets)) : nil
        items.append(Item(bytes: octets, record: record, event: event))
      }
    }
    let ports = reader.interfaces.filter { !$0.carriesEvents }.map { PcapngWriter.Port(name: $0.name, linkType: $0.linkType) }
    for result in cases { try write(cut(of: items, result, leased), ports, to: "\(directory)/\(result.testCase).pcapng") }
  }

  private func cut(of items: [Item], _ result: CaseResult, _ leased: Set<IPv6Address>) -> [Item] {
    let own = Set(result.homes.compactMap { IPv6Address($0) })
    // Within the case only its last attempt counts.
    var isInside = false
    return items.filter { item in
      guard let event = item.event else {
        guard isInside else { return false }
        let owner = owners.indices.contains(item.record.number - 1) ? owners[item.record.number - 1] : nil
        return owner.map { own.contains($0) || !leased.contains($0) } ?? true
      }
      switch event.event {
      case .run, .drops: return true
      case .caseBegin:
        guard event.testCase == result.testCase, event.attempt == result.attempt else { return false }
        isInside = true
      case .caseEnd:
        guard isInside, event.testCase == result.testCase else { return false }
        isInside = false
      case .caseSkipped, .awaiting: return isInside && event.testCase == result.testCase
      default: return isInside && event.home?.named.map(own.contains) == true
      }
      return true
    }
  }

  private func write(_ items: [Item], _ ports: [PcapngWriter.Port], to target: String) throws(CaptureFileError) {
    let output = try PcapngWriter(path: target, ports: ports)
    for item in items {
      if item.event != nil {
        _ = output.event(item.bytes, at: item.record.time)
      } else {
        _ = output.write(
          item.bytes.span,
          FrameInfo(
            port: item.record.interface, time: item.record.time, originalLength: item.record.originalLength,
            isOutgoing: item.record.isOutgoing))
      }
    }
    try output.close()
  }
}
