package import Link
import Wire

extension FuzzFinding {
  /// The name of the capture that shows it: `fuzz-PLAN-INDEX.pcapng`.
  package var captureName: String { "fuzz-\(plan)-\(index < 0 ? "valid" : "\(index)").pcapng" }
}

/// Writes the frames of a case that ran alone, in the order of their times, as a capture that Wireshark and `detachspec check` read.
/// - Parameter ports: the names of the interfaces, by port number.
/// - Throws: `CaptureFileError`.
package func writeCapture(of frames: [FuzzFrame], to path: String, ports: [String]) throws(CaptureFileError) {
  let writer = try PcapngWriter(path: path, ports: ports.map { PcapngWriter.Port(name: $0) })
  for frame in frames.sorted(by: { $0.info.time < $1.info.time }) { writer.write(frame.bytes.span, frame.info) }
  try writer.close()
}
