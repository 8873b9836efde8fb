import Contracts
import Foundation
import Testing
import TestSupport

@testable import flash_sale

@Suite("Reading real orders")
struct RetailTests {
    private static func book(_ fixture: String) throws -> InvoiceBook {
        InvoiceBook(try RetailFile.lines([UInt8](try repositoryFile("Fixtures/retail/\(fixture)"))))
    }

    private static func lines(_ text: String) throws -> [RetailLine] {
        let header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        return try RetailFile.lines(Array((header + text).utf8))
    }

    @Test(
        "a fault of the file names its line",
        arguments: [
            ("open-quote.csv", 3, "never ends"), ("stray-quote.csv", 4, "quote"),
            ("missing-column.csv", 1, "UnitPrice"),
            ("short-row.csv", 3, "7 columns"), ("broken-quantity.csv", 3, "six"), ("broken-price.csv", 4, "2.5.5"),
        ])
    func faults(file: String, line: Int, reason: String) throws {
        let fault = #expect(throws: CSVFault.self) { try Self.book(file) }
        #expect(fault?.line == line)
        #expect(fault?.reason.contains(reason) == true, "\(fault?.reason ?? "")")
    }

    /// The name that a description becomes, as an order would have it.
    private static func name(_ description: String) throws -> (text: String, mending: LineMending?) {
        let quoted = "\"" + description.replacingOccurrences(of: "\"", with: "\"\"") + "\""
        let book = InvoiceBook(try lines("1,10001,\(quoted),1,d,1.00,1,UK\n"))
        guard case .order(let invoice)? = book.entries.first?.fate, let line = invoice.lines.first else {
            throw CSVFault(line: 2, reason: "no order")
        }
        #expect(book.entries.flatMap(\.mendedLines).map(\.line) == (line.mending == nil ? [] : [2]))
        return (line.name, line.mending)
    }

    @Test("any description becomes a name that the catalogue takes, and what was changed is on record")
    func names() throws {
        let cluster = "e" + String(repeating: "\u{301}", count: 5000)
        let mended: [(String, String)] = [
            ("A\nB", "A B"), ("A\r\nB", "A B"), ("SET OF\t3", "SET OF 3"), ("A \u{0} B", "A B"), ("\u{7F}A", "A"),
            ("A\u{1B}[31m", "A [31m"),
            ("A\u{85}B", "A B"), ("A\u{2028}B", "A B"), ("\n\t\u{0}", "10001"),
        ]
        for (description, name) in mended {
            let made = try Self.name(description)
            #expect(made.text == name && made.mending == .controlCharacters, "\(description.debugDescription)")
        }
        for value in (0x00...0x1F).map({ UInt8($0) }) + [0x7F] {
            let made = try Self.name("A\(Character(Unicode.Scalar(value)))B")
            #expect(made.text == "A B" && made.mending == .controlCharacters, "\(value)")
        }
        for description in [cluster, String(repeating: cluster, count: 60), String(repeating: "x", count: 100_000)] {
            let made = try Self.name(description)
            #expect((1...200).contains(made.text.unicodeScalars.count) && made.mending == .cut)
        }
        for description in ["CAFÉ  \"LANTERN\"", "👩‍👩‍👧‍👦", String(repeating: "x", count: 50), "a, b"] {
            let made = try Self.name(description)
            #expect(made.text == description && made.mending == nil)
        }
    }

    @Test("the columns of both data sets are read, in any order, among others")
    func headers() throws {
        for header in [
            "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country",
            "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
            "Invoice,StockCode,Description,Quantity,InvoiceDate,UnitPrice,Customer ID,Country",
        ] {
            for date in ["2009-12-01 07:45:00", "12/1/2010 8:26", "01/12/2009 07:45"] {
                let text = "index,\(header)\r\n0,489434,85048,LIGHTS,12,\(date),6.95,13085.0,United Kingdom\r\n"
                let line = try #require(try RetailFile.lines(Array(text.utf8)).first)
                #expect(line.invoice == "489434" && line.price == .exact(695) && line.customer == "13085")
            }
        }
    }

    @Test(
        "what is no such file is refused, with its line and what to do",
        arguments: [
            ("PK\u{3}\u{4}", "workbook"), ("", "empty"), ("\u{FEFF}", "empty"), ("\n\n", "empty"),
            (
                "InvoiceNo,Invoice,StockCode,Description,Quantity,InvoiceDate,Price,CustomerID,Country\n",
                "'InvoiceNo' twice"
            ),
            (
                "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,Price,CustomerID,Country,Country\n",
                "'Country' twice"
            ),
            ("a;b;c\n", "no column InvoiceNo"),
        ])
    func noSuchFile(text: String, reason: String) {
        let fault = #expect(throws: CSVFault.self) { try RetailFile.lines(Array(text.utf8)) }
        #expect(fault?.line == 1 && fault?.reason.contains(reason) == true, "\(fault?.description ?? "")")
    }

    @Test("other formats are named by their first bytes")
    func formats() {
        for (start, reason) in [
            ([0xD0, 0xCF, 0x11, 0xE0], "xls"), ([0x1F, 0x8B, 0x08], "gunzip"), ([0xFF, 0xFE, 0x49, 0], "UTF-16"),
            ([0xFE, 0xFF, 0, 0x49], "UTF-16"),
        ] as [([UInt8], String)] {
            let fault = #expect(throws: CSVFault.self) { try RetailFile.lines(start) }
            #expect(fault?.reason.contains(reason) == true)
        }
    }

    @Test("a file that is not UTF-8 is read as ISO 8859-1")
    func latin1() throws {
        let book = try Self.book("latin1.csv")
        let names = book.entries.flatMap { entry in
            if case .order(let invoice) = entry.fate { invoice.lines.map(\.name) } else { [] }
        }
        #expect(names.count == 1)
        let lines = try RetailFile.lines([UInt8](try repositoryFile("Fixtures/retail/latin1.csv")))
        #expect(lines.map(\.description) == ["LANTERN", "CAFÉ LANTERN"])
    }

    @Test("a message about a field cannot steer the terminal")
    func shown() {
        let fault = #expect(throws: CSVFault.self) { try Self.lines("1,2,x,\u{1B}[31m,d,1.00,1,UK\n") }
        #expect(fault?.reason.contains("\u{1B}") == false && fault?.line == 2)
    }

    @Test(
        "fields with commas, quotes and line breaks come through, with either line ending", arguments: ["\n", "\r\n"])
    func csv(lineEnd: String) throws {
        var reader = CSVReader(
            Array("\u{FEFF}a,\"b, \"\"c\"\"\(lineEnd)d\",\(lineEnd)\(lineEnd)\"\",x\(lineEnd)last".utf8))
        #expect(try reader.next() == .init(line: 1, fields: ["a", "b, \"c\"\(lineEnd)d", ""]))
        #expect(try reader.next() == .init(line: 4, fields: ["", "x"]))
        #expect(try reader.next() == .init(line: 5, fields: ["last"]))
        #expect(try reader.next() == nil)
    }

    @Test("any fields written as RFC 4180 says are read back")
    func csvRoundTrip() throws {
        var random = SplitMix64(seed: 7)
        let alphabet = ["a", "é", ",", "\"", "\n", "\r\n", " ", ""]
        for _ in 0..<500 {
            let rows = (0..<1 + random.below(4)).map { _ in
                ["x"]
                    + (0..<random.below(4)).map { _ in
                        (0..<random.below(6)).map { _ in alphabet[random.below(8)] }.joined()
                    }
            }
            let text = rows.map { row in
                row.map { "\"" + $0.replacingOccurrences(of: "\"", with: "\"\"") + "\"" }.joined(separator: ",")
            }.joined(separator: "\r\n")
            var reader = CSVReader(Array(text.utf8))
            for row in rows { #expect(try reader.next()?.fields == row) }
            #expect(try reader.next() == nil)
        }
    }

    @Test("pounds become pence exactly")
    func pence() {
        for pence in Int64(0)...12_345 {
            let text = "\(pence / 100).\(String(pence % 100).leftPadded(to: 2))"
            #expect(Pence(pounds: text) == .exact(pence))
            if pence % 10 == 0 { #expect(Pence(pounds: text.dropLast()) == .exact(pence)) }
            #expect(Pence(pounds: text + "000") == .exact(pence))
            #expect(Pence(pounds: text + "001") == .fractional)
        }
        #expect(Pence(pounds: "-11062.06") == .exact(-1_106_206))
        #expect(Pence(pounds: "7") == .exact(700))
        for text in ["", ".", "1.", ".5", "1.2.3", "1e3", "£5", "1,50", "NaN", "-", "99999999999999999999"] {
            #expect(Pence(pounds: text) == .malformed, "'\(text)'")
        }
    }

    @Test("every oddity has its fate")
    func oddities() throws {
        let book = try Self.book("oddities.csv")
        let fates = Dictionary(uniqueKeysWithValues: book.entries.map { ($0.number, $0.fate) })
        func order(_ number: String) throws -> Invoice {
            guard case .order(let invoice)? = fates[number] else {
                throw CSVFault(line: 0, reason: "\(number) is no order")
            }
            return invoice
        }
        func place(_ number: String) -> Int { book.entries.firstIndex { $0.number == number } ?? -1 }
        let merged = try order("100001")
        #expect(merged.lines.map(\.offer.productID) == ["10001A@255", "10001A@210"])
        #expect(merged.lines.map(\.quantity) == [10, 1])
        #expect(merged.total == 10 * 255 + 210)
        #expect(merged.customer == "17850")
        #expect(try order("100002").customer == "guest-100002")
        #expect(try order("100002").lines.map(\.name) == ["TIN, \"RED\", WITH LID"])
        #expect(
            book.entries.flatMap(\.mendedLines) == [.init(line: 5, invoice: "100002", mending: .controlCharacters)])
        #expect(try order("100003").total == 1_000)
        #expect(fates["100004"] == .refused(.noOrderLine))
        #expect(try order("100005").lines.map(\.offer.productID) == ["10010@150"])
        #expect(fates["100006"] == .refused(.severalCustomers))
        #expect(fates["A100007"] == .refused(.unknownKind))
        #expect(try order("100008").total == 80_995 * 208)
        #expect(fates["C100011"] == .cancels(place("100010")))
        #expect(fates["C100012"] == .cancels(place("100009")))
        #expect(fates["C100013"] == .unmatched)
        #expect(fates["C100014"] == .partial(of: place("100001")))
        #expect(fates["C100015"] == .cancels(place("100008")))
        for number in ["C100016", "C100017", "C100018", "C100019", "C100020", "C100021"] {
            #expect(fates[number] == .unmatched, "\(number)")
        }
        let reasons = book.entries.flatMap(\.refusedLines) + book.homelessLines
        #expect(
            reasons.filter { $0.invoice == "100003" }.map(\.reason) == [
                .adjustmentCode, .priceNotPositive, .quantityNotPositive,
            ])
        #expect(
            reasons.filter { $0.invoice == "100005" }.map(\.reason)
                == [.missingStockCode, .missingQuantity, .missingUnitPrice, .fractionalPence])
        #expect(book.homelessLines.map(\.reason) == [.missingInvoiceNumber])
    }

    @Test("any mixture of invoices is accounted for to the last line, and cancelled at most once")
    func accounting() throws {
        var random = SplitMix64(seed: 99)
        for round in 0..<200 {
            var text = ""
            for _ in 0..<1 + random.below(60) {
                let cancels = random.below(3) == 0
                let quantity = ["1", "2", "-1", "-2", "0", ""][random.below(6)]
                let code = ["10001", "10002", "POST", ""][random.below(4)]
                let price = ["1.00", "2.5", "0", "0.125", ""][random.below(5)]
                let customer = ["", "1", "2.0"][random.below(3)]
                let number = (random.below(20) == 0 ? "" : (cancels ? "C" : "") + String(10 + random.below(12)))
                text += "\(number),\(code),x,\(quantity),d,\(price),\(customer),UK\n"
            }
            let lines = try Self.lines(text)
            let book = InvoiceBook(lines)
            let plan = ReplayPlan(book, ordersPerSecond: 100)
            let departures: [Departure?] = plan.stops.map { stop in
                guard case .place(let invoice) = stop.errand else {
                    return random.below(4) == 0 ? .refused(reason: "409") : .accepted(order: "", total: 0)
                }
                return random.below(5) == 0
                    ? .gaveUp : .accepted(order: Self.order(invoice.number), total: invoice.total)
            }
            let report = ReplayAccount(
                file: "f.csv", book: book, plan: plan, departures: departures, settlement: Settlement()
            ).report()
            #expect(report.invoices.read == Set(lines.map(\.invoice).filter { !$0.isEmpty }).count)
            #expect(report.invoices.accountedFor == report.invoices.read, "round \(round)")
            #expect(report.lines.read == lines.count)
            #expect(report.lines.accountedFor == report.lines.read, "round \(round)")
            #expect(report.invoiceList.map(\.invoice) == book.entries.map(\.number))
            let cancelled = book.entries.compactMap { entry -> Int? in
                if case .cancels(let index) = entry.fate { index } else { nil }
            }
            #expect(Set(cancelled).count == cancelled.count)
            for (index, entry) in book.entries.enumerated() {
                if case .cancels(let earlier) = entry.fate { #expect(earlier < index) }
            }
        }
    }

    @Test(
        "every customer of a data set has an address that the checkout takes",
        arguments: [
            "12345", "guest-A 1", "O'Hara, Inc. <x>", "é", "a..b", "=?x", "", String(repeating: "x", count: 300),
        ])
    func addresses(customer: String) {
        #expect(MailAddress.fault(of: "\(ReplayPlan.mailbox(of: customer))@example.test") == nil)
    }

    @Test("a customer's visits follow one another, in the file's order")
    func chains() throws {
        let plan = ReplayPlan(try Self.book("oddities.csv"), ordersPerSecond: 10)
        #expect(plan.stops.map(\.entry) == plan.stops.map(\.entry).sorted())
        for (index, stop) in plan.stops.enumerated() {
            if let predecessor = stop.predecessor {
                #expect(predecessor < index)
                #expect(plan.stops[predecessor].successor == index)
            }
            if case .cancel(let placed) = stop.errand {
                var before = stop.predecessor
                while let step = before, step != placed { before = plan.stops[step].predecessor }
                #expect(before == placed, "the order must depart before its cancellation")
            }
            #expect(plan.intended(index) == Int64(index) * 100_000_000)
        }
    }

    @Test("the shelves hold what all orders together ask for")
    func demand() throws {
        let book = try Self.book("oddities.csv")
        let units = Dictionary(uniqueKeysWithValues: book.demand.map { ($0.offer.productID, $0.units) })
        #expect(units["10014@995"] == 4)
        #expect(units["10001A@255"] == 10)
        #expect(units["10001A@210"] == 1)
        #expect(units["POST@1800"] == nil)
    }

    @Test(
        "the real data set is accounted for to the last line",
        .enabled(
            if: ProcessInfo.processInfo.environment["STAMPEDE_RETAIL_CSV"] != nil, "set STAMPEDE_RETAIL_CSV to its path"
        ),
        .timeLimit(.minutes(5)))
    func realFile() throws {
        let path = try #require(ProcessInfo.processInfo.environment["STAMPEDE_RETAIL_CSV"])
        let lines = try RetailFile.lines([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
        let book = InvoiceBook(lines)
        let plan = ReplayPlan(book, ordersPerSecond: 500)
        var settlement = Settlement()
        var cancelled: Set<Int> = []
        for stop in plan.stops { if case .cancel(let placed) = stop.errand { cancelled.insert(placed) } }
        let departures: [Departure?] = plan.stops.enumerated().map { index, stop in
            guard case .place(let invoice) = stop.errand else { return .accepted(order: "", total: 0) }
            let order = Self.order(invoice.number)
            if let id = OrderID(order) {
                settlement.add(
                    OrderOutcome(
                        order: id, kind: cancelled.contains(index) ? "refunded" : OrderOutcome.confirmed,
                        time: Timestamp(microseconds: 0), total: invoice.total))
            }
            return .accepted(order: order, total: invoice.total)
        }
        let report = ReplayAccount(file: path, book: book, plan: plan, departures: departures, settlement: settlement)
            .report()
        #expect(lines.count > 1_000)
        #expect(report.lines.read == lines.count)
        #expect(report.lines.accountedFor == lines.count)
        #expect(report.invoices.accountedFor == Set(lines.map(\.invoice)).count)
        #expect(report.totalsMatch)
        #expect(report.confirmedPence > 0)
    }

    /// An order id that an invoice's number decides.
    private static func order(_ invoice: String) -> String {
        OrderID(high: 0x0193_0000_0000_7000, low: 1 << 63 | (UInt64(invoice.filter(\.isNumber)) ?? 0)).description
    }
}
