import ArgumentParser
import Contracts

/// Which letters are meant; what is given several times means any of them.
struct LetterFilterOptions: ParsableArguments {
    @Option(help: "Letters of this service only; may be given several times.")
    var service: [ServiceArgument] = []

    @Option(help: "Letters of this event type, such as v1.StockReserved or StockReserved ('unreadable': no event).")
    var type: [String] = []

    @Option(help: "Letters of this error kind, such as brokenRule.")
    var kind: [String] = []

    @Option(help: "Letters of this group, as 'stampede dlq list' shows it.")
    var group: [String] = []

    @Option(help: "Letters of this order: its id, or the end of it.")
    var order: OrderArgument?

    var isGiven: Bool {
        !service.isEmpty || !type.isEmpty || !kind.isEmpty || !group.isEmpty || order != nil
    }

    /// To be called if the filter takes no letter: says which types may have been meant.
    func sayMistypedTypes() {
        for line in MistypedTypes.advice(type, besides: [DeskLetter.unreadable]) { Talk.say(line) }
    }

    /// - Parameter settled: also letters that were redriven or discarded.
    /// - Throws: `Failure.noOrder`, `.ambiguousOrder`.
    func filter(_ data: DataDirectory, settled: Bool) throws -> LetterFilter {
        let services = ServiceName.allCases.filter { name in
            service.isEmpty || service.contains { $0.service == name }
        }
        return LetterFilter(
            services: services,
            types: type, kinds: kind, groups: group.map { $0.lowercased() },
            subject: try order?.resolve(data).description, takesSettled: settled)
    }
}

/// Which letters are meant.
struct LetterFilter: Sendable {
    var services = ServiceName.allCases
    var types: [String] = []
    var kinds: [String] = []
    var groups: [String] = []
    var subject: String?
    var takesSettled = false

    /// Whether a letter of one of the services is meant.
    func takes(_ letter: DeskLetter) -> Bool {
        (takesSettled || letter.isOpen) && (subject == nil || letter.subject == subject)
            && (types.isEmpty || types.contains { Self.type(letter, is: $0) })
            && (kinds.isEmpty || kinds.contains(letter.errorKind))
            && (groups.isEmpty || groups.contains(letter.group.id))
    }

    /// A name without a version means every version of it.
    private static func type(_ letter: DeskLetter, is wanted: String) -> Bool {
        letter.shownType == wanted || !wanted.contains(".") && letter.type.hasSuffix("." + wanted)
    }
}
