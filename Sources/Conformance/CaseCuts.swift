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

  func write(from path: String, to directory: String) throws(CaptureFileError) {
    try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let leased = Set(cases.flatMap(\.homes).compactMap { IPv6Address($0) })
    for result in cases { try write(result, leased, from: path, to: "\(directory)/\(result.testCase).pcapng") }
  }

  private func write(_ result: CaseResult, _ leased: Set<IPv6Address>, from path: String, to target: String) throws(CaptureFileError) {
    let own = Set(result.homes.compactMap { IPv6Address($0) })
    let file = try CaptureFile(path: path)
    var reader = try CaptureReader(file)
    var pending: [(bytes: [UInt8], record: CaptureRecord, isEvent: Bool)] = []
    var more = true
    let decoder = JSONDecoder()
    // Within the case only its last attempt counts.
    var isInside = false
    while more {
      more = try reader.next { bytes, record in
        let isEvent = record.linkType == .user0
        var octets: [UInt8] = []
        octets.reserveCapacity(bytes.count)
        for index in bytes.indices { octets.append(bytes[index]) }
        if isEvent, let event = try? decoder.decode(Event.self, from: Data(octets)) {
          switch event.event {
          case .run, .drops: break
          case .caseBegin:
            guard event.testCase == result.testCase, event.attempt == result.attempt else { return }
            isInside = true
          case .caseEnd, .caseSkipped, .awaiting:
            guard isInside, event.testCase == result.testCase else { return }
          default:
            guard isInside, let home = event.home.flatMap({ IPv6Address($0) }), own.contains(home) else { return }
          }
          pending.append((octets, record, true))
          if event.event == .caseEnd { isInside = false }
        } else if isInside {
          let owner = owners.indices.contains(record.number - 1) ? owners[record.number - 1] : nil
          if let owner, !own.contains(owner), leased.contains(owner) { return }
          pending.append((octets, record, false))
        }
      }
    }
    let ports = reader.interfaces.filter { !$0.carriesEvents }.map { PcapngWriter.Port(name: $0.name, linkType: $0.linkType) }
    let output = try PcapngWriter(path: target, ports: ports)
    for item in pending {
      if item.isEvent {
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
