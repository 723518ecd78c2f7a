package import Wire

/// The hooks of a device file: some are commands, some are prompts.
package final class MixedHooks: HookRunner {
  private let commands: CommandHooks
  private let prompts: PromptHooks
  private var tokens = SettledHooks()

  package init(_ hooks: [HookName: Device.Hook], timeOut: Interval = .seconds(30)) {
    var commands: [HookName: [String]] = [:]
    var prompts: [HookName: String] = [:]
    for (name, hook) in hooks {
      switch hook {
      case .command(let words): commands[name] = words
      case .prompt(let text): prompts[name] = text
      }
    }
    self.commands = CommandHooks(commands, timeOut: timeOut)
    self.prompts = PromptHooks(prompts)
  }

  /// For prompts that are not answered on the standard streams.
  package init(_ commands: CommandHooks, _ prompts: PromptHooks) {
    self.commands = commands
    self.prompts = prompts
  }

  package var names: Set<HookName> { commands.names.union(prompts.names) }
  package var descriptors: [Int32] { commands.descriptors + prompts.descriptors }
  package var nextDeadline: Instant { min(commands.nextDeadline, prompts.nextDeadline) }
  package func isExclusive(_ name: HookName) -> Bool { prompts.names.contains(name) }

  package func start(_ name: HookName, _ context: HookContext, at now: Instant) -> HookToken {
    let token = tokens.newToken()
    if prompts.names.contains(name) {
      prompts.start(name, context, as: token, at: now)
    } else {
      commands.start(name, context, as: token, at: now)
    }
    return token
  }

  package func finished(at now: Instant) -> [(HookToken, HookOutcome)] { commands.finished(at: now) + prompts.finished(at: now) }
}
