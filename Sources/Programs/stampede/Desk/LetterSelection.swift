import ArgumentParser
import Contracts

/// The letters that a command acts on: by id, by a filter, or all that are open.
struct LetterSelection: ParsableArguments {
    @Argument(help: "Letters: the event's id, or enough of its beginning or end to mean one.")
    var ids: [String] = []

    @Flag(help: "All open letters.")
    var all = false

    @OptionGroup var filter: LetterFilterOptions

    func validate() throws {
        if ids.isEmpty {
            guard all || filter.isGiven else {
                throw ValidationError("say which letters: ids, a filter such as --group, or --all")
            }
        } else if all {
            throw ValidationError("either ids or --all")
        }
    }

    /// In the order in which they are acted on: service by service, in each as their events came.
    ///
    /// - Throws: `Failure.noLetter`, `.ambiguousLetter`.
    func letters(_ data: DataDirectory) throws -> [DeskLetter] {
        let desks = Desks(data: data)
        guard !ids.isEmpty else {
            let filter = try filter.filter(data, settled: false)
            let found = try desks.letters(filter)
            if found.isEmpty, let unknown = filter.groups.first {
                // A group whose letters are all settled is not unknown: nothing is left to do.
                let known = Set(try desks.letters(LetterFilter(takesSettled: true)).map(\.group.id))
                if !known.contains(unknown) { throw Failure.noGroup(unknown, known: known.sorted()) }
            }
            if found.isEmpty { self.filter.sayMistypedTypes() }
            return found
        }
        // Named one by one, also those that are settled: then the service says so.
        let candidates = try desks.letters(try filter.filter(data, settled: true))
        var wanted: Set<EventID> = []
        for text in ids { wanted.insert(try LetterID(text).resolve(among: candidates, data)) }
        return candidates.filter { wanted.contains($0.id) }
    }
}

/// A letter as it is named on the command line.
struct LetterID {
    let text: String
    private let isEnding: Bool

    private static let minimumCharacters = 4

    init(_ text: String) {
        isEnding = text.hasPrefix("…")
        self.text = (isEnding ? String(text.dropFirst()) : text).lowercased()
    }

    /// The one event that is meant; it may lie at several desks.
    func resolve(among letters: [DeskLetter], _ data: DataDirectory) throws -> EventID {
        let found = Set(letters.map(\.id).filter(isMeant)).sorted()
        guard let id = found.first else { throw Failure.noLetter(text, data: data.path) }
        guard found.count == 1 else {
            throw Failure.ambiguousLetter(text, candidates: found.map(\.description))
        }
        return id
    }

    private func isMeant(_ id: EventID) -> Bool {
        let full = id.description
        guard text.count >= Self.minimumCharacters else { return false }
        return full.hasSuffix(text) || !isEnding && full.hasPrefix(text)
    }
}
