import CPlatform
package import Contracts
package import Delivery

/// Learns on which event the process died, if it died of a trap while handling one.
///
/// A signal handler writes it to a mapped file and ends the process with exit code 76 (`ExitStatus.trapped`). It counts a
/// signal only if the process raised it itself, on the thread that handles the event.
///
/// *Guarantee*: no `kill` from outside, whatever its signal, is laid at an event's door, and neither is another thread's
/// trap. *Why*: an event that is held to blame three times is buried. *If broken*: a machine short of memory, or an
/// operator, buries healthy orders.
package final class TrapWatch: DeathWatch {
    private let page: TrapPage

    /// One a process: it takes over the handlers of the signals of a program gone wrong, as they are now, and hands on to
    /// them what does not count.
    ///
    /// - Parameters:
    ///   - path: of the file, made where it is missing.
    ///   - process: what the process calls itself on stderr.
    /// - Throws: `FileFault`.
    package init(path: String, process: String) throws {
        page = try TrapPage(path: path)
        stampede_trap_watch(page.memory, process)
    }

    package func trying(_ topic: Topic, _ offset: UInt64) {
        var name = topic.name
        name.withUTF8 { name in
            name.withMemoryRebound(to: CChar.self) {
                stampede_trap_trying(page.memory, $0.baseAddress, $0.count, offset)
            }
        }
    }

    package func idle() {
        stampede_trap_idle(page.memory)
    }

    package func lastDeath() -> Death? {
        page.evidence
    }

    package func acknowledge() {
        page.clear()
    }
}
