import Contracts
import Delivery
import EventLog
import GRDB
import Testing

@Suite("Derived ids")
struct DerivedIDTests {
    private let cause = EventID.version7(at: Harness.start, randomBits: (11, 12))

    @Test("the same decision gives the same id, and anything else another")
    func sameAndOther() {
        func id(_ cause: EventID, _ service: ServiceName, _ type: String, _ ordinal: Int) -> EventID {
            DerivedID.event(cause: cause, service: service, type: type, ordinal: ordinal)
        }
        let base = id(cause, .order, "v1.X", 0)
        #expect(base == id(cause, .order, "v1.X", 0))
        let others = [
            id(cause, .order, "v1.X", 1), id(cause, .order, "v1.Y", 0), id(cause, .payment, "v1.X", 0),
            id(EventID(high: cause.high, low: cause.low ^ 1), .order, "v1.X", 0),
        ]
        #expect(Set(others + [base]).count == 5)
    }

    @Test("a derived id begins with the millisecond of its cause and is a UUIDv8")
    func shape() {
        for ordinal in 0..<200 {
            let id = DerivedID.event(cause: cause, service: .order, type: "v1.X", ordinal: ordinal)
            #expect(id.milliseconds == cause.milliseconds)
            #expect(id.high >> 12 & 0xF == 8)
            #expect(id.low >> 62 == 2)
        }
    }

    @Test("a command's events are derived from its key and carry its millisecond; a key is no cause")
    func commands() {
        func command(_ key: String, at time: Timestamp = Harness.start) -> Command {
            Command(key: key, correlationID: CorrelationID(high: 1, low: 1), at: time)
        }
        func id(_ command: Command, _ ordinal: Int = 0) -> EventID {
            DerivedID.event(command: command, service: .order, type: "v1.X", ordinal: ordinal)
        }
        #expect(id(command("cancel:1")) == id(command("cancel:1")))
        #expect(id(command("cancel:1")) != id(command("cancel:2")))
        #expect(id(command("cancel:1")) != id(command("cancel:1"), 1))
        #expect(id(command("cancel:1")).milliseconds == UInt64(Harness.start.microseconds / 1000))
        let bytesAsKey = Command(
            key: String(decoding: cause.bytes.map { $0 & 0x7F }, as: UTF8.self), correlationID: .init(high: 0, low: 0),
            at: Harness.start)
        #expect(id(bytesAsKey) != DerivedID.event(cause: cause, service: .order, type: "v1.X", ordinal: 0))
    }

    @Test("a decision taken again after a rollback has the same ids, whatever the clock says by then")
    func takenAgain() throws {
        func ids(pause: Duration) throws -> [EventID] {
            let harness = try Harness(seed: 4)
            try harness.emit(World.Ordered(quantity: 1, parts: 3), "a")
            harness.faults.fail("a", with: DatabaseError.busy)
            #expect(throws: DatabaseError.self) { try harness.consumer.turn() }
            harness.clock.advance(by: pause)
            harness.faults.heal()
            try harness.run()
            return try harness.events(.inventory).map(\.id)
        }
        let first = try ids(pause: .zero)
        #expect(Set(first).count == 3)
        #expect(try ids(pause: .seconds(3600)) == first)
    }

    @Test("an event carries its cause, its checkout, and a time that is not before its cause's")
    func envelope() throws {
        let harness = try Harness()
        let late = try harness.emit(World.Ordered(), "a", at: Harness.start + .seconds(90))
        let early = try harness.emit(World.Ordered(), "b", at: Harness.start + .seconds(-90))
        try harness.run()
        let events = try harness.events(.inventory)
        #expect(events.map(\.causationID) == [late.id, early.id])
        #expect(events.map(\.correlationID) == [late.correlationID, early.correlationID])
        #expect(events.map(\.time) == [late.time, Harness.start])
        #expect(events.map(\.source) == ["/stampede/inventory", "/stampede/inventory"])
    }
}
