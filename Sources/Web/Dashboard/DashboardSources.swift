package import Contracts
package import Delivery
package import EventLog
package import Logging
package import ServiceRuntime

/// What the dashboard is made from.
package struct DashboardSources: Sendable {
    let card: ServiceCard
    /// Of Analytics' own database.
    let reader: DatabaseReader
    let log: any EventLog
    let clock: any ServiceClock
    /// Admin ports of the other services.
    let ports: [ServiceName: Int]
    let hosts: ServiceHosts
    /// Directory of the supervisor's state file; `nil` without a supervisor.
    let runDirectory: String?
    /// What a command for this run is told beside the usual: ` --data DIR`, or nothing.
    let dataOption: String
    let logger: Logger

    package init(
        card: ServiceCard, reader: DatabaseReader, log: any EventLog, clock: any ServiceClock,
        ports: [ServiceName: Int], hosts: ServiceHosts = .loopback, runDirectory: String? = nil,
        dataOption: String = "", logger: Logger
    ) {
        self.card = card
        self.reader = reader
        self.log = log
        self.clock = clock
        self.ports = ports
        self.hosts = hosts
        self.runDirectory = runDirectory
        self.dataOption = dataOption
        self.logger = logger
    }
}
