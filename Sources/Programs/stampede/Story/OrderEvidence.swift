import Audit
import Contracts
import Foundation

/// What was read of an order, from everywhere; what cannot be read is named, and the rest goes without it.
struct OrderEvidence {
    let order: OrderID
    let data: DataDirectory
    private(set) var records: [ServiceRecords] = []
    private(set) var gateway = GatewayRecords()
    private(set) var messages: [MailMessage] = []
    private(set) var trail = OrderTrail()
    private var problemsBesides: [String] = []

    var problems: [String] { problemsBesides + trail.problems }

    var isEmpty: Bool {
        trail.events.isEmpty && records.allSatisfy(\.isEmpty) && gateway.isEmpty && messages.isEmpty
    }

    /// All but the log.
    init(of order: OrderID, in data: DataDirectory) {
        self.order = order
        self.data = data
        // Order's rows tell ids that the others are asked for.
        var ids = TrailIDs(order)
        var problems: [String] = []
        if let own = Self.attempt(&problems, { try ServiceRecords.read(.order, ids, data) }) {
            records.append(own)
            ids = own.ids
        }
        let askedFor = ids
        let others = ServiceName.allCases.filter { $0 != .order }
        for answer in concurrently(others, { service in Result { try ServiceRecords.read(service, askedFor, data) } }) {
            if let found = Self.attempt(&problems, { try answer.get() }) { records.append(found) }
        }
        gateway = Self.attempt(&problems) { try GatewayRecords.read(order, data) } ?? GatewayRecords()
        let known = records
        messages = Self.attempt(&problems) { try Self.mail(of: order, known, data) } ?? []
        problemsBesides = problems
    }

    /// - Parameter whole: topics to be read from their beginning to their end; nil for all.
    mutating func readLog(whole: Set<Topic>?) {
        guard DataDirectory.isDirectory(data.log) else { return }
        let read = trail.eventsRead
        let (order, records, data) = (order, records, data)
        trail =
            Self.attempt(&problemsBesides) { try OrderTrail(of: order, records, in: Logbook(data), whole: whole) }
            ?? OrderTrail()
        trail.eventsRead += read
    }

    private static func mail(of order: OrderID, _ records: [ServiceRecords], _ data: DataDirectory) throws
        -> [MailMessage]?
    {
        guard FileManager.default.fileExists(atPath: data.mailbox) else { return nil }
        let told = records.flatMap { $0.rows("notification") }.compactMap { $0["at"]?.text.flatMap { Timestamp($0) } }
        let asked = records.filter { $0.service == .notification }.flatMap(\.calls)
            .compactMap { $0["recordedAt"]?.text.flatMap { Timestamp($0) } }
        return try MailboxSearch(path: data.mailbox).messages(of: order, around: told + asked)
    }

    /// Nil for what cannot be read, which is then a problem.
    private static func attempt<Value>(_ problems: inout [String], _ body: () throws -> Value?) -> Value? {
        do {
            return try body()
        } catch {
            problems.append("\(error)")
            return nil
        }
    }
}
