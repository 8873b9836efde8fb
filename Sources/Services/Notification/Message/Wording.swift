import Contracts
import Mustache

/// The texts of each kind of message: the templates in `Templates/`, compiled into the program.
///
/// A text template begins with its `Subject:` line; an HTML template escapes whatever it is given.
struct Wording: Sendable {
    struct Texts {
        let subject: String
        let text: String
        let html: String
    }

    private let library: MustacheLibrary

    /// Read once a program: the templates are part of it.
    static let compiled = Result { try Wording() }

    /// - Throws: where a template is no Mustache.
    init() throws {
        var library = MustacheLibrary()
        for (name, source) in Self.templates {
            try library.register(String(decoding: source, as: UTF8.self), named: name)
        }
        self.library = library
    }

    /// - Throws: `WordingError` where a template is missing or has no subject.
    func texts(_ notice: Notice) throws -> Texts {
        let kind = notice.kind.rawValue
        let view = OrderView(notice)
        guard let rendered = library.render(view, withTemplate: "\(kind).txt"),
            let html = library.render(view, withTemplate: "\(kind).html")
        else { throw WordingError(kind: kind, fault: "a template is missing") }
        let marker = "Subject: "
        guard rendered.hasPrefix(marker), let end = rendered.utf8.firstIndex(of: UInt8(ascii: "\n")) else {
            throw WordingError(kind: kind, fault: "the text does not begin with '\(marker)'")
        }
        let subject = rendered[..<end].dropFirst(marker.count)
        return Texts(subject: String(subject), text: String(rendered[end...].drop(while: \.isNewline)), html: html)
    }

    private static let templates: [(String, [UInt8])] = [
        ("lines.txt", PackageResources.lines_txt_mustache),
        ("lines.html", PackageResources.lines_html_mustache),
        ("confirmation.txt", PackageResources.confirmation_txt_mustache),
        ("confirmation.html", PackageResources.confirmation_html_mustache),
        ("soldOut.txt", PackageResources.soldOut_txt_mustache),
        ("soldOut.html", PackageResources.soldOut_html_mustache),
        ("paymentFailed.txt", PackageResources.paymentFailed_txt_mustache),
        ("paymentFailed.html", PackageResources.paymentFailed_html_mustache),
        ("cancellation.txt", PackageResources.cancellation_txt_mustache),
        ("cancellation.html", PackageResources.cancellation_html_mustache),
        ("refund.txt", PackageResources.refund_txt_mustache),
        ("refund.html", PackageResources.refund_html_mustache),
    ]
}

/// What the templates may name.
///
/// A `MustacheParent`, whose children render themselves: of a dictionary and of plain strings the library finds out what
/// they are by casts that cost more than the rest of the rendering.
private struct OrderView: MustacheParent {
    let order: String
    let total: String
    let lines: [LineView]

    init(_ notice: Notice) {
        order = notice.order.description
        total = notice.total.text
        lines = notice.lines.map { LineView($0, currency: notice.total.currency) }
    }

    func child(named name: String) -> Any? {
        switch name {
        case "order": MailText(renderText: order)
        case "shortOrder": MailText(renderText: String(order.suffix(8)))
        case "sender": MailText(renderText: Sender.name)
        case "total": MailText(renderText: total)
        case "lines": lines
        default: nil
        }
    }
}

private struct LineView: MustacheParent {
    let line: OrderLine
    let currency: String

    init(_ line: OrderLine, currency: String) {
        self.line = line
        self.currency = currency
    }

    func child(named name: String) -> Any? {
        switch name {
        case "product": MailText(renderText: line.productID)
        case "quantity": MailText(renderText: String(line.quantity))
        case "price": MailText(renderText: Money(amount: line.unitPrice, currency: currency).text)
        default: nil
        }
    }
}

/// Escaped by the template like any text.
private struct MailText: MustacheCustomRenderable {
    let renderText: String
    let isNull = false
}

/// The templates cannot say what is to be said.
struct WordingError: Error, CustomStringConvertible {
    let kind: String
    let fault: String

    var description: String { "templates of '\(kind)': \(fault)" }
}
