/// One line of an invoice, as the file has it.
struct RetailLine: Sendable, Equatable {
    /// Of the file, from 1.
    var line: Int
    var invoice: String
    var stockCode: String
    var description: String
    /// Nil where the field is empty.
    var quantity: Int64?
    /// Nil where the field is empty.
    var price: Pence?
    /// Without the `.0` of a number that passed through a spreadsheet; empty for a guest.
    var customer: String
}

/// A file in the format of the Online Retail data set (UCI Machine Learning Repository, doi:10.24432/C5BW33).
///
/// A fault of the file (quoting, a column that is missing, a number that is none, an encoding that is not UTF-8) refuses
/// the whole file before anything is sent; an oddity of the trade (an empty field, a price of zero) refuses a line.
enum RetailFile {
    static let columns = [
        "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country",
    ]

    static func lines(_ bytes: [UInt8]) throws(CSVFault) -> [RetailLine] {
        var reader = CSVReader(bytes)
        guard let header = try reader.next() else { throw CSVFault(line: 1, reason: "an empty file") }
        var places: [String: Int] = [:]
        for (place, name) in header.fields.enumerated() {
            guard places.updateValue(place, forKey: name.trimmed) == nil else {
                throw CSVFault(line: header.line, reason: "column '\(name)' twice")
            }
        }
        let missing = columns.filter { places[$0] == nil }
        guard missing.isEmpty else {
            throw CSVFault(line: header.line, reason: "no column \(missing.joined(separator: ", "))")
        }
        var lines: [RetailLine] = []
        while let row = try reader.next() {
            guard row.fields.count == header.fields.count else {
                throw CSVFault(
                    line: row.line, reason: "\(row.fields.count) columns where the header has \(header.fields.count)")
            }
            lines.append(try line(row) { row.fields[places[$0] ?? 0].trimmed })
        }
        return lines
    }

    private static func line(_ row: CSVReader.Row, _ field: (String) -> String) throws(CSVFault) -> RetailLine {
        var quantity: Int64?
        if case let text = field("Quantity"), !text.isEmpty {
            guard let number = Int64(text) else {
                throw CSVFault(line: row.line, reason: "Quantity '\(text)' is no whole number")
            }
            quantity = number
        }
        var price: Pence?
        if case let text = field("UnitPrice"), !text.isEmpty {
            price = Pence(pounds: text)
            guard price != .malformed else {
                throw CSVFault(line: row.line, reason: "UnitPrice '\(text)' is no amount")
            }
        }
        var customer = field("CustomerID")
        if customer.hasSuffix(".0") { customer.removeLast(2) }
        guard customer.utf8.allSatisfy({ (48...57).contains($0) }) else {
            throw CSVFault(line: row.line, reason: "CustomerID '\(customer)' is no number")
        }
        return RetailLine(
            line: row.line, invoice: field("InvoiceNo"), stockCode: field("StockCode"),
            description: field("Description"), quantity: quantity, price: price, customer: customer)
    }
}

extension String {
    /// Without blanks at either end.
    var trimmed: String {
        var text = self[...]
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }
}
