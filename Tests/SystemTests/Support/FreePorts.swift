import Foundation
import Synchronization

/// Port bases for `Scripts/supervisor --port-base`, each given to one run at a time.
enum FreePorts {
    private static let given = Mutex<Set<Int>>([])

    /// A base N for which N to N + 5 and N + 90 are free on 127.0.0.1, below the ports of outgoing connections.
    static func base() throws -> Int {
        for _ in 0..<2000 {
            // Two in each hundred: N to N + 5 and N + 90 of one are none of another's.
            let base = Int.random(in: 200..<320) * 100 + Int.random(in: 0...1) * 6
            guard [0, 1, 2, 3, 4, 5, 90].allSatisfy({ isFree(base + $0) }), given.withLock({ $0.insert(base).inserted })
            else { continue }
            return base
        }
        throw TookTooLong(description: "no free ports found in 2,000 tries")
    }

    /// For a run that is over, where one test makes many.
    static func giveBack(_ base: Int) { given.withLock { _ = $0.remove(base) } }

    /// Whether 127.0.0.1:`port` can be bound now.
    static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        } == 0
    }
}
