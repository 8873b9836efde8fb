package import Delivery

extension NotificationService {
    /// What Notification runs besides its core: its way to the mailbox.
    ///
    /// - Parameter operatorAddress: whom alerts are for.
    package static func parts(
        node: ServiceNode, channel: any MailChannel, operatorAddress: String = NotificationService.operatorAddress,
        randomness: any Randomness
    ) throws -> [ServicePart] {
        let mail = Handover(try MailRunner(node: node, channel: channel, operatorAddress: operatorAddress))
        let loops = ServiceLoops(node: node, randomness: randomness)
        return [ServicePart("mail", on: .own) { try await mail.take().run(loops) }]
    }
}
