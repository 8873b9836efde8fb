import Contracts
import Delivery
import EventLog
import Testing

@Suite("The duplicator: delivery worse than any log's")
struct DisorderTests {
    /// The same events, some of which fail for a while, and where asked for some for good.
    private func story(_ disorder: DeliveryDisorder, batch: Int = 512, deaths: Bool = false) throws -> Harness {
        let harness = try Harness(seed: 9, batch: batch, limits: { $0.disorder = disorder })
        harness.faults.fail("s5", at: .fact, type: World.Held.type)
        if deaths { harness.faults.fail("s3", with: EventFault.brokenRule("never")) }
        for number in 0..<60 {
            try harness.emit(World.Ordered(quantity: Int64(number), parts: 2), "s\(number % 12)")
            try harness.emit(World.Paid(amount: Int64(number)), "s\(number % 7)", on: .payments)
            if number % 5 == 0 { try harness.emit(World.Withdrawn(key: "k\(number)"), "s\(number % 12)") }
        }
        try harness.emit(bytes: [7, 7])
        try harness.run()
        harness.faults.heal("s5")
        try harness.runOut()
        return harness
    }

    @Test(
        "under duplicates and odd batch sizes the database ends with the same digest, and says the same events",
        arguments: [1, 2, 7, 512])
    func twice(batch: Int) throws {
        let plain = try story(DeliveryDisorder())
        let twice = try story(DeliveryDisorder(twice: true), batch: batch)
        #expect(try twice.digest() == plain.digest())
        #expect(twice.consumer.counts.duplicates > 100)
        #expect(
            try Set(twice.events(.inventory).map(\.id)) == Set(plain.events(.inventory).map(\.id)))
        #expect(try twice.events(.inventory).count == plain.events(.inventory).count)
        #expect(try Set(twice.deadLetters().map(\.errorKind)) == Set(plain.deadLetters().map(\.errorKind)))
        #expect(try twice.deadLetters().count == plain.deadLetters().count)
    }

    @Test("under random interleaving a hundred rebuilds, each interleaved otherwise, give the run's digest")
    func shuffled() throws {
        for seed: UInt64 in 1...5 {
            let harness = try story(DeliveryDisorder(twice: true, shuffle: true, seed: seed), deaths: true)
            let digest = try harness.digest()
            for rebuild: UInt64 in 0..<20 {
                #expect(try harness.rebuiltDigest(seed: 100 * seed + rebuild) == digest)
            }
        }
    }

    @Test("seeds interleave differently, one seed the same")
    func seeds() throws {
        func order(_ seed: UInt64) throws -> [String] {
            try story(DeliveryDisorder(shuffle: true, seed: seed)).journal()
        }
        #expect(try order(3) == order(3))
        #expect(try Set((1...6).map(order)).count > 1)
    }
}
