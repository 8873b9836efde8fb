import ArgumentParser
import CommandArguments
import Foundation

/// `flash-sale replay`: real orders from a file in the Online Retail format.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Play real orders from a file in the Online Retail format.",
        discussion: """
            One order an invoice, in file order; lines of the same product and price are merged; a product is sold as \
            CODE@PENCE. An invoice C… cancels the latest earlier invoice of the same customer with exactly its lines. \
            Every invoice and every line is accounted for in the report.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "The CSV file: UTF-8, else ISO 8859-1.")
    var file: String

    @Option(
        parsing: .unconditional,
        help:
            "Units in stock of every offer: \(Stock.bounds), or 'all' for what the file's orders ask for. (default: all)",
        transform: Stock.read)
    var stock = Stock.all

    @Option(within: 0.001...100_000, help: "Visits a second, in file order.", valueName: "n")
    var rate = 500.0

    func run() async throws {
        try common.checkOutputs()
        guard let contents = FileManager.default.contents(atPath: file) else {
            throw SettingsError(description: "cannot read \(file)")
        }
        let book: InvoiceBook
        do throws(CSVFault) {
            book = InvoiceBook(try RetailFile.lines([UInt8](contents)))
        } catch {
            throw SettingsError(description: "\(file), \(error); nothing was sent")
        }
        let replay = Replay(
            file: URL(fileURLWithPath: file).lastPathComponent, book: book, stock: stock, ordersPerSecond: rate,
            manners: common.manners, data: common.dataDirectory, drainTimeout: common.drainTimeout.duration,
            settings: try ServiceSettings(dataDirectory: common.dataDirectory),
            patienceForServices: common.waitForServices.duration)
        try common.deliver(try await replay.run())
    }
}
