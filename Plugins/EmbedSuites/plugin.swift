import Foundation
import PackagePlugin

/// Puts every `TestSuites/**.yaml` of the package into the program.
@main struct EmbedSuites: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
    let root = context.package.directoryURL.appending(path: "TestSuites").resolvingSymlinksInPath()
    let files = (FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)?.allObjects as? [URL] ?? [])
      .filter { $0.pathExtension == "yaml" }
      .sorted { $0.path < $1.path }
    let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedSuites.swift")
    return [
      .buildCommand(
        displayName: "Embedding test suites", executable: try context.tool(named: "embedgen").url,
        arguments: [root.path, output.path] + files.map(\.path), inputFiles: files, outputFiles: [output])
    ]
  }
}
