import Access
import ArgumentParser
import Contracts

/// What opens an order: for a customer who has lost it.
struct OrderTokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "order-token",
        abstract: "Print the token that opens an order.",
        discussion: """
            The token came with the order's 202; who presents it reads and cancels the order: make sure that you give it to \
            whoever placed it. It is made anew from the key in db/order/order-token.key, so only who may read that can do this.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "The order's id, or the last 8 to 12 digits of it.")
    var order: OrderArgument

    func run() throws {
        let data = common.directory
        try data.require()
        guard let tokens = try OrderTokens.read(directory: data.orderTokenKeyDirectory) else {
            throw Failure.noOrderTokenKey(directory: data.orderTokenKeyDirectory)
        }
        let id = try order.resolve(data)
        guard try OrderSearch(data: data).isKnown(id) else { throw Failure.noOrder(id.description, data: data.path) }
        let token = tokens.token(of: id.bytes)
        let output = Output()
        if common.json {
            output.line(try JSONValue.object(["orderId": .string(id.description), "token": .string(token)]).document())
        } else {
            output.line(token)
        }
        output.flush()
    }
}
