import Foundation

/// Which module may import which, as `docs/architecture.md` draws it: a row may import rows above it, never below.
struct ImportRules {
    /// The project's own modules, bottom-up.
    static let rows: [[String]] = [
        ["CProcessIO"],
        ["ProcessIO"],
        ["Contracts"],
        ["CommandArguments"],
        ["CommandLineKit"],
        ["Access"],
        ["EventLog"],
        ["CPlatform"],
        ["LogFormat"],
        ["FileEventLog"],
        ["Delivery"],
        ["ProcessSettings"],
        ["ServiceRuntime"],
        services.sorted(),
        ["CSimulatedDisk"],
        ["Simulation"],
        ["Audit"],
        ["HTTPServing"],
        ["Web"],
    ]

    static let services: Set = [
        "OrderService", "InventoryService", "PaymentService", "NotificationService", "AnalyticsService",
    ]
    private static let rowOfModule = Dictionary(
        uniqueKeysWithValues: rows.enumerated().flatMap { row, modules in modules.map { ($0, row) } })

    /// What a module may import besides the project's own modules above it; nil where everything is allowed.
    private static let libraries: [String: Set<String>] = [
        "ProcessIO": ["Foundation"],
        "Contracts": ["Foundation"],
        "CommandArguments": ["Foundation", "ArgumentParser"],
        "CommandLineKit": ["Foundation", "Synchronization", "ArgumentParser"],
        "Access": ["Foundation", "Crypto"],
        "EventLog": ["Foundation", "Synchronization"],
        "LogFormat": [],
        "FileEventLog": ["Foundation", "Dispatch", "Synchronization", "Glibc", "Darwin", "Crypto"],
        "Delivery": ["Foundation", "Synchronization", "GRDB", "GRDBSQLite", "Crypto", "Logging", "Metrics", "Tracing"],
        "ProcessSettings": ["Foundation", "Synchronization", "Configuration", "ArgumentParser"],
        "Simulation": ["Foundation", "Synchronization", "GRDB", "Logging"],
        "Audit": ["Foundation", "Synchronization", "Glibc", "Darwin", "GRDB", "Crypto"],
    ]

    /// Own modules that a module must not import although they stand above it.
    private static func forbidden(_ module: String) -> Set<String> {
        if services.contains(module) {
            return services.union([
                "ProcessIO", "Access", "ProcessSettings", "ServiceRuntime", "FileEventLog", "LogFormat", "CPlatform",
            ])
        }
        switch module {
        case "Audit":
            return services.union([
                "ProcessIO", "Access", "Delivery", "ProcessSettings", "ServiceRuntime", "Simulation", "CSimulatedDisk",
            ])
        case "Simulation":
            return ["ProcessIO", "Access", "ProcessSettings", "ServiceRuntime", "HTTPServing", "Web"]
        case "simulate": return ["Access", "ProcessSettings", "ServiceRuntime", "HTTPServing", "Web"]
        case "Contracts", "EventLog", "FileEventLog": return ["ProcessIO"]
        case "LogFormat": return ["ProcessIO", "Contracts", "EventLog"]
        case "Delivery": return ["ProcessIO", "FileEventLog", "LogFormat", "CPlatform"]
        case "ServiceRuntime": return services
        // The outside world and the server that both sides stand on know no shop.
        case "HTTPServing": return Set(rows.joined())
        case "ProcessSettings": return Set(rows.joined()).subtracting(["CommandLineKit"])
        case "payment-gateway":
            return Set(rows.joined()).subtracting([
                "ProcessIO", "HTTPServing", "ProcessSettings", "Access", "CommandArguments", "CommandLineKit",
            ])
        case "Access", "CommandArguments", "CommandLineKit": return ["Contracts"]
        default: return []
        }
    }

    /// Libraries that live in few places.
    private static let confined: [String: Set<String>] = [
        "Hummingbird": ["HTTPServing", "Web", "payment-gateway"],
        "HummingbirdCore": ["HTTPServing"],
        "NIOHTTPTypesHTTP1": ["HTTPServing"],
        "NIOCore": ["HTTPServing", "Web", "payment-gateway", "flash-sale", "stampede"],
        "NIOPosix": ["HTTPServing", "Web", "payment-gateway", "flash-sale", "stampede"],
        "NIOHTTP1": ["HTTPServing", "Web", "payment-gateway", "flash-sale", "stampede"],
        "Mustache": ["NotificationService"],
        "Configuration": ["ProcessSettings"],
    ]

    /// Why `module` must not import `imported`; nil where it may.
    static func objection(to imported: String, in module: String) -> String? {
        if let homes = confined[imported], !homes.contains(module) {
            return "\(imported) lives only in \(homes.sorted().joined(separator: ", "))"
        }
        if let row = rowOfModule[imported] {
            if forbidden(module).contains(imported) { return "\(module) must not know \(imported)" }
            if let own = rowOfModule[module], own <= row, imported != module {
                return "\(imported) does not stand above \(module)"
            }
            return nil
        }
        if let allowed = libraries[module], !allowed.contains(imported) {
            return "\(module) may import \(allowed.sorted().joined(separator: ", ")) only"
        }
        return nil
    }
}

/// A Swift file of the project.
struct SourceFile {
    let module: String
    /// From the repository's root.
    let path: String
    let lines: [String]

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Every Swift file below a folder of the repository.
    static func all(below folder: String) throws -> [SourceFile] {
        let base = root.appendingPathComponent(folder)
        guard let walker = FileManager.default.enumerator(atPath: base.path) else { return [] }
        return try walker.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.sorted().map { name in
            let path = "\(folder)/\(name)"
            let text = try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
            return SourceFile(
                module: module(of: path), path: path,
                lines: text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
        }
    }

    /// `Sources/Services/Order/…` is OrderService, `Sources/Programs/x/…` is x, `Sources/Y/…` is Y.
    private static func module(of path: String) -> String {
        let parts = path.split(separator: "/").map(String.init)
        switch parts[1] {
        case "Services": return parts[2] + "Service"
        case "Programs": return parts[2]
        default: return parts[1]
        }
    }

    /// Module names of the import lines, whatever stands before `import`.
    var imports: [(line: Int, module: String)] {
        lines.enumerated().compactMap { index, line in
            let words = line.split(separator: " ").map(String.init)
            guard let place = words.firstIndex(of: "import"), place + 1 < words.count,
                words[..<place].allSatisfy({
                    $0.hasPrefix("@") || ["public", "package", "internal", "private", "fileprivate"].contains($0)
                })
            else { return nil }
            // `import struct Module.Type` names the kind first.
            let kinds: Set<String> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
            let name = kinds.contains(words[place + 1]) && place + 2 < words.count ? words[place + 2] : words[place + 1]
            return (index + 1, String(name.split(separator: ".")[0]))
        }
    }
}
