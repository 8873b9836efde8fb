// swift-tools-version: 6.2
// The measurements, a package of their own: who builds Stampede does not build them.
// Sources/ holds links to the log's own folders, since its modules are not public and a target cannot lie outside its
// package: what is measured is what is shipped, compiled here once more.
import PackageDescription

let package = Package(
    name: "stampede-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0")
    ],
    targets: [
        // The log, as in ../Package.swift.
        layer("Contracts"),
        layer("EventLog", ["Contracts"]),
        .target(name: "CPlatform", path: "Sources/FileEventLog/CPlatform"),
        layer("LogFormat", ["CPlatform"]),
        layer("FileEventLog", ["EventLog", "LogFormat", "CPlatform", .crypto], exclude: ["CPlatform"]),

        // What measures it.
        .executableTarget(
            name: "log-bench", dependencies: ["Contracts", "EventLog", "FileEventLog", .crypto],
            swiftSettings: .houseRules),
    ]
)

extension Target.Dependency {
    static var crypto: Self { .product(name: "Crypto", package: "swift-crypto") }
}

extension [SwiftSetting] {
    static let houseRules: Self = [
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ]
}

func layer(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(name)", exclude: exclude + ["README.md"],
        swiftSettings: .houseRules)
}
