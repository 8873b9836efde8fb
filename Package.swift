// swift-tools-version: 6.2
// Stampede, bottom-up: what an event is, what a log is, how events are delivered, the services, the programs.
// A target may depend on targets above it in this file, never below; Tests/ArchitectureTests hold that.
import PackageDescription

let package = Package(
    name: "stampede",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["JSON"]),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
    ],
    targets: [
        // How a process starts, and how it writes what it is told to.
        .target(name: "CProcessIO", path: "Sources/ProcessIO/CProcessIO"),
        layer("ProcessIO", ["CProcessIO"], exclude: ["CProcessIO"]),

        // What an event is.
        layer("Contracts"),

        // The numbers of a command line, with their bounds.
        layer("CommandArguments", [.argumentParser]),

        // What every program's command line shares.
        layer("CommandLineKit", [.argumentParser]),

        // Who may do what: the operator's token and the orders'.
        layer("Access", [.crypto]),

        // What a log is, and the one on disk.
        layer("EventLog", ["Contracts"]),
        .target(name: "CPlatform", path: "Sources/FileEventLog/CPlatform"),
        layer("LogFormat", ["CPlatform"]),
        layer("FileEventLog", ["EventLog", "LogFormat", "CPlatform", .crypto], exclude: ["CPlatform"]),

        // How events are delivered: outbox, inbox, retry, dead letters, on SQLite.
        layer("Delivery", ["Contracts", "EventLog", .grdb, .crypto, .logging, .metrics, .tracing]),

        // What a process is told from outside: one table of settings.
        layer("ProcessSettings", ["CommandLineKit", .configuration, .argumentParser]),

        // What every process needs: lifecycle, logging, metrics, the choice of the log.
        layer(
            "ServiceRuntime",
            [
                "ProcessIO", "CommandLineKit", "ProcessSettings", "Contracts", "Access", "EventLog", "CPlatform",
                "FileEventLog",
                "Delivery", .grdb, .logging, .metrics, .tracing, .lifecycle, .argumentParser,
            ]),

        // The five services: rules, schema, handlers; no HTTP.
        service("Order"),
        service("Inventory"),
        service("Payment"),
        service(
            "Notification", [.product(name: "Mustache", package: "swift-mustache")],
            resources: [.embedInCode("Templates")]),
        service("Analytics"),

        // A whole shop in one process, in which everything goes wrong.
        .target(
            name: "CSimulatedDisk", path: "Sources/Simulation/CSimulatedDisk",
            linkerSettings: [.linkedLibrary("sqlite3")]),
        layer(
            "Simulation",
            [
                "Contracts", "EventLog", "LogFormat", "FileEventLog", "Delivery", "OrderService", "InventoryService",
                "PaymentService", "NotificationService", "AnalyticsService", "CSimulatedDisk", .grdb, .logging,
            ], exclude: ["CSimulatedDisk"]),

        // The judge: shares no code with the handlers.
        layer("Audit", ["Contracts", "EventLog", "FileEventLog", .grdb, .crypto]),

        // HTTP: the server, which knows no shop, and the shop in and out.
        layer(
            "HTTPServing",
            [
                .hummingbird, .hummingbirdCore, .httpTypes, .logging, .lifecycle, .nio, .nioPosix, .nioHTTP1,
                .nioHTTPTypes,
            ]),
        layer(
            "Web",
            [
                "HTTPServing", "CommandLineKit",
                "ProcessSettings", "Contracts", "Access", "EventLog", "Delivery", "ServiceRuntime", "OrderService",
                "InventoryService", "PaymentService", "AnalyticsService",
                .hummingbird, .grdb, .httpTypes, .logging, .metrics, .tracing, .lifecycle, .crypto, .nio, .nioPosix,
                .nioHTTP1,
            ], resources: [.embedInCode("Pages")]),

        // The programs.
        program("order-service", ["Access", "OrderService", "Web", "ServiceRuntime", "ProcessSettings", "Delivery"]),
        program("inventory-service", ["InventoryService", "Web", "ServiceRuntime", "ProcessSettings", "Delivery"]),
        program("payment-service", ["PaymentService", "Web", "ServiceRuntime", "ProcessSettings", "Delivery"]),
        program(
            "notification-service", ["NotificationService", "Web", "ServiceRuntime", "ProcessSettings", "Delivery"]),
        program("analytics-service", ["AnalyticsService", "Web", "ServiceRuntime", "ProcessSettings", "Delivery"]),
        program(
            "payment-gateway",
            [
                "ProcessIO", "Access", "HTTPServing", "ProcessSettings", .hummingbird, .grdb, .logging, .lifecycle,
                .crypto, .nio,
            ]),
        program(
            "flash-sale",
            ["ProcessIO", "CProcessIO", "Contracts", "Access", "EventLog", "FileEventLog", .histogram, .subprocess],
            card: true),
        program(
            "stampede",
            [
                "ProcessIO", "Contracts", "Access", "EventLog", "LogFormat", "FileEventLog", "Delivery", "Audit", .grdb,
                .nio, .nioPosix, .nioHTTP1,
            ],
            card: true),

        program("simulate", ["ProcessIO", "Contracts", "Simulation", "Audit", "Delivery"]),

        // Tests mirror the sources.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: .houseRules),
        .target(
            name: "Doctor", dependencies: ["Contracts", "EventLog", "FileEventLog", "TestSupport", .grdb],
            path: "Tests/Doctor", swiftSettings: .houseRules),
        tests("ProcessIOTests", ["ProcessIO"]),
        tests("ContractsTests", ["Contracts"]),
        tests("CommandLineKitTests", ["CommandLineKit", .argumentParser]),
        tests("AccessTests", ["Access", .crypto]),
        tests("FileEventLogTests", ["Contracts", "EventLog", "LogFormat", "FileEventLog"], exclude: ["log_reader.py"]),
        tests("DeliveryTests", ["Contracts", "EventLog", "Delivery", .grdb, .logging, .tracing]),
        tests(
            "ServicesTests",
            [
                "Contracts", "EventLog", "Delivery", "OrderService", "InventoryService", "PaymentService",
                "NotificationService", "AnalyticsService", "ServiceRuntime", .grdb, .logging,
            ]),
        tests("ProcessSettingsTests", ["ProcessSettings", "CommandLineKit"]),
        tests(
            "ServiceRuntimeTests",
            [
                "ProcessSettings", "Contracts", "CPlatform", "EventLog", "FileEventLog", "Delivery", "ServiceRuntime",
                .grdb, .logging,
                .metrics, .tracing, .lifecycle,
            ]),
        tests(
            "AuditTests",
            [
                "Contracts", "EventLog", "FileEventLog", "Delivery", "NotificationService", "Audit", "Doctor", .grdb,
            ]),
        tests(
            "WebTests",
            [
                "CommandLineKit", "ProcessSettings", "Contracts", "Access", "EventLog", "Delivery", "OrderService",
                "InventoryService",
                "PaymentService", "AnalyticsService", "ServiceRuntime", "HTTPServing", "Web", .hummingbird, .httpTypes,
                .grdb, .logging, .lifecycle, .tracing,
                .nio, .nioPosix, .nioHTTP1,
            ]),
        tests("PaymentGatewayTests", ["payment-gateway", "Access", .grdb]),
        tests(
            "FlashSaleTests",
            [
                "flash-sale", "CommandArguments", "Contracts", "EventLog", "FileEventLog", .nio, .nioPosix, .nioHTTP1,
                .subprocess, .argumentParser,
            ]),
        tests(
            "SimulationTests",
            [
                "simulate", "Simulation", "Contracts", "EventLog", "FileEventLog", "Delivery", "OrderService",
                "InventoryService", "PaymentService", "NotificationService", "AnalyticsService", "Audit", "Doctor",
                .grdb, .logging,
            ]),
        tests("ArchitectureTests"),
        tests(
            "SystemTests",
            [
                "CommandLineKit", "ProcessSettings", "Contracts", "EventLog", "FileEventLog", "Audit", "Doctor", .grdb,
                .subprocess,
            ],
            exclude: ["FaultInjection"]),

        // Many orders in a run that was never sold, to look for one among them.
        .executableTarget(
            name: "crowd",
            dependencies: [
                "CommandArguments", "Contracts", "EventLog", "FileEventLog", "Delivery", .grdb, .argumentParser,
            ],
            path: "Tests/Crowd", exclude: ["README.md"], swiftSettings: .houseRules),

        // Log and delivery from many threads at once; Scripts/lib/sanitize builds it with a sanitizer.
        .executableTarget(
            name: "stress",
            dependencies: [
                "CommandArguments", "Contracts", "EventLog", "LogFormat", "FileEventLog", "Delivery", "ServiceRuntime",
                .grdb, .logging, .argumentParser,
            ],
            path: "Tests/Stress", exclude: ["MutexEdges"], swiftSettings: .houseRules),
    ]
)

// The bug bank: the same, with deliberate mistakes to choose from (Sources/Contracts/Mutant.swift).
if Context.environment["STAMPEDE_MUTANTS_BUILD"] != nil {
    for target in package.targets { target.swiftSettings?.append(.define("MUTANTS")) }
}

// Scripts/lib/coverage builds once more, to count lines: what it counts, and no more.
if Context.environment["STAMPEDE_COVERAGE_BUILD"] != nil {
    let counted: Set = ["Contracts", "FileEventLog", "Delivery", "Services"]
    let needed: Set = [
        "CProcessIO", "ProcessIO", "Access", "CommandArguments", "CommandLineKit",
        "EventLog", "CPlatform", "LogFormat",
        "ProcessSettings", "ServiceRuntime", "Audit", "CSimulatedDisk", "Simulation", "simulate", "TestSupport",
    ]
    package.targets.removeAll { target in
        !needed.contains(target.name) && !counted.contains { target.name == $0 || target.name == "\($0)Tests" }
            && !(target.path ?? "").hasPrefix("Sources/Services/")
    }
}

// Scripts/lib/sanitize builds once more, with a sanitizer: the two programs that it runs, and what they are made of.
if Context.environment["STAMPEDE_SANITIZER_BUILD"] != nil {
    package.targets.removeAll { target in
        target.type == .test || ["HTTPServing", "Web", "TestSupport", "Doctor"].contains(target.name)
            || target.type == .executable && !["simulate", "stress"].contains(target.name)
    }
    // What none of them uses is not even fetched.
    let used = package.targets.flatMap(\.dependencies).compactMap { dependency in
        if case .productItem(_, let package, _, _) = dependency { package } else { nil }
    }
    package.dependencies.removeAll { dependency in
        guard case .sourceControl(_, let location, _) = dependency.kind else { return false }
        return !used.contains { location.hasSuffix("/\($0)") }
    }
}

// MARK: - The house, so that the list above stays a table of contents

extension Target.Dependency {
    static var grdb: Self { .product(name: "GRDB", package: "GRDB.swift") }
    static var crypto: Self { .product(name: "Crypto", package: "swift-crypto") }
    static var logging: Self { .product(name: "Logging", package: "swift-log") }
    static var metrics: Self { .product(name: "Metrics", package: "swift-metrics") }
    static var tracing: Self { .product(name: "Tracing", package: "swift-distributed-tracing") }
    static var configuration: Self { .product(name: "Configuration", package: "swift-configuration") }
    static var lifecycle: Self { .product(name: "ServiceLifecycle", package: "swift-service-lifecycle") }
    static var hummingbird: Self { .product(name: "Hummingbird", package: "hummingbird") }
    static var hummingbirdCore: Self { .product(name: "HummingbirdCore", package: "hummingbird") }
    static var httpTypes: Self { .product(name: "HTTPTypes", package: "swift-http-types") }
    static var nio: Self { .product(name: "NIOCore", package: "swift-nio") }
    static var nioPosix: Self { .product(name: "NIOPosix", package: "swift-nio") }
    static var nioHTTP1: Self { .product(name: "NIOHTTP1", package: "swift-nio") }
    static var nioHTTPTypes: Self { .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras") }
    static var histogram: Self { .product(name: "Histogram", package: "hdrhistogram-swift") }
    static var subprocess: Self { .product(name: "Subprocess", package: "swift-subprocess") }
    static var argumentParser: Self { .product(name: "ArgumentParser", package: "swift-argument-parser") }
}

extension [SwiftSetting] {
    static let houseRules: Self = [
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ]
}

func layer(
    _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(name)", exclude: exclude + ["README.md"],
        resources: resources, swiftSettings: .houseRules)
}

func service(_ name: String, _ more: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .target(
        name: "\(name)Service", dependencies: ["Contracts", "EventLog", "Delivery", .grdb] + more,
        path: "Sources/Services/\(name)", exclude: ["README.md"], resources: resources, swiftSettings: .houseRules)
}

func program(_ name: String, _ dependencies: [Target.Dependency], card: Bool = false) -> Target {
    .executableTarget(
        name: name, dependencies: ["CommandArguments", "CommandLineKit"] + dependencies + [.argumentParser],
        path: "Sources/Programs/\(name)",
        exclude: card ? ["README.md"] : [], swiftSettings: .houseRules)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["TestSupport"], path: "Tests/\(name)", exclude: exclude,
        swiftSettings: .houseRules)
}
