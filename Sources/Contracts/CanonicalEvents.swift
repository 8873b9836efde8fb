// The events of every order, in canonical form. The others are rare and go through `Codable`.

extension V1.OrderCreated: CanonicalJSON {
    package func write(to writer: inout CanonicalJSONWriter) {
        writer.raw(#"{"bodyHash":"#)
        writer.string(bodyHash)
        writer.raw(#","cardToken":"#)
        writer.string(cardToken)
        writer.raw(#","customerID":"#)
        writer.string(customerID)
        writer.raw(#","email":"#)
        writer.string(email)
        writer.raw(#","idempotencyKey":"#)
        writer.string(idempotencyKey)
        writer.raw(#","lines":"#)
        lines.write(to: &writer)
        writer.raw(#","total":"#)
        total.write(to: &writer)
        writer.raw("}")
    }

    package static func read(from reader: inout CanonicalJSONReader) -> Self? {
        guard reader.skip(#"{"bodyHash":"#), let bodyHash = reader.string(),
            reader.skip(#","cardToken":"#), let cardToken = reader.string(),
            reader.skip(#","customerID":"#), let customerID = reader.string(),
            reader.skip(#","email":"#), let email = reader.string(),
            reader.skip(#","idempotencyKey":"#), let idempotencyKey = reader.string(),
            reader.skip(#","lines":"#), let lines = [OrderLine].read(from: &reader),
            reader.skip(#","total":"#), let total = Money.read(from: &reader), reader.skip("}")
        else { return nil }
        return Self(
            customerID: customerID, email: email, lines: lines, total: total, cardToken: cardToken,
            idempotencyKey: idempotencyKey, bodyHash: bodyHash)
    }
}

extension V1.OrderConfirmed: CanonicalJSON {
    package func write(to writer: inout CanonicalJSONWriter) {
        writer.raw(#"{"customerID":"#)
        writer.string(customerID)
        writer.raw(#","email":"#)
        writer.string(email)
        writer.raw(#","lines":"#)
        lines.write(to: &writer)
        writer.raw(#","total":"#)
        total.write(to: &writer)
        writer.raw("}")
    }

    package static func read(from reader: inout CanonicalJSONReader) -> Self? {
        guard reader.skip(#"{"customerID":"#), let customerID = reader.string(),
            reader.skip(#","email":"#), let email = reader.string(),
            reader.skip(#","lines":"#), let lines = [OrderLine].read(from: &reader),
            reader.skip(#","total":"#), let total = Money.read(from: &reader), reader.skip("}")
        else { return nil }
        return Self(customerID: customerID, email: email, lines: lines, total: total)
    }
}

extension V1.OrderCancelled: CanonicalJSON {
    package func write(to writer: inout CanonicalJSONWriter) {
        writer.raw(#"{"customerID":"#)
        writer.string(customerID)
        writer.raw(#","email":"#)
        writer.string(email)
        writer.raw(#","lines":"#)
        lines.write(to: &writer)
        writer.raw(#","reason":"#)
        writer.string(reason.rawValue)
        writer.raw(#","total":"#)
        total.write(to: &writer)
        writer.raw("}")
    }

    package static func read(from reader: inout CanonicalJSONReader) -> Self? {
        guard reader.skip(#"{"customerID":"#), let customerID = reader.string(),
            reader.skip(#","email":"#), let email = reader.string(),
            reader.skip(#","lines":"#), let lines = [OrderLine].read(from: &reader),
            reader.skip(#","reason":"#), let reason = reader.string().flatMap(CancellationReason.init(rawValue:)),
            reader.skip(#","total":"#), let total = Money.read(from: &reader), reader.skip("}")
        else { return nil }
        return Self(reason: reason, customerID: customerID, email: email, lines: lines, total: total)
    }
}

extension V1.StockReserved: CanonicalJSON {
    package func write(to writer: inout CanonicalJSONWriter) {
        writer.raw(#"{"cardToken":"#)
        writer.string(cardToken)
        writer.raw(#","expiresAt":"#)
        expiresAt.write(to: &writer)
        writer.raw(#","lines":"#)
        lines.write(to: &writer)
        writer.raw(#","total":"#)
        total.write(to: &writer)
        writer.raw("}")
    }

    package static func read(from reader: inout CanonicalJSONReader) -> Self? {
        guard reader.skip(#"{"cardToken":"#), let cardToken = reader.string(),
            reader.skip(#","expiresAt":"#), let expiresAt = Timestamp.read(from: &reader),
            reader.skip(#","lines":"#), let lines = [StockLine].read(from: &reader),
            reader.skip(#","total":"#), let total = Money.read(from: &reader), reader.skip("}")
        else { return nil }
        return Self(lines: lines, total: total, cardToken: cardToken, expiresAt: expiresAt)
    }
}

extension V1.StockRejected: CanonicalJSON {
    package func write(to writer: inout CanonicalJSONWriter) {
        writer.raw(#"{"shortages":"#)
        shortages.write(to: &writer)
        writer.raw("}")
    }

    package static func read(from reader: inout CanonicalJSONReader) -> Self? {
        guard reader.skip(#"{"shortages":"#), let shortages = [Shortage].read(from: &reader), reader.skip("}") else {
            return nil
        }
        return Self(shortages: shortages)
    }
}

extension V1.PaymentSucceeded: CanonicalJSON {
    package func write(to writer: inout CanonicalJSONWriter) {
        writer.raw(#"{"amount":"#)
        amount.write(to: &writer)
        writer.raw(#","paymentIntent":"#)
        writer.string(paymentIntent)
        writer.raw("}")
    }

    package static func read(from reader: inout CanonicalJSONReader) -> Self? {
        guard reader.skip(#"{"amount":"#), let amount = Money.read(from: &reader),
            reader.skip(#","paymentIntent":"#), let paymentIntent = reader.string(), reader.skip("}")
        else { return nil }
        return Self(amount: amount, paymentIntent: paymentIntent)
    }
}

extension V1.NotificationSent: CanonicalJSON {
    package func write(to writer: inout CanonicalJSONWriter) {
        writer.raw(#"{"channel":"#)
        writer.string(channel)
        writer.raw(#","kind":"#)
        writer.string(kind.rawValue)
        writer.raw(#","messageID":"#)
        writer.string(messageID)
        writer.raw("}")
    }

    package static func read(from reader: inout CanonicalJSONReader) -> Self? {
        guard reader.skip(#"{"channel":"#), let channel = reader.string(),
            reader.skip(#","kind":"#), let kind = reader.string().flatMap(NotificationKind.init(rawValue:)),
            reader.skip(#","messageID":"#), let messageID = reader.string(), reader.skip("}")
        else { return nil }
        return Self(kind: kind, channel: channel, messageID: messageID)
    }
}
