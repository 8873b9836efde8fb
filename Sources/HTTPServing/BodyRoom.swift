/// Memory for large bodies, shared by the connections of one server.
///
/// *Guarantee*: however many clients send large bodies, and however slowly, no more is kept of them than `bytes`. Bodies of
/// `Limits.smallBodyBytes` are not counted: they are bounded by the number of connections. *If broken*: ten thousand
/// clients with a megabyte each, none of which ends, fill the machine's memory.
///
/// Unchecked: confined to the server's event loop.
final class BodyRoom: @unchecked Sendable {
    private var free: Int

    init(bytes: Int) {
        free = bytes
    }

    /// False where there is no room; nothing is taken then.
    func take(_ bytes: Int) -> Bool {
        guard bytes <= free else { return false }
        free -= bytes
        return true
    }

    func giveBack(_ bytes: Int) { free += bytes }
}
