package import Contracts

/// A message ready to go.
package struct OutgoingMail: Equatable, Sendable {
    package let messageID: String
    /// Address alone, without a name.
    package let recipient: String
    package let sender: String
    package let date: Timestamp
    /// RFC 5322, lines ending in "\n".
    package let message: [UInt8]

    package init(messageID: String, recipient: String, sender: String, date: Timestamp, message: [UInt8]) {
        self.messageID = messageID
        self.recipient = recipient
        self.sender = sender
        self.date = date
        self.message = message
    }
}

/// How messages leave the shop. One task uses it; its calls block.
///
/// *Rule*: `recover`, then ask `wasDelivered` of whatever is not settled, then `deliver`. *Why*: between a delivery and
/// the commit that settles it the process may die; only the channel can say what left. *If broken*: a customer is told
/// twice.
package protocol MailChannel: AnyObject {
    var name: String { get }

    /// How far the channel has come, to be stored in the transaction that settles what it delivered.
    var mark: Int64 { get }

    /// Finds out what was delivered behind the mark stored last, and makes it so for good.
    ///
    /// - Throws: an `EnvironmentFault`: the service stands, or ends.
    func recover(mark: Int64) throws

    /// Whether the message left behind the mark that was recovered from.
    func wasDelivered(_ messageID: String) -> Bool

    /// All of them, durably, or a throw; then `recover` comes before the next delivery.
    ///
    /// - Returns: refusals that are final, by message id, with their reasons.
    /// - Throws: an `EnvironmentFault`.
    func deliver(_ batch: [OutgoingMail]) throws -> [String: String]
}
