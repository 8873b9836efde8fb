import Contracts

/// Events that no service will act on before an operator decides: open dead letters, and what is parked behind them.
///
/// *Guarantee*: what a service left undone is explained by the very event that should have made it do so, held at that very
/// service, and by nothing else. *If broken*: any dead letter of an order excuses whatever else went wrong with it.
struct HeldEvents {
    private var events: [ServiceName: [EventID: Hold]] = [:]
    /// Open letters of events that an order waits for.
    private(set) var holds: [(order: OrderID, service: ServiceName, letter: EventID)] = []
    /// Events that are parked behind a letter.
    private(set) var behind = 0

    struct Hold {
        let service: ServiceName
        let entry: ServiceFacts.Entry
        /// The open letter; another event than the entry's where that is parked behind it.
        let letter: DeskFacts.DeadLetter

        var isLetter: Bool { letter.entry.id == entry.id }

        var text: String {
            let place = "(\(entry.topic) offset \(entry.offset))"
            return isLetter
                ? "the event that makes it do so is a dead letter at \(service.rawValue) \(place)"
                : "the event that makes it do so is parked at \(service.rawValue) \(place) behind dead letter "
                    + "\(letter.entry.id)"
        }
    }

    init() {}

    init(_ services: some Sequence<ServiceFacts>) {
        for facts in services {
            var letters: [String: DeskFacts.DeadLetter] = [:]
            for letter in facts.desk.letters where letter.state == .open {
                letters[letter.subject] = letter
                add(Hold(service: facts.service, entry: letter.entry, letter: letter), letter.subject)
            }
            // Where it waits for an attempt of its own it moves without an operator.
            for parked in facts.desk.parked where !parked.hasNextAttempt {
                guard let letter = letters[parked.subject] else { continue }
                behind += 1
                add(Hold(service: facts.service, entry: parked.entry, letter: letter), parked.subject)
            }
        }
    }

    private mutating func add(_ hold: Hold, _ subject: String) {
        events[hold.service, default: [:]][hold.entry.id] = hold
        if hold.isLetter, hold.service != .analytics, !hold.letter.isAboutLetter, let order = OrderID(subject) {
            holds.append((order, hold.service, hold.entry.id))
        }
    }

    /// Why a service does not act on an event; nil where no letter keeps it from that.
    func hold(_ event: EventID, at service: ServiceName) -> Hold? { events[service]?[event] }
}

extension Evidence {
    /// Why a step is not taken: its event is held at the service that would take it.
    func hold(on step: OrderFacts.Step) -> HeldEvents.Hold? {
        step.offset.flatMap { topic(step.topic)[$0] }.flatMap { held.hold($0.id, at: step.service) }
    }

    /// Edits that were acted upon, in words, by the order that they are about: where something is wrong with it, they may
    /// be why.
    var edits: [String: String] {
        var edits: [String: [String]] = [:]
        for service in ServiceName.allCases {
            guard let desk = services[service]?.desk else { continue }
            for letter in desk.letters where letter.corrected != nil && letter.state == .redriven {
                let last = desk.actions[letter.entry.id]?.last { $0.name == "edited" }
                edits[letter.subject, default: []].append(
                    "\(letter.type) \(letter.entry.id) was edited at \(service.rawValue) by \(last?.actor ?? "nobody on record")"
                        + (last?.detail.map { " (\($0))" } ?? ""))
            }
        }
        return edits.mapValues { $0.joined(separator: "; ") }
    }

    /// A letter of a service's desk, whatever became of it.
    func letter(_ event: EventID, at service: ServiceName) -> DeskFacts.DeadLetter? {
        services[service]?.desk.letter(event)
    }
}
