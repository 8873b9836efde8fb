import Contracts
import Delivery
import Foundation
import GRDB

/// The services' desks, read from their databases: also with every service down.
struct Desks {
    let data: DataDirectory

    /// Letters read at a time where their bytes are wanted.
    private static let page = 4096

    /// The letters of a service in the order of their events, which is the order of their ids; none where it never ran.
    ///
    /// - Throws: `Failure.unreadable`.
    func letters(at service: ServiceName) throws -> [DeskLetter] {
        try Evidence.read(data.database(of: service)) { db in
            try Row.fetchAll(db, sql: "SELECT \(DeskLetter.columns) FROM dead_letters ORDER BY event_id")
                .map { try DeskLetter($0, at: service) }
        } ?? []
    }

    /// Those that a filter takes, of all services.
    ///
    /// - Parameter problems: what could not be read; without it, that is thrown.
    func letters(_ filter: LetterFilter, problems: inout [String]) -> [DeskLetter] {
        filter.services.flatMap { service in
            do {
                return try letters(at: service).filter(filter.takes)
            } catch {
                problems.append("\(error)")
                return []
            }
        }
    }

    func letters(_ filter: LetterFilter) throws -> [DeskLetter] {
        try filter.services.flatMap { try letters(at: $0).filter(filter.takes) }
    }

    // MARK: - Bytes

    struct Content {
        let event: [UInt8]
        /// What an edit put in its place.
        let corrected: [UInt8]?

        /// What a retry would handle.
        var effective: [UInt8] { corrected ?? event }

        /// With what is personal as its reader sees it.
        func view(_ personal: Personal) -> Content {
            Content(event: personal.view(event), corrected: corrected.map { personal.view($0) })
        }
    }

    /// Passes letters with their bytes to `body`, a page at a time: no read lasts as long as who takes them does.
    func withContents(of letters: [DeskLetter], _ body: (DeskLetter, Content) throws -> Void) throws {
        for service in ServiceName.allCases {
            let letters = letters.filter { $0.service == service }
            for start in stride(from: 0, to: letters.count, by: Self.page) {
                let page = letters[start..<min(start + Self.page, letters.count)]
                let contents = try contents(of: page, at: service)
                for letter in page {
                    guard let content = contents[letter.id] else { continue }  // gone since: imported letters may go
                    try body(letter, content)
                }
            }
        }
    }

    func content(of letter: DeskLetter) throws -> Content {
        guard let content = try contents(of: [letter], at: letter.service)[letter.id] else {
            throw Failure.noLetter(letter.id.description, data: data.path)
        }
        return content
    }

    private func contents(of letters: some Collection<DeskLetter>, at service: ServiceName) throws -> [EventID: Content]
    {
        try Evidence.read(data.database(of: service)) { db in
            let statement = try db.makeStatement(
                sql: "SELECT event, corrected FROM dead_letters WHERE event_id = ?")
            var contents: [EventID: Content] = [:]
            for letter in letters {
                guard let row = try Row.fetchOne(statement, arguments: [Data(letter.id.bytes)]) else { continue }
                let cell = Cells(row, of: "dead_letters")
                contents[letter.id] = Content(event: try cell(0), corrected: try cell(1))
            }
            return contents
        } ?? [:]
    }
}
