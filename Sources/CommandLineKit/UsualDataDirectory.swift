import Foundation

/// The data directory of a program that is not given `--data`.
package struct UsualDataDirectory: Sendable {
    package static let variable = "STAMPEDE_DATA"
    private static let name = ".stampede"

    private let environment: [String: String]

    package init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        self.environment = environment
    }

    /// `STAMPEDE_DATA`, unless it is empty; else `.stampede`.
    package var path: String {
        let path = environment[Self.variable] ?? ""
        return path.isEmpty ? Self.name : path
    }

    /// ` --data DIR`, as a command for `directory` needs it: empty only if every shell in this working directory means it.
    ///
    /// - Parameter workingDirectory: of this process.
    package func option(
        for directory: String, workingDirectory: String = FileManager.default.currentDirectoryPath
    ) -> String {
        let isUsual = directory == Self.name || directory == workingDirectory + "/" + Self.name
        if isUsual, path == Self.name { return "" }
        return " --data " + ShellWord.quoted(directory)
    }
}

/// A word of a shell's command line.
package enum ShellWord {
    private static let plain = Set("/._-:@%+,=".unicodeScalars)

    /// In single quotes if it holds anything that a shell would act on.
    package static func quoted(_ word: String) -> String {
        let isPlain = word.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || plain.contains(scalar))
        }
        return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
