import Contracts
import Delivery
import Foundation

/// The events of a confirmed order. They are encoded once, by the real code, and then copied with other ids and times,
/// which stand at fixed places (`EventCoding`).
struct CrowdWay {
    enum Step: Int, CaseIterable {
        case created, reserved, paid, confirmed, told

        var service: ServiceName {
            switch self {
            case .created, .confirmed: .order
            case .reserved: .inventory
            case .paid: .payment
            case .told: .notification
            }
        }

        var topic: Topic { service.topic }

        /// After the order was placed.
        var after: Duration { .milliseconds([0, 2, 25, 30, 40][rawValue]) }
    }

    struct Order {
        let id: OrderID
        let placed: Timestamp
        fileprivate let way: CrowdWay
        private(set) var events: [Step: EventID] = [:]
        /// Where they lie in the log.
        var offsets: [Step: UInt64] = [:]

        fileprivate init(_ id: OrderID, _ placed: Timestamp, _ way: CrowdWay) {
            self.id = id
            self.placed = placed
            self.way = way
            var cause = Crowd.created(id)
            events[.created] = cause
            for step in Step.allCases.dropFirst() {
                cause = DerivedID.event(cause: cause, service: step.service, type: step.type, ordinal: 0)
                events[step] = cause
            }
        }

        func time(of step: Step) -> Timestamp { placed + step.after }

        func bytes(of step: Step) -> [UInt8] {
            var bytes = way.templates[step.rawValue]
            let text = Array(id.description.utf8)
            bytes.withUnsafeMutableBytes { buffer in
                let time = UInt64(bitPattern: time(of: step).microseconds).littleEndian
                buffer.storeBytes(of: time, toByteOffset: 8, as: UInt64.self)
                func put(_ part: [UInt8], at place: Int) {
                    UnsafeMutableRawBufferPointer(rebasing: buffer[place..<place + part.count]).copyBytes(from: part)
                }
                put(events[step]?.bytes ?? [], at: 16)
                put(id.bytes, at: 32)
                if let before = Step(rawValue: step.rawValue - 1) { put(events[before]?.bytes ?? [], at: 48) }
                for place in way.subjects[step.rawValue] { put(text, at: place) }
            }
            return bytes
        }
    }

    fileprivate let templates: [[UInt8]]
    /// Where the order's id stands as text: as the subject, and in an idempotency key.
    fileprivate let subjects: [[Int]]

    init() throws {
        let order = Crowd.order(0)
        var cause: EventID?
        templates = try Step.allCases.map { step in
            let id = Crowd.created(order)  // any: it is written over
            defer { cause = id }
            return try EventCoding.encode(
                Envelope(
                    id: id, source: step.service.source, type: step.type, subject: order.description, time: Crowd.start,
                    correlationID: order.rebound(), causationID: cause, data: try step.data(order)))
        }
        let text = Data(order.description.utf8)
        subjects = templates.map { bytes in
            let data = Data(bytes)
            var places: [Int] = []
            while let found = data[(places.last.map { $0 + 1 } ?? 0)...].range(of: text) {
                places.append(found.lowerBound)
            }
            return places
        }
    }

    func order(_ id: OrderID, at placed: Timestamp) -> Order { Order(id, placed, self) }
}
