import Contracts

/// Collects what one invariant finds.
struct InvariantCheck {
    let id: Int
    let title: String
    var checked = 0
    private var violations: [AuditReport.Finding] = []
    private var violationsTotal = 0
    private var waits: [AuditReport.Finding] = []
    private var waitsTotal = 0
    private var explanations: [AuditReport.Finding] = []
    private var explanationsTotal = 0
    private var notes: [String] = []

    init(_ id: Int, _ title: String) {
        self.id = id
        self.title = title
    }

    var isBroken: Bool { violationsTotal > 0 }

    /// Something is proven to be wrong.
    mutating func broken(
        _ message: @autoclosure () -> String, order: OrderID? = nil, event: EventID? = nil, service: ServiceName? = nil,
        at place: Place? = nil
    ) {
        violationsTotal += 1
        guard violations.count < AuditReport.Invariant.listed else { return }
        violations.append(Self.finding(message(), order, event, service, place))
    }

    /// Something is not known yet: what, and where it is waited for.
    mutating func waiting(
        _ message: @autoclosure () -> String, order: OrderID? = nil, event: EventID? = nil, service: ServiceName? = nil,
        at place: Place? = nil
    ) {
        waitsTotal += 1
        guard waits.count < AuditReport.Invariant.listed else { return }
        waits.append(Self.finding(message(), order, event, service, place))
    }

    /// Something is not done, or not as it should be, and a record says why: nothing moves it but an operator.
    mutating func explained(
        _ message: @autoclosure () -> String, order: OrderID? = nil, event: EventID? = nil, service: ServiceName? = nil,
        at place: Place? = nil
    ) {
        explanationsTotal += 1
        guard explanations.count < AuditReport.Invariant.listed else { return }
        explanations.append(Self.finding(message(), order, event, service, place))
    }

    mutating func note(_ text: String) {
        notes.append(text)
    }

    /// - Parameter edits: what operators put in the place of an order's events, by order.
    func result(edits: [String: String] = [:]) -> AuditReport.Invariant {
        let violations = violations.map { finding in
            guard let edit = finding.order.flatMap({ edits[$0] }) else { return finding }
            var finding = finding
            finding.message += "; \(edit)"
            return finding
        }
        return AuditReport.Invariant(
            id: id, title: title, holds: violationsTotal > 0 ? .no : waitsTotal > 0 ? .unknown : .yes, checked: checked,
            violations: violations, violationsTotal: violationsTotal, waits: waits, waitsTotal: waitsTotal,
            explained: explanations, explainedTotal: explanationsTotal,
            notes: checked == 0 ? notes + ["it looked at nothing"] : notes)
    }

    private static func finding(
        _ message: String, _ order: OrderID?, _ event: EventID?, _ service: ServiceName?, _ place: Place?
    ) -> AuditReport.Finding {
        AuditReport.Finding(
            order: order?.description, event: event?.description, service: service?.rawValue, file: place?.file,
            offset: place?.offset, message: message)
    }
}

/// A file, relative to the data directory, and an offset in it: of an event in its topic, or as the message says.
struct Place: Sendable {
    var file: String
    var offset: UInt64?
}
