import Foundation

/// What files and directories that a process makes are open for.
package enum CreationMask {
    /// Nothing for the world, no writing for the group.
    private static let forbidden: mode_t = 0o027

    /// To be called first of all, by every program; where the caller's own mask is stricter, it stays.
    ///
    /// *Guarantee*: a file has at most the mode 0640, a directory 0750. *If broken*: any user of the machine reads what was
    /// ordered by whom, and with which card.
    package static func tighten() {
        let former = umask(forbidden)
        umask(former | forbidden)
    }
}
