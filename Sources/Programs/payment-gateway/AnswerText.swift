/// The objects of the API, as JSON.
enum AnswerText {
    static func paymentIntent(id: String, charge: Charge) -> String {
        """
        {"id":"\(id)","object":"payment_intent","status":"succeeded","amount":\(charge.amount),\
        "currency":"\(charge.currency.lowercased())","metadata":\(JSONText.object(charge.metadata.entries))}
        """
    }

    static func declined(id: String, code: DeclineCode) -> String {
        """
        {"error":{"type":"card_error","code":"card_declined","decline_code":"\(code.rawValue)",\
        "message":\(JSONText.quoted(code.message)),\
        "payment_intent":{"id":"\(id)","object":"payment_intent","status":"requires_payment_method"}}}
        """
    }

    static func refund(id: String, refund: Refund, currency: String) -> String {
        """
        {"id":"\(id)","object":"refund","status":"succeeded","amount":\(refund.amount),\
        "currency":"\(currency.lowercased())","payment_intent":"\(refund.paymentIntent)",\
        "metadata":\(JSONText.object(refund.metadata.entries))}
        """
    }
}
