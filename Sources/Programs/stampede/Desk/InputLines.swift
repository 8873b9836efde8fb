import Foundation

/// The lines of a file that the operator hands in.
enum InputLines {
    struct Line {
        let file: String
        /// From 1.
        let number: Int
        let bytes: [UInt8]

        func failure(_ reason: String) -> Failure {
            .badLine(file: file, line: number, reason: reason)
        }
    }

    /// All lines that are not blank; `-` is stdin.
    ///
    /// - Throws: `Failure.unreadable`.
    static func read(_ file: String) throws -> [Line] {
        lines(try whole(file), of: file)
    }

    /// - Throws: `Failure.unreadable`.
    static func whole(_ file: String) throws -> [UInt8] {
        if file == "-" { return [UInt8](FileHandle.standardInput.readDataToEndOfFile()) }
        // Not `Data(contentsOf:)`, which takes no pipe: `inject --service order <(generate)`.
        guard let handle = FileHandle(forReadingAtPath: file) else {
            throw Failure.unreadable(file: file, reason: String(cString: strerror(errno)))
        }
        defer { try? handle.close() }  // opened for reading: nothing can be lost
        do {
            return [UInt8](try handle.readToEnd() ?? Data())
        } catch {
            throw Failure.unreadable(file: file, reason: (error as NSError).localizedDescription)
        }
    }

    private static func lines(_ bytes: [UInt8], of file: String) -> [Line] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated().compactMap {
            index, line in
            let isBlank = line.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") || $0 == 9 }
            return isBlank ? nil : Line(file: file, number: index + 1, bytes: Array(line))
        }
    }
}
