import Contracts

/// One product at one price: what the shop sells. `85123A` at £2.55 is the offer `85123A@255`.
///
/// *Rule*: every offer is named `<StockCode>@<pence>`, also where a file has one price only, so that an offer's name
/// does not depend on what else is in the file, and two replays into one shop never reprice each other's products.
struct Offer: Hashable, Sendable, Comparable {
    var stockCode: String
    var pence: Int64

    var productID: String { "\(stockCode)@\(pence)" }

    static func < (left: Self, right: Self) -> Bool {
        (left.stockCode, left.pence) < (right.stockCode, right.pence)
    }
}

/// Why a line is no order line.
enum LineRefusal: String, Sendable, CaseIterable, Codable {
    case missingInvoiceNumber, missingStockCode, missingQuantity, missingUnitPrice
    /// Postage, discount, manual entry, bank charges, …: no product of the shop.
    case adjustmentCode
    case quantityNotPositive
    /// On a cancellation, whose quantities are negative.
    case quantityNotNegative
    case priceNotPositive
    /// More than two decimals: no number of pence.
    case fractionalPence
    /// Longer than an order's product id may be, or not printable ASCII.
    case unusableStockCode
    /// Above the largest price that the shop takes.
    case priceTooHigh
}

/// What was changed about a line's description, so that it can be a product's name.
enum LineMending: String, Sendable, CaseIterable, Codable {
    /// Line breaks, tabs, NUL and the like became blanks.
    case controlCharacters
    /// It was too long.
    case cut
}

/// Why an invoice is no order; its lines share its fate.
enum InvoiceRefusal: String, Sendable, CaseIterable, Codable {
    /// Every line was refused for its own reason.
    case noOrderLine
    /// Its lines name several customers.
    case severalCustomers
    /// Neither digits alone nor `C` and digits.
    case unknownKind
    /// Quantity times price does not fit 64 bits.
    case totalOverflows
}

/// An invoice as an order: its lines merged by product and price, in the file's order.
struct Invoice: Sendable, Equatable {
    struct Line: Sendable, Equatable {
        var offer: Offer
        var quantity: Int64
        var name: String
        /// What was changed about the name.
        var mending: LineMending?
    }

    var number: String
    /// `guest-<invoice>` where the file names none.
    var customer: String
    var isGuest: Bool
    var lines: [Line]
    /// Pence.
    var total: Int64

    /// What is bought, whatever the order of the lines.
    var quantities: [Offer: Int64] {
        Dictionary(lines.map { ($0.offer, $0.quantity) }) { $0 + $1 }
    }
}

extension RetailLine {
    /// Codes of the data set that are no products.
    static let adjustmentCodes: Set<String> = [
        "POST", "DOT", "C2", "C3", "M", "D", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK", "ADJUST", "ADJUST2",
    ]
    static let maximumStockCodeLength = 40
    /// Longer descriptions are cut.
    static let maximumNameCharacters = 50
    /// As many Unicode scalars as the catalogue keeps; one character may be any number of them.
    static let maximumNameScalars = 200

    /// The description as a product's name: on one line, without control characters, not too long; the stock code if nothing
    /// is left of it.
    private var name: (text: String, mending: LineMending?) {
        guard !description.isEmpty else { return (stockCode, nil) }
        var scalars = String.UnicodeScalarView()
        var isBlank = false
        let isMended = description.unicodeScalars.contains(where: \.isControl)
        for scalar in description.unicodeScalars {
            // A run of blanks and what is no text becomes one blank.
            let blank = scalar.isControl || scalar == " "
            if !(isMended && blank && isBlank) { scalars.append(blank ? " " : scalar) }
            isBlank = blank
        }
        let whole = String(scalars).trimmed
        var cut = String.UnicodeScalarView()
        cut.append(contentsOf: whole.prefix(Self.maximumNameCharacters).unicodeScalars.prefix(Self.maximumNameScalars))
        let text = String(cut)
        let mending: LineMending? =
            isMended ? .controlCharacters : text.unicodeScalars.count < whole.unicodeScalars.count ? .cut : nil
        return (text.isEmpty ? stockCode : text, mending)
    }

    /// The order line in this line, or why there is none.
    ///
    /// - Parameter cancels: whether the invoice is a cancellation, whose quantities are negative.
    func orderLine(cancels: Bool) -> Result<Invoice.Line, LineRefusalError> {
        let (name, mending) = name
        func refuse(_ reason: LineRefusal) -> Result<Invoice.Line, LineRefusalError> { .failure(.init(reason: reason)) }
        if stockCode.isEmpty { return refuse(.missingStockCode) }
        if Self.adjustmentCodes.contains(stockCode.uppercased()) { return refuse(.adjustmentCode) }
        guard stockCode.utf8.count <= Self.maximumStockCodeLength,
            stockCode.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else { return refuse(.unusableStockCode) }
        guard let quantity else { return refuse(.missingQuantity) }
        guard let price else { return refuse(.missingUnitPrice) }
        if cancels, quantity >= 0 { return refuse(.quantityNotNegative) }
        if !cancels, quantity <= 0 { return refuse(.quantityNotPositive) }
        guard case .exact(let pence) = price else { return refuse(.fractionalPence) }
        guard pence > 0 else { return refuse(.priceNotPositive) }
        guard pence <= Money.maximumAmount else { return refuse(.priceTooHigh) }
        guard quantity != .min else { return refuse(.quantityNotNegative) }
        return .success(
            .init(
                offer: Offer(stockCode: stockCode, pence: pence), quantity: abs(quantity), name: name, mending: mending)
        )
    }
}

extension Unicode.Scalar {
    /// C0, DEL and C1, and the separators of lines and paragraphs.
    fileprivate var isControl: Bool {
        value < 0x20 || (0x7F...0x9F).contains(value) || value == 0x2028 || value == 0x2029
    }
}

struct LineRefusalError: Error {
    var reason: LineRefusal
}
