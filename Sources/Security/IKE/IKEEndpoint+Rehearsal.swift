import Wire

extension IKEEndpoint {
  mutating func beginning(from local: UDPAddress, to remote: UDPAddress, _ selectors: [TrafficSelector]) -> IKERehearsal.Cue {
    let first = IKERehearsal.Cue.beginning(from: local, to: remote, selectors, occasion: 0)
    let occasion = occasions[first, default: 0]
    occasions[first] = occasion + 1
    return .beginning(from: local, to: remote, selectors, occasion: occasion)
  }

  /// Does what a cue came to when it was rehearsed, if it was.
  ///
  /// - Parameter configuration: of a new SA; nil: of the one that it is about, or the endpoint's.
  /// - Returns: the SA's handle.
  mutating func play(
    _ cue: IKERehearsal.Cue, _ configuration: IKEConfiguration?, at now: Instant, _ output: inout IKEOutput
  ) -> UInt64? {
    guard let line = self.configuration.rehearsal?.line(cue, in: associations) else { return nil }
    var association = line.after.moved(by: now - line.time)
    association.configuration = configuration ?? associations[association.handle]?.configuration ?? self.configuration
    if line.before == nil, let host = association.origin {
      begun[Beginner(spi: association.peerSPI, host: host)] = association.handle
      assigned += 1
    }
    keep(association)
    dropStale()
    output.datagrams += line.output.datagrams
    output.events += line.output.events
    return association.handle
  }

  /// Does what has to be done, and takes it down where a rehearsal is being written.
  ///
  /// - Parameter body: returns the SA's handle.
  @discardableResult
  mutating func rehearsing(
    _ cue: IKERehearsal.Cue?, at now: Instant, _ output: inout IKEOutput, _ body: (inout IKEEndpoint, inout IKEOutput) -> UInt64
  ) -> UInt64 {
    guard let cue, let rehearsal = configuration.rehearsal, !rehearsal.isFinished else { return body(&self, &output) }
    let known = associations
    var own = IKEOutput()
    let handle = body(&self, &own)
    if let after = associations[handle] {
      rehearsal.write(cue, IKERehearsal.Line(before: IKERehearsal.Place(known[handle]), after: after, output: own, time: now))
    }
    output.datagrams += own.datagrams
    output.events += own.events
    return handle
  }
}
