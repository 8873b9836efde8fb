import Foundation

/// Moves a directory to where it stays, for whoever looks into a failure.
func keep(_ directory: String) throws -> String {
    let kept = FileManager.default.temporaryDirectory.path + "/stampede-kept-\(UUID().uuidString.prefix(8))"
    try FileManager.default.moveItem(atPath: directory, toPath: kept)
    return kept
}

/// Where the project lies and where its programs were built.
enum Project {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    /// `STAMPEDE_BIN`, else the directory of the running tests: `swift build --build-tests` puts the programs beside them.
    static let binaries =
        ProcessInfo.processInfo.environment["STAMPEDE_BIN"]
        ?? URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent().path
}
