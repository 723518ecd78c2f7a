import Foundation
package import Judging
package import Link
package import Wire

/// Where frames and events go as they happen: into a capture file, or into memory to be judged again.
package struct Evidence {
  /// One frame or event, kept in memory.
  package enum Item: Sendable {
    case frame([UInt8], FrameInfo)
    case event(Event, Instant)
  }

  private let writer: PcapngWriter?
  package private(set) var items: [Item] = []
  private let keeps: Bool
  private var count = 0
  /// The home address that each frame of the file belongs to, by frame number less 1; nil: to none.
  private(set) var owners: [IPv6Address?] = []
  private let encoder: JSONEncoder

  /// - Parameters:
  ///   - writer: the capture file, if there is to be one.
  ///   - keeps: frames and events stay in memory.
  package init(writer: PcapngWriter?, keeps: Bool) {
    self.writer = writer
    self.keeps = keeps
    encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  }

  /// Takes a frame down; the result is its number in the file, from 1.
  mutating func frame(_ bytes: Span<UInt8>, _ info: FrameInfo) -> Int {
    count += 1
    if let writer {
      _ = writer.write(bytes, info)
      owners.append(nil)
    }
    if keeps {
      var copy: [UInt8] = []
      copy.reserveCapacity(bytes.count)
      for index in bytes.indices { copy.append(bytes[index]) }
      items.append(.frame(copy, info))
    }
    return count
  }

  mutating func event(_ event: Event, at time: Instant) -> Int {
    count += 1
    if let writer {
      _ = writer.event((try? encoder.encode(event)).map(Array.init) ?? [], at: time)
      owners.append(event.home?.named)
    }
    if keeps { items.append(.event(event, time)) }
    return count
  }

  /// The last frame belongs to a home address.
  mutating func own(_ home: IPv6Address) {
    if !owners.isEmpty { owners[owners.count - 1] = home }
  }

  package func close(drops: [UInt64]) throws(CaptureFileError) { try writer?.close(drops: drops) }
}
