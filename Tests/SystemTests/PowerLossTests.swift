import Foundation
import Testing
import TestSupport

/// The power is cut under all services at once: everything that was not synced is gone, names of files included.
@Suite("A power cut", .tags(.chaos), .serialized, .timeLimit(.minutes(5)))
struct PowerLossTests {
    /// Power cuts in a row, on what the last one left; `STAMPEDE_POWER_CUTS`.
    private static let cuts = ProcessInfo.processInfo.environment["STAMPEDE_POWER_CUTS"].flatMap { Int($0) } ?? 1
    private static let seed =
        ProcessInfo.processInfo.environment["STAMPEDE_SWEEP_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1 << 32)

    @Test(
        "takes nothing that was acknowledged, and no event that any reader has seen",
        .enabled(if: LoopImage.obstacle == nil, "\(LoopImage.obstacle ?? "")"))
    func nothingIsLost() async throws {
        try await withTemporaryDirectory { directory in
            try await LoopImage.withImage(in: directory) { image in
                try await PoweredShop.withShop(on: image, in: directory) { shop in
                    var random = SeededRandom(seed: Self.seed)
                    for cut in 1...Self.cuts {
                        let orders = 3 + random.below(40)
                        let loss = try await shop.sellAndLosePower(afterOrders: orders)
                        #expect(
                            loss.isEmpty,
                            "cut \(cut), after \(orders) orders, STAMPEDE_SWEEP_SEED=\(Self.seed): \(loss.joined(separator: "\n"))"
                        )
                    }
                    #expect(shop.seen.count > 10, "the reader saw next to nothing")
                }
            }
        }
    }

    @Test(
        "is noticed where the disk only pretends to sync: the shop does not come up as if nothing were missing",
        .enabled(if: LoopImage.obstacle == nil, "\(LoopImage.obstacle ?? "")"),
        .enabled(if: FaultLibrary.compiler != nil, "no C compiler"),
        arguments: [(FaultPage.Place.log, "was seen and is gone"), (.db, "the database is an old copy")])
    func pretendedSync(place: FaultPage.Place, says: String) async throws {
        try await withTemporaryDirectory { directory in
            try await LoopImage.withImage(in: directory) { image in
                try await PoweredShop.withShop(on: image, in: directory, pretending: ("file-sync", in: place)) { shop in
                    let loss = try await shop.sellAndLosePower(afterOrders: 30)
                    #expect(loss.contains { $0.contains(says) }, "\(loss.joined(separator: "\n"))")
                }
            }
        }
    }
}
