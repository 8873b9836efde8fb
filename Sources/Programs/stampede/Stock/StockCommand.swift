import ArgumentParser

/// The stock of products.
struct StockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stock", abstract: "List what is in stock; set how many pieces of a product are available.",
        discussion: """
            list reads the databases, also with the services down. set asks inventory-service, which records the difference \
            as an event.
            """,
        subcommands: [StockListCommand.self, StockSetCommand.self], defaultSubcommand: StockListCommand.self)
}
