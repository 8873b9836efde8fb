/// What the shop sells in a sale: products and prices, all from the seed.
struct Catalogue: Sendable, Equatable {
    struct Product: Sendable, Equatable {
        var id: String
        var name: String
        /// Minor units.
        var price: Int64
    }

    static let currency = "GBP"
    static let prices: ClosedRange<Int64> = 199...9_999

    var products: [Product]

    init(products count: Int, seed: UInt64) {
        products = (0..<count).map { index in
            var random = SplitMix64(seed: seed, stream: 2, index: index)
            let spread = Int(Self.prices.upperBound - Self.prices.lowerBound + 1)
            return Product(
                id: "P-" + String(index + 1).leftPadded(to: 4),
                name: "Product \(index + 1)",
                price: Self.prices.lowerBound + Int64(random.below(spread)))
        }
    }
}

/// How much there is to sell.
enum Stock: Sendable, Equatable, Codable, CustomStringConvertible {
    /// Enough of every product for everybody.
    case all
    case units(Int)

    var description: String {
        switch self {
        case .all: "all"
        case .units(let units): String(units)
        }
    }

    /// Units of each product: the total spread evenly, the first products taking what is left over.
    func spread(over products: Int, shoppers: Int) -> [Int] {
        switch self {
        case .all: Array(repeating: shoppers, count: products)
        case .units(let total): (0..<products).map { total / products + ($0 < total % products ? 1 : 0) }
        }
    }
}

extension String {
    func leftPadded(to width: Int, with character: Character = "0") -> String {
        String(repeating: character, count: max(0, width - count)) + self
    }

    func rightPadded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
