// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
  .strictMemorySafety(),
]
let testing: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// A floor of the house: it may use the floors it names, never one above it.
func floor(_ name: String, _ dependencies: [Target.Dependency], plugins: [Target.PluginUsage] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict, plugins: plugins)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: testing)
}

let package = Package(
  name: "detachspec",
  products: [.executable(name: "detachspec", targets: ["detachspec"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .systemLibrary(name: "CPcap", pkgConfig: "libpcap", providers: [.apt(["libpcap-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .target(name: "CLinux"),

    floor("Wire", []),
    floor("Link", ["CPcap", "CLinux", "Wire", .product(name: "HeapModule", package: "swift-collections")]),
    floor("Security", ["COpenSSL", "Wire", .product(name: "HeapModule", package: "swift-collections")]),
    floor("Suites", [], plugins: ["EmbedSuites"]),
    floor("Judging", ["Wire", "Security", "Suites", "Yams", .product(name: "HeapModule", package: "swift-collections")]),
    floor("Parties", ["Wire", "Link"]),
    floor("Nodes", ["Wire", "Link", "Security", .product(name: "HeapModule", package: "swift-collections")]),
    floor("Conformance", ["Wire", "Link", "Security", "Judging", "Parties", "Nodes", "CLinux", "Yams"]),
    floor("Fuzzing", ["Wire", "Link", "Judging", "Parties", "Nodes", "Conformance"]),
    floor("Reporting", ["Wire", "Judging"]),
    .executableTarget(
      name: "detachspec",
      dependencies: [
        "Wire", "Link", "Security", "Judging", "Parties", "Nodes", "Conformance", "Fuzzing", "Reporting", "Suites", "CLinux",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    tests("WireTests", ["Wire"]),
    tests("LinkTests", ["Link", "Wire", "CLinux"]),
    tests("SecurityTests", ["Security", "Wire", "Link"]),
    tests("LoadingTests", ["Wire", "Judging", "Suites", "Link", "Parties", "Conformance"]),
    tests("PartiesTests", ["Parties", "Wire", "Link"]),
    tests("NodesTests", ["Nodes", "Wire", "Link", "Security"]),
    tests("HookTests", ["Conformance", "Link", "Wire", "CLinux"]),
    tests("ReportingTests", ["Wire", "Judging", "Reporting"]),
    tests("JudgingTests", ["Wire", "Judging", "Link"]),
    tests("ConformanceTests", ["Wire", "Link", "Security", "Judging", "Parties", "Nodes", "Conformance", "Reporting"]),
    tests("CaptureTests", ["Judging", "Conformance", "Security"]),
    tests("FuzzingTests", ["Wire", "Link", "Judging", "Suites", "Nodes", "Parties", "Conformance", "Fuzzing"]),
    tests("CommandTests", ["detachspec"]),
    tests("LiveTests", ["detachspec", "Link", "Security", "Parties", "Wire", "COpenSSL"]),

    .plugin(name: "EmbedSuites", capability: .buildTool(), dependencies: ["embedgen"]),
    .executableTarget(name: "embedgen", swiftSettings: strict),
  ]
)
