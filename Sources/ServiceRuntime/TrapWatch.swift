import CPlatform
package import Contracts
package import Delivery

/// Learns on which event the process died, if it died of a trap while handling one.
///
/// A signal handler writes it to a mapped file. Then the program starts again in the same process (`execve`), or ends with
/// exit code 76 (`ExitStatus.trapped`) where it cannot, or is stopping. A signal counts only if the process raised it
/// itself, on the thread that handles the event.
///
/// *Why it does not just end*: whoever restarts a process that died waits before it does, and longer each time; a hundred
/// events that trap would hold up all others for minutes.
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
    ///   - startsAgain: whether the program, with its arguments, starts again after a trap.
    /// - Throws: `FileFault`.
    package init(path: String, process: String, startsAgain: Bool = false) throws {
        page = try TrapPage(path: path)
        stampede_trap_watch(page.memory, process, startsAgain ? CommandLine.unsafeArgv : nil)
    }

    /// From now on a trap ends the process: it was told to stop.
    package static func stopBegins() {
        stampede_trap_stopping()
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
        #if MUTANTS
            if Mutant.trapBetweenEventsCounted.isOn { return }
        #endif
        stampede_trap_idle(page.memory)
    }

    package func lastDeath() -> Death? {
        page.evidence
    }

    package func acknowledge() {
        page.clear()
    }
}
