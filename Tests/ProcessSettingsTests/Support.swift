import Foundation
import TestSupport

@testable import ProcessSettings

extension TemporaryDirectory {
    func file(_ text: String) throws -> String {
        let file = path + "/shop.json"
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }
}

/// What a process makes of three sources.
func read(arguments: [String] = [], environment: [String: String] = [:], file: String? = nil) throws -> Settings {
    try Settings(
        dataDirectory: "unused", from: SettingsSources(arguments: arguments, file: file, environment: environment))
}

/// What it refuses; empty where it refuses nothing.
func mistakes(arguments: [String] = [], environment: [String: String] = [:], file: String? = nil) -> [String] {
    do throws(SettingsRefused) {
        _ = try Settings(
            dataDirectory: "unused", from: SettingsSources(arguments: arguments, file: file, environment: environment))
        return []
    } catch {
        return error.problems.map { "\($0.place): \($0.text)" }
    }
}

/// The repository.
let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
