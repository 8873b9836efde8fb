import Contracts

/// The attributes that filters look at, found in an event's bytes without decoding it (layout: `EventCoding`).
///
/// *Why*: a search looks at every event of the log and keeps a dozen.
struct EventHead {
    private let bytes: UnsafeRawBufferPointer
    private let correlation: (UInt64, UInt64)
    private let type: Range<Int>
    private let subject: Range<Int>

    /// Nil for bytes that are no event of version 1.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 48, bytes[0] == EventCoding.version else { return nil }
        let flags = bytes[1]
        var cursor = 48 + (flags & 1 == 0 ? 0 : 16) + (flags & 2 == 0 ? 0 : 16)
        func attribute() -> Range<Int>? {
            guard cursor < bytes.count, bytes.count - cursor > Int(bytes[cursor]) else { return nil }
            let start = cursor + 1
            cursor = start + Int(bytes[cursor])
            return start..<cursor
        }
        guard attribute() != nil, let type = attribute(), let subject = attribute() else { return nil }
        self.bytes = bytes
        self.type = type
        self.subject = subject
        correlation = (
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 32, as: UInt64.self)),
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 40, as: UInt64.self))
        )
    }

    var time: Timestamp {
        let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        return Timestamp(microseconds: Int64(bitPattern: word))
    }

    var id: EventID {
        EventID(
            high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self)))
    }

    /// The order that its checkout placed: a checkout's correlation id is its order's.
    var correlatedOrder: OrderID { OrderID(high: correlation.0, low: correlation.1) }

    func isOfType(_ wanted: [UInt8]) -> Bool {
        type.count == wanted.count && bytes[type].elementsEqual(wanted)
    }

    /// Whether the event is of a type of that name, in any version.
    func isNamed(_ name: [UInt8]) -> Bool {
        let text = bytes[type]
        guard let dot = text.firstIndex(of: UInt8(ascii: ".")) else { return false }
        return text[(dot + 1)...].elementsEqual(name)
    }

    /// Whether the event is about the order, or came of its checkout.
    func belongs(to order: WantedOrder) -> Bool {
        if correlation.0 == order.id.high, correlation.1 == order.id.low { return true }
        return subject.count == order.text.count && bytes[subject].elementsEqual(order.text)
    }

    /// The subject where it is an order's.
    var order: OrderID? {
        guard subject.count == 36 else { return nil }
        return OrderID(String(decoding: bytes[subject], as: UTF8.self))
    }
}

/// An order id in both the forms it is searched by.
struct WantedOrder: Sendable {
    let id: OrderID
    let text: [UInt8]

    init(_ id: OrderID) {
        self.id = id
        text = Array(id.description.utf8)
    }
}
