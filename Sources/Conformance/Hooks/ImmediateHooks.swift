package import Wire

/// Hooks of a device in a simulation: answered at once, in virtual time.
package final class ImmediateHooks: HookRunner {
  package let names: Set<HookName>
  private let handler: (HookName, HookContext) -> String
  private var settled = SettledHooks()

  /// - Parameter handler: gives the node's answer, `ok …` or `error …`.
  package init(names: Set<HookName> = Set(HookName.allCases), handler: @escaping (HookName, HookContext) -> String) {
    self.names = names
    self.handler = handler
  }

  package var descriptors: [Int32] { [] }
  package var nextDeadline: Instant { settled.nextDeadline }
  package func isExclusive(_ name: HookName) -> Bool { false }

  package func start(_ name: HookName, _ context: HookContext, at now: Instant) -> HookToken {
    let token = settled.newToken()
    if names.contains(name) {
      settled.add(token, HookOutcome(controlAnswer: handler(name, context)), at: now)
    } else {
      settled.addMissing(token, name, at: now)
    }
    return token
  }

  package func finished(at now: Instant) -> [(HookToken, HookOutcome)] { settled.take() }
}
