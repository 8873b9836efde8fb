import ArgumentParser
import Contracts

/// What happened to one order.
struct OrderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "order",
        abstract: "Tell one order's story: what it waits for, its events and their times, what is on record.",
        discussion: """
            NAME is an order's id or the last 8 to 12 digits of it, a correlation id, an event's id, a mail's Message-ID, an \
            idempotency key, or a customer. Of a customer with several orders, they are listed, newest first.
            AFTER counts from the first event; CAUSE names the event that caused it ('-': a request, a timer, the operator).
            IN THE LOG: until a service took the cause up. AT WORK: until others could read what it made of it.
            Exit codes: 0 ok, 1 nobody knows the order or something cannot be read.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "What names the order.")
    var name: OrderName

    @Flag(help: "Print a sequence diagram for Mermaid.")
    var mermaid = false

    @Flag(help: "Read the whole log, not only where the order's events should lie.")
    var scan = false

    @OptionGroup var personal: PersonalOption

    func validate() throws {
        guard !mermaid || !common.json else { throw ValidationError("--json and --mermaid exclude each other") }
    }

    func run() throws {
        try common.directory.require()
        let orders = try OrderSearch(data: common.directory).orders(named: name)
        let output = Output()
        if orders.count == 1, let order = orders.first {
            try tell(order, output)
        } else {
            let list = try OrderList(ids: orders, data: common.directory)
            try list.show(output, json: common.json, title: "\(orders.count) orders of \(name.text), newest first")
        }
    }

    private func tell(_ order: OrderID, _ output: Output) throws {
        let story = try OrderStory(of: order, in: common.directory, whole: scan, personal: personal.view)
        if common.json {
            output.line(try story.json.document())
        } else if mermaid {
            output.lines(OrderMermaid(story: story).lines())
        } else {
            output.lines(OrderText(story: story).lines(width: output.width, style: output.style))
        }
        output.flush()
        for problem in story.problems { Talk.problem(problem) }
        if !story.problems.isEmpty { throw ExitCode.failure }
    }
}
