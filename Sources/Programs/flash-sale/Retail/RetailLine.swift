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

/// A file in the format of the Online Retail data sets (UCI Machine Learning Repository, doi:10.24432/C5BW33 and, with other
/// names for three columns, doi:10.24432/C5CG6D).
///
/// A fault of the file (quoting, a column that is missing, a number that is none, another format) refuses the whole file
/// before anything is sent, and names the line; an oddity of the trade (an empty field, a price of zero) refuses a line.
/// Text is UTF-8; a file that is not is read as ISO 8859-1, the encoding in which the data set is passed on.
enum RetailFile {
    static let columns = [
        "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country",
    ]

    /// As Online Retail II names them.
    static let otherNames = ["Invoice": "InvoiceNo", "Price": "UnitPrice", "Customer ID": "CustomerID"]

    /// What is no text, by its first bytes, and what to do about it.
    private static let formats: [(start: [UInt8], advice: String)] = [
        (
            [0x50, 0x4B, 0x03, 0x04],
            "this is a workbook (.xlsx) or another zip archive; save the sheet as CSV in UTF-8"
        ),
        ([0xD0, 0xCF, 0x11, 0xE0], "this is an old workbook (.xls); save the sheet as CSV in UTF-8"),
        ([0x1F, 0x8B], "this is compressed; unpack it with gunzip"),
        ([0xFF, 0xFE], "this is UTF-16; convert it with iconv -f UTF-16 -t UTF-8"),
        ([0xFE, 0xFF], "this is UTF-16; convert it with iconv -f UTF-16 -t UTF-8"),
    ]

    static func lines(_ bytes: [UInt8]) throws(CSVFault) -> [RetailLine] {
        for format in formats where bytes.starts(with: format.start) {
            throw CSVFault(line: 1, reason: format.advice)
        }
        var reader = CSVReader(bytes)
        guard let header = try reader.next() else { throw CSVFault(line: 1, reason: "an empty file") }
        var places: [String: Int] = [:]
        for (place, written) in header.fields.enumerated() {
            let name = written.trimmed
            guard places.updateValue(place, forKey: otherNames[name] ?? name) == nil else {
                throw CSVFault(line: header.line, reason: "column \(shown(otherNames[name] ?? name)) twice")
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
            guard text.first != "+", let number = Int64(text) else {
                throw CSVFault(line: row.line, reason: "Quantity \(shown(text)) is no whole number")
            }
            quantity = number
        }
        var price: Pence?
        if case let text = field("UnitPrice"), !text.isEmpty {
            price = Pence(pounds: text)
            guard price != .malformed else {
                throw CSVFault(line: row.line, reason: "UnitPrice \(shown(text)) is no amount")
            }
        }
        var customer = field("CustomerID")
        if customer.hasSuffix(".0") { customer.removeLast(2) }
        guard customer.utf8.allSatisfy({ (48...57).contains($0) }) else {
            throw CSVFault(line: row.line, reason: "CustomerID \(shown(customer)) is no number")
        }
        return RetailLine(
            line: row.line, invoice: field("InvoiceNo"), stockCode: field("StockCode"),
            description: field("Description"), quantity: quantity, price: price, customer: customer)
    }

    /// A field for a message on a terminal: short, and nothing in it is carried out.
    private static func shown(_ text: String) -> String {
        "'" + text.unicodeScalars.prefix(40).map { $0.escaped(asASCII: true) }.joined() + "'"
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
